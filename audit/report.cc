#include "audit/report.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/keccak256.h"
#include "challenges/limits.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kLaneBytes = 4;
constexpr std::size_t kLanes = 8;
static_assert(kLaneBytes * kLanes == std::tuple_size_v<Digest>);
constexpr std::array<std::uint8_t, kLaneBytes> kUnusedLane{0xff, 0xff, 0xff, 0x00};
constexpr std::uint8_t kMostScore = 200;

Digest UnusedWord() {
  Digest word;
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = kUnusedLane[i % kLaneBytes];
  return word;
}

absl::Status WrongLane(std::size_t word, std::size_t lane, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("word ", word, ", lane ", lane, ": ", what));
}

}  // namespace

std::vector<Digest> PackScores(const std::vector<DeviceScore>& scores) {
  std::vector<ReportedScore> reported;
  for (const DeviceScore& device : scores) {
    if (device.score.has_value()) reported.push_back({device.device, *device.score});
  }
  std::sort(reported.begin(), reported.end(),
            [](const ReportedScore& a, const ReportedScore& b) { return a.device < b.device; });
  std::vector<Digest> words((reported.size() + kLanes - 1) / kLanes, UnusedWord());
  for (std::size_t i = 0; i < reported.size(); ++i) {
    const std::uint32_t id = reported[i].device;
    KAISAR_CHECK(id <= challenges::kMostDeviceId && reported[i].score <= kMostScore);
    std::uint8_t* lane = &words[i / kLanes][i % kLanes * kLaneBytes];
    lane[0] = static_cast<std::uint8_t>(id >> 16);
    lane[1] = static_cast<std::uint8_t>(id >> 8);
    lane[2] = static_cast<std::uint8_t>(id);
    lane[3] = reported[i].score;
  }
  return words;
}

absl::StatusOr<std::vector<ReportedScore>> UnpackScores(const std::vector<Digest>& words) {
  std::vector<ReportedScore> scores;
  bool ended = false;
  for (std::size_t i = 0; i < words.size() * kLanes; ++i) {
    const std::size_t word = i / kLanes, lane = i % kLanes;
    const std::uint8_t* bytes = &words[word][lane * kLaneBytes];
    if (std::equal(kUnusedLane.begin(), kUnusedLane.end(), bytes)) {
      if (lane == 0) return WrongLane(word, lane, "the word is unused and should not be there");
      ended = true;
      continue;
    }
    const std::uint32_t device =
        std::uint32_t{bytes[0]} << 16 | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]};
    if (ended) return WrongLane(word, lane, "is used after an unused one");
    if (device > challenges::kMostDeviceId) {
      return WrongLane(word, lane,
                       absl::StrCat("device is ", device, ", limit ", challenges::kMostDeviceId));
    }
    if (bytes[3] > kMostScore) {
      return WrongLane(word, lane,
                       absl::StrCat("score is ", bytes[3], ", expected at most ", kMostScore));
    }
    if (!scores.empty() && device <= scores.back().device) {
      return WrongLane(word, lane,
                       absl::StrCat("device ", device, " follows device ", scores.back().device));
    }
    scores.push_back({device, bytes[3]});
  }
  return scores;
}

Digest ReportCommitment(const Report& report) {
  Bytes words;
  words.reserve(report.words.size() * sizeof(Digest));
  for (const Digest& word : report.words) Append(words, word);
  Bytes facts;
  Append(facts, report.transcript_root);
  Append(facts, report.policy_hash);
  Append(facts, report.secret);
  Bytes both;
  Append(both, Keccak256(words));
  Append(both, Keccak256(facts));
  return Keccak256(both);
}

Digest ReportDigest(const Report& report) {
  StructHasher hasher("Report(uint32 epoch,uint32 slot,uint16 specVersion,bytes32 commitment)");
  hasher.Uint(report.epoch)
      .Uint(report.slot)
      .Uint(report.spec_version)
      .Bytes32(ReportCommitment(report));
  return TypedDigest(report.domain, hasher.Finish());
}

}  // namespace kaisar::audit
