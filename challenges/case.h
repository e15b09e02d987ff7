#pragma once

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "challenges/judge.h"

// What the parts of the judge share; nobody else needs it.
namespace kaisar::challenges {

/// What the rules look at, once the record is known to be sound.
struct Case {
  const JudgeContext& context;
  const v1::SignedChallenge& challenge;
  const v1::CommitmentReceived* commitment;
  const v1::ChallengeClosed& closed;
  const v1::Device& device;
  const ClassPolicy& asked;
  SigningDomain domain;
  Address device_key{};
  Digest id{};
  Digest digest{};  // the EIP-712 digest of the challenge
};

inline Judgement Fail(v1::Reason reason, std::string detail) {
  return {v1::FAIL, reason, std::move(detail)};
}

inline Judgement Inconclusive(v1::Reason reason, std::string detail) {
  return {v1::INCONCLUSIVE, reason, std::move(detail)};
}

/// Records that contradict themselves say nothing of the device.
inline Judgement Unusable(absl::string_view detail) {
  return Inconclusive(v1::STOPPED, absl::StrCat("the checker's record is unusable: ", detail));
}

/// Judges what did not come: rules 5 to 8 of docs/judging.md.
Judgement JudgeSilence(const Case& c);

/// Judges a bandwidth challenge: rules 21 to 26.
Judgement JudgeBandwidth(const Case& c);

}  // namespace kaisar::challenges
