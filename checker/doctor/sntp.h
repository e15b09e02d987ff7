#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace kaisar::checker {

/// Unix time in microseconds, as NTP's 64 bits of seconds since 1900 and back.
std::uint64_t ToNtpTime(std::int64_t unix_us);
std::int64_t FromNtpTime(std::uint64_t ntp);

/// The 48 bytes that ask for the time; `sent` comes back in the answer.
Bytes MakeSntpRequest(std::uint64_t sent);

/// How far our clock is behind the server's, from the four times of one exchange: ours of sending
/// (`sent`, as in the request) and of receiving, and the server's two.
///
/// Units:  microseconds; negative when our clock is ahead.
/// Errors: InvalidArgument when it is no answer to that request, or the server says that it has no
///         time to give.
/// Source: RFC 4330, section 5.
absl::StatusOr<std::int64_t> ReadSntpReply(ByteView reply, std::uint64_t sent,
                                           std::int64_t received_us);

/// Asks one server once: a packet there and one back. Blocks, the time of resolving its name and
/// `timeout_ms`.
///
/// Errors: Unavailable with the system's words; DeadlineExceeded; as ReadSntpReply.
absl::StatusOr<std::int64_t> AskSntp(const std::string& endpoint, std::uint32_t timeout_ms,
                                     const Clock& clock);

}  // namespace kaisar::checker
