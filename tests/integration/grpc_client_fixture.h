#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "challenges/signed_messages.h"
#include "checker/grpc_client.h"
#include "tests/support/scripted_provider.h"

namespace kaisar::checker {

/// The real client against real gRPC servers on loopback that behave as told.
class GrpcClientTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kDeadlineMs = 2000;

  struct MatmulResult {
    std::optional<v1::CommitmentReceived> commitment;
    unsigned commitments = 0;
    MatmulAnswer answer;
  };

  GrpcClientTest() { MakeClient(/*connect_timeout_ms=*/1000); }

  void MakeClient(std::uint32_t connect_timeout_ms) {
    GrpcClientOptions options;
    options.tls = MakeTlsKey("checker").value();
    options.connect_timeout_ms = connect_timeout_ms;
    client_ = GrpcProviderClient::Make(std::move(options), RealClock()).value();
  }

  /// The roster entry of a device behind a provider of its own.
  v1::Device Start(const std::string& behaviour, std::string listen = "127.0.0.1:0") {
    testing::ScriptedOptions options;
    options.listen = std::move(listen);
    options.behaviours = {testing::ParseBehaviour(behaviour).value()};
    options.first_device = options.last_device = ++last_device_;
    providers_.push_back(testing::ScriptedProvider::Start(std::move(options)).value());
    return providers_.back()->RosterEntry(last_device_);
  }

  static v1::SignedChallenge Challenge(std::uint32_t device, v1::Kind kind,
                                       const std::string& params) {
    v1::SignedChallenge signed_challenge;
    v1::Challenge& challenge = *signed_challenge.mutable_challenge();
    challenge.set_challenge_id(std::string(32, 'i'));
    challenge.set_device(device);
    challenge.set_kind(kind);
    challenge.set_seed(std::string(32, kind == v1::MATMUL ? 's' : '\0'));
    challenge.set_params_hash(ToString(Sha256(ViewOf(params))));
    challenge.set_expires_at_ms(RealClock().WallMs() + 60'000);
    signed_challenge.set_params(params);
    signed_challenge.set_signature(std::string(65, 'x'));  // a scripted provider asks nobody
    return signed_challenge;
  }

  static LatencyCallSpec LatencySpec(std::uint32_t device) {
    v1::LatencyParams params;
    params.set_pings(16);
    params.set_spacing_ms(2);
    LatencyCallSpec spec;
    spec.challenge = Challenge(device, v1::LATENCY, params.SerializeAsString());
    for (std::uint8_t i = 0; i < 16; ++i) spec.nonces.push_back({i, 1, 2, 3, 4, 5, 6, 7});
    spec.spacing_ms = 2;
    spec.deadline_ms = kDeadlineMs;
    return spec;
  }

  std::future<LatencyAnswer> StartLatency(const v1::Device& device, LatencyCallSpec spec) {
    auto promise = std::make_shared<std::promise<LatencyAnswer>>();
    client_->RunLatency(device, std::move(spec),
                        [promise](LatencyAnswer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  LatencyAnswer RunLatency(const v1::Device& device) {
    return StartLatency(device, LatencySpec(device.id())).get();
  }

  static MatmulCallSpec MatmulSpec(std::uint32_t device) {
    v1::MatmulParams params;
    params.set_n(256);
    params.set_rounds(2);
    params.set_samples(4);
    MatmulCallSpec spec;
    spec.challenge = Challenge(device, v1::MATMUL, params.SerializeAsString());
    spec.connect_deadline_ms = 1500;
    spec.commitment_deadline_ms = 800;
    spec.opening_deadline_ms = 500;
    spec.grace_ms = 400;
    spec.most_answer_bytes = 1 << 20;
    return spec;
  }

  /// Runs a matmul challenge; samples are asked for as soon as the commitment is here.
  MatmulResult RunMatmul(const v1::Device& device, MatmulCallSpec spec) {
    MatmulResult result;
    std::promise<MatmulAnswer> answer;
    std::promise<std::shared_ptr<MatmulCall>> call;
    std::shared_future<std::shared_ptr<MatmulCall>> started = call.get_future().share();
    call.set_value(client_->StartMatmul(
        device, std::move(spec),
        [&](v1::CommitmentReceived received) {
          ++result.commitments;
          result.commitment = std::move(received);
          started.get()->SendSamples({{0, 1, 2}, {1, 2, 3}, {0, 255, 0}, {1, 0, 255}});
        },
        [&](MatmulAnswer given) { answer.set_value(std::move(given)); }));
    result.answer = answer.get_future().get();
    return result;
  }
  MatmulResult RunMatmul(const v1::Device& device) {
    return RunMatmul(device, MatmulSpec(device.id()));
  }

  std::uint32_t last_device_ = 0;
  std::vector<std::unique_ptr<testing::ScriptedProvider>> providers_;
  std::unique_ptr<GrpcProviderClient> client_;
};

}  // namespace kaisar::checker
