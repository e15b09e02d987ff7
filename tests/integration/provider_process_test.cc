// kaisar-provider as a process: its commands, its exit status, and how it stops.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "nlohmann/json.hpp"
#include "tests/support/provider_test_client.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A kaisar-provider that was started; killed with the object.
class Process {
 public:
  Process(const std::string& directory, std::vector<std::string> arguments)
      : out_(directory + "/out"), err_(directory + "/err") {
    arguments.insert(arguments.begin(),
                     absl::StrCat(std::getenv("KAISAR_BINARY_DIR"), "/provider/kaisar-provider"));
    for (const std::string& path : {out_, err_}) std::ofstream(path).flush();  // not the last one's
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::dup2(::open(out_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
    ::dup2(::open(err_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void Signal(int number) const { ::kill(pid_, number); }
  /// Exit status, or minus the signal that ended it.
  int Wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Out() const { return Read(out_); }
  std::string Err() const { return Read(err_); }
  /// The address that it prints when it listens; empty when it does not within 10 s.
  std::string Address() const {
    for (int i = 0; i < 1000; ++i) {
      const std::string text = Out();
      const std::string prefix = "listening on ";
      if (text.rfind(prefix, 0) == 0 && text.back() == '\n') {
        return text.substr(prefix.size(), text.size() - prefix.size() - 1);
      }
      ::usleep(10'000);
    }
    return "";
  }

 private:
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  const std::string out_;
  const std::string err_;
  pid_t pid_ = -1;
};

class ProviderProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "kaisar-provider-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    tls_key_ = MakeTlsKey("slot").value();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Process Start(const std::vector<std::string>& arguments) {
    return Process(directory_, arguments);
  }
  int Run(const std::vector<std::string>& arguments) {
    Process process = Start(arguments);
    const int status = process.Wait();
    out_ = process.Out();
    err_ = process.Err();
    return status;
  }
  void MakeKeys() {
    ASSERT_EQ(Run({"keys", "new", "--out", directory_ + "/keys", "--light"}), 0) << err_;
  }
  std::string WriteConfig(const std::string& listen) {
    const std::string path = directory_ + "/provider.yaml";
    const std::string yaml = absl::StrCat(
        "chain_id: 31337\ncontract: \"0x0000000000000000000000000000000000000000\"\nlisten: ",
        listen, "\ntls_key: keys/tls.pem\nthreads: 1\nstate_memory_bytes: 1073741824\ndevices:\n",
        "  - {id: ", kDevice, ", class: cpu, keystore: keys/keystore.json, ",
        "password: keys/password}\nslots:\n  - id: 1\n    address: \"",
        ToHex(SampleSlot(1).address), "\"\n    tls_pin: \"",
        ToHex(TlsPin(tls_key_.certificate_pem).value()), "\"\n");
    EXPECT_TRUE(WriteFile(path, yaml).ok());
    return path;
  }

  std::string directory_;
  TlsKey tls_key_;
  std::string out_;
  std::string err_;
};

TEST_F(ProviderProcessTest, StopsWithinThreeSecondsInTheMiddleOfWork) {
  MakeKeys();
  for (const int number : {SIGTERM, SIGINT}) {
    Process provider = Start({"run", "--config", WriteConfig("127.0.0.1:0")});
    const std::string address = provider.Address();
    ASSERT_FALSE(address.empty()) << provider.Err();
    testing::ProviderTestClient client(address, tls_key_);
    testing::MatmulTestStream working(client);
    v1::SignedChallenge challenge = SampleChallenge(RealClock(), v1::MATMUL, 1, 1);
    v1::MatmulParams params;  // some seconds of work
    params.set_n(1024);
    params.set_rounds(1024);
    params.set_samples(3);
    challenge.set_params(params.SerializeAsString());
    working.SendChallenge(Signed(challenge));
    testing::LatencyTestStream latency(client);  // after the challenge, on the same connection
    const auto accepted = latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 1, 2));
    ASSERT_TRUE(accepted.has_value() && accepted->has_accepted()) << provider.Err();

    const std::uint64_t begun_ns = RealClock().MonotonicNs();
    provider.Signal(number);
    EXPECT_EQ(provider.Wait(), 0);
    EXPECT_LT(RealClock().MonotonicNs() - begun_ns, 3'000'000'000u);
    EXPECT_EQ(working.End().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(latency.End().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(provider.Err(), HasSubstr("event=taken kind=matmul"));
    EXPECT_THAT(provider.Err(), HasSubstr("event=stopped"));
  }
}

TEST_F(ProviderProcessTest, DoesNotShareItsPort) {
  MakeKeys();
  Process first = Start({"run", "--config", WriteConfig("127.0.0.1:0")});
  const std::string address = first.Address();
  ASSERT_FALSE(address.empty()) << first.Err();
  EXPECT_EQ(Run({"run", "--config", WriteConfig(address)}), 1);
  EXPECT_THAT(err_, HasSubstr("listening on " + address + " failed"));
}

TEST_F(ProviderProcessTest, MakesKeysOnceAndShowsThem) {
  MakeKeys();
  const std::string made = out_;
  EXPECT_THAT(made, StartsWith("address: \"0x"));
  EXPECT_THAT(made, HasSubstr("\ntls_pin: \""));
  for (const char* name : {"keystore.json", "tls.pem", "password"}) {
    const auto permissions = std::filesystem::status(directory_ + "/keys/" + name).permissions();
    EXPECT_EQ(static_cast<unsigned>(permissions), 0600u) << name;
  }
  EXPECT_EQ(Run({"keys", "show", "--dir", directory_ + "/keys"}), 0);
  EXPECT_EQ(out_, made);
  EXPECT_EQ(Run({"keys", "new", "--out", directory_ + "/keys", "--light"}), 2);
  EXPECT_THAT(err_, HasSubstr("keys are never overwritten"));
}

TEST_F(ProviderProcessTest, RefusesAKeyFileThatOthersCanRead) {
  MakeKeys();
  std::filesystem::permissions(directory_ + "/keys/keystore.json", std::filesystem::perms(0640));
  EXPECT_EQ(Run({"run", "--config", WriteConfig("127.0.0.1:0")}), 2);
  EXPECT_THAT(err_, HasSubstr("keystore.json"));
  EXPECT_EQ(out_, "");
}

TEST_F(ProviderProcessTest, SaysInOneLineWhatIsWrongWithAConfig) {
  const std::string path = WriteConfig("127.0.0.1");
  EXPECT_EQ(Run({"run", "--config", path}), 2);
  EXPECT_THAT(err_, StartsWith("kaisar-provider: " + path + ":3: listen: is 127.0.0.1"));
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1);
  EXPECT_EQ(out_, "");
}

TEST_F(ProviderProcessTest, ExitsWithTwoOnWrongUsage) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"run"}), 2);
  EXPECT_EQ(Run({"run", "--config", directory_ + "/none"}), 2);
  EXPECT_EQ(Run({"measure", "--n", "1000"}), 2);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("keys new"));
}

TEST_F(ProviderProcessTest, MeasuresAsTheMedianOfItsProofs) {
  ASSERT_EQ(
      Run({"measure", "--n", "256", "--rounds", "2", "--threads", "1", "--times", "3", "--json"}),
      0)
      << err_;
  const nlohmann::json result = nlohmann::json::parse(out_);
  std::vector<std::uint64_t> rates = result["rates"];
  ASSERT_EQ(rates.size(), 3u);
  std::sort(rates.begin(), rates.end());
  EXPECT_EQ(result["ops_per_second"], rates[1]);
  EXPECT_GT(rates[0], 0u);
}

TEST_F(ProviderProcessTest, WritesAnExampleButNotOverAFile) {
  const std::string path = directory_ + "/example.yaml";
  EXPECT_EQ(Run({"init", "--out", path}), 0);
  EXPECT_EQ(Run({"init", "--out", path}), 2);
  EXPECT_EQ(Run({"init"}), 0);
  std::stringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_EQ(out_, written.str());
}

}  // namespace
}  // namespace kaisar::provider
