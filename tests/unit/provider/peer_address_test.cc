#include "provider/peer_address.h"

#include <gtest/gtest.h>

namespace kaisar::provider {
namespace {

TEST(PeerAddress, IsTheNumericAddressWithoutItsPort) {
  EXPECT_EQ(NumericAddress("ipv4:192.0.2.1:555"), "192.0.2.1");
  EXPECT_EQ(NumericAddress("ipv6:%5B2001:db8::1%5D:555"), "2001:db8::1");
  EXPECT_EQ(NumericAddress("ipv6:[2001:db8:0:0::1]:555"), "2001:db8::1");
  EXPECT_EQ(NumericAddress("ipv6:%5B::1%5D:1"), "::1");
}

TEST(PeerAddress, IsAnIpv4AddressWhenItCameMappedIntoIpv6) {
  EXPECT_EQ(NumericAddress("ipv6:%5B::ffff:192.0.2.1%5D:555"), "192.0.2.1");
  EXPECT_EQ(NumericAddress("ipv6:[::ffff:c000:201]:555"), "192.0.2.1");
}

TEST(PeerAddress, HasNoZone) {
  EXPECT_EQ(NumericAddress("ipv6:%5Bfe80::1%25eth0%5D:555"), "fe80::1");
}

TEST(PeerAddress, IsNothingForWhatHasNone) {
  for (const char* peer :
       {"", "unix:/run/socket", "ipv4:", "ipv4:host:1", "ipv4:1.2.3:1", "ipv4:1.2.3.4.5:1",
        "ipv6:", "ipv6:%5B", "ipv6:%5B%5D:1", "ipv6:::1:1", "ipv6:%5Bx%5D:1", "dns:a:1"}) {
    EXPECT_FALSE(NumericAddress(peer).has_value()) << peer;
  }
}

}  // namespace
}  // namespace kaisar::provider
