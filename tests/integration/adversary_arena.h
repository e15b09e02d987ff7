#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/signing_key.h"
#include "challenges/judge.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "checker/provider_client.h"
#include "kaisar/v1/log.pb.h"
#include "tests/support/scripted_provider.h"

namespace kaisar::testing {

/// What became of one challenge, with the evidence that the log would hold.
struct Outcome {
  challenges::Judgement judgement;
  v1::ChallengeIssued issued;
  std::optional<v1::CommitmentReceived> commitment;
  v1::ChallengeClosed closed;
};

/// A checker's side around the real client and the real judge, and scripted providers to meet it.
/// Everything random comes from fixed secrets: the same calls give the same samples.
///
/// Threads: Add before any challenge; the rest from any thread.
class Arena {
 public:
  static constexpr std::uint32_t kLatencyDeadlineMs = 1000;
  static constexpr std::uint32_t kCommitmentDeadlineMs = 1500;
  static constexpr std::uint32_t kOpeningDeadlineMs = 1000;
  static constexpr std::uint32_t kConnectDeadlineMs = 1500;
  static constexpr std::uint32_t kGraceMs = 500;

  Arena();
  ~Arena();

  /// Adds a device, on a provider of its own, that behaves like this (ParseBehaviour).
  ///
  /// Result: the device's id.
  std::uint32_t Add(const std::string& behaviour);
  /// Adds a device with the endpoint of another one.
  std::uint32_t AddBehind(std::uint32_t device);
  /// What shows-stale-evidence of devices added from now on shows: slot 1's challenge to the next
  /// device, expired or not.
  void UseEvidence(bool expired);

  /// Issues a challenge and judges what comes back.
  std::future<Outcome> Start(std::uint32_t device, v1::Kind kind);
  Outcome Run(std::uint32_t device, v1::Kind kind) { return Start(device, kind).get(); }

 private:
  class Call;
  const v1::Device& Find(std::uint32_t device) const;
  v1::Device& NewDevice(std::uint32_t id);

  const SigningKey slot_key_;
  const SigningKey other_slot_key_;
  const challenges::Policy policy_;
  challenges::EpochScope scope_;
  const challenges::EpochKey key_;
  std::uint64_t beacon_ms_ = 0;
  v1::Roster roster_;
  std::atomic<std::uint32_t> sequence_{0};
  std::optional<v1::SignedChallenge> evidence_;
  std::vector<std::unique_ptr<ScriptedProvider>> providers_;
  std::unique_ptr<checker::ProviderClient> client_;  // last: its callbacks use the above
};

}  // namespace kaisar::testing
