#include "audit/report_tree.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/keccak256.h"
#include "challenges/limits.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kLaneBytes = 4;
constexpr std::uint8_t kMostScore = 200;
constexpr std::uint8_t kLeafMark = 0x01;
/// Stands for "no word follows": no device has this id.
constexpr std::uint32_t kNoDevice = 0xffffff;
static_assert(kNoDevice == challenges::kMostDeviceId + 1);

std::uint32_t IdAt(const std::uint8_t* lane) {
  return std::uint32_t{lane[0]} << 16 | std::uint32_t{lane[1]} << 8 | std::uint32_t{lane[2]};
}

std::uint32_t FirstId(const Digest& word) {
  return IdAt(word.data());
}

Digest UnusedWord() {
  Digest word;
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = i % kLaneBytes == 3 ? 0x00 : 0xff;
  return word;
}

void PutBigEndian32(std::uint8_t* to, std::uint32_t value) {
  to[0] = static_cast<std::uint8_t>(value >> 24);
  to[1] = static_cast<std::uint8_t>(value >> 16);
  to[2] = static_cast<std::uint8_t>(value >> 8);
  to[3] = static_cast<std::uint8_t>(value);
}

/// keccak256( keccak256(word || BE256(index·2^128 + next)) || 0x01 )
Digest Leaf(const Digest& word, std::uint32_t index, std::uint32_t next) {
  std::array<std::uint8_t, 64> content{};
  std::copy(word.begin(), word.end(), content.begin());
  PutBigEndian32(&content[32 + 12], index);
  PutBigEndian32(&content[32 + 28], next);
  std::array<std::uint8_t, 33> marked{};
  const Digest inner = Keccak256(content);
  std::copy(inner.begin(), inner.end(), marked.begin());
  marked.back() = kLeafMark;
  return Keccak256(marked);
}

Digest Node(const Digest& a, const Digest& b) {
  const auto& [smaller, larger] = std::minmax(a, b);
  std::array<std::uint8_t, 64> children{};
  std::copy(smaller.begin(), smaller.end(), children.begin());
  std::copy(larger.begin(), larger.end(), children.begin() + 32);
  return Keccak256(children);
}

std::vector<Digest> LevelAbove(const std::vector<Digest>& level) {
  std::vector<Digest> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
    above.push_back(Node(level[i], level[i + 1]));
  }
  if (level.size() % 2 == 1) above.push_back(level.back());
  return above;
}

/// As the contract stores a root: the lowest bit tells it from a commitment.
Digest Flagged(Digest root) {
  root.back() |= 1;
  return root;
}

std::uint32_t NextId(const std::vector<Digest>& words, std::size_t index) {
  return index + 1 < words.size() ? FirstId(words[index + 1]) : kNoDevice;
}

}  // namespace

absl::StatusOr<ReportTree> ReportTree::Make(std::vector<Digest> words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::uint32_t before = FirstId(words[i - 1]), first = FirstId(words[i]);
    if (first <= before) {
      return absl::InvalidArgumentError(absl::StrCat("word ", i, ": first device ", first,
                                                     " follows ", before, ", ids must ascend"));
    }
  }
  ReportTree tree;
  if (words.empty()) words.push_back(UnusedWord());
  std::vector<Digest> level;
  level.reserve(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    level.push_back(Leaf(words[i], static_cast<std::uint32_t>(i), NextId(words, i)));
  }
  tree.levels_.push_back(std::move(level));
  while (tree.levels_.back().size() > 1) {
    tree.levels_.push_back(LevelAbove(tree.levels_.back()));
  }
  tree.root_ = Flagged(tree.levels_.back().front());
  tree.words_ = std::move(words);
  return tree;
}

std::size_t ReportTree::IndexOf(std::uint32_t device) const {
  KAISAR_CHECK(device < kNoDevice);
  const auto above =
      std::upper_bound(words_.begin(), words_.end(), device,
                       [](std::uint32_t id, const Digest& word) { return id < FirstId(word); });
  const auto index = static_cast<std::size_t>(above - words_.begin());
  return index == 0 ? 0 : index - 1;  // what lies before the first word belongs to leaf 0
}

ReportProof ReportTree::Prove(std::uint32_t device) const {
  std::size_t index = IndexOf(device);
  ReportProof proof;
  proof.word = words_[index];
  proof.index = static_cast<std::uint32_t>(index);
  proof.next = NextId(words_, index);
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level, index /= 2) {
    const std::size_t sibling = index ^ 1;
    if (sibling < levels_[level].size()) proof.path.push_back(levels_[level][sibling]);
  }
  return proof;
}

bool OpensLeafOf(const ReportProof& proof, std::uint32_t device, const Digest& root) {
  const std::uint32_t first = proof.index == 0 ? 0 : FirstId(proof.word);
  if (device < first || device >= proof.next || proof.next > kNoDevice) return false;
  Digest node = Leaf(proof.word, proof.index, proof.next);
  for (const Digest& sibling : proof.path) node = Node(node, sibling);
  return Flagged(node) == root;
}

std::optional<std::uint8_t> ScoreIn(const Digest& word, std::uint32_t device) {
  for (std::size_t lane = 0; lane < word.size(); lane += kLaneBytes) {
    if (IdAt(&word[lane]) != device) continue;
    const std::uint8_t score = word[lane + 3];
    if (score > kMostScore) return std::nullopt;
    return score;
  }
  return std::nullopt;
}

}  // namespace kaisar::audit
