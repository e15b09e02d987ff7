#include "kernels/panel_kernel.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "kernels/element.h"

// Compiled once per target; see kernels/targets.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/panel_kernel.cc"
#include "kernels/targets.h"
// The order of these two matters.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kaisar::kernels::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// Without vectors: a tile of 4 × 4 in plain C++.
constexpr std::size_t kRows = 4;
constexpr std::size_t kColumns = 4;

void MultiplyTile(const Tile& tile) {
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t c = 0; c < kColumns; ++c) {
      std::int32_t sum = tile.start != nullptr ? tile.start[r] : tile.sums[r * kColumns + c];
      for (std::size_t k = 0; k < tile.words; ++k) {
        const std::uint32_t w = tile.w[k * kRows + r];
        const std::uint32_t z = tile.z[k * kColumns + c];
        sum += static_cast<std::int16_t>(w) * static_cast<std::int16_t>(z) +
               static_cast<std::int16_t>(w >> 16) * static_cast<std::int16_t>(z >> 16);
      }
      tile.sums[r * kColumns + c] = sum;
      if (tile.next != nullptr && r < tile.next_rows) {
        tile.next[r * tile.next_stride + c] = ElementFromSum(sum);
      }
    }
  }
}

const PanelKernel kPairs = {hwy::TargetName(HWY_TARGET), kRows, kColumns, 2, 0, 256, &MultiplyTile};

const PanelKernel* KernelOnTarget() {
  return &kPairs;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using D32 = hn::ScalableTag<std::int32_t>;
using V32 = hn::Vec<D32>;

// Two vectors of columns; as many rows as the registers hold beside them.
constexpr std::size_t kVectors = 2;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr std::size_t kRows = 8;
constexpr std::size_t kBlockWords = 128;
#else
constexpr std::size_t kRows = 6;
constexpr std::size_t kBlockWords = 256;
#endif

struct Sums {
  V32 at[kRows][kVectors];
};

// Loops over kRows and kVectors have constant bounds and are unrolled, so that Sums is registers.
HWY_INLINE void LoadSums(const Tile& tile, Sums& sums) {
  const D32 d32;
  const std::size_t lanes = hn::Lanes(d32);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums.at[r][v] = tile.start != nullptr ? hn::Set(d32, tile.start[r])
                                            : hn::Load(d32, tile.sums + (r * kVectors + v) * lanes);
    }
  }
}

HWY_INLINE void StoreSums(const Tile& tile, const Sums& sums) {
  const D32 d32;
  const std::size_t lanes = hn::Lanes(d32);
  if (tile.next == nullptr) {
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        hn::Store(sums.at[r][v], d32, tile.sums + (r * kVectors + v) * lanes);
      }
    }
    return;
  }
  const hn::RebindToUnsigned<D32> du32;
  const hn::Rebind<std::uint8_t, D32> du8;
  const auto multiplier = hn::Set(du32, kElementMultiplier);
  for (std::size_t r = 0; r < kRows; ++r) {
    if (r >= tile.next_rows) break;
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto hashed = hn::Mul(hn::BitCast(du32, sums.at[r][v]), multiplier);
      // 0 … 255, so the saturation of DemoteTo never acts.
      const auto top = hn::DemoteTo(du8, hn::BitCast(D32(), hn::ShiftRight<24>(hashed)));
      hn::StoreU(top, du8,
                 reinterpret_cast<std::uint8_t*>(tile.next + r * tile.next_stride + v * lanes));
    }
  }
}

// Pairs of int16: every product and every sum of two of them is exact, -128 · -128 included.
void MultiplyPairs(const Tile& tile) {
  const D32 d32;
  const hn::Repartition<std::int16_t, D32> d16;
  const std::size_t lanes = hn::Lanes(d32);
  Sums sums;
  Sums odd;  // where a target keeps the products of odd lanes apart; unused (and free) on x86
  LoadSums(tile, sums);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) odd.at[r][v] = hn::Zero(d32);
  }
  const std::int32_t* w = reinterpret_cast<const std::int32_t*>(tile.w);
  const std::int32_t* z = reinterpret_cast<const std::int32_t*>(tile.z);
  for (std::size_t k = 0; k < tile.words; ++k) {
    hn::Vec<decltype(d16)> columns[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) {
      columns[v] = hn::BitCast(d16, hn::Load(d32, z + v * lanes));
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto row = hn::BitCast(d16, hn::Set(d32, w[r]));
      for (std::size_t v = 0; v < kVectors; ++v) {
        sums.at[r][v] =
            hn::ReorderWidenMulAccumulate(d32, row, columns[v], sums.at[r][v], odd.at[r][v]);
      }
    }
    w += kRows;
    z += kVectors * lanes;
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      sums.at[r][v] = hn::RearrangeToOddPlusEven(sums.at[r][v], odd.at[r][v]);
    }
  }
  StoreSums(tile, sums);
}

