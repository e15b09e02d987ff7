#include "tests/integration/bandwidth_arena.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/log_writer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "challenges/policy.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "checker/check_pool.h"
#include "checker/dispatcher.h"
#include "checker/grpc_client.h"
#include "checker/tcp_reachability.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kChainId = 31337;
constexpr std::uint32_t kEpochMs = 3'600'000;
constexpr std::uint32_t kConnectTimeoutMs = 1500;
constexpr std::uint32_t kFirstDueMs = 300;  // room to begin
/// The checker's own connection: room for all devices at once.
constexpr std::uint64_t kLine = 10'000'000'000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  KAISAR_CHECK(value.ok());
  return *std::move(value);
}

Digest Fixed(const char* name) {
  return Sha256(ViewOf(name));
}

challenges::Policy MakePolicy() {
  const std::string kinds =
      "{latency: {count: 100, weight: 1, least_evidence: 1},"
      " bandwidth: {count: 100, weight: 1, least_evidence: 1}}";
  return Must(challenges::ParsePolicy(
      "policy.yaml",
      absl::StrCat("version: 1\nsamples: 64\nslack_ms: 2000\nguard_ms: 1000\n"
                   "registration_window_ms: 10000\nclock_step_ms: 500\n"
                   "latency: {pings: 8, spacing_ms: 5, deadline_ms: 2000, target_us: 1000, "
                   "limit_us: 100000}\n"
                   "bandwidth: {seconds: ",
                   BandwidthArena::kSeconds, ", in_service_seconds: 1, streams: 2, ",
                   "open_deadline_ms: ", BandwidthArena::kOpenDeadlineMs,
                   ", start_deadline_ms: ", BandwidthArena::kStartDeadlineMs,
                   ", counted_bits_per_second: 1000000000}\nphases:\n  registering: ", kinds,
                   "\n  standby: ", kinds, "\n  in_service: ", kinds,
                   "\nclasses:\n  cpu: {n: 256, rounds: 3, commitment_deadline_ms: 1000, "
                   "opening_deadline_ms: 1000}\n")));
}

/// Each device's bandwidth challenge, and a latency challenge of each between them.
std::vector<challenges::PlannedChallenge> MakePlan(const std::vector<std::uint32_t>& devices,
                                                   std::uint32_t apart_ms, std::uint32_t sequence) {
  std::vector<challenges::PlannedChallenge> plan;
  std::uint32_t due_ms = kFirstDueMs;
  for (std::size_t i = 0; i < devices.size(); ++i, due_ms += apart_ms) {
    plan.push_back(
        {.due_ms = due_ms, .device = devices[i], .sequence = sequence, .kind = v1::BANDWIDTH});
    // Of a device whose own test is long over, or has not begun.
    plan.push_back({.due_ms = due_ms + apart_ms / 2,
                    .device = devices[(i + devices.size() / 2) % devices.size()],
                    .sequence = sequence,
                    .kind = v1::LATENCY});
  }
  return plan;
}

}  // namespace

