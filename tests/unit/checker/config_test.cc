#include "checker/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kLeast[] = R"(slot: 7
data_dir: data
roster: ../roster.yaml
policy: /etc/kaisar/policy.yaml
keystore: keys/keystore.json
password: password
tls_key: keys/tls.pem
hash_chain: keys/hash_chain.json
)";

/// The same on a chain.
constexpr char kLeastOnChain[] = R"(registry: evm
data_dir: data
policy: policy.yaml
keystore: keys/keystore.json
password: password
tls_key: keys/tls.pem
hash_chain: keys/hash_chain.json
)";
constexpr char kChain[] = R"(chain:
  deployment: ../deployment.json
  rpc: ["http://127.0.0.1:8545", "https://rpc.example/key"]
)";

absl::StatusOr<Config> OnChain(const std::string& more) {
  return ParseConfig("/srv/kaisar/checker.yaml", absl::StrCat(kLeastOnChain, more));
}

std::string ChainErrorOf(const std::string& more) {
  const auto config = OnChain(more);
  return config.ok() ? "no error" : std::string(config.status().message());
}

absl::StatusOr<Config> With(const std::string& more) {
  return ParseConfig("/srv/kaisar/checker.yaml", absl::StrCat(kLeast, more));
}

/// The one line that an operator sees.
std::string ErrorOf(const std::string& more) {
  const auto config = With(more);
  return config.ok() ? "no error" : std::string(config.status().message());
}

TEST(Config, TakesPathsRelativeToItsFile) {
  const auto config = With("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->slot, 7u);
  EXPECT_EQ(config->data_dir, "/srv/kaisar/data");
  EXPECT_EQ(config->roster, "/srv/roster.yaml");
  EXPECT_EQ(config->policy, "/etc/kaisar/policy.yaml");
  EXPECT_EQ(config->keystore, "/srv/kaisar/keys/keystore.json");
  EXPECT_EQ(config->password, "/srv/kaisar/password");
  EXPECT_EQ(config->tls_key, "/srv/kaisar/keys/tls.pem");
  EXPECT_EQ(config->hash_chain, "/srv/kaisar/keys/hash_chain.json");
}

TEST(Config, HasTheDocumentedDefaults) {
  const auto config = With("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->reference_endpoints, IsEmpty());
  EXPECT_THAT(config->ntp_servers, IsEmpty());
  EXPECT_EQ(config->check_threads, 1u);
  EXPECT_EQ(config->max_matmul_in_flight, 4096u);
  EXPECT_EQ(config->connect_timeout_ms, 3000u);
  EXPECT_EQ(config->idle_timeout_ms, 1'800'000u);
  EXPECT_EQ(config->log_level, "info");
}

TEST(Config, ReadsEveryOptionalKey) {
  const auto config = With(
      "reference_endpoints: [\"one.one.one.one:443\", \"[2001:db8::1]:53\"]\n"
      "check_threads: 4\nmax_matmul_in_flight: 9\nconnect_timeout_ms: 100\n"
      "idle_timeout_ms: 1000\nlog_level: debug\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->reference_endpoints, ElementsAre("one.one.one.one:443", "[2001:db8::1]:53"));
  EXPECT_EQ(config->check_threads, 4u);
  EXPECT_EQ(config->max_matmul_in_flight, 9u);
  EXPECT_EQ(config->connect_timeout_ms, 100u);
  EXPECT_EQ(config->idle_timeout_ms, 1000u);
  EXPECT_EQ(config->log_level, "debug");
}

TEST(Config, LeavesADescriptorForThePasswordAsItIs) {
  std::string yaml = kLeast;
  yaml.replace(yaml.find("password: password"), 18, "password: fd:3");
  const auto config = ParseConfig("/srv/kaisar/checker.yaml", yaml);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->password, "fd:3");
}

TEST(Config, NamesFileLineAndKeyOfAnUnknownKey) {
  EXPECT_THAT(ErrorOf("check_thread: 2\n"),
              AllOf(HasSubstr("/srv/kaisar/checker.yaml:9"), HasSubstr("check_thread")));
}

TEST(Config, NamesAMissingKey) {
  const auto config = ParseConfig("c.yaml", "slot: 1\n");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()),
              AllOf(HasSubstr("c.yaml"), HasSubstr("data_dir"), Not(HasSubstr("\n"))));
}

