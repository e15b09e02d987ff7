// What is left of a bandwidth test when the provider's process ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/bandwidth_tester.h"
#include "tests/integration/provider_process_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;

class ProviderProcessBandwidthTest : public ProviderProcessTest {};

TEST_F(ProviderProcessBandwidthTest, LeavesNoProcessAndNoPortHoweverItEnds) {
  MakeKeys();
  for (const int number : {SIGTERM, SIGKILL}) {
    for (const bool under_way : {false, true}) {
      const std::string ports = absl::StrCat("bandwidth: {ports: ", FreePort(), "}\n");
      ProviderProcess provider = Start({"run", "--config", WriteConfig("127.0.0.1:0", ports)});
      const std::string address = provider.Address();
      ASSERT_FALSE(address.empty()) << provider.Err();
      testing::ProviderTestClient client(address, tls_key_);
      testing::BandwidthTestStream stream(client);
      const v1::SignedChallenge challenge = ShortBandwidth(1, 1);
      stream.SendChallenge(challenge, Filled(0xcd));
      const auto opened = stream.Receive();
      ASSERT_TRUE(opened.has_value() && opened->has_opened()) << provider.Err();
      const std::set<pid_t> processes = IperfProcessesOf(provider.pid());
      EXPECT_EQ(processes.size(), 1u);
      BandwidthTester tester(challenge, Filled(0xcd));
      std::future<challenges::IperfOutcome> outcome;
      if (under_way) {
        outcome = tester.Start(tester.TaskFor(opened->opened()));
        EXPECT_EQ(outcome.wait_for(std::chrono::milliseconds(1'000)), std::future_status::timeout);
      }

      provider.Signal(number);
      EXPECT_EQ(provider.Wait(), number == SIGKILL ? -SIGKILL : 0);
      for (const pid_t process : processes) {
        EXPECT_TRUE(Eventually([process] { return !IsAlive(process); }));
      }
      EXPECT_TRUE(IsClosed(opened->opened().port()));
      if (under_way) {
        EXPECT_EQ(outcome.get().state, challenges::IperfOutcome::State::kBroken);
      }
    }
  }
}

TEST_F(ProviderProcessBandwidthTest, SaysWhichKaisarIperfItCannotRun) {
  MakeKeys();
  EXPECT_EQ(Run({"run", "--config",
                 WriteConfig("127.0.0.1:0", "bandwidth: {ports: 7500, iperf: nowhere}\n")}),
            2);
  EXPECT_THAT(err_, HasSubstr("cannot run " + directory_ + "/nowhere"));
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace kaisar::provider
