#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::testing {

/// Every way in which a scripted provider can behave. VALUE is given as NAME=VALUE.
enum class Cheat {
  kHonest,                 // does everything as the protocol says
  kSkipProducts,           // VALUE percent of the elements of every round are a guess
  kSkipRounds,             // computes the first round and copies its state for the others
  kSkipRows,               // VALUE percent of the rows of every round stay zero
  kZeros,                  // every state is zero
  kNoise,                  // every state is cheap noise
  kReplayLast,             // commits to and opens its previous proof, of other matrices
  kWrongPrecision,         // accumulators lose their lowest bit
  kWrongSizeOpening,       // each opened segment lacks its last byte
  kEmptyOpening,           // opens no sample at all
  kFewerOpenings,          // leaves out the last sample
  kMoreOpenings,           // adds the first sample once more at the end
  kSwappedOpenings,        // exchanges the first and the last sample
  kRepeatedOpenings,       // opens the first sample in the place of every one
  kWrongPath,              // one bit of each path is wrong
  kWrongElement,           // one bit of each opened segment is wrong
  kUnsigned,               // sends its commitment without a signature
  kUnsignedOpening,        // signs the commitment but not the opening
  kForeignKey,             // signs with a key that is not the device's
  kTwoCommitments,         // sends two different signed commitments
  kCommitmentAfter,        // sends the commitment VALUE ms after the challenge or later
  kOpeningAfter,           // sends the opening VALUE ms after the samples
  kSilent,                 // accepts the stream and never answers
  kSilentAfterCommitment,  // does not answer the samples; keeps what its test counted to itself
  kEndless,                // answers the challenge with echoes for ever
  kHugeMessage,            // sends one message of VALUE bytes
  kSlowDrip,               // sends at VALUE bytes a second over the wire
  kCloseHalfWay,           // ends the stream with OK in the middle, or the server of its test
  kReset,                  // resets the stream in the middle
  kRefuse,                 // refuses without a reason
  kRefuseOpening,          // refuses once it sees the samples
  kClaimsBusy,             // says that it runs another challenge, without evidence
  kStaleEvidence,          // shows another slot's challenge that has expired
  kForgedEvidence,         // shows a challenge that it signed itself
  kLatePings,              // delays each echo by VALUE ms
  kDropPings,              // leaves VALUE percent of the nonces unanswered
  kWrongEcho,              // echoes something else
  kRepeatedEcho,           // echoes each nonce twice
  kUnsignedTranscript,     // does not sign the echoes
  kWrongTranscript,        // signs other nonces than it echoed, other results than it sent
  kOtherDeviceAnswer,      // answers another challenge than the asked one
  kOtherTlsKey,            // shows a TLS key that the roster does not have
  kStolenCertificate,      // shows the roster's certificate without having its private key
  kOpensLate,              // listens for a test VALUE ms after it was asked
  kReportsTenfold,         // says of a test that it counted ten times as much
  kReportsLess,            // says half as much
  kConnectsElsewhere,      // its port is a relay to the server of another machine
  kLeavesPortOpen,         // goes on listening after the test
  kMutePort,               // its port accepts and says nothing
  kNoListener,             // names a port where nobody listens
  kMalformedResult,        // sends a result that is no JSON
  kHugeResult,             // sends a result of VALUE bytes
  kWrongDirection,         // opens the other direction than the one whose turn it is
  kSecondOpened,           // opens each test twice
  kDescribesNever,         // does not answer what it says of its devices
  kDescribesHuge,          // answers it with VALUE bytes
  kDescribesGarbage,       // answers it with what is no message
  kDescribesOthers,        // describes every device there may be, with control characters
  kClaimsDeadline,         // ends its latency stream at once, saying that a deadline has passed
  kUnknownFields,          // signs its echoes in a message with a field that no protocol has
};

struct CheatInfo {
  Cheat cheat;
  const char* name;         // on the command line
  std::uint64_t otherwise;  // VALUE when none is given
};

/// All cheats, in the order of the enum.
absl::Span<const CheatInfo> AllCheats();
const char* NameOf(Cheat cheat);

/// Who cheats how.
struct Behaviour {
  Cheat cheat = Cheat::kHonest;
  std::uint64_t value = 0;
  std::optional<v1::Kind> kind;  // absent: in every kind
  std::uint32_t first_device = 0;
  std::uint32_t last_device = 0xFFFFFF;
};

/// Reads NAME[=VALUE][@KIND][:FIRST[-LAST]], e.g. "skip-products=10@matmul:3-5"; KIND is latency,
/// bandwidth or matmul.
///
/// Errors: InvalidArgument with the part that is wrong.
absl::StatusOr<Behaviour> ParseBehaviour(absl::string_view text);

/// Reads FIRST or FIRST-LAST, device ids below 2^24.
absl::StatusOr<std::pair<std::uint32_t, std::uint32_t>> ParseDeviceRange(absl::string_view text);

/// The first behaviour that covers this device and kind; honest when none does.
Behaviour FindBehaviour(const std::vector<Behaviour>& behaviours, std::uint32_t device,
                        v1::Kind kind);

}  // namespace kaisar::testing
