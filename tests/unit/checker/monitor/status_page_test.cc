#include "checker/monitor/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "checker/monitor/earning.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/monitor/sound_slot.h"

namespace kaisar::testing {
namespace {

using checker::CheckReadiness;
using checker::ReportState;
using checker::RunFacts;
using checker::SlotStatus;
using checker::StatusPage;
using checker::TellEarning;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kS = 1'000'000'000;  // in ns

/// A slot with its duty in epoch 7, whose last report is in this state.
SlotStatus Slot(ReportState last) {
  SlotStatus slot = checker::SoundSlot(7, 130);
  slot.recent = {{6, true, last}, {5, true, ReportState::kRevealed}};
  return slot;
}

RunFacts OnChain(ReportState last) {
  RunFacts facts;
  facts.now_ns = 5000 * kS;
  facts.free_bytes = facts.size_bytes = 1;
  facts.on_chain = true;
  facts.chain_read_ns = 4990 * kS;
  facts.slot = Slot(last);
  return facts;
}

std::string StateOf(const RunFacts& facts) {
  return TellEarning(facts, CheckReadiness(facts)).state;
}

TEST(Earning, IsYesOnlyWhileNothingIsMissed) {
  EXPECT_EQ(StateOf(OnChain(ReportState::kRevealed)), "yes");
  RunFacts committed = OnChain(ReportState::kCommitted);
  committed.slot->now_s = committed.slot->wall_s -= 60;
  EXPECT_EQ(StateOf(committed), "yes");  // the one before was accepted
  const RunFacts missed = OnChain(ReportState::kMissed);
  EXPECT_TRUE(CheckReadiness(missed).ready);
  EXPECT_EQ(StateOf(missed), "no");
  EXPECT_THAT(TellEarning(missed, CheckReadiness(missed)).heading,
              HasSubstr("the report of epoch 6 was missed"));
}

TEST(Earning, DoesNotBlameTheSlotForEpochsThatNobodyOpened) {
  RunFacts facts = OnChain(ReportState::kMissed);
  facts.slot->recent[0].opened = false;
  EXPECT_EQ(StateOf(facts), "yes");
}

TEST(Earning, TellsNoFromNotYet) {
  RunFacts facts = OnChain(ReportState::kRevealed);
  facts.slot->low_balance = Uint256(2'000'000);
  EXPECT_EQ(StateOf(facts), "attention");
  facts.refused = "no room";
  EXPECT_EQ(StateOf(facts), "no");
  facts = OnChain(ReportState::kNone);
  facts.slot->state.active_from = 9;
  EXPECT_EQ(StateOf(facts), "waiting");
  facts = OnChain(ReportState::kNone);
  facts.slot.reset();
  facts.chain_read_ns.reset();
  EXPECT_EQ(StateOf(facts), "unknown");
  facts.chain_trouble = "no endpoint answers";
  EXPECT_EQ(StateOf(facts), "no");
  facts = RunFacts();
  facts.free_bytes = facts.size_bytes = 1;
  EXPECT_EQ(StateOf(facts), "unpaid");
}

TEST(Earning, IsNoOnceTheSlotHasLeft) {
  RunFacts facts = OnChain(ReportState::kRevealed);
  facts.slot->state.active_until = 7;
  facts.slot->state.claimable_at = facts.slot->now_s + 1'000;
  facts.slot->duty = absl::FailedPreconditionError("slot 3 has no duty from epoch 7 on");
  EXPECT_EQ(StateOf(facts), "no");
  EXPECT_EQ(TellEarning(facts, CheckReadiness(facts)).heading, "Earning: no, the slot has left");
  facts.slot->recent.clear();  // days later
  EXPECT_EQ(StateOf(facts), "no");
}

TEST(Earning, IsNoForAReportThatScoresNobody) {
  RunFacts facts = OnChain(ReportState::kRevealed);
  facts.slot->last_report = checker::LastReport{6, 12, 12};
  EXPECT_EQ(StateOf(facts), "yes");
  facts.slot->last_report->scored = 0;  // the chain accepted it all the same
  EXPECT_EQ(StateOf(facts), "no");
}

TEST(Earning, IsNoWithoutCoinForAReport) {
  RunFacts facts = OnChain(ReportState::kRevealed);
  facts.slot->balance = Uint256();
  EXPECT_EQ(StateOf(facts), "yes");  // where gas costs nothing
  facts.slot->cost_per_report = Uint256(1);
  EXPECT_EQ(StateOf(facts), "no");
}

class StatusPageTest : public ::testing::Test {
 protected:
  StatusPageTest() { page_.AddTo(routes_); }

  monitor::HttpReply Get(const std::string& path, const std::string& query = "") {
    return routes_.Answer({"GET", "127.0.0.1", ""}, {path, query});
  }
  nlohmann::json Json(const std::string& query = "") {
    return nlohmann::json::parse(Get("/status.json", query).body);
  }
  void Begin(std::uint32_t devices) {
    epoch_.roster.clear_devices();
    for (std::uint32_t id = 0; id < devices; ++id) {
      v1::Device& device = *epoch_.roster.add_devices();
      device.set_id(id);
      device.set_device_class("cpu");
      device.set_endpoint(std::string(255, 'e'));
      device.set_region("</script><script>alert(1)</script>");
    }
    page_.Begin(epoch_, {}, {});
  }

