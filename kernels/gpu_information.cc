#include "kernels/gpu_information.h"

#include <dlfcn.h>

#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/printable.h"
#include "kernels/nvml.h"

namespace kaisar::kernels {
namespace {

constexpr std::size_t kMostTextBytes = 96;
constexpr std::size_t kMostReasonBytes = 256;  // of the loader's or the driver's words

/// The functions, null where this version of the library lacks one.
struct Functions {
  nvml::Return (*init)();
  nvml::Return (*shutdown)();
  const char* (*error_string)(nvml::Return);
  nvml::Return (*driver_version)(char*, unsigned int);
  nvml::Return (*handle_by_uuid)(const char*, nvml::Device*);
  nvml::Return (*handle_by_pci_id)(const char*, nvml::Device*);
  nvml::Return (*name)(nvml::Device, char*, unsigned int);
  nvml::Return (*uuid)(nvml::Device, char*, unsigned int);
  nvml::Return (*pci_info)(nvml::Device, nvml::PciInfo*);
  nvml::Return (*memory_info)(nvml::Device, nvml::Memory*);
  nvml::Return (*ecc_mode)(nvml::Device, int*, int*);  // current, pending
  nvml::Return (*ecc_errors)(nvml::Device, int, int, unsigned long long*);
  nvml::Return (*clock)(nvml::Device, int, unsigned int*);
  nvml::Return (*most_clock)(nvml::Device, int, unsigned int*);
  nvml::Return (*power)(nvml::Device, unsigned int*);
  nvml::Return (*power_limit)(nvml::Device, unsigned int*);
  nvml::Return (*temperature)(nvml::Device, int, unsigned int*);
  nvml::Return (*utilization)(nvml::Device, nvml::Utilization*);
};

template <typename Function>
void Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

Functions FindFunctions(void* library) {
  Functions found{};
  Find(library, "nvmlInit_v2", found.init);
  Find(library, "nvmlShutdown", found.shutdown);
  Find(library, "nvmlErrorString", found.error_string);
  Find(library, "nvmlSystemGetDriverVersion", found.driver_version);
  Find(library, "nvmlDeviceGetHandleByUUID", found.handle_by_uuid);
  Find(library, "nvmlDeviceGetHandleByPciBusId_v2", found.handle_by_pci_id);
  Find(library, "nvmlDeviceGetName", found.name);
  Find(library, "nvmlDeviceGetUUID", found.uuid);
  Find(library, "nvmlDeviceGetPciInfo_v3", found.pci_info);
  Find(library, "nvmlDeviceGetMemoryInfo", found.memory_info);
  Find(library, "nvmlDeviceGetEccMode", found.ecc_mode);
  Find(library, "nvmlDeviceGetTotalEccErrors", found.ecc_errors);
  Find(library, "nvmlDeviceGetClockInfo", found.clock);
  Find(library, "nvmlDeviceGetMaxClockInfo", found.most_clock);
  Find(library, "nvmlDeviceGetPowerUsage", found.power);
  Find(library, "nvmlDeviceGetEnforcedPowerLimit", found.power_limit);
  Find(library, "nvmlDeviceGetTemperature", found.temperature);
  Find(library, "nvmlDeviceGetUtilizationRates", found.utilization);
  return found;
}

/// Closes the library when nobody holds it any more.
struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};
using Library = std::unique_ptr<void, CloseLibrary>;

std::string Reason(const Functions& functions, nvml::Return code) {
  const char* text = functions.error_string == nullptr ? nullptr : functions.error_string(code);
  if (text == nullptr) return absl::StrCat("NVML error ", static_cast<int>(code));
  return absl::StrCat(Printable(text, kMostReasonBytes), " (NVML error ", static_cast<int>(code),
                      ")");
}

/// One GPU being read. What a call does not give stays absent; that the GPU is lost stays known.
class Reading {
 public:
  template <typename Function, typename... Arguments>
  bool Take(Function function, Arguments... arguments) {
    if (function == nullptr || lost_) return false;
    const nvml::Return code = function(arguments...);
    lost_ = code == nvml::kGpuIsLost;
    return code == nvml::kSuccess;
  }

  /// Result: empty when the text has no end.
  template <typename Function, typename... Device>
  std::string Text(Function function, unsigned int bytes, Device... device) {
    std::string text(bytes, '\0');
    if (!Take(function, device..., text.data(), bytes)) return "";
    const std::size_t end = text.find('\0');
    return end == std::string::npos ? "" : Printable(text.substr(0, end), kMostTextBytes);
  }

  template <typename Function, typename... Arguments>
  std::optional<std::uint32_t> Number(Function function, Arguments... arguments) {
    unsigned int value = 0;
    if (!Take(function, arguments..., &value)) return std::nullopt;
    return value;
  }

