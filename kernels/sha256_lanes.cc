#include "kernels/sha256_lanes.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/sha256.h"
#include "kernels/cuda/sha256_block.h"

#if defined(__x86_64__)
#if !defined(__clang__)
// GCC 12's own header declares `__Y = __Y` for a register whose content does not matter.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace kaisar::kernels {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlockBytes = 64;
/// The length in bits is one word then.
constexpr std::size_t kBytesLimit = std::size_t{1} << 29;
/// With fewer, sixteen lanes take longer than one message after the other.
constexpr std::size_t kLeastLanes = 9;

using Messages = absl::Span<const std::uint8_t* const>;

#if defined(__x86_64__)

// These functions alone are compiled for AVX-512; they are called where the machine has it.
#define KAISAR_AVX512 __attribute__((target("avx512f,avx512bw")))

// FIPS 180-4, 6.2.2, as sha256::Round has it, with a message in each lane. The three-input tables:
// 0x96 is x ^ y ^ z, 0xca is x ? y : z, 0xe8 the majority.
struct LaneState {
  __m512i h[8];
};

KAISAR_AVX512 inline __m512i Sum(__m512i x, __m512i y) {
  return _mm512_add_epi32(x, y);
}

template <int kFirst, int kSecond, int kThird>
KAISAR_AVX512 inline __m512i Rotations(__m512i x) {
  return _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, kFirst), _mm512_ror_epi32(x, kSecond),
                                   _mm512_ror_epi32(x, kThird), 0x96);
}

template <int kFirst, int kSecond, int kShift>
KAISAR_AVX512 inline __m512i Mixed(__m512i x) {
  return _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, kFirst), _mm512_ror_epi32(x, kSecond),
                                   _mm512_srli_epi32(x, kShift), 0x96);
}

// Takes in one block of each message, as sixteen words of sixteen lanes, which it uses up.
KAISAR_AVX512 inline void TakeIn(LaneState& state, __m512i (&words)[16]) {
  __m512i v[8];
  for (int i = 0; i < 8; ++i) v[i] = state.h[i];
#pragma GCC unroll 64
  for (int i = 0; i < 64; ++i) {
    // The variables a … h move one on from round to round: here, their names do.
    const __m512i a = v[(64 - i) % 8];
    const __m512i e = v[(68 - i) % 8];
    const __m512i constant = _mm512_set1_epi32(static_cast<int>(sha256::RoundConstant(i)));
    const __m512i chosen = _mm512_ternarylogic_epi32(e, v[(69 - i) % 8], v[(70 - i) % 8], 0xca);
    const __m512i majority = _mm512_ternarylogic_epi32(a, v[(65 - i) % 8], v[(66 - i) % 8], 0xe8);
    const __m512i sum = Sum(Sum(v[(71 - i) % 8], Sum(words[i % 16], constant)),
                            Sum(Rotations<6, 11, 25>(e), chosen));
    v[(67 - i) % 8] = Sum(v[(67 - i) % 8], sum);
    v[(71 - i) % 8] = Sum(sum, Sum(Rotations<2, 13, 22>(a), majority));
    if (i < 48) {
      words[i % 16] =
          Sum(Sum(words[i % 16], words[(i + 9) % 16]),
              Sum(Mixed<7, 18, 3>(words[(i + 1) % 16]), Mixed<17, 19, 10>(words[(i + 14) % 16])));
    }
  }
  for (int i = 0; i < 8; ++i) state.h[i] = Sum(state.h[i], v[i]);
}

// Word j of row i becomes word i of row j: first within squares of 4 × 4, then the squares.
KAISAR_AVX512 inline void Transpose(__m512i (&rows)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(rows[i], rows[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(rows[i], rows[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_i32x4(rows[8 + i], rows[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(rows[8 + i], rows[12 + i], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    rows[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    rows[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd);
  }
}

// Words are big-endian in messages and digests.
KAISAR_AVX512 inline __m512i SwapBytes(__m512i words) {
  const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(order));
}

// Hashes messages[i] for sixteen lanes i.
KAISAR_AVX512 void HashLanes(const std::uint8_t* const (&messages)[kLanes], std::size_t bytes,
                             Digest (&digests)[kLanes]) {
  LaneState state;
  const Sha256State start;
  for (int i = 0; i < 8; ++i) state.h[i] = _mm512_set1_epi32(static_cast<int>(start.h[i]));
  __m512i words[16];
  for (std::size_t at = 0; at < bytes; at += kBlockBytes) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      words[i] = SwapBytes(_mm512_loadu_si512(messages[i] + at));
    }
    Transpose(words);
    TakeIn(state, words);
  }
  // The padding of a whole number of blocks is a block of its own, the same in every lane.
  for (__m512i& word : words) word = _mm512_setzero_si512();
  words[0] = _mm512_set1_epi32(static_cast<int>(0x80000000));
  words[15] = _mm512_set1_epi32(static_cast<int>(8 * bytes));
  TakeIn(state, words);
  for (int i = 0; i < 16; ++i) words[i] = i < 8 ? state.h[i] : _mm512_setzero_si512();
  Transpose(words);
  for (std::size_t i = 0; i < kLanes; ++i) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(digests[i].data()),
                        _mm512_castsi512_si256(SwapBytes(words[i])));
  }
}

bool HasLanes() {
  static const bool has =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  return has;
}

#else

bool HasLanes() {
  return false;
}
void HashLanes(const std::uint8_t* const (&)[kLanes], std::size_t, Digest (&)[kLanes]) {}

#endif  // __x86_64__

}  // namespace

void Sha256Each(Messages messages, std::size_t bytes, absl::Span<Digest> digests) {
  KAISAR_CHECK(messages.size() == digests.size() && bytes % kBlockBytes == 0 &&
               bytes < kBytesLimit);
  while (HasLanes() && messages.size() >= kLeastLanes) {
    const std::size_t count = std::min(messages.size(), kLanes);
    const std::uint8_t* lanes[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = messages[std::min(i, count - 1)];
    Digest hashes[kLanes];
    HashLanes(lanes, bytes, hashes);
    std::copy_n(hashes, count, digests.begin());
    messages.remove_prefix(count);
    digests.remove_prefix(count);
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    digests[i] = Sha256(ByteView(messages[i], bytes));
  }
}

void Sha256Each(const std::uint8_t* first, std::size_t bytes, absl::Span<Digest> digests) {
  // One batch at a time, so that nothing is allocated.
  while (!digests.empty()) {
    const std::size_t count = std::min(digests.size(), kLanes);
    const std::uint8_t* messages[kLanes];
    for (std::size_t i = 0; i < count; ++i) messages[i] = first + i * bytes;
    Sha256Each(absl::MakeConstSpan(messages, count), bytes, digests.first(count));
    first += count * bytes;
    digests.remove_prefix(count);
  }
}

}  // namespace kaisar::kernels
