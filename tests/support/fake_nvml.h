#pragma once

namespace kaisar::testing {

// libfake_nvml.so stands for NVIDIA's management library: one GPU, GPU-fake at 0000:65:00.0, with
// figures that are all different. Beside NVML's functions it has the one below, which a test finds
// with dlsym once it has opened the library itself.

/// The name of a function of type FakeNvmlAnswer.
inline constexpr char kFakeNvmlAnswer[] = "fake_nvml_answer";
/// From now on, `function` of NVML gives `code` and writes nothing; 0: it works again. Null for
/// `function`: they all do as at first.
using FakeNvmlAnswer = void (*)(const char* function, int code);

}  // namespace kaisar::testing
