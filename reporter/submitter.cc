#include "reporter/submitter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "reporter/balance_watch.h"
#include "reporter/chain_pace.h"
#include "reporter/charge.h"
#include "reporter/epoch_opener.h"
#include "reporter/notice_board.h"
#include "reporter/offence_marker.h"
#include "reporter/transaction_sender.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kLeastWaitMs = 200;
constexpr std::uint64_t kMostBusyWaitMs = 3'000;
constexpr std::uint64_t kMostWaitMs = 15'000;
constexpr int kSettlingsPerPoll = 4;  // epochs whose settling is looked at
constexpr std::uint64_t kOvertakeBlocks = 2;

/// Something that should be sent now.
struct Due {
  Intent intent;             // of a charge: without target and input, which are made last
  Charge* charge = nullptr;  // null: it is no report's
};

class ChainSubmitter final : public Submitter {
 public:
  ChainSubmitter(const SubmitterSettings& settings, const SubmitterServices& services,
                 SubmitterHooks hooks, std::unique_ptr<Outbox> outbox)
      : settings_(settings),
        services_(services),
        hooks_(std::move(hooks)),
        client_(services.contracts.client()),
        schedule_(services.contracts.deployment().schedule),
        notices_(services.clock, hooks_.notice),
        outbox_(std::move(outbox)),
        sender_(client_, *outbox_, services.key, {settings.most_fee, settings.confirmations},
                [this](const auto& key, const auto& text) { notices_.Tell(key, text); }),
        opener_(services.contracts, services.key.address(), settings.slot, settings.confirmations),
        marker_(services.contracts, services.key.address(), settings.slot),
        balance_(services.key.address(), settings.low_balance) {}

  absl::Status Add(const audit::SignedReport& report) override;
  std::uint64_t Poll() override;
  std::vector<EpochStage> stages() const override;
  bool idle() const override;

 private:
  absl::Status Work();
  absl::StatusOr<Now> ReadNow();
  absl::Status LookAtCharges(const Now& now);
  void TellStage(const Charge& charge, const Now& now);
  std::vector<Due> FindDue(const Now& now);
  absl::Status Dispatch(std::vector<Due> due, const Now& now);
  absl::StatusOr<bool> Begin(Due& due, const Now& now);
  bool IsUnderWay(const Due& due, const Now& now) const;
  std::uint64_t NextLookMs() const;

  const SubmitterSettings settings_;
  const SubmitterServices services_;
  const SubmitterHooks hooks_;
  chain::ChainClient& client_;
  const chain::Schedule& schedule_;
  NoticeBoard notices_;
  const std::unique_ptr<Outbox> outbox_;
  TransactionSender sender_;
  EpochOpener opener_;
  OffenceMarker marker_;
  BalanceWatch balance_;
  ChainPace pace_;
  std::map<std::uint32_t, Charge> charges_;  // by epoch
  bool held_ = false;                        // the slot's key is used elsewhere
  bool busy_ = false;                        // any new block may bring something to do
  std::uint32_t failures_ = 0;               // in a row
  std::uint64_t chain_now_s_ = 0;
};

absl::Status ChainSubmitter::Add(const audit::SignedReport& signed_report) {
  const audit::Report& report = signed_report.report;
  const chain::Deployment& deployment = services_.contracts.deployment();
  const SigningDomain domain{deployment.chain_id, deployment.reports};
  if (report.slot != settings_.slot || report.domain != domain) {
    return absl::InvalidArgumentError(absl::StrCat(
        "report of epoch ", report.epoch, " is of slot ", report.slot, ", chain ",
        report.domain.chain_id, ", contract 0x", ToHex(report.domain.contract), ", expected slot ",
        settings_.slot, ", chain ", domain.chain_id, ", contract 0x", ToHex(domain.contract)));
  }
  ASSIGN_OR_RETURN(const std::optional<Digest> recorded,
                   services_.signatures.Find(domain, report.slot, report.epoch));
  if (recorded != audit::ReportDigest(report)) {
    return absl::InvalidArgumentError(absl::StrCat("report of slot ", report.slot, ", epoch ",
                                                   report.epoch,
                                                   " is not the one that the signature store has"));
  }
  ASSIGN_OR_RETURN(Charge charge, Charge::Make(report, settings_, services_.contracts));
  if (services_.clock.WallMs() / 1000 >= schedule_.settle_end(report.epoch)) charge.End();
  balance_.Expect(report.words.size() * 8);  // of at most eight devices each
  charges_.try_emplace(report.epoch, std::move(charge));
  return absl::OkStatus();
}

