// Bandwidth challenges against a provider in this process, with real kaisar-iperf on both ends.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

#include "base/file.h"
#include "base/hex.h"
#include "challenges/bandwidth/throughput.h"
#include "tests/integration/bandwidth_tester.h"
#include "tests/integration/provider_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using State = challenges::IperfOutcome::State;
using Stream = testing::BandwidthTestStream;

class ProviderBandwidthTest : public ProviderFixture {
 protected:
  void SetUp() override {
    ProviderFixture::SetUp();
    config_.limits.bandwidth.emplace();
    const std::uint32_t port = FreePort();
    config_.bandwidth = BandwidthConfig{port, std::min(port + 3, 65'535u), IperfPath()};
  }
  void TearDown() override {
    ProviderFixture::TearDown();
    EXPECT_TRUE(Eventually([] { return IperfProcessesOf(::getpid()).empty(); }));
  }

  /// Runs a whole challenge as a checker does; true when it ends as it should.
  bool RunsThrough(std::uint8_t number, std::uint8_t slot = 1) {
    const v1::SignedChallenge challenge = ShortBandwidth(number, slot);
    auto client = Client(slot);
    Stream stream(*client);
    stream.SendChallenge(challenge, kPassword);
    BandwidthTester tester(challenge, kPassword);
    for (int i = 0; i < 2; ++i) {
      const auto opened = stream.Receive();
      if (!opened.has_value() || !opened->has_opened()) return false;
      if (tester.Run(opened->opened()).state != State::kCompleted) return false;
      const auto measured = stream.Receive();
      if (!measured.has_value() || !measured->has_measured()) return false;
    }
    const auto transcript = stream.Receive();
    return transcript.has_value() && transcript->has_transcript() && stream.End().ok();
  }

  static v1::BandwidthOpened Opened(Stream& stream) {
    const auto message = stream.Receive();
    EXPECT_TRUE(message.has_value() && message->has_opened())
        << (message.has_value() ? message->DebugString() : stream.End().error_message());
    return message.value_or(v1::BandwidthResponse()).opened();
  }

  static inline const Digest kPassword = Filled(0xcd);
};

TEST_F(ProviderBandwidthTest, MeasuresBothDirectionsWithBothEndsCounting) {
  StartServer();
  const v1::SignedChallenge challenge = ShortBandwidth(1, 1);
  auto client = Client();
  Stream stream(*client);
  stream.SendChallenge(challenge, kPassword);
  BandwidthTester tester(challenge, kPassword);
  v1::BandwidthEvidence evidence;
  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    const v1::BandwidthOpened opened = Opened(stream);
    EXPECT_EQ(opened.direction(), direction);
    EXPECT_GE(opened.port(), config_.bandwidth->first_port);
    EXPECT_LE(opened.port(), config_.bandwidth->last_port);
    const challenges::IperfOutcome outcome = tester.Run(opened);
    ASSERT_EQ(outcome.state, State::kCompleted) << outcome.detail;
    const auto measured = stream.Receive();
    ASSERT_TRUE(measured.has_value() && measured->has_measured());
    v1::BandwidthEvidence::Test& test = *evidence.add_tests();
    test.set_direction(direction);
    *test.mutable_opened() = opened;
    test.set_checker_result(outcome.line);
    *test.mutable_measured() = measured->measured();
    EXPECT_TRUE(IsClosed(opened.port()) || direction == v1::DOWN);  // may be the next one's
  }
  const auto transcript = stream.Receive();
  ASSERT_TRUE(transcript.has_value() && transcript->has_transcript());
  EXPECT_TRUE(stream.End().ok());
  const Digest digest = challenges::BandwidthTranscriptDigest(
      kDomain, Filled(1), challenges::ChallengeDigest(kDomain, challenge.challenge()),
      challenges::BandwidthResultsHash(evidence.tests(0).measured().result(),
                                       evidence.tests(1).measured().result()));
  EXPECT_TRUE(
      SignedBy(KeyOf(0x77).address(), digest, ViewOf(transcript->transcript().signature())));
  const auto rates = challenges::RatesOf(evidence);
  ASSERT_TRUE(rates.ok()) << rates.status();
  for (const std::uint64_t rate : {rates->down_bits_per_second, rates->up_bits_per_second}) {
    EXPECT_GT(rate, 10'000'000u);  // loopback: only that it counted at all, and not too much
    EXPECT_LT(rate, 40'000'000u);
  }
}

/// The stock iperf3 as the client of an opened test.
class StockTool {
 public:
  StockTool(const v1::BandwidthOpened& opened, std::uint8_t number)
      : key_(::testing::TempDir() + absl::StrCat("kaisar-rsa-", ::getpid())),
        command_(absl::StrCat("/usr/bin/iperf3 -c 127.0.0.1 -p ", opened.port(),
                              " --connect-timeout 3000 ")),
        credentials_(
            absl::StrCat("--rsa-public-key-path ", key_, " --username ", ToHex(Filled(number)))) {
    EXPECT_TRUE(WriteFile(key_, opened.rsa_public_key()).ok());
  }
  ~StockTool() { std::remove(key_.c_str()); }

