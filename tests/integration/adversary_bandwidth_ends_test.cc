// What strangers, the operator's own limits and the checker's own kaisar-iperf do to a bandwidth
// test of an honest device; the device is the real provider where its side matters.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "challenges/bandwidth/iperf_process.h"
#include "checker/own_end.h"
#include "kernels/host_engine.h"
#include "provider/server.h"
#include "tests/integration/bandwidth_arena.h"
#include "tests/support/listening_socket.h"
#include "tests/support/own_traces.h"
#include "tests/support/scripted_device.h"

namespace kaisar::testing {
namespace {

std::string Tell(const BandwidthOutcome& outcome) {
  const v1::ChallengeClosed& closed = outcome.closed;
  return v1::Verdict_Name(closed.verdict()) + " " + v1::Reason_Name(closed.reason()) + ": " +
         outcome.explanation + " (" + v1::Transport_Name(closed.transport()) + ": " +
         closed.detail() + ", " + closed.refusal().message() + ")";
}

/// Lets strangers come to every opened test before the checker hears of it.
class StrangersFirst final : public checker::ProviderClient {
 public:
  explicit StrangersFirst(ProcessRunner& processes) : processes_(processes) {}
  ~StrangersFirst() override {
    for (const int descriptor : sockets_) close(descriptor);
  }

  checker::ProviderClient& Before(checker::ProviderClient& client) {
    client_ = &client;
    return *this;
  }

  void RunLatency(const v1::Device& device, checker::LatencyCallSpec spec,
                  absl::AnyInvocable<void(checker::LatencyAnswer)> done) override {
    client_->RunLatency(device, std::move(spec), std::move(done));
  }
  std::shared_ptr<checker::MatmulCall> StartMatmul(
      const v1::Device& device, checker::MatmulCallSpec spec,
      absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
      absl::AnyInvocable<void(checker::MatmulAnswer)> done) override {
    return client_->StartMatmul(device, std::move(spec), std::move(committed), std::move(done));
  }
  void Describe(const v1::Device& device, std::uint32_t deadline_ms,
                absl::AnyInvocable<void(checker::DescribeAnswer)> done) override {
    client_->Describe(device, deadline_ms, std::move(done));
  }
  std::shared_ptr<checker::BandwidthCall> StartBandwidth(
      const v1::Device& device, checker::BandwidthCallSpec spec,
      absl::AnyInvocable<void(checker::BandwidthOpening)> opened,
      absl::AnyInvocable<void(checker::BandwidthAnswer)> done) override {
    const v1::SignedChallenge challenge = spec.challenge;
    const auto hand_on =
        std::make_shared<absl::AnyInvocable<void(checker::BandwidthOpening)>>(std::move(opened));
    return client_->StartBandwidth(
        device, std::move(spec),
        [this, challenge, hand_on](const checker::BandwidthOpening& opening) {
          KnockFromElsewhere(opening);
          TryOtherPassword(challenge, opening, [hand_on, opening] { (*hand_on)(opening); });
        },
        std::move(done));
  }

  /// How the tests with another password ended.
  std::vector<challenges::IperfOutcome::State> denied() {
    MutexLock lock(mutex_);
    return states_;
  }
  /// How many of those from elsewhere got a connection.
  int connected() {
    MutexLock lock(mutex_);
    int count = 0;
    for (const int descriptor : sockets_) {
      pollfd state{.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) == 0) ++count;
    }
    return count;
  }

 private:
  void KnockFromElsewhere(const checker::BandwidthOpening& opening) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);  // 127.0.0.2
    EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(opening.opened.port()));
    connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
    MutexLock lock(mutex_);
    sockets_.push_back(descriptor);
  }

  void TryOtherPassword(const v1::SignedChallenge& challenge,
                        const checker::BandwidthOpening& opening, absl::AnyInvocable<void()> then) {
    const challenges::IperfTask task =
        checker::OwnEndOf(challenge, /*password=*/{}, opening.opened, opening.address);
    challenges::RunIperf(
        processes_, KAISAR_IPERF, task, [](const challenges::IperfListening&) {},
        [this, then = std::move(then)](const challenges::IperfOutcome& outcome) mutable {
          {
            MutexLock lock(mutex_);
            states_.push_back(outcome.state);
          }
          then();
        });
  }

  ProcessRunner& processes_;
  checker::ProviderClient* client_ = nullptr;
  Mutex mutex_;
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);
  std::vector<challenges::IperfOutcome::State> states_ ABSL_GUARDED_BY(mutex_);
};