  bool lost() const { return lost_; }

 private:
  bool lost_ = false;
};

void ReadMemory(const Functions& functions, nvml::Device device, Reading& reading,
                GpuInformation& information) {
  nvml::Memory memory{};
  if (reading.Take(functions.memory_info, device, &memory)) {
    information.memory_total_bytes = memory.total;
    information.memory_free_bytes = memory.free;
  }
  int enabled = 0;
  int pending = 0;
  if (!reading.Take(functions.ecc_mode, device, &enabled, &pending)) return;
  information.ecc_enabled = enabled != 0;
  unsigned long long errors = 0;
  if (reading.Take(functions.ecc_errors, device, nvml::kErrorUncorrected, nvml::kEccVolatile,
                   &errors)) {
    information.ecc_errors = errors;
  }
}

void ReadClocks(const Functions& functions, nvml::Device device, Reading& reading,
                GpuInformation& information) {
  information.sm_clock_mhz = reading.Number(functions.clock, device, nvml::kClockSm);
  information.most_sm_clock_mhz = reading.Number(functions.most_clock, device, nvml::kClockSm);
  information.memory_clock_mhz = reading.Number(functions.clock, device, nvml::kClockMemory);
  information.most_memory_clock_mhz =
      reading.Number(functions.most_clock, device, nvml::kClockMemory);
  information.power_mw = reading.Number(functions.power, device);
  information.power_limit_mw = reading.Number(functions.power_limit, device);
  information.temperature_c = reading.Number(functions.temperature, device, nvml::kTemperatureGpu);
  nvml::Utilization utilization{};
  if (reading.Take(functions.utilization, device, &utilization)) {
    information.utilization_percent = utilization.gpu;
  }
}

class Nvml final : public GpuInformationReader {
 public:
  /// `library` is initialized.
  Nvml(Library library, const Functions& functions)
      : library_(std::move(library)), functions_(functions) {}
  ~Nvml() override {
    if (functions_.shutdown != nullptr) functions_.shutdown();
  }

  absl::StatusOr<GpuInformation> Read(const std::string& gpu) const override {
    const auto find =
        absl::StartsWith(gpu, "GPU-") ? functions_.handle_by_uuid : functions_.handle_by_pci_id;
    if (find == nullptr) return absl::UnavailableError("this NVML cannot look for a GPU");
    nvml::Device device = nullptr;
    // Looked for anew: a GPU that was lost and has come back is another one to the driver.
    if (const nvml::Return code = find(gpu.c_str(), &device); code != nvml::kSuccess) {
      const std::string message = absl::StrCat("cannot find GPU ", Printable(gpu, kMostTextBytes),
                                               ": ", Reason(functions_, code));
      return code == nvml::kNotFound ? absl::NotFoundError(message)
                                     : absl::UnavailableError(message);
    }
    Reading reading;
    GpuInformation information;
    information.name = reading.Text(functions_.name, nvml::kNameBytes, device);
    information.uuid = reading.Text(functions_.uuid, nvml::kUuidBytes, device);
    information.driver = reading.Text(functions_.driver_version, nvml::kDriverVersionBytes);
    nvml::PciInfo pci{};
    if (reading.Take(functions_.pci_info, device, &pci)) {
      // Always function 0, and the domain in the four digits that CUDA writes.
      information.pci_id = absl::StrFormat("%04x:%02x:%02x.0", pci.domain, pci.bus, pci.device);
    }
    ReadMemory(functions_, device, reading, information);
    ReadClocks(functions_, device, reading, information);
    if (reading.lost()) {
      return absl::UnavailableError(absl::StrCat("GPU ", Printable(gpu, kMostTextBytes), ": ",
                                                 Reason(functions_, nvml::kGpuIsLost)));
    }
    return information;
  }

 private:
  const Library library_;
  const Functions functions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuInformationReader>> GpuInformationReader::Open(
    const std::string& library) {
  Library opened(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (opened == nullptr) {
    const char* reason = dlerror();
    return absl::NotFoundError(
        absl::StrCat("no NVML, which comes with NVIDIA's driver: ",
                     reason == nullptr ? library : Printable(reason, kMostReasonBytes)));
  }
  const Functions functions = FindFunctions(opened.get());
  if (functions.init == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(library, " is not NVML: no nvmlInit_v2"));
  }
  if (const nvml::Return code = functions.init(); code != nvml::kSuccess) {
    return absl::FailedPreconditionError(
        absl::StrCat("NVML finds no driver: ", Reason(functions, code)));
  }
  return std::make_unique<Nvml>(std::move(opened), functions);
}

}  // namespace kaisar::kernels
