// What the daemons and kaisar-iperf say to each other: the task, and the lines.
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/limits.h"

namespace kaisar::challenges {
namespace {

using Json = nlohmann::ordered_json;
using Role = IperfTask::Role;
using State = IperfOutcome::State;

constexpr std::size_t kMostTaskBytes = 65'536;    // two million ports would not be a range
constexpr std::size_t kMostPorts = 4'096;         // far more than tests at one time
constexpr std::size_t kMostCredentialBytes = 64;  // hex of 32 bytes
constexpr std::size_t kMostAddressBytes = 45;     // INET6_ADDRSTRLEN without its end
constexpr std::uint64_t kMostTaskMs = 3'600'000;  // an hour: beyond every test
constexpr std::size_t kMostValueBytes = 64;       // of a wrong value in a message
constexpr std::uint64_t kMostExactInteger = std::uint64_t{1} << 53;

constexpr std::pair<State, const char*> kStates[] = {
    {State::kCompleted, "completed"}, {State::kNoConnection, "no_connection"},
    {State::kDenied, "denied"},       {State::kBroken, "broken"},
    {State::kTimedOut, "timed_out"},  {State::kUnable, "unable"},
};

const char* NameOfDirection(v1::Direction direction) {
  if (direction == v1::DOWN) return "down";
  return direction == v1::UP ? "up" : "";
}

absl::Status Wrong(const std::string& key, const std::string& value, const std::string& expected) {
  return absl::InvalidArgumentError(absl::StrCat(
      "task: ", key, " is ", Printable(value, kMostValueBytes), ", expected ", expected));
}

// Null when it is no JSON, or nested so deeply that reading it would be a risk.
Json ParseShallow(const std::string& text, int most_depth) {
  const auto shallow = [most_depth](int depth, Json::parse_event_t, Json&) {
    return depth < most_depth;
  };
  return Json::parse(text, shallow, /*allow_exceptions=*/false);
}

/// The fields of a task, each taken once, so that what is left over can be named.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  absl::StatusOr<std::string> Text(const std::string& key, std::size_t most_bytes) {
    const Json* value = Take(key);
    if (value == nullptr) return std::string();
    if (!value->is_string()) return Wrong(key, value->dump(), "text");
    const std::string& text = value->get_ref<const std::string&>();
    if (text.size() > most_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("task: ", key, " is ", text.size(), " bytes, limit ", most_bytes));
    }
    return text;
  }

  absl::StatusOr<std::uint64_t> Number(const std::string& key, std::uint64_t least,
                                       std::uint64_t most) {
    const std::string expected = absl::StrCat(least, " to ", most);
    const Json* value = Take(key);
    if (value == nullptr) return Wrong(key, "absent", expected);
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() < least ||
        value->get<std::uint64_t>() > most) {
      return Wrong(key, value->dump(), expected);
    }
    return value->get<std::uint64_t>();
  }

  absl::StatusOr<std::vector<std::uint32_t>> Ports(Role role) {
    const std::size_t most = role == Role::kClient ? 1 : kMostPorts;
    const Json* value = Take("ports");
    if (value == nullptr) return Wrong("ports", "absent", "a list of ports");
    if (!value->is_array() || value->empty() || value->size() > most) {
      return Wrong("ports", value->dump(), absl::StrCat("a list of 1 to ", most, " ports"));
    }
    // A server may leave the choice to the system: 0.
    const std::uint64_t least = role == Role::kClient ? 1 : 0;
    std::vector<std::uint32_t> ports;
    for (const Json& port : *value) {
      if (!port.is_number_unsigned() || port.get<std::uint64_t>() < least ||
          port.get<std::uint64_t>() > 65535) {
        return Wrong("ports", port.dump(), absl::StrCat("ports from ", least, " to 65535"));
      }
      ports.push_back(port.get<std::uint32_t>());
    }
    return ports;
  }

  absl::Status ExpectNoMore() const {
    for (const auto& [key, value] : object_.items()) {
      if (!taken_.contains(key)) return Wrong("a key", key, "those that --help lists");
    }
    return absl::OkStatus();
  }

 private:
  const Json* Take(const std::string& key) {
    taken_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  std::set<std::string> taken_;
};

absl::StatusOr<Role> ParseRole(Fields& fields) {
  ASSIGN_OR_RETURN(const std::string text, fields.Text("role", kMostValueBytes));
  const absl::string_view role = text;
  if (role == "server") return Role::kServer;
  if (role == "client") return Role::kClient;
  return Wrong("role", text.empty() ? "absent" : text, "server or client");
}

absl::StatusOr<v1::Direction> ParseDirection(Fields& fields, Role role) {
  ASSIGN_OR_RETURN(const std::string text, fields.Text("direction", kMostValueBytes));
  const absl::string_view direction = text;
  if (direction == "down") return v1::DOWN;
  if (direction == "up") return v1::UP;
  // The client chooses: a server need not know.
  if (role == Role::kServer && direction.empty()) return v1::DIRECTION_UNSPECIFIED;
  return Wrong("direction", text.empty() ? "absent" : text, "down or up");
}

absl::Status ValidateCredential(const std::string& key, const std::string& text) {
  // A comma or an end of line would end it in libiperf's list of users. The value stays secret.
  for (const char c : text) {
    const bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!fits) return absl::InvalidArgumentError("task: " + key + " has more than letters, digits");
  }
  if (!text.empty()) return absl::OkStatus();
  return Wrong(key, "absent", absl::StrCat("1 to ", kMostCredentialBytes, " letters and digits"));
}

