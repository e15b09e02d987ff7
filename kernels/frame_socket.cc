#include "kernels/frame_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace kaisar::kernels {
namespace {

// Taken at a time, so that a length that is a lie costs no memory.
constexpr std::size_t kReadBytes = 1 << 20;

// A point in time, or none.
class Deadline {
 public:
  explicit Deadline(int wait_ms) {
    if (wait_ms >= 0) {
      at_ns_ = RealClock().MonotonicNs() + static_cast<std::uint64_t>(wait_ms) * 1'000'000;
    }
  }
  // For poll; rounded up.
  int LeftMs() const {
    if (!at_ns_.has_value()) return FrameSocket::kForEver;
    const std::uint64_t now_ns = RealClock().MonotonicNs();
    return now_ns >= *at_ns_ ? 0 : static_cast<int>((*at_ns_ - now_ns + 999'999) / 1'000'000);
  }

 private:
  std::optional<std::uint64_t> at_ns_;
};

absl::Status Broken(absl::string_view attempt) {
  return absl::UnavailableError(absl::StrCat(attempt, ": ", std::strerror(errno)));
}

// Result: false when time ran out.
absl::StatusOr<bool> Await(int fd, short events, const Deadline& deadline) {
  while (true) {
    pollfd waiting{fd, events, 0};
    const int ready = poll(&waiting, 1, deadline.LeftMs());
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return Broken("waiting on a socket");
  }
}

// Whether a call that does not wait is to be made again.
bool IsForLater() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

absl::Status FrameSocket::Send(FrameKind kind, absl::string_view body, int wait_ms) {
  const Deadline deadline(wait_ms);
  const auto header = SerializeFrameHeader({kind, static_cast<std::uint32_t>(body.size())});
  for (absl::string_view left : {absl::string_view(header.data(), header.size()), body}) {
    while (!left.empty()) {
      const ssize_t sent =
          send(socket_.fd(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        left.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (!IsForLater()) return Broken("sending a frame");
      ASSIGN_OR_RETURN(const bool ready, Await(socket_.fd(), POLLOUT, deadline));
      if (!ready) {
        return absl::DeadlineExceededError(
            absl::StrCat("a frame was not taken within ", wait_ms, " ms"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Frame>> FrameSocket::Receive(std::uint64_t most_bytes, int wait_ms) {
  const Deadline deadline(wait_ms);
  while (true) {
    ASSIGN_OR_RETURN(const bool some, ReadSome(most_bytes));
    if (IsWhole()) {
      header_size_ = 0;
      return Frame{header_.kind, std::exchange(body_, std::string())};
    }
    if (some) continue;
    ASSIGN_OR_RETURN(const bool ready, Await(socket_.fd(), POLLIN, deadline));
    if (!ready) return std::nullopt;
  }
}

bool FrameSocket::IsWhole() const {
  return header_size_ == header_bytes_.size() && body_.size() == header_.body_bytes;
}

absl::StatusOr<bool> FrameSocket::ReadSome(std::uint64_t most_bytes) {
  const bool in_header = header_size_ < header_bytes_.size();
  const std::size_t held = in_header ? header_size_ : body_.size();
  const std::size_t left = (in_header ? header_bytes_.size() : header_.body_bytes) - held;
  const std::size_t wanted = std::min(left, kReadBytes);
  if (!in_header) body_.resize(held + wanted);
  char* const to = (in_header ? header_bytes_.data() : body_.data()) + held;
  const ssize_t count = recv(socket_.fd(), to, wanted, MSG_DONTWAIT);
  const std::size_t taken = count > 0 ? static_cast<std::size_t>(count) : 0;
  if (!in_header) body_.resize(held + taken);
  if (count < 0) {
    if (IsForLater()) return false;
    return Broken("receiving a frame");
  }
  if (taken == 0) return absl::UnavailableError("the other end is closed");
  if (!in_header) return true;
  header_size_ += taken;
  if (header_size_ < header_bytes_.size()) return true;
  ASSIGN_OR_RETURN(header_, ParseFrameHeader(header_bytes_));
  if (header_.body_bytes > most_bytes) {
    return absl::DataLossError(absl::StrCat("a frame of ", header_.body_bytes,
                                            " bytes where at most ", most_bytes, " may come"));
  }
  return true;
}

}  // namespace kaisar::kernels
