#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/process_runner.h"
#include "challenges/bandwidth/iperf_process.h"
#include "kaisar/v1/provider.pb.h"
#include "tests/support/listening_socket.h"
#include "tests/support/scripted_device.h"
#include "tests/support/scripted_stream.h"
#include "tests/support/throttled_relay.h"

namespace kaisar::testing {

/// One bandwidth challenge on the device's side: two servers of kaisar-iperf, one after the other.
/// Devices of one scripted provider do not wait for each other.
class ScriptedBandwidth final : public ScriptedStream<v1::BandwidthRequest, v1::BandwidthResponse> {
 public:
  ScriptedBandwidth(grpc::CallbackServerContext* context, ScriptedCast& cast)
      : ScriptedStream(context, cast.timer), cast_(cast), timer_(cast.timer) {}

 private:
  void OnMessage(const v1::BandwidthRequest& request) override;
  void OnEndOfMessages() override;
  void OnAllSent() override;
  void OnOver() override;

  void StartServer();
  // On the timer.
  void OnListening(const challenges::IperfListening& listening);
  void OnTested(const challenges::IperfOutcome& outcome);
  /// The port to name for a server that listens on `port`.
  std::uint32_t PortToName(std::uint32_t port);
  void SendTranscript();
  void KillServer();
  void Fail(const std::string& what);

  ScriptedCast& cast_;
  TaskThread& timer_;
  Behaviour behaviour_;
  v1::BandwidthRequest asked_;
  v1::BandwidthParams params_;
  // One event at a time: each is the consequence of the one before.
  v1::Direction direction_ = v1::DOWN;
  std::uint32_t named_port_ = 0;
  std::string down_result_;
  std::string up_result_;
  std::optional<ListeningSocket> mute_;
  std::unique_ptr<ThrottledRelay> relay_;
  bool endless_ = false;

  std::shared_ptr<Process> server_ ABSL_GUARDED_BY(cast_.process_mutex);
};

}  // namespace kaisar::testing
