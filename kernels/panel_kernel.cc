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

#if HWY_TARGET == HWY_AVX3_DL
// Highway names only the 256-bit form of VNNI. One list of both: Clang takes no second one.
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
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

// Two vectors of columns, and as many rows as the registers hold beside them.
constexpr std::size_t kLanes = HWY_LANES(std::int32_t);
constexpr std::size_t kColumns = 2 * kLanes;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr std::size_t kRows = 8;
constexpr std::size_t kBlockWords = 128;
#else
constexpr std::size_t kRows = 6;
constexpr std::size_t kBlockWords = 256;
#endif

// A row of a tile. The odd sums serve targets that keep products of odd lanes apart; on x86 they
// stay zero and cost nothing.
struct RowSums {
  V32 low, high, low_odd, high_odd;
};

// Named one by one: GCC keeps no array of these in registers.
struct Sums {
  RowSums row0, row1, row2, row3, row4, row5, row6, row7;
};

template <typename Operation>
HWY_INLINE void OnEachRow(Sums& sums, const Operation& operation) {
  operation(0, sums.row0);
  operation(1, sums.row1);
  operation(2, sums.row2);
  operation(3, sums.row3);
  operation(4, sums.row4);
  operation(5, sums.row5);
  if constexpr (kRows == 8) {
    operation(6, sums.row6);
    operation(7, sums.row7);
  }
}

struct StartRow {
  const Tile& tile;
  HWY_INLINE void operator()(std::size_t r, RowSums& sums) const {
    const D32 d32;
    if (tile.start != nullptr) {
      sums.low = sums.high = hn::Set(d32, tile.start[r]);
    } else {
      sums.low = hn::Load(d32, tile.sums + r * kColumns);
      sums.high = hn::Load(d32, tile.sums + r * kColumns + kLanes);
    }
    sums.low_odd = sums.high_odd = hn::Zero(d32);
  }
};

struct StoreRow {
  const Tile& tile;
  HWY_INLINE void operator()(std::size_t r, const RowSums& sums) const {
    const V32 low = hn::RearrangeToOddPlusEven(sums.low, sums.low_odd);
    const V32 high = hn::RearrangeToOddPlusEven(sums.high, sums.high_odd);
    if (tile.next == nullptr) {
      hn::Store(low, D32(), tile.sums + r * kColumns);
      hn::Store(high, D32(), tile.sums + r * kColumns + kLanes);
    } else if (r < tile.next_rows) {
      StoreElements(low, tile.next + r * tile.next_stride);
      StoreElements(high, tile.next + r * tile.next_stride + kLanes);
    }
  }
  static HWY_INLINE void StoreElements(V32 sums, std::int8_t* to) {
    const hn::RebindToUnsigned<D32> du32;
    const hn::Rebind<std::uint8_t, D32> du8;
    const auto hashed = hn::Mul(hn::BitCast(du32, sums), hn::Set(du32, kElementMultiplier));
    // 0 … 255, so the saturation of DemoteTo never acts.
    const auto top = hn::DemoteTo(du8, hn::BitCast(D32(), hn::ShiftRight<24>(hashed)));
    hn::StoreU(top, du8, reinterpret_cast<std::uint8_t*>(to));
  }
};

// Pairs of int16: every product and every sum of two of them is exact, -128 · -128 included.
struct AddPairs {
  const std::int32_t* w;
  V32 low, high;  // columns
  HWY_INLINE void operator()(std::size_t r, RowSums& sums) const {
    const D32 d32;
    const hn::Repartition<std::int16_t, D32> d16;
    const auto row = hn::BitCast(d16, hn::Set(d32, w[r]));
    sums.low =
        hn::ReorderWidenMulAccumulate(d32, row, hn::BitCast(d16, low), sums.low, sums.low_odd);
    sums.high =
        hn::ReorderWidenMulAccumulate(d32, row, hn::BitCast(d16, high), sums.high, sums.high_odd);
  }
};

template <typename Operation>
HWY_INLINE void Multiply(const Tile& tile) {
  const D32 d32;
  Sums sums;
  OnEachRow(sums, StartRow{tile});
  const auto* w = reinterpret_cast<const std::int32_t*>(tile.w);
  const auto* z = reinterpret_cast<const std::int32_t*>(tile.z);
  for (std::size_t k = 0; k < tile.words; ++k, w += kRows, z += kColumns) {
    OnEachRow(sums, Operation{w, hn::Load(d32, z), hn::Load(d32, z + kLanes)});
  }
  OnEachRow(sums, StoreRow{tile});
}

void MultiplyPairs(const Tile& tile) {
  Multiply<AddPairs>(tile);
}

const PanelKernel kPairs = {
    hwy::TargetName(HWY_TARGET), kRows, kColumns, 2, 0, kBlockWords, &MultiplyPairs};

#if HWY_TARGET == HWY_AVX3_DL

// Four bytes at a time: Z + 128 as unsigned, W as signed. The instruction does not saturate.
struct AddQuads {
  const std::int32_t* w;
  V32 low, high;  // columns
  HWY_INLINE void operator()(std::size_t r, RowSums& sums) const {
    const V32 row = hn::Set(D32(), w[r]);
    sums.low.raw = _mm512_dpbusd_epi32(sums.low.raw, low.raw, row.raw);
    sums.high.raw = _mm512_dpbusd_epi32(sums.high.raw, high.raw, row.raw);
  }
};

void MultiplyQuads(const Tile& tile) {
  Multiply<AddQuads>(tile);
}

const PanelKernel kQuads = {"AVX3_DL VNNI", kRows, kColumns, 4, 128, kBlockWords, &MultiplyQuads};

// Highway's target does not promise the 512-bit form of VNNI; pairs need none.
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
