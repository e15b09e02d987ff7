#include "audit/object_reader.h"

#include <utility>
#include <vector>

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostShown = 80;  // of a value, in a message

std::string Show(const Json& value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kMostShown) text = text.substr(0, kMostShown - 3) + "...";
  return text;
}

}  // namespace

absl::StatusOr<Json> ParseJsonStrictly(const std::string& text, const std::string& what) {
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
  if (json.is_discarded()) return absl::InvalidArgumentError(absl::StrCat(what, " is not JSON"));
  if (!repeated.empty()) return absl::InvalidArgumentError(absl::StrCat(repeated, ": is repeated"));
  return json;
}

ObjectReader::ObjectReader(const Json& json, std::string path, std::string owner)
    : json_(json), path_(std::move(path)), owner_(std::move(owner)) {
  if (!json.is_object()) Fail("", json, "an object");
}

std::uint64_t ObjectReader::Uint(const std::string& key, std::uint64_t most) {
  const Json* value = Find(key);
  if (value == nullptr) return 0;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
    Fail(key, *value, absl::StrCat("an integer from 0 to ", most));
    return 0;
  }
  return value->get<std::uint64_t>();
}

std::string ObjectReader::Text(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return "";
  const std::string* text = value->get_ptr<const std::string*>();
  if (text == nullptr) {
    Fail(key, *value, "a text");
    return "";
  }
  return *text;
}

const Json& ObjectReader::Array(const std::string& key) {
  static const Json* const kNone = new Json(Json::array());
  const Json* value = Find(key);
  if (value == nullptr) return *kNone;
  if (!value->is_array()) {
    Fail(key, *value, "an array");
    return *kNone;
  }
  return *value;
}

void ObjectReader::Take(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

void ObjectReader::Fail(const std::string& key, const Json& value, const std::string& expected) {
  FailWith(key, Show(value), expected);
}

absl::Status ObjectReader::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : json_.items()) {
    if (asked_.count(key) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(path_, key, ": is no key of ", owner_));
    }
  }
  return absl::OkStatus();
}

const Json* ObjectReader::Find(const std::string& key) {
  asked_.insert(key);
  if (!status_.ok()) return nullptr;
  const auto found = json_.find(key);
  if (found != json_.end()) return &*found;
  FailWith(key, "missing", "a value");
  return nullptr;
}

void ObjectReader::FailWith(const std::string& key, const std::string& shown,
                            const std::string& expected) {
  Take(absl::InvalidArgumentError(
      absl::StrCat(path_, key, ": is ", shown, ", expected ", expected)));
}

}  // namespace kaisar::audit
