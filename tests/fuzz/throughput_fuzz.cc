// What an end of a bandwidth test counted: no line may crash the reader, what it accepts is within
// the limits that rates rely on, and accepted again it is the same.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "challenges/bandwidth/throughput.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kaisar;
  const std::string line(reinterpret_cast<const char*>(data), size);
  const auto counts = challenges::ParseTestCounts(line);
  if (!counts.ok()) {
    KAISAR_CHECK(counts.status().message().find('\n') == absl::string_view::npos);
    return 0;
  }
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 53;
  constexpr std::uint64_t kMostUs = 3'600'000'000;
  KAISAR_CHECK(counts->sent_bytes <= kMostBytes && counts->received_bytes <= kMostBytes);
  KAISAR_CHECK(counts->link_out_bytes <= kMostBytes && counts->link_in_bytes <= kMostBytes);
  KAISAR_CHECK(counts->sent_us <= kMostUs && counts->received_us <= kMostUs);
  KAISAR_CHECK(counts->link_us <= kMostUs);
  // The device's own line raises nothing.
  challenges::TestCounts other = *counts;
  other.received_bytes = kMostBytes;
  KAISAR_CHECK(challenges::DownRate(*counts, *counts) <= challenges::DownRate(*counts, other));
  v1::BandwidthEvidence evidence;
  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    v1::BandwidthEvidence::Test& test = *evidence.add_tests();
    test.set_direction(direction);
    test.set_checker_result(line);
    test.mutable_measured()->set_result(line);
  }
  const auto rates = challenges::RatesOf(evidence);
  KAISAR_CHECK(rates.ok());
  KAISAR_CHECK(rates->down_bits_per_second == challenges::DownRate(*counts, *counts));
  KAISAR_CHECK(rates->up_bits_per_second == challenges::UpRate(*counts));
  return 0;
}
