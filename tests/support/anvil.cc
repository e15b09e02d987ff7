#include "tests/support/anvil.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace kaisar::testing {
namespace {

constexpr int kMostTries = 200;
constexpr int kTryMs = 50;

sockaddr_in LoopbackAddress(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = LoopbackAddress(port);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

[[noreturn]] void Become(std::vector<std::string> arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(nowhere, standard);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

std::uint16_t FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = LoopbackAddress(0);
  socklen_t size = sizeof(address);
  KAISAR_CHECK(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  KAISAR_CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

std::unique_ptr<Anvil> Anvil::Start(std::uint64_t chain_id, const std::string& hardfork) {
  const char* const root = std::getenv("KAISAR_SOURCE_DIR");
  KAISAR_CHECK(root != nullptr);
  const std::uint16_t port = FreePort();
  std::vector<std::string> arguments = {
      absl::StrCat(root, "/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"),
      "--port",
      absl::StrCat(port),
      "--chain-id",
      absl::StrCat(chain_id),
      "--hardfork",
      hardfork};
  const pid_t pid = ::fork();
  KAISAR_CHECK(pid >= 0);
  if (pid == 0) Become(std::move(arguments));
  std::unique_ptr<Anvil> anvil(new Anvil(pid, absl::StrCat("http://127.0.0.1:", port)));
  for (int i = 0; i < kMostTries; ++i) {
    if (Listens(port)) return anvil;
    if (::waitpid(pid, nullptr, WNOHANG) != 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(kTryMs));
  }
  return nullptr;
}

Anvil::~Anvil() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace kaisar::testing
