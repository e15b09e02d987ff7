#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/report.h"
#include "chain/contracts.h"
#include "reporter/epoch_settler.h"
#include "reporter/next_step.h"
#include "reporter/outbox.h"
#include "reporter/submitter.h"

namespace kaisar::reporter {

/// The newest block, and the newest one that is deep enough to stay.
struct Now {
  chain::Block latest;
  chain::Block deep;
  std::uint64_t block_ms = 1000;  // between blocks
};

/// One report on its way to the chain.
///
/// Threads: one at a time.
class Charge {
 public:
  /// `contracts` must outlive it.
  ///
  /// Errors: InvalidArgument when the words' first ids do not ascend.
  static absl::StatusOr<Charge> Make(const audit::Report& report, const SubmitterSettings& settings,
                                     chain::Contracts& contracts);

  const EpochStage& stage() const { return stage_; }
  const NextStep& step() const { return step_; }
  bool ended() const { return IsLast(stage_.stage); }
  /// Nothing is to be done about it any more.
  void End() { stage_.stage = Stage::kDone; }

  /// Reads the chain and decides the next step. Of devices to settle it learns only when
  /// `may_settle`; an error there is no error of this one, for it must not hold up reports: the
  /// stage tells it, and it is tried again later. `held`: the slot's key is used elsewhere, nothing
  /// is committed.
  ///
  /// Errors: those of ChainClient.
  absl::Status LookAt(const Now& now, bool held, bool may_settle);
  /// Whether the last LookAt asked what is settled.
  bool asked_settled() const { return asked_settled_; }
  /// Takes over what LookAt decided and which transactions carry it. Result: whether it changed.
  absl::StatusOr<bool> SetStage(Outbox& outbox);

  /// What the step's action sends.
  Purpose purpose() const;
  std::uint64_t window_end_s() const;
  absl::StatusOr<std::optional<Intent>> MakeIntent(const Now& now);
  /// The intent was sent.
  void Accepted();
  /// It was not, because the chain would not take it.
  void Refused(const absl::Status& why, const Now& now);
  /// Something else stood in the way; told if the window ends before it is out of the way.
  void Trouble(const absl::Status& why) { trouble_ = std::string(why.message()); }

 private:
  Charge(const audit::Report& report, const SubmitterSettings& settings,
         chain::Contracts& contracts);
  absl::StatusOr<Digest> ReportAt(chain::Contracts::At at);
  absl::Status LookAtSettling(const Now& now, bool may_settle, EpochFacts& facts);
  void PutSettlingOff(const Now& now, const absl::Status& why);

  audit::Report report_;
  Digest commitment_{};
  Digest root_{};
  const SubmitterSettings* settings_;
  chain::Contracts* contracts_;
  EpochStage stage_;
  NextStep step_;
  std::string trouble_;
  std::unique_ptr<EpochSettler> settler_;
  bool asked_settled_ = false;
  std::uint64_t settle_at_s_ = 0;  // chain time before which settling rests
  absl::Status settle_trouble_;    // why it rested last
};

}  // namespace kaisar::reporter
