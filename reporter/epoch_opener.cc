#include "reporter/epoch_opener.h"

#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "chain/calls.h"
#include "reporter/block_search.h"
#include "reporter/turn_delay.h"

namespace kaisar::reporter {
namespace {

/// A contract sees the hashes of 256 blocks; the transaction needs some to get into one.
constexpr std::uint64_t kHashesKept = 256 - 16;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

absl::StatusOr<std::optional<Intent>> EpochOpener::Next(const chain::Block& latest,
                                                        std::uint64_t block_ms) {
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  const std::optional<Intent> nothing;
  waiting_ = false;
  if (latest.timestamp_s < schedule.genesis) return nothing;
  const auto epoch =
      static_cast<std::uint32_t>((latest.timestamp_s - schedule.genesis) / schedule.epoch_seconds);
  ASSIGN_OR_RETURN(const bool is_open, IsOpen(epoch, latest));
  if (is_open) return nothing;
  ASSIGN_OR_RETURN(const std::uint64_t turn_s, Turn(epoch, block_ms));
  waiting_ = turn_s != kNever;
  if (latest.timestamp_s < turn_s) return nothing;
  chain::ChainClient& client = contracts_.client();
  const std::uint64_t lowest = latest.number > kHashesKept ? latest.number - kHashesKept : 0;
  ASSIGN_OR_RETURN(const chain::Block first,
                   FirstBlockSince(client, schedule.begin(epoch), lowest, latest));
  if (first.number > lowest) return Prove(epoch, first);
  return Late(epoch, latest);
}

absl::StatusOr<bool> EpochOpener::IsOpen(std::uint32_t epoch, const chain::Block& latest) {
  if (open_ == epoch) return true;
  ASSIGN_OR_RETURN(const std::optional<chain::Opening> opening, contracts_.FindOpening(epoch));
  if (!opening.has_value()) return false;
  // Until the opening is deep, a reorganisation can undo it.
  const std::uint64_t deep = latest.number > confirmations_ ? latest.number - confirmations_ : 0;
  const absl::StatusOr<std::optional<chain::Opening>> before = contracts_.FindOpening(epoch, deep);
  if (before.ok() && before->has_value()) open_ = epoch;
  return true;
}

absl::StatusOr<std::uint64_t> EpochOpener::Turn(std::uint32_t epoch, std::uint64_t block_ms) {
  ASSIGN_OR_RETURN(const std::uint32_t slots, contracts_.SlotCountAt(epoch));
  if (slots == 0 || slot_ >= slots) return kNever;
  ASSIGN_OR_RETURN(const chain::SlotState slot, contracts_.Slot(slot_));
  if (slot.ejected || epoch < slot.active_from || epoch >= slot.active_until) return kNever;
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  return schedule.begin(epoch) + TurnDelay(schedule, std::uint64_t{slot_} + epoch, slots, block_ms);
}

absl::StatusOr<std::optional<Intent>> EpochOpener::Prove(std::uint32_t epoch,
                                                         const chain::Block& first) {
  ASSIGN_OR_RETURN(const Bytes header, contracts_.client().Header(first.number));
  ASSIGN_OR_RETURN(const Bytes parent, contracts_.client().Header(first.number - 1));
  return std::optional<Intent>(
      Make(Purpose::kOpenEpoch, epoch, chain::OpenEpochCall(epoch, header, parent)));
}

absl::StatusOr<std::optional<Intent>> EpochOpener::Late(std::uint32_t epoch,
                                                        const chain::Block& latest) {
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  if (latest.timestamp_s < schedule.begin(epoch) + schedule.epoch_seconds / 2) {
    return std::optional<Intent>();
  }
  // What the contract would accept tells whether a late opening was asked for.
  for (Intent intent : {Make(Purpose::kOpenLate, epoch, chain::OpenLateCall(epoch)),
                        Make(Purpose::kRequestLate, epoch, chain::RequestLateCall(epoch))}) {
    const absl::Status status =
        contracts_.client().Call({intent.to, intent.input, sender_, {}}).status();
    if (status.ok()) return std::optional<Intent>(std::move(intent));
    if (!absl::IsAborted(status)) return status;
  }
  return std::optional<Intent>();
}

Intent EpochOpener::Make(Purpose purpose, std::uint32_t epoch, Bytes input) const {
  const chain::Deployment& deployment = contracts_.deployment();
  return {purpose, epoch, deployment.beacon, std::move(input), deployment.schedule.end(epoch)};
}

}  // namespace kaisar::reporter
