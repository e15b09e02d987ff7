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

TEST(Config, SaysWhichFileCannotBeRead) {
  const auto config = ReadConfig("/nonexistent/checker.yaml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/nonexistent/checker.yaml"));
}

}  // namespace
}  // namespace kaisar::checker
