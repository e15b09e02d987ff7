#include "base/plain_values.h"

#include "absl/strings/numbers.h"

namespace kaisar {
bool ParseDecimal(absl::string_view text, std::uint64_t& value) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  if (text.find_first_not_of("0123456789") != absl::string_view::npos) return false;
  std::uint64_t parsed = 0;  // SimpleAtoi writes its best guess also when it fails
  if (!absl::SimpleAtoi(text, &parsed)) return false;
  value = parsed;
  return true;
}

}  // namespace kaisar
