// What ChainClient asks of tests/support/fake_chain.h.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/support/fake_chain.h"

namespace kaisar::testing {

std::vector<FakeTransaction> FakeChain::handed_in() const {
  MutexLock lock(mutex_);
  return handed_in_;
}

std::vector<FakeTransaction> FakeChain::included() const {
  MutexLock lock(mutex_);
  std::vector<FakeTransaction> all;
  for (const Mined& mined : blocks_) {
    all.insert(all.end(), mined.transactions.begin(), mined.transactions.end());
  }
  return all;
}

std::uint64_t FakeChain::NonceOf(const Address& account) const {
  MutexLock lock(mutex_);
  return blocks_.back().state->nonces[account];
}

absl::StatusOr<chain::Block> FakeChain::Latest() {
  RETURN_IF_ERROR(before("Latest"));
  MutexLock lock(mutex_);
  CatchUp();
  return blocks_.back().block;
}

absl::StatusOr<chain::Block> FakeChain::BlockAt(std::uint64_t number) {
  RETURN_IF_ERROR(before("BlockAt"));
  MutexLock lock(mutex_);
  CatchUp();
  if (number < blocks_.size()) return blocks_[number].block;
  return absl::NotFoundError(absl::StrCat("there is no block ", number));
}

absl::StatusOr<Bytes> FakeChain::Header(std::uint64_t number) {
  RETURN_IF_ERROR(before("Header"));
  MutexLock lock(mutex_);
  CatchUp();
  if (number < blocks_.size()) return blocks_[number].header;
  return absl::NotFoundError(absl::StrCat("there is no block ", number));
}

absl::StatusOr<Bytes> FakeChain::Run(const chain::ViewCall& call) {
  const std::uint64_t number = call.block.value_or(blocks_.size() - 1);
  if (number >= blocks_.size()) return absl::NotFoundError(absl::StrCat("no block ", number));
  if (number < first_kept_) return absl::OutOfRangeError("missing trie node");
  const Mined& mined = blocks_[number];
  FakeContracts contracts = mined.state->contracts;  // what a call changes is forgotten
  std::vector<chain::LogEntry> logs;
  return contracts.Call(call.to, call.input, ContextOf(call.from.value_or(Address{}), mined.block),
                        logs);
}

absl::StatusOr<Bytes> FakeChain::Call(const chain::ViewCall& call) {
  RETURN_IF_ERROR(before("Call"));
  MutexLock lock(mutex_);
  CatchUp();
  return Run(call);
}

absl::StatusOr<std::vector<chain::LogEntry>> FakeChain::Logs(const chain::LogFilter& filter) {
  RETURN_IF_ERROR(before("Logs"));
  MutexLock lock(mutex_);
  CatchUp();
  std::vector<chain::LogEntry> found;
  for (const Mined& mined : blocks_) {
    if (mined.block.number < filter.from_block || mined.block.number > filter.to_block) continue;
    for (const chain::LogEntry& log : mined.logs) {
      bool matches = log.address == filter.address && log.topics.size() >= filter.topics.size();
      for (std::size_t i = 0; matches && i < filter.topics.size(); ++i) {
        matches = !filter.topics[i].has_value() || *filter.topics[i] == log.topics[i];
      }
      if (matches) found.push_back(log);
    }
  }
  return found;
}

absl::StatusOr<Uint256> FakeChain::Balance(const Address& account) {
  RETURN_IF_ERROR(before("Balance"));
  MutexLock lock(mutex_);
  CatchUp();
  return blocks_.back().state->balances[account];
}

absl::StatusOr<std::uint64_t> FakeChain::Nonce(const Address& account) {
  RETURN_IF_ERROR(before("Nonce"));
  MutexLock lock(mutex_);
  CatchUp();
  return blocks_.back().state->nonces[account];
}

absl::StatusOr<chain::Fees> FakeChain::SuggestFees() {
  RETURN_IF_ERROR(before("SuggestFees"));
  MutexLock lock(mutex_);
  const Uint256 priority(1'000'000'000);
  return chain::Fees{base_fee_ + base_fee_ + priority, priority};
}

absl::StatusOr<std::uint64_t> FakeChain::EstimateGas(const chain::ViewCall& call) {
  RETURN_IF_ERROR(before("EstimateGas"));
  MutexLock lock(mutex_);
  CatchUp();
  RETURN_IF_ERROR(Run(call).status());
  return 50'000 + 16 * call.input.size();
}

absl::Status FakeChain::Send(const chain::SignedTransaction& transaction) {
  RETURN_IF_ERROR(before("Send"));
  ASSIGN_OR_RETURN(const FakeTransaction decoded, DecodeTransaction(transaction));
  absl::Status status;
  {
    MutexLock lock(mutex_);
    CatchUp();
    const bool known =
        std::any_of(handed_in_.begin(), handed_in_.end(),
                    [&](const FakeTransaction& other) { return other.hash == decoded.hash; });
    if (!known) handed_in_.push_back(decoded);
    status = Accept(decoded);
  }
  after_send();
  return status;
}

absl::StatusOr<std::optional<chain::Receipt>> FakeChain::FindReceipt(const Digest& transaction) {
  RETURN_IF_ERROR(before("FindReceipt"));
  MutexLock lock(mutex_);
  CatchUp();
  for (auto mined = blocks_.rbegin(); mined != blocks_.rend(); ++mined) {
    for (const chain::Receipt& receipt : mined->receipts) {
      if (receipt.transaction == transaction) return std::optional<chain::Receipt>(receipt);
    }
  }
  return std::optional<chain::Receipt>();
}

}  // namespace kaisar::testing
