// What the epoch rests on changed: the roster, the policy, the report; and records changed in the
// file, by somebody who cannot sign a report for them.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "audit/log_file.h"
#include "audit/merkle_log.h"
#include "audit/report.h"
#include "audit/verify.h"
#include "base/file.h"
#include "tests/integration/log_forger.h"
#include "tests/integration/mutant_list.h"
#include "tests/support/every_verdict.h"
#include "tests/support/field_changes.h"

namespace kaisar::testing {
namespace {

using Fate = MutantList::Fate;
using Json = nlohmann::ordered_json;

/// The honest epoch's files, of which tests change copies.
class HonestFiles : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    honest_ = new EpochFixture(MakeEpochOfEveryVerdict());
    std::string pattern =
        (std::filesystem::temp_directory_path() / "kaisar-mutation-XXXXXX").string();
    directory_ = new std::string(mkdtemp(pattern.data()));
    honest_->WriteLog(File("honest.log"));
    honest_->WriteReport(File("honest.json"));
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(*directory_);
    delete directory_;
    delete honest_;
  }

  static std::string File(const std::string& name) { return absl::StrCat(*directory_, "/", name); }

  /// What the auditor says, a refusal to read the files included.
  static std::vector<std::string> Said(const std::string& log, const std::string& report) {
    const auto result = audit::Verify(File(log), File(report));
    if (!result.ok()) return {std::string(result.status().message())};
    return result->differences;
  }

  static void Add(MutantList& list, const std::string& kind, const std::string& mutant,
                  const std::vector<std::string>& said, const std::vector<std::string>& names) {
    const bool named = std::any_of(said.begin(), said.end(), [&](const std::string& line) {
      return std::any_of(names.begin(), names.end(),
                         [&](const std::string& name) { return absl::StrContains(line, name); });
    });
    list.Add(kind, mutant,
             said.empty() ? Fate::kMissed
             : named      ? Fate::kCaught
                          : Fate::kUnnamed,
             absl::StrJoin(said, " | "));
  }

  static const EpochFixture* honest_;
  static const std::string* directory_;
};

const EpochFixture* HonestFiles::honest_ = nullptr;
const std::string* HonestFiles::directory_ = nullptr;

class LogMutationEpoch : public HonestFiles {
 protected:
  Log honest() const { return LogOf(honest_->records); }
};

TEST_F(LogMutationEpoch, HonestFilesAreAccepted) {
  EXPECT_EQ(Said("honest.log", "honest.json"), std::vector<std::string>());
  EXPECT_EQ(ChainDifferences(honest(), honest()), std::vector<std::string>());
}

TEST_F(LogMutationEpoch, DeviceLeftOutOfTheRosterIsFound) {
  MutantList list("log_mutation_left_out");
  const Log log = honest();
  Auditor auditor(log);
  for (const v1::Device& device : log.front()->epoch_opened().roster().devices()) {
    const std::string name = absl::StrCat("device ", device.id());
    v1::Record first = *log.front();
    auto& devices = *first.mutable_epoch_opened()->mutable_roster()->mutable_devices();
    devices.erase(std::find_if(devices.begin(), devices.end(),
                               [&](const v1::Device& d) { return d.id() == device.id(); }));
    const Log without = With(log, 0, first);
    Add(list, "its challenges stay", name, auditor.AuditReclosed(without).differences, {name});
    // All that is about it, too: only who knows the roster from elsewhere can tell.
    Log nothing;
    for (std::size_t i = 0; i < without.size(); ++i) {
      const auto closing = ClosingOf(log, i);
      const bool its = closing.has_value() ? log[*closing]->closed().device() == device.id()
                                           : log[i]->described().device() == device.id();
      if (!its) nothing.push_back(without[i]);
    }
    Add(list, "its challenges go", name, ChainDifferences(log, nothing), {name});
  }
}

