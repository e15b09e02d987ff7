#include "audit/comparison_logs.h"

#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/challenge_figures.h"
#include "base/hex.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::size_t kMostTextBytes = 512;

/// How many matmul challenges the plan has for a device besides its muster.
std::uint32_t PlannedProofs(const OpenedEpoch& epoch, const v1::Device& device) {
  const auto phase = epoch.policy.phases.find(device.phase());
  if (phase == epoch.policy.phases.end()) return 0;
  const auto kind = phase->second.find(v1::MATMUL);
  return kind == phase->second.end() ? 0 : kind->second.count;
}

void AddProof(const OpenedEpoch& epoch, const LoggedChallenge& challenge, DeviceAccount& account) {
  const v1::ChallengeClosed& closed = challenge.closed;
  const auto asked = epoch.policy.classes.find(challenge.device.device_class());
  if (challenge.commitment == nullptr || asked == epoch.policy.classes.end()) return;
  if (closed.verdict() != v1::PASS && closed.reason() != v1::COMMITMENT_LATE) return;
  const v1::CommitmentReceived& commitment = *challenge.commitment;
  const auto& pings = commitment.ping_rtt_ns();
  TimedProof proof;
  proof.started_ms = epoch.opened.beacon_ms() + closed.sent_ms() +
                     std::accumulate(pings.begin(), pings.end(), std::uint64_t{0}) / kNsPerMs;
  proof.taken_ms = commitment.elapsed_ns() / kNsPerMs;
  proof.ops_per_second =
      challenges::MatmulRate({asked->second.n, asked->second.rounds}, commitment);
  proof.record = challenge.record;
  proof.muster = closed.sequence() >= PlannedProofs(epoch, challenge.device);
  account.proofs.push_back(proof);
}

void AddRtt(const OpenedEpoch& epoch, const LoggedChallenge& challenge, DeviceAccount& account) {
  const std::uint32_t us =
      challenges::Summarize(challenge.closed.latency(), epoch.policy.latency.pings).smallest_us;
  if (account.smallest_rtt.has_value() && account.smallest_rtt->us <= us) return;
  account.smallest_rtt = SmallestRtt{us, challenge.record};
}

void AddVerdict(const OpenedEpoch& epoch, const LoggedChallenge& challenge, KindAccount& account) {
  const v1::ChallengeClosed& closed = challenge.closed;
  if (closed.verdict() != v1::PASS && closed.verdict() != v1::FAIL) {
    ++account.inconclusive[closed.reason()];
    account.inconclusive_records.push_back(challenge.record);
    return;
  }
  if (closed.verdict() == v1::PASS) {
    ++account.passed;
  } else {
    ++account.failed[closed.reason()];
  }
  account.counted.push_back(
      {FiguresOf(epoch.policy, challenge).share_ppm.value_or(0), challenge.record});
}

/// Both values of what two logs must share, when they differ.
class Sameness {
 public:
  Sameness(const CheckerLog& a, const CheckerLog& b) : a_(a), b_(b) {}

  void Compare(const std::string& what, const std::string& a, const std::string& b) {
    if (!status_.ok() || a == b) return;
    status_ = absl::FailedPreconditionError(
        absl::StrCat(what, " is ", a, " in ", a_.path, ", ", b, " in ", b_.path));
  }
  /// Of two messages of one type, field by field.
  template <typename Message>
  void CompareFields(const std::string& what, const Message& a, const Message& b) {
    if (!status_.ok() || a.SerializeAsString() == b.SerializeAsString()) return;
    const google::protobuf::Descriptor& type = *Message::descriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const google::protobuf::FieldDescriptor& field = *type.field(i);
      Compare(absl::StrCat(what, ": ", field.name()), TextOf(a, field), TextOf(b, field));
    }
  }
  const absl::Status& status() const { return status_; }

 private:
  template <typename Message>
  static std::string TextOf(const Message& message,
                            const google::protobuf::FieldDescriptor& field) {
    using Field = google::protobuf::FieldDescriptor;
    const google::protobuf::Reflection& all = *message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_UINT32:
        return absl::StrCat(all.GetUInt32(message, &field));
      case Field::CPPTYPE_UINT64:
        return absl::StrCat(all.GetUInt64(message, &field));
      case Field::CPPTYPE_BOOL:
        return all.GetBool(message, &field) ? "true" : "false";
      case Field::CPPTYPE_ENUM:
        return absl::StrCat(all.GetEnumValue(message, &field));
      default:
        break;
    }
    const std::string text = all.GetString(message, &field);
    if (field.type() == Field::TYPE_BYTES) return ToPrefixedHex(ViewOf(text));
    return absl::StrCat("'", Printable(text, kMostTextBytes), "'");
  }

  const CheckerLog& a_;
  const CheckerLog& b_;
  absl::Status status_;
};

