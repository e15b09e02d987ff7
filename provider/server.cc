#include "provider/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/entropy.h"
#include "base/file.h"
#include "base/keys/keystore.h"
#include "base/printable.h"
#include "base/process_runner.h"
#include "base/status_macros.h"
#include "base/system_error.h"
#include "challenges/bandwidth/iperf_process.h"
#include "kernels/host_engine.h"
#include "provider/bandwidth_tests.h"
#include "provider/device_descriptions.h"
#include "provider/event_log.h"
#include "provider/gpu_figures.h"
#include "provider/grpc_service.h"
#include "provider/matmul_worker.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostKeyFileBytes = 64 * 1024;
// The largest message that a checker sends: 1024 samples of at most 13 bytes.
constexpr int kMostMessageBytes = 64 * 1024;
constexpr std::size_t kMostBackendBytes = 128;  // a GPU's name is its driver's word
constexpr std::chrono::seconds kDrain(1);       // of the two seconds that a shutdown may take

absl::Status At(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsKey& key) {
  namespace tls = grpc::experimental;
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::StaticDataCertificateProvider>(
      std::vector<tls::IdentityKeyCertPair>{{key.private_key_pem, key.certificate_pem}}));
  options.watch_identity_key_cert_pairs();
  // There is no authority to verify against: the handler compares the pin.
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  return tls::TlsServerCredentials(options);
}

void SetLimits(grpc::ServerBuilder& builder, const Limits& limits) {
  builder.SetMaxReceiveMessageSize(kMostMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // or two processes share one port
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(limits.streams_per_slot));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 600'000);
  // A peer whose machine is gone is noticed after half a minute.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
}

/// By device id.
using Workers = std::map<std::uint32_t, std::unique_ptr<MatmulWorker>>;

DescribedDevice Described(const MatmulWorker& worker) {
  const Device& device = worker.device();
  DescribedDevice described;
  described.trouble = [&worker] { return worker.trouble(); };
  v1::DeviceDescription& fixed = described.fixed;
  fixed.set_id(device.id);
  fixed.set_device_class(device.device_class);
  fixed.set_backend(Printable(device.engine->Description(), kMostBackendBytes));
  fixed.set_state_memory_bytes(device.state_memory_bytes);
  if (device.gpu.has_value()) {
    described.gpu = device.gpu->uuid;
    *fixed.mutable_gpu() = ToProto(FromListing(*device.gpu));
  }
  return described;
}

/// Result: null when no device has a GPU, or the driver tells nothing of them.
std::unique_ptr<kernels::GpuInformationReader> OpenReader(const Workers& workers,
                                                          const std::string& nvml) {
  const bool any = std::any_of(workers.begin(), workers.end(), [](const auto& worker) {
    return worker.second->device().gpu.has_value();
  });
  if (!any) return nullptr;
  auto reader = kernels::GpuInformationReader::Open(nvml);
  if (reader.ok()) return *std::move(reader);
  LogEvent(EventLevel::kWarning, "no_gpu_information", {{"reason", reader.status().message()}});
  return nullptr;
}

AdmittedDevices Admitted(const std::vector<Device>& devices) {
  AdmittedDevices admitted;
  for (const Device& device : devices) admitted[device.id] = device.state_memory_bytes;
  return admitted;
}

Workers StartWorkers(std::vector<Device> devices, const SigningDomain& domain, const Clock& clock,
                     const ProviderHooks& hooks) {
  Workers workers;
  for (Device& device : devices) {
    const std::uint32_t id = device.id;
    workers.emplace(id, std::make_unique<MatmulWorker>(std::move(device), domain, clock, hooks));
  }
  return workers;
}

std::vector<DescribedDevice> DescribedAll(const Workers& workers) {
  std::vector<DescribedDevice> described;
  for (const auto& [id, worker] : workers) described.push_back(Described(*worker));
  return described;
}

/// Result: null when the config wants no bandwidth tests.
absl::StatusOr<std::unique_ptr<BandwidthTests>> OpenTests(const ProviderConfig& config,
                                                          const Clock& clock) {
  if (!config.bandwidth.has_value()) return nullptr;
  BandwidthConfig bandwidth = *config.bandwidth;
  if (bandwidth.iperf.empty()) bandwidth.iperf = challenges::DefaultIperfPath();
  if (::access(bandwidth.iperf.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "bandwidth tests are wanted, but: ", SystemError("run", bandwidth.iperf).message()));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ProcessRunner> runner, MakeProcessRunner());
  return std::make_unique<BandwidthTests>(bandwidth, std::move(runner), OsEntropy(), clock);
}

