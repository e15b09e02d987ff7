// Whole records removed, doubled, moved and made up by the checker that keeps the log. The tree,
// the scores and the report follow, so that only what the records say can give the change away.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "tests/integration/log_forger.h"
#include "tests/integration/mutant_list.h"

namespace kaisar::testing {
namespace {

using Fate = MutantList::Fate;

/// By which a difference tells whose record it is about.
std::string NameOf(const Log& log, std::size_t index) {
  const v1::Record& record = *log[index];
  if (record.has_described()) return absl::StrCat("device ", record.described().device());
  if (record.has_epoch_closed()) return "closes the epoch";
  if (record.has_epoch_opened()) return "record ";
  const auto closing = ClosingOf(log, index);
  return absl::StrCat("device ", log[*closing]->closed().device(), ",");
}

/// Of a challenge's records alone.
std::string IdOf(const v1::Record& record) {
  if (record.has_issued()) return record.issued().challenge().challenge().challenge_id();
  return record.has_commitment() ? record.commitment().challenge_id()
                                 : record.closed().challenge_id();
}

/// Audits one mutant and lists it: found when a difference says all the words, one of `names` among
/// them; not to be found for a reason.
class Judge {
 public:
  explicit Judge(const std::string& kind)
      : kind_(kind), list_(absl::StrCat("log_mutation_", kind)) {}

  void Add(const std::string& mutant, const Log& log, const std::vector<std::string>& names,
           const std::string& words, const std::string& reason) {
    static auto* const kAuditor = new Auditor(HonestLog());
    const Findings found = kAuditor->AuditReclosed(log);
    if (!found.any()) {
      list_.Add(kind_, mutant, reason.empty() ? Fate::kMissed : Fate::kAllowed, reason);
      return;
    }
    const std::string all = absl::StrJoin(found.differences, " | ");
    EXPECT_TRUE(reason.empty()) << mutant << " need not be found: " << reason << ": " << all;
    const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return found.Name({name, words});
    });
    list_.Add(kind_, mutant, named ? Fate::kCaught : Fate::kUnnamed, all);
  }

 private:
  const std::string kind_;
  MutantList list_;
};

std::string Name(const Log& log, std::size_t index) {
  return absl::StrCat("record ", index, ", ", ClassOf(log, index));
}

/// The Unix time that a record tells of; it is written no earlier.
std::uint64_t ToldMs(const v1::Record& record) {
  constexpr std::uint64_t kBeaconMs = EpochFixture::kBeaconMs;
  if (record.has_issued()) return record.issued().issued_ms();
  if (record.has_described()) return kBeaconMs + record.described().asked_ms();
  if (record.has_epoch_closed()) return record.epoch_closed().closed_ms();
  if (!record.has_closed() || record.closed().sent_ms() == 0) return 0;
  const v1::ChallengeClosed& closed = record.closed();
  return kBeaconMs + closed.sent_ms() + closed.elapsed_ms() +
         static_cast<std::uint64_t>(closed.clock_step_ms());
}

/// Whether a checker could have written the honest log's records in this order: written at once is
/// nothing but the issue; all else may be written late.
bool MayBeWrittenSo(const Log& log) {
  const std::uint64_t slack_ms = Honest().policy().slack_ms;
  const auto rank = [](const v1::Record& record) { return static_cast<int>(record.body_case()); };
  for (std::size_t i = 0; i < log.size(); ++i) {
    const v1::Record& record = *log[i];
    if (record.has_epoch_opened() != (i == 0)) return false;
    if (record.has_epoch_closed() != (i + 1 == log.size())) return false;
    for (std::size_t j = 0; j < i; ++j) {
      const bool timed = record.has_issued() || record.has_epoch_closed();
      if (timed && ToldMs(*log[j]) > ToldMs(record) + slack_ms) return false;
      const bool same = !IdOf(record).empty() && IdOf(record) == IdOf(*log[j]);
      if (same && rank(*log[j]) > rank(record)) return false;
    }
  }
  return true;
}

