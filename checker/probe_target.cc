#include "checker/probe_target.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/limits.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "checker/current_roster.h"

namespace kaisar::checker {
namespace {

/// Terms of a probe where the policy asks no bandwidth: those of deploy/policy.yaml.
constexpr challenges::BandwidthPolicy kOwnTerms = {.seconds = 5,
                                                   .in_service_seconds = 5,
                                                   .streams = 4,
                                                   .open_deadline_ms = 15'000,
                                                   .start_deadline_ms = 10'000,
                                                   .counted_bits_per_second = 10'000'000'000};
/// For a person who copies a command: the most that a device may be kept waiting.
constexpr std::uint32_t kByHandMs = challenges::kMostTestWaitMs;
/// How far the device's clock may be behind, and the challenge under way.
constexpr std::uint64_t kSlackMs = 5'000;
constexpr std::size_t kMostListedIds = 20;
constexpr std::size_t kMostWitnesses = 8;

absl::Status NoSuchDevice(const v1::Roster& roster, std::uint32_t id, const std::string& where) {
  std::string ids;
  for (int i = 0; i < roster.devices_size(); ++i) {
    if (static_cast<std::size_t>(i) == kMostListedIds) {
      absl::StrAppend(&ids, ", … (", roster.devices_size(), " in all)");
      break;
    }
    absl::StrAppend(&ids, i == 0 ? "" : ", ", roster.devices(i).id());
  }
  return absl::NotFoundError(absl::StrCat("--device: is ", id, ", expected one of ", where, ": ",
                                          ids.empty() ? "there is none" : ids));
}

}  // namespace

absl::StatusOr<ProbeTarget> FindProbeTarget(const RunInputs& inputs, const ProbeOptions& options,
                                            const Clock& clock,
                                            const std::function<void(const std::string&)>& notice) {
  ProbeTarget target;
  target.policy = inputs.policy;
  challenges::BandwidthPolicy& terms = target.policy.bandwidth;
  target.terms_of_policy = terms.seconds != 0;
  if (!target.terms_of_policy) terms = kOwnTerms;
  if (options.seconds) terms.seconds = terms.in_service_seconds = *options.seconds;
  if (options.iperf3) terms.start_deadline_ms = kByHandMs;

  ASSIGN_OR_RETURN(
      CurrentRoster current,
      ReadCurrentRoster({inputs.config, inputs.policy, inputs.roster, inputs.keys}, clock, notice));
  target.slot = current.slot;
  target.epoch = current.epoch;
  target.roster = std::move(current.roster);
  const v1::Device* device = challenges::FindDevice(target.roster, options.device);
  if (device == nullptr) {
    return NoSuchDevice(target.roster, options.device,
                        inputs.roster ? inputs.config.roster
                                      : absl::StrCat("the devices that slot ", target.slot,
                                                     " checks in epoch ", target.epoch));
  }
  target.device = *device;
  return target;
}

absl::StatusOr<v1::SignedChallenge> MakeProbeChallenge(const ProbeTarget& target,
                                                       const SigningKey& key, const Clock& clock,
                                                       Entropy& entropy) {
  Digest nonce{};
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(nonce)));
  const std::string label = "kaisar/v1/probe";
  Bytes preimage(label.begin(), label.end());
  Append(preimage, nonce);
  const v1::BandwidthParams params =
      challenges::BandwidthParamsFor(target.device, target.policy.bandwidth);

  v1::SignedChallenge made;
  made.set_params(params.SerializeAsString());
  v1::Challenge& challenge = *made.mutable_challenge();
  challenge.set_challenge_id(ToString(Sha256(preimage)));
  challenge.set_epoch(target.epoch);
  challenge.set_slot(target.slot);
  challenge.set_device(target.device.id());
  challenge.set_kind(v1::BANDWIDTH);
  challenge.set_seed(ToString(Digest{}));
  challenge.set_params_hash(ToString(Sha256(ViewOf(made.params()))));
  challenge.set_expires_at_ms(clock.WallMs() + kSlackMs + challenges::MostBandwidthMs(params));
  challenges::SignChallenge(key, challenges::DomainOf(target.roster), made);
  return made;
}

std::vector<std::string> WitnessesOf(const ProbeTarget& target, const Config& config) {
  std::vector<std::string> witnesses = config.reference_endpoints;
  for (const v1::Device& device : target.roster.devices()) {
    if (witnesses.size() >= kMostWitnesses) break;
    if (device.endpoint() != target.device.endpoint()) witnesses.push_back(device.endpoint());
  }
  return witnesses;
}

}  // namespace kaisar::checker
