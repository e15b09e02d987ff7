#include "kernels/element.h"

#include <cstddef>

#include "base/check.h"

// Compiled once per target; see kernels/targets.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/element.cc"
#include "kernels/targets.h"
// The order of these two matters.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kaisar::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

std::int32_t DotProductOnTarget(const std::int8_t* HWY_RESTRICT a,
                                const std::int8_t* HWY_RESTRICT b, std::size_t size) {
  const hn::ScalableTag<std::int16_t> d16;
  const hn::Rebind<std::int8_t, decltype(d16)> d8;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const std::size_t step = hn::Lanes(d16);
  // Four independent sums hide the latency of an addition; the order does not matter to integers.
  auto sum0 = hn::Zero(d32), sum1 = hn::Zero(d32), sum2 = hn::Zero(d32), sum3 = hn::Zero(d32);
  std::size_t i = 0;
  for (; i + 2 * step <= size; i += 2 * step) {
    sum0 = hn::ReorderWidenMulAccumulate(d32, hn::PromoteTo(d16, hn::LoadU(d8, a + i)),
                                         hn::PromoteTo(d16, hn::LoadU(d8, b + i)), sum0, sum1);
    sum2 =
        hn::ReorderWidenMulAccumulate(d32, hn::PromoteTo(d16, hn::LoadU(d8, a + i + step)),
                                      hn::PromoteTo(d16, hn::LoadU(d8, b + i + step)), sum2, sum3);
  }
  const auto sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
  std::int32_t total = hn::GetLane(hn::SumOfLanes(d32, sum));
  for (; i < size; ++i) total += a[i] * b[i];
  return total;
}

}  // namespace kaisar::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kaisar::kernels {

HWY_EXPORT(DotProductOnTarget);

std::int32_t DotProduct(absl::Span<const std::int8_t> a, absl::Span<const std::int8_t> b) {
  KAISAR_CHECK(a.size() == b.size() && a.size() <= 32768);
  return HWY_DYNAMIC_DISPATCH(DotProductOnTarget)(a.data(), b.data(), a.size());
}

}  // namespace kaisar::kernels
#endif  // HWY_ONCE
