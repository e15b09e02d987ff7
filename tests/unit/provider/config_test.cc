#include "provider/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kConfig[] = R"(chain_id: 31337
contract: "0x00000000000000000000000000000000000000aa"
listen: 127.0.0.1:0
tls_key: keys/tls.pem
devices:
  - {id: 1, class: cpu, keystore: keys/1.json, password: "fd:5"}
  - {id: 2, class: cpu, keystore: /etc/2.json, password: pw}
threads: 3
state_memory_bytes: 1048576
slots:
  - id: 0
    address: "0x0000000000000000000000000000000000000001"
    tls_pin: "0101010101010101010101010101010101010101010101010101010101010101"
  - id: 9
    address: "0x0000000000000000000000000000000000000002"
    tls_pin: "0202020202020202020202020202020202020202020202020202020202020202"
rate_limit: {matmul_per_minute: 120, latency_per_minute: 600, burst: 60}
log_level: warning
)";

/// The message for the config with one passage replaced.
std::string Wrong(absl::string_view from, absl::string_view to) {
  const std::string yaml = absl::StrReplaceAll(kConfig, {{from, to}});
  EXPECT_NE(yaml, kConfig) << from;
  const auto config = ParseProviderConfig("p.yaml", yaml, "/d");
  if (config.ok()) return "accepted";
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

TEST(ProviderConfig, ReadsEveryKey) {
  const auto config = ParseProviderConfig("p.yaml", kConfig, "/d");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->domain.chain_id, 31337u);
  EXPECT_EQ(config->domain.contract[19], 0xaa);
  EXPECT_EQ(config->listen, "127.0.0.1:0");
  EXPECT_EQ(config->tls_key, "/d/keys/tls.pem");
  ASSERT_EQ(config->devices.size(), 2u);
  EXPECT_EQ(config->devices[0].keystore, "/d/keys/1.json");
  EXPECT_EQ(config->devices[0].password, "fd:5");
  EXPECT_EQ(config->devices[1].keystore, "/etc/2.json");
  EXPECT_EQ(config->devices[1].device_class, "cpu");
  ASSERT_EQ(config->slots.size(), 2u);
  EXPECT_EQ(config->slots[1].id, 9u);
  EXPECT_EQ(config->slots[1].address[19], 2);
  EXPECT_EQ(config->slots[1].tls_pin[0], 2);
  EXPECT_EQ(config->threads, 3);
  EXPECT_EQ(config->devices[0].state_memory_bytes, 1048576u);
  EXPECT_EQ(config->devices[0].gpu, "");
  EXPECT_EQ(config->limits.rate.matmul_per_minute, 120u);
  EXPECT_EQ(config->limits.rate.latency_per_minute, 600u);
  EXPECT_EQ(config->limits.rate.burst, 60u);
  EXPECT_EQ(config->limits.idle_ms, 20'000u);
  EXPECT_EQ(config->log_level, "warning");
}

TEST(ProviderConfig, NamesFileLineAndKeyOfWhatIsWrong) {
  EXPECT_THAT(Wrong("threads: 3", "threads: 0"), StartsWith("p.yaml:8: threads: is 0"));
  EXPECT_THAT(Wrong("threads: 3", "treads: 3"), HasSubstr("treads"));
  EXPECT_THAT(Wrong("chain_id: 31337", "chain_id: x"), HasSubstr("p.yaml:1: chain_id: is x"));
  EXPECT_THAT(Wrong("listen: 127.0.0.1:0", "listen: 127.0.0.1"), HasSubstr("p.yaml:3: listen"));
  EXPECT_THAT(Wrong("state_memory_bytes: 1048576", "state_memory_bytes: 1000"),
              HasSubstr("state_memory_bytes: is 1000"));
  EXPECT_THAT(Wrong("tls_key: keys/tls.pem\n", ""), HasSubstr("tls_key"));
  EXPECT_THAT(Wrong("log_level: warning", "log_level: loud"), HasSubstr("log_level: is loud"));
  EXPECT_THAT(Wrong("0x0000000000000000000000000000000000000001", "0x01"), HasSubstr("address"));
  EXPECT_THAT(Wrong("{id: 1,", "{id: 16777216,"), HasSubstr("id: is 16777216"));
}

TEST(ProviderConfig, RefusesWhatIsThereTwice) {
  EXPECT_THAT(Wrong("{id: 2,", "{id: 1,"), HasSubstr("is 1, which another device has"));
  EXPECT_THAT(Wrong("id: 9", "id: 0"), HasSubstr("is 0, which another slot has"));
  EXPECT_THAT(Wrong("0202020202020202020202020202020202020202020202020202020202020202",
                    "0101010101010101010101010101010101010101010101010101010101010101"),
              HasSubstr("tls_pin: is another slot's"));
}

/// The config with other devices than it has; `more` in the place of the two keys below them.
absl::StatusOr<ProviderConfig> WithDevices(absl::string_view devices, absl::string_view more) {
  std::string yaml = kConfig;
  const std::size_t begin = yaml.find("  - {id: 1");
  yaml.replace(begin, yaml.find("slots:") - begin, absl::StrCat(devices, more));
  return ParseProviderConfig("p.yaml", yaml, "/d");
}

constexpr char kKeys[] = "class: l4, keystore: k, password: p";

TEST(ProviderConfig, ReadsAGpuForEachDeviceThatHasOne) {
  const auto config = WithDevices(
      absl::StrCat("  - {id: 1, ", kKeys, ", gpu: GPU-0123ABCD-89ab-cdef-0123-456789abcdef}\n",
                   "  - {id: 2, ", kKeys, ", gpu: \"AF:00.0\", state_memory_bytes: 65536}\n",
                   "  - {id: 3, ", kKeys, ", state_memory_bytes: 131072}\n"),
      "");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->devices[0].gpu, "GPU-0123abcd-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(config->devices[0].state_memory_bytes, std::nullopt);
  EXPECT_EQ(config->devices[1].gpu, "0000:af:00.0");
  EXPECT_EQ(config->devices[1].state_memory_bytes, 65'536u);
  EXPECT_EQ(config->devices[2].state_memory_bytes, 131'072u);
  EXPECT_GE(config->threads, 1);
}

TEST(ProviderConfig, LetsADevicesOwnMemoryLimitGoBeforeThatOfAll) {
  const auto config =
      WithDevices(absl::StrCat("  - {id: 1, ", kKeys, ", state_memory_bytes: 65536}\n",  //
                               "  - {id: 2, ", kKeys, ", gpu: any}\n"),
                  "state_memory_bytes: 131072\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->devices[0].state_memory_bytes, 65'536u);
  EXPECT_EQ(config->devices[1].state_memory_bytes, 131'072u);
}

TEST(ProviderConfig, SaysWhatIsWrongWithAGpu) {
  const auto message = [](absl::string_view first, absl::string_view second,
                          absl::string_view more = "") {
    return WithDevices(
               absl::StrCat("  - {id: 1, ", kKeys, first, "}\n  - {id: 2, ", kKeys, second, "}\n"),
               more)
        .status()
        .ToString();
  };
  EXPECT_THAT(message(", gpu: 0", ", gpu: any"),
              HasSubstr("p.yaml:6: devices[0].gpu: is 0, expected a GPU's UUID"));
  EXPECT_THAT(message(", gpu: \"65:00.0\"", ", gpu: \"00000000:65:00.0\""),
              HasSubstr("p.yaml:7: devices[1].gpu: is 0000:65:00.0, which device 1 has"));
  EXPECT_THAT(message(", gpu: any", ", gpu: any"), HasSubstr("is any, which device 1 has"));
  EXPECT_THAT(message(", gpu: any", ""), HasSubstr("state_memory_bytes"));
  EXPECT_THAT(message(", gpu: any", ", gpu: \"65:00.0\"", "threads: 2\n"),
              HasSubstr("threads: is for devices on the CPU"));
}

/// The config with a chain in the place of what it tells.
std::string OnChain(const std::string& chain) {
  std::string yaml = kConfig;
  yaml.erase(yaml.find("slots:"), yaml.find("rate_limit:") - yaml.find("slots:"));
  yaml.erase(0, yaml.find("listen:"));
  return yaml + chain;
}

TEST(ProviderConfig, ReadsAChainInThePlaceOfSlots) {
  const auto config = ParseProviderConfig(
      "p.yaml", OnChain("chain: {deployment: d.json, rpc: [\"http://a:1\", \"https://b\"]}\n"),
      "/d");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->chain.has_value());
  EXPECT_EQ(config->chain->deployment, "/d/d.json");
  EXPECT_THAT(config->chain->rpc, ::testing::ElementsAre("http://a:1", "https://b"));
  EXPECT_EQ(config->chain->poll_ms, 5000u);
  EXPECT_TRUE(config->slots.empty());
}

TEST(ProviderConfig, SaysWhatIsWrongWithAChain) {
  const auto message = [](const std::string& yaml) {
    const auto config = ParseProviderConfig("p.yaml", yaml, "/d");
    return config.ok() ? "accepted" : std::string(config.status().message());
  };
  EXPECT_THAT(message(OnChain("chain: {deployment: d.json, rpc: []}\n")),
              HasSubstr("chain.rpc: has 0 endpoints, expected 1 to 8"));
  EXPECT_THAT(message(OnChain("chain: {rpc: [\"http://a\"]}\n")), HasSubstr("chain.deployment"));
  EXPECT_THAT(message(OnChain("chain: {deployment: d, rpc: [\"http://a\"], poll_ms: 1}\n")),
              HasSubstr("chain.poll_ms: is 1"));
  EXPECT_THAT(message(std::string(kConfig) + "chain: {deployment: d, rpc: [\"http://a\"]}\n"),
              HasSubstr("slots: is told by the chain"));
}

/// The config, or what is wrong with it, with a `bandwidth` block.
absl::StatusOr<ProviderConfig> WithBandwidth(const std::string& block) {
  return ParseProviderConfig("p.yaml", absl::StrCat(kConfig, "bandwidth: {", block, "}\n"), "/d");
}

TEST(ProviderConfig, TakesBandwidthTestsOnlyWhenItIsTold) {
  const auto without = ParseProviderConfig("p.yaml", kConfig, "/d");
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(without->bandwidth.has_value() || without->limits.bandwidth.has_value());
  EXPECT_EQ(without->limits.rate.bandwidth_per_minute, 6u);

  const auto config = WithBandwidth("ports: 7500-7515");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->bandwidth->first_port, 7500u);
  EXPECT_EQ(config->bandwidth->last_port, 7515u);
  EXPECT_EQ(config->bandwidth->iperf, "");
  EXPECT_EQ(config->limits.bandwidth->in_service_seconds, 3u);
  EXPECT_FALSE(config->limits.bandwidth->refuse_in_service);
  EXPECT_EQ(config->limits.bandwidth->most_bits_per_second, 0u);

  const auto full = WithBandwidth(
      "ports: 65535, iperf: bin/kaisar-iperf, in_service_seconds: 1, refuse_in_service: true, "
      "most_bits_per_second: 1000000000");
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(full->bandwidth->first_port, 65'535u);
  EXPECT_EQ(full->bandwidth->last_port, 65'535u);
  EXPECT_EQ(full->bandwidth->iperf, "/d/bin/kaisar-iperf");
  EXPECT_EQ(full->limits.bandwidth->in_service_seconds, 1u);
  EXPECT_TRUE(full->limits.bandwidth->refuse_in_service);
  EXPECT_EQ(full->limits.bandwidth->most_bits_per_second, 1'000'000'000u);
}

TEST(ProviderConfig, SaysWhatIsWrongWithThePortsOfBandwidthTests) {
  for (const char* ports : {"1023", "65536", "7515-7500", "7500-7501-7502", "x", "7500-", "-7500",
                            "7500-8524", "\"7500, 7501\""}) {
    const auto config = WithBandwidth(absl::StrCat("ports: ", ports));
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << ports;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr("p.yaml:19: bandwidth.ports: is"))
        << ports;
  }
  EXPECT_TRUE(WithBandwidth("ports: 7500-8523").ok());
  EXPECT_THAT(WithBandwidth("in_service_seconds: 3").status().ToString(), HasSubstr("ports"));
  EXPECT_THAT(WithBandwidth("ports: 7500, in_service_seconds: 61").status().ToString(),
              HasSubstr("in_service_seconds: is 61"));
  std::string yaml = absl::StrReplaceAll(kConfig, {{"127.0.0.1:0", "127.0.0.1:7510"}});
  yaml += "bandwidth: {ports: 7500-7515}\n";
  EXPECT_THAT(ParseProviderConfig("p.yaml", yaml, "/d").status().ToString(),
              HasSubstr("bandwidth.ports: is 7500-7515, which holds the port of listen, 7510"));
}

TEST(ProviderConfig, WantsABurstForAllDevicesAtOnce) {
  EXPECT_THAT(Wrong("burst: 60", "burst: 1"), HasSubstr("expected at least 2"));
}

TEST(ProviderConfig, ParsesTheExampleThatInitWrites) {
  const auto config = ParseProviderConfig("example", ExampleConfig(), "");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->devices.at(0).keystore, "keys/keystore.json");
}

}  // namespace
}  // namespace kaisar::provider
