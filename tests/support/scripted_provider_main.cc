// scripted-provider: a provider that cheats as told, for tests, benchmarks and the quickstart.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/keys/tls_key.h"
#include "base/status_macros.h"
#include "tests/support/cheats.h"
#include "tests/support/scripted_provider.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kMostKeyBytes = 65536;

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string tls;
  std::string devices = "1";
  std::string keystore;
  std::string password;
  std::string contract;
  std::uint64_t chain_id = 0;
  int threads = 1;
  std::string iperf;
  std::vector<std::string> cheats;
  bool print_roster = false;
  bool list_cheats = false;
};

absl::StatusOr<ScriptedOptions> ToOptions(const Flags& flags) {
  ScriptedOptions options;
  options.listen = flags.listen;
  options.threads = flags.threads;
  options.iperf = flags.iperf;
  options.domain.chain_id = flags.chain_id;
  if (!flags.contract.empty()) {
    ASSIGN_OR_RETURN(options.domain.contract, ParseHexArray<20>(flags.contract));
  }
  ASSIGN_OR_RETURN(const auto range, ParseDeviceRange(flags.devices));
  options.first_device = range.first;
  options.last_device = range.second;
  for (const std::string& text : flags.cheats) {
    ASSIGN_OR_RETURN(const Behaviour behaviour, ParseBehaviour(text));
    options.behaviours.push_back(behaviour);
  }
  if (!flags.tls.empty()) {
    ASSIGN_OR_RETURN(const std::string pem, ReadSecretFile(flags.tls, kMostKeyBytes));
    ASSIGN_OR_RETURN(options.tls, ParseTlsKey(pem));
  }
  if (!flags.keystore.empty()) {
    if (range.first != range.second) {
      return absl::InvalidArgumentError("a keystore holds the key of one device: name one");
    }
    ASSIGN_OR_RETURN(const std::string json, ReadSecretFile(flags.keystore, kMostKeyBytes));
    ASSIGN_OR_RETURN(const std::string password, ReadPassword(flags.password));
    ASSIGN_OR_RETURN(SigningKey key, DecryptKeystore(json, password));
    options.key = std::make_shared<const SigningKey>(std::move(key));
  }
  return options;
}

void PrintRoster(const ScriptedProvider& provider, const ScriptedOptions& options) {
  for (std::uint32_t id = options.first_device; id <= options.last_device; ++id) {
    const v1::Device device = provider.RosterEntry(id);
    std::cout << "  - id: " << id << "\n    key: 0x" << ToHex(ViewOf(device.key()))
              << "\n    tls_pin: 0x" << ToHex(ViewOf(device.tls_pin()))
              << "\n    endpoint: " << device.endpoint() << "\n";
  }
}

absl::Status Run(const Flags& flags) {
  // Thousands of devices are thousands of connections.
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  // Blocked before any thread starts, so that sigwait below is the one who gets them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  ASSIGN_OR_RETURN(const ScriptedOptions options, ToOptions(flags));
  ASSIGN_OR_RETURN(const auto provider, ScriptedProvider::Start(options));
  if (flags.print_roster) PrintRoster(*provider, options);
  std::cout << "listening on " << provider->endpoint() << std::endl;
  int signal = 0;
  sigwait(&ending, &signal);
  return absl::OkStatus();
}

}  // namespace
}  // namespace kaisar::testing

int main(int argc, char** argv) {
  kaisar::testing::Flags flags;
  CLI::App app{"A provider that cheats as told, for tests"};
  app.add_option("--listen", flags.listen, "HOST:PORT; port 0 takes a free one");
  app.add_option("--tls", flags.tls, "PEM file with TLS key and certificate; else a new key");
  app.add_option("--devices,--device", flags.devices, "ID or FIRST-LAST");
  app.add_option("--keystore", flags.keystore, "the key of the only device; else made from its id");
  app.add_option("--password", flags.password, "file with the keystore's password, or fd:N");
  app.add_option("--chain-id", flags.chain_id, "of the signing domain");
  app.add_option("--contract", flags.contract, "of the signing domain; zero for a file roster");
  app.add_option("--threads", flags.threads, "of the matmul engine")->check(CLI::Range(1, 256));
  app.add_option("--iperf", flags.iperf, "kaisar-iperf; else the one of this build");
  app.add_option("--cheat", flags.cheats,
                 "NAME[=VALUE][@latency|@bandwidth|@matmul][:FIRST[-LAST]]; the first that fits is "
                 "taken")
      ->take_all();
  app.add_flag("--print-roster", flags.print_roster, "print the devices as roster entries (YAML)");
  app.add_flag("--list-cheats", flags.list_cheats, "print the names of all cheats and end");
  CLI11_PARSE(app, argc, argv);
  if (flags.list_cheats) {
    for (const auto& info : kaisar::testing::AllCheats()) std::cout << info.name << "\n";
    return 0;
  }
  const absl::Status status = kaisar::testing::Run(flags);
  if (!status.ok()) {
    std::cerr << "scripted-provider: " << status.message() << "\n";
    return 2;
  }
  return 0;
}