std::uint64_t ChainSubmitter::Poll() {
  const absl::Status status = Work();
  const std::uint64_t now_ms = services_.clock.WallMs();
  if (status.ok()) {
    failures_ = 0;
    return NextLookMs();
  }
  notices_.Tell("chain", std::string(status.message()));
  for (auto& [epoch, charge] : charges_) charge.Trouble(status);
  failures_ = std::min(failures_ + 1, 6u);
  // Windows scale with the epoch, so the wait does, too.
  const std::uint64_t most_ms =
      std::clamp<std::uint64_t>(schedule_.epoch_seconds * 1000ull / 100, 500, kMostWaitMs);
  return now_ms + std::min(most_ms, kLeastWaitMs << failures_);
}

std::uint64_t ChainSubmitter::NextLookMs() const {
  const std::uint64_t now_ms = services_.clock.WallMs();
  const std::uint64_t soon_ms =
      now_ms + std::clamp(pace_.block_ms() / 4, kLeastWaitMs, kMostBusyWaitMs);
  if (busy_) return soon_ms;
  std::uint64_t next_s = schedule_.genesis;  // when the next epoch is to be opened
  if (chain_now_s_ >= next_s) next_s = schedule_.end(schedule_.epoch_at(chain_now_s_));
  for (const auto& [epoch, charge] : charges_) {
    if (!charge.ended()) next_s = std::min(next_s, charge.step().look_at_s);
  }
  return std::clamp(next_s * 1000, soon_ms, std::max(soon_ms, now_ms + kMostWaitMs));
}

absl::StatusOr<Now> ChainSubmitter::ReadNow() {
  Now now;
  ASSIGN_OR_RETURN(now.latest, client_.Latest());
  RETURN_IF_ERROR(pace_.Observe(client_, now.latest));
  const std::string stale = pace_.Staleness(now.latest, services_.clock.WallMs());
  if (!stale.empty()) notices_.Tell("stale", stale);
  now.block_ms = pace_.block_ms();
  now.deep = now.latest;
  if (!idle() && settings_.confirmations > 0) {
    const std::uint64_t depth = std::min<std::uint64_t>(now.latest.number, settings_.confirmations);
    ASSIGN_OR_RETURN(now.deep, client_.BlockAt(now.latest.number - depth));
  }
  chain_now_s_ = now.latest.timestamp_s;
  return now;
}

absl::Status ChainSubmitter::Work() {
  ASSIGN_OR_RETURN(const Now now, ReadNow());
  RETURN_IF_ERROR(sender_.Watch(now.latest));
  busy_ = !sender_.open().empty();
  RETURN_IF_ERROR(LookAtCharges(now));
  RETURN_IF_ERROR(Dispatch(FindDue(now), now));
  ASSIGN_OR_RETURN(const std::string low,
                   balance_.Look(client_, now.latest, services_.clock.WallMs()));
  if (!low.empty()) notices_.Tell("balance", low);
  return absl::OkStatus();
}

absl::Status ChainSubmitter::LookAtCharges(const Now& now) {
  int settlings = 0;
  for (auto& [epoch, charge] : charges_) {
    if (charge.ended()) continue;
    RETURN_IF_ERROR(charge.LookAt(now, held_, settlings < kSettlingsPerPoll));
    ASSIGN_OR_RETURN(const bool changed, charge.SetStage(*outbox_));
    if (changed) TellStage(charge, now);
    if (charge.ended()) continue;
    if (charge.asked_settled()) ++settlings;
    if (charge.step().look_at_s == 0) busy_ = true;
  }
  return absl::OkStatus();
}

void ChainSubmitter::TellStage(const Charge& charge, const Now& now) {
  const EpochStage& stage = charge.stage();
  // A conflict of long ago, which its operator has seen, stops nobody.
  const std::uint64_t recent_s = schedule_.settle_begin(stage.epoch) + schedule_.epoch_seconds;
  if (stage.stage == Stage::kHeld && !held_ && now.latest.timestamp_s < recent_s) {
    held_ = true;
    hooks_.key_held();
    notices_.Tell("held", absl::StrCat("the key of slot ", settings_.slot,
                                       " is used elsewhere: epoch ", stage.epoch, ": ", stage.why,
                                       "; this node commits nothing more: stop one, then start "
                                       "the other again"));
  }
  if (stage.stage == Stage::kMissed) {
    notices_.Tell(absl::StrCat("missed ", stage.epoch),
                  absl::StrCat("report of epoch ", stage.epoch, " missed: ", stage.why));
  }
  hooks_.stage_changed(stage);
}

