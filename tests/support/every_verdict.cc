#include "tests/support/every_verdict.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "challenges/latency/pings.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::testing {
namespace {

using v1::BANDWIDTH;
using v1::LATENCY;
using v1::MATMUL;

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kPingingMs = 26;  // as the fixture's eight pings take
constexpr std::uint32_t kPings = 4;

bool IsOf(const v1::Record& record, const std::string& challenge_id) {
  return record.issued().challenge().challenge().challenge_id() == challenge_id ||
         record.commitment().challenge_id() == challenge_id ||
         record.closed().challenge_id() == challenge_id;
}

/// Lets calls end otherwise.
class Rewriter {
 public:
  explicit Rewriter(EpochFixture& epoch) : epoch_(epoch) {}

  void Latencies() {
    Unheard(Ended(1, LATENCY, 3, v1::BROKEN, 30), 2);
    Unheard(Ended(1, LATENCY, 4, v1::DEADLINE, 5000), 1);
    Ended(1, LATENCY, 5, v1::VIOLATION, 12);
    Unheard(Ended(2, LATENCY, 2, v1::BROKEN, 40), 0);
    Ended(2, LATENCY, 3, v1::ABANDONED, 2500);
    epoch_.Closed(5, LATENCY, 4).set_clock_step_ms(500);
    v1::ChallengeClosed& given_up = Ended(2, LATENCY, 5, v1::NOT_SENT, 0);
    given_up.clear_latency();
    given_up.set_sent_ms(given_up.due_ms() + 1001);
    epoch_.Closed(3, LATENCY, 3).mutable_latency()->mutable_transcript()->set_signature("none");
    FewEchoes(epoch_.Closed(3, LATENCY, 4));
    Ended(4, LATENCY, 1, v1::DECLINED, 3).mutable_refusal()->set_message("no");
  }

