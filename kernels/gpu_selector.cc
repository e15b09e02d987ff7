#include "kernels/gpu_selector.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace kaisar::kernels {
namespace {

constexpr std::size_t kMostShownBytes = 64;

bool IsHex(absl::string_view text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

/// "GPU-" and 8-4-4-4-12 hexadecimal digits.
bool IsUuid(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  return parts.size() == 6 && parts[0] == "GPU" && IsHex(parts[1], 8) && IsHex(parts[2], 4) &&
         IsHex(parts[3], 4) && IsHex(parts[4], 4) && IsHex(parts[5], 12);
}

/// Result: empty when it is no PCI id.
std::string NormalPciId(absl::string_view text) {
  std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  absl::string_view domain = "0000";
  if (parts.size() == 3) {
    domain = parts[0];
    parts.erase(parts.begin());
  }
  if (parts.size() != 2 || !IsHex(parts[0], 2)) return "";
  const absl::string_view slot = parts[1];  // "00.0"
  if (slot.size() != 4 || !IsHex(slot.substr(0, 2), 2) || slot[2] != '.' || slot[3] < '0' ||
      slot[3] > '7') {
    return "";
  }
  std::uint32_t number = 0;
  if (!(IsHex(domain, 4) || IsHex(domain, 8)) || !absl::SimpleHexAtoi(domain, &number)) return "";
  return absl::AsciiStrToLower(absl::StrFormat("%04x:%s:%s", number, parts[0], slot));
}

std::string Named(const GpuListing& gpu) {
  return absl::StrCat(gpu.uuid, " at ", gpu.pci_id, " (", Printable(gpu.name, kMostShownBytes),
                      ")");
}

}  // namespace

absl::StatusOr<std::string> NormalGpuSelector(absl::string_view text) {
  if (text == "any") return std::string(text);
  if (IsUuid(text)) return absl::StrCat("GPU-", absl::AsciiStrToLower(text.substr(4)));
  std::string pci_id = NormalPciId(text);
  if (!pci_id.empty()) return pci_id;
  return absl::InvalidArgumentError(
      absl::StrCat("is ", Printable(text, kMostShownBytes),
                   ", expected a GPU's UUID (GPU-…), its PCI id (0000:65:00.0), or any"));
}

absl::StatusOr<GpuListing> FindGpu(const std::vector<GpuListing>& gpus,
                                   absl::string_view selector) {
  const absl::StatusOr<std::string> wanted = NormalGpuSelector(selector);
  if (!wanted.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("GPU ", wanted.status().message()));
  }
  if (gpus.empty()) return absl::NotFoundError("there is no GPU");
  const std::string here = absl::StrJoin(gpus, "; ", [](std::string* out, const GpuListing& gpu) {
    absl::StrAppend(out, Named(gpu));
  });
  if (*wanted == "any") {
    if (gpus.size() == 1) return gpus.front();
    return absl::NotFoundError(
        absl::StrCat("\"any\" is good for one GPU, there are ", gpus.size(), ": ", here));
  }
  for (const GpuListing& gpu : gpus) {
    if (gpu.uuid == *wanted || NormalPciId(gpu.pci_id) == *wanted) return gpu;
  }
  return absl::NotFoundError(absl::StrCat("there is no GPU ", *wanted, "; there is ", here));
}

}  // namespace kaisar::kernels
