// The report file. docs/log-format.md lists its keys.

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/report.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

std::string Prefixed(ByteView bytes) {
  return absl::StrCat("0x", ToHex(bytes));
}

/// Parses JSON and refuses an object that has a key twice, of which the library keeps the last.
absl::StatusOr<Json> ParseStrictly(const std::string& text) {
  std::vector<std::set<std::string>> open_objects;
  std::string repeated;
  const auto notice = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key &&
        !open_objects.back().insert(value.get<std::string>()).second && repeated.empty()) {
      repeated = value.get<std::string>();
    }
    return true;
  };
  Json json = Json::parse(text, notice, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("report is not JSON");
  if (!repeated.empty()) return absl::InvalidArgumentError(absl::StrCat(repeated, ": is repeated"));
  return json;
}

/// Reads one JSON object: every key once, none left over. The first error wins.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json.is_object()) Fail("", Show(json), "an object");
  }

  std::uint64_t Uint(const std::string& key, std::uint64_t most) {
    const Json* value = Find(key);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
      Fail(key, Show(*value), absl::StrCat("an integer from 0 to ", most));
      return 0;
    }
    return value->get<std::uint64_t>();
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> Hex(const std::string& key) {
    const Json* value = Find(key);
    return value == nullptr ? std::array<std::uint8_t, N>{} : HexOf<N>(key, *value);
  }

  /// The elements of an array, or nothing.
  const Json& Array(const std::string& key) {
    static const Json* const kNone = new Json(Json::array());
    const Json* value = Find(key);
    if (value == nullptr) return *kNone;
    if (!value->is_array()) {
      Fail(key, Show(*value), "an array");
      return *kNone;
    }
    return *value;
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> HexOf(const std::string& key, const Json& value) {
    std::array<std::uint8_t, N> bytes{};
    const std::string* text = value.get_ptr<const std::string*>();
    if (text != nullptr && text->rfind("0x", 0) == 0) {
      const auto parsed = ParseHexArray<N>(*text);
      if (parsed.ok()) return *parsed;
    }
    Fail(key, Show(value), absl::StrCat("0x and ", 2 * N, " hex digits"));
    return bytes;
  }

  void Take(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  absl::Status Finish() {
    if (!status_.ok()) return status_;
    for (const auto& [key, value] : json_.items()) {
      if (asked_.count(key) == 0) {
        return absl::InvalidArgumentError(absl::StrCat(path_, key, ": is no key of a report"));
      }
    }
    return absl::OkStatus();
  }

 private:
  static std::string Show(const Json& value) {
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 80) text = text.substr(0, 77) + "...";
    return text;
  }

  const Json* Find(const std::string& key) {
    asked_.insert(key);
    if (!status_.ok()) return nullptr;
    const auto found = json_.find(key);
    if (found != json_.end()) return &*found;
    Fail(key, "missing", "a value");
    return nullptr;
  }

  void Fail(const std::string& key, const std::string& value, const std::string& expected) {
    Take(absl::InvalidArgumentError(
        absl::StrCat(path_, key, ": is ", value, ", expected ", expected)));
  }

  const Json& json_;
  std::string path_;
  std::set<std::string> asked_;
  absl::Status status_;
};

std::string ShowScores(const std::vector<ReportedScore>& scores) {
  std::string text;
  for (const ReportedScore& score : scores) {
    if (text.size() > 200) return text + " …";
    absl::StrAppend(&text, text.empty() ? "" : " ", score.device, "=", score.score);
  }
  return text.empty() ? "none" : text;
}

std::vector<ReportedScore> ReadScores(ObjectReader& reader) {
  std::vector<ReportedScore> scores;
  const Json& array = reader.Array("scores");
  for (std::size_t i = 0; i < array.size(); ++i) {
    ObjectReader entry(array[i], absl::StrCat("scores[", i, "]."));
    scores.push_back({static_cast<std::uint32_t>(entry.Uint("device", 0xffffff)),
                      static_cast<std::uint8_t>(entry.Uint("score", 200))});
    reader.Take(entry.Finish());
  }
  return scores;
}

