#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/entropy.h"
#include "base/keys/hash_chain.h"
#include "checker/epoch_runner.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_provider_client.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/dying_log.h"

namespace kaisar::testing {

/// Entropy whose every byte is the number of the call.
class CountingEntropy final : public Entropy {
 public:
  absl::Status Fill(absl::Span<std::uint8_t> out) override {
    ++calls;
    for (std::uint8_t& byte : out) byte = calls;
    return absl::OkStatus();
  }
  std::uint8_t calls = 0;
};

/// A signature store that can end before or after it has signed.
class DyingSignatures final : public reporter::SignatureStore {
 public:
  enum class Dies { kNever, kBefore, kAfter };

  explicit DyingSignatures(std::unique_ptr<reporter::SignatureStore> store)
      : store_(std::move(store)) {}
  absl::StatusOr<Signature> Sign(const audit::Report& report, const SigningKey& key) override;
  absl::StatusOr<std::optional<Digest>> Find(const SigningDomain& domain, std::uint32_t slot,
                                             std::uint32_t epoch) override {
    return store_->Find(domain, slot, epoch);
  }

  Dies dies = Dies::kNever;

  absl::StatusOr<std::string> Export() override { return store_->Export(); }
  absl::StatusOr<std::uint32_t> Import(const std::string& json) override {
    return store_->Import(json);
  }

 private:
  std::unique_ptr<reporter::SignatureStore> store_;
};

/// Runners on one data directory, one after the other, in simulated time: epochs, of 20 s, from
/// kGenesisMs on, devices that are fakes, and a real log.
class RunnerScene {
 public:
  static constexpr std::uint64_t kGenesisMs = 1'800'000'000'000;
  static constexpr std::uint64_t kEpochMs = 20'000;

  explicit RunnerScene(std::uint32_t devices);
  ~RunnerScene();

  /// Puts another hash chain, from `first_epoch` on, in the place of the own one, or that back.
  void ReplaceHashChain(std::uint32_t first_epoch);
  void RestoreHashChain();

  /// Runs a new runner until it ends.
  absl::Status Run(std::uint32_t epochs = 1);

  std::string LogPath(std::uint32_t epoch) const;
  std::string ReportPath(std::uint32_t epoch) const;
  /// All records of an epoch's log; the test fails when the log is not whole.
  std::vector<v1::Record> Records(std::uint32_t epoch) const;
  bool Exists(const std::string& path) const;

  std::uint64_t epoch_ms = kEpochMs;
  FakeClock clock{kGenesisMs};
  FakeProviderClient client{clock, SigningDomain{31337, {}}};
  FakeProcessRunner processes{clock, HonestTests()};
  CountingEntropy entropy;
  checker::RunnerSettings settings;
  v1::Roster roster;
  /// Takes the place of the roster file when it is there.
  std::unique_ptr<checker::Registry> registry;
  checker::MakeReport make_report = audit::MakeReport;
  LogLife life;
  std::unique_ptr<DyingSignatures> signatures;
  std::vector<std::string> notices;
  std::vector<std::string> unusable;  // why logs were left out
  std::vector<std::string> no_room;   // what was said of each epoch that was not begun
  std::vector<checker::EpochResult> results;
  std::uint32_t outcomes = 0;
  std::uint64_t free_bytes = std::uint64_t{1} << 40;  // for logs
  /// Asked before each wait, with the runner: may stop it.
  std::function<void(checker::EpochRunner&)> on_wait;

 private:
  checker::RunnerHooks Hooks();
  void Wait(checker::EventQueue& queue, std::uint64_t wake_ms);

  FakeProber prober_{clock};
  SigningKey key_;
  HashChain chain_;
  checker::CheckPool checks_{0};
  checker::EpochRunner* runner_ = nullptr;
};

}  // namespace kaisar::testing
