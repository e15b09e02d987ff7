#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "kaisar/v1/provider.pb.h"
#include "tests/support/scripted_device.h"
#include "tests/support/scripted_stream.h"

namespace kaisar::testing {

/// One matmul challenge on the device's side.
class ScriptedMatmul final : public ScriptedStream<v1::MatmulRequest, v1::MatmulResponse> {
 public:
  ScriptedMatmul(grpc::CallbackServerContext* context, ScriptedCast& cast)
      : ScriptedStream(context, cast.timer), cast_(cast) {}

 private:
  void OnMessage(const v1::MatmulRequest& request) override;
  void OnEndOfMessages() override;
  void OnAllSent() override;

  void OnPing(const std::string& nonce);
  void OnChallenge(const v1::SignedChallenge& challenge);
  void OnSamples(const v1::SampleRequest& request);

  // On the worker.
  void Work(std::uint64_t received_ns);
  void Open(const std::vector<challenges::MatmulSample>& samples);

  v1::MatmulResponse Commit(const std::string& roots) const;
  std::string SignAs(const Digest& digest) const;

  ScriptedCast& cast_;
  Behaviour behaviour_;
  v1::SignedChallenge challenge_;
  std::shared_ptr<const ScriptedProof> proof_;  // of the worker
  std::atomic<bool> endless_{false};
};

}  // namespace kaisar::testing
