#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "tests/support/provider_test_client.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {

/// A kaisar-provider that was started; killed with the object.
class ProviderProcess {
 public:
  ProviderProcess(const std::string& directory, std::vector<std::string> arguments)
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
  ~ProviderProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  void Signal(int number) const { ::kill(pid_, number); }
  /// Exit status, or minus the signal that ended it.
  int Wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Out() const { return Read(out_); }
  std::string Err() const { return Read(err_); }
  /// Waits, for 10 s at most, until it has logged this.
  bool AwaitErr(const std::string& text) const {
    for (int i = 0; i < 1000 && Err().find(text) == std::string::npos; ++i) usleep(10'000);
    return Err().find(text) != std::string::npos;
  }
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

/// Its folder, its keys, and the TLS key of slot 1, which may check it.
class ProviderProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "kaisar-provider-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    tls_key_ = MakeTlsKey("slot").value();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  ProviderProcess Start(const std::vector<std::string>& arguments) {
    return ProviderProcess(directory_, arguments);
  }
  int Run(const std::vector<std::string>& arguments) {
    ProviderProcess process = Start(arguments);
    const int status = process.Wait();
    out_ = process.Out();
    err_ = process.Err();
    return status;
  }
  void MakeKeys() {
    ASSERT_EQ(Run({"keys", "new", "--out", directory_ + "/keys", "--light"}), 0) << err_;
  }
  std::string WriteConfig(const std::string& listen, const std::string& more = "") {
    const std::string path = directory_ + "/provider.yaml";
    const std::string yaml = absl::StrCat(
        "chain_id: 31337\ncontract: \"0x0000000000000000000000000000000000000000\"\nlisten: ",
        listen, "\ntls_key: keys/tls.pem\nthreads: 1\nstate_memory_bytes: 1073741824\ndevices:\n",
        "  - {id: ", kDevice, ", class: cpu, keystore: keys/keystore.json, ",
        "password: keys/password}\nslots:\n  - id: 1\n    address: \"",
        ToHex(SampleSlot(1).address), "\"\n    tls_pin: \"",
        ToHex(TlsPin(tls_key_.certificate_pem).value()), "\"\n", more);
    EXPECT_TRUE(WriteFile(path, yaml).ok());
    return path;
  }

  std::string directory_;
  TlsKey tls_key_;
  std::string out_;
  std::string err_;
};

}  // namespace kaisar::provider
