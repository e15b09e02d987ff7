#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "challenges/bandwidth/iperf_process.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using State = IperfOutcome::State;

IperfTask SampleClient() {
  IperfTask task;
  task.role = IperfTask::Role::kClient;
  task.direction = v1::UP;
  task.host = "192.0.2.7";
  task.ports = {5201};
  task.user = std::string(64, 'a');
  task.password = std::string(64, 'b');
  task.rsa_public_key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  task.seconds = 5;
  task.streams = 16;
  task.bits_per_second = 1'100'000'000;
  task.start_ms = 5'000;
  task.limit_ms = 16'000;
  return task;
}

IperfTask SampleServer() {
  IperfTask task;
  task.role = IperfTask::Role::kServer;
  task.direction = v1::DOWN;
  task.ports = {5203, 5201, 5202};
  task.user = "user";
  task.password = "password";
  task.only_from = "2001:db8::1";
  task.seconds = 1;
  task.streams = 1;
  task.start_ms = 1;
  task.limit_ms = 3'600'000;
  return task;
}

std::string Without(const std::string& text, const std::string& part, const std::string& by) {
  std::string changed = text;
  changed.replace(changed.find(part), part.size(), by);
  return changed;
}

/// What the parser says when one part of the client's task is replaced by another.
std::string Complaint(const std::string& part, const std::string& by) {
  const auto task = ParseIperfTask(Without(SerializeIperfTask(SampleClient()), part, by));
  EXPECT_EQ(task.status().code(), absl::StatusCode::kInvalidArgument) << by;
  return std::string(task.status().message());
}

TEST(IperfTask, IsReadAsItWasWritten) {
  for (const IperfTask& task : {SampleClient(), SampleServer()}) {
    const auto read = ParseIperfTask(SerializeIperfTask(task));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->role, task.role);
    EXPECT_EQ(read->direction, task.direction);
    EXPECT_EQ(read->host, task.host);
    EXPECT_EQ(read->ports, task.ports);
    EXPECT_EQ(read->user, task.user);
    EXPECT_EQ(read->password, task.password);
    EXPECT_EQ(read->rsa_public_key, task.rsa_public_key);
    EXPECT_EQ(read->only_from, task.only_from);
    EXPECT_EQ(read->seconds, task.seconds);
    EXPECT_EQ(read->streams, task.streams);
    EXPECT_EQ(read->bits_per_second, task.bits_per_second);
    EXPECT_EQ(read->start_ms, task.start_ms);
    EXPECT_EQ(read->limit_ms, task.limit_ms);
  }
}

TEST(IperfTask, AServerNeedsNoDirectionAndMayLeaveThePortToTheSystem) {
  IperfTask task = SampleServer();
  task.direction = v1::DIRECTION_UNSPECIFIED;
  task.ports = {0};
  const auto read = ParseIperfTask(SerializeIperfTask(task));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->direction, v1::DIRECTION_UNSPECIFIED);
}

TEST(IperfTask, AWrongOneNamesKeyValueAndLimit) {
  EXPECT_EQ(Complaint(R"("client")", R"("relay")"),
            "task: role is relay, expected server or client");
  EXPECT_EQ(Complaint(R"("up")", R"("both")"), "task: direction is both, expected down or up");
  EXPECT_EQ(Complaint(R"("192.0.2.7")", R"("")"),
            "task: host is absent, expected a numeric address");
  EXPECT_EQ(Complaint("[5201]", "[0]"), "task: ports is 0, expected ports from 1 to 65535");
  EXPECT_EQ(Complaint("[5201]", "[1,2]"), "task: ports is [1,2], expected a list of 1 to 1 ports");
  EXPECT_EQ(Complaint(R"("seconds":5)", R"("seconds":61)"),
            "task: seconds is 61, expected 1 to 60");
  EXPECT_EQ(Complaint(R"("seconds":5)", R"("seconds":1.5)"),
            "task: seconds is 1.5, expected 1 to 60");
  EXPECT_EQ(Complaint(R"("streams":16)", R"("streams":17)"),
            "task: streams is 17, expected 1 to 16");
  EXPECT_EQ(Complaint(R"("seconds":5,)", ""), "task: seconds is absent, expected 1 to 60");
  EXPECT_EQ(Complaint(R"("seconds":5)", R"("seconds":5,"hours":1)"),
            "task: a key is hours, expected those that --help lists");
  EXPECT_THAT(Complaint("192.0.2.7", std::string(46, '1')),
              HasSubstr("host is 46 bytes, limit 45"));
}

