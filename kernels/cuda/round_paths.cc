#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

RoundPath BestRoundPath(int compute_capability) {
  if (compute_capability == 90) return RoundPath::kWgmma;
  // Blackwell Ultra has next to no int8.
  if (compute_capability == 103) return RoundPath::kBf16;
  return compute_capability >= 75 ? RoundPath::kMma : RoundPath::kPlain;
}

bool Runs(RoundPath path, int compute_capability) {
  switch (path) {
    case RoundPath::kPlain:
      return true;
    case RoundPath::kMma:
      return compute_capability >= 75;
    case RoundPath::kWgmma:
      return compute_capability == 90;
    case RoundPath::kBf16:
      return compute_capability >= 80;
  }
  return false;
}

const char* NameOf(RoundPath path) {
  switch (path) {
    case RoundPath::kPlain:
      return "plain";
    case RoundPath::kMma:
      return "mma.sync";
    case RoundPath::kWgmma:
      return "wgmma";
    case RoundPath::kBf16:
      return "bf16";
  }
  return "unknown";
}

}  // namespace kaisar::kernels
