#include "tests/support/own_traces.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace kaisar::testing {
namespace {

namespace fs = std::filesystem;

/// "socket:[123]" of each descriptor that is one.
std::set<std::string> OwnSockets() {
  std::set<std::string> sockets;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    const std::string name = fs::read_symlink(entry.path(), error).string();
    if (!error && name.rfind("socket:[", 0) == 0) sockets.insert(name);
  }
  return sockets;
}

}  // namespace

int CountChildren() {
  const std::string parent = std::to_string(getpid());
  int children = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    // "PID (NAME) STATE PARENT …"; a name may hold anything, its end is the last parenthesis.
    const std::size_t end = line.rfind(") ");
    if (end == std::string::npos) continue;
    const std::vector<std::string> rest = absl::StrSplit(line.substr(end + 2), ' ');
    if (rest.size() > 1 && rest[1] == parent) ++children;
  }
  return children;
}

bool AwaitNoChildren() {
  for (int i = 0; i < 100; ++i) {
    if (CountChildren() == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

std::set<std::uint16_t> ListeningPorts() {
  const std::set<std::string> own = OwnSockets();
  std::set<std::uint16_t> ports;
  std::ifstream table("/proc/self/net/tcp");
  for (std::string line; std::getline(table, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() < 10 || fields[3] != "0A") continue;  // LISTEN
    if (own.count("socket:[" + fields[9] + "]") == 0) continue;
    std::uint32_t port = 0;
    if (absl::SimpleHexAtoi(fields[1].substr(fields[1].find(':') + 1), &port)) {
      ports.insert(static_cast<std::uint16_t>(port));
    }
  }
  return ports;
}

}  // namespace kaisar::testing
