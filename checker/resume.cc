#include "checker/resume.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audit/log_reader.h"
#include "base/hex.h"
#include "base/keys/hash_chain.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

using challenges::PlannedChallenge;

auto OrderOf(const PlannedChallenge& planned) {
  return std::make_tuple(planned.due_ms, planned.device, planned.kind, planned.sequence);
}

std::optional<std::uint32_t> FindPlanned(const std::vector<PlannedChallenge>& plan,
                                         const v1::ChallengeClosed& closed) {
  const auto key = std::make_tuple(static_cast<std::uint32_t>(closed.due_ms()), closed.device(),
                                   closed.kind(), closed.sequence());
  const auto at = std::lower_bound(plan.begin(), plan.end(), key,
                                   [](const PlannedChallenge& planned, const auto& wanted) {
                                     return OrderOf(planned) < wanted;
                                   });
  if (at == plan.end() || OrderOf(*at) != key) return std::nullopt;
  return static_cast<std::uint32_t>(at - plan.begin());
}

using Unclosed = absl::flat_hash_map<std::string, IssuedBefore>;

absl::Status NotOfThisPlan(std::uint64_t index) {
  return absl::DataLossError(
      absl::StrCat("record ", index, " is about a challenge that is not in the epoch's plan"));
}

absl::Status Note(std::uint64_t index, const v1::Record& record,
                  const std::vector<PlannedChallenge>& plan, Unclosed& unclosed,
                  ResumePoint& point) {
  if (record.has_issued()) {
    unclosed[record.issued().challenge().challenge().challenge_id()].issued = record.issued();
  } else if (record.has_commitment()) {
    const auto issued = unclosed.find(record.commitment().challenge_id());
    if (issued != unclosed.end()) issued->second.commitment = record.commitment();
  } else if (record.has_closed()) {
    const std::optional<std::uint32_t> planned = FindPlanned(plan, record.closed());
    if (!planned.has_value()) return NotOfThisPlan(index);
    point.closed[*planned] = true;
    unclosed.erase(record.closed().challenge_id());
  } else if (record.has_described()) {
    point.described.insert(record.described().device());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LogContents> ReadContents(const std::string& path) {
  LogContents contents;
  ASSIGN_OR_RETURN(
      const audit::LogSummary summary,
      audit::ReadLog(path, [&](std::uint64_t index, ByteView, const v1::Record& record) {
        if (index == 0) contents.opened = record.epoch_opened();
        return absl::OkStatus();
      }));
  if (summary.records == 0) return absl::NotFoundError(absl::StrCat(path, ": has no record"));
  contents.complete = summary.closed;
  return contents;
}

absl::Status CheckSameHashChain(const v1::EpochOpened& opened, const Digest& secret) {
  for (const v1::Slot& slot : opened.roster().slots()) {
    if (slot.id() != opened.slot() ||
        IsChainSecret(secret, opened.epoch(), challenges::ToDigest(slot.anchor()),
                      slot.anchor_epoch())) {
      continue;
    }
    return absl::FailedPreconditionError(
        absl::StrCat("it began with another hash chain, whose anchor is 0x",
                     ToHex(challenges::ToDigest(slot.anchor())), " for epoch ", slot.anchor_epoch(),
                     " on; bring that hash_chain file back until it is over"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResumePoint> FindResumePoint(const std::string& path,
                                            const std::vector<PlannedChallenge>& plan,
                                            std::uint64_t live_from_ms) {
  ResumePoint point;
  point.live_from_ms = live_from_ms;
  point.closed.assign(plan.size(), false);
  Unclosed unclosed;
  RETURN_IF_ERROR(
      audit::ReadLog(path, [&](std::uint64_t index, ByteView, const v1::Record& record) {
        return Note(index, record, plan, unclosed, point);
      }).status());
  if (unclosed.empty()) return point;

  // Issued records name no due time, so the few left are looked for in the whole plan.
  using Name = std::tuple<std::uint32_t, v1::Kind, std::uint32_t>;
  absl::flat_hash_map<Name, const std::string*> wanted;
  for (const auto& [id, before] : unclosed) {
    const v1::Challenge& challenge = before.issued.challenge().challenge();
    wanted[Name(challenge.device(), challenge.kind(), before.issued.sequence())] = &id;
  }
  for (std::uint32_t i = 0; i < plan.size(); ++i) {
    const auto found = wanted.find(Name(plan[i].device, plan[i].kind, plan[i].sequence));
    if (found != wanted.end()) point.issued[i] = std::move(unclosed.at(*found->second));
  }
  if (point.issued.size() != unclosed.size()) {
    return absl::DataLossError(
        absl::StrCat(path, ": a challenge was issued that is not in the epoch's plan"));
  }
  return point;
}

}  // namespace kaisar::checker
