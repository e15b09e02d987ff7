// HTTP endpoints that misbehave on the wire, beside one that works.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "chain/json_rpc_client.h"
#include "tests/support/anvil.h"

namespace kaisar::chain {
namespace {

using testing::Anvil;
using ::testing::HasSubstr;

/// Accepts connections on the loopback interface, one at a time, and does with each what it is
/// told.
class RawServer {
 public:
  explicit RawServer(std::function<void(int socket)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port));
    thread_ = std::thread([this] { Run(); });
  }

  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);  // ends accept
    thread_.join();
    ::close(listener_);
  }

  const std::string& url() const { return url_; }

 private:
  void Run() {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      serve_(socket);
      ::close(socket);
    }
  }

  std::function<void(int)> serve_;
  int listener_ = -1;
  std::string url_;
  std::thread thread_;
};

void Write(int socket, const std::string& text) {
  ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

/// Reads what came of the request, and answers.
std::function<void(int)> Responding(const std::string& status, const std::string& headers,
                                    const std::string& body) {
  return [=](int socket) {
    char request[4096];
    ::recv(socket, request, sizeof(request), 0);
    Write(socket, absl::StrCat("HTTP/1.1 ", status, "\r\n", headers, "Content-Length: ",
                               body.size(), "\r\nConnection: close\r\n\r\n", body));
  };
}

class ChainEndpointsTest : public ::testing::Test {
 protected:
  static std::unique_ptr<ChainClient> Client(std::vector<std::string> endpoints) {
    JsonRpcOptions options;
    options.endpoints = std::move(endpoints);
    options.chain_id = 31337;
    options.timeout_ms = 300;
    options.most_response_bytes = 10'000;
    return MakeJsonRpcClient(options, RealClock()).value();
  }

  /// What is said of one endpoint alone.
  static std::string TroubleWith(const std::string& url) {
    const absl::Status status = Client({url})->Latest().status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(url));
    return absl::StrCat(absl::StatusCodeToString(status.code()), " ", status.message());
  }
};

TEST_F(ChainEndpointsTest, EachKindOfTroubleIsNamed) {
  RawServer page(Responding("200 OK", "Content-Type: text/html\r\n", "<html>Welcome</html>"));
  EXPECT_THAT(TroubleWith(page.url()), HasSubstr("reply is not JSON: <html>Welcome</html>"));
  RawServer gateway(Responding("502 Bad Gateway", "", "<html>502</html>"));
  EXPECT_THAT(TroubleWith(gateway.url()), HasSubstr("HTTP status 502"));
  RawServer closing([](int) {});
  EXPECT_THAT(TroubleWith(closing.url()), HasSubstr("UNAVAILABLE"));
  const std::string nobody = absl::StrCat("http://127.0.0.1:", testing::FreePort());
  EXPECT_THAT(TroubleWith(nobody), HasSubstr("Failed to connect"));
}

TEST_F(ChainEndpointsTest, AnErrorInJsonIsReadWhateverTheHttpStatus) {
  RawServer limited(
      Responding("429 Too Many Requests", "",
                 R"({"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"slow down"}})"));
  EXPECT_THAT(TroubleWith(limited.url()), HasSubstr("slow down"));
}

TEST_F(ChainEndpointsTest, ARedirectIsNotFollowed) {
  std::atomic<bool> asked = false;
  RawServer target([&](int) { asked = true; });
  RawServer redirecting(
      Responding("307 Temporary Redirect", absl::StrCat("Location: ", target.url(), "\r\n"), ""));
  EXPECT_THAT(TroubleWith(redirecting.url()), HasSubstr("HTTP status 307"));
  EXPECT_FALSE(asked);
}

TEST_F(ChainEndpointsTest, AnEndpointThatHangsIsLeftInTime) {
  RawServer hanging([](int socket) {
    char byte;
    while (::recv(socket, &byte, 1, 0) > 0) {
    }
  });
  EXPECT_THAT(TroubleWith(hanging.url()), HasSubstr("no answer within 300 ms"));
}

TEST_F(ChainEndpointsTest, AResponseWithoutEndIsCut) {
  RawServer flooding([](int socket) {
    char request[4096];
    ::recv(socket, request, sizeof(request), 0);
    Write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(20'000, ' '));
  });
  EXPECT_THAT(TroubleWith(flooding.url()), HasSubstr("response is longer than 10000 bytes"));
}

TEST_F(ChainEndpointsTest, OneThatWorksIsEnough) {
  const std::unique_ptr<Anvil> anvil = Anvil::Start();
  const std::unique_ptr<Anvil> other_chain = Anvil::Start(1);
  ASSERT_TRUE(anvil != nullptr && other_chain != nullptr) << "anvil does not start";
  RawServer page(Responding("200 OK", "", "<html></html>"));
  RawServer closing([](int) {});
  const auto client = Client({page.url(), closing.url(), other_chain->url(), anvil->url()});
  const absl::StatusOr<Block> latest = client->Latest();
  ASSERT_TRUE(latest.ok()) << latest.status();
  EXPECT_EQ(latest->number, 0u);
  const absl::Status wrong = Client({other_chain->url()})->Latest().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(wrong)) << wrong;
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("serves chain 1, expected 31337"));
}

TEST_F(ChainEndpointsTest, HeadersOfEveryForkHashToTheirBlocks) {
  for (const char* fork : {"london", "paris", "shanghai", "cancun", "prague"}) {
    const std::unique_ptr<Anvil> anvil = Anvil::Start(31337, fork);
    ASSERT_NE(anvil, nullptr) << fork;
    const absl::StatusOr<Bytes> header = Client({anvil->url()})->Header(0);
    EXPECT_TRUE(header.ok()) << fork << ": " << header.status();
  }
}

}  // namespace
}  // namespace kaisar::chain
