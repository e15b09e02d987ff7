#include "base/plain_values.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace kaisar {
namespace {

constexpr std::size_t kMostHostBytes = 253;  // RFC 1035, in text form

bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {  // IPv6
    return absl::ConsumeSuffix(&host, "]") && absl::StrContains(host, ":") &&
           host.find_first_not_of("0123456789abcdefABCDEF:.") == absl::string_view::npos;
  }
  return !host.empty() && host.size() <= kMostHostBytes && host.front() != '-' &&
         host.front() != '.' && std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

bool ParseDecimal(absl::string_view text, std::uint64_t& value) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  if (text.find_first_not_of("0123456789") != absl::string_view::npos) return false;
  std::uint64_t parsed = 0;  // SimpleAtoi writes its best guess also when it fails
  if (!absl::SimpleAtoi(text, &parsed)) return false;
  value = parsed;
  return true;
}

bool IsHostPort(absl::string_view text, std::uint64_t least_port) {
  const std::size_t colon = text.rfind(':');
  std::uint64_t port = 0;
  return colon != absl::string_view::npos && IsHost(text.substr(0, colon)) &&
         ParseDecimal(text.substr(colon + 1), port) && port >= least_port && port <= 65535;
}

}  // namespace kaisar
