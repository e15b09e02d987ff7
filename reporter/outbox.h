#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/sqlite_file.h"
#include "chain/chain_client.h"
#include "chain/transaction.h"
#include "reporter/purpose.h"

namespace kaisar::reporter {

/// A call that should get into a block before its window ends.
struct Intent {
  Purpose purpose = Purpose::kCommit;
  std::uint32_t epoch = 0;
  Address to{};
  Bytes input;
  std::uint64_t window_end_s = 0;  // Unix time
};

/// One signing of a transaction; the ones after the first have higher fees and the same nonce.
struct Attempt {
  chain::Fees fees;
  chain::SignedTransaction transaction;
};

/// How a transaction ended. The numbers are in the file.
enum class SendState : std::uint8_t {
  kOpen = 0,        // in no block, or in one that is not deep enough
  kDone = 1,        // deep in the chain
  kReverted = 2,    // so, too, but it did nothing
  kLost = 3,        // another transaction has its nonce
  kSuperseded = 4,  // another one of ours was sent with its nonce
  kRefused = 5,     // the chain does not take it
};

struct OutboxEntry {
  std::uint64_t id = 0;  // given by Insert
  Intent intent;
  std::uint64_t nonce = 0;
  std::uint64_t gas_limit = 0;
  std::uint64_t made_s = 0;       // Unix time
  std::vector<Attempt> attempts;  // at least one, oldest first
  SendState state = SendState::kOpen;
  std::optional<chain::Receipt> receipt;  // null: in no block
  Digest included{};  // hash of the attempt that the receipt is of; zero without one
  std::string error;  // what went wrong last, for people
};

/// "commit of epoch 7", as people read it.
std::string Describe(const OutboxEntry& entry);

/// The transactions of one hot key on one chain: each attempt's raw bytes are durable before they
/// are sent, so a restart sends the same bytes again and nothing twice.
///
/// A SQLite file (application id "KOUT", user_version 1; write-ahead log, synchronous FULL, so that
/// others may read while the daemon writes) of two tables. `transactions`: a row for each intent
/// with chain (BE64), sender, nonce, purpose, epoch, target, input, gas_limit, window_end and made
/// (Unix seconds), state, the receipt (included: hash; block, block_hash, success, gas_used,
/// gas_price: 32 bytes big-endian; all NULL while in no block) and error. `attempts`: for each
/// transaction id and number from 1 on max_fee, priority_fee, hash and raw. Ended transactions are
/// kept, the newest 20,000 of them.
///
/// Threads: one at a time.
/// Errors:  of all that write: those of SqliteFile, with the path; nothing changed then.
class Outbox {
 public:
  /// Makes the file when there is none. `written` is told after each change became durable.
  ///
  /// Errors: FailedPrecondition when another process has it, naming it, or when its layout is
  ///         another one.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(
      const std::string& path, std::uint64_t chain_id, const Address& sender,
      std::function<void()> written = [] {});

  /// The newest entries of all chains and senders, newest first, while another process may write.
  ///
  /// Errors: NotFound when there is no such file.
  static absl::StatusOr<std::vector<OutboxEntry>> Read(const std::string& path, std::uint32_t most);

  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// By nonce, ascending.
  absl::StatusOr<std::vector<OutboxEntry>> OpenEntries();
  /// All that were made with this nonce, oldest first.
  absl::StatusOr<std::vector<OutboxEntry>> WithNonce(std::uint64_t nonce);
  /// The one that was made last for this purpose and epoch.
  absl::StatusOr<std::optional<OutboxEntry>> LastOf(Purpose purpose, std::uint32_t epoch);

  /// Stores a new entry and gives its id; `superseded` (an id; 0: none) ends in the same step.
  absl::StatusOr<std::uint64_t> Insert(const OutboxEntry& entry, std::uint64_t superseded = 0);
  absl::Status AddAttempt(const OutboxEntry& entry, const Attempt& attempt);
  /// Stores state, receipt, included and error of an entry.
  absl::Status Update(const OutboxEntry& entry);

 private:
  Outbox(std::string path, int lock_fd, std::unique_ptr<SqliteFile> file, std::uint64_t chain_id,
         const Address& sender, std::function<void()> written);
  absl::StatusOr<std::vector<OutboxEntry>> Select(const std::string& where, std::uint64_t first,
                                                  std::uint64_t second);
  absl::Status Commit(const absl::Status& status);

  const std::string path_;
  const int lock_fd_;  // closed behind the file: closing it drops SQLite's own locks
  std::unique_ptr<SqliteFile> file_;
  Bytes chain_;
  Bytes sender_;
  std::function<void()> written_;
};

}  // namespace kaisar::reporter
