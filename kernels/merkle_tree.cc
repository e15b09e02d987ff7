#include "kernels/merkle_tree.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "base/check.h"
#include "kernels/sha256_lanes.h"

namespace kaisar::kernels {
namespace {

constexpr std::uint32_t kMostSegmentBytes = 1024;
// About 0.5 ms: with fewer, a thread costs more than it saves.
constexpr std::size_t kPieceLeaves = 1024;

const std::uint8_t* FirstByteOf(absl::Span<const std::int8_t> elements) {
  return reinterpret_cast<const std::uint8_t*>(elements.data());
}

const std::uint8_t* FirstByteOf(absl::Span<const Digest> digests) {
  return digests.front().data();
}

// Two children lie one behind the other, as their parent's message.
static_assert(sizeof(Digest[2]) == 2 * sizeof(Digest));

// Calls work(first, end) for pieces of [0, count) on up to `threads` threads, this one included;
// this one asks `cancelled` before each of its pieces. False when that said so.
template <typename Work>
bool InParts(std::size_t count, int threads, const std::function<bool()>& cancelled,
             const Work& work) {
  const std::size_t most = std::max<std::size_t>(1, count / kPieceLeaves);
  const std::size_t parts = std::min(most, static_cast<std::size_t>(threads));
  std::atomic<bool> stopped = false;
  const auto do_part = [&](std::size_t part) {
    const std::size_t end = count * (part + 1) / parts;
    for (std::size_t i = count * part / parts; i < end && !stopped; i += kPieceLeaves) {
      if (part == 0 && cancelled()) stopped = true;
      work(i, std::min(i + kPieceLeaves, end));
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
  const auto hash = [&](std::size_t first, std::size_t end) {
    Sha256Each(FirstByteOf(state.subspan(first * segment)), segment,
               absl::MakeSpan(leaves).subspan(first, end - first));
  };
  bool finished = InParts(leaves.size(), threads, cancelled, hash);
  while (finished && tree.levels_.back().size() > 1) {
    std::vector<Digest> parents(tree.levels_.back().size() / 2);
    const auto join = [&](std::size_t first, std::size_t end) {
      Sha256Each(FirstByteOf(absl::MakeConstSpan(tree.levels_.back()).subspan(2 * first)),
                 2 * sizeof(Digest), absl::MakeSpan(parents).subspan(first, end - first));
    };
    finished = InParts(parents.size(), threads, cancelled, join);
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

std::vector<Digest> RowRoots(absl::Span<const absl::Span<const std::int8_t>> rows) {
  if (rows.empty()) return {};
  const std::size_t n = rows.front().size();
  const std::size_t segment = SegmentBytes(static_cast<std::uint32_t>(n));
  std::size_t width = n / segment;  // nodes of a row, on the level that is done
  KAISAR_CHECK(width > 0 && (width & (width - 1)) == 0);
  std::vector<const std::uint8_t*> segments;
  segments.reserve(rows.size() * width);
  for (const absl::Span<const std::int8_t> row : rows) {
    KAISAR_CHECK(row.size() == n);
    for (std::size_t i = 0; i < width; ++i) segments.push_back(FirstByteOf(row) + i * segment);
  }
  std::vector<Digest> nodes(segments.size());
  Sha256Each(segments, segment, absl::MakeSpan(nodes));
  for (; width > 1; width /= 2) {
    std::vector<Digest> parents(nodes.size() / 2);
    Sha256Each(FirstByteOf(nodes), 2 * sizeof(Digest), absl::MakeSpan(parents));
    nodes = std::move(parents);
  }
  return nodes;
}

std::vector<Digest> RootsOfPaths(std::vector<MerklePath> paths) {
  std::vector<std::array<Digest, 2>> children;
  std::vector<MerklePath*> climbing;
  std::vector<Digest> parents;
  while (true) {
    children.clear();
    climbing.clear();
    for (MerklePath& path : paths) {
      if (path.siblings.empty()) continue;
      climbing.push_back(&path);
      std::array<Digest, 2>& pair = children.emplace_back();
      const std::size_t side = path.index % 2;
      pair[side] = path.node;
      KAISAR_CHECK(path.siblings.size() >= sizeof(Digest) &&
                   CopyExactly(path.siblings.first(sizeof(Digest)), pair[1 - side]));
    }
    if (climbing.empty()) break;
    parents.resize(climbing.size());
    Sha256Each(FirstByteOf(children.front()), 2 * sizeof(Digest), absl::MakeSpan(parents));
    for (std::size_t i = 0; i < climbing.size(); ++i) {
      climbing[i]->node = parents[i];
      climbing[i]->index /= 2;
      climbing[i]->siblings.remove_prefix(sizeof(Digest));
    }
  }
  std::vector<Digest> roots;
  roots.reserve(paths.size());
  for (const MerklePath& path : paths) roots.push_back(path.node);
  return roots;
}

}  // namespace kaisar::kernels
