#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "chain/chain_client.h"
#include "chain/contracts.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_contracts.h"
#include "tests/support/fake_transaction.h"

namespace kaisar::testing {

/// A chain whose blocks come by a fake clock: accounts, a mempool that asks for what nodes ask,
/// blocks that take what pays enough, reorganisations, outages; with a model of the contracts.
///
/// Threads: all methods from any thread.
class FakeChain final : public chain::ChainClient {
 public:
  /// The first block is made now; one more every `block_seconds` of the clock's wall time.
  FakeChain(const FakeClock& clock, const chain::Deployment& deployment,
            std::uint64_t block_seconds = 1);

  // What tests do to it.
  const chain::Deployment& deployment() const { return deployment_; }
  /// The newest block's state; what a test changes is there at once and stays.
  FakeContracts& contracts();
  void SetBalance(const Address& account, const Uint256& wei);
  void SetBaseFee(const Uint256& wei_per_gas);
  /// Blocks stay empty.
  void HoldTransactions(bool hold);
  /// No block is made.
  void StandStill(bool still);
  /// Replaces the newest `depth` blocks by empty ones. Their transactions come back to the mempool,
  /// or are `forgotten`; so is the mempool then.
  void Reorganise(std::uint64_t depth, bool forgotten);
  /// Forgets what waits for a block, as nodes do that restart.
  void DropMempool();
  /// State of blocks before this one is gone.
  void Prune(std::uint64_t first_kept);
  /// So are their logs, as those before a node's snapshot.
  void ForgetLogs(std::uint64_t first_kept);
  /// Told before each method, by name; what it returns is the method's error. May throw.
  std::function<absl::Status(absl::string_view method)> before = [](auto) {
    return absl::OkStatus();
  };
  /// Told after a transaction was handed in. May throw.
  std::function<void()> after_send = [] {};

  /// All different transactions that were handed in and understood, in order, and those of them in
  /// blocks.
  std::vector<FakeTransaction> handed_in() const;
  std::vector<FakeTransaction> included() const;
  std::uint64_t NonceOf(const Address& account) const;

  // ChainClient
  std::uint64_t chain_id() const override { return deployment_.chain_id; }
  absl::StatusOr<chain::Block> Latest() override;
  absl::StatusOr<chain::Block> BlockAt(std::uint64_t number) override;
  absl::StatusOr<Bytes> Header(std::uint64_t number) override;
  absl::StatusOr<Bytes> Call(const chain::ViewCall& call) override;
  absl::StatusOr<std::vector<chain::LogEntry>> Logs(const chain::LogFilter& filter) override;
  absl::StatusOr<Uint256> Balance(const Address& account) override;
  absl::StatusOr<std::uint64_t> Nonce(const Address& account) override;
  absl::StatusOr<chain::Fees> SuggestFees() override;
  absl::StatusOr<std::uint64_t> EstimateGas(const chain::ViewCall& call) override;
  absl::Status Send(const chain::SignedTransaction& transaction) override;
  absl::StatusOr<std::optional<chain::Receipt>> FindReceipt(const Digest& transaction) override;

 private:
  struct State {
    FakeContracts contracts;
    std::map<Address, std::uint64_t> nonces;
    std::map<Address, Uint256> balances;
  };
  struct Mined {
    chain::Block block;
    Bytes header;
    std::shared_ptr<State> state;  // behind it; shared while nothing changes
    std::vector<FakeTransaction> transactions;
    std::vector<chain::Receipt> receipts;
    std::vector<chain::LogEntry> logs;
  };
  using Place = std::pair<Address, std::uint64_t>;  // sender and nonce

  void CatchUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Mine(std::uint64_t timestamp_s, bool empty) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Include(Mined& mined) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Execute(const FakeTransaction& transaction, Mined& mined)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Accept(const FakeTransaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Bytes> Run(const chain::ViewCall& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  FakeCallContext ContextOf(const Address& from, const chain::Block& block)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  State& Newest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const FakeClock& clock_;
  const chain::Deployment deployment_;
  const std::uint64_t block_seconds_;
  mutable Mutex mutex_;
  std::vector<Mined> blocks_ ABSL_GUARDED_BY(mutex_);
  std::map<Place, FakeTransaction> mempool_ ABSL_GUARDED_BY(mutex_);
  std::vector<FakeTransaction> handed_in_ ABSL_GUARDED_BY(mutex_);
  Uint256 base_fee_ ABSL_GUARDED_BY(mutex_) = Uint256(1'000'000'000);
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  bool still_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t forks_ ABSL_GUARDED_BY(mutex_) = 0;  // makes the hashes of a fork its own
  std::uint64_t first_kept_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kaisar::testing
