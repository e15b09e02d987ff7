#include "checker/tcp_reachability.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <future>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

/// A socket on loopback that the kernel accepts connects for, as long as its queue has room.
class Listener {
 public:
  explicit Listener(int backlog = 16) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    if (backlog >= 0) {
      EXPECT_EQ(listen(socket_, backlog), 0);
    }
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  std::string endpoint() const { return absl::StrCat("127.0.0.1:", port_); }
  std::string named_endpoint() const { return absl::StrCat("localhost:", port_); }

 private:
  int socket_;
  int port_ = 0;
};

ReachabilityResult Probe(TcpReachability& prober, std::vector<std::string> endpoints,
                         unsigned deadline_ms = 2000) {
  std::promise<ReachabilityResult> result;
  prober.Probe(std::move(endpoints), deadline_ms,
               [&](ReachabilityResult given) { result.set_value(given); });
  return result.get_future().get();
}

/// Nothing answers there, not even with a refusal: a listener whose queue is full drops what comes.
class FullListener {
 public:
  FullListener() : listener_(0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string endpoint = listener_.endpoint();
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.find(':') + 1))));
    for (int& client : clients_) {
      client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
  }
  ~FullListener() {
    for (const int client : clients_) close(client);
  }
  std::string endpoint() const { return listener_.endpoint(); }

 private:
  Listener listener_;
  int clients_[4];
};

class TcpReachabilityTest : public ::testing::Test {
 protected:
  std::unique_ptr<TcpReachability> prober_ = TcpReachability::Make(RealClock()).value();
};

TEST_F(TcpReachabilityTest, CountsWhatAcceptsAndWhatRefuses) {
  const Listener first;
  const Listener second;
  const Listener closed(-1);  // bound, not listening: refuses
  const auto result = Probe(*prober_, {first.endpoint(), closed.endpoint(), second.endpoint()});
  EXPECT_EQ(result.tried, 3u);
  EXPECT_EQ(result.reached, 2u);
}

TEST_F(TcpReachabilityTest, AnswersAtTheDeadlineWhenNothingComesBack) {
  const FullListener full;
  const std::uint64_t before_ns = RealClock().MonotonicNs();
  const auto result = Probe(*prober_, {full.endpoint()}, 300);
  const std::uint64_t took_ms = (RealClock().MonotonicNs() - before_ns) / 1'000'000;
  EXPECT_EQ(result.tried, 1u);
  EXPECT_EQ(result.reached, 0u);
  EXPECT_GE(took_ms, 300u);
  EXPECT_LE(took_ms, 800u);
}

TEST_F(TcpReachabilityTest, DoesNotLetOneSlowProbeDelayAnother) {
  const FullListener full;
  const Listener open;
  std::promise<void> slow;
  prober_->Probe({full.endpoint()}, 3000, [&](ReachabilityResult) { slow.set_value(); });
  const std::uint64_t before_ns = RealClock().MonotonicNs();
  EXPECT_EQ(Probe(*prober_, {open.endpoint()}, 3000).reached, 1u);
  EXPECT_LE((RealClock().MonotonicNs() - before_ns) / 1'000'000, 500u);
  slow.get_future().wait();
}

TEST_F(TcpReachabilityTest, ResolvesNames) {
  const Listener open;
  const auto result = Probe(*prober_, {open.named_endpoint()}, 5000);
  EXPECT_EQ(result.tried, 1u);
  EXPECT_EQ(result.reached, 1u);
}

TEST_F(TcpReachabilityTest, CountsANameThatDoesNotExistAsTried) {
  const auto result = Probe(*prober_, {"no-such-host.invalid:80"}, 1000);
  EXPECT_EQ(result.tried, 1u);
  EXPECT_EQ(result.reached, 0u);
}

TEST_F(TcpReachabilityTest, AnswersAnEmptyListAtOnce) {
  const auto result = Probe(*prober_, {}, 60'000);
  EXPECT_EQ(result.tried, 0u);
  EXPECT_EQ(result.reached, 0u);
}

TEST_F(TcpReachabilityTest, AnswersWhatIsOpenWhenItIsDestroyed) {
  const FullListener full;
  std::promise<ReachabilityResult> result;
  prober_->Probe({full.endpoint()}, 60'000,
                 [&](ReachabilityResult given) { result.set_value(given); });
  prober_.reset();
  EXPECT_EQ(result.get_future().get().reached, 0u);
}

TEST_F(TcpReachabilityTest, ManagesManyProbesAtOnce) {
  const Listener open(4096);
  std::atomic<unsigned> reached = 0;
  std::atomic<unsigned> done = 0;
  std::promise<void> all;
  for (int i = 0; i < 200; ++i) {
    prober_->Probe({open.endpoint(), open.endpoint()}, 5000, [&](ReachabilityResult result) {
      reached += result.reached;
      if (++done == 200) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_EQ(reached.load(), 400u);
}

}  // namespace
}  // namespace kaisar::checker
