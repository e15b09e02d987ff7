// Single changes to the log by the slot that keeps it: the tree is made anew, the scores follow the
// changed records, and the report is signed again, so that only the deeper checks can notice.

#include <limits>

#include "absl/strings/str_replace.h"
#include "base/sha256.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using v1::BANDWIDTH;
using v1::LATENCY;
using v1::MATMUL;

SigningDomain Domain() {
  return {EpochFixture::kChainId, Address{}};
}

void Erase(EpochFixture& epoch, std::size_t index) {
  epoch.records.erase(epoch.records.begin() + static_cast<std::ptrdiff_t>(index));
}

void Repeat(EpochFixture& epoch, std::size_t index) {
  epoch.records.insert(epoch.records.begin() + static_cast<std::ptrdiff_t>(index),
                       epoch.records[index]);
}

void FlipByte(std::string& bytes, std::size_t at = 5) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
}

void Resign(v1::ChallengeIssued& issued, std::uint32_t slot = EpochFixture::kSlot) {
  v1::SignedChallenge& challenge = *issued.mutable_challenge();
  challenge.mutable_challenge()->set_params_hash(ToString(Sha256(ViewOf(challenge.params()))));
  challenges::SignChallenge(EpochFixture::SlotKey(slot), Domain(), challenge);
}

void SetVerdict(v1::ChallengeClosed& closed, v1::Verdict verdict, v1::Reason reason) {
  closed.set_verdict(verdict);
  closed.set_reason(reason);
}

/// The record of an issue of a challenge that the plan has not.
v1::Record Unplanned(EpochFixture& epoch) {
  v1::Record record;
  v1::ChallengeIssued& issued = *record.mutable_issued();
  issued = epoch.Issued(1, LATENCY, 0);
  issued.set_sequence(99);
  const Digest id = challenges::ChallengeId(epoch.scope(), {0, 1, 99, LATENCY});
  issued.mutable_challenge()->mutable_challenge()->set_challenge_id(ToString(id));
  Resign(issued);
  return record;
}

const Change kRecords[] = {
    {"ClosedRecordDropped", "device 1, latency challenge 1 with id",
     [](EpochFixture& e) { Erase(e, e.FindClosed(1, LATENCY, 1)); }},
    {"IssuedRecordDropped", "was sent, but the log has no record of its issue",
     [](EpochFixture& e) { Erase(e, e.FindIssued(1, LATENCY, 1)); }},
    {"CommitmentDropped", "device 1, matmul challenge 0",
     [](EpochFixture& e) { Erase(e, e.FindCommitment(1, 0)); }},
    {"ClosingOfTheEpochDropped", "the record that closes the epoch is missing",
     [](EpochFixture& e) { e.records.pop_back(); }},
    {"ClosedRecordRepeated", "was closed before",
     [](EpochFixture& e) { Repeat(e, e.FindClosed(2, LATENCY, 1)); }},
    {"IssuedRecordRepeated", "was issued before, at record",
     [](EpochFixture& e) { Repeat(e, e.FindIssued(2, LATENCY, 1)); }},
    {"CommitmentRepeated", "has a second commitment record",
     [](EpochFixture& e) { Repeat(e, e.FindCommitment(2, 1)); }},
    {"IssuedAndClosedSwapped", "was issued after its closing record",
     [](EpochFixture& e) {
       std::swap(e.records[e.FindIssued(1, LATENCY, 2)], e.records[e.FindClosed(1, LATENCY, 2)]);
     }},
    {"CommitmentBeforeItsChallenge", "which is not open",
     [](EpochFixture& e) {
       std::swap(e.records[e.FindIssued(1, MATMUL, 0)], e.records[e.FindCommitment(1, 0)]);
     }},
    {"ChallengeOutsideOfThePlanIssued",
     "device 1, latency challenge 99 was issued, but the plan has no such challenge",
     [](EpochFixture& e) { e.records.insert(e.records.begin() + 1, Unplanned(e)); }},
    {"ChallengeOutsideOfThePlanClosed",
     "device 1, latency challenge 99 was closed, but the plan has no such challenge",
     [](EpochFixture& e) {
       v1::Record record = e.records[e.FindClosed(1, LATENCY, 0)];
       record.mutable_closed()->set_sequence(99);
       e.records.insert(e.records.begin() + 1, record);
     }},
    {"ClosedUnderAnotherId", "challenge_id is",
     [](EpochFixture& e) { FlipByte(*e.Closed(1, LATENCY, 0).mutable_challenge_id()); }},
    {"UnknownField", "closed.latency.echoes[1]: has an unknown field, number 9",
     [](EpochFixture& e) {
       v1::LatencyEvidence::Echo& echo =
           *e.Closed(1, LATENCY, 0).mutable_latency()->mutable_echoes(1);
       echo.GetReflection()->MutableUnknownFields(&echo)->AddVarint(9, 1);
     }},
    {"RefersToAnUnknownChallenge", "which is not open",
     [](EpochFixture& e) { FlipByte(*e.Commitment(1, 0).mutable_challenge_id()); }},
};

