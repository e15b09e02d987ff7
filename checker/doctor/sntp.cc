#include "checker/doctor/sntp.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/descriptor.h"
#include "base/endpoint.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kPacketBytes = 48;
constexpr std::int64_t kUnixEpoch = 2'208'988'800;  // seconds from 1900 to 1970
constexpr std::uint8_t kVersion4Client = 0x23;
constexpr std::uint8_t kServer = 4;
constexpr std::size_t kOriginate = 24, kReceive = 32, kTransmit = 40;

std::uint64_t At(ByteView packet, std::size_t offset) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | packet[offset + i];
  return value;
}

absl::Status SocketError(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

absl::StatusOr<Descriptor> Connect(const Endpoint& server) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), absl::StrCat(server.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("resolve ", server.host, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  Descriptor made(socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!made.is_open()) return SocketError("make a socket");
  if (connect(made.fd(), found->ai_addr, found->ai_addrlen) != 0) return SocketError("connect");
  return made;
}

}  // namespace

std::uint64_t ToNtpTime(std::int64_t unix_us) {
  const auto seconds = static_cast<std::uint64_t>(unix_us / 1'000'000 + kUnixEpoch);
  const auto fraction = static_cast<std::uint64_t>(unix_us % 1'000'000);
  return seconds << 32 | (fraction << 32) / 1'000'000;
}

std::int64_t FromNtpTime(std::uint64_t ntp) {
  std::uint64_t seconds = ntp >> 32;
  // Without the highest bit it is after 7 February 2036, when the seconds began again.
  if (seconds < std::uint64_t{1} << 31) seconds += std::uint64_t{1} << 32;
  const std::uint64_t fraction = ((ntp & UINT32_MAX) * 1'000'000) >> 32;
  return (static_cast<std::int64_t>(seconds) - kUnixEpoch) * 1'000'000 +
         static_cast<std::int64_t>(fraction);
}

Bytes MakeSntpRequest(std::uint64_t sent) {
  Bytes packet(kPacketBytes, 0);
  packet[0] = kVersion4Client;
  for (std::size_t i = 0; i < 8; ++i) {
    packet[kTransmit + i] = static_cast<std::uint8_t>(sent >> (56 - 8 * i));
  }
  return packet;
}

absl::StatusOr<std::int64_t> ReadSntpReply(ByteView reply, std::uint64_t sent,
                                           std::int64_t received_us) {
  const auto wrong = [](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  };
  if (reply.size() < kPacketBytes) {
    return wrong("answer is ", reply.size(), " bytes, expected ", kPacketBytes);
  }
  if ((reply[0] & 7) != kServer) return wrong("answer has mode ", reply[0] & 7, ", expected 4");
  if (At(reply, kOriginate) != sent) return wrong("answer is to another request");
  const int stratum = reply[1];
  if (reply[0] >> 6 == 3 || stratum == 0 || stratum > 15) {
    return wrong("the server has no time to give: stratum ", stratum, ", expected 1 to 15");
  }
  const std::int64_t there = FromNtpTime(At(reply, kReceive)) - FromNtpTime(sent);
  const std::int64_t back = FromNtpTime(At(reply, kTransmit)) - received_us;
  return (there + back) / 2;
}

absl::StatusOr<std::int64_t> AskSntp(const std::string& endpoint, std::uint32_t timeout_ms,
                                     const Clock& clock) {
  ASSIGN_OR_RETURN(const Endpoint server, ParseEndpoint(endpoint));
  ASSIGN_OR_RETURN(const Descriptor socket, Connect(server));
  const std::int64_t sent_us = static_cast<std::int64_t>(clock.WallMs()) * 1000;
  const std::uint64_t sent_ns = clock.MonotonicNs();
  const std::uint64_t sent = ToNtpTime(sent_us);
  const Bytes request = MakeSntpRequest(sent);
  if (send(socket.fd(), request.data(), request.size(), 0) < 0) return SocketError("send");
  pollfd answer{socket.fd(), POLLIN, 0};
  const int ready = poll(&answer, 1, static_cast<int>(timeout_ms));
  if (ready == 0) {
    return absl::DeadlineExceededError(absl::StrCat("no answer within ", timeout_ms, " ms"));
  }
  std::array<std::uint8_t, 512> reply{};
  const ssize_t got = ready < 0 ? -1 : recv(socket.fd(), reply.data(), reply.size(), 0);
  if (got < 0) return SocketError("receive");
  // By the monotonic clock, lest the wall clock is set meanwhile.
  const std::uint64_t took_us = (clock.MonotonicNs() - sent_ns) / 1000;
  return ReadSntpReply(ByteView(reply.data(), static_cast<std::size_t>(got)), sent,
                       sent_us + static_cast<std::int64_t>(took_us));
}

}  // namespace kaisar::checker
