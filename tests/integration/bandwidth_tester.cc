#include "tests/integration/bandwidth_tester.h"

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hex.h"
#include "challenges/signed_messages.h"

namespace kaisar::provider {
namespace {

sockaddr_in Loopback(std::uint32_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

struct ProcessStat {
  std::string name;
  char state = 'X';  // gone
  pid_t parent = 0;
};

ProcessStat StatOf(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string id;
  ProcessStat stat;
  file >> id >> stat.name >> stat.state >> stat.parent;
  return stat;
}

bool Runs(const ProcessStat& stat) {
  return stat.state != 'Z' && stat.state != 'X';
}

}  // namespace

std::string IperfPath() {
  return absl::StrCat(std::getenv("KAISAR_BINARY_DIR"), "/challenges/kaisar-iperf");
}

v1::SignedChallenge ShortBandwidth(std::uint8_t number, std::uint8_t slot, std::uint32_t start_ms) {
  v1::SignedChallenge challenge = SampleChallenge(RealClock(), v1::BANDWIDTH, slot, number);
  v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
  params.set_seconds(1);
  params.set_streams(2);
  params.set_down_bits_per_second(20'000'000);
  params.set_up_bits_per_second(20'000'000);
  params.set_start_ms(start_ms);
  challenge.set_params(params.SerializeAsString());
  return Signed(challenge);
}

std::uint32_t FreePort() {
  return HeldPort().port();
}

HeldPort::HeldPort() : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = Loopback(0);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof(address);
  KAISAR_CHECK(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  KAISAR_CHECK(::listen(descriptor_, 1) == 0);
  KAISAR_CHECK(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

int Connect(std::uint32_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

bool IsClosed(std::uint32_t port) {
  const int descriptor = Connect(port);
  if (descriptor < 0) return true;
  ::close(descriptor);
  return false;
}

std::set<pid_t> IperfProcessesOf(pid_t parent) {
  std::set<pid_t> found;
  DIR* directory = ::opendir("/proc");
  KAISAR_CHECK(directory != nullptr);
  while (const dirent* entry = ::readdir(directory)) {
    pid_t process = 0;
    if (!absl::SimpleAtoi(entry->d_name, &process)) continue;
    const ProcessStat stat = StatOf(process);
    if (stat.name == "(kaisar-iperf)" && Runs(stat) && stat.parent == parent) {
      found.insert(process);
    }
  }
  ::closedir(directory);
  return found;
}

bool IsAlive(pid_t process) {
  return Runs(StatOf(process));
}

BandwidthTester::BandwidthTester(const v1::SignedChallenge& challenge, const Digest& password)
    : challenge_(challenge), password_(password), runner_(MakeProcessRunner().value()) {}

challenges::IperfTask BandwidthTester::TaskFor(const v1::BandwidthOpened& opened) const {
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge_);
  challenges::IperfTask task;
  task.role = challenges::IperfTask::Role::kClient;
  task.direction = opened.direction();
  task.host = "127.0.0.1";
  task.ports = {opened.port()};
  task.user = ToHex(ViewOf(challenge_.challenge().challenge_id()));
  task.password = ToHex(password_);
  task.rsa_public_key = opened.rsa_public_key();
  task.seconds = params.seconds();
  task.streams = params.streams();
  task.bits_per_second =
      opened.direction() == v1::DOWN ? params.down_bits_per_second() : params.up_bits_per_second();
  task.start_ms = 5'000;
  task.limit_ms = 12'000;
  return task;
}

std::future<challenges::IperfOutcome> BandwidthTester::Start(const challenges::IperfTask& task) {
  auto promise = std::make_shared<std::promise<challenges::IperfOutcome>>();
  challenges::RunIperf(
      *runner_, IperfPath(), task, [](const challenges::IperfListening&) {},
      [promise](challenges::IperfOutcome outcome) { promise->set_value(std::move(outcome)); });
  return promise->get_future();
}

}  // namespace kaisar::provider
