#include "checker/probe_command.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/entropy.h"
#include "base/status_macros.h"
#include "challenges/judge.h"
#include "challenges/randomness.h"
#include "checker/grpc_client.h"
#include "checker/probe_handover.h"
#include "checker/probe_print.h"
#include "checker/probe_session.h"
#include "checker/stop_signals.h"
#include "checker/tcp_reachability.h"

namespace kaisar::checker {
namespace {

constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kCannotTell = 2;

void Say(const std::string& text) {
  std::cerr << "kaisar-checker: " << text << std::endl;
}

/// One probe and all that it runs on.
struct Probe {
  const ProbeOptions& options;
  ProbeTarget target;
  v1::SignedChallenge challenge;
  Digest password{};
};

absl::StatusOr<v1::ChallengeClosed> Ask(const Probe& probe, const RunInputs& inputs) {
  const Config& config = inputs.config;
  ASSIGN_OR_RETURN(const auto client,
                   GrpcProviderClient::Make({.tls = inputs.keys.tls,
                                             .connect_timeout_ms = config.connect_timeout_ms,
                                             .idle_timeout_ms = config.idle_timeout_ms},
                                            RealClock()));
  ASSIGN_OR_RETURN(const auto prober, TcpReachability::Make(RealClock()));
  ASSIGN_OR_RETURN(const auto processes, MakeProcessRunner());
  std::unique_ptr<ProbeHandover> handover;
  ProbeHooks hooks;
  hooks.progress = Say;
  absl::Status printed;
  if (probe.options.iperf3) {
    ASSIGN_OR_RETURN(handover,
                     ProbeHandover::Make(probe.challenge, probe.password, probe.options.json));
    hooks.hand_over = [&](const BandwidthOpening& opening) {
      printed.Update(handover->Print(opening, std::cout));
    };
  }
  ProbeTask task;
  task.device = probe.target.device;
  task.challenge = probe.challenge;
  task.password = probe.password;
  task.terms = probe.target.policy.bandwidth;
  task.connect_deadline_ms = config.connect_timeout_ms;
  task.witnesses = WitnessesOf(probe.target, config);
  if (config.connection) task.connection = *config.connection;
  ProbeSession session(std::move(task),
                       ProbeServices{*client, *processes, *prober, RealClock(), IperfPath(config)},
                       std::move(hooks));
  const StopSignals signals([&session] { session.Stop(); });
  v1::ChallengeClosed closed = session.Run();
  RETURN_IF_ERROR(printed);
  if (session.stopped()) return absl::CancelledError("stopped; the device ends its part by itself");
  return closed;
}

/// The verdict that the same evidence would have in a log, had it been due when it was sent.
challenges::Judgement JudgeProbe(const Probe& probe, v1::ChallengeClosed& closed) {
  const std::uint64_t now_ms = RealClock().WallMs();
  v1::ChallengeIssued issued;
  *issued.mutable_challenge() = probe.challenge;
  const std::uint64_t beacon_ms = now_ms - closed.elapsed_ms() - 1;
  closed.set_due_ms(1);
  closed.set_sent_ms(1);
  issued.set_issued_ms(beacon_ms);
  // No epoch: nothing of a bandwidth challenge is drawn from its key.
  const auto key = challenges::EpochKey::Derive({}, {}, probe.target.roster.chain_id(),
                                                probe.target.slot, probe.target.epoch);
  const challenges::JudgeContext context{.key = key,
                                         .roster = probe.target.roster,
                                         .policy = probe.target.policy,
                                         .slot = probe.target.slot,
                                         .beacon_ms = beacon_ms};
  return challenges::Judge(context, {.issued = &issued, .commitment = nullptr, .closed = &closed});
}

int StatusOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::PASS:
      return kPassed;
    case v1::FAIL:
      return kFailed;
    default:
      return kCannotTell;
  }
}

absl::Status CheckIperf(const ProbeOptions& options, const Config& config) {
  const std::string path = IperfPath(config);
  if (options.iperf3 || access(path.c_str(), X_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat(options.config, ": iperf is ", path, ", expected the executable kaisar-iperf"));
}

absl::StatusOr<int> RunProbe(const ProbeOptions& options) {
  ASSIGN_OR_RETURN(const RunInputs inputs, ReadRunInputs(options.config));
  RETURN_IF_ERROR(CheckIperf(options, inputs.config));
  Probe probe{.options = options, .target = {}, .challenge = {}};
  ASSIGN_OR_RETURN(probe.target, FindProbeTarget(inputs, options, RealClock(), Say));
  ASSIGN_OR_RETURN(probe.challenge,
                   MakeProbeChallenge(probe.target, inputs.keys.hot, RealClock(), OsEntropy()));
  RETURN_IF_ERROR(OsEntropy().Fill(absl::MakeSpan(probe.password)));
  ASSIGN_OR_RETURN(v1::ChallengeClosed closed, Ask(probe, inputs));

  ProbeResult result{probe.target, probe.challenge, closed};
  challenges::Judgement judgement;
  int status = closed.transport() == v1::COMPLETED ? kPassed : kFailed;
  if (!options.iperf3) {
    judgement = JudgeProbe(probe, closed);
    result.judgement = &judgement;
    status = StatusOf(judgement.verdict);
  } else if (status != kPassed) {
    Say(absl::StrCat(v1::Transport_Name(closed.transport()), ": ", closed.detail(),
                     closed.refusal().message()));
  }
  std::cout << (options.json ? ProbeJson(result) : ProbeText(result)) << std::flush;
  return status;
}

}  // namespace

int ProbeBandwidthCommand(const ProbeOptions& options) {
  StopSignals::Block();
  const absl::StatusOr<int> status = RunProbe(options);
  if (status.ok()) return *status;
  Say(std::string(status.status().message()));
  return kCannotTell;
}

}  // namespace kaisar::checker
