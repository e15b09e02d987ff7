#include <absl/base/config.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/hex.h"
#include "base/sha256.h"
#include "kernels/element.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"
#include "kernels/panel_kernel.h"

namespace kaisar::kernels {
namespace {

using State = std::vector<std::int8_t>;

bool Never() {
  return false;
}

// Limits Highway to one target for a scope.
class OnTarget {
 public:
  explicit OnTarget(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); }
  ~OnTarget() { hwy::SetSupportedTargetsForTest(0); }
};

// Every target of this machine, best first.
std::vector<std::int64_t> Targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    targets.push_back(left & -left);
  }
  return targets;
}

Digest RandomSeed(std::mt19937_64& random) {
  Digest seed;
  for (std::uint8_t& byte : seed) byte = static_cast<std::uint8_t>(random());
  return seed;
}

// Z_1 … Z_rounds.
std::vector<State> States(HostEngine& engine, const Digest& seed, std::uint32_t n, int rounds) {
  EXPECT_TRUE(engine.Begin(seed, n).ok());
  std::vector<State> states;
  for (int j = 0; j < rounds; ++j) {
    State next(std::size_t{n} * n);
    const State& state = j == 0 ? State() : states.back();
    EXPECT_TRUE(engine.Round(state, absl::MakeSpan(next), Never).ok());
    states.push_back(std::move(next));
  }
  return states;
}

TEST(Engine, PlainGivesTheReferenceRootsOfTheProtocol) {
  const std::vector<State> states = States(*MakePlainEngine(), Digest{}, 256, 3);
  EXPECT_EQ(ToHex(MerkleTree::Build(states[0], 256, 1).root()),
            "b4f604683a212b1cfec18755eaf58a9c1130fd07a6036bb5aff99abf0558d424");
  EXPECT_EQ(ToHex(MerkleTree::Build(states[1], 256, 1).root()),
            "c3ac515c59d2dce8773b8eea97875904792cab23934fff8537ea5f3a347cd509");
  EXPECT_EQ(ToHex(MerkleTree::Build(states[2], 256, 1).root()),
            "d93d2e428f095d5045abbef040cb9f37f5f52984d267ce7020eaa4aae194744b");
}

// Sanitizers make products tens of times slower.
#if defined(ABSL_HAVE_THREAD_SANITIZER) || defined(ABSL_HAVE_ADDRESS_SANITIZER)
constexpr std::uint32_t kLargeSize = 512;
#else
constexpr std::uint32_t kLargeSize = 1024;
#endif

TEST(Engine, CpuEqualsPlainBitForBitOnEveryTargetAndThreadCount) {
  std::mt19937_64 random(20240501);
  const Digest seed = RandomSeed(random);
  const std::vector<State> expected = States(*MakePlainEngine(), seed, 256, 2);
  for (const std::int64_t target : Targets()) {
    const OnTarget on_target(target);
    for (int threads = 1; threads <= 3; ++threads) {
      const auto engine = MakeCpuEngine(threads);
      SCOPED_TRACE(engine->Description());
      EXPECT_TRUE(States(*engine, seed, 256, 2) == expected);
    }
  }
}

TEST(Engine, CpuEqualsPlainBitForBitAtLargerSizes) {
  std::mt19937_64 random(7);
  for (std::uint32_t n = kLargeSize; n >= 512; n /= 2) {
    const Digest seed = RandomSeed(random);
    const std::vector<State> expected = States(*MakePlainEngine(), seed, n, 1);
    std::vector<std::int64_t> targets = Targets();
    if (n == kLargeSize) targets.pop_back();  // plain C++ takes a second for the largest
    for (const std::int64_t target : targets) {
      const OnTarget on_target(target);
      const auto engine = MakeCpuEngine(2);
      SCOPED_TRACE(engine->Description());
      EXPECT_TRUE(States(*engine, seed, n, 1) == expected) << "n = " << n;
    }
  }
}

TEST(Engine, StaysExactOnStatesOfExtremeValues) {
  // Every element -128, every element 127, and the two in turn: the largest sums that W allows.
  std::mt19937_64 random(3);
  const std::uint32_t n = 256;
  const Digest seed = RandomSeed(random);
  const auto plain = MakePlainEngine();
  ASSERT_TRUE(plain->Begin(seed, n).ok());
  for (const int kind : {0, 1, 2}) {
    State state(std::size_t{n} * n);
    for (std::size_t i = 0; i < state.size(); ++i) {
      state[i] = kind == 0 || (kind == 2 && i % 2 == 0) ? std::int8_t{-128} : std::int8_t{127};
    }
    State expected(state.size());
    ASSERT_TRUE(plain->Round(state, absl::MakeSpan(expected), Never).ok());
    for (const std::int64_t target : Targets()) {
      const OnTarget on_target(target);
      const auto engine = MakeCpuEngine(1);
      SCOPED_TRACE(engine->Description());
      ASSERT_TRUE(engine->Begin(seed, n).ok());
      State next(state.size());
      ASSERT_TRUE(engine->Round(state, absl::MakeSpan(next), Never).ok());
      EXPECT_TRUE(next == expected) << "kind " << kind;
    }
  }
}

