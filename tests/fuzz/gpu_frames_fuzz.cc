// What a GPU's process and its parent say to each other: no bytes may crash either, and what is
// taken is within its limits and written again as it was.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "kernels/gpu_frames.h"

namespace kaisar::kernels {
namespace {

constexpr ProofShape kShape{256, 3};

void CheckHeader(const std::string& text) {
  std::array<char, kFrameHeaderBytes> bytes{};
  std::copy_n(text.begin(), std::min(text.size(), bytes.size()), bytes.begin());
  const auto header = ParseFrameHeader(bytes);
  if (!header.ok()) return;
  KAISAR_CHECK(header->body_bytes <= kMostNodesBytes);
  KAISAR_CHECK(SerializeFrameHeader(*header) == bytes);
}

void CheckQuestions(const std::string& body) {
  if (const auto order = ParseOrder(body); order.ok()) {
    KAISAR_CHECK(order->shape.rounds >= 1 && order->shape.rounds <= kMostFrameRounds);
    KAISAR_CHECK(SerializeOrder(*order) == body);
  }
  if (const auto shape = ParseShape(body); shape.ok()) {
    KAISAR_CHECK(shape->n >= 256 && shape->n <= 32'768 && SerializeShape(*shape) == body);
  }
  if (const auto nodes = ParseNodes(kShape, body); nodes.ok()) {
    KAISAR_CHECK(MeasureNodes(kShape, *nodes).ok() && SerializeNodes(*nodes) == body);
  }
}

void CheckAnswers(const std::string& body) {
  if (const auto ready = ParseReady(body); ready.ok()) {
    KAISAR_CHECK(!ready->description.empty() && SerializeReady(*ready).size() == body.size());
  }
  if (const auto bytes = ParseBytes(body); bytes.ok()) {
    KAISAR_CHECK(SerializeBytes(*bytes) == body);
  }
  if (const auto roots = ParseRoots(kShape.rounds, body); roots.ok()) {
    KAISAR_CHECK(SerializeRoots(*roots) == body);
  }
  const std::vector<StateNode> nodes = {{.state = 3, .level = 0, .index = 255}, {}};
  if (const auto opened = ParseOpened(kShape, nodes, body); opened.ok()) {
    KAISAR_CHECK(SerializeOpened(*opened) == body);
  }
  KAISAR_CHECK(!ParseFailure(body).ok());
}

}  // namespace
}  // namespace kaisar::kernels

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  kaisar::kernels::CheckHeader(text);
  kaisar::kernels::CheckQuestions(text);
  kaisar::kernels::CheckAnswers(text);
  return 0;
}
