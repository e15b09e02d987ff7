// What of a log and its report is compared with the chain, and how a difference reads.
#include "audit/chain_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/strings/str_join.h"

namespace kaisar::audit {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint32_t kEpoch = 7;
constexpr std::uint32_t kSlot = 1;

template <typename Array>
Array Filled(std::uint8_t byte) {
  Array filled;
  filled.fill(byte);
  return filled;
}

/// An honest slot's epoch, revealed and settled, as the chain and the files have it.
struct Scene {
  SlotFacts facts;
  v1::EpochOpened opened;
  SignedReport report;

  Scene() {
    chain::Deployment& deployment = facts.deployment;
    deployment.chain_id = 31337;
    deployment.reports = Filled<Address>(0x44);
    deployment.schedule = {1'000'000, 600, 60, 60, 6000, 1000, 2000};
    const std::uint64_t begin = deployment.schedule.begin(kEpoch);
    facts.opening = {Filled<Digest>(0xbe), 500, begin + 3};
    facts.first_block.emplace();
    facts.first_block->hash = Filled<Digest>(0xbe);
    facts.newest.number = 900;
    facts.newest.timestamp_s = deployment.schedule.settle_begin(kEpoch) + 1;
    MakeRoster();
    opened.set_epoch(kEpoch);
    opened.set_slot(kSlot);
    opened.set_beacon(ToString(Filled<Digest>(0xbe)));
    opened.set_beacon_ms((begin + 3) * 1000);
    opened.set_epoch_end_ms((begin + 600) * 1000);
    *opened.mutable_roster() = facts.roster;
    MakeReport();
  }