std::vector<std::string> FindContradictions(const Report& report,
                                            const std::vector<ReportedScore>& readable,
                                            const Digest& commitment) {
  std::vector<std::string> found;
  const absl::StatusOr<std::vector<ReportedScore>> packed = UnpackScores(report.words);
  if (!packed.ok()) {
    found.push_back(absl::StrCat("words: ", packed.status().message()));
  } else if (*packed != readable) {
    found.push_back(absl::StrCat("scores: are ", ShowScores(readable), ", the words have ",
                                 ShowScores(*packed)));
  }
  if (const Digest computed = ReportCommitment(report); computed != commitment) {
    found.push_back(absl::StrCat("commitment: is ", Prefixed(commitment), ", the fields give ",
                                 Prefixed(computed)));
  }
  return found;
}

}  // namespace

std::string SerializeReport(const SignedReport& signed_report) {
  const Report& report = signed_report.report;
  Json words = Json::array();
  for (const Digest& word : report.words) words.push_back(Prefixed(word));
  const absl::StatusOr<std::vector<ReportedScore>> readable = UnpackScores(report.words);
  KAISAR_CHECK(readable.ok());
  Json scores = Json::array();
  for (const ReportedScore& score : *readable) {
    scores.push_back({{"device", score.device}, {"score", score.score}});
  }
  const Json json = {
      {"spec_version", report.spec_version},
      {"chain_id", report.domain.chain_id},
      {"contract", Prefixed(report.domain.contract)},
      {"epoch", report.epoch},
      {"slot", report.slot},
      {"words", words},
      {"transcript_root", Prefixed(report.transcript_root)},
      {"policy_hash", Prefixed(report.policy_hash)},
      {"secret", Prefixed(report.secret)},
      {"commitment", Prefixed(ReportCommitment(report))},
      {"scores", scores},
      {"signer", Prefixed(signed_report.signer)},
      {"signature", Prefixed(signed_report.signature)},
  };
  return json.dump(2) + "\n";
}

absl::StatusOr<ReportFile> ReadReport(const std::string& text) {
  ASSIGN_OR_RETURN(const Json json, ParseStrictly(text));
  ObjectReader reader(json, "");
  ReportFile file;
  Report& report = file.report.report;
  constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
  report.spec_version = static_cast<std::uint16_t>(reader.Uint("spec_version", 0xffff));
  report.domain.chain_id = reader.Uint("chain_id", std::numeric_limits<std::uint64_t>::max());
  report.domain.contract = reader.Hex<20>("contract");
  report.epoch = static_cast<std::uint32_t>(reader.Uint("epoch", kMost32));
  report.slot = static_cast<std::uint32_t>(reader.Uint("slot", kMost32));
  for (const Json& word : reader.Array("words")) {
    report.words.push_back(reader.HexOf<32>("words", word));
  }
  report.transcript_root = reader.Hex<32>("transcript_root");
  report.policy_hash = reader.Hex<32>("policy_hash");
  report.secret = reader.Hex<32>("secret");
  const Digest commitment = reader.Hex<32>("commitment");
  const std::vector<ReportedScore> readable = ReadScores(reader);
  file.report.signer = reader.Hex<20>("signer");
  file.report.signature = reader.Hex<65>("signature");
  RETURN_IF_ERROR(reader.Finish());
  file.contradictions = FindContradictions(report, readable, commitment);
  return file;
}

absl::StatusOr<SignedReport> ParseReport(const std::string& json) {
  ASSIGN_OR_RETURN(const ReportFile file, ReadReport(json));
  if (!file.contradictions.empty()) {
    return absl::InvalidArgumentError(file.contradictions.front());
  }
  return file.report;
}

}  // namespace kaisar::audit
