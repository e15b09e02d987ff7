// How a call takes part in the limit on what a device sends.

#include <utility>

#include "checker/grpc_client_stream.h"
#include "checker/socket_bytes.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostOtherBytes = 1 << 20;  // small messages, frames, the TLS handshake

}  // namespace

void GrpcStream::OnReadInitialMetadataDone(bool ok) {
  if (!ok) return;
  // A commitment and an opening, with what TLS and HTTP/2 put around them.
  const std::uint64_t most_bytes =
      2 * most_message_bytes_ + most_message_bytes_ / 16 + kMostOtherBytes;
  std::string peer = PeerAddress(context_->peer());
  std::uint64_t receiving = 0;
  if (!peer.empty()) {
    receiving = services_.limit.Enter(
        std::move(peer), device_.id(), most_bytes,
        [weak = weak_from_this()](bool sole, const std::string& detail) {
          const std::shared_ptr<GrpcStream> stream = weak.lock();
          if (stream == nullptr) return;
          stream->Outside([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(stream->mutex_) {
            // Of several devices at one address it is not known which one it was.
            stream->End(sole ? v1::VIOLATION : v1::BROKEN, detail);
          });
        });
  }
  MutexLock lock(mutex_);
  heard_ = true;
  receiving_ = receiving;
}

}  // namespace kaisar::checker