const char kOrder[] =
    "records of different challenges, each written after what it tells of: a checker may have "
    "written them so";

const char kStopped[] =
    "the checker went down during the call: what had come by then counts for nothing";

TEST(LogMutationRecords, RemovedRecordIsFound) {
  Judge judge("removed");
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    Log log = honest;
    log.erase(log.begin() + static_cast<std::ptrdiff_t>(i));
    const auto closing = ClosingOf(honest, i);
    const v1::ChallengeClosed* closed = closing.has_value() ? &honest[*closing]->closed() : nullptr;
    std::string reason;
    if (honest[i]->has_described()) reason = "a device's own words decide nothing";
    if (closed != nullptr && closed->sent_ms() == 0 && honest[i]->has_commitment()) {
      reason = kStopped;
    }
    if (honest[i]->has_issued() && closed->transport() == v1::NOT_SENT && closed->sent_ms() > 0) {
      reason = "the challenge was issued, and never sent: it is as inconclusive without";
    }
    judge.Add(Name(honest, i), log, {NameOf(honest, i)}, "", reason);
  }
}

TEST(LogMutationRecords, DoubledRecordIsFound) {
  Judge judge("doubled");
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    for (const std::size_t at : {i + 1, honest.size() - 1}) {
      Log log = honest;
      log.insert(log.begin() + static_cast<std::ptrdiff_t>(at), honest[i]);
      judge.Add(absl::StrCat(Name(honest, i), ", again at ", at), log,
                {NameOf(honest, i), ToHex(ViewOf(IdOf(*honest[i])))}, "", "");
    }
  }
}

TEST(LogMutationRecords, SwappedRecordsAreFound) {
  Judge judge("swapped");
  const Log& honest = HonestLog();
  ASSERT_TRUE(MayBeWrittenSo(honest));
  const std::size_t half = honest.size() / 2;
  for (std::size_t i = 0; i < honest.size(); ++i) {
    // With the neighbour, with one some seconds away, and with one far away.
    for (const std::size_t other : {i + 1, i + 13, (i + half) % honest.size()}) {
      if (other >= honest.size()) continue;
      Log log = honest;
      std::swap(log[i], log[other]);
      judge.Add(absl::StrCat(Name(honest, i), " with ", Name(honest, other)), log,
                {NameOf(honest, i), NameOf(honest, other), "time runs backwards", "record "}, "",
                MayBeWrittenSo(log) ? kOrder : "");
    }
  }
}

TEST(LogMutationRecords, RecordOfAnotherEpochIsFound) {
  Judge judge("moved");
  const Log& honest = HonestLog();
  const EpochFixture next(EpochFixture::kEpoch + 1);
  const Log other = LogOf(next.records);
  for (std::size_t i = 1; i < other.size(); ++i) {
    const auto closing = ClosingOf(other, i);
    if (!closing.has_value()) continue;
    const v1::ChallengeClosed& closed = other[*closing]->closed();
    const std::vector<std::string> names{absl::StrCat("device ", closed.device(), ","),
                                         ToHex(ViewOf(IdOf(*other[i])))};
    Log added = honest;
    added.insert(added.end() - 1, other[i]);
    judge.Add(absl::StrCat("added: ", Name(other, i)), added, names, "", "");
    // In the place of the own one of the same device, kind, number and type.
    for (std::size_t own = 1; own < honest.size(); ++own) {
      const auto own_closing = ClosingOf(honest, own);
      if (!own_closing.has_value() || honest[own]->body_case() != other[i]->body_case()) continue;
      const v1::ChallengeClosed& own_closed = honest[*own_closing]->closed();
      if (own_closed.device() != closed.device() || own_closed.kind() != closed.kind() ||
          own_closed.sequence() != closed.sequence()) {
        continue;
      }
      Log replaced = honest;
      replaced[own] = other[i];
      judge.Add(absl::StrCat("in place of ", Name(honest, own)), replaced, names, "", "");
    }
  }
}

