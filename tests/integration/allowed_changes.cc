#include "tests/integration/allowed_changes.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace kaisar::testing {
namespace {

bool Matches(const AllowedChange& allowed, const std::string& record_class,
             const std::string& field, const std::string& kind) {
  const bool whole = absl::EndsWith(allowed.field, "$");
  const std::string path = allowed.field.substr(0, allowed.field.size() - (whole ? 1 : 0));
  return absl::StrContains(record_class, allowed.records) &&
         (whole ? field == path : absl::StartsWith(field, path)) &&
         (allowed.kind.empty() || allowed.kind == kind);
}

// Reasons.
const char kClock[] =
    "the checker's clock alone knows, and nothing recorded contradicts it: within the policy's "
    "limits and the other times of the record";
const char kEarly[] = "was due in the first seconds: half of that is within the slack";
const char kMeasured[] =
    "measured by the checker alone: the committee's other members measure, too, and the median "
    "counts";
const char kText[] = "text for people, at most 512 bytes: decides nothing";
const char kSilence[] =
    "what came before a call failed is the checker's word; the verdict does not rest on it";
const char kSameFailure[] =
    "the call failed in either way, with the same verdict: how it ended is the checker's word";
const char kInconclusive[] =
    "an inconclusive challenge moves no score: its evidence is not looked at";
const char kUnsigned[] =
    "what the device sent was not signed by it as it is; that it stays so does not depend on it";
const char kTestTerms[] =
    "the port and the key of one test: nobody signs them, they decide nothing";
const char kLine[] =
    "the capacity of the checker's own line, by its config; can only excuse a device";
const char kReach[] = "whom else the checker heard or reached at that time is its own word";
const char kWords[] = "a device's own words and how it was asked for them: shown, never scored";
const char kPolicy[] = "the policy means the same; the report names its bytes by their hash";
const char kLater[] = "a log may be closed any time after the epoch";
const char kSecond[] = "a second commitment counts by its value and signature alone";
const char kRoots[] = "the challenge failed before its roots were looked at";
const char kHeldUp[] =
    "only the checker knows whether it was held up itself; a failure that it forgives so is found "
    "by the committee's other members, who saw it";
const char kBeyond[] =
    "a device that says more after its last answer ends the call as a VIOLATION, judged the same";

}  // namespace

std::string AllowedChanges::Find(const std::string& record_class, const std::string& field,
                                 const std::string& kind) {
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (!Matches(list_[i], record_class, field, kind)) continue;
    used_.insert(i);
    return list_[i].reason;
  }
  return "";
}

std::vector<std::string> AllowedChanges::Unused() const {
  std::vector<std::string> unused;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (used_.count(i) > 0) continue;
    unused.push_back(absl::StrCat(list_[i].records, " ", list_[i].field, " ", list_[i].kind));
  }
  return unused;
}

std::vector<std::string> WordsFor(const std::string& field) {
  // Where what shows is something else than the field, or is said in other words.
  struct OtherWords {
    std::string field;
    std::string words;
  };
  static const auto* const kOthers = new std::vector<OtherWords>{
      {"closed.refusal.running", "device refused"},
      {"closed.reachability", "devices_heard"},
      // All that follows from them is another.
      {"epoch_opened.roster", ""},
      {"epoch_opened.beacon", ""},
      {"epoch_opened.epoch_end_ms", ""},
  };
  std::vector<std::string> words;
  for (const absl::string_view part : absl::StrSplit(field, '.')) {
    words.emplace_back(part);
    words.push_back(absl::StrReplaceAll(part, {{"_", " "}}));
  }
  for (const OtherWords& other : *kOthers) {
    if (absl::StartsWith(field, other.field)) words.push_back(other.words);
  }
  return words;
}

