#include "kernels/merkle_tree.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "base/check.h"
#include "base/sha256.h"

namespace kaisar::kernels {
namespace {

constexpr std::uint32_t kMostSegmentBytes = 1024;
// Below this many leaves (about 1 ms) a thread costs more than it saves.
constexpr std::size_t kLeavesWorthAThread = 1024;

ByteView BytesOf(absl::Span<const std::int8_t> elements) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(elements.data()), elements.size());
}

// In one piece: a message of exactly one block skips the hash's buffering.
Digest NodeOf(ByteView left, ByteView right) {
  std::array<std::uint8_t, 2 * sizeof(Digest)> children;
  std::copy(left.begin(), left.end(), children.begin());
  std::copy(right.begin(), right.end(), children.begin() + sizeof(Digest));
  return Sha256(children);
}

// Calls work(i) for i in [0, count) on up to `threads` threads, this one included; this one asks
// `cancelled`. False when that said so.
template <typename Work>
bool InParts(std::size_t count, int threads, const std::function<bool()>& cancelled,
             const Work& work) {
  const std::size_t most = std::max<std::size_t>(1, count / kLeavesWorthAThread);
  const std::size_t parts = std::min(most, static_cast<std::size_t>(threads));
  std::atomic<bool> stopped = false;
  const auto do_part = [&](std::size_t part) {
    const std::size_t last = count * (part + 1) / parts;
    for (std::size_t i = count * part / parts; i < last && !stopped; ++i) {
      if (part == 0 && i % kLeavesWorthAThread == 0 && cancelled()) stopped = true;
      work(i);
    }
  };
  std::vector<std::thread> others;
  others.reserve(parts - 1);
  for (std::size_t part = 1; part < parts; ++part) others.emplace_back(do_part, part);
  do_part(0);
  for (std::thread& other : others) other.join();
  return !stopped;
}

}  // namespace

std::uint32_t SegmentBytes(std::uint32_t n) {
  return std::min(n, kMostSegmentBytes);
}

MerkleTree MerkleTree::Build(absl::Span<const std::int8_t> state, std::uint32_t n, int threads) {
  return Build(state, n, threads, [] { return false; }).value();
}

absl::StatusOr<MerkleTree> MerkleTree::Build(absl::Span<const std::int8_t> state, std::uint32_t n,
                                             int threads, const std::function<bool()>& cancelled) {
  KAISAR_CHECK(threads >= 1 && state.size() == std::size_t{n} * n);
  const std::size_t segment = SegmentBytes(n);
  MerkleTree tree;
  std::vector<Digest>& leaves = tree.levels_.emplace_back(state.size() / segment);
  KAISAR_CHECK((leaves.size() & (leaves.size() - 1)) == 0);
  bool finished = InParts(leaves.size(), threads, cancelled, [&](std::size_t i) {
    leaves[i] = Sha256(BytesOf(state.subspan(i * segment, segment)));
  });
  while (finished && tree.levels_.back().size() > 1) {
    std::vector<Digest> parents(tree.levels_.back().size() / 2);
    const std::vector<Digest>& children = tree.levels_.back();
    finished = InParts(parents.size(), threads, cancelled, [&](std::size_t i) {
      parents[i] = NodeOf(children[2 * i], children[2 * i + 1]);
    });
    tree.levels_.push_back(std::move(parents));
  }
  if (!finished) return absl::CancelledError("hashing a state was cancelled");
  return tree;
}

Bytes MerkleTree::Path(std::uint32_t level, std::uint64_t index) const {
  KAISAR_CHECK(level < levels_.size() && index < levels_[level].size());
  Bytes path;
  path.reserve((levels_.size() - 1 - level) * sizeof(Digest));
  for (; level + 1 < levels_.size(); ++level, index /= 2) Append(path, levels_[level][index ^ 1]);
  return path;
}

Digest RootFromPath(const Digest& node, std::uint64_t index, ByteView path) {
  KAISAR_CHECK(path.size() % sizeof(Digest) == 0);
  Digest root = node;
  for (; !path.empty(); path.remove_prefix(sizeof(Digest)), index /= 2) {
    const ByteView sibling = path.first(sizeof(Digest));
    root = index % 2 == 0 ? NodeOf(root, sibling) : NodeOf(sibling, root);
  }
  return root;
}

Digest RowRoot(absl::Span<const std::int8_t> row) {
  const std::size_t segment = SegmentBytes(static_cast<std::uint32_t>(row.size()));
  std::vector<Digest> nodes(row.size() / segment);
  KAISAR_CHECK(!nodes.empty() && (nodes.size() & (nodes.size() - 1)) == 0);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i] = Sha256(BytesOf(row.subspan(i * segment, segment)));
  }
  for (std::size_t size = nodes.size(); size > 1; size /= 2) {
    for (std::size_t i = 0; i < size / 2; ++i) nodes[i] = NodeOf(nodes[2 * i], nodes[2 * i + 1]);
  }
  return nodes.front();
}

}  // namespace kaisar::kernels
