// Single changes to what devices sent and to what excuses the checker; the report follows the
// changed log and is signed again.

#include <utility>

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

void FlipByte(std::string& bytes, std::size_t at = 5) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
}

/// Changes an opening with the help of its device, which signs the changed one.
void ChangeOpening(EpochFixture& epoch, const std::function<void(v1::MatmulOpeningBody&)>& change) {
  v1::ChallengeClosed& closed = epoch.Closed(1, MATMUL, 0);
  v1::MatmulOpening& opening = *closed.mutable_matmul()->mutable_opening();
  v1::MatmulOpeningBody body;
  ASSERT_TRUE(body.ParseFromString(opening.body()));
  change(body);
  opening.set_body(body.SerializeAsString());
  const Digest digest = challenges::MatmulOpeningDigest(
      {EpochFixture::kChainId, Address{}}, challenges::ToDigest(closed.challenge_id()),
      challenges::ToDigest(epoch.Commitment(1, 0).commitment().commitment()),
      Sha256(ViewOf(opening.body())));
  opening.set_signature(ToString(EpochFixture::DeviceKeyOf(1).Sign(digest)));
}

/// A challenge that another one, of device 6 and 20 s long, shows to have been due while the
/// checker was running.
v1::ChallengeClosed& DueDuringALongCall(EpochFixture& epoch) {
  for (std::uint32_t q = 0; q < 3; ++q) {
    const v1::ChallengeClosed& call = epoch.Closed(6, MATMUL, q);
    for (v1::Record& record : epoch.records) {
      if (!record.has_closed()) continue;
      v1::ChallengeClosed& closed = *record.mutable_closed();
      if (closed.kind() == LATENCY && closed.device() < 4 && closed.due_ms() > call.sent_ms() &&
          closed.due_ms() + 6000 + 10'000 < call.sent_ms() + call.elapsed_ms()) {
        return closed;
      }
    }
  }
  ADD_FAILURE() << "the fixture has no such challenge";
  return epoch.Closed(1, LATENCY, 0);
}

void Excuse(v1::ChallengeClosed& closed, v1::Reason reason) {
  closed.clear_latency();
  closed.clear_matmul();
  closed.set_verdict(v1::INCONCLUSIVE);
  closed.set_reason(reason);
}

const Change kProofs[] = {
    {"CommitmentOfAnotherChallenge", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       v1::MatmulCommitment& commitment = *e.Commitment(1, 0).mutable_commitment();
       const std::string id = commitment.challenge_id();
       commitment = e.Commitment(2, 0).commitment();
       commitment.set_challenge_id(id);
     }},
    {"CommitmentThatNamesAnotherChallenge", "expected FAIL MALFORMED",
     [](EpochFixture& e) {
       v1::MatmulCommitment& commitment = *e.Commitment(1, 0).mutable_commitment();
       commitment.set_challenge_id(e.Commitment(2, 0).challenge_id());
     }},
    {"RootByte", "expected FAIL MALFORMED",
     [](EpochFixture& e) { FlipByte(*e.Commitment(1, 0).mutable_commitment()->mutable_roots()); }},
    {"CommitmentSignature", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       FlipByte(*e.Commitment(1, 0).mutable_commitment()->mutable_signature());
     }},
    {"OpeningByte", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       FlipByte(*e.Closed(1, MATMUL, 0).mutable_matmul()->mutable_opening()->mutable_body(), 99);
     }},
    {"OpeningByteWithTheDevicesHelp", "expected FAIL PROOF_INVALID",
     [](EpochFixture& e) {
       ChangeOpening(e, [](auto& body) { FlipByte(*body.mutable_samples(3)->mutable_segment()); });
     }},
    {"SampleOrder", "expected FAIL PROOF_INVALID",
     [](EpochFixture& e) {
       ChangeOpening(e, [](auto& body) { body.mutable_samples()->SwapElements(0, 3); });
     }},
    {"SampleLeftOut", "expected FAIL PROOF_INVALID",
     [](EpochFixture& e) {
       ChangeOpening(e, [](auto& body) { body.mutable_samples()->RemoveLast(); });
     }},
    {"SampleRepeated", "expected FAIL PROOF_INVALID",
     [](EpochFixture& e) {
       ChangeOpening(e, [](auto& body) { *body.mutable_samples(1) = body.samples(0); });
     }},
    {"NoSamples", "expected FAIL PROOF_INVALID",
     [](EpochFixture& e) { ChangeOpening(e, [](auto& body) { body.clear_samples(); }); }},
    {"OpeningOfAnotherChallenge", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       *e.Closed(1, MATMUL, 0).mutable_matmul() = e.Closed(2, MATMUL, 0).matmul();
     }},
};

const Change kPings[] = {
    {"TranscriptSignature", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       FlipByte(
           *e.Closed(1, LATENCY, 0).mutable_latency()->mutable_transcript()->mutable_signature());
     }},
    {"TranscriptOfAnotherChallenge", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       *e.Closed(1, LATENCY, 0).mutable_latency() = e.Closed(1, LATENCY, 1).latency();
     }},
    {"EchoDropped", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       e.Closed(1, LATENCY, 0).mutable_latency()->mutable_echoes()->RemoveLast();
     }},
    {"EchoRepeated", "expected FAIL MALFORMED",
     [](EpochFixture& e) {
       e.Closed(1, LATENCY, 0).mutable_latency()->mutable_echoes(1)->set_ping(0);
     }},
    {"EchoesSwapped", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       e.Closed(1, LATENCY, 0).mutable_latency()->mutable_echoes()->SwapElements(0, 1);
     }},
};

