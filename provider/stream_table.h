#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kaisar::provider {

/// A stream that can be cut off.
///
/// Threads: both methods from any thread; neither blocks.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Ends the stream when its deadline lies before `now_ns` (monotonic).
  virtual void EndIfLate(std::uint64_t now_ns) = 0;
  /// Ends the stream now.
  virtual void EndNow(absl::Status status) = 0;
};

/// The streams that are open: counted by TLS key, and swept for late ones ten times a second on a
/// thread
/// ("sweeper") while there are any.
///
/// Threads:  all methods from any thread; no lock is held while a stream is called.
/// Liveness: the thread ends in the destructor, which waits for one sweep at most.
class StreamTable {
 public:
  StreamTable(std::uint32_t most_per_peer, const Clock& clock);
  ~StreamTable();
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;

  /// Errors: ResourceExhausted when the peer has too many; Unavailable after EndAll.
  absl::Status Add(const Digest& tls_pin, std::shared_ptr<Stream> stream);
  void Remove(const Digest& tls_pin, const std::shared_ptr<Stream>& stream);

  /// Ends all streams and takes no more.
  void EndAll();

 private:
  void Sweep();

  const std::uint32_t most_per_peer_;
  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::map<std::shared_ptr<Stream>, Digest> streams_ ABSL_GUARDED_BY(mutex_);  // to TLS pin
  std::map<Digest, std::uint32_t> counts_ ABSL_GUARDED_BY(mutex_);             // by TLS pin
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::provider