TEST(Config, NamesValueAndRangeOfWhatIsOutOfRange) {
  EXPECT_THAT(ErrorOf("check_threads: 65\n"),
              AllOf(HasSubstr(":9"), HasSubstr("check_threads"), HasSubstr("65"), HasSubstr("64")));
  EXPECT_THAT(ErrorOf("check_threads: 0\n"), HasSubstr("check_threads"));
  EXPECT_THAT(ErrorOf("max_matmul_in_flight: 65537\n"), HasSubstr("65536"));
  EXPECT_THAT(ErrorOf("connect_timeout_ms: 99\n"), HasSubstr("100"));
  EXPECT_THAT(ErrorOf("idle_timeout_ms: 86400001\n"), HasSubstr("86400000"));
}

TEST(Config, RefusesAWrongType) {
  EXPECT_THAT(ErrorOf("check_threads: many\n"),
              AllOf(HasSubstr("check_threads"), HasSubstr("many")));
  EXPECT_THAT(ErrorOf("check_threads: -1\n"), HasSubstr("check_threads"));
  EXPECT_THAT(ErrorOf("check_threads: [1]\n"), HasSubstr("check_threads"));
  EXPECT_THAT(ErrorOf("log_level: loud\n"), AllOf(HasSubstr("log_level"), HasSubstr("loud")));
}

TEST(Config, RefusesAReferenceEndpointWithoutAPort) {
  EXPECT_THAT(ErrorOf("reference_endpoints: [\"one.one.one.one\"]\n"),
              AllOf(HasSubstr("reference_endpoints"), HasSubstr("one.one.one.one"),
                    HasSubstr("host:port")));
}

TEST(Config, RefusesTooManyReferenceEndpoints) {
  std::string list;
  for (int i = 0; i < 17; ++i) absl::StrAppend(&list, i == 0 ? "" : ", ", "\"a:", i + 1, "\"");
  EXPECT_THAT(ErrorOf(absl::StrCat("reference_endpoints: [", list, "]\n")),
              AllOf(HasSubstr("17"), HasSubstr("16")));
}

TEST(Config, GivesTimeServersTheirPort) {
  const auto config = With("ntp_servers: [time.example, \"127.0.0.1:9\"]\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->ntp_servers, ElementsAre("time.example:123", "127.0.0.1:9"));
  EXPECT_THAT(ErrorOf("ntp_servers: [\"a b\"]\n"),
              AllOf(HasSubstr("ntp_servers"), HasSubstr("expected host or host:port")));
  EXPECT_THAT(ErrorOf("ntp_servers: [a, b, c, d, e, f, g, h, i]\n"), HasSubstr("at most 8"));
}

TEST(Config, ReadsWhatTheConnectionCarriesAndWhereIperfIs) {
  const auto none = With("");
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->connection.has_value());
  EXPECT_EQ(none->iperf, "");
  const auto config = With(
      "connection: {out_bits_per_second: 1000000, in_bits_per_second: 1000000000000}\n"
      "iperf: bin/kaisar-iperf\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->connection->out_bits_per_second, 1'000'000u);
  EXPECT_EQ(config->connection->in_bits_per_second, 1'000'000'000'000u);
  EXPECT_EQ(config->iperf, "/srv/kaisar/bin/kaisar-iperf");
}

TEST(Config, NamesWhatIsWrongWithTheConnection) {
  EXPECT_THAT(ErrorOf("connection: {out_bits_per_second: 1000000}\n"),
              HasSubstr("connection.in_bits_per_second"));
  EXPECT_THAT(ErrorOf("connection: {out_bits_per_second: 999999, in_bits_per_second: 1000000}\n"),
              AllOf(HasSubstr(":9"), HasSubstr("connection.out_bits_per_second"),
                    HasSubstr("999999"), HasSubstr("1000000")));
  EXPECT_THAT(ErrorOf("connection: {out: 1000000}\n"), HasSubstr("connection"));
}

TEST(Config, ReadsARosterFileUnlessToldOtherwise) {
  EXPECT_FALSE(With("")->chain.has_value());
  EXPECT_FALSE(With("registry: file\n")->chain.has_value());
}

TEST(Config, TakesTheChainInPlaceOfTheRoster) {
  const auto config = OnChain(kChain);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->slot.has_value());
  EXPECT_EQ(config->roster, "");
  ASSERT_TRUE(config->chain.has_value());
  EXPECT_EQ(config->chain->deployment, "/srv/deployment.json");
  EXPECT_THAT(config->chain->rpc, ElementsAre("http://127.0.0.1:8545", "https://rpc.example/key"));
  EXPECT_EQ(config->chain->confirmations, 2u);
  EXPECT_EQ(config->chain->most_fee().ToDecimal(), "200000000000");
  EXPECT_EQ(FormatEther(config->chain->low_balance), "0.05");
  EXPECT_EQ(config->chain->timeout_ms, 5000u);
  EXPECT_EQ(config->chain->settle_batch, 20u);
}

