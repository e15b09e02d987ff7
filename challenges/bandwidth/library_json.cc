#include "challenges/bandwidth/library_json.h"

#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using Json = nlohmann::ordered_json;

// The longest text of libiperf's own is its account of a connection, with two IPv6 addresses.
constexpr std::size_t kMostTextBytes = 192;
constexpr std::size_t kMostErrorBytes = 200;
// What else is in the last line.
constexpr std::size_t kFrameBytes = 1'024;
constexpr int kMostLevels = 16;  // libiperf's own goes to 6

// `text` with null for what is nested more deeply. Before it is parsed, because a tree that grows
// is copied, and each level of a copy takes stack.
std::string Shallow(const std::string& text) {
  std::string kept;
  int level = 0;
  bool quoted = false;
  bool escaped = false;
  for (const char c : text) {
    if (!quoted && (c == '{' || c == '[') && ++level == kMostLevels + 1) kept += "null";
    if (level <= kMostLevels) kept += c;
    if (!quoted && (c == '}' || c == ']')) --level;
    if (!escaped && c == '"') quoted = !quoted;
    escaped = quoted && !escaped && c == '\\';
  }
  return kept;
}

void CutTexts(Json& json) {
  if (json.is_string()) {
    json = Printable(json.get_ref<const std::string&>(), kMostTextBytes);
  } else if (json.is_structured()) {
    for (Json& child : json) CutTexts(child);
  }
}

bool HasSum(const Json& end, const char* key) {
  const auto sum = end.find(key);
  return sum != end.end() && sum->is_object() && sum->contains("bytes") &&
         (*sum)["bytes"].is_number() && sum->contains("seconds") && (*sum)["seconds"].is_number();
}

}  // namespace

LibraryJson ReadLibraryJson(const std::string& text) {
  LibraryJson result;
  Json json = Json::parse(Shallow(text), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    result.error = text.empty() ? "" : "libiperf's result is no JSON";
    return result;
  }
  if (const auto error = json.find("error"); error != json.end()) {
    result.error = error->is_string()
                       ? Printable(error->get_ref<const std::string&>(), kMostErrorBytes)
                       : "an error that is no text";
  }
  // Nobody's business; and what the other side may add at will.
  if (json.contains("start") && json["start"].is_object()) json["start"].erase("system_info");
  for (const char* key : {"title", "extra_data", "server_output_json", "server_output_text"}) {
    json.erase(key);
  }
  CutTexts(json);
  const auto end = json.find("end");
  if (end != json.end() && end->is_object()) {
    result.has_sums = HasSum(*end, "sum_sent") && HasSum(*end, "sum_received");
  }
  result.line = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (result.line.size() + kFrameBytes > kMostBandwidthResultBytes && end != json.end()) {
    end->erase("streams");  // their sums remain
    result.line = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  }
  return result;
}

}  // namespace kaisar::challenges