absl::Status ParseNumbers(Fields& fields, IperfTask& task) {
  const auto narrow = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  ASSIGN_OR_RETURN(const std::uint64_t seconds, fields.Number("seconds", 1, kMostTestSeconds));
  ASSIGN_OR_RETURN(const std::uint64_t streams, fields.Number("streams", 1, kMostTestStreams));
  ASSIGN_OR_RETURN(task.bits_per_second, fields.Number("bits_per_second", 0, kMostExactInteger));
  ASSIGN_OR_RETURN(const std::uint64_t start_ms, fields.Number("start_ms", 1, kMostTaskMs));
  ASSIGN_OR_RETURN(const std::uint64_t limit_ms, fields.Number("limit_ms", 1, kMostTaskMs));
  task.seconds = narrow(seconds);
  task.streams = narrow(streams);
  task.start_ms = narrow(start_ms);
  task.limit_ms = narrow(limit_ms);
  return absl::OkStatus();
}

}  // namespace

std::string SerializeIperfTask(const IperfTask& task) {
  Json json;
  json["role"] = task.role == Role::kServer ? "server" : "client";
  json["direction"] = NameOfDirection(task.direction);
  json["host"] = task.host;
  json["ports"] = task.ports;
  json["user"] = task.user;
  json["password"] = task.password;
  json["rsa_public_key"] = task.rsa_public_key;
  json["only_from"] = task.only_from;
  json["seconds"] = task.seconds;
  json["streams"] = task.streams;
  json["bits_per_second"] = task.bits_per_second;
  json["start_ms"] = task.start_ms;
  json["limit_ms"] = task.limit_ms;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<IperfTask> ParseIperfTask(const std::string& json) {
  if (json.size() > kMostTaskBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("task is ", json.size(), " bytes, limit ", kMostTaskBytes));
  }
  const Json object = ParseShallow(json, 3);
  if (!object.is_object()) return absl::InvalidArgumentError("task: not a JSON object");
  Fields fields(object);
  IperfTask task;
  ASSIGN_OR_RETURN(task.role, ParseRole(fields));
  ASSIGN_OR_RETURN(task.direction, ParseDirection(fields, task.role));
  ASSIGN_OR_RETURN(task.host, fields.Text("host", kMostAddressBytes));
  ASSIGN_OR_RETURN(task.ports, fields.Ports(task.role));
  ASSIGN_OR_RETURN(task.user, fields.Text("user", kMostCredentialBytes));
  ASSIGN_OR_RETURN(task.password, fields.Text("password", kMostCredentialBytes));
  ASSIGN_OR_RETURN(task.rsa_public_key, fields.Text("rsa_public_key", kMostRsaPublicKeyBytes));
  ASSIGN_OR_RETURN(task.only_from, fields.Text("only_from", kMostAddressBytes));
  RETURN_IF_ERROR(ParseNumbers(fields, task));
  RETURN_IF_ERROR(fields.ExpectNoMore());
  RETURN_IF_ERROR(ValidateCredential("user", task.user));
  RETURN_IF_ERROR(ValidateCredential("password", task.password));
  if (task.role == Role::kClient) {
    if (task.host.empty()) return Wrong("host", "absent", "a numeric address");
    if (task.rsa_public_key.empty()) return Wrong("rsa_public_key", "absent", "PEM");
  }
  return task;
}

std::string SerializeListening(const IperfListening& listening) {
  Json json;
  json["listening"]["port"] = listening.port;
  json["listening"]["rsa_public_key"] = listening.rsa_public_key;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<IperfListening> ParseListening(const std::string& line) {
  const absl::Status wrong = absl::InvalidArgumentError("no listening line");
  if (line.size() > kMostRsaPublicKeyBytes + 1024) return wrong;
  const Json json = ParseShallow(line, 3);
  const auto found = json.is_object() ? json.find("listening") : json.end();
  if (!json.is_object() || found == json.end() || !found->is_object()) return wrong;
  const auto port = found->find("port");
  const auto key = found->find("rsa_public_key");
  if (port == found->end() || !port->is_number_unsigned() || port->get<std::uint64_t>() < 1 ||
      port->get<std::uint64_t>() > 65535 || key == found->end() || !key->is_string()) {
    return wrong;
  }
  IperfListening listening{port->get<std::uint32_t>(), key->get<std::string>()};
  if (listening.rsa_public_key.empty()) return wrong;
  if (listening.rsa_public_key.size() > kMostRsaPublicKeyBytes) return wrong;
  return listening;
}

absl::StatusOr<IperfOutcome> ParseOutcome(const std::string& line) {
  const absl::Status wrong = absl::InvalidArgumentError("no last line");
  if (line.size() > kMostBandwidthResultBytes) return wrong;
  const Json json = ParseShallow(line, 8);
  if (!json.is_object()) return wrong;
  const auto state = json.find("state");
  const auto detail = json.find("detail");
  if (state == json.end() || !state->is_string() || detail == json.end() || !detail->is_string()) {
    return wrong;
  }
  for (const auto& [value, name] : kStates) {
    if (state->get_ref<const std::string&>() != name) continue;
    return IperfOutcome{value, Printable(detail->get_ref<const std::string&>(), kMostDetailBytes),
                        line};
  }
  return wrong;
}

const char* NameOf(IperfOutcome::State state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "unknown";
}

}  // namespace kaisar::challenges
