#include "tests/support/tun_relay.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/system_error.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::size_t kMostPacketBytes = 65535;  // of IPv4
constexpr int kPacketsInARow = 64;               // of one end, before the other has its turn
// Lateness is counted in steps of 1 µs up to 10 ms.
constexpr std::size_t kLatenessSteps = 10'000;

std::uint64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::StatusOr<Descriptor> OpenFile(const std::string& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path);
  return file;
}

absl::StatusOr<Descriptor> OpenTunHere(const std::string& device) {
  ASSIGN_OR_RETURN(Descriptor tun, OpenFile("/dev/net/tun", O_RDWR | O_NONBLOCK));
  ifreq request{};
  if (device.empty() || device.size() >= sizeof request.ifr_name) {
    return absl::InvalidArgumentError(
        absl::StrCat("the device is named \"", device, "\", expected 1 to 15 bytes"));
  }
  std::memcpy(request.ifr_name, device.data(), device.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(tun.get(), TUNSETIFF, &request) != 0)
    return SystemError("attach to the device", device);
  return tun;
}

/// A device belongs to the namespace that its maker was in.
absl::StatusOr<Descriptor> OpenTun(const TunRelayOptions::End& end) {
  if (end.network.empty()) return OpenTunHere(end.device);
  const bool is_path = end.network.find('/') != std::string::npos;
  const std::string path = is_path ? end.network : absl::StrCat("/run/netns/", end.network);
  ASSIGN_OR_RETURN(const Descriptor own, OpenFile("/proc/thread-self/ns/net", O_RDONLY));
  ASSIGN_OR_RETURN(const Descriptor there, OpenFile(path, O_RDONLY));
  if (setns(there.get(), CLONE_NEWNET) != 0) return SystemError("enter", path);
  absl::StatusOr<Descriptor> tun = OpenTunHere(end.device);
  if (setns(own.get(), CLONE_NEWNET) != 0) return SystemError("come back from", path);
  return tun;
}

class Relay : public TunRelay {
 public:
  Relay(Descriptor left, Descriptor right, Descriptor timer, Descriptor events,
        const TunRelayOptions& options)
      : left_(std::move(left)),
        right_(std::move(right)),
        timer_(std::move(timer)),
        events_(std::move(events)),
        spin_ns_(options.spin_ns),
        to_right_(options.to_right, options.seed),
        to_left_(options.to_left, options.seed + 1) {}

  absl::Status Run(int stop) override {
    for (const int fd : {left_.get(), right_.get(), timer_.get(), stop}) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = fd;
      if (epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return SystemError("wait for descriptor", std::to_string(fd));
      }
    }
    while (true) {
      std::array<epoll_event, 4> ready{};
      const int count = epoll_wait(events_.get(), ready.data(), ready.size(), Sleep());
      for (int i = 0; i < count; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == stop) return absl::OkStatus();
        if (fd == left_.get()) RETURN_IF_ERROR(Receive(left_, to_right_));
        if (fd == right_.get()) RETURN_IF_ERROR(Receive(right_, to_left_));
        std::uint64_t expirations = 0;  // reading it makes the timer quiet again
        if (fd == timer_.get()) {
          [[maybe_unused]] const auto got = read(fd, &expirations, sizeof expirations);
        }
      }
      HandOn(to_right_, right_);
      HandOn(to_left_, left_);
    }
  }

  const TunRelayCounts& to_right() const override { return to_right_.counts(); }
  const TunRelayCounts& to_left() const override { return to_left_.counts(); }

  TunRelayLateness lateness() const override {
    TunRelayLateness told;
    told.median_us = Percentile(50);
    told.p99_us = Percentile(99);
    told.most_us = latest_us_;
    return told;
  }

 private:
  /// epoll_wait's time-out: 0 shortly before a packet is due, else until something comes; then the
  /// timer says when, because epoll_wait itself knows milliseconds only.
  int Sleep() {
    const std::uint64_t due_ns = std::min(to_right_.NextDueNs().value_or(UINT64_MAX),
                                          to_left_.NextDueNs().value_or(UINT64_MAX));
    if (due_ns == UINT64_MAX) return -1;
    if (due_ns <= NowNs() + spin_ns_) return 0;
    const std::uint64_t wake_ns = due_ns - spin_ns_;
    if (wake_ns == armed_ns_) return -1;
    armed_ns_ = wake_ns;
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(wake_ns / kNsPerSecond);
    when.it_value.tv_nsec = static_cast<long>(wake_ns % kNsPerSecond);
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    return -1;
  }

  absl::Status Receive(const Descriptor& from, TunRelayLink& link) {
    for (int i = 0; i < kPacketsInARow; ++i) {
      const ssize_t got = read(from.get(), buffer_.data(), buffer_.size());
      if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
        return SystemError("read from", "a TUN device");
      }
      link.Put(NowNs(), std::string(buffer_.data(), static_cast<std::size_t>(got)));
    }
    return absl::OkStatus();
  }

  void HandOn(TunRelayLink& link, const Descriptor& to) {
    std::uint64_t now_ns = NowNs();
    while (link.NextDueNs().value_or(UINT64_MAX) <= now_ns) {
      const std::uint64_t due_ns = *link.NextDueNs();
      const std::string packet = *link.Take(now_ns);
      if (write(to.get(), packet.data(), packet.size()) < 0) link.Drop(packet.size());
      now_ns = NowNs();
      const std::uint64_t late_us = (now_ns - due_ns) / 1000;
      latest_us_ = std::max(latest_us_, late_us);
      ++late_[std::min<std::uint64_t>(late_us, kLatenessSteps - 1)];
    }
  }

  std::uint64_t Percentile(std::uint64_t percent) const {
    std::uint64_t all = 0;
    for (const std::uint64_t count : late_) all += count;
    std::uint64_t seen = 0;
    for (std::size_t us = 0; us < late_.size(); ++us) {
      seen += late_[us];
      if (seen * 100 >= all * percent && seen > 0) return us;
    }
    return 0;
  }

  const Descriptor left_;
  const Descriptor right_;
  const Descriptor timer_;
  const Descriptor events_;
  const std::uint64_t spin_ns_;
  TunRelayLink to_right_;
  TunRelayLink to_left_;
  std::uint64_t armed_ns_ = 0;
  std::uint64_t latest_us_ = 0;
  std::array<char, kMostPacketBytes> buffer_{};
  std::vector<std::uint64_t> late_ = std::vector<std::uint64_t>(kLatenessSteps);
};

}  // namespace

absl::StatusOr<std::unique_ptr<TunRelay>> TunRelay::Open(const TunRelayOptions& options) {
  ASSIGN_OR_RETURN(Descriptor left, OpenTun(options.left));
  ASSIGN_OR_RETURN(Descriptor right, OpenTun(options.right));
  Descriptor timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  Descriptor events(epoll_create1(EPOLL_CLOEXEC));
  if (timer.get() < 0 || events.get() < 0) return SystemError("make", "a timer and an epoll");
  return std::make_unique<Relay>(std::move(left), std::move(right), std::move(timer),
                                 std::move(events), options);
}

}  // namespace kaisar::testing