const Change kVerdicts[] = {
    {"WrongProofPassed", "verdict is PASS, expected FAIL PROOF_INVALID",
     [](EpochFixture& e) { SetVerdict(e.Closed(5, MATMUL, 0), v1::PASS, v1::NONE); }},
    {"AnsweredChallengeFailed", "verdict is FAIL TIMED_OUT, expected PASS",
     [](EpochFixture& e) { SetVerdict(e.Closed(1, LATENCY, 0), v1::FAIL, v1::TIMED_OUT); }},
    {"AnotherReason", "reason is FAIL TIMED_OUT, expected FAIL UNREACHABLE",
     [](EpochFixture& e) { e.Closed(6, LATENCY, 0).set_reason(v1::TIMED_OUT); }},
    {"FailureForgiven", "verdict is INCONCLUSIVE DEVICE_BUSY, expected FAIL UNREACHABLE",
     [](EpochFixture& e) {
       SetVerdict(e.Closed(6, LATENCY, 0), v1::INCONCLUSIVE, v1::DEVICE_BUSY);
     }},
    {"FullLineAsAnExcuse", "verdict is INCONCLUSIVE UPLINK_SATURATED, expected PASS",
     [](EpochFixture& e) {
       SetVerdict(e.Closed(6, BANDWIDTH, 0), v1::INCONCLUSIVE, v1::UPLINK_SATURATED);
     }},
    {"FullLineCounted", "verdict is PASS, expected INCONCLUSIVE UPLINK_SATURATED",
     [](EpochFixture& e) { SetVerdict(e.Closed(1, BANDWIDTH, 0), v1::PASS, v1::NONE); }},
    {"TestOfAnotherDeviceForged",
     "verdict is INCONCLUSIVE DEVICE_CHALLENGED, expected FAIL REFUSED",
     [](EpochFixture& e) {
       FlipByte(
           *e.Closed(2, BANDWIDTH, 0).mutable_refusal()->mutable_running()->mutable_signature());
     }},
    {"NoVerdict", "verdict is VERDICT_UNSPECIFIED, expected PASS",
     [](EpochFixture& e) {
       SetVerdict(e.Closed(1, LATENCY, 0), v1::VERDICT_UNSPECIFIED, v1::NONE);
     }},
    {"ForgedRefusalEvidence", "verdict is INCONCLUSIVE DEVICE_CHALLENGED, expected FAIL REFUSED",
     [](EpochFixture& e) {
       FlipByte(*e.Closed(7, MATMUL, 0).mutable_refusal()->mutable_running()->mutable_signature());
     }},
    {"ContradictoryRecordAsAnExcuse", "the checker's record is unusable",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(1, LATENCY, 0);
       closed.clear_latency();
       SetVerdict(closed, v1::INCONCLUSIVE, v1::STOPPED);
     }},
};

