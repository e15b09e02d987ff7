#include "audit/rank_test.h"

#include <algorithm>
#include <cmath>

namespace kaisar::audit {
namespace {

struct Ranked {
  std::uint64_t value = 0;
  bool picked = false;
  std::size_t doubled_rank = 0;  // from 2; twice the rank is whole where equal values share one
};

std::vector<Ranked> Rank(const std::vector<std::uint64_t>& picked,
                         const std::vector<std::uint64_t>& others) {
  std::vector<Ranked> all;
  for (const std::uint64_t value : picked) all.push_back({value, true});
  for (const std::uint64_t value : others) all.push_back({value, false});
  std::sort(all.begin(), all.end(),
            [](const Ranked& a, const Ranked& b) { return a.value < b.value; });
  for (std::size_t first = 0; first < all.size();) {
    std::size_t behind = first;
    while (behind < all.size() && all[behind].value == all[first].value) ++behind;
    // The ranks first + 1 … behind have this twice their mean.
    for (std::size_t i = first; i < behind; ++i) all[i].doubled_rank = first + 1 + behind;
    first = behind;
  }
  return all;
}

/// ln C(n, k).
double LogChoose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

}  // namespace

double ChanceOfRanks(const std::vector<std::uint64_t>& picked,
                     const std::vector<std::uint64_t>& others) {
  if (picked.empty() || others.empty()) return 1;
  const std::vector<Ranked> all = Rank(picked, others);
  std::size_t most = 0;
  for (const Ranked& one : all) most += one.picked ? one.doubled_rank : 0;
  // chance[k][s]: that of the values so far k are picked, with doubled ranks that add up to s. Each
  // is picked as often as what is still to be picked has it among what is still to come.
  std::vector<std::vector<double>> chance(picked.size() + 1, std::vector<double>(most + 1, 0));
  chance[0][0] = 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double left = static_cast<double>(all.size() - i);
    for (std::size_t k = std::min(i + 1, picked.size()) + 1; k-- > 0;) {
      const double stays = 1 - static_cast<double>(picked.size() - k) / left;
      for (std::size_t s = 0; s <= most; ++s) {
        chance[k][s] *= std::max(0.0, stays);
        if (k == 0 || s < all[i].doubled_rank) continue;
        chance[k][s] += chance[k - 1][s - all[i].doubled_rank] *
                        static_cast<double>(picked.size() - k + 1) / left;
      }
    }
  }
  double sum = 0;
  for (const double one : chance[picked.size()]) sum += one;
  return std::min(1.0, sum);
}

double LeastChanceOfRanks(std::size_t picked, std::size_t others) {
  return std::exp(-LogChoose(static_cast<double>(picked + others), static_cast<double>(picked)));
}

double ChanceOfMarked(std::uint64_t found, std::uint64_t drawn, std::uint64_t marked,
                      std::uint64_t all) {
  const auto n = static_cast<double>(all), m = static_cast<double>(marked),
             d = static_cast<double>(drawn);
  double sum = 0;
  for (std::uint64_t k = found; k <= std::min(drawn, marked); ++k) {
    if (drawn - k > all - marked) continue;
    const auto kd = static_cast<double>(k);
    sum += std::exp(LogChoose(m, kd) + LogChoose(n - m, d - kd) - LogChoose(n, d));
  }
  return std::min(1.0, sum);
}

}  // namespace kaisar::audit
