#include "audit/logged_challenges.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

/// Follows the records, and keeps what the challenges that are open need when they are closed.
class ChallengeFollower {
 public:
  explicit ChallengeFollower(const ChallengeVisitor& visitor) : visitor_(visitor) {}

  absl::Status Add(std::uint64_t index, const v1::Record& record) {
    switch (record.body_case()) {
      case v1::Record::kEpochOpened:
        return Begin(record.epoch_opened());
      case v1::Record::kIssued:
        open_[record.issued().challenge().challenge().challenge_id()].issued_record = index;
        return absl::OkStatus();
      case v1::Record::kCommitment:
        AddCommitment(index, record.commitment());
        return absl::OkStatus();
      case v1::Record::kClosed:
        return Close(index, record.closed());
      default:
        return absl::OkStatus();
    }
  }

 private:
  struct Open {
    std::optional<std::uint64_t> issued_record;
    std::optional<std::uint64_t> commitment_record;
    v1::CommitmentReceived commitment;
  };

  absl::Status Begin(const v1::EpochOpened& opened) {
    epoch_.opened = opened;
    ASSIGN_OR_RETURN(epoch_.policy, challenges::ParsePolicy("policy", opened.policy()));
    RETURN_IF_ERROR(challenges::ValidateRoster(opened.roster(), epoch_.policy, opened.slot()));
    return visitor_.opened ? visitor_.opened(epoch_) : absl::OkStatus();
  }

  void AddCommitment(std::uint64_t index, const v1::CommitmentReceived& commitment) {
    Open& open = open_[commitment.challenge_id()];
    open.commitment_record = index;
    // What is large, and what no figure follows from, is left behind.
    open.commitment.set_elapsed_ns(commitment.elapsed_ns());
    *open.commitment.mutable_ping_rtt_ns() = commitment.ping_rtt_ns();
  }

  absl::Status Close(std::uint64_t index, const v1::ChallengeClosed& closed) {
    const v1::Device* device = challenges::FindDevice(epoch_.opened.roster(), closed.device());
    if (device == nullptr) {
      return absl::DataLossError(
          absl::StrCat("record ", index, ": device ", closed.device(), " is not in the roster"));
    }
    Open open;
    if (const auto found = open_.find(closed.challenge_id()); found != open_.end()) {
      open = std::move(found->second);
      open_.erase(found);
    }
    LoggedChallenge challenge{closed, *device, index, open.issued_record, open.commitment_record};
    if (open.commitment_record.has_value()) challenge.commitment = &open.commitment;
    return visitor_.closed(epoch_, challenge);
  }

  const ChallengeVisitor& visitor_;
  OpenedEpoch epoch_;
  absl::flat_hash_map<std::string, Open> open_;
};

}  // namespace

absl::StatusOr<LogSummary> ReadChallenges(const std::string& log_path,
                                          const ChallengeVisitor& visitor) {
  ChallengeFollower follower(visitor);
  return ReadLog(log_path, [&](std::uint64_t index, ByteView, const v1::Record& record) {
    return follower.Add(index, record);
  });
}

absl::Status CheckIsInRoster(const std::string& log_path, const OpenedEpoch& epoch,
                             std::uint32_t device) {
  if (challenges::FindDevice(epoch.opened.roster(), device) != nullptr) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("device ", device, " is not among the ",
                                          epoch.opened.roster().devices_size(),
                                          " of the roster in ", log_path));
}

}  // namespace kaisar::audit