// Each number of the policy changed. What a slot can win that reports the other policy's hash is
// LogMutation's: the log follows another policy then, or says the same.
TEST_F(LogMutationEpoch, SwappedPolicyIsFound) {
  MutantList list("log_mutation_policy");
  const std::string& policy = honest_->records.front().epoch_opened().policy();
  const Log log = honest();
  for (std::size_t i = 0; i < policy.size(); ++i) {
    const bool begins = absl::ascii_isdigit(static_cast<unsigned char>(policy[i])) &&
                        !absl::ascii_isdigit(static_cast<unsigned char>(policy[i - 1]));
    if (!begins) continue;
    std::string other = policy;
    other[i] = other[i] == '9' ? '8' : static_cast<char>(other[i] + 1);
    const std::size_t line = policy.rfind('\n', i) + 1;
    const std::string name = other.substr(line, other.find('\n', i) - line);
    EpochFixture epoch = *honest_;
    epoch.opened().set_policy(other);
    epoch.WriteLog(File("policy.log"));
    Add(list, "policy", name, Said("policy.log", "honest.json"), {"report: policy hash is"});
    std::filesystem::remove(File("policy.log"));
  }
}

/// Every change to one value of a JSON document, with the key that it is under.
struct JsonChange {
  std::string key;
  std::string kind;
  Json changed;
};

void AddChanges(const Json& root, const Json::json_pointer& at, const std::string& key,
                std::vector<JsonChange>& changes) {
  const auto add = [&](const std::string& kind, const std::function<void(Json&)>& change) {
    Json changed = root;
    change(changed[at]);
    if (changed != root) changes.push_back({absl::StrCat(key), kind, std::move(changed)});
  };
  const Json& value = root[at];
  if (value.is_object()) {
    add("more", [](Json& v) { v["more"] = 1; });
    for (const auto& [name, inner] : value.items()) {
      add("without " + name, [&name = name](Json& v) { v.erase(name); });
      AddChanges(root, at / name, name, changes);
    }
  } else if (value.is_array()) {
    add("empty", [](Json& v) { v = Json::array(); });
    add("doubled", [](Json& v) { v.push_back(v.back()); });
    add("without the last", [](Json& v) { v.erase(v.size() - 1); });
    add("exchanged", [](Json& v) { std::swap(v.front(), v.back()); });
    for (std::size_t i = 0; i < value.size(); ++i) AddChanges(root, at / i, key, changes);
  } else if (value.is_string()) {
    const auto flip = [](char& digit) { digit = digit == '0' ? '1' : '0'; };
    add("first digit", [&](Json& v) { flip(v.get_ref<std::string&>()[2]); });
    add("last digit", [&](Json& v) { flip(v.get_ref<std::string&>().back()); });
    add("cut", [](Json& v) { v.get_ref<std::string&>().pop_back(); });
    add("longer", [](Json& v) { v.get_ref<std::string&>() += "00"; });
    add("empty", [](Json& v) { v = ""; });
  } else {
    add("one more", [](Json& v) { v = v.get<std::uint64_t>() + 1; });
    add("half", [](Json& v) { v = v.get<std::uint64_t>() / 2; });
    add("most", [](Json& v) { v = ~std::uint64_t{0}; });
    add("negative", [](Json& v) { v = -1; });
    add("a fraction", [](Json& v) { v = 0.5; });
  }
  if (!at.empty()) {
    add("null", [](Json& v) { v = nullptr; });
    add("text", [](Json& v) { v = "0x"; });
  }
}

TEST_F(LogMutationEpoch, ChangedReportIsFound) {
  MutantList list("log_mutation_report");
  const auto text = ReadFile(File("honest.json"), 1 << 20);
  ASSERT_TRUE(text.ok());
  std::vector<JsonChange> changes;
  AddChanges(Json::parse(*text), Json::json_pointer(), "", changes);
  for (const JsonChange& change : changes) {
    ASSERT_TRUE(WriteFile(File("changed.json"), change.changed.dump()).ok());
    const std::string key = absl::StrReplaceAll(change.key, {{"_", " "}});
    Add(list, change.kind, absl::StrCat(change.key, ": ", change.kind),
        Said("honest.log", "changed.json"), {change.key, key, "scores: are", "commitment: is"});
  }
}

