#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/yaml_reader.h"

namespace kaisar::challenges {

/// What the tensor cores multiply; the result is bit for bit the same.
enum class Arithmetic { kInt8, kBf16 };

/// What the devices of a class are made of, by their maker's word. It bounds what the class may be
/// asked and tells a provider what to claim. No verdict and no score looks at it.
///
/// Source: docs/policy.md, The catalogue.
struct ClassHardware {
  std::uint64_t memory_bytes = 0;
  std::uint64_t peak_ops_per_second = 0;  // dense, of `arithmetic`
  std::uint32_t full_claim_ppm = 0;       // the share of the peak that is expected of a whole proof
  Arithmetic arithmetic = Arithmetic::kInt8;
  std::string source;
};

/// Matmul parameters of one device class.
struct ClassPolicy {
  std::uint32_t n = 0;
  std::uint32_t rounds = 0;
  std::uint32_t commitment_deadline_ms = 0;  // from handing the challenge to the stream
  std::uint32_t opening_deadline_ms = 0;     // from handing the samples to the stream
  std::optional<ClassHardware> hardware = std::nullopt;
};

/// A proof at the full claim takes at most this part of the time until its commitment is late.
inline constexpr std::uint64_t kLeastDeadlineFactor = 4;

/// What a device of a class is expected to reach; at least 1.
std::uint64_t FullClaim(const ClassHardware& hardware);

/// What is left to the driver, the context and the opening: 8 % of the memory, 1 GiB at least.
std::uint64_t ReservedBytes(const ClassHardware& hardware);

/// What a device keeps of a proof: the states, their trees, `W` and `Z_0`, and both operands of a
/// round again in bf16 where that is the arithmetic (int8 without hardware).
std::uint64_t ProofBytes(const ClassPolicy& asked);

/// How long a proof takes at the full claim.
///
/// Units:  milliseconds, rounded up.
std::uint64_t ProofMs(const ClassPolicy& asked, const ClassHardware& hardware);

/// Reads a policy's `classes`.
///
/// Errors: recorded in the document: no class, a name that is none, a value out of range, a proof
///         that the class's hardware cannot hold or finish in time.
std::map<std::string, ClassPolicy> ReadClasses(YamlReader& root);

}  // namespace kaisar::challenges