const Change kTimes[] = {
    {"DueTime", "due_ms is",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(1, LATENCY, 0);
       closed.set_due_ms(closed.due_ms() + 1);
     }},
    {"SentTooLateAndCounted", "expected INCONCLUSIVE CHECKER_OVERLOADED",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(1, LATENCY, 0);
       closed.set_sent_ms(closed.due_ms() + 1001);
     }},
    {"SentBeforeItWasDue", "before due at",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(6, MATMUL, 1);
       ASSERT_GT(closed.due_ms(), 1002u);
       closed.set_sent_ms(closed.due_ms() - 1001);
     }},
    {"ClockStepHidden", "expected INCONCLUSIVE CLOCK_STEPPED",
     [](EpochFixture& e) { e.Closed(1, LATENCY, 0).set_clock_step_ms(-101); }},
    {"ShorterThanItsCommitment",
     "elapsed_ms is 100, but the commitment's ping_rtt_ns are 26000000, its elapsed_ns 20000000000",
     [](EpochFixture& e) { e.Closed(6, MATMUL, 0).set_elapsed_ms(100); }},
    {"RttLongerThanTheChallenge", "elapsed_ms is 60, but rtt_us of ping 0 is 62000",
     [](EpochFixture& e) {
       e.Closed(1, LATENCY, 0).mutable_latency()->mutable_echoes(0)->set_rtt_us(62'000);
     }},
    {"LateCommitmentCounted", "expected FAIL COMMITMENT_LATE",
     [](EpochFixture& e) {
       e.Commitment(6, 0).set_elapsed_ns(30'000'000'001);
       e.Closed(6, MATMUL, 0).set_elapsed_ms(30'015);
     }},
    {"ShorterThanItsTests", "elapsed_ms is 4000, but its tests and their waited_ms took 4600000 us",
     [](EpochFixture& e) { e.Closed(1, BANDWIDTH, 1).set_elapsed_ms(4000); }},
    {"ShorterThanTheWaitForItsLine", "elapsed_ms is 4900, but its tests",
     [](EpochFixture& e) {
       e.Closed(1, BANDWIDTH, 1)
           .mutable_bandwidth()
           ->mutable_tests(0)
           ->set_waited_ms(std::numeric_limits<std::uint64_t>::max());
     }},
    {"IssuedBeforeItWasDue", "issued_ms is",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(6, MATMUL, 1);
       issued.set_issued_ms(issued.issued_ms() - 1001);
     }},
    {"SentBeforeItWasIssued", "before issued_ms",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(6, MATMUL, 1);
       issued.set_issued_ms(issued.issued_ms() + 1003);
     }},
    {"WrittenBeforeItEnded", "time runs backwards: issued_ms is",
     [](EpochFixture& e) {
       const v1::Record closed = e.records[e.FindClosed(6, MATMUL, 0)];
       Erase(e, e.FindClosed(6, MATMUL, 0));
       const auto after = e.FindCommitment(6, 0) + 1;
       e.records.insert(e.records.begin() + static_cast<std::ptrdiff_t>(after), closed);
       e.Closed(6, MATMUL, 0).set_elapsed_ms(60'000);
     }},
    {"EpochClosedBeforeItsEnd", "closed_ms is",
     [](EpochFixture& e) {
       e.records.back().mutable_epoch_closed()->set_closed_ms(EpochFixture::kBeaconMs);
     }},
    {"AnswerLoggedAsTimedOut", "has a latency.transcript though its transport is DEADLINE",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(1, LATENCY, 0);
       closed.set_transport(v1::DEADLINE);
       closed.mutable_reachability()->set_devices_heard(1);
       SetVerdict(closed, v1::FAIL, v1::TIMED_OUT);
     }},
    {"DeadlineThatNobodyWaitedFor",
     "transport is DEADLINE, but elapsed_ms is 60, the deadline 5000",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(1, LATENCY, 0);
       closed.set_transport(v1::DEADLINE);
       closed.mutable_latency()->clear_transcript();
       closed.mutable_reachability()->set_devices_heard(1);
       SetVerdict(closed, v1::FAIL, v1::TIMED_OUT);
     }},
    {"GivenUpWithinTheSlack", "was given up at",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(6, LATENCY, 0);
       closed.set_transport(v1::NOT_SENT);
       SetVerdict(closed, v1::INCONCLUSIVE, v1::CHECKER_OVERLOADED);
     }},
};

const Change kChallenges[] = {
    {"Seed", "seed is",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(1, MATMUL, 0);
       FlipByte(*issued.mutable_challenge()->mutable_challenge()->mutable_seed());
       Resign(issued);
     }},
    {"FewerSamples", "params is",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(1, MATMUL, 0);
       v1::MatmulParams params = challenges::MatmulParamsOf(issued.challenge());
       params.set_samples(1);
       issued.mutable_challenge()->set_params(params.SerializeAsString());
       Resign(issued);
     }},
    {"LowerRate", "params is",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(1, BANDWIDTH, 1);
       v1::BandwidthParams params = challenges::BandwidthParamsOf(issued.challenge());
       params.set_up_bits_per_second(params.up_bits_per_second() / 2);
       issued.mutable_challenge()->set_params(params.SerializeAsString());
       Resign(issued);
     }},
    {"Expiry", "expires_at_ms is",
     [](EpochFixture& e) {
       v1::ChallengeIssued& issued = e.Issued(1, LATENCY, 0);
       v1::Challenge& terms = *issued.mutable_challenge()->mutable_challenge();
       terms.set_expires_at_ms(terms.expires_at_ms() + 1);
       Resign(issued);
     }},
    {"ParamsHash", "params_hash is",
     [](EpochFixture& e) {
       FlipByte(*e.Issued(1, LATENCY, 0)
                     .mutable_challenge()
                     ->mutable_challenge()
                     ->mutable_params_hash());
     }},
    {"SlotSignature", "is not signed by slot 3",
     [](EpochFixture& e) {
       FlipByte(*e.Issued(1, LATENCY, 0).mutable_challenge()->mutable_signature());
     }},
    {"OtherSlotsSignature", "is not signed by slot 3",
     [](EpochFixture& e) { Resign(e.Issued(1, LATENCY, 0), EpochFixture::kOtherSlot); }},
};