// The slot itself, which signs what it changed.
TEST_F(LogMutationEpoch, ChangedReportThatIsSignedIsFound) {
  MutantList list("log_mutation_signed_report");
  const auto add = [&](const std::string& field, const std::string& says,
                       const std::function<void(audit::Report&)>& change) {
    EpochFixture epoch = *honest_;
    change(epoch.report);
    if (!audit::UnpackScores(epoch.report.words).ok()) return;  // no such file can be written
    epoch.WriteReport(File("signed.json"));
    Add(list, field.substr(0, field.find(',')), field, Said("honest.log", "signed.json"), {says});
  };
  add("spec_version", "spec version is", [](auto& r) { ++r.spec_version; });
  add("chain_id", "chain id is", [](auto& r) { ++r.domain.chain_id; });
  add("contract", "contract is", [](auto& r) { r.domain.contract[19] ^= 1; });
  add("epoch", "epoch is", [](auto& r) { ++r.epoch; });
  add("slot", "slot is", [](auto& r) { r.slot = EpochFixture::kOtherSlot; });
  add("transcript_root", "transcript root is", [](auto& r) { r.transcript_root[31] ^= 1; });
  add("policy_hash", "policy hash is", [](auto& r) { r.policy_hash[0] ^= 1; });
  add("secret", "secret", [](auto& r) { r.secret[0] ^= 1; });
  for (std::size_t byte = 0; byte < 32; ++byte) {
    for (const std::uint8_t bits : {std::uint8_t{1}, std::uint8_t{128}}) {
      add(absl::StrCat("words, byte ", byte, ", bits ", bits), "device ",
          [&](auto& r) { r.words.front()[byte] ^= bits; });
    }
  }
}

/// How far somebody goes who changes a record in the file: that far the log agrees with itself.
enum class Repaired { kNothing, kLeaf, kHead };

std::string Says(Repaired repaired, std::size_t record) {
  if (repaired == Repaired::kNothing) return absl::StrCat("record ", record, ": has leaf hash");
  return repaired == Repaired::kLeaf ? "root over all before is" : "report: transcript root is";
}

TEST_F(LogMutationEpoch, RecordChangedInTheFileIsFound) {
  MutantList list("log_mutation_files");
  const std::vector<v1::Record>& records = honest_->records;
  for (const Repaired repaired : {Repaired::kNothing, Repaired::kLeaf, Repaired::kHead}) {
    const char* const kind = repaired == Repaired::kNothing ? "record"
                             : repaired == Repaired::kLeaf  ? "record and leaf"
                                                            : "record, leaf and head";
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::vector<FieldChange> changes = FieldChanges(records[i]);
      const FieldChange& change = changes[i % changes.size()];
      v1::Record record = records[i];
      change.apply(record);
      const std::string bytes = record.SerializeAsString();
      audit::MerkleLog tree;
      for (std::size_t k = 0; k < records.size(); ++k) {
        tree.Append(ViewOf(k == i ? bytes : records[k].SerializeAsString()));
      }
      const Digest leaf = audit::MerkleLog::LeafHash(ViewOf(bytes));
      const Digest root = tree.Root();
      std::filesystem::copy_file(File("honest.log"), File("changed.log"),
                                 std::filesystem::copy_options::overwrite_existing);
      {
        const auto file =
            SqliteFile::Open(File("changed.log"), SqliteFile::Mode::kWrite, audit::kMaxRecordBytes);
        ASSERT_TRUE(file.ok()) << file.status();
        ASSERT_TRUE((*file)->Execute("PRAGMA synchronous=OFF").ok());
        auto change_record = (*file)->Prepare("UPDATE records SET bytes = ? WHERE seq = ?");
        ASSERT_TRUE(change_record->Bind(1, ViewOf(bytes)).Bind(2, i).Run().ok());
        auto change_leaf = (*file)->Prepare("UPDATE records SET leaf = ? WHERE seq = ?");
        auto change_head = (*file)->Prepare("UPDATE head SET root = ?");
        if (repaired != Repaired::kNothing) {
          ASSERT_TRUE(change_leaf->Bind(1, ByteView(leaf)).Bind(2, i).Run().ok());
        }
        if (repaired == Repaired::kHead) {
          ASSERT_TRUE(change_head->Bind(1, ByteView(root)).Run().ok());
        }
      }
      // A record without a body is none before anything else is looked at.
      Add(list, kind, absl::StrCat("record ", i, ": ", change.path, ": ", change.kind),
          Said("changed.log", "honest.json"), {Says(repaired, i), "is of no known kind"});
    }
  }
}

}  // namespace
}  // namespace kaisar::testing
