#pragma once

namespace kaisar::kernels::nvml {

// The part of NVML's binary interface that is used, under the names that its documentation has.
// The library's own header does not come with the driver, and nothing is linked with it.
// Source: NVML API Reference Guide, docs.nvidia.com/deploy/nvml-api.

/// nvmlReturn_t, as far as it is told apart.
enum Return : int {
  kSuccess = 0,
  kNotSupported = 3,
  kNotFound = 6,
  kDriverNotLoaded = 9,
  kGpuIsLost = 15,
};

/// nvmlDevice_t: opaque.
using Device = struct DeviceTag*;

/// nvmlPciInfo_t.
struct PciInfo {
  char bus_id_legacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pci_device_id;
  unsigned int pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68);

/// nvmlMemory_t.
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

/// nvmlUtilization_t: percent.
struct Utilization {
  unsigned int gpu;
  unsigned int memory;
};

inline constexpr int kClockSm = 1;           // nvmlClockType_t
inline constexpr int kClockMemory = 2;       // nvmlClockType_t
inline constexpr int kTemperatureGpu = 0;    // nvmlTemperatureSensors_t
inline constexpr int kErrorUncorrected = 1;  // nvmlMemoryErrorType_t
inline constexpr int kEccVolatile = 0;       // nvmlEccCounterType_t

// NVML_DEVICE_NAME_V2_BUFFER_SIZE, NVML_DEVICE_UUID_V2_BUFFER_SIZE: the texts are ended by a zero.
inline constexpr unsigned int kNameBytes = 96;
inline constexpr unsigned int kUuidBytes = 96;
inline constexpr unsigned int kDriverVersionBytes = 80;  // NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE

}  // namespace kaisar::kernels::nvml
