// What a device that sends far too much can make the checker hold, and what that costs others.

#include "checker/receive_limit.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/grpc_client_fixture.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMegabyte = 1'000'000;
constexpr std::uint32_t kHostile = 4;
constexpr std::uint32_t kHonest = 20;
constexpr std::uint64_t kHugeBytes = 200 * kMegabyte;
constexpr std::uint64_t kMostHeldMegabytes = 250;  // of 800 that are sent

/// A TCP connection of this process with itself, over loopback.
class Connection {
 public:
  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, name, size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, name, &size), 0);
    near_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(near_, name, size), 0);
    far_ = accept(listener, nullptr, nullptr);
    close(listener);
    peer_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~Connection() {
    close(near_);
    close(far_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Receive(std::size_t bytes) {
    std::vector<char> chunk(10'000);
    for (std::size_t got = 0; got < bytes; got += chunk.size()) {
      ASSERT_EQ(send(far_, chunk.data(), chunk.size(), 0), static_cast<ssize_t>(chunk.size()));
      ASSERT_EQ(recv(near_, chunk.data(), chunk.size(), MSG_WAITALL),
                static_cast<ssize_t>(chunk.size()));
    }
  }
  const std::string& peer() const { return peer_; }

 private:
  int near_ = -1;
  int far_ = -1;
  std::string peer_;
};

/// How a call was ended by the limit, when it was.
class Ended {
 public:
  ReceiveLimit::Exceeded Note() {
    return [this](bool sole, const std::string& detail) {
      MutexLock lock(mutex_);
      words_ = absl::StrCat(sole ? "sole: " : "several: ", detail);
    };
  }
  std::string words() {
    MutexLock lock(mutex_);
    return words_;
  }

 private:
  Mutex mutex_;
  std::string words_ ABSL_GUARDED_BY(mutex_);
};

void LetItLook() {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
}

TEST(PeerAddress, IsTheAddressInGrpcsName) {
  EXPECT_EQ(PeerAddress("ipv4:192.0.2.1:443"), "192.0.2.1:443");
  EXPECT_EQ(PeerAddress("ipv6:%5B2001:db8::1%5D:443"), "[2001:db8::1]:443");
  EXPECT_EQ(PeerAddress("ipv6:[2001:db8::1]:443"), "[2001:db8::1]:443");
  EXPECT_EQ(PeerAddress("unix:/tmp/socket"), "");
}

TEST(SocketBytes, CountsWhatConnectionsToThePeersHaveReceived) {
  Connection asked;
  Connection other;
  asked.Receive(30'000);
  other.Receive(10'000);
  const auto sockets = ReadSocketBytes({asked.peer()});
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  ASSERT_EQ(sockets->size(), 1u);
  EXPECT_EQ(sockets->front().peer, asked.peer());
  EXPECT_EQ(sockets->front().received, 30'000u);
}

TEST(ReceiveLimit, EndsTheCallsAtAnAddressThatSendsTooMuchAndNoOthers) {
  Connection modest;
  Connection greedy;
  Ended modest_end;
  Ended greedy_end;
  ReceiveLimit limit(RealClock());
  const std::uint64_t first = limit.Enter(modest.peer(), 1, kMegabyte, modest_end.Note());
  const std::uint64_t second = limit.Enter(greedy.peer(), 2, kMegabyte, greedy_end.Note());
  LetItLook();
  modest.Receive(kMegabyte);
  greedy.Receive(kMegabyte + 10'000);
  LetItLook();
  EXPECT_EQ(modest_end.words(), "");
  EXPECT_EQ(greedy_end.words(), "sole: 1010000 bytes received, limit 1000000");
  limit.Leave(first);
  limit.Leave(second);
}

TEST(ReceiveLimit, LetsEveryCallOfAConnectionReceiveItsShare) {
  Connection connection;
  Ended end;
  ReceiveLimit limit(RealClock());
  const std::uint64_t first = limit.Enter(connection.peer(), 1, kMegabyte, end.Note());
  LetItLook();
  connection.Receive(kMegabyte);
  const std::uint64_t second = limit.Enter(connection.peer(), 1, kMegabyte, end.Note());
  limit.Leave(first);
  connection.Receive(kMegabyte);
  LetItLook();
  limit.Leave(second);
  const std::uint64_t third = limit.Enter(connection.peer(), 1, kMegabyte, end.Note());
  LetItLook();
  connection.Receive(kMegabyte);
  LetItLook();
  EXPECT_EQ(end.words(), "");
  limit.Leave(third);
}

TEST(ReceiveLimit, DoesNotAddUpTheCallsOfSeveralDevicesAtOneAddress) {
  Connection connection;
  Ended end;
  ReceiveLimit limit(RealClock());
  const std::uint64_t first = limit.Enter(connection.peer(), 1, kMegabyte, end.Note());
  const std::uint64_t second = limit.Enter(connection.peer(), 2, kMegabyte, end.Note());
  LetItLook();
  connection.Receive(kMegabyte + 10'000);
  LetItLook();
  EXPECT_EQ(end.words(), "several: 1010000 bytes received, limit 1000000");
  limit.Leave(first);
  limit.Leave(second);
}

std::uint64_t MostHeldMegabytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    std::uint64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes / 1000;
  }
  return 0;
}

/// Devices in a process of their own, so that only what the checker holds is measured. To be called
/// before this process has threads.
std::vector<v1::Device> StartElsewhere(const std::string& behaviour, std::uint32_t first,
                                       std::uint32_t last) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) return {};
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    testing::ScriptedOptions options;
    options.behaviours = {testing::ParseBehaviour(behaviour).value()};
    options.first_device = first;
    options.last_device = last;
    const auto provider = testing::ScriptedProvider::Start(std::move(options)).value();
    const std::string entry = provider->RosterEntry(first).SerializeAsString();
    if (write(ends[1], entry.data(), entry.size()) < 0) _exit(1);
    while (true) pause();
  }
  std::string entry(4096, '\0');
  entry.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], entry.data(), 4096))));
  v1::Device device;
  EXPECT_TRUE(device.ParseFromString(entry));
  std::vector<v1::Device> devices;
  for (std::uint32_t id = first; id <= last; ++id) {
    device.set_id(id);
    devices.push_back(device);
  }
  return devices;
}

