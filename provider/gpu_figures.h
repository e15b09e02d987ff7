#pragma once

#include <string>

#include "kaisar/v1/device.pb.h"
#include "kernels/gpu.h"
#include "kernels/gpu_information.h"

namespace kaisar::provider {

/// What there is to say of a GPU of which the driver has said nothing.
kernels::GpuInformation FromListing(const kernels::GpuListing& listing);

/// As it goes into an answer to Describe.
v1::GpuInformation ToProto(const kernels::GpuInformation& information);

/// What changes while a GPU works, for people: "45 C, 120.5 of 700.0 W, 1755 of 1980 MHz, 97 %
/// busy"; empty when nothing of it is known.
std::string StateLine(const kernels::GpuInformation& information);

/// Its memory's errors, for people: "ECC on, 3 uncorrected errors"; empty when it has no ECC, or
/// nothing is known.
std::string EccLine(const kernels::GpuInformation& information);

}  // namespace kaisar::provider