std::vector<Due> ChainSubmitter::FindDue(const Now& now) {
  std::vector<Due> due;
  for (auto& [epoch, charge] : charges_) {
    if (charge.ended() || charge.step().action == Action::kNone) continue;
    due.push_back({{charge.purpose(), epoch, {}, {}, charge.window_end_s()}, &charge});
  }
  // What any slot may do for all must not hold up the reports.
  const auto add = [&](const char* trouble, const absl::StatusOr<std::optional<Intent>>& intent) {
    if (!intent.ok())
      notices_.Tell(trouble, absl::StrCat(trouble, ": ", intent.status().message()));
    if (intent.ok() && intent->has_value()) due.push_back({**intent, nullptr});
  };
  add("cannot open epoch", opener_.Next(now.latest, now.block_ms));
  if (!balance_.low()) add("cannot mark offences", marker_.Next(now.latest, now.block_ms));
  busy_ = busy_ || opener_.waiting() || marker_.waiting();
  std::ranges::stable_sort(due, {}, [](const Due& one) {
    return std::pair(Rank(one.intent.purpose), one.intent.window_end_s);
  });
  return due;
}

bool ChainSubmitter::IsUnderWay(const Due& due, const Now& now) const {
  return std::any_of(sender_.open().begin(), sender_.open().end(), [&](const OutboxEntry& entry) {
    const Intent& intent = entry.intent;
    if (intent.purpose != due.intent.purpose || intent.epoch != due.intent.epoch) return false;
    if (!entry.receipt.has_value()) return false;
    // One that succeeded shows in the state soon; after one that failed there is a pause.
    return entry.receipt->success ? !Repeats(due.intent.purpose)
                                  : now.latest.number < entry.receipt->block_number + 2;
  });
}

absl::Status ChainSubmitter::Dispatch(std::vector<Due> due, const Now& now) {
  std::erase_if(due, [&](const Due& one) { return IsUnderWay(one, now); });
  if (const OutboxEntry* pending = sender_.pending(); pending != nullptr) {
    const Intent& intent = pending->intent;
    const bool wanted = std::any_of(due.begin(), due.end(), [&](const Due& one) {
      return one.intent.purpose == intent.purpose && one.intent.epoch == intent.epoch;
    });
    const bool overtaken = !due.empty() && CarriesReport(due.front().intent.purpose) &&
                           !CarriesReport(intent.purpose) &&
                           sender_.PendingBlocks(now.latest) >= kOvertakeBlocks;
    if (wanted && !overtaken) return sender_.Push(now.latest);  // otherwise it gives up its nonce
  }
  for (Due& one : due) {
    ASSIGN_OR_RETURN(const bool begun, Begin(one, now));
    if (begun) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ChainSubmitter::Begin(Due& due, const Now& now) {
  if (due.charge != nullptr) {
    ASSIGN_OR_RETURN(const std::optional<Intent> made, due.charge->MakeIntent(now));
    if (!made.has_value()) return false;
    due.intent = *made;
  }
  busy_ = true;
  const absl::Status status = sender_.Begin(due.intent, now.latest);
  if (status.ok()) {
    if (due.charge != nullptr) due.charge->Accepted();
    return true;
  }
  const bool carries_report = CarriesReport(due.intent.purpose);
  const bool too_dear = absl::IsResourceExhausted(status) && !carries_report;
  // Anything else is about the account or the endpoints, and in the way of all.
  if (!absl::IsAborted(status) && !absl::IsOutOfRange(status) && !too_dear) return status;
  if (due.charge != nullptr) due.charge->Refused(status, now);
  if (due.charge == nullptr && too_dear)
    notices_.Tell("left to others", std::string(status.message()));
  if (carries_report) {
    notices_.Tell(absl::StrCat("refused ", due.intent.epoch),
                  absl::StrCat(NameOf(due.intent.purpose), " of epoch ", due.intent.epoch,
                               ": the chain would not take it: ", status.message()));
  }
  return false;
}

std::vector<EpochStage> ChainSubmitter::stages() const {
  std::vector<EpochStage> stages;
  for (const auto& [epoch, charge] : charges_) stages.push_back(charge.stage());
  return stages;
}

bool ChainSubmitter::idle() const {
  return std::all_of(charges_.begin(), charges_.end(),
                     [](const auto& entry) { return entry.second.ended(); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Submitter>> Submitter::Open(const SubmitterSettings& settings,
                                                           const SubmitterServices& services,
                                                           SubmitterHooks hooks) {
  ASSIGN_OR_RETURN(std::unique_ptr<Outbox> outbox,
                   Outbox::Open(settings.outbox_path, services.contracts.deployment().chain_id,
                                services.key.address(), hooks.outbox_written));
  return std::make_unique<ChainSubmitter>(settings, services, std::move(hooks), std::move(outbox));
}

}  // namespace kaisar::reporter