  void MakeRoster() {
    facts.slots = 3;
    facts.roster.set_chain_id(31337);
    facts.roster.set_contract(ToString(facts.deployment.reports));
    for (const std::uint32_t id : {5u, 6u}) {
      v1::Device& device = *facts.roster.add_devices();
      device.set_id(id);
      device.set_owner(std::string(20, 'o'));
      device.set_key(std::string(20, 'k'));
      device.set_endpoint("192.0.2.1:7000");
      device.set_device_class("cpu");
      device.set_phase(v1::STANDBY);
      device.set_ops_per_second(5'000'000'000);
    }
    for (const std::uint32_t id : {0u, 1u, 2u}) {
      v1::Slot& slot = *facts.roster.add_slots();
      slot.set_id(id);
      slot.set_key(ToString(Filled<Address>(static_cast<std::uint8_t>(0x90 + id))));
      slot.set_tls_pin(std::string(32, 'p'));
      slot.set_anchor(std::string(32, 'a'));
      slot.set_anchor_epoch(2);
    }
    facts.own_newest = facts.roster.slots(kSlot);
  }

  void MakeReport() {
    Report& made = report.report;
    made.domain = {31337, facts.deployment.reports};
    made.epoch = kEpoch;
    made.slot = kSlot;
    made.words = {Filled<Digest>(1), Filled<Digest>(2)};
    made.transcript_root = Filled<Digest>(3);
    made.policy_hash = Filled<Digest>(4);
    made.secret = Filled<Digest>(5);
    report.signer = Filled<Address>(0x91);
    chain::CommittedEvent committed;
    committed.commitment = ReportCommitment(made);
    facts.committed.push_back(committed);
    chain::RevealedEvent revealed;
    revealed.words = made.words;
    revealed.transcript_root = made.transcript_root;
    revealed.policy_hash = made.policy_hash;
    revealed.secret = made.secret;
    revealed.root = Filled<Digest>(7);
    facts.stored = revealed.root;
    facts.revealed.push_back(revealed);
  }

  std::vector<std::string> Notes() {
    Differences differences;
    return CompareWithChain(facts, opened, report, differences);
  }
  std::vector<std::string> Found() {
    Differences differences;
    CompareWithChain(facts, opened, report, differences);
    return differences.lines();
  }
};

TEST(ChainComparison, FindsNothingWhereAllIsAsOnTheChain) {
  Scene scene;
  EXPECT_THAT(scene.Found(), IsEmpty());
  EXPECT_THAT(scene.Notes(), IsEmpty());
}

struct Lie {
  std::string name;
  std::string telling;
  std::function<void(Scene&)> tell;
};

const Lie kLies[] = {
    {"ChainId", "chain: chain id is 31337, the log has 1",
     [](Scene& s) { s.opened.mutable_roster()->set_chain_id(1); }},
    {"Contract", "chain: reports contract is 0x4444",
     [](Scene& s) { s.opened.mutable_roster()->set_contract(std::string(20, 'x')); }},
    {"ReportsContract", "the report has 0x0000",
     [](Scene& s) { s.report.report.domain.contract = Address{}; }},
    {"NotOpened", "chain: beacon is none, the epoch is not opened, the log has 0xbebe",
     [](Scene& s) { s.facts.opening.reset(); }},
    {"Beacon", "chain: beacon is 0xbebe",
     [](Scene& s) { s.opened.set_beacon(std::string(32, 'b')); }},
    {"BeaconOfNoBlock", "chain: hash of block 500 is 0xcccc",
     [](Scene& s) { s.facts.first_block->hash = Filled<Digest>(0xcc); }},
    {"BeaconTime", "chain: time of the beacon, in ms, is 1004203000, the log has 1004203001",
     [](Scene& s) { s.opened.set_beacon_ms(s.opened.beacon_ms() + 1); }},
    {"End", "chain: end of the epoch, in ms, is 1004800000, the log has 1004900000",
     [](Scene& s) { s.opened.set_epoch_end_ms(1'004'900'000); }},
    {"MusterForAll", "chain: one slot musters each device, the log has muster for all",
     [](Scene& s) { s.opened.mutable_roster()->set_muster(true); }},
    {"DeviceLeftOut", "chain: device 6 takes part in the epoch, the log's roster lacks it",
     [](Scene& s) { s.opened.mutable_roster()->mutable_devices()->RemoveLast(); }},
    {"DeviceAdded", "chain: device 9 is none that this slot checks in the epoch",
     [](Scene& s) { s.opened.mutable_roster()->add_devices()->set_id(9); }},
    {"DeviceThatCannotBeAsked", "chain: device 9 is none that can be asked (no such class)",
     [](Scene& s) {
       s.opened.mutable_roster()->add_devices()->set_id(9);
       s.facts.left_out[9] = "no such class";
     }},
    {"DeviceEndpoint",
     "chain: endpoint of device 5 is \"192.0.2.1:7000\", the log has \"192.0.2.9:7000\"",
     [](Scene& s) {
       s.opened.mutable_roster()->mutable_devices(0)->set_endpoint("192.0.2.9:7000");
     }},
    {"DeviceClaim", "chain: ops_per_second of device 5 is 5000000000, the log has 4",
     [](Scene& s) { s.opened.mutable_roster()->mutable_devices(0)->set_ops_per_second(4); }},
    {"DevicePhase", "chain: phase of device 6 is STANDBY, the log has IN_SERVICE",
     [](Scene& s) { s.opened.mutable_roster()->mutable_devices(1)->set_phase(v1::IN_SERVICE); }},
    {"Muster", "chain: muster of device 5 is false, the log has true",
     [](Scene& s) { s.opened.mutable_roster()->mutable_devices(0)->set_muster(true); }},
    {"SlotLeftOut", "chain: slot 2 takes part in the epoch, the log's roster lacks it",
     [](Scene& s) { s.opened.mutable_roster()->mutable_slots()->RemoveLast(); }},
    {"SlotAdded", "chain: slot 8 is in no committee of this slot's devices",
     [](Scene& s) { s.opened.mutable_roster()->add_slots()->set_id(8); }},
    {"OtherSlotsKey", "chain: key of slot 0 is 0x9090",
     [](Scene& s) { s.opened.mutable_roster()->mutable_slots(0)->set_key(std::string(20, 'x')); }},
    {"OwnKey", "chain: key of slot 1 is 0x9191",
     [](Scene& s) { s.opened.mutable_roster()->mutable_slots(1)->set_key(std::string(20, 'x')); }},
    {"Signer", "the report's signer has 0x0000", [](Scene& s) { s.report.signer = Address{}; }},
    {"Pin", "chain: tls_pin of slot 1 is",
     [](Scene& s) { s.opened.mutable_roster()->mutable_slots(1)->set_tls_pin("x"); }},
    {"Anchor", "from epoch 2, the log has 0x6161",
     [](Scene& s) { s.opened.mutable_roster()->mutable_slots(1)->set_anchor_epoch(3); }},
    {"NothingCommitted", "chain: commitment is none until 1004860, the report has 0x",
     [](Scene& s) { s.facts.committed.clear(); }},
    {"OtherCommitment", "chain: commitment is 0x0000",
     [](Scene& s) { s.facts.committed[0].commitment = Digest{}; }},
    {"NothingRevealed", "chain: reveal is none until 1004920, the report has secret 0x0505",
     [](Scene& s) { s.facts.revealed.clear(); }},
    {"Secret", "chain: secret is 0x0000", [](Scene& s) { s.facts.revealed[0].secret = Digest{}; }},
    {"Root", "chain: transcript root is 0x0000",
     [](Scene& s) { s.facts.revealed[0].transcript_root = Digest{}; }},
    {"Policy", "chain: policy hash is 0x0000",
     [](Scene& s) { s.facts.revealed[0].policy_hash = Digest{}; }},
    {"Word", "chain: word 1 is 0x0000", [](Scene& s) { s.facts.revealed[0].words[1] = Digest{}; }},
    {"FewerWords", "chain: number of words is 1, the report has 2",
     [](Scene& s) { s.facts.revealed[0].words.pop_back(); }},
    {"Stored", "chain: root is 0x0000", [](Scene& s) { s.facts.stored = Digest{}; }},
};

class ChainComparisonOf : public ::testing::TestWithParam<Lie> {};

TEST_P(ChainComparisonOf, ALieNamesWhatAndBothValues) {
  Scene scene;
  GetParam().tell(scene);
  EXPECT_THAT(scene.Found(), Contains(HasSubstr(GetParam().telling)))
      << absl::StrJoin(scene.Found(), "\n");
}

INSTANTIATE_TEST_SUITE_P(Lies, ChainComparisonOf, ::testing::ValuesIn(kLies),
                         [](const auto& lie) { return lie.param.name; });

TEST(ChainComparison, MendedPinAndAnchorOfTheOwnSlotAreNoDifference) {
  Scene scene;
  v1::Slot& ours = *scene.opened.mutable_roster()->mutable_slots(kSlot);
  ours.set_tls_pin(std::string(32, 'q'));
  ours.set_anchor(std::string(32, 'b'));
  scene.facts.own_newest = ours;
  EXPECT_THAT(scene.Found(), IsEmpty());
}

TEST(ChainComparison, WaitsForWindowsThatAreNotOver) {
  Scene scene;
  scene.facts.committed.clear();
  scene.facts.revealed.clear();
  scene.facts.newest.timestamp_s = scene.facts.deployment.schedule.end(kEpoch) + 1;
  EXPECT_THAT(scene.Found(), IsEmpty());
  EXPECT_THAT(scene.Notes(), ElementsAre(HasSubstr("no commitment yet; there is time for it until "
                                                   "1004860"),
                                         HasSubstr("no reveal yet")));
}

TEST(ChainComparison, LeavesOutWhatMayHaveChangedWhenTheStateIsGone) {
  Scene scene;
  scene.facts.of_opening = false;
  scene.facts.roster.mutable_devices(0)->set_endpoint("192.0.2.77:7000");
  scene.facts.roster.mutable_slots(0)->set_anchor(std::string(32, 'z'));
  EXPECT_THAT(scene.Found(), IsEmpty());
  EXPECT_THAT(scene.Notes(), ElementsAre(HasSubstr("no longer has the state of block 500")));
  scene.facts.roster.mutable_devices(0)->set_ops_per_second(1);
  EXPECT_THAT(scene.Found(), ElementsAre(HasSubstr("ops_per_second of device 5")));
}

}  // namespace
}  // namespace kaisar::audit