class GrpcServer final : public Server {
 public:
  GrpcServer(const ProviderConfig& config, std::vector<Device> devices,
             std::unique_ptr<BandwidthTests> tests, const Clock& clock, const ProviderHooks& hooks)
      : config_(config),
        admission_(config.domain, config.slots, Admitted(devices), config_.limits, clock, hooks),
        workers_(StartWorkers(std::move(devices), config_.domain, clock, hooks)),
        descriptions_("kaisar-provider " KAISAR_VERSION, DescribedAll(workers_),
                      OpenReader(workers_, config_.nvml), clock),
        tests_(std::move(tests)),
        services_{admission_,
                  config_.limits,
                  config_.domain,
                  clock,
                  [this](std::uint32_t id) -> MatmulWorker& { return *workers_.at(id); },
                  tests_.get()},
        streams_(config.limits.streams_per_slot, clock),
        service_(services_, streams_, descriptions_) {}

  ~GrpcServer() override {
    streams_.EndAll();
    descriptions_.Stop();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kDrain);
    server_.reset();
  }

  absl::Status Listen(const TlsKey& tls_key) {
    // Debian's Abseil looks for lock cycles at every lock that gRPC takes, at some cost.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(config_.listen, MakeCredentials(tls_key), &port);
    builder.RegisterService(&service_);
    SetLimits(builder, config_.limits);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(
          absl::StrCat("listening on ", config_.listen, " failed; is the port in use?"));
    }
    address_ = absl::StrCat(config_.listen.substr(0, config_.listen.rfind(':')), ":", port);
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  Admission& admission() override { return admission_; }
  DeviceDescriptions& descriptions() override { return descriptions_; }

 private:
  // Taken down in the reverse order: the server first, in the destructor.
  const ProviderConfig config_;
  Admission admission_;
  const Workers workers_;
  DeviceDescriptions descriptions_;
  std::unique_ptr<BandwidthTests> tests_;
  const SessionServices services_;
  StreamTable streams_;
  GrpcService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

absl::StatusOr<std::vector<Device>> OpenDevices(const ProviderConfig& config,
                                                const GpuSource& gpus) {
  ASSIGN_OR_RETURN(auto started, StartGpus(config.devices, gpus));
  std::vector<Device> devices;
  for (const DeviceConfig& entry : config.devices) {
    ASSIGN_OR_RETURN(const std::string json, ReadSecretFile(entry.keystore, kMostKeyFileBytes));
    ASSIGN_OR_RETURN(const std::string password, ReadPassword(entry.password));
    absl::StatusOr<SigningKey> key = DecryptKeystore(json, password);
    if (!key.ok()) return At(entry.keystore, key.status());
    Device device{entry.id, entry.device_class, *std::move(key), nullptr};
    if (const auto gpu = started.find(entry.id); gpu != started.end()) {
      ASSIGN_OR_RETURN(const std::uint64_t fits, StateMemoryBytes(gpu->second));
      device.state_memory_bytes = entry.state_memory_bytes.value_or(fits);
      device.gpu = gpu->second.listing;
      device.engine = std::move(gpu->second.engine);
    } else {
      device.state_memory_bytes = entry.state_memory_bytes.value_or(0);
      device.engine = kernels::MakeCpuEngine(config.threads);
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

absl::StatusOr<TlsKey> OpenTlsKey(const ProviderConfig& config) {
  ASSIGN_OR_RETURN(const std::string pem, ReadSecretFile(config.tls_key, kMostKeyFileBytes));
  absl::StatusOr<TlsKey> key = ParseTlsKey(pem);
  if (!key.ok()) return At(config.tls_key, key.status());
  return key;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ProviderConfig& config,
                                                      const TlsKey& tls_key,
                                                      std::vector<Device> devices,
                                                      const Clock& clock,
                                                      const ProviderHooks& hooks) {
  ASSIGN_OR_RETURN(std::unique_ptr<BandwidthTests> tests, OpenTests(config, clock));
  auto server =
      std::make_unique<GrpcServer>(config, std::move(devices), std::move(tests), clock, hooks);
  RETURN_IF_ERROR(server->Listen(tls_key));
  return server;
}

}  // namespace kaisar::provider
