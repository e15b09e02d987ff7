// What `kaisar-checker doctor` makes of what it found out of the network, and how it says it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "checker/doctor/network_checks.h"
#include "checker/doctor/sntp.h"

namespace kaisar::checker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kNowS = 1'800'000'000;
constexpr std::uint64_t kNowMs = kNowS * 1000;
constexpr std::uint32_t kStepMs = 1000;

std::vector<Level> LevelsOf(const Findings& findings) {
  std::vector<Level> levels;
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.level == Level::kOk, finding.next.empty()) << finding.what;
    levels.push_back(finding.level);
  }
  return levels;
}

TEST(DoctorRpc, TellsOfEachEndpoint) {
  const Findings findings =
      CheckRpc({{"http://one", absl::OkStatus(), 77, kNowS - 12, 40},
                {"http://dead", absl::UnavailableError("http://dead: refused")},
                {"http://slow", absl::OkStatus(), 77, kNowS - 12, 1001},
                {"http://behind", absl::OkStatus(), 70, kNowS - 121, 40}},
               kNowMs);
  EXPECT_THAT(LevelsOf(findings),
              ElementsAre(Level::kOk, Level::kFailure, Level::kWarning, Level::kFailure));
  EXPECT_EQ(findings[0].what, "http://one: block 77, 12 s old, answered in 40 ms");
  EXPECT_EQ(findings[1].what, "http://dead: refused");
  EXPECT_THAT(findings[2].what, HasSubstr("limit 1000 ms"));
  EXPECT_THAT(findings[3].what, HasSubstr("121 s old"));
}

TEST(DoctorRpc, WantsTwoEndpoints) {
  const Findings findings = CheckRpc({{"http://one", absl::OkStatus(), 77, kNowS, 40}}, kNowMs);
  EXPECT_THAT(LevelsOf(findings), ElementsAre(Level::kOk, Level::kWarning));
  EXPECT_THAT(findings[1].next, HasSubstr("another operator"));
}

TEST(DoctorClock, IsComparedWithTheChain) {
  EXPECT_THAT(LevelsOf(CheckClock(kNowMs, kNowS - 12, {}, kStepMs)), ElementsAre(Level::kOk));
  const Findings behind = CheckClock(kNowMs, kNowS + 6, {}, kStepMs);
  EXPECT_THAT(LevelsOf(behind), ElementsAre(Level::kFailure));
  EXPECT_THAT(behind[0].what, HasSubstr("6 s behind the chain's newest block"));
  const Findings ahead = CheckClock(kNowMs, kNowS - 121, {}, kStepMs);
  EXPECT_THAT(LevelsOf(ahead), ElementsAre(Level::kWarning));
  EXPECT_THAT(ahead[0].what, HasSubstr("121 s ahead"));
}

TEST(DoctorClock, IsComparedWithTimeServers) {
  const Findings findings = CheckClock(kNowMs, std::nullopt,
                                       {{"a:123", 1'000'999},
                                        {"b:123", 1'001'000},
                                        {"c:123", -2'500'000},
                                        {"d:123", absl::DeadlineExceededError("no answer")}},
                                       kStepMs);
  EXPECT_THAT(LevelsOf(findings),
              ElementsAre(Level::kOk, Level::kFailure, Level::kFailure, Level::kWarning));
  EXPECT_EQ(findings[1].what, "1001 ms behind b:123, limit 1000 ms");
  EXPECT_EQ(findings[2].what, "2500 ms ahead of c:123, limit 1000 ms");
  EXPECT_EQ(findings[3].what, "d:123: no answer");
}

TEST(DoctorClock, IsDoubtfulWhenThereIsNothingToCompareItWith) {
  const Findings findings = CheckClock(kNowMs, std::nullopt, {}, kStepMs);
  EXPECT_THAT(LevelsOf(findings), ElementsAre(Level::kWarning));
  EXPECT_THAT(findings[0].next, HasSubstr("ntp_servers"));
}

