#include "base/entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace kaisar {
namespace {

class GetRandom final : public Entropy {
 public:
  absl::Status Fill(absl::Span<std::uint8_t> out) override {
    while (!out.empty()) {
      const ssize_t got = getrandom(out.data(), out.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        return absl::InternalError(absl::StrCat("getrandom failed: ", std::strerror(errno)));
      }
      out.remove_prefix(static_cast<std::size_t>(got));
    }
    return absl::OkStatus();
  }
};

}  // namespace

Entropy& OsEntropy() {
  static GetRandom entropy;
  return entropy;
}

}  // namespace kaisar
