#pragma once

// Which targets Highway compiles for; to be included before any of its headers.

// AVX-512 with VNNI is worth a kernel of its own.
#define HWY_WANT_AVX3_DL
// The oldest x86-64 has no better baseline than plain C++: keep it, so that tests reach it, too.
#define HWY_COMPILE_ALL_ATTAINABLE
// Vectors without a size at compile time cannot be kept in arrays; Arm then takes NEON.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
