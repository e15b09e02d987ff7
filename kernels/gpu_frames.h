#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/bytes.h"
#include "kernels/gpu.h"
#include "kernels/matmul_engine.h"

namespace kaisar::kernels {

/// What a GPU's process and the one that it works for say to each other. A frame is the length of
/// its body (BE32), its kind (a byte), and the body. Integers are big-endian.
enum class FrameKind : std::uint8_t {
  // Asked of the GPU's process. Each but kCancel and kDrop is answered, before the next is asked.
  kSize = 1,    // n, rounds (BE32 each); answered by kBytes
  kProve = 2,   // seed, n, rounds; answered by kRoots
  kCancel = 3,  // the proof under way is answered soon; none is under way: nothing
  kOpen = 4,    // nodes of its states; answered by kNodes
  kDrop = 5,    // the states are not needed any more
  // Its answers. Any may be kFailed instead.
  kReady = 16,   // the first word: the GPU is open
  kBytes = 17,   // BE64
  kRoots = 18,   // root_1 … root_R
  kNodes = 19,   // of each node its elements, then its path
  kFailed = 20,  // absl's code (a byte) and the message
};

struct Frame {
  FrameKind kind = FrameKind::kFailed;
  std::string body;
};

inline constexpr std::size_t kFrameHeaderBytes = 5;
inline constexpr std::uint32_t kMostFrameRounds = 65'536;  // far beyond any policy's
inline constexpr std::size_t kMostFrameNodes = 65'536;     // 1024 samples open 2 each
inline constexpr std::size_t kMostQuestionBytes = 16 * kMostFrameNodes;
inline constexpr std::uint64_t kMostNodesBytes = std::uint64_t{1} << 31;  // a state is 2^30
inline constexpr std::size_t kMostFailureBytes = 4'096;  // of a message; it may list GPUs

struct FrameHeader {
  FrameKind kind = FrameKind::kFailed;
  std::uint32_t body_bytes = 0;
};
std::array<char, kFrameHeaderBytes> SerializeFrameHeader(const FrameHeader& header);
/// Errors: DataLoss for a kind that there is not, or a body that no frame of it has.
absl::StatusOr<FrameHeader> ParseFrameHeader(const std::array<char, kFrameHeaderBytes>& bytes);

// Bodies. Parsing takes what serializing makes and nothing else. Errors: DataLoss.

struct ProofShape {
  std::uint32_t n = 0;       // a power of two, 256 to 32768
  std::uint32_t rounds = 0;  // 1 to kMostFrameRounds
};
std::string SerializeShape(const ProofShape& shape);
absl::StatusOr<ProofShape> ParseShape(absl::string_view body);

struct ProofOrder {
  Digest seed{};
  ProofShape shape;
};
std::string SerializeOrder(const ProofOrder& order);
absl::StatusOr<ProofOrder> ParseOrder(absl::string_view body);

/// Units: bytes that the elements and paths of nodes take.
/// Errors: DataLoss when a node is not in a proof of this shape, or they are too many or too large.
absl::StatusOr<std::uint64_t> MeasureNodes(const ProofShape& shape,
                                           absl::Span<const StateNode> nodes);
std::string SerializeNodes(absl::Span<const StateNode> nodes);
absl::StatusOr<std::vector<StateNode>> ParseNodes(const ProofShape& shape, absl::string_view body);

struct ReadyGpu {
  GpuMemory memory;
  std::string description;  // 1 to 256 bytes; printable
};
std::string SerializeReady(const ReadyGpu& ready);
absl::StatusOr<ReadyGpu> ParseReady(absl::string_view body);

std::string SerializeBytes(std::uint64_t bytes);
absl::StatusOr<std::uint64_t> ParseBytes(absl::string_view body);

std::string SerializeRoots(absl::Span<const Digest> roots);
absl::StatusOr<std::vector<Digest>> ParseRoots(std::uint32_t rounds, absl::string_view body);

std::string SerializeOpened(absl::Span<const OpenedNode> opened);
/// `nodes` are those that were asked for; they are in a proof of `shape`.
absl::StatusOr<std::vector<OpenedNode>> ParseOpened(const ProofShape& shape,
                                                    absl::Span<const StateNode> nodes,
                                                    absl::string_view body);

std::string SerializeFailure(const absl::Status& failure);
/// Result: what went wrong there, the message printable; never OK. DataLoss when it is no failure.
absl::Status ParseFailure(absl::string_view body);

}  // namespace kaisar::kernels
