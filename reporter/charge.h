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
  /// `may_settle`. `held`: the slot's key is used elsewhere, nothing is committed.
  ///
  /// Errors: those of ChainClient.
  absl::Status LookAt(const Now& now, bool held, bool may_settle);
  /// Takes over what LookAt decided and which transactions carry it. Result: whether it changed.
  absl::StatusOr<bool> SetStage(Outbox& outbox);

  /// What the step's action sends.
  Purpose purpose() const;
  std::uint64_t window_end_s() const;
  absl::StatusOr<std::optional<Intent>> MakeIntent(const Now& now);
  /// The intent was sent.
  void Accepted();
  /// It was not, because the chain would not take it.
  void Refused(const absl::Status& why);
  /// Something else stood in the way; told if the window ends before it is out of the way.
  void Trouble(const absl::Status& why) { trouble_ = std::string(why.message()); }

 private:
  Charge(const audit::Report& report, const SubmitterSettings& settings,
         chain::Contracts& contracts);
  absl::StatusOr<Digest> ReportAt(chain::Contracts::At at);

  audit::Report report_;
  Digest commitment_{};
  Digest root_{};
  const SubmitterSettings* settings_;
  chain::Contracts* contracts_;
  EpochStage stage_;
  NextStep step_;
  std::string trouble_;
  std::unique_ptr<EpochSettler> settler_;
};

}  // namespace kaisar::reporter
