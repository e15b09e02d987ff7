#include "checker/free_space.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {

absl::StatusOr<std::uint64_t> FreeBytes(const std::string& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path, error);
  if (error) return absl::InternalError(absl::StrCat(path, ": ", error.message()));
  return space.available;
}

}  // namespace kaisar::checker