TEST(DoctorRoster, NamesDevicesThatDoNotAnswer) {
  EXPECT_EQ(CheckReached({300, 256, {}}).what,
            "256 of 256 devices accept a connection (300 in the roster)");
  const Finding some = CheckReached({9, 9, {3, 7}});
  EXPECT_EQ(some.level, Level::kWarning);
  EXPECT_EQ(some.what, "7 of 9 devices accept a connection; not 3, 7");
  const Finding none = CheckReached({9, 9, {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  EXPECT_EQ(none.level, Level::kFailure);
  EXPECT_THAT(none.what, HasSubstr("; not 1, 2, 3, 4, 5, 6, 7, 8, …"));
  EXPECT_EQ(CheckReached({0, 0, {}}).level, Level::kOk);
}

TEST(DoctorFindings, SayWhatIsWrongAndWhatToDo) {
  const Findings findings = {{Level::kOk, "clock", "agrees", ""},
                             {Level::kFailure, "rpc", "dead", "mend"},
                             {Level::kWarning, "rpc", "one", "add"},
                             {Level::kWarning, "rpc", "slow", "near"}};
  EXPECT_EQ(FindingText(findings[0]), "ok       clock           agrees\n");
  EXPECT_EQ(FindingText(findings[1]),
            "failure  rpc             dead\n                         next: mend\n");
  EXPECT_EQ(SummaryText(findings), "\n1 failure, 2 warnings\n");
  EXPECT_EQ(SummaryText({findings[0]}), "\nall is well\n");
  const auto json = nlohmann::json::parse(FindingsJson(findings));
  EXPECT_EQ(json["failures"], 1);
  EXPECT_EQ(json["warnings"], 2);
  EXPECT_EQ(json["checks"][1]["level"], "failure");
  EXPECT_EQ(json["checks"][1]["next"], "mend");
}

// An exchange of ours: asked at …000.25 s, there at 1.75 and 2.00, back at 0.75: 1.375 s behind.
constexpr std::int64_t kSentUs = std::int64_t{kNowS} * 1'000'000 + 250'000;

Bytes Reply() {
  Bytes reply = MakeSntpRequest(ToNtpTime(kSentUs + 1'750'000));  // its time of sending
  reply[0] = 0x24;                                                // version 4, a server
  reply[1] = 2;                                                   // stratum
  const Bytes sent = MakeSntpRequest(ToNtpTime(kSentUs));
  const Bytes there = MakeSntpRequest(ToNtpTime(kSentUs + 1'500'000));
  std::copy(sent.begin() + 40, sent.end(), reply.begin() + 24);
  std::copy(there.begin() + 40, there.end(), reply.begin() + 32);
  return reply;
}

TEST(Sntp, FollowsTheOffsetFromFourTimes) {
  const auto behind = ReadSntpReply(Reply(), ToNtpTime(kSentUs), kSentUs + 500'000);
  ASSERT_TRUE(behind.ok()) << behind.status();
  EXPECT_NEAR(static_cast<double>(*behind), 1'375'000, 2);  // a microsecond each is rounded off
}

TEST(Sntp, CountsFrom1900AndAgainFrom2036) {
  // RFC 4330, section 3, and NTP's well-known difference of 70 years with 17 leap days.
  EXPECT_EQ(ToNtpTime(0) >> 32, 2'208'988'800u);
  EXPECT_EQ(FromNtpTime(std::uint64_t{2'208'988'800} << 32 | 0x80000000u), 500'000);
  // 7 February 2036, 06:28:16 UTC.
  EXPECT_EQ(FromNtpTime(0), std::int64_t{2'085'978'496} * 1'000'000);
}

TEST(Sntp, RefusesWhatIsNoAnswer) {
  const auto error = [](const Bytes& reply) {
    return std::string(ReadSntpReply(reply, ToNtpTime(kSentUs), kSentUs).status().message());
  };
  Bytes reply = Reply();
  EXPECT_EQ(error(Bytes(reply.begin(), reply.begin() + 47)), "answer is 47 bytes, expected 48");
  reply[0] = 0x23;
  EXPECT_THAT(error(reply), HasSubstr("mode 3, expected 4"));
  reply = Reply();
  reply[31] ^= 1;
  EXPECT_THAT(error(reply), HasSubstr("another request"));
  reply = Reply();
  reply[1] = 0;  // a "kiss of death"
  EXPECT_THAT(error(reply), HasSubstr("stratum 0"));
  reply = Reply();
  reply[0] = 0xe4;  // its clock was never set
  EXPECT_THAT(error(reply), HasSubstr("no time to give"));
}

}  // namespace
}  // namespace kaisar::checker