v1::BandwidthEvidence::Test& TestOf(EpochFixture& epoch, std::uint32_t device, int test) {
  return *epoch.Closed(device, BANDWIDTH, 1).mutable_bandwidth()->mutable_tests(test);
}

/// Ten times as much, in bytes.
void MultiplyCounts(std::string& result) {
  ASSERT_GE(absl::StrReplaceAll({{",\"seconds\"", "0,\"seconds\""}}, &result), 2);
}

const Change kTests[] = {
    {"DeviceReportsTenTimesAsMuch", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       MultiplyCounts(*TestOf(e, 6, 0).mutable_measured()->mutable_result());
     }},
    {"CutResult", "expected FAIL MALFORMED",
     [](EpochFixture& e) { TestOf(e, 6, 0).mutable_measured()->mutable_result()->resize(50); }},
    {"ResultsOfAnotherChallenge", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       *e.Closed(6, BANDWIDTH, 1).mutable_bandwidth() = e.Closed(6, BANDWIDTH, 0).bandwidth();
     }},
    {"ResultsOfAnotherDevice", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       *e.Closed(6, BANDWIDTH, 1).mutable_bandwidth() = e.Closed(5, BANDWIDTH, 1).bandwidth();
     }},
    {"ResultsSwapped", "expected INCONCLUSIVE STOPPED",
     [](EpochFixture& e) {
       e.Closed(6, BANDWIDTH, 1).mutable_bandwidth()->mutable_tests()->SwapElements(0, 1);
     }},
    {"SignatureOfTheResults", "expected FAIL SIGNATURE_INVALID",
     [](EpochFixture& e) {
       FlipByte(*e.Closed(6, BANDWIDTH, 1)
                     .mutable_bandwidth()
                     ->mutable_transcript()
                     ->mutable_signature());
     }},
    {"NoTranscript", "the checker's record is unusable: the call completed without a transcript",
     [](EpochFixture& e) { e.Closed(6, BANDWIDTH, 1).mutable_bandwidth()->clear_transcript(); }},
    {"NoCountOfTheChecker", "the checker's record is unusable: result is no JSON",
     [](EpochFixture& e) { TestOf(e, 6, 1).clear_checker_result(); }},
    {"TestOfHalfASecond", "expected FAIL MALFORMED: a test was cut short",
     [](EpochFixture& e) {
       std::string& result = *TestOf(e, 6, 1).mutable_checker_result();
       ASSERT_EQ(absl::StrReplaceAll({{"1.000003", "0.500003"}}, &result), 1);
     }},
};

const Change kExcuses[] = {
    {"StoppedWhileItWasRunning", "is STOPPED, but other challenges show that the checker was",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = DueDuringALongCall(e);
       closed.set_transport(v1::NOT_SENT);
       closed.set_sent_ms(0);
       closed.set_elapsed_ms(0);
       Excuse(closed, v1::STOPPED);
     }},
    {"OfflineWhileOthersAnswered", "but another device's challenge was sent and answered",
     [](EpochFixture& e) {
       v1::ChallengeClosed& closed = e.Closed(6, MATMUL, 1);
       closed.set_transport(v1::DEADLINE);
       e.records.erase(e.records.begin() + static_cast<std::ptrdiff_t>(e.FindCommitment(6, 1)));
       Excuse(e.Closed(6, MATMUL, 1), v1::CHECKER_OFFLINE);
     }},
};

class ChangedEvidence : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedEvidence, IsRefusedWithATellingDifference) {
  EpochFixture epoch;
  GetParam().change(epoch);
  epoch.ReportAsRecorded();
  ExpectDifference(VerifyEpoch(epoch), GetParam().telling);
}

INSTANTIATE_TEST_SUITE_P(Proofs, ChangedEvidence, ::testing::ValuesIn(kProofs), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Pings, ChangedEvidence, ::testing::ValuesIn(kPings), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Tests, ChangedEvidence, ::testing::ValuesIn(kTests), NameOfChange);
INSTANTIATE_TEST_SUITE_P(Excuses, ChangedEvidence, ::testing::ValuesIn(kExcuses), NameOfChange);

TEST(ChangedCount, OfTheCheckerAfterTheReportIsRefused) {
  EpochFixture epoch;
  const std::vector<Digest> words = epoch.report.words;
  for (auto& test : *epoch.Closed(1, BANDWIDTH, 1).mutable_bandwidth()->mutable_tests()) {
    absl::StrReplaceAll({{"13750000,\"sec", "1375000,\"sec"}}, test.mutable_checker_result());
  }
  epoch.ReportAsRecorded();
  epoch.report.words = words;
  ExpectDifference(VerifyEpoch(epoch),
                   "report: score of device 1 is 200, expected 164: measured 10.9 Mbit/s down and "
                   "10.9 Mbit/s up, 10.9 % of what counts");
}

}  // namespace
}  // namespace kaisar::audit
