#include "tests/gpu/simulated_cuda.h"

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"

namespace kaisar::kernels::simulated {
namespace {

constexpr std::uint64_t kAlignment = 256;  // as cudaMalloc's
constexpr int kPoison = 0xA5;

}  // namespace

World& World::Get() {
  static World* const world = new World;
  return *world;
}

void World::Begin(const Machine& machine) {
  KAISAR_CHECK(held() == 0 && streams.empty());
  machine_ = machine;
  random_.seed(machine.seed);
  failure_.reset();
  lasting_error_ = last_error_ = cudaSuccess;
  calls_ = 0;
  current_gpu = 0;
  rounds_hang = false;
}

void World::Order(const Failure& failure) {
  failure_ = failure;
  lasting_error_ = cudaSuccess;
  calls_ = 0;
}

cudaError_t World::Call() {
  const std::uint64_t number = calls_++;
  if (lasting_error_ != cudaSuccess) return Fail(lasting_error_);
  if (!failure_.has_value() || number != failure_->call) return cudaSuccess;
  if (failure_->lasts) lasting_error_ = failure_->error;
  return Fail(failure_->error);
}

void* World::Allocate(std::uint64_t bytes, bool on_device) {
  const std::uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (on_device && taken_bytes_ + rounded > machine_.free_bytes) return nullptr;
  void* const memory = std::aligned_alloc(kAlignment, rounded);
  std::memset(memory, kPoison, rounded);
  (on_device ? device_memory_ : host_memory_).emplace(memory, rounded);
  if (on_device) taken_bytes_ += rounded;
  return memory;
}

void World::Free(void* memory, bool on_device) {
  if (memory == nullptr) return;
  // The real one waits; ours must have waited before.
  for (const Stream* stream : streams) {
    KAISAR_CHECK(broken() || stream->operations.empty());
  }
  auto& pieces = on_device ? device_memory_ : host_memory_;
  const auto piece = pieces.find(memory);
  KAISAR_CHECK(piece != pieces.end());
  if (on_device) taken_bytes_ -= piece->second;
  pieces.erase(piece);
  std::free(memory);
}

void World::Enqueue(cudaStream_t stream, Operation operation) {
  Stream* const to = reinterpret_cast<Stream*>(stream);
  KAISAR_CHECK(streams.count(to) == 1);
  to->operations.push_back(std::move(operation));
}

bool World::Step() {
  std::vector<Stream*> ready;
  for (Stream* stream : streams) {
    if (stream->operations.empty()) continue;
    const Operation& next = stream->operations.front();
    if (!next.may_run || next.may_run()) ready.push_back(stream);
  }
  if (ready.empty()) return false;
  Stream* const chosen = ready[random_() % ready.size()];
  const Operation operation = std::move(chosen->operations.front());
  chosen->operations.pop_front();
  operation.run();
  return true;
}

void World::RunSome() {
  for (std::uint32_t left = random_() % 4; left > 0 && Step(); --left) continue;
}

void World::Drain(Stream* stream) {
  if (stream != nullptr) KAISAR_CHECK(streams.count(stream) == 1);
  while (stream == nullptr || !stream->operations.empty()) {
    if (!Step()) break;
  }
  // Otherwise the real one would wait for ever.
  KAISAR_CHECK(stream == nullptr || stream->operations.empty());
}

void World::CountHandle(int change) {
  handles_ = static_cast<std::size_t>(static_cast<int>(handles_) + change);
}

}  // namespace kaisar::kernels::simulated
