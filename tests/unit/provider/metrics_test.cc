#include "provider/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "provider/admission.h"
#include "provider/metric_table.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
 protected:
  /// As a scrape sees it, a second later.
  std::string Text() {
    clock_.AdvanceMs(1000);
    return metrics_.Routes("").Answer({"GET", "localhost", ""}, {"/metrics", ""}).body;
  }

  FakeClock clock_;
  Metrics metrics_{"1.2.3", clock_};
};

TEST_F(MetricsTest, CountWhatAdmissionDecides) {
  Admission admission(kDomain, {SampleSlot(1)}, {{kDevice, kStateMemoryBytes}}, SampleLimits(),
                      clock_, metrics_.Hooks());
  const Peer peer = *admission.FindPeer(SampleSlot(1).tls_pin);
  const auto decide = [&](const v1::SignedChallenge& challenge) {
    return admission.Decide(peer, challenge.challenge().kind(), challenge);
  };
  const Decision taken = decide(SignedSample(clock_, v1::MATMUL, 1, 1));
  ASSERT_TRUE(std::holds_alternative<Taken>(taken));
  const Decision busy = decide(SignedSample(clock_, v1::MATMUL, 1, 2));
  ASSERT_TRUE(std::holds_alternative<v1::Refusal>(busy));
  const v1::SignedChallenge without_signature = SampleChallenge(clock_, v1::LATENCY, 1, 3);
  ASSERT_TRUE(std::holds_alternative<absl::Status>(decide(without_signature)));
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("challenges_taken_total{kind=\"matmul\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("challenges_refused_total{kind=\"matmul\",reason=\"busy\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("challenges_refused_total{kind=\"latency\",reason=\"malformed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_matmul_in_work 1\n"));
}

TEST_F(MetricsTest, TimeProofsAndTellFailedFromDropped) {
  const ProviderHooks hooks = metrics_.Hooks();
  for (int i = 0; i < 3; ++i) hooks.taken(v1::MATMUL);
  hooks.proved(2'000'000'000, absl::OkStatus());
  hooks.proved(1, absl::CancelledError("its checker went away"));
  hooks.proved(1, absl::UnavailableError("the GPU is lost"));
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("kaisar_provider_proof_seconds_sum 2\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_proofs_dropped_total 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_proofs_failed_total 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_matmul_in_work 0\n"));
}

TEST_F(MetricsTest, ShowWhatTheDriverTellsAndNoMore) {
  v1::DescribeResponse response;
  v1::DeviceDescription& device = *response.add_devices();
  device.set_trouble("the GPU fell off the bus");
  device.mutable_gpu()->set_uuid("GPU-1");
  device.mutable_gpu()->set_power_mw(120'500);
  device.mutable_gpu()->set_sm_clock_mhz(1755);
  device.mutable_gpu()->set_utilization_percent(97);
  response.add_devices();  // on the CPU
  metrics_.ReadDevices([&](const auto& reply) { reply(response); });
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("kaisar_provider_devices 2\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_devices_in_trouble 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_gpu_power_watts{gpu=\"GPU-1\"} 120.5\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_gpu_sm_clock_hertz{gpu=\"GPU-1\"} 1755000000\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_gpu_utilization_ratio{gpu=\"GPU-1\"} 0.97\n"));
  EXPECT_THAT(text, Not(HasSubstr("temperature_celsius{")));
}

TEST_F(MetricsTest, ForgetWhatADriverNoLongerTells) {
  v1::DescribeResponse response;
  v1::DeviceDescription& device = *response.add_devices();
  device.mutable_gpu()->set_uuid("GPU-1");
  device.mutable_gpu()->set_memory_total_bytes(5);
  device.mutable_gpu()->set_temperature_c(91);
  metrics_.ReadDevices([&](const auto& reply) { reply(response); });
  EXPECT_THAT(Text(), HasSubstr("temperature_celsius{gpu=\"GPU-1\"} 91\n"));
  device.set_trouble("the GPU fell off the bus");
  device.mutable_gpu()->clear_temperature_c();
  const std::string text = Text();
  EXPECT_THAT(text, Not(HasSubstr("temperature_celsius{")));
  EXPECT_THAT(text, HasSubstr("memory_size_bytes{gpu=\"GPU-1\"} 5\n"));
}

TEST_F(MetricsTest, AreWhatTheDocumentSays) {
  constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
  const auto document =
      ReadFile(absl::StrCat(std::getenv("KAISAR_SOURCE_DIR"), "/docs/metrics.md"), 1 << 20);
  ASSERT_TRUE(document.ok()) << document.status();
  std::vector<std::string> rows;
  for (const absl::string_view line : absl::StrSplit(*document, '\n')) {
    if (absl::StartsWith(line, "| `kaisar_provider_")) rows.emplace_back(line);
  }
  std::vector<std::string> expected;
  for (const monitor::MetricInfo& info : MetricTable()) {
    expected.push_back(absl::StrCat("| `", info.name, "` | ", kTypes[static_cast<int>(info.type)],
                                    " | ", absl::StrReplaceAll(info.labels, {{",", ", "}}), " | ",
                                    info.help, " |"));
    EXPECT_EQ(absl::EndsWith(info.name, "_total"), info.type == monitor::MetricType::kCounter);
  }
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace kaisar::provider
