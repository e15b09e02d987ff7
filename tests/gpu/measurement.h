#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "tests/gpu/cublas_lt.h"
#include "tests/gpu/device_buffer.h"
#include "tests/gpu/round_caller.h"

namespace kaisar::kernels {

inline constexpr std::uint32_t kMostRounds = 4096;  // docs/protocol.md, Matmul

/// What all measurements of a run share.
struct Setting {
  std::string gpu_name;
  int compute_capability = 0;    // 10 · major + minor
  std::vector<RoundPath> paths;  // to time, the GPU's best first
  /// Dense int8 operations a second by the datasheet, in 10^12; 0: not known.
  double datasheet_tops = 0;
  int samples = 0;               // of each round alone
  double sample_us = 0;          // about how long one takes
  double challenge_seconds = 0;  // about how long a whole challenge takes
  int challenges = 0;            // of each kind
  CublasLt* cublas = nullptr;    // null: absent
  cudaStream_t stream = nullptr;
  const volatile std::uint32_t* stop = nullptr;  // stays zero
};

/// What is measured of the library for comparison.
inline constexpr char kLibrary[] = "cuBLASLt";
inline constexpr char kWithEpilogue[] = "cuBLASLt + epilogue";

/// Times of one kind of work.
struct Measured {
  std::string what;
  std::uint32_t n = 0;
  std::uint32_t rounds = 0;  // 0: this is no challenge
  double operations = 0;     // multiplications and additions; 0: of another kind
  std::vector<double> samples_us;
  std::string against;                // what of the same n it is compared with
  std::string wrong;                  // what differs from the plain path or the CPU; empty: nothing
  std::vector<double> tried_us = {};  // of cuBLASLt's algorithms, the fastest of which was timed
};

/// Random matrices on both sides.
class Inputs {
 public:
  static constexpr int kStates = 2;

  /// Seeds from the operating system, so that no two runs see the same.
  static absl::StatusOr<Inputs> Make(std::uint32_t n);

  const std::int8_t* w() const { return w_.As<std::int8_t>(); }
  const std::int8_t* z(int launch) const {
    return z_[static_cast<std::size_t>(launch % kStates)].As<std::int8_t>();
  }
  /// Tells whether `next` has the right elements at random places, by the CPU.
  absl::Status SpotCheck(const DeviceBuffer& next, int launch) const;

 private:
  std::uint32_t n_ = 0;
  std::vector<std::int8_t> host_w_;
  std::vector<std::vector<std::int8_t>> host_z_;
  DeviceBuffer w_;
  std::vector<DeviceBuffer> z_;
};

absl::StatusOr<Digest> DrawSeed();

/// Errors: DataLoss, with how many differ and the first, when they are not the same bytes.
absl::Status CheckSame(const void* expected, const void* found, std::size_t bytes,
                       const std::string& what);

/// Each path, cuBLASLt, generation and tree, each alone. Every result is compared with the plain
/// path's.
absl::StatusOr<std::vector<Measured>> MeasureRounds(const Setting& setting, std::uint32_t n);

/// Whole challenges beside as many bare products of cuBLASLt on the same states.
///
/// Units:  `round_us`, about what a round takes.
absl::StatusOr<std::vector<Measured>> MeasureChallenges(const Setting& setting, std::uint32_t n,
                                                        double round_us);

/// The provider's own way through a challenge, from the seed to the roots and then to an opening,
/// by the host's clock, beside as many bare products. Every opening is checked as the checker does.
absl::StatusOr<std::vector<Measured>> MeasureEngine(const Setting& setting, std::uint32_t n,
                                                    double round_us);

/// For people; share of the datasheet and rate beside cuBLASLt in columns.
std::string Table(const Setting& setting, const std::vector<Measured>& all);
nlohmann::json ToJson(const Setting& setting, const std::vector<Measured>& all);

}  // namespace kaisar::kernels
