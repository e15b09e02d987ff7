#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar::kernels {

/// Hashes many messages of one length: sixteen at a time where the machine has AVX-512, else one
/// after the other as Sha256 does. Trees and the check of openings hash little else.
///
/// Shapes: messages[i] is the first of `bytes` bytes, a multiple of 64 below 2^29; its hash becomes
///         digests[i]. The two are of one size.
/// Cost:   2.4 GB/s beside Sha256's 1.2 in the same run, with AVX-512 at 1.9 GHz.
void Sha256Each(absl::Span<const std::uint8_t* const> messages, std::size_t bytes,
                absl::Span<Digest> digests);

/// The same, for messages that lie one behind the other.
void Sha256Each(const std::uint8_t* first, std::size_t bytes, absl::Span<Digest> digests);

}  // namespace kaisar::kernels
