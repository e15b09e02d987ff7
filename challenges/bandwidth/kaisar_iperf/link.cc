#include "challenges/bandwidth/kaisar_iperf/link.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/system_error.h"
#include "challenges/bandwidth/kaisar_iperf/address.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint16_t kAnyPort = 9;  // a datagram socket that is connected sends nothing
// The same counters as in /sys/class/net, which may show another network namespace.
constexpr char kCounterFile[] = "/proc/self/net/dev";

bool SameAddress(const SocketAddress& one, const sockaddr* other) {
  if (other == nullptr || other->sa_family != one.storage.ss_family) return false;
  SocketAddress copy;
  copy.size = other->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::memcpy(&copy.storage, other, copy.size);
  return WordsOf(copy).words == WordsOf(one).words;
}

absl::StatusOr<SocketAddress> OwnAddressTowards(const SocketAddress& to) {
  const int probe = socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return SystemError("open", "a datagram socket");
  SocketAddress own;
  own.size = sizeof(own.storage);
  const bool found = connect(probe, to.get(), to.size) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&own.storage), &own.size) == 0;
  close(probe);
  if (!found) return absl::NotFoundError("no route");
  return own;
}

}  // namespace

absl::StatusOr<std::string> InterfaceTo(const std::string& host) {
  ASSIGN_OR_RETURN(const SocketAddress to, ParseSocketAddress(host, kAnyPort));
  ASSIGN_OR_RETURN(const SocketAddress own, OwnAddressTowards(to));
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return SystemError("list", "the interfaces");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (SameAddress(own, entry->ifa_addr)) return std::string(entry->ifa_name);
  }
  // All of 127.0.0.0/8 belongs to the loopback interface, which lists only its first address.
  if (own.is_v4() && WordsOf(own).words[0] >> 24 == 127) return std::string("lo");
  return absl::NotFoundError("no interface has the address of the route");
}

absl::StatusOr<LinkCounters> ReadLinkCounters(const std::string& interface_name) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(kCounterFile, "re"), std::fclose);
  if (file == nullptr) return SystemError("read", kCounterFile);
  char line[512];
  while (std::fgets(line, sizeof(line), file.get()) != nullptr) {
    char name[32] = "";
    LinkCounters counters;
    // name: 8 fields of what came in, bytes first; then what went out.
    if (std::sscanf(line, " %31[^:]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name,
                    &counters.in_bytes, &counters.out_bytes) == 3 &&
        interface_name == name) {
      return counters;
    }
  }
  return absl::NotFoundError(absl::StrCat("no interface ", interface_name, " in ", kCounterFile));
}

}  // namespace kaisar::challenges
