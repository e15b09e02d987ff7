#include "checker/probe_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/signed_messages.h"
#include "checker/own_end.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::size_t kMostEvents = 64;  // the call, its tests and a stop have a dozen
constexpr std::uint64_t kLongestWaitMs = 1000;
constexpr unsigned kReachabilityMs = 2000;

const char* NameOf(v1::Direction direction) {
  return direction == v1::DOWN ? "down" : "up";
}

}  // namespace

ProbeSession::ProbeSession(ProbeTask task, const ProbeServices& services, ProbeHooks hooks)
    : task_(std::move(task)),
      services_(services),
      hooks_(std::move(hooks)),
      events_(std::make_shared<EventQueue>(kMostEvents)) {}

ProbeSession::~ProbeSession() {
  events_->Close();
  if (client_ != nullptr) client_->Kill();
  if (call_ != nullptr) call_->Cancel();
}

v1::ChallengeClosed ProbeSession::Run() {
  const v1::Challenge& challenge = task_.challenge.challenge();
  closed_.set_challenge_id(challenge.challenge_id());
  closed_.set_device(challenge.device());
  closed_.set_kind(challenge.kind());
  v1::BandwidthEvidence& evidence = *closed_.mutable_bandwidth();
  evidence.set_checker_out_bits_per_second(task_.connection.out_bits_per_second);
  evidence.set_checker_in_bits_per_second(task_.connection.in_bits_per_second);

  const v1::BandwidthParams params = challenges::BandwidthParamsOf(task_.challenge);
  BandwidthCallSpec spec;
  spec.challenge = task_.challenge;
  spec.password = task_.password;
  spec.connect_deadline_ms = task_.connect_deadline_ms;
  spec.open_deadline_ms = task_.terms.open_deadline_ms;
  spec.result_deadline_ms = challenges::kTestFinishMs;
  // Nobody tells us when a tool that is not ours has begun.
  if (hooks_.hand_over)
    spec.result_deadline_ms = params.start_ms() + challenges::MostTestMs(params);
  sent_ns_ = services_.clock.MonotonicNs();
  hooks_.progress(
      absl::StrCat("asking device ", task_.device.id(), " at ", task_.device.endpoint()));
  call_ = services_.client.StartBandwidth(
      task_.device, std::move(spec),
      [this, events = events_](const BandwidthOpening& opening) {
        events->Push([this, opening] { OnOpened(opening); });
      },
      [this, events = events_](const BandwidthAnswer& answer) {
        events->Push([this, answer] { OnDone(answer); });
      });
  while (!over_) {
    events_->WaitFor(kLongestWaitMs);
    events_->RunPending();
  }
  return closed_;
}

void ProbeSession::Stop() {
  events_->Push([this] {
    stopped_ = true;
    GiveUp(v1::ABANDONED, "stopped");
  });
}

void ProbeSession::OnOpened(const BandwidthOpening& opening) {
  const v1::BandwidthOpened& opened = opening.opened;
  v1::BandwidthEvidence::Test& test = *closed_.mutable_bandwidth()->add_tests();
  test.set_direction(opened.direction());
  *test.mutable_opened() = opened;
  hooks_.progress(absl::StrCat(NameOf(opened.direction()), ": the device listens on ",
                               opening.address, ", port ", opened.port()));
  if (hooks_.hand_over) {
    hooks_.hand_over(opening);
    call_->Measured();
    return;
  }
  StartClient(opening);
}

void ProbeSession::StartClient(const BandwidthOpening& opening) {
  const challenges::IperfTask task =
      OwnEndOf(task_.challenge, task_.password, opening.opened, opening.address);
  testing_ = true;
  client_ = challenges::RunIperf(
      services_.processes, services_.iperf, task, [](const challenges::IperfListening&) {},
      [this, events = events_](const challenges::IperfOutcome& outcome) {
        events->Push([this, outcome] { OnTested(outcome); });
      });
}

void ProbeSession::OnTested(const challenges::IperfOutcome& outcome) {
  testing_ = false;
  client_.reset();
  v1::BandwidthEvidence& evidence = *closed_.mutable_bandwidth();
  v1::BandwidthEvidence::Test& test = *evidence.mutable_tests(evidence.tests_size() - 1);
  test.set_checker_result(outcome.line);
  test.set_waited_ms(0);
  const bool completed = outcome.state == challenges::IperfOutcome::State::kCompleted;
  const bool unable = outcome.state == challenges::IperfOutcome::State::kUnable;
  const bool device_failed = end_.has_value() && end_->transport != v1::COMPLETED;
  if (unable || (!completed && !device_failed)) {
    return GiveUp(TransportOf(outcome.state),
                  absl::StrCat(NameOf(test.direction()), ": ", outcome.detail));
  }
  if (end_.has_value()) return Conclude(*std::exchange(end_, std::nullopt));
  hooks_.progress(
      absl::StrCat(NameOf(test.direction()), ": measured; waiting for what the device counted"));
  call_->Measured();
}

void ProbeSession::GiveUp(v1::Transport transport, std::string detail) {
  if (ended_by_us_ == v1::TRANSPORT_UNSPECIFIED) {
    ended_by_us_ = transport;
    ended_detail_ = std::move(detail);
  }
  if (client_ != nullptr) client_->Kill();
  if (end_.has_value()) return Conclude(*std::exchange(end_, std::nullopt));
  call_->Cancel();
}

void ProbeSession::OnDone(BandwidthAnswer answer) {
  v1::BandwidthEvidence& evidence = *closed_.mutable_bandwidth();
  for (v1::BandwidthMeasured& measured : answer.measured) {
    for (v1::BandwidthEvidence::Test& test : *evidence.mutable_tests()) {
      if (test.direction() == measured.direction()) *test.mutable_measured() = std::move(measured);
    }
  }
  if (answer.transcript.has_value()) *evidence.mutable_transcript() = *answer.transcript;
  if (testing_ && answer.end.transport != v1::VIOLATION &&
      ended_by_us_ == v1::TRANSPORT_UNSPECIFIED) {
    end_ = std::move(answer.end);  // our own end of the test says whether it was our fault
    return;
  }
  if (client_ != nullptr) client_->Kill();
  Conclude(std::move(answer.end));
}

void ProbeSession::Conclude(CallEnd end) {
  const bool by_us = ended_by_us_ != v1::TRANSPORT_UNSPECIFIED;
  closed_.set_transport(by_us ? ended_by_us_ : end.transport);
  closed_.set_detail(Printable(by_us ? ended_detail_ : end.detail, kMostDetailBytes));
  closed_.set_elapsed_ms((services_.clock.MonotonicNs() - sent_ns_) / kNsPerMs);
  if (!by_us && end.transport == v1::DECLINED) *closed_.mutable_refusal() = std::move(end.refusal);
  const v1::Transport transport = closed_.transport();
  if (transport == v1::NO_CONNECTION || transport == v1::BROKEN || transport == v1::DEADLINE) {
    return GatherReachability();
  }
  over_ = true;
}

void ProbeSession::GatherReachability() {
  hooks_.progress("looking whether this machine reaches anybody else");
  services_.prober.Probe(task_.witnesses, kReachabilityMs,
                         [this, events = events_](ReachabilityResult result) {
                           events->Push([this, result] {
                             closed_.mutable_reachability()->set_endpoints_tried(result.tried);
                             closed_.mutable_reachability()->set_endpoints_reached(result.reached);
                             over_ = true;
                           });
                         });
}

}  // namespace kaisar::checker
