// kaisar-provider as a process: its commands, its exit status, and how it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "nlohmann/json.hpp"
#include "tests/integration/provider_process_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ProviderProcessTest, StopsWithinThreeSecondsInTheMiddleOfWork) {
  MakeKeys();
  for (const int number : {SIGTERM, SIGINT}) {
    ProviderProcess provider = Start({"run", "--config", WriteConfig("127.0.0.1:0")});
    const std::string address = provider.Address();
    ASSERT_FALSE(address.empty()) << provider.Err();
    testing::ProviderTestClient client(address, tls_key_);
    testing::MatmulTestStream working(client);
    v1::SignedChallenge challenge = SampleChallenge(RealClock(), v1::MATMUL, 1, 1);
    v1::MatmulParams params;  // some seconds of work
    params.set_n(1024);
    params.set_rounds(1024);
    params.set_samples(3);
    challenge.set_params(params.SerializeAsString());
    working.SendChallenge(Signed(challenge));
    ASSERT_TRUE(provider.AwaitErr("event=taken kind=matmul")) << provider.Err();
    testing::LatencyTestStream latency(client);
    const auto accepted = latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 1, 2));
    ASSERT_TRUE(accepted.has_value() && accepted->has_accepted()) << provider.Err();

    const std::uint64_t begun_ns = RealClock().MonotonicNs();
    provider.Signal(number);
    EXPECT_EQ(provider.Wait(), 0);
    EXPECT_LT(RealClock().MonotonicNs() - begun_ns, 3'000'000'000u);
    EXPECT_EQ(working.End().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(latency.End().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(provider.Err(), HasSubstr("event=stopped"));
  }
}

TEST_F(ProviderProcessTest, DoesNotShareItsPort) {
  MakeKeys();
  ProviderProcess first = Start({"run", "--config", WriteConfig("127.0.0.1:0")});
  const std::string address = first.Address();
  ASSERT_FALSE(address.empty()) << first.Err();
  EXPECT_EQ(Run({"run", "--config", WriteConfig(address)}), 1);
  EXPECT_THAT(err_, HasSubstr("listening on " + address + " failed"));
}

TEST_F(ProviderProcessTest, MakesKeysOnceAndShowsThem) {
  MakeKeys();
  const std::string made = out_;
  EXPECT_THAT(made, StartsWith("address: \"0x"));
  EXPECT_THAT(made, HasSubstr("\ntls_pin: \""));
  for (const char* name : {"keystore.json", "tls.pem", "password"}) {
    const auto permissions = std::filesystem::status(directory_ + "/keys/" + name).permissions();
    EXPECT_EQ(static_cast<unsigned>(permissions), 0600u) << name;
  }
  EXPECT_EQ(Run({"keys", "show", "--dir", directory_ + "/keys"}), 0);
  EXPECT_EQ(out_, made);
  EXPECT_EQ(Run({"keys", "new", "--out", directory_ + "/keys", "--light"}), 2);
  EXPECT_THAT(err_, HasSubstr("keys are never overwritten"));
}

TEST_F(ProviderProcessTest, RefusesAKeyFileThatOthersCanRead) {
  MakeKeys();
  std::filesystem::permissions(directory_ + "/keys/keystore.json", std::filesystem::perms(0640));
  EXPECT_EQ(Run({"run", "--config", WriteConfig("127.0.0.1:0")}), 2);
  EXPECT_THAT(err_, HasSubstr("keystore.json"));
  EXPECT_EQ(out_, "");
}

TEST_F(ProviderProcessTest, SaysInOneLineWhatIsWrongWithAConfig) {
  const std::string path = WriteConfig("127.0.0.1");
  EXPECT_EQ(Run({"run", "--config", path}), 2);
  EXPECT_THAT(err_, StartsWith("kaisar-provider: " + path + ":3: listen: is 127.0.0.1"));
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1);
  EXPECT_EQ(out_, "");
}

TEST_F(ProviderProcessTest, SaysWhichGpuOfWhichDeviceIsNotHere) {
  MakeKeys();
  const std::string path = WriteConfig("127.0.0.1:0");
  std::stringstream yaml;
  yaml << std::ifstream(path).rdbuf();
  ASSERT_TRUE(WriteFile(path, absl::StrReplaceAll(
                                  yaml.str(), {{"threads: 1\n", ""},
                                               {"class: cpu", "class: l4, gpu: \"FFFE:1f:00.0\""}}))
                  .ok());
  EXPECT_EQ(Run({"run", "--config", path}), 2);
  EXPECT_THAT(
      err_, StartsWith(absl::StrCat("kaisar-provider: device ", kDevice, ", gpu fffe:1f:00.0: ")));
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Run({"measure", "--gpu", "fffe:1f:00.0"}), 2);
  EXPECT_EQ(out_, "");
}

TEST_F(ProviderProcessTest, ExitsWithTwoOnWrongUsage) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"run"}), 2);
  EXPECT_EQ(Run({"run", "--config", directory_ + "/none"}), 2);
  EXPECT_EQ(Run({"measure", "--n", "1000"}), 2);
  EXPECT_EQ(Run({"measure", "--gpu", "any", "--threads", "2"}), 2);
  EXPECT_THAT(err_, HasSubstr("--threads is for the CPU"));
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("keys new"));
}

TEST_F(ProviderProcessTest, MeasuresAsTheMedianOfItsProofs) {
  ASSERT_EQ(
      Run({"measure", "--n", "256", "--rounds", "2", "--threads", "1", "--times", "3", "--json"}),
      0)
      << err_;
  const nlohmann::json result = nlohmann::json::parse(out_);
  std::vector<std::uint64_t> rates = result["rates"];
  ASSERT_EQ(rates.size(), 3u);
  std::sort(rates.begin(), rates.end());
  EXPECT_EQ(result["ops_per_second"], rates[1]);
  EXPECT_GT(rates[0], 0u);
}

TEST_F(ProviderProcessTest, WritesAnExampleButNotOverAFile) {
  const std::string path = directory_ + "/example.yaml";
  EXPECT_EQ(Run({"init", "--out", path}), 0);
  EXPECT_EQ(Run({"init", "--out", path}), 2);
  EXPECT_EQ(Run({"init"}), 0);
  std::stringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_EQ(out_, written.str());
}

}  // namespace
}  // namespace kaisar::provider
