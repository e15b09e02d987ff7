#pragma once

#include <cstdint>
#include <string>

namespace kaisar::testing {

/// An epoch of any size in which every device answers everything, with real signatures and proofs.
struct LargeLogShape {
  std::uint32_t devices = 4;
  std::uint32_t latency = 100;  // challenges of each device, 16 pings each
  std::uint32_t matmul = 0;     // challenges of each device
  // Of the matmul challenges. A proof of a small n is quickly made, and with many samples as large
  // to check as that of a GPU: 1.3 MB at n = 256 with 1024 samples.
  std::uint32_t n = 256;
  std::uint32_t rounds = 2;
  std::uint32_t samples = 1024;
};

/// Writes the log and the signed report. Aborts when a file cannot be written.
///
/// Cost: 0.1 ms and 700 bytes a latency challenge; a matmul challenge takes its proof.
void WriteLargeLog(const LargeLogShape& shape, const std::string& log_path,
                   const std::string& report_path);

}  // namespace kaisar::testing
