#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/report.h"
#include "base/signing_key.h"
#include "chain/contracts.h"
#include "reporter/signature_store.h"
#include "reporter/submitter.h"
#include "tests/support/fake_chain.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {

/// A slot's submitter on a fake chain: 3 slots (ours is 0), 6 devices, epochs of 120 s with windows
/// of a twelfth of that, a block every second, genesis at 1,000,000 s, which is 40 s away at the
/// beginning.
class SubmitterScene {
 public:
  static constexpr std::uint64_t kGenesis = 1'000'000;
  static constexpr std::uint32_t kSlot = 0;

  explicit SubmitterScene(std::uint32_t epoch_seconds = 120, std::uint64_t block_seconds = 1);

  /// Opens the submitter, with what it had charge of. Hooks may throw through it.
  void Start();
  void Stop() { submitter_.reset(); }
  void Restart();

  /// Signs a report of an epoch by the store; devices 0 to 5 have the score 150.
  audit::SignedReport MakeReport(std::uint32_t epoch, std::uint8_t root = 1);
  /// Gives a report to the submitter, now and at each start.
  void Add(const audit::SignedReport& report);

  /// Runs the submitter as its daemon does, until a time of the clock.
  void RunUntil(std::uint64_t time_s);
  /// As a test's loop would after an error that a hook threw: starts again and goes on.
  template <typename Crash>
  int RunUntilThroughCrashes(std::uint64_t time_s) {
    int crashes = 0;
    while (clock().WallMs() < time_s * 1000) {
      try {
        if (submitter_ == nullptr) Start();
        RunUntil(time_s);
      } catch (const Crash&) {
        ++crashes;
        Stop();
      }
    }
    return crashes;
  }

  EpochStage StageOf(std::uint32_t epoch) const;
  Submitter& submitter() { return *submitter_; }
  bool Noticed(const std::string& part) const;
  const std::vector<std::string>& notices() const { return notices_; }
  std::string AllNotices() const;

  /// Transactions of ours that are in blocks and begin with a function's selector.
  int Included(const std::string& signature) const;
  /// Different transactions of ours that were handed in and begin so.
  int HandedIn(const std::string& signature) const;
  Digest OnChain(std::uint32_t epoch);

  const chain::Schedule& schedule() const { return chain_.deployment().schedule; }
  testing::FakeClock& clock() { return clock_; }
  testing::FakeChain& chain() { return chain_; }
  SignatureStore& signatures() { return *signatures_; }
  const SigningKey& key() const { return key_; }
  SubmitterSettings settings;
  std::function<void()> outbox_written = [] {};
  std::function<void(const EpochStage&)> stage_changed = [](const EpochStage&) {};
  std::function<void()> key_held = [] {};

 private:
  TemporaryStore place_;
  testing::FakeClock clock_;
  testing::FakeChain chain_;
  chain::Contracts contracts_;
  SigningKey key_ = TestKey();
  std::unique_ptr<SignatureStore> signatures_;
  std::vector<audit::SignedReport> reports_;
  std::vector<std::string> notices_;
  std::unique_ptr<Submitter> submitter_;
};

/// The functions whose transactions the tests count.
inline constexpr char kOpen[] = "openEpoch(uint32,bytes,bytes)";
inline constexpr char kCommit[] = "commit(uint32,uint32,bytes32)";
inline constexpr char kReveal[] = "reveal(uint32,uint32,bytes32,bytes32,bytes32,bytes32[])";
inline constexpr char kSettle[] =
    "settleBatch(uint32,(uint24,(bytes32,uint32,uint24,bytes32[])[])[])";

inline constexpr char kMarkMissed[] = "markMissed(uint32,uint32)";
inline constexpr char kMarkUnrevealed[] = "markUnrevealed(uint32,uint32)";

}  // namespace kaisar::reporter
