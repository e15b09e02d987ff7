// Every field of every record changed by the checker that keeps the log, in every way that
// reflection finds. The tree, the scores and the report follow the changed records, so that only
// what the records say can give the change away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "tests/integration/allowed_changes.h"
#include "tests/integration/log_forger.h"
#include "tests/integration/mutant_list.h"
#include "tests/support/field_changes.h"

namespace kaisar::testing {
namespace {

using ::testing::IsEmpty;
using Fate = MutantList::Fate;

Findings Audit(const Log& log) {
  static auto* const kAuditor = new Auditor(HonestLog());
  return kAuditor->AuditReclosed(log);
}

/// Record numbers by which a difference may tell of a record: its own, or that of the record which
/// closes its challenge; of what all else rests on, any.
std::vector<std::string> NumbersOf(const Log& records, std::size_t index) {
  if (index == 0) return {"record ", "report: ", "log: ", "chain: "};
  std::vector<std::string> numbers{absl::StrCat("record ", index, ":")};
  if (const auto closing = ClosingOf(records, index)) {
    numbers.push_back(absl::StrCat("record ", *closing, ":"));
  }
  // Of what a later record contradicts.
  numbers.push_back(absl::StrCat("but record ", index, " ("));
  numbers.push_back(absl::StrCat("at record ", index));
  if (records[index]->has_epoch_closed()) numbers.emplace_back("record 0:");  // its secret
  return numbers;
}

/// What a difference may call the device: as the changed record does, too, and by the challenge
/// where the record names that alone.
std::vector<std::string> NamesOf(const Log& records, std::size_t index, const v1::Record& changed) {
  if (changed.has_described()) return {absl::StrCat("device ", changed.described().device())};
  const auto closing = ClosingOf(records, index);
  if (!closing.has_value()) return {""};
  std::vector<std::string> names{absl::StrCat("device ", records[*closing]->closed().device())};
  if (changed.has_closed()) names.push_back(absl::StrCat("device ", changed.closed().device()));
  if (changed.has_commitment()) {
    names.push_back(ToHex(ViewOf(changed.commitment().challenge_id())));
  }
  if (changed.has_issued()) {
    names.push_back(absl::StrCat("device ", changed.issued().challenge().challenge().device()));
  }
  return names;
}

/// Whether one difference says where the change is: record, device and field.
bool IsNamed(const Findings& found, const Log& records, std::size_t index,
             const v1::Record& changed, const std::string& field) {
  for (const std::string& number : NumbersOf(records, index)) {
    for (const std::string& name : NamesOf(records, index, changed)) {
      for (const std::string& word : WordsFor(field)) {
        if (found.Name({number, name, word})) return true;
      }
    }
  }
  return false;
}

TEST(LogMutation, EpochOfEveryVerdictIsHonestAndHasThemAll) {
  EXPECT_THAT(Audit(HonestLog()).differences, IsEmpty());
  std::set<std::string> seen;
  for (const v1::Record& record : Honest().records) {
    if (!record.has_closed()) continue;
    seen.insert(v1::Transport_Name(record.closed().transport()));
    seen.insert(v1::Reason_Name(record.closed().reason()));
  }
  const auto expect_all = [&seen](const auto* type) {
    for (int i = 0; i < type->value_count(); ++i) {
      const std::string& name = type->value(i)->name();
      // No registry says so yet, and nothing is unspecified.
      if (name == "DEVICE_BUSY" || name == "TRANSPORT_UNSPECIFIED") continue;
      EXPECT_TRUE(seen.count(name) > 0) << name;
    }
  };
  expect_all(v1::Transport_descriptor());
  expect_all(v1::Reason_descriptor());
}

/// Devices with a better score than before, or with one though they had none.
bool IsRaised(const std::vector<audit::DeviceScore>& before,
              const std::vector<audit::DeviceScore>& after) {
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (after[i].score.value_or(0) > before[i].score.value_or(0)) return true;
  }
  return false;
}

/// One change to one field, by two forgers: one keeps the verdict, the other lets it follow.
struct Mutant {
  std::string record_class;
  FieldChange change;
  Findings kept;
  bool named = false;  // by a difference, where there is one
  Findings judged;     // as `kept` where the verdict is the same
  std::string Name() const {
    return absl::StrCat(record_class, ": ", change.path, ": ", change.kind);
  }
};

/// Every change to every field of one record of each class.
const std::vector<Mutant>& Mutants() {
  static const auto* const kMutants = [] {
    auto* mutants = new std::vector<Mutant>();
    const Log& honest = HonestLog();
    for (const auto& [record_class, index] : Representatives(honest)) {
      const auto closing = ClosingOf(honest, index);
      for (const FieldChange& change : FieldChanges(*honest[index])) {
        // A whole record that is not there is another test's.
        if (!absl::StrContains(change.field, ".") && change.kind == "remove") continue;
        v1::Record record = *honest[index];
        change.apply(record);
        const Log log = With(honest, index, std::move(record));
        Mutant mutant{record_class, change, Audit(log), false, {}};
        // What the epoch rests on, a chain has as well.
        if (index == 0 && !mutant.kept.any()) {
          mutant.kept.differences = ChainDifferences(honest, log);
        }
        mutant.named = IsNamed(mutant.kept, honest, index, *log[index], change.field);
        const bool judged = closing.has_value() && log[*closing]->has_closed();
        const auto follows = judged ? WithVerdict(Honest(), log, *closing) : std::nullopt;
        mutant.judged = follows.has_value() ? Audit(*follows) : mutant.kept;
        mutants->push_back(std::move(mutant));
      }
    }
    return mutants;
  }();
  return *kMutants;
}

TEST(LogMutation, ChangedFieldIsFoundAndNamed) {
  AllowedChanges allowed = AllowedWithVerdictKept();
  MutantList list("log_mutation_fields");
  for (const Mutant& mutant : Mutants()) {
    if (mutant.kept.any()) {
      list.Add(mutant.change.kind, mutant.Name(), mutant.named ? Fate::kCaught : Fate::kUnnamed,
               absl::StrJoin(mutant.kept.differences, " | "));
      continue;
    }
    const std::string reason =
        allowed.Find(mutant.record_class, mutant.change.field, mutant.change.kind);
    list.Add(mutant.change.kind, mutant.Name(), reason.empty() ? Fate::kMissed : Fate::kAllowed,
             reason);
  }
  EXPECT_THAT(allowed.Unused(), IsEmpty());
}

// The stronger forger: whatever it changes, its verdict follows. It can spoil what a device sent,
// since nobody else knows what came; but it gives no device more than it earned, except by what it
// alone has measured.
TEST(LogMutation, ChangedFieldWithAVerdictThatFollowsRaisesNoScore) {
  AllowedChanges allowed = AllowedToRaiseScores();
  MutantList list("log_mutation_verdicts");
  const std::vector<audit::DeviceScore> before = Audit(HonestLog()).scores;
  for (const Mutant& mutant : Mutants()) {
    if (mutant.judged.any()) {
      list.Add(mutant.change.kind, mutant.Name(), Fate::kCaught,
               absl::StrJoin(mutant.judged.differences, " | "));
      continue;
    }
    if (!IsRaised(before, mutant.judged.scores)) {
      list.Add(mutant.change.kind, mutant.Name(), Fate::kAllowed, "raises no score");
      continue;
    }
    const std::string reason =
        allowed.Find(mutant.record_class, mutant.change.field, mutant.change.kind);
    list.Add(mutant.change.kind, mutant.Name(), reason.empty() ? Fate::kMissed : Fate::kAllowed,
             reason);
  }
  EXPECT_THAT(allowed.Unused(), IsEmpty());
}

}  // namespace
}  // namespace kaisar::testing
