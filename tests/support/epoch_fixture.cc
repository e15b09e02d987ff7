#include "tests/support/epoch_fixture.h"

#include <map>

#include "audit/log_writer.h"
#include "audit/merkle_log.h"
#include "base/check.h"
#include "base/file.h"
#include "base/keys/hash_chain.h"
#include "base/sha256.h"
#include "challenges/roster.h"
#include "kaisar/v1/device.pb.h"
#include "tests/support/epoch_script.h"

namespace kaisar::testing {
namespace {

constexpr std::uint32_t kChainLength = 16;
constexpr std::uint32_t kFirstEpoch = 5;

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

const HashChain& ChainOf(std::uint32_t slot) {
  static const auto* const kOurs =
      new HashChain(HashChain::Make(Filled(0x71), kChainLength, kFirstEpoch).value());
  static const auto* const kOther =
      new HashChain(HashChain::Make(Filled(0x72), kChainLength, kFirstEpoch).value());
  return slot == EpochFixture::kSlot ? *kOurs : *kOther;
}

SigningKey KeyFrom(const std::string& text) {
  return SigningKey::Parse(Sha256(ViewOf(text))).value();
}

void AddDevice(v1::Roster& roster, std::uint32_t id, std::uint8_t owner, v1::Phase phase,
               std::uint64_t ops_per_second) {
  v1::Device& device = *roster.add_devices();
  device.set_id(id);
  device.set_owner(std::string(20, static_cast<char>(owner)));
  device.set_key(ToString(EpochFixture::DeviceKeyOf(id).address()));
  device.set_tls_pin(std::string(32, static_cast<char>(id)));
  device.set_endpoint("127.0.0.1:7000");
  device.set_device_class("cpu");
  device.set_region("eu");
  device.set_phase(phase);
  device.set_ops_per_second(ops_per_second);
  device.set_down_bits_per_second(1'000'000'000);
  device.set_up_bits_per_second(1'000'000'000);
}

v1::Roster MakeRoster() {
  v1::Roster roster;
  roster.set_chain_id(EpochFixture::kChainId);
  roster.set_contract(std::string(20, '\0'));
  roster.set_muster(true);
  AddDevice(roster, 1, 0xa1, v1::STANDBY, 1'000'000'000);
  AddDevice(roster, 2, 0xa1, v1::STANDBY, 1'000'000'000);
  AddDevice(roster, 3, 0xa2, v1::REGISTERING, 1'000'000'000);
  AddDevice(roster, 4, 0xa3, v1::IN_SERVICE, 1'000'000'000);
  AddDevice(roster, 5, 0xa4, v1::STANDBY, 1'000'000'000);
  AddDevice(roster, 6, 0xa5, v1::STANDBY, 10'000'000);
  AddDevice(roster, 7, 0xa6, v1::STANDBY, 1'000'000'000);
  for (const std::uint32_t id : {EpochFixture::kSlot, EpochFixture::kOtherSlot}) {
    v1::Slot& slot = *roster.add_slots();
    slot.set_id(id);
    slot.set_key(ToString(EpochFixture::SlotKey(id).address()));
    slot.set_tls_pin(std::string(32, static_cast<char>(id)));
    slot.set_anchor(ToString(ChainOf(id).anchor()));
    slot.set_anchor_epoch(kFirstEpoch);
  }
  return roster;
}

/// What the machines of three devices say: one computes on a GPU, one on a CPU, one said nothing.
std::vector<v1::Record> Descriptions() {
  v1::DeviceDescription gpu;
  gpu.set_id(1);
  gpu.set_device_class("cpu");
  gpu.set_backend("cuda 9.0");
  gpu.mutable_gpu()->set_name("NVIDIA H100 80GB HBM3");
  gpu.mutable_gpu()->set_driver("580.95.05");
  gpu.mutable_gpu()->set_memory_total_bytes(85'520'809'984);
  gpu.mutable_gpu()->set_temperature_c(41);
  v1::DeviceDescription cpu;
  cpu.set_id(2);
  cpu.set_backend("cpu AVX2, 2 threads");
  std::vector<v1::Record> records(3);
  for (std::size_t i = 0; i < records.size(); ++i) {
    v1::DeviceDescribed& described = *records[i].mutable_described();
    described.set_device(static_cast<std::uint32_t>(i) + 1);
    described.set_asked_ms(EpochFixture::kEpochMs - 900);
    described.set_transport(v1::COMPLETED);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const v1::DeviceDescription& said = i == 0 ? gpu : cpu;
    records[i].mutable_described()->set_description(said.SerializeAsString());
    records[i].mutable_described()->set_software("kaisar-provider 1");
  }
  records[2].mutable_described()->set_transport(v1::DEADLINE);
  records[2].mutable_described()->set_detail("no answer after 5000 ms");
  return records;
}

std::vector<std::string> Serialize(const std::vector<v1::Record>& records) {
  std::vector<std::string> bytes;
  for (const v1::Record& record : records) bytes.push_back(record.SerializeAsString());
  return bytes;
}

template <typename Matches>
std::size_t Find(const std::vector<v1::Record>& records, const Matches& matches) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (matches(records[i])) return i;
  }
  KAISAR_CHECK(false);
  return 0;
}

}  // namespace

SigningKey EpochFixture::SlotKey(std::uint32_t slot) {
  return KeyFrom("slot" + std::to_string(slot));
}

SigningKey EpochFixture::DeviceKeyOf(std::uint32_t device) {
  return KeyFrom("device" + std::to_string(device));
}

std::string EpochFixture::PolicyYaml() {
  return R"(version: 1
samples: 4
slack_ms: 1000
guard_ms: 1000
registration_window_ms: 20000
clock_step_ms: 100
latency: {pings: 4, spacing_ms: 10, deadline_ms: 5000, target_us: 20000, limit_us: 200000}
bandwidth: {seconds: 1, in_service_seconds: 1, streams: 1, open_deadline_ms: 3000, start_deadline_ms: 3000,
  counted_bits_per_second: 100000000}
phases:
  registering:
    latency: {count: 6, weight: 1, least_evidence: 3}
    matmul: {count: 2, weight: 3, least_evidence: 2}
  standby:
    latency: {count: 6, weight: 1, least_evidence: 3}
    bandwidth: {count: 2, weight: 1, least_evidence: 1}
    matmul: {count: 2, weight: 3, least_evidence: 2}
  in_service:
    latency: {count: 6, weight: 1, least_evidence: 3}
classes:
  cpu: {n: 256, rounds: 2, commitment_deadline_ms: 30000, opening_deadline_ms: 5000}
)";
}

EpochFixture::EpochFixture(std::uint32_t epoch_number)
    : epoch_(epoch_number), policy_(challenges::ParsePolicy("policy", PolicyYaml()).value()) {
  report.domain.chain_id = kChainId;
  report.epoch = epoch_;
  report.slot = kSlot;
  report.policy_hash = Sha256(ViewOf(PolicyYaml()));
  report.secret = ChainOf(kSlot).Secret(epoch_).value();
  v1::Record first;
  v1::EpochOpened& epoch = *first.mutable_epoch_opened();
  epoch.set_version(1);
  epoch.set_epoch(epoch_);
  epoch.set_slot(kSlot);
  epoch.set_beacon(ToString(Filled(0xbe)));
  epoch.set_beacon_ms(kBeaconMs);
  epoch.set_epoch_end_ms(kBeaconMs + kEpochMs);
  *epoch.mutable_roster() = MakeRoster();
  epoch.set_policy(PolicyYaml());
  records.push_back(std::move(first));
  // What the devices answer takes a second to compute and is always the same.
  static auto* const kStories = new std::map<std::uint32_t, std::vector<v1::Record>>();
  if (kStories->count(epoch_) == 0) kStories->emplace(epoch_, PlayEpoch(*this));
  const std::vector<v1::Record>& story = kStories->at(epoch_);
  records.insert(records.end(), story.begin(), story.end());
  for (v1::Record& described : Descriptions()) records.push_back(std::move(described));
  v1::Record last;
  last.mutable_epoch_closed()->set_secret(ToString(report.secret));
  // The longest challenge of the last seconds is a bandwidth challenge of 4.9 s.
  last.mutable_epoch_closed()->set_closed_ms(kBeaconMs + kEpochMs + 5000);
  records.push_back(std::move(last));
  ReportAsRecorded();
}

challenges::EpochKey EpochFixture::key() const {
  return challenges::EpochKey::Derive(ChainOf(kSlot).Secret(epoch_).value(), Filled(0xbe), kChainId,
                                      kSlot, epoch_);
}

challenges::EpochScope EpochFixture::scope() const {
  return {kChainId, epoch_, kSlot, kEpochMs, Filled(0xbe)};
}

std::size_t EpochFixture::FindIssued(std::uint32_t device, v1::Kind kind,
                                     std::uint32_t sequence) const {
  return Find(records, [&](const v1::Record& record) {
    const v1::Challenge& terms = record.issued().challenge().challenge();
    return record.has_issued() && terms.device() == device && terms.kind() == kind &&
           record.issued().sequence() == sequence;
  });
}

std::size_t EpochFixture::FindCommitment(std::uint32_t device, std::uint32_t sequence) const {
  const v1::ChallengeIssued& issued = records[FindIssued(device, v1::MATMUL, sequence)].issued();
  return Find(records, [&](const v1::Record& record) {
    return record.has_commitment() &&
           record.commitment().challenge_id() == issued.challenge().challenge().challenge_id();
  });
}

std::size_t EpochFixture::FindClosed(std::uint32_t device, v1::Kind kind,
                                     std::uint32_t sequence) const {
  return Find(records, [&](const v1::Record& record) {
    const v1::ChallengeClosed& closed = record.closed();
    return record.has_closed() && closed.device() == device && closed.kind() == kind &&
           closed.sequence() == sequence;
  });
}

std::size_t EpochFixture::FindDescribed(std::uint32_t device) const {
  return Find(records, [&](const v1::Record& record) {
    return record.has_described() && record.described().device() == device;
  });
}

void EpochFixture::ReportAsRecorded() {
  const v1::Roster roster = MakeRoster();
  audit::Scorer scorer(roster, policy_);
  for (const v1::Record& record : records) {
    if (!record.has_closed()) continue;
    const v1::CommitmentReceived* commitment = nullptr;
    for (const v1::Record& other : records) {
      if (other.has_commitment() &&
          other.commitment().challenge_id() == record.closed().challenge_id()) {
        commitment = &other.commitment();
      }
    }
    scorer.Add(record.closed(), commitment);
  }
  report.words = audit::PackScores(scorer.Scores());
  audit::MerkleLog tree;
  for (const std::string& record : Serialize(records)) tree.Append(ViewOf(record));
  report.transcript_root = tree.Root();
}

void EpochFixture::WriteLog(const std::string& path) const {
  const auto writer = audit::LogWriter::Create(path);
  KAISAR_CHECK(writer.ok());
  for (std::string& record : Serialize(records)) {
    (*writer)->Append(std::move(record), [](absl::Status status) { KAISAR_CHECK(status.ok()); });
  }
  KAISAR_CHECK((*writer)->Finish().ok());
}

void EpochFixture::WriteReport(const std::string& path, const SigningKey* signer) const {
  const SigningKey own = SlotKey(kSlot);
  audit::SignedReport signed_report;
  signed_report.report = report;
  signed_report.signature = (signer == nullptr ? own : *signer).Sign(audit::ReportDigest(report));
  signed_report.signer = own.address();
  KAISAR_CHECK(WriteFile(path, audit::SerializeReport(signed_report)).ok());
}

}  // namespace kaisar::testing
