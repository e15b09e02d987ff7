#include "tests/support/lying_engine.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "kernels/rows.h"

namespace kaisar::testing {
namespace {

/// A cheap bijection of 64 bits (splitmix64): deterministic noise.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

class LyingEngine : public kernels::HostEngine {
 public:
  LyingEngine(const Behaviour& behaviour, std::unique_ptr<kernels::HostEngine> honest)
      : behaviour_(behaviour), honest_(std::move(honest)) {}

  absl::Status Begin(const Digest& seed, std::uint32_t n) override {
    n_ = n;
    round_ = 0;
    if (behaviour_.cheat == Cheat::kWrongPrecision) {
      w_.resize(std::size_t{n} * n);
      z0_.resize(std::size_t{n} * n);
      kernels::GenerateRows(seed, kernels::Matrix::kW, 0, n, absl::MakeSpan(w_));
      kernels::GenerateRows(seed, kernels::Matrix::kZ0, 0, n, absl::MakeSpan(z0_));
      return absl::OkStatus();
    }
    return honest_->Begin(seed, n);
  }

  absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                     const std::function<bool()>& cancelled) override {
    const std::uint32_t round = round_++;
    switch (behaviour_.cheat) {
      case Cheat::kZeros:
        std::fill(next.begin(), next.end(), std::int8_t{0});
        return absl::OkStatus();
      case Cheat::kNoise:
        FillNoise(round, next);
        return absl::OkStatus();
      case Cheat::kSkipRounds:
        if (round == 0) return honest_->Round(state, next, cancelled);
        std::copy(state.begin(), state.end(), next.begin());
        return absl::OkStatus();
      case Cheat::kWrongPrecision:
        return RoundWithoutLowestBit(state, next, cancelled);
      default:
        break;
    }
    RETURN_IF_ERROR(honest_->Round(state, next, cancelled));
    if (behaviour_.cheat == Cheat::kSkipRows) ZeroRows(round, next);
    if (behaviour_.cheat == Cheat::kSkipProducts) GuessProducts(round, next);
    return absl::OkStatus();
  }

  std::string Description() const override {
    return std::string("lying (") + NameOf(behaviour_.cheat) + "), " + honest_->Description();
  }

 private:
  static void FillNoise(std::uint32_t round, absl::Span<std::int8_t> next) {
    for (std::size_t i = 0; i < next.size(); ++i) {
      next[i] = static_cast<std::int8_t>(Mix(round * next.size() + i) & 0xFF);
    }
  }

  void ZeroRows(std::uint32_t round, absl::Span<std::int8_t> next) const {
    for (std::uint32_t r = 0; r < n_; ++r) {
      if (Mix((std::uint64_t{round} << 32) + r) % 100 >= behaviour_.value) continue;
      const auto row = next.subspan(std::size_t{r} * n_, n_);
      std::fill(row.begin(), row.end(), std::int8_t{0});
    }
  }

  /// The product was computed, but its result is thrown away: what a device that skips it sends.
  void GuessProducts(std::uint32_t round, absl::Span<std::int8_t> next) const {
    for (std::size_t i = 0; i < next.size(); ++i) {
      const std::uint64_t noise = Mix((std::uint64_t{round} << 40) + i);
      if ((noise >> 32) % 100 < behaviour_.value) next[i] = static_cast<std::int8_t>(noise & 0xFF);
    }
  }

  absl::Status RoundWithoutLowestBit(absl::Span<const std::int8_t> state,
                                     absl::Span<std::int8_t> next,
                                     const std::function<bool()>& cancelled) const {
    const std::int8_t* z = state.empty() ? z0_.data() : state.data();
    for (std::size_t r = 0; r < n_; ++r) {
      if (cancelled()) return absl::CancelledError("round cancelled");
      for (std::size_t c = 0; c < n_; ++c) {
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < n_; ++k) sum += w_[r * n_ + k] * z[c * n_ + k];
        const std::uint32_t mixed = (static_cast<std::uint32_t>(sum) & ~1U) * 0x9E3779B1U;
        next[r * n_ + c] = static_cast<std::int8_t>(mixed >> 24);
      }
    }
    return absl::OkStatus();
  }

  const Behaviour behaviour_;
  std::unique_ptr<kernels::HostEngine> honest_;
  std::uint32_t n_ = 0;
  std::uint32_t round_ = 0;
  std::vector<std::int8_t> w_;  // only for kWrongPrecision
  std::vector<std::int8_t> z0_;
};

}  // namespace

bool LiesInWork(Cheat cheat) {
  switch (cheat) {
    case Cheat::kSkipProducts:
    case Cheat::kSkipRounds:
    case Cheat::kSkipRows:
    case Cheat::kZeros:
    case Cheat::kNoise:
    case Cheat::kWrongPrecision:
      return true;
    default:
      return false;
  }
}

std::unique_ptr<kernels::HostEngine> MakeLyingEngine(const Behaviour& behaviour,
                                                     std::unique_ptr<kernels::HostEngine> honest) {
  if (!LiesInWork(behaviour.cheat)) return honest;
  return std::make_unique<LyingEngine>(behaviour, std::move(honest));
}

}  // namespace kaisar::testing