TEST(LogMutationRecords, ChallengeOfThePlanThatTheLogLacksIsFound) {
  Judge judge("lacking");
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    if (!honest[i]->has_closed()) continue;
    Log log;
    std::copy_if(honest.begin(), honest.end(), std::back_inserter(log),
                 [&](const auto& record) { return IdOf(*record) != IdOf(*honest[i]); });
    judge.Add(Name(honest, i), log, {NameOf(honest, i)}, "has no closing record", "");
  }
}

TEST(LogMutationRecords, ChallengeThatThePlanLacksIsFound) {
  Judge judge("made_up");
  const Log& honest = HonestLog();
  const v1::Roster& roster = honest.front()->epoch_opened().roster();
  for (const v1::Device& device : roster.devices()) {
    for (const v1::Kind kind : {v1::LATENCY, v1::MATMUL, v1::BANDWIDTH}) {
      // One more than the plan has.
      const auto planned = std::count_if(honest.begin(), honest.end(), [&](const auto& record) {
        return record->has_closed() && record->closed().device() == device.id() &&
               record->closed().kind() == kind;
      });
      const challenges::PlannedChallenge extra{EpochFixture::kEpochMs / 2, device.id(),
                                               static_cast<std::uint32_t>(planned), kind};
      v1::Record issued;
      v1::SignedChallenge& challenge = *issued.mutable_issued()->mutable_challenge();
      challenge =
          challenges::MakeChallenge(Honest().key(), Honest().scope(), EpochFixture::kBeaconMs,
                                    extra, device, Honest().policy());
      challenges::SignChallenge(EpochFixture::SlotKey(EpochFixture::kSlot),
                                challenges::DomainOf(roster), challenge);
      issued.mutable_issued()->set_sequence(extra.sequence);
      issued.mutable_issued()->set_issued_ms(EpochFixture::kBeaconMs + EpochFixture::kEpochMs);
      v1::Record record;
      v1::ChallengeClosed& closed = *record.mutable_closed();
      closed.set_challenge_id(challenge.challenge().challenge_id());
      closed.set_device(device.id());
      closed.set_kind(kind);
      closed.set_sequence(extra.sequence);
      closed.set_due_ms(extra.due_ms);
      closed.set_transport(v1::NOT_SENT);
      closed.set_verdict(v1::INCONCLUSIVE);
      closed.set_reason(v1::STOPPED);
      const std::string name = absl::StrCat("device ", device.id(), ", ", v1::Kind_Name(kind));
      Log log = honest;
      log.insert(log.end() - 1, LogOf({record}).front());
      judge.Add(name + ", not issued", log, {absl::StrCat("device ", device.id(), ",")},
                "but the plan has no such challenge", "");
      log.insert(log.end() - 2, LogOf({issued}).front());
      judge.Add(name + ", issued", log, {absl::StrCat("device ", device.id(), ",")},
                "was issued, but the plan has no such challenge", "");
    }
  }
}

TEST(LogMutationRecords, AnswerLoggedAsATimeoutIsFound) {
  Judge judge("timed_out");
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    if (!honest[i]->has_closed()) continue;
    const v1::ChallengeClosed& before = honest[i]->closed();
    const bool answered = before.latency().has_transcript() || before.matmul().has_opening() ||
                          before.bandwidth().has_transcript();
    if (!answered || before.transport() != v1::COMPLETED) continue;
    for (const v1::Transport transport : {v1::DEADLINE, v1::BROKEN, v1::NO_CONNECTION}) {
      v1::Record record = *honest[i];
      v1::ChallengeClosed& closed = *record.mutable_closed();
      closed.set_transport(transport);
      closed.mutable_reachability()->set_devices_heard(1);
      Log log = With(honest, i, std::move(record));
      if (const auto follows = WithVerdict(Honest(), log, i)) log = *follows;
      judge.Add(absl::StrCat(Name(honest, i), " as ", v1::Transport_Name(transport)), log,
                {absl::StrCat("record ", i, ": ", NameOf(honest, i))}, "the device answered", "");
    }
  }
}