const Change kEpochFacts[] = {
    {"DeviceMissingInTheRoster", "device 2, latency challenge",
     [](EpochFixture& e) { e.opened().mutable_roster()->mutable_devices()->DeleteSubrange(1, 1); }},
    {"DeviceAddedToTheRoster", "device 8, matmul challenge 0 with id",
     [](EpochFixture& e) {
       v1::Device device = e.opened().roster().devices(6);
       device.set_id(8);
       *e.opened().mutable_roster()->add_devices() = device;
     }},
    {"DevicesOutOfOrder", "nothing in the log can be recomputed",
     [](EpochFixture& e) { e.opened().mutable_roster()->mutable_devices()->SwapElements(0, 1); }},
    {"DeviceKey", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       FlipByte(*e.opened().mutable_roster()->mutable_devices(0)->mutable_key());
     }},
    {"SlotKey", "is not signed by slot 3",
     [](EpochFixture& e) {
       FlipByte(*e.opened().mutable_roster()->mutable_slots(0)->mutable_key());
     }},
    {"SlotMissingInTheRoster", "nothing in the log can be recomputed",
     [](EpochFixture& e) { e.opened().mutable_roster()->mutable_slots()->DeleteSubrange(0, 1); }},
    {"Claim", "report: score of device 6 is 55, expected 146",
     [](EpochFixture& e) {
       e.opened().mutable_roster()->mutable_devices(5)->set_ops_per_second(3'000'000);
     }},
    {"Owner", "due_ms is",
     [](EpochFixture& e) {
       FlipByte(*e.opened().mutable_roster()->mutable_devices(0)->mutable_owner());
     }},
    {"Muster", "but the plan has no such challenge",
     [](EpochFixture& e) { e.opened().mutable_roster()->set_muster(false); }},
    {"Anchor", "is not the one of epoch 7 in the chain of slot 3",
     [](EpochFixture& e) {
       FlipByte(*e.opened().mutable_roster()->mutable_slots(0)->mutable_anchor());
     }},
    {"Beacon", "due_ms is", [](EpochFixture& e) { FlipByte(*e.opened().mutable_beacon()); }},
    {"BeaconTime", "expires_at_ms is",
     [](EpochFixture& e) {
       e.opened().set_beacon_ms(e.opened().beacon_ms() + 1);
       e.opened().set_epoch_end_ms(e.opened().epoch_end_ms() + 1);
     }},
    {"EpochEnd", "due_ms is",
     [](EpochFixture& e) { e.opened().set_epoch_end_ms(e.opened().epoch_end_ms() + 5000); }},
    {"ChainId", "report: chain id is 31337, expected 31338 as in the log",
     [](EpochFixture& e) { e.opened().mutable_roster()->set_chain_id(31338); }},
    {"Contract", "report: contract is",
     [](EpochFixture& e) { FlipByte(*e.opened().mutable_roster()->mutable_contract()); }},
    {"Epoch", "report: epoch is 7, expected 8 as in the log",
     [](EpochFixture& e) { e.opened().set_epoch(8); }},
    {"Slot", "report: slot is 3, expected 9 as in the log",
     [](EpochFixture& e) { e.opened().set_slot(9); }},
    {"Version", "version is 2, expected 1", [](EpochFixture& e) { e.opened().set_version(2); }},
    {"PolicyByte", "report: policy hash is",
     [](EpochFixture& e) { *e.opened().mutable_policy() += "\n"; }},
    {"PolicyHashChangedWithIt", "params is",
     [](EpochFixture& e) {
       e.opened().set_policy(
           absl::StrReplaceAll(e.opened().policy(), {{"samples: 4", "samples: 5"}}));
       e.report.policy_hash = Sha256(ViewOf(e.opened().policy()));
     }},
    {"PolicyThatIsNone", "nothing in the log can be recomputed",
     [](EpochFixture& e) {
       e.opened().set_policy("samples: many\n");
       e.report.policy_hash = Sha256(ViewOf(e.opened().policy()));
     }},
    {"Secret", "secret is",
     [](EpochFixture& e) { FlipByte(*e.records.back().mutable_epoch_closed()->mutable_secret()); }},
};

class ChangedLog : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedLog, IsRefusedWithATellingDifference) {
  EpochFixture epoch;
  GetParam().change(epoch);
  epoch.ReportAsRecorded();
  ExpectDifference(VerifyEpoch(epoch), GetParam().telling);
}

INSTANTIATE_TEST_SUITE_P(Records, ChangedLog, ::testing::ValuesIn(kRecords), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Verdicts, ChangedLog, ::testing::ValuesIn(kVerdicts), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Times, ChangedLog, ::testing::ValuesIn(kTimes), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Challenges, ChangedLog, ::testing::ValuesIn(kChallenges), NameOfChange);
INSTANTIATE_TEST_SUITE_P(EpochFacts, ChangedLog, ::testing::ValuesIn(kEpochFacts), NameOfChange);

}  // namespace
}  // namespace kaisar::audit
