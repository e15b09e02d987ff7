#include "tests/support/fake_chain.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/keccak256.h"
#include "base/status_macros.h"
#include "chain/rlp.h"

// What ChainClient asks is in fake_chain_client.cc.
namespace kaisar::testing {
namespace {

std::uint64_t GasOf(const Bytes& input) {
  return 50'000 + 16 * input.size();
}

/// The header's fields in order; those that mean nothing here are zero.
Bytes MakeHeader(const chain::Block& block, std::uint64_t fork) {
  const Bytes nothing = chain::RlpString(Digest{});
  const Bytes zero = chain::RlpInteger(Uint256());
  Digest state_root{};
  state_root.back() = static_cast<std::uint8_t>(fork);
  return chain::RlpList({chain::RlpString(block.parent), nothing, chain::RlpString(Address{}),
                         chain::RlpString(state_root), nothing, nothing,
                         chain::RlpString(Bytes(256)), zero, chain::RlpInteger(block.number),
                         chain::RlpInteger(30'000'000), zero, chain::RlpInteger(block.timestamp_s),
                         zero, nothing, chain::RlpString(Bytes(8)),
                         chain::RlpInteger(block.base_fee)});
}

}  // namespace

FakeChain::FakeChain(const FakeClock& clock, const chain::Deployment& deployment,
                     std::uint64_t block_seconds)
    : clock_(clock), deployment_(deployment), block_seconds_(block_seconds) {
  MutexLock lock(mutex_);
  Mined first;
  first.block.timestamp_s = clock.WallMs() / 1000;
  first.block.base_fee = base_fee_;
  first.header = MakeHeader(first.block, 0);
  first.block.hash = Keccak256(first.header);
  first.state = std::make_shared<State>(State{FakeContracts(deployment), {}, {}});
  blocks_.push_back(std::move(first));
}

FakeChain::State& FakeChain::Newest() {
  std::shared_ptr<State>& state = blocks_.back().state;
  if (state.use_count() > 1) state = std::make_shared<State>(*state);
  return *state;
}

FakeContracts& FakeChain::contracts() {
  MutexLock lock(mutex_);
  CatchUp();
  return Newest().contracts;
}

void FakeChain::SetBalance(const Address& account, const Uint256& wei) {
  MutexLock lock(mutex_);
  Newest().balances[account] = wei;
}

void FakeChain::SetBaseFee(const Uint256& wei_per_gas) {
  MutexLock lock(mutex_);
  CatchUp();
  base_fee_ = wei_per_gas;
}

void FakeChain::HoldTransactions(bool hold) {
  MutexLock lock(mutex_);
  CatchUp();
  hold_ = hold;
}

void FakeChain::StandStill(bool still) {
  MutexLock lock(mutex_);
  CatchUp();
  still_ = still;
}

void FakeChain::DropMempool() {
  MutexLock lock(mutex_);
  mempool_.clear();
}

void FakeChain::Prune(std::uint64_t first_kept) {
  MutexLock lock(mutex_);
  first_kept_ = first_kept;
}

void FakeChain::ForgetLogs(std::uint64_t first_kept) {
  MutexLock lock(mutex_);
  for (Mined& mined : blocks_) {
    if (mined.block.number < first_kept) mined.logs.clear();
  }
}

void FakeChain::Reorganise(std::uint64_t depth, bool forgotten) {
  MutexLock lock(mutex_);
  CatchUp();
  KAISAR_CHECK(depth < blocks_.size());
  ++forks_;
  if (forgotten) mempool_.clear();
  const auto first = blocks_.end() - static_cast<long>(depth);
  std::vector<std::uint64_t> timestamps;
  for (auto mined = first; mined != blocks_.end(); ++mined) {
    timestamps.push_back(mined->block.timestamp_s);
    for (const FakeTransaction& transaction : mined->transactions) {
      if (!forgotten) mempool_[{transaction.from, transaction.fields.nonce}] = transaction;
    }
  }
  blocks_.erase(first, blocks_.end());
  for (const std::uint64_t timestamp : timestamps) Mine(timestamp, /*empty=*/true);
}

void FakeChain::CatchUp() {
  const std::uint64_t now_s = clock_.WallMs() / 1000;
  while (blocks_.back().block.timestamp_s + block_seconds_ <= now_s) {
    if (still_) return;
    Mine(blocks_.back().block.timestamp_s + block_seconds_, /*empty=*/false);
  }
}

void FakeChain::Mine(std::uint64_t timestamp_s, bool empty) {
  const chain::Block& parent = blocks_.back().block;
  Mined mined;
  mined.block.number = parent.number + 1;
  mined.block.parent = parent.hash;
  mined.block.timestamp_s = timestamp_s;
  mined.block.base_fee = base_fee_;
  mined.header = MakeHeader(mined.block, forks_);
  mined.block.hash = Keccak256(mined.header);
  mined.state = blocks_.back().state;
  if (!empty && !hold_) Include(mined);
  blocks_.push_back(std::move(mined));
}

void FakeChain::Include(Mined& mined) {
  bool found = true;
  while (found) {  // in order of nonce, whatever the order of senders
    found = false;
    for (auto entry = mempool_.begin(); entry != mempool_.end(); ++entry) {
      const auto& [from, nonce] = entry->first;
      if (nonce != mined.state->nonces[from]) continue;
      if (entry->second.fields.fees.max_fee < base_fee_) continue;
      const FakeTransaction transaction = entry->second;
      mempool_.erase(entry);
      Execute(transaction, mined);
      found = true;
      break;
    }
  }
}

void FakeChain::Execute(const FakeTransaction& transaction, Mined& mined) {
  const chain::Transaction& fields = transaction.fields;
  chain::Receipt receipt;
  receipt.block_number = mined.block.number;
  receipt.block_hash = mined.block.hash;
  receipt.transaction = transaction.hash;
  receipt.gas_used = std::min(GasOf(fields.input), fields.gas_limit);
  receipt.gas_price = std::min(fields.fees.max_fee, base_fee_ + fields.fees.priority_fee);
  auto state = std::make_shared<State>(*mined.state);
  std::vector<chain::LogEntry> logs;
  receipt.success =
      GasOf(fields.input) <= fields.gas_limit &&
      state->contracts.Call(fields.to, fields.input, ContextOf(transaction.from, mined.block), logs)
          .ok();
  if (!receipt.success) {
    state = std::make_shared<State>(*mined.state);
    logs.clear();
  }
  ++state->nonces[transaction.from];
  Uint256& balance = state->balances[transaction.from];
  balance = balance - std::min(balance, receipt.gas_price * Uint256(receipt.gas_used));
  mined.state = std::move(state);
  for (chain::LogEntry& log : logs) {
    log.block_number = mined.block.number;
    log.block_hash = mined.block.hash;
    log.transaction = transaction.hash;
    log.index = static_cast<std::uint32_t>(mined.logs.size());
    mined.logs.push_back(std::move(log));
  }
  mined.transactions.push_back(transaction);
  mined.receipts.push_back(receipt);
}

FakeCallContext FakeChain::ContextOf(const Address& from, const chain::Block& block) {
  // By a pointer, because Clang's analysis does not see that the lambda is called under the lock.
  const std::vector<Mined>* const blocks = &blocks_;
  return {from, block.number, block.timestamp_s, [blocks](std::uint64_t number) -> const Bytes* {
            return number < blocks->size() ? &(*blocks)[number].header : nullptr;
          }};
}

absl::Status FakeChain::Accept(const FakeTransaction& transaction) {
  const chain::Transaction& fields = transaction.fields;
  State& state = *blocks_.back().state;
  if (fields.chain_id != deployment_.chain_id) return absl::InvalidArgumentError("wrong chain id");
  if (fields.nonce < state.nonces[transaction.from]) {
    return absl::AlreadyExistsError("nonce too low");
  }
  const Uint256 need = fields.fees.max_fee * Uint256(fields.gas_limit) + fields.value;
  if (state.balances[transaction.from] < need) {
    return absl::ResourceExhaustedError("insufficient funds for gas * price + value");
  }
  const auto place = mempool_.find({transaction.from, fields.nonce});
  if (place == mempool_.end()) {
    mempool_[{transaction.from, fields.nonce}] = transaction;
    return absl::OkStatus();
  }
  if (place->second.hash == transaction.hash) return absl::OkStatus();  // already known
  const auto tenth_more = [](const Uint256& fee) { return fee * Uint256(11) / Uint256(10); };
  const chain::Fees& old = place->second.fields.fees;
  if (fields.fees.max_fee < tenth_more(old.max_fee) ||
      fields.fees.priority_fee < tenth_more(old.priority_fee)) {
    return absl::FailedPreconditionError("replacement transaction underpriced");
  }
  place->second = transaction;
  return absl::OkStatus();
}

}  // namespace kaisar::testing