TEST(IperfTask, AWrongPasswordIsNotRepeated) {
  for (const char* wrong : {"secret,1", "secret 1", "secret\\n"}) {
    const std::string complaint = Complaint(std::string(64, 'b'), wrong);
    EXPECT_THAT(complaint, HasSubstr("task: password"));
    EXPECT_THAT(complaint, Not(HasSubstr("secret")));
  }
}

TEST(IperfTask, GarbageIsNoTask) {
  for (const char* text : {"", "[]", "null", "{", "\xff\xfe", "{\"role\":{\"role\":[[[]]]}}"}) {
    EXPECT_EQ(ParseIperfTask(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(ParseIperfTask(std::string(65'537, ' ')).status().message(),
              HasSubstr("65537 bytes, limit 65536"));
}

TEST(IperfListening, IsReadAsItWasWritten) {
  const auto read = ParseListening(SerializeListening({65535, "-----BEGIN\nkey"}));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->port, 65535u);
  EXPECT_EQ(read->rsa_public_key, "-----BEGIN\nkey");
}

TEST(IperfListening, OtherLinesAreNone) {
  for (const std::string& line :
       {std::string(), std::string("[]"), std::string("{\"listening\":1}"),
        std::string("{\"state\":\"completed\",\"detail\":\"\"}"), SerializeListening({0, "key"}),
        SerializeListening({65536, "key"}), SerializeListening({1, ""}),
        SerializeListening({1, std::string(kMostRsaPublicKeyBytes + 1, 'k')})}) {
    EXPECT_EQ(ParseListening(line).status().code(), absl::StatusCode::kInvalidArgument) << line;
  }
}

TEST(IperfOutcome, KeepsTheWholeLine) {
  const std::string line = R"({"state":"completed","detail":"","iperf":{"end":{"streams":[{}]}}})";
  const auto outcome = ParseOutcome(line);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->state, State::kCompleted);
  EXPECT_EQ(outcome->detail, "");
  EXPECT_EQ(outcome->line, line);
}

TEST(IperfOutcome, EveryStateHasItsName) {
  for (const State state : {State::kCompleted, State::kNoConnection, State::kDenied, State::kBroken,
                            State::kTimedOut, State::kUnable}) {
    const auto outcome =
        ParseOutcome(std::string(R"({"detail":"a\nb","state":")") + NameOf(state) + "\"}");
    ASSERT_TRUE(outcome.ok()) << NameOf(state);
    EXPECT_EQ(outcome->state, state);
    EXPECT_EQ(outcome->detail, "a?b");
  }
}

TEST(IperfOutcome, OtherLinesAreNone) {
  for (const std::string& line :
       {std::string(), std::string("null"), std::string(R"({"state":"completed"})"),
        std::string(R"({"state":"done","detail":""})"), std::string(R"({"state":1,"detail":""})"),
        SerializeListening({1, "key"}),
        R"({"state":"completed","detail":")" + std::string(kMostBandwidthResultBytes, 'x') +
            "\"}"}) {
    EXPECT_EQ(ParseOutcome(line).status().code(), absl::StatusCode::kInvalidArgument)
        << line.substr(0, 80);
  }
}

}  // namespace
}  // namespace kaisar::challenges
