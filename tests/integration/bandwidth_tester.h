#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <future>
#include <memory>
#include <set>
#include <string>

#include "base/process_runner.h"
#include "challenges/bandwidth/iperf_process.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {

std::string IperfPath();

/// A challenge of one counted second at 20 Mbit/s each way.
v1::SignedChallenge ShortBandwidth(std::uint8_t number, std::uint8_t slot,
                                   std::uint32_t start_ms = 5'000);

/// A port of 127.0.0.1 that was free just now.
std::uint32_t FreePort();

/// Listens on a free port of every address.
class HeldPort {
 public:
  HeldPort();
  ~HeldPort() { ::close(descriptor_); }
  HeldPort(const HeldPort&) = delete;
  HeldPort& operator=(const HeldPort&) = delete;
  std::uint32_t port() const { return port_; }

 private:
  int descriptor_;
  std::uint32_t port_;
};

/// Connects to a port of 127.0.0.1; -1 when nobody listens.
int Connect(std::uint32_t port);
/// Tells whether nobody listens on a port of 127.0.0.1.
bool IsClosed(std::uint32_t port);

/// The children of a process that run kaisar-iperf.
std::set<pid_t> IperfProcessesOf(pid_t parent);

/// Tells whether a process is there and no zombie.
bool IsAlive(pid_t process);

/// True as soon as `holds`; false after 10 s.
template <typename Condition>
bool Eventually(Condition holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    ::usleep(10'000);
  }
  return false;
}

/// The checker's end of a challenge's tests, in processes of their own.
class BandwidthTester {
 public:
  BandwidthTester(const v1::SignedChallenge& challenge, const Digest& password);

  /// What a right checker does of an opened test.
  challenges::IperfTask TaskFor(const v1::BandwidthOpened& opened) const;
  std::future<challenges::IperfOutcome> Start(const challenges::IperfTask& task);
  challenges::IperfOutcome Run(const v1::BandwidthOpened& opened) {
    return Start(TaskFor(opened)).get();
  }

 private:
  const v1::SignedChallenge challenge_;
  const Digest password_;
  std::unique_ptr<ProcessRunner> runner_;
};

}  // namespace kaisar::provider