AllowedChanges AllowedWithVerdictKept() {
  return AllowedChanges({
      // Times.
      {"closed ", "closed.sent_ms$", "flip", kClock},
      {"INCONCLUSIVE CLOCK_STEPPED", "closed.sent_ms$", "half", kEarly},
      {"VIOLATION FAIL PROOF_INVALID", "closed.sent_ms$", "half", kEarly},
      {"closed ", "closed.elapsed_ms$", "", kClock},
      {"closed ", "closed.clock_step_ms$", "", kClock},
      {"issued ", "issued.issued_ms$", "flip", kClock},
      {"closed LATENCY", "closed.latency.echoes.rtt_us$", "", kMeasured},
      {"commitment, ", "commitment.elapsed_ns$", "", kMeasured},
      {"commitment, ", "commitment.ping_rtt_ns$", "", kMeasured},
      {"closed MATMUL", "closed.matmul.opening_elapsed_ns$", "", kMeasured},
      {"closed BANDWIDTH", "closed.bandwidth.tests.waited_ms$", "", kClock},
      {"epoch_closed", "epoch_closed.closed_ms$", "", kLater},
      // Words.
      {"closed ", "closed.detail$", "", kText},
      {"closed ", "closed.refusal.message$", "", kText},
      {"FAIL REFUSED", "closed.refusal.running$", "add", kText},
      {"described ", "described.", "", kWords},
      // What the checker's own end says of a call.
      {"closed ", "closed.reachability.", "", kReach},
      {"closed BANDWIDTH", "closed.bandwidth.checker_in_bits_per_second$", "", kLine},
      {"closed BANDWIDTH", "closed.bandwidth.checker_out_bits_per_second$", "", kLine},
      {"closed BANDWIDTH", "closed.bandwidth.tests.opened.", "", kTestTerms},
      {"FAIL UNREACHABLE", "closed.transport$", "", kSameFailure},
      {"FAIL COMMITMENT_LATE", "closed.transport$", "is BROKEN", kSameFailure},
      {"closed MATMUL COMPLETED", "closed.transport$", "is VIOLATION", kBeyond},
      {"INCONCLUSIVE CLOCK_STEPPED", "closed.transport$", "is VIOLATION", kInconclusive},
      {"INCONCLUSIVE CHECKER_OVERLOADED", "closed.transport$", "", kInconclusive},
      // Evidence on which the verdict does not rest.
      {"INCONCLUSIVE CHECKER_OVERLOADED", "closed.latency", "", kInconclusive},
      {"INCONCLUSIVE CLOCK_STEPPED", "closed.latency", "", kInconclusive},
      {"INCONCLUSIVE CHECKER_OFFLINE", "closed.latency", "", kInconclusive},
      {"INCONCLUSIVE DEVICE_CHALLENGED", "closed.matmul$", "add", kInconclusive},
      {"INCONCLUSIVE STOPPED", "commitment.commitment.", "", kInconclusive},
      {"FAIL SIGNATURE_INVALID", "closed.latency.", "", kUnsigned},
      {"FAIL SIGNATURE_INVALID", "closed.bandwidth.transcript.signature$", "", kUnsigned},
      {"closed LATENCY BROKEN", "closed.latency", "", kSilence},
      {"closed LATENCY DEADLINE", "closed.latency", "", kSilence},
      {"closed LATENCY DECLINED", "closed.latency", "", kSilence},
      {"closed LATENCY NO_CONNECTION", "closed.latency$", "add", kSilence},
      {"closed LATENCY VIOLATION", "closed.latency", "", kSilence},
      {"closed MATMUL BROKEN", "closed.matmul$", "remove", kSilence},
      {"closed MATMUL DEADLINE", "closed.matmul$", "remove", kSilence},
      {"closed BANDWIDTH BROKEN", "closed.bandwidth", "", kSilence},
      {"closed BANDWIDTH NO_CONNECTION", "closed.bandwidth", "", kSilence},
      {"closed BANDWIDTH VIOLATION", "closed.bandwidth", "", kSilence},
      {"FAIL COMMITMENT_LATE", "closed.matmul.second_commitment$", "add", kSecond},
      {"closed MATMUL VIOLATION", "closed.matmul.second_commitment.challenge_id$", "", kSecond},
      {"closed MATMUL VIOLATION", "closed.matmul.second_commitment.roots$", "", kSecond},
      {"commitment, closed MATMUL DEADLINE", "commitment.commitment.roots$", "", kRoots},
      {"commitment, closed MATMUL VIOLATION", "commitment.commitment.roots$", "", kRoots},
      // What the epoch begins with.
      {"opened", "epoch_opened.policy$", "flip last", kPolicy},
      {"opened", "epoch_opened.policy$", "cut", kPolicy},
  });
}

// Each makes a failed challenge inconclusive, an inconclusive one count, or what counts better.
AllowedChanges AllowedToRaiseScores() {
  return AllowedChanges({
      {"closed ", "closed.clock_step_ms$", "", kClock},
      {"closed ", "closed.reachability.", "", kReach},
      {"closed ", "closed.transport$", "is ABANDONED", kHeldUp},
  });
}

}  // namespace kaisar::testing