class HugeMessages : public GrpcClientTest {
 protected:
  static void SetUpTestSuite() {
    for (std::uint32_t id = 1; id <= kHostile; ++id) {
      hostile_.push_back(StartElsewhere(absl::StrCat("huge-message=", kHugeBytes), id, id).front());
    }
    honest_ = StartElsewhere("honest", 101, 100 + kHonest);
  }
  static LatencyCallSpec Patient(std::uint32_t device, std::uint32_t spacing_ms) {
    LatencyCallSpec spec = LatencySpec(device);
    spec.spacing_ms = spacing_ms;
    spec.deadline_ms = 30'000;
    return spec;
  }

  static inline std::vector<v1::Device> hostile_;
  static inline std::vector<v1::Device> honest_;
};

TEST_F(HugeMessages, FillNoMemoryAndHurtNobodyElse) {
  std::vector<std::future<LatencyAnswer>> good;
  // From before the attack until after it, and in the midst of it.
  for (const v1::Device& device : honest_) {
    good.push_back(StartLatency(device, Patient(device.id(), /*spacing_ms=*/400)));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const std::uint64_t before = MostHeldMegabytes();
  std::vector<std::future<LatencyAnswer>> bad;
  for (const v1::Device& device : hostile_) {
    bad.push_back(StartLatency(device, Patient(device.id(), 2)));
  }
  for (const v1::Device& device : honest_) {
    good.push_back(StartLatency(device, Patient(device.id(), /*spacing_ms=*/20)));
  }
  for (auto& future : bad) {
    const LatencyAnswer answer = future.get();
    EXPECT_EQ(answer.end.transport, v1::VIOLATION) << answer.end.detail;
    EXPECT_THAT(answer.end.detail, HasSubstr("bytes received, limit "));
  }
  for (auto& future : good) {
    const LatencyAnswer answer = future.get();
    EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  }
  EXPECT_LE(MostHeldMegabytes() - before, kMostHeldMegabytes);
}

TEST_F(HugeMessages, DoNotOutliveTheClient) {
  for (std::uint32_t round = 0; round < 20; ++round) {
    std::vector<std::future<LatencyAnswer>> answers;
    for (const v1::Device& device : hostile_) {
      answers.push_back(StartLatency(device, Patient(device.id(), 2)));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(25 * round));
    client_.reset();
    for (auto& answer : answers) EXPECT_NE(answer.get().end.transport, v1::COMPLETED);
    MakeClient(/*connect_timeout_ms=*/1000);
  }
}

}  // namespace
}  // namespace kaisar::checker
