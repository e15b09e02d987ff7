#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/report.h"
#include "base/clock.h"
#include "base/signing_key.h"
#include "base/uint256.h"
#include "chain/contracts.h"
#include "reporter/signature_store.h"

namespace kaisar::reporter {

/// How a slot's reports are brought to the chain.
struct SubmitterSettings {
  std::uint32_t slot = 0;
  std::string outbox_path;          // SQLite, reporter/outbox.h; made when there is none
  std::uint32_t confirmations = 2;  // blocks on top before a transaction counts as done
  Uint256 most_fee;                 // wei per gas; never offers more
  Uint256 low_balance;              // wei; below it a notice says so once an hour
  std::uint32_t settle_batch = 20;  // devices a transaction
};

/// Where an epoch's report stands on the chain.
enum class Stage {
  kWaiting,     // for the commit window
  kCommitting,  // transaction sent, or about to be
  kCommitted,   // accepted; waits for the reveal window
  kRevealing,
  kRevealed,  // accepted: the report counts
  kSettling,  // devices of ours are left to settle
  kDone,
  kMissed,  // the window closed first; `why` tells the cause
  kHeld,    // the chain has a commitment of this slot that this node did not sign
};

struct EpochStage {
  std::uint32_t epoch = 0;
  Stage stage = Stage::kWaiting;
  std::string why;  // for people; empty when all is well
  Digest commit_transaction{};
  Digest reveal_transaction{};
  friend bool operator==(const EpochStage&, const EpochStage&) = default;
};

struct SubmitterHooks {
  /// Something that the operator should know.
  std::function<void(const std::string&)> notice = [](const std::string&) {};
  std::function<void(const EpochStage&)> stage_changed = [](const EpochStage&) {};
  /// The slot's key was used elsewhere of late: nothing more is committed. Once.
  std::function<void()> key_held = [] {};
  /// For tests: told after each change of the outbox.
  std::function<void()> outbox_written = [] {};
};

struct SubmitterServices {
  chain::Contracts& contracts;
  const SigningKey& key;  // the hot key
  SignatureStore& signatures;
  const Clock& clock;
};

/// Brings reports to the chain: opens epochs, commits, reveals, settles, by chain time. Everything
/// that it does next follows from the chain's state, the outbox and the added reports; so a restart
/// at any point goes on, sends nothing twice and signs nothing new. An outage or a reorganisation
/// is waited out; a transaction is done only `confirmations` blocks deep, and looked up again until
/// then.
///
/// Threads: one at a time.
/// Source:  docs/settlement.md; settlement.md, The checker's side.
class Submitter {
 public:
  /// Errors: those of the outbox (FailedPrecondition when another process has it).
  static absl::StatusOr<std::unique_ptr<Submitter>> Open(const SubmitterSettings& settings,
                                                         const SubmitterServices& services,
                                                         SubmitterHooks hooks);
  virtual ~Submitter() = default;

  /// Takes charge of a report; again: nothing changes. One whose settling is over is done at once.
  ///
  /// Errors: InvalidArgument when it is another slot's, chain's or contract's, or its signature is
  ///         not in the signature store.
  virtual absl::Status Add(const audit::SignedReport& report) = 0;

  /// Does what is due, at most one transaction; blocks no longer than a few requests do.
  ///
  /// Result: the wall time in ms at which to call again.
  virtual std::uint64_t Poll() = 0;

  /// Of the added reports, ascending.
  virtual std::vector<EpochStage> stages() const = 0;
  /// Whether every added report is done, missed or held.
  virtual bool idle() const = 0;
};

}  // namespace kaisar::reporter
