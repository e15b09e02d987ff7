#pragma once

#include <string>

#include "kaisar/v1/provider.pb.h"
#include "tests/support/scripted_device.h"
#include "tests/support/scripted_stream.h"

namespace kaisar::testing {

/// One latency challenge on the device's side.
class ScriptedLatency final : public ScriptedStream<v1::LatencyRequest, v1::LatencyResponse> {
 public:
  ScriptedLatency(grpc::CallbackServerContext* context, ScriptedCast& cast)
      : ScriptedStream(context, cast.timer), cast_(cast) {}

 private:
  void OnMessage(const v1::LatencyRequest& request) override;
  void OnEndOfMessages() override;
  void OnAllSent() override;

  void OnChallenge(const v1::SignedChallenge& challenge);
  void OnNonce(const std::string& nonce);
  void OnFinish();

  ScriptedCast& cast_;
  Behaviour behaviour_;
  v1::SignedChallenge challenge_;
  std::string echoed_;          // all nonces, one after the other
  std::uint64_t received_ = 0;  // nonces
  bool endless_ = false;
};

}  // namespace kaisar::testing