/// A checker, and the real provider with one device and a range of ports.
class BandwidthEnds : public ::testing::Test {
 protected:
  void StartProvider(std::uint32_t first_port, std::uint32_t last_port) {
    provider::ProviderConfig config;
    config.domain = arena_.domain();
    config.listen = "127.0.0.1:0";
    config.limits.rate = {.bandwidth_per_minute = 60};
    config.limits.bandwidth.emplace();
    config.bandwidth = {.first_port = first_port, .last_port = last_port, .iperf = KAISAR_IPERF};
    config.slots.push_back({.id = 0,
                            .address = arena_.slot_key().address(),
                            .tls_pin = TlsPin(arena_.slot_tls().certificate_pem).value()});
    const TlsKey tls = MakeTlsKey("kaisar-provider").value();
    std::vector<provider::Device> devices;
    devices.push_back({kDevice, "cpu", DeviceKey(kDevice), kernels::MakeCpuEngine(1)});
    auto server = provider::Server::Start(config, tls, std::move(devices), RealClock());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    v1::Device entry;
    entry.set_id(kDevice);
    entry.set_key(ToString(DeviceKey(kDevice).address()));
    entry.set_tls_pin(ToString(TlsPin(tls.certificate_pem).value()));
    entry.set_endpoint(server_->address());
    arena_.AddDevice(entry);
  }

  BandwidthOutcome Run() { return arena_.Run({kDevice}).at(kDevice); }

  static constexpr std::uint32_t kDevice = 5;
  BandwidthArena arena_;
  std::unique_ptr<provider::Server> server_;
};

TEST_F(BandwidthEnds, AStrangerWhoConnectsFirstChangesNothing) {
  StartProvider(0, 0);
  StrangersFirst strangers(arena_.processes());
  const BandwidthOutcome outcome =
      arena_
          .Run({kDevice}, 500,
               [&](checker::ProviderClient& client) -> checker::ProviderClient& {
                 return strangers.Before(client);
               })
          .at(kDevice);
  EXPECT_EQ(outcome.closed.verdict(), v1::PASS) << Tell(outcome);
  EXPECT_EQ(strangers.connected(), 0);
  const auto denied = strangers.denied();
  EXPECT_EQ(denied.size(), 2U);
  for (const auto state : denied) {
    EXPECT_EQ(state, challenges::IperfOutcome::State::kDenied) << challenges::NameOf(state);
  }
  EXPECT_TRUE(AwaitNoChildren());
}

TEST_F(BandwidthEnds, APortRangeThatIsUsedUpIsARefusal) {
  const ListeningSocket taken = ListeningSocket::Open().value();
  StartProvider(taken.port(), taken.port());
  const BandwidthOutcome outcome = Run();
  EXPECT_EQ(outcome.closed.verdict(), v1::FAIL) << Tell(outcome);
  EXPECT_EQ(outcome.closed.reason(), v1::REFUSED) << Tell(outcome);
  EXPECT_TRUE(AwaitNoChildren());
}

TEST_F(BandwidthEnds, MoreThan1024OpenDescriptorsAreNoObstacle) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GT(limit.rlim_max, 1400U) << "this machine allows no more descriptors";
  std::vector<int> held;
  for (int i = 0; i < 1100; ++i) held.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_GT(held.back(), 1024);
  StartProvider(0, 0);
  const BandwidthOutcome outcome = Run();
  EXPECT_EQ(outcome.closed.verdict(), v1::PASS) << Tell(outcome);
  for (const int descriptor : held) close(descriptor);
}

/// The checker's own kaisar-iperf is not what it should be.
class CheckersOwnIperf : public ::testing::Test {
 protected:
  void ExpectOwnFault(const std::string& script) {
    std::string folder = (std::filesystem::temp_directory_path() / "kaisar-iperf-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/kaisar-iperf";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    arena_.UseIperf(path);
    const BandwidthOutcome outcome = arena_.RunOne("honest");
    EXPECT_EQ(outcome.closed.verdict(), v1::INCONCLUSIVE) << Tell(outcome);
    EXPECT_EQ(outcome.closed.reason(), v1::CHECKER_OVERLOADED) << Tell(outcome);
    EXPECT_TRUE(AwaitNoChildren());
    std::filesystem::remove_all(folder);
  }

  BandwidthArena arena_;
};

TEST_F(CheckersOwnIperf, IsTheCheckersFaultWhenItHangs) {
  ExpectOwnFault("exec sleep 1000");
}

TEST_F(CheckersOwnIperf, IsTheCheckersFaultWhenItCrashes) {
  ExpectOwnFault("kill -SEGV $$");
}

TEST_F(CheckersOwnIperf, IsTheCheckersFaultWhenItPrintsGarbage) {
  ExpectOwnFault("echo '{\"state\": \"completed\"' >&3");
}

TEST_F(CheckersOwnIperf, IsTheCheckersFaultWhenItWritesWithoutEnd) {
  ExpectOwnFault("exec cat /dev/zero >&3");
}

}  // namespace
}  // namespace kaisar::testing
