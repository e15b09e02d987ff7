#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace kaisar::testing {

/// A TCP port of 127.0.0.1 on which connects succeed and nothing is ever said: the system's backlog
/// takes them. Closed by the destructor.
class ListeningSocket {
 public:
  /// Port 0 takes a free one.
  ///
  /// Errors: Internal when the port cannot be had.
  static absl::StatusOr<ListeningSocket> Open(std::uint16_t port = 0);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket() { Close(); }

  std::uint16_t port() const { return port_; }

 private:
  ListeningSocket(int descriptor, std::uint16_t port) : descriptor_(descriptor), port_(port) {}
  void Close();

  int descriptor_;
  std::uint16_t port_;
};

}  // namespace kaisar::testing
