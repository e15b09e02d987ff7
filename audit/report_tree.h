#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar::audit {

/// A proof that a report gives a device this score, or none.
struct ReportProof {
  Digest word{};
  std::uint32_t index = 0;  // of the word
  std::uint32_t next = 0;   // first id of the word after it; 0xffffff for the last
  std::vector<Digest> path;
};

/// The Merkle tree over a report's words as the Reports contract builds it.
///
/// Cost:   1,000,000 devices (125,000 words) in 0.5 s and 16 MB.
/// Source: docs/settlement.md, Report tree.
class ReportTree {
 public:
  /// Errors: InvalidArgument with the word's number when the first ids do not ascend.
  static absl::StatusOr<ReportTree> Make(std::vector<Digest> words);

  /// As stored on chain: with the lowest bit set.
  const Digest& root() const { return root_; }
  /// For the leaf that covers the device, an id below 0xffffff.
  ReportProof Prove(std::uint32_t device) const;
  /// The word of that leaf.
  const Digest& WordOf(std::uint32_t device) const { return words_[IndexOf(device)]; }

 private:
  ReportTree() = default;
  std::size_t IndexOf(std::uint32_t device) const;
  std::vector<Digest> words_;
  std::vector<std::vector<Digest>> levels_;
  Digest root_{};
};

/// Tells whether a proof opens the leaf that covers the device under a stored root.
bool OpensLeafOf(const ReportProof& proof, std::uint32_t device, const Digest& root);

/// The score that a word gives a device; null: absent (no lane, or above 200).
std::optional<std::uint8_t> ScoreIn(const Digest& word, std::uint32_t device);

}  // namespace kaisar::audit