TEST(Config, ReadsEveryOptionalKeyOfTheChain) {
  const auto config =
      OnChain(absl::StrCat("slot: 9\n", kChain,
                           "  confirmations: 0\n  max_fee_gwei: 7\n  low_balance: \"1.5\"\n"
                           "  timeout_ms: 100\n  settle_batch: 1\n"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->slot, 9u);
  EXPECT_EQ(config->chain->confirmations, 0u);
  EXPECT_EQ(config->chain->most_fee().ToDecimal(), "7000000000");
  EXPECT_EQ(FormatEther(config->chain->low_balance), "1.5");
  EXPECT_EQ(config->chain->timeout_ms, 100u);
  EXPECT_EQ(config->chain->settle_batch, 1u);
}

TEST(Config, NamesWhatIsWrongWithTheChain) {
  EXPECT_THAT(ChainErrorOf(""), HasSubstr("chain"));
  EXPECT_THAT(ChainErrorOf("chain: {deployment: d.json, rpc: []}\n"),
              AllOf(HasSubstr("chain.rpc"), HasSubstr("1 to 8")));
  EXPECT_THAT(ChainErrorOf("chain: {deployment: d.json, rpc: [\"ws://a\"]}\n"),
              AllOf(HasSubstr("chain.rpc"), HasSubstr("ws://a"), HasSubstr("https://")));
  EXPECT_THAT(ChainErrorOf(absl::StrCat(kChain, "  low_balance: some\n")),
              AllOf(HasSubstr(":11"), HasSubstr("chain.low_balance"), HasSubstr("some")));
  EXPECT_THAT(ChainErrorOf(absl::StrCat(kChain, "  max_fee: 3\n")), HasSubstr("chain.max_fee"));
  EXPECT_THAT(ChainErrorOf(absl::StrCat(kChain, "  settle_batch: 101\n")), HasSubstr("100"));
}

TEST(Config, RefusesARosterBesideTheChainAndAChainBesideTheRoster) {
  EXPECT_THAT(ChainErrorOf(absl::StrCat(kChain, "roster: roster.yaml\n")),
              AllOf(HasSubstr("roster"), HasSubstr("registry: evm")));
  EXPECT_THAT(ErrorOf(kChain), AllOf(HasSubstr("chain"), HasSubstr("registry: file")));
  EXPECT_THAT(ErrorOf("registry: csv\n"), AllOf(HasSubstr("registry"), HasSubstr("csv")));
}

TEST(Config, NeedsASlotWithARosterFile) {
  std::string yaml = kLeast;
  yaml.erase(0, yaml.find('\n') + 1);
  const auto config = ParseConfig("c.yaml", yaml);
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("slot"));
}

TEST(Config, SaysWhichFileCannotBeRead) {
  const auto config = ReadConfig("/nonexistent/checker.yaml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/nonexistent/checker.yaml"));
}

}  // namespace
}  // namespace kaisar::checker
