#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "kernels/host_engine.h"
#include "provider/server.h"
#include "tests/support/provider_test_client.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {

/// A provider in this process with the device kDevice, and three slots that may check it. When a
/// test is over, whatever it did, slot 3 still gets its latency challenge answered.
class ProviderFixture : public ::testing::Test {
 protected:
  static constexpr std::uint8_t kSlots = 3;
  static constexpr std::uint64_t kMostStates = std::uint64_t{1} << 30;

  void SetUp() override {
    config_.domain = kDomain;
    config_.listen = "127.0.0.1:0";
    config_.limits = SampleLimits();
    config_.limits.rate = {600, 600, 600, 100};
    for (std::uint8_t id = 1; id <= kSlots; ++id) {
      tls_keys_.push_back(MakeTlsKey("slot").value());
      SlotConfig slot = SampleSlot(id);
      slot.tls_pin = TlsPin(tls_keys_.back().certificate_pem).value();
      config_.slots.push_back(slot);
    }
  }

  void TearDown() override {
    if (server_ == nullptr) return;
    testing::ProviderTestClient client(server_->address(), tls_keys_[2]);
    testing::LatencyTestStream stream(client);
    const auto accepted = stream.Challenge(SignedSample(RealClock(), v1::LATENCY, 3, 0xee));
    EXPECT_TRUE(accepted.has_value() && accepted->has_accepted());
    const auto transcript = stream.Finish();
    EXPECT_TRUE(transcript.has_value() && transcript->has_transcript());
    EXPECT_TRUE(stream.End().ok());
  }

  void StartServer() {
    std::vector<Device> devices;
    devices.push_back({kDevice, "cpu", KeyOf(0x77), kernels::MakeCpuEngine(1), kMostStates});
    StartServer(std::move(devices));
  }
  void StartServer(std::vector<Device> devices) {
    auto server = Server::Start(config_, MakeTlsKey("kaisar-provider").value(), std::move(devices),
                                RealClock());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  /// A new connection as slot `id`.
  std::unique_ptr<testing::ProviderTestClient> Client(std::uint8_t id = 1) {
    return std::make_unique<testing::ProviderTestClient>(server_->address(), tls_keys_[id - 1U]);
  }

  static v1::SignedChallenge Matmul(std::uint8_t number, std::uint8_t slot, std::uint32_t n,
                                    std::uint32_t rounds, std::uint32_t samples = 3,
                                    std::uint32_t device = kDevice) {
    v1::SignedChallenge challenge = SampleChallenge(RealClock(), v1::MATMUL, slot, number);
    challenge.mutable_challenge()->set_device(device);
    v1::MatmulParams params;
    params.set_n(n);
    params.set_rounds(rounds);
    params.set_samples(samples);
    challenge.set_params(params.SerializeAsString());
    return Signed(challenge);
  }

  /// Some seconds of work on one core.
  static v1::SignedChallenge LongMatmul(std::uint8_t number, std::uint8_t slot) {
    return Matmul(number, slot, 1024, 512);
  }

  /// A ping is answered only before the challenge, so this returns when the one sent last is being
  /// worked on: another stream is refused.
  void AwaitRunning(std::uint8_t number_of_probe) {
    for (int i = 0; i < 200; ++i) {
      auto client = Client(3);
      testing::MatmulTestStream stream(*client);
      stream.SendChallenge(Matmul(number_of_probe, 3, 256, 1));
      const auto answer = stream.Receive();
      if (answer.has_value() && answer->has_refusal()) return;
      ++number_of_probe;
    }
    FAIL() << "the device never became busy";
  }

  ProviderConfig config_;
  std::vector<TlsKey> tls_keys_;
  std::unique_ptr<Server> server_;
};

}  // namespace kaisar::provider
