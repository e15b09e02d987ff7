#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>

// CUDA's runtime and our kernels, as far as kernels/cuda uses them, in the host's memory: what a
// program links instead of CUDA's own, to test order, failures and cleaning up without a GPU.
// What is enqueued runs as late as it may, in an order that is drawn anew for every seed and keeps
// to streams and events alone. Use of what was freed, or freeing what is in use, aborts.

namespace kaisar::kernels::simulated {

/// What the tests order before they begin.
struct Machine {
  int gpus = 1;
  int driver_version = 13000;  // 0: no driver
  int major = 9;               // compute capability
  int minor = 0;
  std::uint64_t free_bytes = std::uint64_t{1} << 30;
  int silent_gpu = -1;     // counted, but without properties
  std::uint32_t seed = 1;  // of the order in which things run
};

/// A call that fails.
struct Failure {
  std::uint64_t call = 0;  // counted from when it is ordered, the next one is 0
  cudaError_t error = cudaErrorECCUncorrectable;
  bool lasts = true;  // all later calls fail alike
};

struct Event {
  std::uint64_t recorded = 0;  // times
  std::uint64_t done = 0;      // the last of them that was reached
};

struct Operation {
  std::function<void()> run;
  std::function<bool()> may_run;  // empty: always
};

struct Stream {
  std::deque<Operation> operations;
};

/// The state of it all, for one thread.
class World {
 public:
  static World& Get();

  /// Begins anew; nothing may be left of what was before.
  void Begin(const Machine& machine);
  const Machine& machine() const { return machine_; }

  void Order(const Failure& failure);
  /// True: rounds that are enqueued never end, unless they are stopped.
  bool rounds_hang = false;
  /// Calls since the last Begin or Order.
  std::uint64_t calls() const { return calls_; }
  /// Pieces of memory, streams and events that are not given back.
  std::size_t held() const { return device_memory_.size() + host_memory_.size() + handles_; }
  bool broken() const { return lasting_error_ != cudaSuccess; }
  std::uint64_t taken_bytes() const { return taken_bytes_; }

  // For the simulated functions.

  /// Counts a call; what it must return if that is no success.
  cudaError_t Call();
  /// Remembers an error for cudaGetLastError.
  cudaError_t Fail(cudaError_t error) { return last_error_ = error; }
  cudaError_t TakeLastError() { return std::exchange(last_error_, cudaSuccess); }

  void* Allocate(std::uint64_t bytes, bool on_device);
  void Free(void* memory, bool on_device);
  void Enqueue(cudaStream_t stream, Operation operation);
  /// Runs some of what may run.
  void RunSome();
  /// Runs until a stream is empty; all of them when it is null.
  void Drain(Stream* stream);
  void CountHandle(int change);

  std::set<Stream*> streams;
  int current_gpu = 0;

 private:
  bool Step();

  Machine machine_;
  std::mt19937 random_;
  std::optional<Failure> failure_;
  cudaError_t lasting_error_ = cudaSuccess;
  cudaError_t last_error_ = cudaSuccess;
  std::uint64_t calls_ = 0;
  std::uint64_t taken_bytes_ = 0;
  std::size_t handles_ = 0;
  std::map<void*, std::uint64_t> device_memory_;  // with its bytes
  std::map<void*, std::uint64_t> host_memory_;
};

}  // namespace kaisar::kernels::simulated