const PanelKernel kPairs = {hwy::TargetName(HWY_TARGET),
                            kRows,
                            kVectors* HWY_LANES(std::int32_t),
                            2,
                            0,
                            kBlockWords,
                            &MultiplyPairs};

#if HWY_TARGET == HWY_AVX3_DL

HWY_PUSH_ATTRIBUTES("avx512vnni")

// Four bytes at a time: Z + 128 as unsigned, W as signed. The instruction does not saturate.
void MultiplyQuads(const Tile& tile) {
  const D32 d32;
  const std::size_t lanes = hn::Lanes(d32);
  Sums sums;
  LoadSums(tile, sums);
  const std::int32_t* w = reinterpret_cast<const std::int32_t*>(tile.w);
  const std::int32_t* z = reinterpret_cast<const std::int32_t*>(tile.z);
  for (std::size_t k = 0; k < tile.words; ++k) {
    V32 columns[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) columns[v] = hn::Load(d32, z + v * lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const V32 row = hn::Set(d32, w[r]);
      for (std::size_t v = 0; v < kVectors; ++v) {
        sums.at[r][v].raw = _mm512_dpbusd_epi32(sums.at[r][v].raw, columns[v].raw, row.raw);
      }
    }
    w += kRows;
    z += kVectors * lanes;
  }
  StoreSums(tile, sums);
}

HWY_POP_ATTRIBUTES

const PanelKernel kQuads = {
    "AVX3_DL VNNI", kRows, kVectors* HWY_LANES(std::int32_t), 4, 128, kBlockWords, &MultiplyQuads};

// Highway's target does not promise the 512-bit form of VNNI.
const PanelKernel* KernelOnTarget() {
  return __builtin_cpu_supports("avx512vnni") ? &kQuads : &kPairs;
}

#else

const PanelKernel* KernelOnTarget() {
  return &kPairs;
}

#endif  // HWY_AVX3_DL
#endif  // HWY_SCALAR

}  // namespace kaisar::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kaisar::kernels {
namespace {

std::uint32_t PairAsWord(const std::int8_t* elements) {
  const auto first = static_cast<std::uint16_t>(std::int16_t{elements[0]});
  const auto second = static_cast<std::uint16_t>(std::int16_t{elements[1]});
  return first | std::uint32_t{second} << 16;
}

std::uint32_t QuadAsWord(const std::int8_t* elements) {
  std::uint32_t word = 0;
  std::memcpy(&word, elements, sizeof(word));
  return word;
}

}  // namespace

HWY_EXPORT(KernelOnTarget);

const PanelKernel& BestPanelKernel() {
  return *HWY_DYNAMIC_DISPATCH(KernelOnTarget)();
}

void PackPanel(const std::int8_t* matrix_rows, std::size_t count, std::size_t n, std::size_t lanes,
               std::size_t group, std::int32_t bias, std::uint32_t* panel) {
  KAISAR_CHECK(count <= lanes && (group == 2 || group == 4));
  KAISAR_CHECK(bias == 0 || (bias == 128 && group == 4));
  // x + 128 as a byte is x with the top bit flipped.
  const std::uint32_t flip = bias == 0 ? 0 : 0x80808080;
  const std::size_t words = n / group;
  for (std::size_t k = 0; k < words; ++k) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      const std::int8_t* elements = matrix_rows + lane * n + k * group;
      panel[k * lanes + lane] = (group == 2 ? PairAsWord(elements) : QuadAsWord(elements)) ^ flip;
    }
    std::fill(panel + k * lanes + count, panel + (k + 1) * lanes, flip);
  }
}

}  // namespace kaisar::kernels
#endif  // HWY_ONCE
