#pragma once

#include <cstdint>

namespace kaisar::challenges {

/// The protocol's limits; a policy may ask less, nobody may ask more.
///
/// Source: docs/protocol.md, Who takes part, Matmul, Latency and Bandwidth.
inline constexpr std::uint32_t kMostDeviceId = 0xfffffe;  // ff ff ff marks an unused lane of a word
/// Of a claimed rate, in operations or bits per second: far beyond any device.
inline constexpr std::uint64_t kMostClaim = 1'000'000'000'000'000'000;
inline constexpr std::uint32_t kLeastMatmulSize = 256;  // n, a power of two
inline constexpr std::uint32_t kMostMatmulSize = 32768;
inline constexpr std::uint32_t kMostMatmulRounds = 4096;
inline constexpr std::uint32_t kMostMatmulSamples = 1024;
inline constexpr std::uint32_t kMostPings = 1024;
inline constexpr std::uint32_t kMostPingSpacingMs = 10'000;
inline constexpr std::uint32_t kMostTestSeconds = 60;  // counted, of one direction
inline constexpr std::uint32_t kMostTestStreams = 16;
inline constexpr std::uint32_t kMostDeadlineMs =
    3'600'000;  // an hour, of anything that is waited for
/// Until a bandwidth test is opened, or started: meanwhile it may be the only one of its provider.
inline constexpr std::uint32_t kMostTestWaitMs = 120'000;
/// Of a bandwidth test, in bits per second: below the least, a test of seconds has too few blocks
/// to tell a rate; what the most carries in kMostTestSeconds is still below 2^53 bytes, as JSON
/// counts.
inline constexpr std::uint64_t kLeastSentRate = 1'000'000;
inline constexpr std::uint64_t kMostCountedRate = 1'000'000'000'000'000;
inline constexpr std::uint64_t kMostSentRate = kMostCountedRate + kMostCountedRate / 10;
static_assert(kMostSentRate / 8 * kMostTestSeconds < std::uint64_t{1} << 53);

// What a device keeps and computes fits a uint64 with room: R·n² bytes and 2·n³·R operations.
static_assert(std::uint64_t{kMostMatmulSize} * kMostMatmulSize * kMostMatmulRounds <
              std::uint64_t{1} << 48);
static_assert(2 * (std::uint64_t{1} << 45) ==
              2 * std::uint64_t{kMostMatmulSize} * kMostMatmulSize * kMostMatmulSize);
static_assert(2 * (std::uint64_t{1} << 45) * kMostMatmulRounds < std::uint64_t{1} << 63);

}  // namespace kaisar::challenges
