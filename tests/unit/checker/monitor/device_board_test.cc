#include "checker/monitor/device_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using checker::DeviceBoard;
using checker::DevicePage;
using checker::ParseDeviceQuery;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// An epoch with so many devices, in which nothing happens by itself.
struct Board {
  explicit Board(std::uint32_t devices) { Roster(1, devices); }

  /// The devices first … last, in an epoch that begins.
  void Roster(std::uint32_t first, std::uint32_t last) {
    epoch.roster.clear_devices();
    for (std::uint32_t id = first; id <= last; ++id) {
      v1::Device& device = *epoch.roster.add_devices();
      device.set_id(id);
      device.set_device_class("cpu");
      device.set_region("Ice Land");
      device.set_endpoint(absl::StrCat("host-", id, ":7443"));
      device.set_phase(v1::STANDBY);
    }
    board.Begin(epoch);
  }

  void Count(std::uint32_t id, v1::Reason reason, std::uint32_t rtt_us = 0) {
    v1::ChallengeClosed closed;
    closed.set_device(id);
    closed.set_kind(v1::LATENCY);
    closed.set_reason(reason);
    closed.set_verdict(reason == v1::NONE      ? v1::PASS
                       : reason == v1::STOPPED ? v1::INCONCLUSIVE
                                               : v1::FAIL);
    if (rtt_us > 0) closed.mutable_latency()->add_echoes()->set_rtt_us(rtt_us);
    const v1::Device* device = nullptr;
    for (const v1::Device& one : epoch.roster.devices()) {
      if (one.id() == id) device = &one;
    }
    const v1::Device stranger;
    board.Count(
        {Planned(0, id, v1::LATENCY), device == nullptr ? stranger : *device, closed, nullptr, ""},
        epoch.policy);
  }

  std::vector<std::uint32_t> Ids(const std::string& query) const {
    std::vector<std::uint32_t> ids;
    for (const auto& row : Page(query).rows) ids.push_back(row.facts.id);
    return ids;
  }
  DevicePage Page(const std::string& query = "") const {
    return board.Page(*ParseDeviceQuery(query));
  }

  DispatchScene scene{1};
  checker::Epoch& epoch = scene.epoch();
  DeviceBoard board{{{2, "Rack <7>"}}};
};

TEST(DeviceBoard, ShowsTheWorstFirst) {
  Board board(5);
  board.Count(2, v1::STOPPED);
  board.Count(3, v1::REFUSED);
  board.Count(3, v1::REFUSED);
  board.Count(4, v1::TIMED_OUT);
  board.board.Reported(6, {{1, {200, ""}}, {5, {90, "too slow"}}});
  EXPECT_THAT(board.Ids(""), ElementsAre(3, 4, 2, 5, 1));
  const DevicePage page = board.Page();
  EXPECT_EQ(page.reported_epoch, 6u);
  EXPECT_EQ(page.rows[0].progress.verdicts.failed, 2u);
  EXPECT_EQ(page.rows[0].progress.last_reason, v1::REFUSED);
  EXPECT_EQ(page.rows[3].reported.score, 90);
  EXPECT_EQ(page.rows[3].reported.why, "too slow");
  EXPECT_EQ(page.rows[0].reported.score, std::nullopt);
}

TEST(DeviceBoard, FindsByIdNameEndpointRegionPhaseAndReason) {
  Board board(20);
  board.Count(12, v1::PROOF_INVALID);
  EXPECT_THAT(board.Ids("find=2"), ElementsAre(2));
  EXPECT_THAT(board.Ids("find=rack+%3C7"), ElementsAre(2));
  EXPECT_THAT(board.Ids("find=HOST-17"), ElementsAre(17));
  EXPECT_THAT(board.Ids("find=proof_"), ElementsAre(12));
  EXPECT_THAT(board.Ids("find=ice+standby"), SizeIs(20));
  EXPECT_THAT(board.Ids("find=ice+3"), ElementsAre(3));
  EXPECT_THAT(board.Ids("find=nobody"), IsEmpty());
  EXPECT_EQ(board.Page("find=nobody").all, 20u);
}

TEST(DeviceBoard, ShowsThoseOfOneKind) {
  Board board(4);
  board.Count(1, v1::REFUSED);
  board.Count(2, v1::STOPPED);
  board.Count(3, v1::NONE);
  board.board.Reported(1, {{3, {200, ""}}, {4, {199, ""}}});
  EXPECT_THAT(board.Ids("show=failed"), ElementsAre(1));
  EXPECT_THAT(board.Ids("show=inconclusive"), ElementsAre(2));
  EXPECT_THAT(board.Ids("show=below_full"), ElementsAre(4));
  EXPECT_THAT(board.Ids("show=all"), SizeIs(4));
}

TEST(DeviceBoard, ShowsAPageAtATime) {
  Board board(120);
  EXPECT_THAT(board.Ids(""), SizeIs(checker::kDevicesPerPage));
  const DevicePage last = board.Page("from=100");
  EXPECT_THAT(last.rows, SizeIs(20));
  EXPECT_EQ(last.rows[0].facts.id, 101u);
  EXPECT_EQ(last.matching, 120u);
  EXPECT_THAT(board.Page("from=18446744073709551615").rows, IsEmpty());
}

TEST(DeviceBoard, KeepsABoundedPastOfDevicesThatStay) {
  Board board(3);
  for (std::uint32_t i = 1; i <= 100; ++i) board.Count(2, v1::NONE, 1000 + i);
  board.Roster(2, 4);
  const DevicePage page = board.Page("find=2");
  ASSERT_THAT(page.rows, SizeIs(1));
  EXPECT_THAT(page.rows[0].rtts_us, SizeIs(checker::kTraceLength));
  EXPECT_EQ(page.rows[0].rtts_us.back(), 1100u);
  EXPECT_EQ(page.rows[0].progress.verdicts.passed, 0u);
  EXPECT_THAT(board.Ids(""), ElementsAre(2, 3, 4));
  board.Count(1, v1::REFUSED);  // it is not there any more
  EXPECT_THAT(board.Ids("show=failed"), IsEmpty());
}

TEST(DeviceBoard, RefusesQueriesThatItDoesNotKnow) {
  EXPECT_THAT(ParseDeviceQuery("show=some").status().message(),
              HasSubstr("none of all, failed, inconclusive, below_full"));
  EXPECT_THAT(ParseDeviceQuery("from=-1").status().message(), HasSubstr("no number"));
  EXPECT_THAT(ParseDeviceQuery("find=" + std::string(65, 'a')).status().message(),
              HasSubstr("find is 65 bytes, limit 64"));
}

}  // namespace
}  // namespace kaisar::testing