BandwidthArena::BandwidthArena()
    : slot_key_(Must(SigningKey::Parse(Fixed("slot 0")))),
      other_slot_key_(Must(SigningKey::Parse(Fixed("slot 1")))),
      tls_(Must(MakeTlsKey("slot-0"))),
      iperf_(KAISAR_IPERF),
      processes_(Must(MakeProcessRunner())) {
  std::string folder = (std::filesystem::temp_directory_path() / "kaisar-arena-XXXXXX").string();
  KAISAR_CHECK(mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  roster_.set_chain_id(kChainId);
  roster_.set_contract(std::string(20, '\0'));
  for (const SigningKey* key : {&slot_key_, &other_slot_key_}) {
    v1::Slot& slot = *roster_.add_slots();
    slot.set_id(static_cast<std::uint32_t>(roster_.slots_size() - 1));
    slot.set_key(ToString(key->address()));
    slot.set_tls_pin(ToString(Must(TlsPin(tls_.certificate_pem))));
    slot.set_anchor(ToString(Fixed("anchor")));
  }
}

BandwidthArena::~BandwidthArena() {
  std::filesystem::remove_all(folder_);
}

SigningDomain BandwidthArena::domain() const {
  return challenges::DomainOf(roster_);
}

v1::Device& BandwidthArena::NewDevice(std::uint32_t id) {
  v1::Device& device = *roster_.add_devices();
  device.set_id(id);
  device.set_owner(std::string(20, '\1'));
  device.set_device_class("cpu");
  device.set_region("loopback");
  device.set_phase(v1::STANDBY);
  device.set_ops_per_second(1'000'000);
  device.set_down_bits_per_second(kClaim);
  device.set_up_bits_per_second(kClaim);
  return device;
}

std::uint32_t BandwidthArena::Add(const std::string& behaviour) {
  const auto id = static_cast<std::uint32_t>(roster_.devices_size() + 1);
  ScriptedOptions options;
  options.domain = domain();
  options.first_device = id;
  options.last_device = id;
  options.behaviours = {Must(ParseBehaviour(behaviour))};
  options.evidence = evidence_;
  providers_.push_back(Must(ScriptedProvider::Start(std::move(options))));
  NewDevice(id).MergeFrom(providers_.back()->RosterEntry(id));
  return id;
}

std::uint32_t BandwidthArena::AddDevice(const v1::Device& entry) {
  NewDevice(entry.id()).MergeFrom(entry);
  return entry.id();
}

void BandwidthArena::UseEvidence(bool expired) {
  const std::uint64_t now_ms = RealClock().WallMs();
  const auto epoch = MakeEpoch(now_ms);
  challenges::EpochScope scope = epoch->scope;
  scope.slot = 1;
  const challenges::PlannedChallenge planned{
      .due_ms = 0,
      .device = static_cast<std::uint32_t>(roster_.devices_size() + 1),
      .sequence = 0,
      .kind = v1::BANDWIDTH};
  v1::Device device;
  device.set_down_bits_per_second(kClaim);
  device.set_up_bits_per_second(kClaim);
  evidence_ = challenges::MakeChallenge(epoch->key, scope, now_ms, planned, device, epoch->policy);
  if (expired) evidence_->mutable_challenge()->set_expires_at_ms(now_ms - 1000);
  challenges::SignChallenge(other_slot_key_, domain(), *evidence_);
}

std::shared_ptr<const checker::Epoch> BandwidthArena::MakeEpoch(std::uint64_t beacon_ms) const {
  const challenges::EpochScope scope{
      .chain_id = kChainId, .epoch = 7, .slot = 0, .epoch_ms = kEpochMs, .beacon = Fixed("beacon")};
  const Digest secret = Fixed("secret");
  return std::make_shared<const checker::Epoch>(
      checker::Epoch{scope, beacon_ms, beacon_ms + kEpochMs, secret,
                     challenges::EpochKey::Derive(secret, scope.beacon, kChainId, 0, scope.epoch),
                     roster_, MakePolicy()});
}

std::map<std::uint32_t, BandwidthOutcome> BandwidthArena::Run(
    const std::vector<std::uint32_t>& devices, std::uint32_t apart_ms, const Interpose& interpose) {
  const auto client = Must(checker::GrpcProviderClient::Make(
      {.tls = tls_, .connect_timeout_ms = kConnectTimeoutMs}, RealClock()));
  const auto prober = Must(checker::TcpReachability::Make(RealClock()));
  checker::CheckPool checks(1);
  const auto log = Must(audit::LogWriter::Create(absl::StrCat(folder_, "/run-", runs_, ".log")));
  checker::DispatchLimits limits;
  limits.line = {kLine, kLine};
  std::map<std::uint32_t, BandwidthOutcome> outcomes;
  latency_.clear();
  checker::Dispatcher dispatcher(
      MakeEpoch(RealClock().WallMs()), MakePlan(devices, apart_ms, runs_++), {}, limits, {},
      checker::DispatchServices{RealClock(), interpose(*client), *prober, checks, *log, slot_key_,
                                *processes_, iperf_},
      [&](const checker::Outcome& outcome) {
        auto& kind = outcome.planned.kind == v1::BANDWIDTH ? outcomes : latency_;
        kind[outcome.planned.device] = {outcome.closed, outcome.explanation};
      });
  while (!dispatcher.finished()) {
    const std::uint64_t wake_ms = dispatcher.Poll();
    const std::uint64_t now_ms = RealClock().WallMs();
    if (wake_ms > now_ms) dispatcher.events().WaitFor(wake_ms - now_ms);
  }
  KAISAR_CHECK(dispatcher.status().ok());
  return outcomes;
}

BandwidthOutcome BandwidthArena::RunOne(const std::string& behaviour) {
  const std::uint32_t device = Add(behaviour);
  return Run({device}).at(device);
}

}  // namespace kaisar::testing
