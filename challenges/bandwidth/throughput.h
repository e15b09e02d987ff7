#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::challenges {

/// What one end of a test counted, read from kaisar-iperf's last line. Decimal numbers are read as
/// text into integers: no floating point.
struct TestCounts {
  std::uint64_t sent_bytes = 0;      // iperf.end.sum_sent.bytes
  std::uint64_t received_bytes = 0;  // iperf.end.sum_received.bytes
  std::uint64_t sent_us = 0;         // iperf.end.sum_sent.seconds
  std::uint64_t received_us = 0;     // iperf.end.sum_received.seconds
  // link: what the interface carried while the checker's process ran; absent at the device.
  std::uint64_t link_out_bytes = 0;
  std::uint64_t link_in_bytes = 0;
  std::uint64_t link_us = 0;
};

/// Reads a last line of up to kMostBandwidthResultBytes, from whoever wrote it.
///
/// Errors: InvalidArgument: no JSON, too deep, a count missing, negative, fractional or beyond
///         2^53 bytes, or a time of more than an hour.
absl::StatusOr<TestCounts> ParseTestCounts(const std::string& line);

/// The rate of one test, bits per second, rounded down; 0 when no time passed.
///
/// DOWN: the smaller of what the checker sent in its time, and what the device says it received in
/// its own time, if that is longer: what waits in the line's queue at the end still arrives, and
/// takes time to. UP: what the checker received in its time. No word of the device raises either.
/// Source: docs/protocol.md, Bandwidth.
std::uint64_t DownRate(const TestCounts& checker, const TestCounts& device);
std::uint64_t UpRate(const TestCounts& checker);

/// Both rates of a passed challenge.
struct BandwidthRates {
  std::uint64_t down_bits_per_second = 0;
  std::uint64_t up_bits_per_second = 0;
};

/// Reads the rates from a record's raw results.
///
/// Errors: InvalidArgument when it is not one DOWN and one UP test, or a result cannot be read.
absl::StatusOr<BandwidthRates> RatesOf(const v1::BandwidthEvidence& evidence);

}  // namespace kaisar::challenges
