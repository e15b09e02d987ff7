#include "kernels/gpu_frames.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "kernels/merkle_tree.h"

namespace kaisar::kernels {
namespace {

constexpr std::size_t kMostDescriptionBytes = 256;
constexpr std::size_t kShapeBytes = 8;
constexpr std::size_t kNodeBytes = 16;
constexpr std::size_t kMemoryBytes = 16;

void Put32(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
}

void Put64(std::string& to, std::uint64_t value) {
  Put32(to, static_cast<std::uint32_t>(value >> 32));
  Put32(to, static_cast<std::uint32_t>(value));
}

// An integer of `width` bytes from the front of `from`, which must have them.
std::uint64_t Take(absl::string_view& from, std::size_t width) {
  KAISAR_CHECK(from.size() >= width);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(from[i]);
  }
  from.remove_prefix(width);
  return value;
}

absl::Status Wrong(absl::string_view what, std::uint64_t found, std::uint64_t limit) {
  return absl::DataLossError(absl::StrCat(what, " is ", found, ", expected ", limit));
}

absl::Status CheckSize(absl::string_view what, absl::string_view body, std::uint64_t expected) {
  if (body.size() == expected) return absl::OkStatus();
  return Wrong(absl::StrCat("size of ", what), body.size(), expected);
}

// Levels above the leaves of one state.
std::uint32_t LevelsOf(std::uint32_t n) {
  return static_cast<std::uint32_t>(std::countr_zero(std::uint64_t{n} * n / SegmentBytes(n)));
}

std::uint64_t ElementBytes(std::uint32_t n, const StateNode& node) {
  return std::uint64_t{SegmentBytes(n)} << node.level;
}

std::uint64_t PathBytes(std::uint32_t n, const StateNode& node) {
  return (LevelsOf(n) - node.level) * sizeof(Digest);
}

// Of a kind's body; nothing for what is no kind.
std::uint64_t MostBodyBytes(std::uint8_t kind) {
  switch (static_cast<FrameKind>(kind)) {
    case FrameKind::kSize:
      return kShapeBytes;
    case FrameKind::kProve:
      return sizeof(Digest) + kShapeBytes;
    case FrameKind::kOpen:
      return kMostFrameNodes * kNodeBytes;
    case FrameKind::kReady:
      return kMemoryBytes + kMostDescriptionBytes;
    case FrameKind::kBytes:
      return sizeof(std::uint64_t);
    case FrameKind::kRoots:
      return kMostFrameRounds * sizeof(Digest);
    case FrameKind::kNodes:
      return kMostNodesBytes;
    case FrameKind::kFailed:
      return 1 + kMostFailureBytes;
    case FrameKind::kCancel:
    case FrameKind::kDrop:
      return 0;
  }
  return 0;
}

bool IsKind(std::uint8_t kind) {
  return (kind >= static_cast<std::uint8_t>(FrameKind::kSize) &&
          kind <= static_cast<std::uint8_t>(FrameKind::kDrop)) ||
         (kind >= static_cast<std::uint8_t>(FrameKind::kReady) &&
          kind <= static_cast<std::uint8_t>(FrameKind::kFailed));
}

absl::StatusOr<ProofShape> TakeShape(absl::string_view& from) {
  const auto n = static_cast<std::uint32_t>(Take(from, 4));
  const auto rounds = static_cast<std::uint32_t>(Take(from, 4));
  if (n < 256 || n > 32'768 || !std::has_single_bit(n)) {
    return absl::DataLossError(absl::StrCat("n is ", n));
  }
  if (rounds < 1 || rounds > kMostFrameRounds) {
    return absl::DataLossError(absl::StrCat("rounds are ", rounds, ", limit ", kMostFrameRounds));
  }
  return ProofShape{n, rounds};
}

}  // namespace

