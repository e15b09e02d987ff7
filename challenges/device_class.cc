#include "challenges/device_class.h"

#include <algorithm>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "challenges/limits.h"
#include "challenges/matmul/samples.h"

namespace kaisar::challenges {
namespace {

constexpr std::size_t kMostClassNameBytes = 64;
constexpr std::size_t kMostSourceBytes = 400;
constexpr std::uint32_t kWhole = 1'000'000;                            // parts per million
constexpr std::uint64_t kLeastReservedBytes = std::uint64_t{1} << 30;  // a context takes half of it
constexpr std::uint64_t kLeastMemoryBytes = kLeastReservedBytes;
constexpr std::uint64_t kMostMemoryBytes = std::uint64_t{1} << 42;  // as of kMostStateBytes
constexpr std::uint64_t kLeastPeak = 1'000'000'000;  // operations a second: below any processor
constexpr std::uint64_t kLeafBytes = 1024;           // of n bytes when n is less
constexpr std::uint64_t kNodeBytesALeaf = 64;        // a digest for it, and one of the levels above

std::uint32_t Uint32(YamlReader& reader, const std::string& key, std::uint64_t least,
                     std::uint64_t most) {
  return static_cast<std::uint32_t>(reader.Uint(key, least, most));
}

ClassHardware ReadHardware(YamlReader reader) {
  ClassHardware hardware;
  hardware.memory_bytes = reader.Uint("memory_bytes", kLeastMemoryBytes, kMostMemoryBytes);
  hardware.peak_ops_per_second = reader.Uint("peak_ops_per_second", kLeastPeak, kMostClaim);
  hardware.full_claim_ppm = Uint32(reader, "full_claim_ppm", 1, kWhole);
  hardware.arithmetic =
      reader.Choice("arithmetic", {"int8", "bf16"}) == 0 ? Arithmetic::kInt8 : Arithmetic::kBf16;
  hardware.source = reader.Text("source", kMostSourceBytes);
  reader.Finish().IgnoreError();
  return hardware;
}

/// All ranges hold already; what is wrong here is two values that do not fit each other.
void CheckAgainst(const ClassPolicy& asked, const ClassHardware& hardware, YamlReader& reader) {
  const std::uint64_t left = hardware.memory_bytes - ReservedBytes(hardware);
  if (const std::uint64_t needed = ProofBytes(asked); needed > left) {
    reader.Fail("rounds", absl::StrCat("is ", asked.rounds, ", a proof of ", needed,
                                       " bytes, expected at most ", left, " (of memory_bytes ",
                                       hardware.memory_bytes, ")"));
  }
  const std::uint64_t least_ms = kLeastDeadlineFactor * ProofMs(asked, hardware);
  if (asked.commitment_deadline_ms < least_ms) {
    reader.Fail("commitment_deadline_ms",
                absl::StrCat("is ", asked.commitment_deadline_ms, ", expected at least ", least_ms,
                             " (", kLeastDeadlineFactor, " times a proof at the full claim)"));
  }
}

ClassPolicy ReadClass(YamlReader reader) {
  ClassPolicy asked;
  asked.n = Uint32(reader, "n", kLeastMatmulSize, kMostMatmulSize);
  asked.rounds = Uint32(reader, "rounds", 1, kMostMatmulRounds);
  asked.commitment_deadline_ms = Uint32(reader, "commitment_deadline_ms", 1, kMostDeadlineMs);
  asked.opening_deadline_ms = Uint32(reader, "opening_deadline_ms", 1, kMostDeadlineMs);
  if ((asked.n & (asked.n - 1)) != 0) {
    reader.Fail("n", absl::StrCat("is ", asked.n, ", expected a power of two"));
  }
  if (reader.Has("hardware")) asked.hardware = ReadHardware(reader.Map("hardware"));
  if (reader.Finish().ok() && asked.hardware) CheckAgainst(asked, *asked.hardware, reader);
  return asked;
}

bool IsClassName(const std::string& name) {
  if (name.empty() || name.size() > kMostClassNameBytes) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::uint64_t FullClaim(const ClassHardware& hardware) {
  return static_cast<std::uint64_t>(absl::uint128(hardware.peak_ops_per_second) *
                                    hardware.full_claim_ppm / kWhole);
}

std::uint64_t ReservedBytes(const ClassHardware& hardware) {
  return std::max(hardware.memory_bytes / 25 * 2, kLeastReservedBytes);
}

std::uint64_t ProofBytes(const ClassPolicy& asked) {
  const std::uint64_t matrix = std::uint64_t{asked.n} * asked.n;
  const bool bf16 = asked.hardware && asked.hardware->arithmetic == Arithmetic::kBf16;
  const std::uint64_t tree =
      matrix / std::min<std::uint64_t>(asked.n, kLeafBytes) * kNodeBytesALeaf;
  return (matrix + tree) * asked.rounds + 2 * matrix + (bf16 ? 4 * matrix : 0);
}

std::uint64_t ProofMs(const ClassPolicy& asked, const ClassHardware& hardware) {
  const MatmulShape shape{asked.n, asked.rounds};
  const absl::uint128 claim = FullClaim(hardware);
  return static_cast<std::uint64_t>((absl::uint128(shape.operations()) * 1000 + claim - 1) / claim);
}

std::map<std::string, ClassPolicy> ReadClasses(YamlReader& root) {
  YamlReader reader = root.Map("classes");
  std::map<std::string, ClassPolicy> classes;
  for (const std::string& name : reader.Keys()) {
    if (!IsClassName(name)) {
      reader.Fail(name, absl::StrCat("is no class name, expected 1 to ", kMostClassNameBytes,
                                     " of a-z, 0-9 and -"));
    }
    classes[name] = ReadClass(reader.Map(name));
  }
  reader.Finish().IgnoreError();
  if (classes.empty()) root.Fail("classes", "is empty, expected at least one class");
  return classes;
}

}  // namespace kaisar::challenges
