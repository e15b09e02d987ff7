#include "base/endpoint.h"

#include <gtest/gtest.h>

namespace kaisar {
namespace {

TEST(Endpoint, ReadsNamesAndAddresses) {
  const struct {
    const char* text;
    const char* host;
    int port;
  } cases[] = {{"example.org:443", "example.org", 443},
               {"192.0.2.1:1", "192.0.2.1", 1},
               {"[2001:db8::1]:65535", "2001:db8::1", 65535},
               {"a_b-c:80", "a_b-c", 80}};
  for (const auto& c : cases) {
    const auto endpoint = ParseEndpoint(c.text);
    ASSERT_TRUE(endpoint.ok()) << c.text << ": " << endpoint.status();
    EXPECT_EQ(endpoint->host, c.host);
    EXPECT_EQ(endpoint->port, c.port);
  }
}

TEST(Endpoint, RefusesEverythingThatAnotherReaderCouldTakeForMore) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "host",
                           "host:",
                           "host:0",
                           "host:65536",
                           "host:080000",
                           "host:080",
                           ".a:80",
                           "host:80/",
                           "host:+80",
                           "host:80x",
                           "host: 80",
                           "unix:/run/x:80",
                           "dns://1.1.1.1/host:80",
                           "user@host:80",
                           "host/path:80",
                           "ho st:80",
                           "[::1]",
                           "[::1:80",
                           "::1:80",
                           "[]:80",
                           "[host]:80",
                           "-o:80",
                           "[fe80::1%eth0]:80",
                           "host\n:80"}) {
    const auto endpoint = ParseEndpoint(text);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_TRUE(ParseEndpoint(std::string(253, 'a') + ":80").ok());
  EXPECT_FALSE(ParseEndpoint(std::string(254, 'a') + ":80").ok());
}

TEST(Endpoint, TakesPortZeroOnlyWhereItMeansAFreeOne) {
  EXPECT_EQ(ParseEndpoint("localhost:0", 0)->port, 0);
  EXPECT_FALSE(ParseEndpoint("localhost:0").ok());
}

}  // namespace
}  // namespace kaisar
