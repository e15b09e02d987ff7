#include "checker/doctor/machine_facts.h"

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/descriptor.h"
#include "base/directory_lock.h"
#include "base/endpoint.h"
#include "base/file.h"
#include "base/process_runner.h"
#include "base/status_macros.h"
#include "base/system_error.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostSystemBytes = 1 << 20;  // of a file of /proc or /sys
constexpr std::uint64_t kVersionMs = 5'000;
constexpr std::size_t kMostVersionBytes = 256;

using Words = std::vector<absl::string_view>;

/// `Max open files            1024                 524288               files`.
bool ReadLimit(const std::string& limits, DescriptorLimit& limit) {
  for (const absl::string_view line : absl::StrSplit(limits, '\n')) {
    const Words words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 5 || words[0] != "Max" || words[1] != "open") continue;
    return absl::SimpleAtoi(words[3], &limit.soft) && absl::SimpleAtoi(words[4], &limit.hard);
  }
  return false;
}

}  // namespace

SecretFile LookAtSecretFile(const std::string& path) {
  SecretFile file{path, absl::OkStatus()};
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) {
    file.status = SystemError("look at", path);
    return file;
  }
  file.mode = found.st_mode & 0777;
  file.owner = found.st_uid;
  return file;
}

Folder LookAtFolder(const std::string& path) {
  Folder folder{path, absl::OkStatus()};
  struct stat found {
  }, root{};
  struct statvfs room {};
  if (stat(path.c_str(), &found) != 0 || stat("/", &root) != 0 ||
      statvfs(path.c_str(), &room) != 0) {
    folder.status = SystemError("look at", path);
    return folder;
  }
  if (!S_ISDIR(found.st_mode)) {
    folder.status = absl::FailedPreconditionError(absl::StrCat(path, " is no directory"));
    return folder;
  }
  folder.owner = found.st_uid;
  folder.writable = access(path.c_str(), W_OK | X_OK) == 0;
  folder.own_file_system = found.st_dev != root.st_dev;
  folder.free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
  folder.size_bytes = std::uint64_t{room.f_blocks} * room.f_frsize;
  return folder;
}

DescriptorLimit LookAtDescriptorLimit(const std::string& folder) {
  DescriptorLimit limit;
  if (const std::optional<pid_t> process = LockingProcess(folder)) {
    const auto limits = ReadFile(absl::StrCat("/proc/", *process, "/limits"), kMostSystemBytes);
    if (limits.ok() && ReadLimit(*limits, limit)) {
      limit.of = LockHolder(folder);
      return limit;
    }
  }
  rlimit own{};
  getrlimit(RLIMIT_NOFILE, &own);
  return {"", own.rlim_cur, own.rlim_max};
}

Interface LookAtInterface() {
  Interface interface;
  const auto routes = ReadFile("/proc/net/route", kMostSystemBytes);
  if (!routes.ok()) return interface;
  for (const absl::string_view line : absl::StrSplit(*routes, '\n')) {
    const Words words = absl::StrSplit(line, '\t', absl::SkipEmpty());
    if (words.size() < 2 || words[1] != "00000000") continue;
    interface.name = std::string(absl::StripAsciiWhitespace(words[0]));
    break;
  }
  const auto speed =
      ReadFile(absl::StrCat("/sys/class/net/", interface.name, "/speed"), kMostSystemBytes);
  std::int64_t megabits = 0;  // -1 where there is none
  if (speed.ok() && absl::SimpleAtoi(*speed, &megabits) && megabits > 0) {
    interface.bits_per_second = static_cast<std::uint64_t>(megabits) * 1'000'000;
  }
  return interface;
}

std::string LookAtListen(const std::string& address) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(address, /*least_port=*/0);
  if (!endpoint.ok()) return std::string(endpoint.status().message());
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = absl::StrCat(endpoint->port);
  const int error = getaddrinfo(endpoint->host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return gai_strerror(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const Descriptor trial(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // As servers do: connections that are still closing are nobody's.
  const int reuse = 1;
  setsockopt(trial.fd(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  if (bind(trial.fd(), found->ai_addr, found->ai_addrlen) == 0) return "";
  return std::strerror(errno);
}

absl::StatusOr<std::string> AskIperfVersion(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessRunner> runner, MakeProcessRunner());
  const auto said = std::make_shared<std::string>();
  const auto end = std::make_shared<std::promise<ProcessEnd>>();
  ASSIGN_OR_RETURN(const auto process, runner->Start(
                                           {{path, "--version"}, "", kVersionMs, kMostVersionBytes},
                                           [said](std::string line) { *said = std::move(line); },
                                           [end](ProcessEnd ended) { end->set_value(ended); }));
  const ProcessEnd ended = end->get_future().get();
  if (ended.cause != ProcessEnd::Cause::kExited || ended.code != 0 || said->empty()) {
    return absl::UnavailableError("does not say its version; are libraries missing?");
  }
  return *said;
}

}  // namespace kaisar::checker
