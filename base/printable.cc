#include "base/printable.h"

namespace kaisar {

std::string Printable(absl::string_view text, std::size_t most_bytes) {
  std::string printable(text.substr(0, most_bytes));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return printable;
}

}  // namespace kaisar
