#include "checker/grpc_client_describe.h"

#include <utility>
#include <vector>

#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

/// 64 devices of which each says as much as a record holds; a machine has 16 GPUs at most.
constexpr std::uint64_t kMostMessageBytes = 256 * 1024;

}  // namespace

GrpcDescribeStream::GrpcDescribeStream(Services services, const v1::Device& device,
                                       std::uint32_t deadline_ms,
                                       absl::AnyInvocable<void(DescribeAnswer)> done)
    : GrpcStream(std::move(services), device, "/kaisar.v1.Provider/Describe", deadline_ms,
                 kMostMessageBytes),
      done_(std::move(done)) {}

void GrpcDescribeStream::OnStart() {
  Send(v1::DescribeRequest());
  CloseWrites();
}

void GrpcDescribeStream::OnMessage(grpc::ByteBuffer message, std::uint64_t) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return End(v1::VIOLATION, "the answer cannot be unpacked");
  for (const grpc::Slice& slice : slices) {
    response_.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  Complete();
}

void GrpcDescribeStream::OnEnd(CallEnd end) {
  DescribeAnswer answer;
  {
    MutexLock lock(mutex_);
    if (end.transport == v1::COMPLETED) answer.response = std::move(response_);
  }
  answer.end = std::move(end);
  std::exchange(done_, nullptr)(std::move(answer));
}

}  // namespace kaisar::checker
