// CUDA's functions, see simulated_cuda.h.
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "tests/gpu/simulated_cuda.h"

using kaisar::kernels::simulated::Event;
using kaisar::kernels::simulated::Stream;
using kaisar::kernels::simulated::World;

namespace {

// Events outlive their handles in what was enqueued.
using SharedEvent = std::shared_ptr<Event>;

SharedEvent& EventOf(cudaEvent_t event) {
  return *reinterpret_cast<SharedEvent*>(event);
}

#define COUNT_CALL()                                                                   \
  if (const cudaError_t call_error = World::Get().Call(); call_error != cudaSuccess) { \
    return call_error;                                                                 \
  }

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  const auto& machine = World::Get().machine();
  if (machine.driver_version < 13000) return World::Get().Fail(cudaErrorInsufficientDriver);
  if (machine.gpus == 0) return World::Get().Fail(cudaErrorNoDevice);
  *count = machine.gpus;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = World::Get().machine().driver_version;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const auto& machine = World::Get().machine();
  if (machine.silent_gpu == device) return World::Get().Fail(cudaErrorUnknown);
  *properties = {};
  std::snprintf(properties->name, sizeof(properties->name), "Simulated GPU %d", device);
  for (int i = 0; i < 16; ++i) properties->uuid.bytes[i] = static_cast<char>(0xf0 * device + i);
  properties->major = machine.major;
  properties->minor = machine.minor;
  properties->totalGlobalMem = machine.free_bytes;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int bytes, int device) {
  std::snprintf(id, static_cast<std::size_t>(bytes), "0000:A%d:00.0", device);
  return cudaSuccess;
}

cudaError_t cudaInitDevice(int device, unsigned int, unsigned int) {
  COUNT_CALL();
  World::Get().current_gpu = device;
  return cudaSuccess;
}

// Chooses the GPU even where it returns an error from before.
cudaError_t cudaSetDevice(int device) {
  World::Get().current_gpu = device;
  COUNT_CALL();
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = World::Get().current_gpu;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  COUNT_CALL();
  World::Get().Drain(nullptr);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  COUNT_CALL();
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  return World::Get().TakeLastError();
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorECCUncorrectable:
      return "cudaErrorECCUncorrectable";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    default:
      return "cudaErrorOfAnotherKind";
  }
}

const char* cudaGetErrorString(cudaError_t) {
  return "simulated";
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
  COUNT_CALL();
  *total_bytes = World::Get().machine().free_bytes;
  *free_bytes = *total_bytes - World::Get().taken_bytes();
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  COUNT_CALL();
  *memory = World::Get().Allocate(bytes, true);
  return *memory != nullptr ? cudaSuccess : World::Get().Fail(cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* memory) {
  World::Get().Free(memory, true);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned int) {
  COUNT_CALL();
  *memory = World::Get().Allocate(bytes, false);
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  World::Get().Free(memory, false);
  return cudaSuccess;
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  COUNT_CALL();
  std::memset(memory, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  COUNT_CALL();
  World::Get().Enqueue(stream, {[=] { std::memset(memory, value, bytes); }, {}});
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  COUNT_CALL();
  World::Get().Enqueue(stream, {[=] { std::memcpy(to, from, bytes); }, {}});
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned int flags, int) {
  COUNT_CALL();
  KAISAR_CHECK(flags == cudaStreamNonBlocking);
  auto* const made = new Stream;
  World::Get().streams.insert(made);
  World::Get().CountHandle(1);
  *stream = reinterpret_cast<cudaStream_t>(made);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  auto* const made = reinterpret_cast<Stream*>(stream);
  KAISAR_CHECK(World::Get().streams.erase(made) == 1);
  World::Get().CountHandle(-1);
  delete made;
  return cudaSuccess;
}

// Waits even where it returns an error, unless the GPU is broken.
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const cudaError_t error = World::Get().Call();
  if (!World::Get().broken()) World::Get().Drain(reinterpret_cast<Stream*>(stream));
  return error;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  COUNT_CALL();
  const SharedEvent awaited = EventOf(event);
  World::Get().Enqueue(stream,
                       {[] {}, [awaited, at = awaited->recorded] { return awaited->done >= at; }});
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
  COUNT_CALL();
  *event = reinterpret_cast<cudaEvent_t>(new SharedEvent(std::make_shared<Event>()));
  World::Get().CountHandle(1);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete &EventOf(event);
  World::Get().CountHandle(-1);
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  COUNT_CALL();
  const SharedEvent recorded = EventOf(event);
  World::Get().Enqueue(stream,
                       {[recorded, at = ++recorded->recorded] { recorded->done = at; }, {}});
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  COUNT_CALL();
  World::Get().RunSome();
  const Event& asked = *EventOf(event);
  return asked.done >= asked.recorded ? cudaSuccess : World::Get().Fail(cudaErrorNotReady);
}

}  // extern "C"