absl::Status CheckSame(const CheckerLog& a, const CheckerLog& b) {
  const v1::EpochOpened& first = a.epoch.opened;
  const v1::EpochOpened& second = b.epoch.opened;
  Sameness same(a, b);
  same.Compare("epoch", absl::StrCat(first.epoch()), absl::StrCat(second.epoch()));
  same.Compare("chain_id", absl::StrCat(first.roster().chain_id()),
               absl::StrCat(second.roster().chain_id()));
  const auto hex = [](const std::string& bytes) { return ToPrefixedHex(ViewOf(bytes)); };
  same.Compare("contract", hex(first.roster().contract()), hex(second.roster().contract()));
  // Without a chain each checker draws its own beacon when it opens the epoch.
  if (first.roster().contract() != std::string(first.roster().contract().size(), '\0')) {
    same.Compare("beacon", hex(first.beacon()), hex(second.beacon()));
    same.Compare("beacon_ms", absl::StrCat(first.beacon_ms()), absl::StrCat(second.beacon_ms()));
  }
  same.Compare("epoch_end_ms", absl::StrCat(first.epoch_end_ms()),
               absl::StrCat(second.epoch_end_ms()));
  same.Compare("SHA-256 of the policy", absl::StrCat("0x", ToHex(Sha256(ViewOf(first.policy())))),
               absl::StrCat("0x", ToHex(Sha256(ViewOf(second.policy())))));
  for (v1::Device device : first.roster().devices()) {
    const v1::Device* found = challenges::FindDevice(second.roster(), device.id());
    if (found == nullptr) continue;
    device.set_muster(found->muster());  // is about the slot
    same.CompareFields(absl::StrCat("device ", device.id()), device, *found);
  }
  for (const v1::Slot& slot : first.roster().slots()) {
    const v1::Slot* found = challenges::FindSlot(second.roster(), slot.id());
    if (found != nullptr) same.CompareFields(absl::StrCat("slot ", slot.id()), slot, *found);
  }
  return same.status();
}

}  // namespace

absl::StatusOr<CheckerLog> ReadCheckerLog(const std::string& path) {
  CheckerLog log;
  log.path = path;
  std::unique_ptr<Scorer> scorer;
  ChallengeVisitor visitor;
  visitor.opened = [&](const OpenedEpoch& epoch) {
    log.epoch = epoch;
    scorer = std::make_unique<Scorer>(log.epoch.opened.roster(), log.epoch.policy);
    return absl::OkStatus();
  };
  visitor.closed = [&](const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
    const v1::ChallengeClosed& closed = challenge.closed;
    DeviceAccount& account = log.devices[closed.device()];
    scorer->Add(closed, challenge.commitment);
    AddVerdict(epoch, challenge, account.kinds[closed.kind()]);
    if (closed.kind() == v1::MATMUL) AddProof(epoch, challenge, account);
    if (closed.kind() == v1::LATENCY && closed.verdict() == v1::PASS) {
      AddRtt(epoch, challenge, account);
    }
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(log.summary, ReadChallenges(path, visitor));
  if (!log.summary.closed) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": the epoch is not closed"));
  }
  for (DeviceScore& score : scorer->Scores()) {
    const std::uint32_t device = score.device;
    log.devices[device].score = std::move(score);
  }
  return log;
}

absl::Status CheckSameEpoch(const std::vector<CheckerLog>& logs) {
  std::map<std::uint32_t, std::string> paths;
  for (const CheckerLog& log : logs) {
    const auto [known, is_new] = paths.emplace(log.slot(), log.path);
    if (!is_new) {
      return absl::FailedPreconditionError(
          absl::StrCat("slot ", log.slot(), " is there twice: ", known->second, " and ", log.path));
    }
  }
  for (std::size_t i = 0; i < logs.size(); ++i) {
    for (std::size_t j = i + 1; j < logs.size(); ++j) {
      RETURN_IF_ERROR(CheckSame(logs[i], logs[j]));
    }
  }
  return absl::OkStatus();
}

}  // namespace kaisar::audit