std::array<char, kFrameHeaderBytes> SerializeFrameHeader(const FrameHeader& header) {
  std::string bytes;
  Put32(bytes, header.body_bytes);
  bytes.push_back(static_cast<char>(header.kind));
  std::array<char, kFrameHeaderBytes> array{};
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

absl::StatusOr<FrameHeader> ParseFrameHeader(const std::array<char, kFrameHeaderBytes>& bytes) {
  absl::string_view from(bytes.data(), bytes.size());
  const auto body_bytes = static_cast<std::uint32_t>(Take(from, 4));
  const auto kind = static_cast<std::uint8_t>(Take(from, 1));
  if (!IsKind(kind)) return absl::DataLossError(absl::StrCat("there is no frame of kind ", kind));
  if (body_bytes > MostBodyBytes(kind)) {
    return absl::DataLossError(absl::StrCat("a frame of kind ", kind, " has ", body_bytes,
                                            " bytes, limit ", MostBodyBytes(kind)));
  }
  return FrameHeader{static_cast<FrameKind>(kind), body_bytes};
}

std::string SerializeShape(const ProofShape& shape) {
  std::string body;
  Put32(body, shape.n);
  Put32(body, shape.rounds);
  return body;
}

absl::StatusOr<ProofShape> ParseShape(absl::string_view body) {
  RETURN_IF_ERROR(CheckSize("a shape", body, kShapeBytes));
  return TakeShape(body);
}

std::string SerializeOrder(const ProofOrder& order) {
  return absl::StrCat(ToString(order.seed), SerializeShape(order.shape));
}

absl::StatusOr<ProofOrder> ParseOrder(absl::string_view body) {
  RETURN_IF_ERROR(CheckSize("an order", body, sizeof(Digest) + kShapeBytes));
  ProofOrder order;
  KAISAR_CHECK(CopyExactly(ViewOf(body.substr(0, sizeof(Digest))), order.seed));
  body.remove_prefix(sizeof(Digest));
  ASSIGN_OR_RETURN(order.shape, TakeShape(body));
  return order;
}

absl::StatusOr<std::uint64_t> MeasureNodes(const ProofShape& shape,
                                           absl::Span<const StateNode> nodes) {
  if (nodes.size() > kMostFrameNodes) {
    return absl::DataLossError(
        absl::StrCat(nodes.size(), " nodes to open, limit ", kMostFrameNodes));
  }
  const std::uint32_t levels = LevelsOf(shape.n);
  std::uint64_t bytes = 0;
  for (const StateNode& node : nodes) {
    if (node.state < 1 || node.state > shape.rounds || node.level > levels ||
        node.index >> (levels - node.level) != 0) {
      return absl::DataLossError(absl::StrCat("state ", node.state, " has no node ", node.index,
                                              " of level ", node.level));
    }
    bytes += ElementBytes(shape.n, node) + PathBytes(shape.n, node);
  }
  if (bytes <= kMostNodesBytes) return bytes;
  return absl::DataLossError(
      absl::StrCat("the nodes to open take ", bytes, " bytes, limit ", kMostNodesBytes));
}

std::string SerializeNodes(absl::Span<const StateNode> nodes) {
  std::string body;
  body.reserve(nodes.size() * kNodeBytes);
  for (const StateNode& node : nodes) {
    Put32(body, node.state);
    Put32(body, node.level);
    Put64(body, node.index);
  }
  return body;
}

absl::StatusOr<std::vector<StateNode>> ParseNodes(const ProofShape& shape, absl::string_view body) {
  RETURN_IF_ERROR(CheckSize("nodes", body, body.size() / kNodeBytes * kNodeBytes));
  std::vector<StateNode> nodes(body.size() / kNodeBytes);
  for (StateNode& node : nodes) {
    node.state = static_cast<std::uint32_t>(Take(body, 4));
    node.level = static_cast<std::uint32_t>(Take(body, 4));
    node.index = Take(body, 8);
  }
  RETURN_IF_ERROR(MeasureNodes(shape, nodes).status());
  return nodes;
}

std::string SerializeReady(const ReadyGpu& ready) {
  std::string body;
  Put64(body, ready.memory.free_bytes);
  Put64(body, ready.memory.total_bytes);
  return absl::StrCat(body, Printable(ready.description, kMostDescriptionBytes));
}

absl::StatusOr<ReadyGpu> ParseReady(absl::string_view body) {
  if (body.size() <= kMemoryBytes || body.size() > kMemoryBytes + kMostDescriptionBytes) {
    return absl::DataLossError(absl::StrCat("a description has ", body.size(), " bytes"));
  }
  ReadyGpu ready;
  ready.memory.free_bytes = Take(body, 8);
  ready.memory.total_bytes = Take(body, 8);
  ready.description = Printable(body, kMostDescriptionBytes);
  return ready;
}

std::string SerializeBytes(std::uint64_t bytes) {
  std::string body;
  Put64(body, bytes);
  return body;
}

absl::StatusOr<std::uint64_t> ParseBytes(absl::string_view body) {
  RETURN_IF_ERROR(CheckSize("a number", body, sizeof(std::uint64_t)));
  return Take(body, sizeof(std::uint64_t));
}

std::string SerializeRoots(absl::Span<const Digest> roots) {
  std::string body;
  body.reserve(roots.size() * sizeof(Digest));
  for (const Digest& root : roots) absl::StrAppend(&body, ToString(root));
  return body;
}

absl::StatusOr<std::vector<Digest>> ParseRoots(std::uint32_t rounds, absl::string_view body) {
  RETURN_IF_ERROR(CheckSize("roots", body, std::uint64_t{rounds} * sizeof(Digest)));
  std::vector<Digest> roots(rounds);
  for (Digest& root : roots) {
    KAISAR_CHECK(CopyExactly(ViewOf(body.substr(0, sizeof(Digest))), root));
    body.remove_prefix(sizeof(Digest));
  }
  return roots;
}

std::string SerializeOpened(absl::Span<const OpenedNode> opened) {
  std::size_t bytes = 0;
  for (const OpenedNode& node : opened) bytes += node.elements.size() + node.path.size();
  std::string body;
  body.reserve(bytes);
  for (const OpenedNode& node : opened) {
    body.append(node.elements);
    body.append(reinterpret_cast<const char*>(node.path.data()), node.path.size());
  }
  return body;
}

absl::StatusOr<std::vector<OpenedNode>> ParseOpened(const ProofShape& shape,
                                                    absl::Span<const StateNode> nodes,
                                                    absl::string_view body) {
  ASSIGN_OR_RETURN(const std::uint64_t expected, MeasureNodes(shape, nodes));
  RETURN_IF_ERROR(CheckSize("opened nodes", body, expected));
  std::vector<OpenedNode> opened(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t elements = ElementBytes(shape.n, nodes[i]);
    const std::size_t path = PathBytes(shape.n, nodes[i]);
    opened[i].elements = std::string(body.substr(0, elements));
    const ByteView siblings = ViewOf(body.substr(elements, path));
    opened[i].path.assign(siblings.begin(), siblings.end());
    body.remove_prefix(elements + path);
  }
  return opened;
}

std::string SerializeFailure(const absl::Status& failure) {
  KAISAR_CHECK(!failure.ok());
  return absl::StrCat(std::string(1, static_cast<char>(failure.raw_code())),
                      failure.message().substr(0, kMostFailureBytes));
}

absl::Status ParseFailure(absl::string_view body) {
  if (body.empty() || body.size() > 1 + kMostFailureBytes) {
    return absl::DataLossError(absl::StrCat("a failure has ", body.size(), " bytes"));
  }
  const std::uint64_t code = Take(body, 1);
  if (code < 1 || code > 16) return absl::DataLossError(absl::StrCat("a failure of code ", code));
  return {static_cast<absl::StatusCode>(code), Printable(body, kMostFailureBytes)};
}

}  // namespace kaisar::kernels