TEST(LogMutationRecords, TimesThatRunBackwardsAreFound) {
  Judge judge("backwards");
  const std::uint64_t slack_ms = Honest().policy().slack_ms;
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    if (!honest[i]->has_closed() || honest[i]->closed().transport() == v1::NOT_SENT) continue;
    v1::Record record = *honest[i];
    record.mutable_closed()->set_elapsed_ms(2 * EpochFixture::kEpochMs);
    Log log = With(honest, i, std::move(record));
    if (const auto follows = WithVerdict(Honest(), log, i)) log = *follows;
    judge.Add(absl::StrCat(Name(honest, i), ", ends too late"), log,
              {absl::StrCat("record ", i, " (", NameOf(honest, i))}, "time runs backwards", "");
  }
  for (std::size_t i = 0; i < honest.size(); ++i) {
    if (!honest[i]->has_issued()) continue;
    v1::Record record = *honest[i];
    record.mutable_issued()->set_issued_ms(EpochFixture::kBeaconMs - slack_ms - 1);
    judge.Add(absl::StrCat(Name(honest, i), ", issued too early"),
              With(honest, i, std::move(record)),
              {absl::StrCat("record ", i, ": ", NameOf(honest, i))}, "issued_ms", "");
  }
}

// What was measured is the checker's word; that it contradicts the call's own times is not.
TEST(LogMutationRecords, MeasurementThatDoesNotFollowFromTheTimesIsFound) {
  Judge judge("measured");
  const Log& honest = HonestLog();
  for (std::size_t i = 0; i < honest.size(); ++i) {
    const auto closing = ClosingOf(honest, i);
    if (!closing.has_value()) continue;
    const std::uint64_t elapsed_ms = honest[*closing]->closed().elapsed_ms();
    const auto add = [&](const std::string& what, const std::function<void(v1::Record&)>& change) {
      v1::Record record = *honest[i];
      change(record);
      Log log = With(honest, i, std::move(record));
      if (const auto follows = WithVerdict(Honest(), log, *closing)) log = *follows;
      judge.Add(absl::StrCat(Name(honest, i), ", ", what), log,
                {absl::StrCat("record ", *closing, ": ", NameOf(honest, i))}, "elapsed_ms is",
                honest[*closing]->closed().sent_ms() == 0 ? kStopped : "");
    };
    const v1::Record& record = *honest[i];
    for (int k = 0; k < record.closed().latency().echoes_size(); ++k) {
      add(absl::StrCat("echo ", k), [&](v1::Record& r) {
        r.mutable_closed()->mutable_latency()->mutable_echoes(k)->set_rtt_us(
            static_cast<std::uint32_t>(elapsed_ms + 2) * 1000);
      });
    }
    if (record.closed().matmul().has_opening()) {
      add("opening", [&](v1::Record& r) {
        r.mutable_closed()->mutable_matmul()->set_opening_elapsed_ns((elapsed_ms + 2) * 1'000'000);
      });
    }
    if (record.has_commitment()) {
      add("commitment", [&](v1::Record& r) {
        r.mutable_commitment()->set_elapsed_ns((elapsed_ms + 2) * 1'000'000);
      });
      add("ping", [&](v1::Record& r) {
        r.mutable_commitment()->set_ping_rtt_ns(0, (elapsed_ms + 2) * 1'000'000);
      });
    }
    for (int k = 0; k < record.closed().bandwidth().tests_size(); ++k) {
      add(absl::StrCat("test ", k), [&](v1::Record& r) {
        r.mutable_closed()->mutable_bandwidth()->mutable_tests(k)->set_waited_ms(elapsed_ms + 2);
      });
    }
  }
}

}  // namespace
}  // namespace kaisar::testing
