#include "checker/agreement_history.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kHourS = 3'600;
constexpr std::uint64_t kDayS = 24 * kHourS;   // as the alert KaisarScoresDisagree has it
constexpr std::uint64_t kMostBytes = 1 << 14;  // 26 counts of at most 66 bytes

std::string HistoryPath(const std::string& data_dir) {
  return absl::StrCat(data_dir, "/agreement.json");
}

}  // namespace

std::vector<AgreementCount> Remember(std::vector<AgreementCount> history,
                                     const AgreementCount& newest) {
  // Of a chain that was made anew, or reorganised.
  std::erase_if(history, [&](const auto& count) { return count.time_s > newest.time_s; });
  if (history.empty() || newest.time_s >= history.back().time_s + kHourS) history.push_back(newest);
  auto first = history.begin();
  while (std::next(first) != history.end() && std::next(first)->time_s + kDayS <= newest.time_s) {
    ++first;
  }
  history.erase(history.begin(), first);
  return history;
}

std::optional<AgreementCount> CountBefore(const std::vector<AgreementCount>& history,
                                          std::uint64_t now_s) {
  std::optional<AgreementCount> before;
  for (const AgreementCount& count : history) {
    if (!before || count.time_s + kDayS <= now_s) before = count;
  }
  return before;
}

std::vector<AgreementCount> ReadAgreement(const std::string& data_dir) {
  std::vector<AgreementCount> history;
  const auto bytes = ReadFile(HistoryPath(data_dir), kMostBytes);
  const auto json = nlohmann::json::parse(bytes.value_or(""), nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return history;
  const auto is_count = [](const nlohmann::json& number) { return number.is_number_unsigned(); };
  for (const nlohmann::json& row : json) {
    if (!row.is_array() || row.size() != 3 || !std::all_of(row.begin(), row.end(), is_count)) {
      return {};
    }
    history.push_back({row[0], row[1], row[2]});
  }
  return history;
}

absl::Status KeepAgreement(const std::string& data_dir, const AgreementCount& newest) {
  const std::vector<AgreementCount> before = ReadAgreement(data_dir);
  const std::vector<AgreementCount> history = Remember(before, newest);
  if (history == before) return absl::OkStatus();
  nlohmann::json json = nlohmann::json::array();
  for (const AgreementCount& count : history) {
    json.push_back({count.time_s, count.agreed, count.disagreed});
  }
  return WriteFile(HistoryPath(data_dir), json.dump() + "\n");
}

}  // namespace kaisar::checker
