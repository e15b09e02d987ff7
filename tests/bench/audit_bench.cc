// How fast kaisar-audit verifies a log and, in the same run, how fast the libraries alone do what a
// log has most of: signatures by libsecp256k1, SHA-256 by OpenSSL.
#include <benchmark/benchmark.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "audit/verify.h"
#include "base/check.h"
#include "base/sha256.h"
#include "tests/support/large_log.h"

namespace kaisar::audit {
namespace {

/// A log and its report in a folder of their own, which goes with them.
struct Files {
  std::string folder = [] {
    std::string made = std::filesystem::temp_directory_path() / "audit_bench-XXXXXX";
    KAISAR_CHECK(mkdtemp(made.data()) != nullptr);
    return made;
  }();
  std::string log = folder + "/log";
  std::string report = folder + "/report";

  explicit Files(const testing::LargeLogShape& shape) {
    testing::WriteLargeLog(shape, log, report);
  }
  ~Files() { std::filesystem::remove_all(folder); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
};

VerifyResult VerifyFiles(const Files& files, int threads) {
  VerifyOptions options;
  options.threads = threads;
  const auto result = Verify(files.log, files.report, options);
  KAISAR_CHECK(result.ok() && result->difference_count == 0);
  return *result;
}

// Records, of which two belong to a challenge: one issues it, one closes it. Each has a signature.
void LatencyRecords(benchmark::State& state) {
  static const Files files({.devices = 20, .latency = 250});
  std::uint64_t records = 0;
  for (auto _ : state) {
    records += VerifyFiles(files, static_cast<int>(state.range(0))).records;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
}
BENCHMARK(LatencyRecords)
    ->ArgName("threads")
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(LatencyRecords)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Challenges of n and 64 samples, an eighth of them of the first round, where there is no row to
// open. Making four of n = 8192 takes two minutes.
void MatmulChallenges(benchmark::State& state) {
  static std::map<std::int64_t, Files> made;
  testing::LargeLogShape shape{.devices = 4, .latency = 1, .matmul = 1, .rounds = 8, .samples = 64};
  shape.n = static_cast<std::uint32_t>(state.range(0));
  const Files& files = made.try_emplace(state.range(0), shape).first->second;
  for (auto _ : state) VerifyFiles(files, static_cast<int>(state.range(1)));
  state.SetItemsProcessed(state.iterations() * shape.devices);
}
BENCHMARK(MatmulChallenges)
    ->ArgNames({"n", "threads"})
    ->Args({256, 1})
    ->Args({8192, 1})
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

/// A signature of libsecp256k1, and whose it is.
struct Signed {
  secp256k1_context* context =
      secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
  Digest digest = Sha256({});
  secp256k1_pubkey key;
  secp256k1_ecdsa_recoverable_signature recoverable;
  secp256k1_ecdsa_signature plain;

  Signed() {
    const Digest secret = Sha256(digest);
    KAISAR_CHECK(secp256k1_ec_pubkey_create(context, &key, secret.data()) == 1);
    KAISAR_CHECK(secp256k1_ecdsa_sign_recoverable(context, &recoverable, digest.data(),
                                                  secret.data(), nullptr, nullptr) == 1);
    secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &recoverable);
  }
  ~Signed() { secp256k1_context_destroy(context); }
  Signed(const Signed&) = delete;
  Signed& operator=(const Signed&) = delete;
};

void BareRecovery(benchmark::State& state) {
  Signed made;
  for (auto _ : state) {
    KAISAR_CHECK(secp256k1_ecdsa_recover(made.context, &made.key, &made.recoverable,
                                         made.digest.data()) == 1);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BareRecovery)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

void BareVerification(benchmark::State& state) {
  const Signed made;
  for (auto _ : state) {
    KAISAR_CHECK(secp256k1_ecdsa_verify(made.context, &made.plain, made.digest.data(), &made.key) ==
                 1);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BareVerification)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

void BareSha256(benchmark::State& state) {
  const Bytes message(650'000);  // as an opening has
  for (auto _ : state) benchmark::DoNotOptimize(Sha256(message));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(BareSha256)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kaisar::audit

BENCHMARK_MAIN();
