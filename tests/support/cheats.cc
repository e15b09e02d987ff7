#include "tests/support/cheats.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kaisar::testing {
namespace {

constexpr CheatInfo kCheats[] = {
    {Cheat::kHonest, "honest", 0},
    {Cheat::kSkipProducts, "skip-products", 10},
    {Cheat::kSkipRounds, "skip-rounds", 0},
    {Cheat::kSkipRows, "skip-rows", 10},
    {Cheat::kZeros, "zeros", 0},
    {Cheat::kNoise, "noise", 0},
    {Cheat::kReplayLast, "replay-last", 0},
    {Cheat::kWrongPrecision, "wrong-precision", 0},
    {Cheat::kWrongSizeOpening, "wrong-size-opening", 0},
    {Cheat::kEmptyOpening, "empty-opening", 0},
    {Cheat::kFewerOpenings, "fewer-openings", 0},
    {Cheat::kMoreOpenings, "more-openings", 0},
    {Cheat::kSwappedOpenings, "swapped-openings", 0},
    {Cheat::kRepeatedOpenings, "repeated-openings", 0},
    {Cheat::kWrongPath, "wrong-path", 0},
    {Cheat::kWrongElement, "wrong-element", 0},
    {Cheat::kUnsigned, "unsigned", 0},
    {Cheat::kUnsignedOpening, "unsigned-opening", 0},
    {Cheat::kForeignKey, "foreign-key-signature", 0},
    {Cheat::kTwoCommitments, "two-commitments", 0},
    {Cheat::kCommitmentAfter, "commitment-after", 1000},
    {Cheat::kOpeningAfter, "opening-after", 1000},
    {Cheat::kSilent, "silent", 0},
    {Cheat::kSilentAfterCommitment, "silent-after-commitment", 0},
    {Cheat::kEndless, "endless", 0},
    {Cheat::kHugeMessage, "huge-message", 64 << 20},
    {Cheat::kSlowDrip, "slow-drip", 200},
    {Cheat::kCloseHalfWay, "close-half-way", 0},
    {Cheat::kReset, "reset", 0},
    {Cheat::kRefuse, "refuse", 0},
    {Cheat::kRefuseOpening, "refuse-opening", 0},
    {Cheat::kClaimsBusy, "claims-busy-without-evidence", 0},
    {Cheat::kStaleEvidence, "shows-stale-evidence", 0},
    {Cheat::kForgedEvidence, "shows-forged-evidence", 0},
    {Cheat::kLatePings, "late-pings", 100},
    {Cheat::kDropPings, "drop-pings", 60},
    {Cheat::kWrongEcho, "wrong-echo", 0},
    {Cheat::kRepeatedEcho, "repeated-echo", 0},
    {Cheat::kUnsignedTranscript, "unsigned-transcript", 0},
    {Cheat::kWrongTranscript, "wrong-transcript", 0},
    {Cheat::kOtherDeviceAnswer, "other-device-answer", 0},
    {Cheat::kOtherTlsKey, "other-tls-key", 0},
    {Cheat::kStolenCertificate, "stolen-certificate", 0},
    {Cheat::kOpensLate, "opens-late", 5000},
    {Cheat::kReportsTenfold, "reports-tenfold", 0},
    {Cheat::kReportsLess, "reports-less", 0},
    {Cheat::kConnectsElsewhere, "connects-elsewhere", 0},
    {Cheat::kLeavesPortOpen, "leaves-port-open", 0},
    {Cheat::kMutePort, "mute-port", 0},
    {Cheat::kNoListener, "no-listener", 0},
    {Cheat::kMalformedResult, "malformed-result", 0},
    {Cheat::kHugeResult, "huge-result", 1 << 20},
    {Cheat::kWrongDirection, "wrong-direction", 0},
    {Cheat::kSecondOpened, "second-opened", 0},
    {Cheat::kDescribesNever, "describes-never", 0},
    {Cheat::kDescribesHuge, "describes-huge", 5'000'000},
    {Cheat::kDescribesGarbage, "describes-garbage", 0},
    {Cheat::kDescribesOthers, "describes-others", 0},
    {Cheat::kClaimsDeadline, "claims-deadline", 0},
    {Cheat::kUnknownFields, "unknown-fields", 0},
};

/// Cuts `text` at the last `mark`; what follows it, or nothing.
absl::string_view CutTail(absl::string_view& text, char mark) {
  const std::size_t at = text.rfind(mark);
  if (at == absl::string_view::npos) return {};
  const absl::string_view tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

}  // namespace

absl::Span<const CheatInfo> AllCheats() {
  return kCheats;
}

const char* NameOf(Cheat cheat) {
  return kCheats[static_cast<std::size_t>(cheat)].name;
}

absl::StatusOr<std::pair<std::uint32_t, std::uint32_t>> ParseDeviceRange(absl::string_view text) {
  absl::string_view first = text;
  absl::string_view last = text;
  if (const std::size_t dash = text.find('-'); dash != absl::string_view::npos) {
    first = text.substr(0, dash);
    last = text.substr(dash + 1);
  }
  std::pair<std::uint32_t, std::uint32_t> range;
  if (!absl::SimpleAtoi(first, &range.first) || !absl::SimpleAtoi(last, &range.second) ||
      range.first > range.second || range.second >= (1U << 24)) {
    return absl::InvalidArgumentError(
        absl::StrCat("devices are ", text, ", expected FIRST-LAST below 16777216"));
  }
  return range;
}

absl::StatusOr<Behaviour> ParseBehaviour(absl::string_view text) {
  Behaviour behaviour;
  absl::string_view name = text;
  if (const absl::string_view devices = CutTail(name, ':'); !devices.empty()) {
    ASSIGN_OR_RETURN(const auto range, ParseDeviceRange(devices));
    behaviour.first_device = range.first;
    behaviour.last_device = range.second;
  }
  if (const absl::string_view kind = CutTail(name, '@'); kind == "latency") {
    behaviour.kind = v1::LATENCY;
  } else if (kind == "bandwidth") {
    behaviour.kind = v1::BANDWIDTH;
  } else if (kind == "matmul") {
    behaviour.kind = v1::MATMUL;
  } else if (!kind.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("kind is ", kind, ", expected latency, bandwidth or matmul"));
  }
  const absl::string_view value = CutTail(name, '=');
  for (const CheatInfo& info : kCheats) {
    if (name != info.name) continue;
    behaviour.cheat = info.cheat;
    behaviour.value = info.otherwise;
    if (!value.empty() && !absl::SimpleAtoi(value, &behaviour.value)) {
      return absl::InvalidArgumentError(absl::StrCat("value is ", value, ", expected a number"));
    }
    return behaviour;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cheat is ", name, ", expected one of those that --list-cheats prints"));
}

Behaviour FindBehaviour(const std::vector<Behaviour>& behaviours, std::uint32_t device,
                        v1::Kind kind) {
  for (const Behaviour& behaviour : behaviours) {
    if (device < behaviour.first_device || device > behaviour.last_device) continue;
    if (behaviour.kind.has_value() && *behaviour.kind != kind) continue;
    return behaviour;
  }
  return {};
}

}  // namespace kaisar::testing
