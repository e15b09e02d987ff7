// A shared library in the place of libnvidia-ml.so.1: see fake_nvml.h. Built twice: with
// FAKE_NVML_OLD it lacks what old drivers lack.
#include <algorithm>
#include <map>
#include <string>

#include "kernels/nvml.h"

namespace {

using kaisar::kernels::nvml::Device;
using kaisar::kernels::nvml::Memory;
using kaisar::kernels::nvml::PciInfo;
using kaisar::kernels::nvml::Return;
using kaisar::kernels::nvml::Utilization;

std::map<std::string, int>& Answers() {
  static std::map<std::string, int> answers;
  return answers;
}

/// What a function is told to give; success when nobody has told it anything.
Return Told(const char* function) {
  const auto told = Answers().find(function);
  return static_cast<Return>(told == Answers().end() ? 0 : told->second);
}

template <typename Value>
Return Give(const char* function, Value* out, Value value) {
  const Return code = Told(function);
  if (code == kaisar::kernels::nvml::kSuccess) *out = value;
  return code;
}

/// Like NVML: the text and a zero.
Return GiveText(const char* function, char* out, unsigned int bytes, const std::string& text) {
  const Return code = Told(function);
  if (code != kaisar::kernels::nvml::kSuccess) return code;
  const std::size_t size = std::min<std::size_t>(text.size(), bytes - 1);
  std::copy_n(text.data(), size, out);
  out[size] = '\0';
  return code;
}

Return GiveDevice(const char* function, bool known, Device* out) {
  static int gpu = 0;
  if (!known) return kaisar::kernels::nvml::kNotFound;
  return Give(function, out, reinterpret_cast<Device>(&gpu));
}

}  // namespace

extern "C" {

// NOLINTBEGIN(readability-identifier-naming): NVML's own names.
#define EXPORTED __attribute__((visibility("default")))

EXPORTED void fake_nvml_answer(const char* function, int code);
EXPORTED Return nvmlInit_v2();
EXPORTED Return nvmlShutdown();
EXPORTED const char* nvmlErrorString(Return code);
EXPORTED Return nvmlSystemGetDriverVersion(char* out, unsigned int bytes);
EXPORTED Return nvmlDeviceGetHandleByUUID(const char* uuid, Device* out);
EXPORTED Return nvmlDeviceGetHandleByPciBusId_v2(const char* pci_id, Device* out);
EXPORTED Return nvmlDeviceGetName(Device device, char* out, unsigned int bytes);
EXPORTED Return nvmlDeviceGetUUID(Device device, char* out, unsigned int bytes);
EXPORTED Return nvmlDeviceGetPciInfo_v3(Device device, PciInfo* out);
EXPORTED Return nvmlDeviceGetMemoryInfo(Device device, Memory* out);
EXPORTED Return nvmlDeviceGetEccMode(Device device, int* current, int* pending);
EXPORTED Return nvmlDeviceGetTotalEccErrors(Device device, int type, int counter,
                                            unsigned long long* out);
EXPORTED Return nvmlDeviceGetClockInfo(Device device, int clock, unsigned int* out);
EXPORTED Return nvmlDeviceGetMaxClockInfo(Device device, int clock, unsigned int* out);
EXPORTED Return nvmlDeviceGetPowerUsage(Device device, unsigned int* out);
EXPORTED Return nvmlDeviceGetEnforcedPowerLimit(Device device, unsigned int* out);
EXPORTED Return nvmlDeviceGetTemperature(Device device, int sensor, unsigned int* out);
EXPORTED Return nvmlDeviceGetUtilizationRates(Device device, Utilization* out);

void fake_nvml_answer(const char* function, int code) {
  if (function == nullptr) return Answers().clear();
  Answers()[function] = code;
}

Return nvmlInit_v2() {
  return Told("nvmlInit_v2");
}
Return nvmlShutdown() {
  return Told("nvmlShutdown");
}
const char* nvmlErrorString(Return code) {
  return code == kaisar::kernels::nvml::kGpuIsLost ? "GPU is lost" : "Something\nelse";
}
Return nvmlSystemGetDriverVersion(char* out, unsigned int bytes) {
  return GiveText("nvmlSystemGetDriverVersion", out, bytes, "580.65.06");
}
Return nvmlDeviceGetHandleByUUID(const char* uuid, Device* out) {
  return GiveDevice("nvmlDeviceGetHandleByUUID", uuid == std::string("GPU-fake"), out);
}
Return nvmlDeviceGetHandleByPciBusId_v2(const char* pci_id, Device* out) {
  return GiveDevice("nvmlDeviceGetHandleByPciBusId_v2", pci_id == std::string("0000:65:00.0"), out);
}
Return nvmlDeviceGetName(Device, char* out, unsigned int bytes) {
  // A name of its own when it is told to be hostile, which is no code of NVML's.
  if (Told("hostile name") != kaisar::kernels::nvml::kSuccess) {
    std::fill_n(out, bytes, '\n');
    return kaisar::kernels::nvml::kSuccess;
  }
  return GiveText("nvmlDeviceGetName", out, bytes, "NVIDIA Fake\x1b[31m 80GB");
}
Return nvmlDeviceGetUUID(Device, char* out, unsigned int bytes) {
  return GiveText("nvmlDeviceGetUUID", out, bytes, "GPU-fake");
}
Return nvmlDeviceGetPciInfo_v3(Device, PciInfo* out) {
  PciInfo info{};
  info.bus = 0x65;
  return Give("nvmlDeviceGetPciInfo_v3", out, info);
}
Return nvmlDeviceGetMemoryInfo(Device, Memory* out) {
  return Give("nvmlDeviceGetMemoryInfo", out,
              Memory{85'000'000'000, 84'000'000'000, 1'000'000'000});
}
Return nvmlDeviceGetEccMode(Device, int* current, int* pending) {
  *pending = 0;
  return Give("nvmlDeviceGetEccMode", current, 1);
}
Return nvmlDeviceGetTotalEccErrors(Device, int type, int counter, unsigned long long* out) {
  return Give("nvmlDeviceGetTotalEccErrors", out, type == 1 && counter == 0 ? 3ULL : 999ULL);
}
Return nvmlDeviceGetPowerUsage(Device, unsigned int* out) {
  return Give("nvmlDeviceGetPowerUsage", out, 321'500U);
}
Return nvmlDeviceGetEnforcedPowerLimit(Device, unsigned int* out) {
  return Give("nvmlDeviceGetEnforcedPowerLimit", out, 700'000U);
}
Return nvmlDeviceGetClockInfo(Device, int clock, unsigned int* out) {
  return Give("nvmlDeviceGetClockInfo", out, clock == 1 ? 1755U : 2601U);
}
Return nvmlDeviceGetMaxClockInfo(Device, int clock, unsigned int* out) {
  return Give("nvmlDeviceGetMaxClockInfo", out, clock == 1 ? 1980U : 2619U);
}
#ifndef FAKE_NVML_OLD
Return nvmlDeviceGetTemperature(Device, int, unsigned int* out) {
  return Give("nvmlDeviceGetTemperature", out, 61U);
}
Return nvmlDeviceGetUtilizationRates(Device, Utilization* out) {
  return Give("nvmlDeviceGetUtilizationRates", out, Utilization{97, 12});
}
#endif
// NOLINTEND(readability-identifier-naming)
}
