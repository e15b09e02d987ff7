#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "challenges/judge.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// What the first record of a log fixes, with the key that the report's secret makes of it.
///
/// Threads: const methods and fields from any thread.
struct KeyedEpoch {
  v1::EpochOpened opened;
  challenges::Policy policy;
  challenges::EpochScope scope;
  SigningDomain domain;
  Address slot_key{};
  challenges::EpochKey key;

  const v1::Roster& roster() const { return opened.roster(); }
  challenges::JudgeContext judge_context() const {
    return {key, roster(), policy, scope.slot, opened.beacon_ms()};
  }

  /// Errors: InvalidArgument when the record is so wrong, or the secret is not the slot's, that
  ///         nothing can be recomputed.
  static absl::StatusOr<std::unique_ptr<KeyedEpoch>> Make(const v1::EpochOpened& opened,
                                                          const Digest& secret);
};

}  // namespace kaisar::audit