// The sums of a tile whose operands all have one value, over n = 32768.
std::vector<std::int32_t> SumsOf(std::int8_t w, std::int8_t z) {
  const PanelKernel& kernel = BestPanelKernel();
  const std::size_t n = 32768;
  const State w_rows(kernel.rows * n, w);
  const State z_rows(kernel.columns * n, z);
  alignas(64) static std::uint32_t w_panel[8 * 32768 / 2];
  alignas(64) static std::uint32_t z_panel[64 * 32768 / 2];
  alignas(64) static std::int32_t sums[8 * 64];
  EXPECT_LE(kernel.rows, 8U);
  EXPECT_LE(kernel.columns, 64U);
  PackPanel(w_rows.data(), kernel.rows, n, kernel.rows, kernel.group, 0, w_panel);
  PackPanel(z_rows.data(), kernel.columns, n, kernel.columns, kernel.group, kernel.column_bias,
            z_panel);
  const std::vector<std::int32_t> start(kernel.rows,
                                        -kernel.column_bias * w * static_cast<std::int32_t>(n));
  Tile tile;
  tile.w = w_panel;
  tile.z = z_panel;
  tile.words = n / kernel.group;
  tile.start = start.data();
  tile.sums = sums;
  kernel.multiply(tile);
  return {sums, sums + kernel.rows * kernel.columns};
}

TEST(PanelKernel, IsExactAtTheLargestSumsOnEveryTarget) {
  for (const std::int64_t target : Targets()) {
    const OnTarget on_target(target);
    SCOPED_TRACE(BestPanelKernel().target);
    for (const std::int8_t w : {std::int8_t{-128}, std::int8_t{127}, std::int8_t{-1}}) {
      for (const std::int8_t z : {std::int8_t{-128}, std::int8_t{127}, std::int8_t{1}}) {
        EXPECT_THAT(SumsOf(w, z), ::testing::Each(32768 * w * z));
      }
    }
  }
}

TEST(Engine, ServesOneChallengeAfterAnotherOfDifferentSizes) {
  const auto engine = MakeCpuEngine(2);
  Digest other{};
  other.fill(0x5a);
  const std::vector<State> first = States(*engine, Digest{}, 512, 2);
  EXPECT_TRUE(States(*engine, other, 256, 2) == States(*MakePlainEngine(), other, 256, 2));
  EXPECT_TRUE(States(*engine, Digest{}, 512, 2) == first);
}

TEST(Engine, StopsWhenItIsCancelledInTheMiddleAndCanBeginAgain) {
  const std::vector<State> expected = States(*MakePlainEngine(), Digest{}, 256, 1);
  std::vector<std::unique_ptr<HostEngine>> engines;
  engines.push_back(MakePlainEngine());
  engines.push_back(MakeCpuEngine(1));
  engines.push_back(MakeCpuEngine(3));
  for (const auto& engine : engines) {
    SCOPED_TRACE(engine->Description());
    // The caller's thread of three may get to ask only once before the others are done.
    const int last_ask = engine->hashing_threads() == 1 ? 3 : 1;
    ASSERT_TRUE(engine->Begin(Digest{}, 512).ok());
    State next(512 * 512);
    int asked = 0;
    const absl::Status status =
        engine->Round({}, absl::MakeSpan(next), [&] { return ++asked >= last_ask; });
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    EXPECT_LE(asked, last_ask + 2);
    EXPECT_TRUE(States(*engine, Digest{}, 256, 1) == expected);
  }
}

TEST(Engine, AsksWhetherItIsCancelledOftenEnoughForASlowMachine) {
  // 50 ms at 10 GMAC/s, a sixth of what a core with AVX2 does, are 5 * 10^8 products.
  const auto engine = MakeCpuEngine(1);
  for (const std::uint32_t n : {512U, 2048U}) {
    ASSERT_TRUE(engine->Begin(Digest{}, n).ok());
    State next(std::size_t{n} * n);
    std::uint64_t asked = 0;
    const auto count = [&asked] {
      ++asked;
      return false;
    };
    ASSERT_TRUE(engine->Round({}, absl::MakeSpan(next), count).ok());
    EXPECT_GE(asked, std::uint64_t{n} * n * n / 500'000'000 + 2);
  }
}

TEST(Engine, SaysWhatItIs) {
  EXPECT_THAT(MakeCpuEngine(2)->Description(), ::testing::MatchesRegex("cpu .+, 2 threads"));
  EXPECT_EQ(MakeCpuEngine(2)->hashing_threads(), 2);
  EXPECT_THAT(MakePlainEngine()->Description(), ::testing::HasSubstr("1 thread"));
}

}  // namespace
}  // namespace kaisar::kernels