  FakeClock clock_{1'800'000'000'000};
  checker::RunWatch watch_{::testing::TempDir(), /*on_chain=*/true, clock_};
  StatusPage page_{{{1, "</script><script>alert(1)</script>"}}, watch_, clock_};
  monitor::HttpRoutes routes_;
  DispatchScene scene_{1};
  checker::Epoch& epoch_ = scene_.epoch();
};

TEST_F(StatusPageTest, IsOnePageThatLoadsNothingElse) {
  const monitor::HttpReply reply = Get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(reply.content_security_policy, HasSubstr("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(reply.content_security_policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(reply.body, Not(HasSubstr("{{")));
  EXPECT_THAT(reply.body, Not(HasSubstr("src=")));
}

TEST_F(StatusPageTest, LetsNoTextBecomeMarkup) {
  Begin(2);
  const std::string body = Get("/").body;
  EXPECT_THAT(body, HasSubstr("\\u003c/script>\\u003cscript>alert(1)"));
  EXPECT_THAT(body, Not(HasSubstr("<script>alert")));
}

TEST_F(StatusPageTest, StaysSmallWithTenThousandDevices) {
  Begin(10'000);
  std::map<std::uint32_t, checker::ReportedDevice> reported;
  v1::ChallengeClosed closed;
  closed.set_reason(v1::CHECKER_OVERLOADED);
  closed.set_verdict(v1::INCONCLUSIVE);
  closed.mutable_latency()->add_echoes()->set_rtt_us(UINT32_MAX);
  for (std::uint32_t id = 0; id < 10'000; ++id) {
    closed.set_device(id);
    for (std::size_t i = 0; i < 2 * checker::kTraceLength; ++i) {
      page_.Count({Planned(0, id, v1::LATENCY), epoch_.roster.devices(static_cast<int>(id)), closed,
                   nullptr, ""},
                  epoch_.policy);
    }
  }
  EXPECT_LT(Get("/status.json").body.size(), 100'000u);
  EXPECT_LT(Get("/").body.size(), 200'000u);
  EXPECT_EQ(Json()["devices"]["all"], 10'000);
  EXPECT_EQ(Json("find=9999")["devices"]["rows"][0]["id"], 9999);
}

TEST_F(StatusPageTest, HasWhatTheCommandLineSaysOfTheSlot) {
  watch_.ChainRead(Slot(ReportState::kRevealed), 1000);
  clock_.Advance(4'000);
  const nlohmann::json json = Json();
  nlohmann::json printed =
      nlohmann::json::parse(StatusJson(Slot(ReportState::kRevealed), /*problems=*/{}));
  printed.erase("problems");
  EXPECT_EQ(json["slot"], printed);
  EXPECT_EQ(json["chain_read_s"], 4);
  EXPECT_EQ(json["earning"]["state"], "yes");
}

TEST_F(StatusPageTest, CallsAReportAcceptedWhenTheChainHasIt) {
  const auto accepted = [this](std::uint32_t epoch) {
    const nlohmann::json json = Json();
    for (const auto& report : json["reports"]) {
      if (report["epoch"] == epoch) return report["accepted"].get<bool>();
    }
    ADD_FAILURE() << "no report of epoch " << epoch;
    return false;
  };
  Digest reveal{};
  reveal[0] = 0xab;
  page_.StageChanged({8, reporter::Stage::kRevealing, "", {}, reveal});
  EXPECT_FALSE(accepted(8));  // it was sent, and that is all
  page_.StageChanged({8, reporter::Stage::kRevealed, "", {}, reveal});
  EXPECT_TRUE(accepted(8));
  EXPECT_EQ(Json()["reports"][0]["reveal"], absl::StrCat("0xab", std::string(62, '0')));
  // Of epochs before this run the chain knows.
  watch_.ChainRead(Slot(ReportState::kMissed), 1000);
  EXPECT_FALSE(accepted(6));
  EXPECT_TRUE(accepted(5));
}

TEST_F(StatusPageTest, TakesTheChainsWordThatAReportIsLost) {
  Digest commit{};
  commit[0] = 0xab;
  page_.StageChanged({6, reporter::Stage::kCommitting, "no endpoint answers", commit, {}});
  page_.StageChanged({5, reporter::Stage::kSettling, "", commit, {}});
  for (const ReportState state : {ReportState::kMissed, ReportState::kNotRevealed}) {
    watch_.ChainRead(Slot(state), 1000);
    const nlohmann::json reports = Json()["reports"];
    EXPECT_EQ(reports[0]["state"], NameOf(state));
    EXPECT_EQ(reports[0]["lost"], true);
    EXPECT_EQ(reports[0]["accepted"], false);
    EXPECT_EQ(reports[0]["why"], "no endpoint answers");
    EXPECT_EQ(reports[0]["commit"], absl::StrCat("0xab", std::string(62, '0')));
    EXPECT_EQ(reports[1]["state"], "settling");  // it was revealed, and says more
  }
}

TEST_F(StatusPageTest, KeepsTheLastFewReports) {
  for (std::uint32_t epoch = 0; epoch < 1000; ++epoch) {
    page_.StageChanged({epoch, reporter::Stage::kDone, "", {}, {}});
  }
  EXPECT_EQ(Json()["reports"].size(), checker::kReportsShown);
  EXPECT_EQ(Json()["reports"][0]["epoch"], 999);
}

TEST_F(StatusPageTest, SaysWhatIsWrongWithAQuestion) {
  EXPECT_EQ(Get("/status.json", "show=everything").status, 400);
  EXPECT_THAT(Get("/status.json", "from=x").body, HasSubstr("from is no number"));
}

}  // namespace
}  // namespace kaisar::testing