  static bool IsInstalled() { return ::access("/usr/bin/iperf3", X_OK) == 0; }
  bool Run(const std::string& terms) const { return Succeeds(command_ + terms); }
  bool Run(const std::string& terms, const std::string& password) const {
    return Succeeds("IPERF3_PASSWORD=" + password + " " + command_ + credentials_ + " " + terms);
  }

 private:
  static bool Succeeds(const std::string& command) {
    return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
  }
  const std::string key_;
  const std::string command_;
  const std::string credentials_;
};

TEST_F(ProviderBandwidthTest, LetsTheStockToolInWithTheCredentialsOnly) {
  if (!StockTool::IsInstalled()) GTEST_SKIP() << "iperf3 is not installed";
  StartServer();
  const v1::SignedChallenge challenge = ShortBandwidth(1, 1, /*start_ms=*/10'000);
  auto client = Client();
  Stream stream(*client);
  stream.SendChallenge(challenge, kPassword);
  const StockTool tool(Opened(stream), 1);
  const std::string terms = "-t 1 -O 1 -P 2 -b 10M";
  EXPECT_FALSE(tool.Run(terms));
  EXPECT_FALSE(tool.Run(terms, "guess"));
  EXPECT_TRUE(tool.Run(terms, ToHex(kPassword)));
  const auto measured = stream.Receive();
  ASSERT_TRUE(measured.has_value() && measured->has_measured());
  const auto counts = challenges::ParseTestCounts(measured->measured().result());
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_GT(counts->received_bytes, 500'000u);
}

TEST_F(ProviderBandwidthTest, DeniesWhoAsksForMoreThanTheChallengeInEitherDirection) {
  if (!StockTool::IsInstalled()) GTEST_SKIP() << "iperf3 is not installed";
  StartServer();
  std::uint8_t number = 0;
  for (const auto& [direction, terms, words] :
       std::vector<std::tuple<v1::Direction, std::string, std::string>>{
           {v1::DOWN, "-t 30 -O 1 -b 10M", "test down denied: the client asked for seconds 30"},
           {v1::DOWN, "-t 1 -O 1 -b 10M -R", "asked for a test up, allowed is down"},
           {v1::UP, "-t 1 -O 1 -b 0 -R", "test up denied: the client asked for bits per second"},
           {v1::UP, "-t 1 -O 1 -b 10M", "asked for a test down, allowed is up"}}) {
    const v1::SignedChallenge challenge = ShortBandwidth(++number, 1, /*start_ms=*/10'000);
    auto client = Client();
    Stream stream(*client);
    stream.SendChallenge(challenge, kPassword);
    v1::BandwidthOpened opened = Opened(stream);
    if (direction == v1::UP) {
      ASSERT_EQ(BandwidthTester(challenge, kPassword).Run(opened).state, State::kCompleted);
      ASSERT_TRUE(stream.Receive()->has_measured());
      opened = Opened(stream);
    }
    EXPECT_FALSE(StockTool(opened, number).Run(terms, ToHex(kPassword))) << terms;
    const grpc::Status status = stream.End();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << terms;
    EXPECT_THAT(status.error_message(), HasSubstr(words));
    EXPECT_TRUE(IsClosed(opened.port()));
  }
}

TEST_F(ProviderBandwidthTest, LeavesNoProcessAndNoPortWhenItIsCancelledAtAnyStage) {
  StartServer();
  for (std::uint8_t stage = 0; stage < 4; ++stage) {
    const v1::SignedChallenge challenge = ShortBandwidth(static_cast<std::uint8_t>(1 + stage), 1);
    auto client = Client();
    Stream stream(*client);
    stream.SendChallenge(challenge, kPassword);
    BandwidthTester tester(challenge, kPassword);
    v1::BandwidthOpened opened = Opened(stream);
    if (stage >= 2) {
      ASSERT_EQ(tester.Run(opened).state, State::kCompleted);
      ASSERT_TRUE(stream.Receive()->has_measured());
      opened = Opened(stream);
    }
    std::future<challenges::IperfOutcome> outcome;
    if (stage % 2 == 1) {
      outcome = tester.Start(tester.TaskFor(opened));
      EXPECT_EQ(outcome.wait_for(std::chrono::milliseconds(1'000)), std::future_status::timeout);
    }
    stream.Cancel();
    EXPECT_TRUE(Eventually([&] { return IsClosed(opened.port()); })) << int{stage};
    if (outcome.valid()) {
      EXPECT_NE(outcome.get().state, State::kCompleted);
    }
    EXPECT_TRUE(Eventually([] { return IperfProcessesOf(::getpid()).empty(); })) << int{stage};
  }
  EXPECT_TRUE(RunsThrough(9));
}

TEST_F(ProviderBandwidthTest, ClosesTheTestToWhichNobodyComes) {
  StartServer();
  auto client = Client();
  Stream stream(*client);
  stream.SendChallenge(ShortBandwidth(1, 1, /*start_ms=*/1), kPassword);
  const v1::BandwidthOpened opened = Opened(stream);
  const int stranger = Connect(opened.port());  // who connects first and says nothing
  EXPECT_GE(stranger, 0);
  const grpc::Status status = stream.End();  // after 6 s
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << status.error_message();
  EXPECT_TRUE(IsClosed(opened.port()));
  ::close(stranger);
}

TEST_F(ProviderBandwidthTest, AnswersEverythingElseWhileTestsWaitForEachOther) {
  StartServer();
  const v1::SignedChallenge first = ShortBandwidth(1, 1);
  const v1::SignedChallenge second = ShortBandwidth(2, 2);
  auto first_client = Client(1);
  auto second_client = Client(2);
  Stream running(*first_client);
  running.SendChallenge(first, kPassword);
  BandwidthTester tester(first, kPassword);
  std::future<challenges::IperfOutcome> outcome = tester.Start(tester.TaskFor(Opened(running)));
  Stream waiting(*second_client);
  waiting.SendChallenge(second, kPassword);

  testing::LatencyTestStream latency(*second_client);
  const auto accepted = latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 2, 3));
  EXPECT_TRUE(accepted.has_value() && accepted->has_accepted());
  EXPECT_EQ(latency.Nonce("12345678")->echo(), "12345678");
  EXPECT_TRUE(latency.Finish()->has_transcript());
  testing::MatmulTestStream matmul(*second_client);
  matmul.SendChallenge(Matmul(4, 2, 256, 2));
  EXPECT_TRUE(matmul.Receive()->has_commitment());
  EXPECT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  // Both ends of the one test.
  EXPECT_TRUE(Eventually([] { return IperfProcessesOf(::getpid()).size() == 2; }));

  EXPECT_EQ(outcome.get().state, State::kCompleted);
  EXPECT_TRUE(running.Receive()->has_measured());
  const v1::BandwidthOpened up = Opened(running);
  EXPECT_EQ(up.direction(), v1::UP);
  running.Cancel();
  EXPECT_EQ(Opened(waiting).direction(), v1::DOWN);
}

TEST_F(ProviderBandwidthTest, PassesOverAPortThatIsInUseAndRefusesWhenAllAre) {
  const HeldPort held;
  config_.bandwidth->first_port = config_.bandwidth->last_port = held.port();
  StartServer();
  {
    auto client = Client();
    Stream stream(*client);
    stream.SendChallenge(ShortBandwidth(1, 1), kPassword);
    const auto answer = stream.Receive();
    ASSERT_TRUE(answer.has_value() && answer->has_refusal());
    EXPECT_THAT(answer->refusal().message(), HasSubstr(std::to_string(held.port())));
    EXPECT_TRUE(stream.End().ok());
  }
  config_.bandwidth->first_port = std::min(held.port(), 65'500u) - 20;
  config_.bandwidth->last_port = std::max(held.port(), config_.bandwidth->first_port + 40);
  StartServer();
  EXPECT_TRUE(RunsThrough(2));
}

TEST_F(ProviderBandwidthTest, WorksWithMoreThan1024DescriptorsOpen) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8'192);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < 2'048) GTEST_SKIP() << "at most " << limit.rlim_cur << " descriptors";
  std::vector<int> descriptors;
  while (descriptors.empty() || descriptors.back() < 1'200) {
    descriptors.push_back(::dup(STDERR_FILENO));
    ASSERT_GE(descriptors.back(), 0);
  }
  StartServer();
  EXPECT_TRUE(RunsThrough(1));
  for (const int descriptor : descriptors) ::close(descriptor);
}

TEST_F(ProviderBandwidthTest, LeavesNoProcessAndNoPortWhenItShutsDown) {
  StartServer();
  const v1::SignedChallenge challenge = ShortBandwidth(1, 1);
  auto client = Client();
  Stream stream(*client);
  stream.SendChallenge(challenge, kPassword);
  const v1::BandwidthOpened opened = Opened(stream);
  EXPECT_EQ(IperfProcessesOf(::getpid()).size(), 1u);
  server_.reset();
  EXPECT_TRUE(IperfProcessesOf(::getpid()).empty());
  EXPECT_TRUE(IsClosed(opened.port()));
  EXPECT_EQ(stream.End().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ProviderBandwidthTest, DoesNotStartWithoutKaisarIperf) {
  config_.bandwidth->iperf = "/nowhere/kaisar-iperf";
  const auto server =
      Server::Start(config_, MakeTlsKey("kaisar-provider").value(), {}, RealClock());
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(server.status().ToString(), HasSubstr("/nowhere/kaisar-iperf"));
}

}  // namespace
}  // namespace kaisar::provider