  void Matmuls() {
    epoch_.Commitment(6, 0).set_elapsed_ns(31'000 * kNsPerMs);
    Unheard(Ended(6, MATMUL, 0, v1::DEADLINE, kPingingMs + 31'002), 1);
    Unheard(Ended(3, MATMUL, 1, v1::BROKEN, kPingingMs + 55), 1);
    v1::ChallengeClosed& twice = Ended(5, MATMUL, 1, v1::VIOLATION, kPingingMs + 60);
    *twice.mutable_matmul()->mutable_second_commitment() =
        SecondCommitment(epoch_.Commitment(5, 1).commitment());
    Unheard(Ended(5, MATMUL, 2, v1::DEADLINE, 2'000), 3);
    Erase(epoch_.FindCommitment(5, 2));
    v1::ChallengeClosed& crashed = Ended(2, MATMUL, 1, v1::NOT_SENT, 0);
    crashed.clear_matmul();
    crashed.set_sent_ms(0);
  }

  void Bandwidths() {
    v1::ChallengeClosed& nobody = Ended(5, BANDWIDTH, 0, v1::NO_CONNECTION, 800);
    Unheard(nobody, 1);
    nobody.mutable_bandwidth()->mutable_tests()->RemoveLast();
    nobody.mutable_bandwidth()->mutable_tests(0)->clear_measured();
    nobody.mutable_bandwidth()->mutable_tests(0)->clear_checker_result();
    v1::ChallengeClosed& wrong = Ended(6, BANDWIDTH, 0, v1::VIOLATION, 4900);
    wrong.mutable_bandwidth()->mutable_tests(1)->clear_measured();
    v1::ChallengeClosed& broken = epoch_.Closed(7, BANDWIDTH, 0);
    broken.set_transport(v1::BROKEN);
    Unheard(broken, 2);
    absl::StrReplaceAll({{"completed", "broken"}},
                        broken.mutable_bandwidth()->mutable_tests(1)->mutable_checker_result());
    epoch_.Closed(7, BANDWIDTH, 1).mutable_bandwidth()->mutable_transcript()->set_signature("");
  }

  void Judge() {
    std::vector<const v1::Record*> records;
    for (const v1::Record& record : epoch_.records) records.push_back(&record);
    for (v1::Record& record : epoch_.records) {
      if (!record.has_closed()) continue;
      const challenges::Judgement judged = JudgeAnew(epoch_, records, record.closed());
      record.mutable_closed()->set_verdict(judged.verdict);
      record.mutable_closed()->set_reason(judged.reason);
    }
  }

  /// As the times that each record tells of.
  void Sort() {
    std::vector<std::pair<std::uint64_t, v1::Record>> timed;
    for (v1::Record& record : epoch_.records) timed.emplace_back(WrittenMs(record), record);
    std::stable_sort(timed.begin(), timed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    epoch_.records.clear();
    for (auto& [at_ms, record] : timed) epoch_.records.push_back(std::move(record));
  }

 private:
  /// Without what only a completed call has.
  v1::ChallengeClosed& Ended(std::uint32_t device, v1::Kind kind, std::uint32_t sequence,
                             v1::Transport transport, std::uint64_t elapsed_ms) {
    v1::ChallengeClosed& closed = epoch_.Closed(device, kind, sequence);
    closed.set_transport(transport);
    closed.set_elapsed_ms(elapsed_ms);
    closed.set_detail("as the transport says");
    if (kind == LATENCY) {
      closed.mutable_latency()->clear_transcript();
      while (closed.latency().echoes_size() > 1) {
        closed.mutable_latency()->mutable_echoes()->RemoveLast();
      }
    } else if (kind == MATMUL) {
      closed.mutable_matmul()->Clear();
    } else {
      closed.mutable_bandwidth()->clear_transcript();
    }
    return closed;
  }

  static void Unheard(v1::ChallengeClosed& closed, std::uint32_t devices_heard) {
    closed.mutable_reachability()->set_devices_heard(devices_heard);
    closed.mutable_reachability()->set_endpoints_tried(3);
    closed.mutable_reachability()->set_endpoints_reached(devices_heard == 0 ? 0 : 1);
  }

  Digest DigestOf(const v1::ChallengeClosed& closed) {
    return challenges::ChallengeDigest(
        Domain(),
        epoch_.Issued(closed.device(), closed.kind(), closed.sequence()).challenge().challenge());
  }
  SigningDomain Domain() { return challenges::DomainOf(epoch_.opened().roster()); }

  /// One of four came back, and the device signed that.
  void FewEchoes(v1::ChallengeClosed& closed) {
    v1::LatencyEvidence& latency = *closed.mutable_latency();
    latency.mutable_echoes()->DeleteSubrange(1, static_cast<int>(kPings) - 1);
    const Digest id = challenges::ToDigest(closed.challenge_id());
    const Digest hash =
        challenges::NoncesHash(challenges::PingNonces(epoch_.key(), id, kPings), latency).value();
    const Digest digest = challenges::PingTranscriptDigest(Domain(), id, DigestOf(closed), hash);
    latency.mutable_transcript()->set_signature(
        ToString(EpochFixture::DeviceKeyOf(closed.device()).Sign(digest)));
  }

  v1::MatmulCommitment SecondCommitment(const v1::MatmulCommitment& first) {
    v1::MatmulCommitment second = first;
    Digest value = challenges::ToDigest(first.commitment());
    value[0] ^= 1;
    second.set_commitment(ToString(value));
    const Digest digest =
        challenges::MatmulCommitmentDigest(Domain(), challenges::ToDigest(first.challenge_id()),
                                           DigestOf(epoch_.Closed(5, MATMUL, 1)), value);
    second.set_signature(ToString(EpochFixture::DeviceKeyOf(5).Sign(digest)));
    return second;
  }

  void Erase(std::size_t index) {
    epoch_.records.erase(epoch_.records.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::uint64_t WrittenMs(const v1::Record& record) {
    const std::uint64_t beacon_ms = EpochFixture::kBeaconMs;
    if (record.has_issued()) return record.issued().issued_ms();
    if (record.has_described()) return beacon_ms + record.described().asked_ms();
    if (record.has_epoch_opened()) return 0;
    if (record.has_epoch_closed()) return record.epoch_closed().closed_ms();
    if (record.has_closed()) {
      const v1::ChallengeClosed& closed = record.closed();
      const std::uint64_t sent_ms =
          closed.sent_ms() == 0 ? closed.due_ms() + 5000 : closed.sent_ms();
      return beacon_ms + sent_ms + closed.elapsed_ms() +
             static_cast<std::uint64_t>(closed.clock_step_ms());
    }
    for (const v1::Record& other : epoch_.records) {
      if (!other.has_issued() || !IsOf(other, record.commitment().challenge_id())) continue;
      return other.issued().issued_ms() + 2 + kPingingMs +
             record.commitment().elapsed_ns() / kNsPerMs;
    }
    return 0;
  }

  EpochFixture& epoch_;
};

}  // namespace

challenges::Judgement JudgeAnew(const EpochFixture& epoch,
                                const std::vector<const v1::Record*>& records,
                                const v1::ChallengeClosed& closed) {
  challenges::Evidence evidence;
  for (const v1::Record* record : records) {
    if (!IsOf(*record, closed.challenge_id())) continue;
    if (record->has_issued()) evidence.issued = &record->issued();
    if (record->has_commitment()) evidence.commitment = &record->commitment();
  }
  evidence.closed = &closed;
  const challenges::EpochKey key = epoch.key();
  return challenges::Judge({key, records.front()->epoch_opened().roster(), epoch.policy(),
                            EpochFixture::kSlot, EpochFixture::kBeaconMs},
                           evidence);
}

EpochFixture MakeEpochOfEveryVerdict() {
  EpochFixture epoch;
  Rewriter rewriter(epoch);
  rewriter.Latencies();
  rewriter.Matmuls();
  rewriter.Bandwidths();
  rewriter.Judge();
  rewriter.Sort();
  epoch.ReportAsRecorded();
  return epoch;
}

}  // namespace kaisar::testing
