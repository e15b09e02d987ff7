#include "provider/gpu_class.h"

#include "absl/strings/strip.h"

namespace kaisar::provider {
namespace {

struct NamedClass {
  absl::string_view gpu_name;  // without the maker's
  absl::string_view device_class;
};

// Whole names: an L40 is no L40S, and an H100 NVL has neither the memory nor the power of the
// others.
constexpr NamedClass kClasses[] = {
    {"T4", "t4"},
    {"L4", "l4"},
    {"A10", "a10"},
    {"L40S", "l40s"},
    {"A100-SXM4-40GB", "a100-40"},
    {"A100-PCIE-40GB", "a100-40"},
    {"A100-SXM4-80GB", "a100-80"},
    {"A100 80GB PCIe", "a100-80"},
    {"GeForce RTX 3090", "rtx3090"},
    {"GeForce RTX 4090", "rtx4090"},
    {"GeForce RTX 5090", "rtx5090"},
    {"H100 PCIe", "h100-pcie"},
    {"H100 80GB HBM3", "h100-sxm"},
    {"H200", "h200"},
    {"B200", "b200"},
    {"B300 SXM6 AC", "b300"},
};

}  // namespace

absl::string_view ProbableClass(absl::string_view gpu_name) {
  if (!absl::ConsumePrefix(&gpu_name, "NVIDIA ")) absl::ConsumePrefix(&gpu_name, "Tesla ");
  for (const NamedClass& known : kClasses) {
    if (known.gpu_name == gpu_name) return known.device_class;
  }
  return "";
}

}  // namespace kaisar::provider
