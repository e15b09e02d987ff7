#include "checker/init_command.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

namespace fs = std::filesystem;

constexpr char kConfig[] = R"(# kaisar-checker run --config checker.yaml
# Paths are relative to this file. Unknown keys are errors. A key that is commented out has the value
# shown.

slot: 0                            # which slot this checker is; with registry: evm it may be left out

# registry: file                   # file: the roster below; evm: the chain block, in place of it
roster: roster.yaml                # who takes part, and when the epochs are
# chain:
#   deployment: deployment.json    # where the contracts are; published with the network
#   rpc: ["http://127.0.0.1:8545"] # 1 to 8 endpoints, tried in turn
#   confirmations: 2               # blocks on top of what counts as done, 0 to 64
#   max_fee_gwei: 200              # never offers more per gas, 1 to 1000000
#   low_balance: "0.05"            # coins; with less the hot key is warned about
#   timeout_ms: 5000               # of one request, 100 to 60000
#   settle_batch: 20               # devices a transaction, 1 to 100

data_dir: data                     # logs, reports and the signature store: keep it when you move
policy: policy.yaml                # what is asked of whom; published with the network

# Made by: kaisar-checker keys new --out keys
keystore: keys/keystore.json       # the hot key, Web3 Secret Storage
tls_key: keys/tls.pem              # private key and certificate
hash_chain: keys/hash_chain.json   # one secret per epoch
password: password                 # opens keystore and hash_chain: a file (mode 0600), or fd:N

# Strangers that nearly always accept a TCP connect, at most 16. When a device does not answer, they
# tell whether it is you that is offline: then the challenge is inconclusive.
# reference_endpoints: ["one.one.one.one:443", "dns.google:443"]

# Who tells the time over SNTP, at most 8: `kaisar-checker doctor` compares this machine's clock with it.
# ntp_servers: [pool.ntp.org]      # port 123, or host:port

# What this machine's own connection carries, in bits per second, 1000000 to 1000000000000. Needed when
# the policy asks bandwidth: tests under way never ask for more than 80 % of it, so a figure that is
# too large makes devices look slow.
# connection: {out_bits_per_second: 1000000000, in_bits_per_second: 1000000000}
# iperf: /usr/bin/kaisar-iperf     # default: kaisar-iperf beside kaisar-checker

# The status page, http://127.0.0.1:9464/, and for machines /metrics, /healthz and /readyz. An address
# that others can reach needs a token (a file of mode 0600): browsers ask for it as the password of any
# user, programs say Authorization: Bearer TOKEN. listen: off serves nothing.
# monitor: {listen: "127.0.0.1:9464"}

# check_threads: 1                 # threads that check proofs, 1 to 64
# max_matmul_in_flight: 4096       # matmul challenges at one time, 1 to 65536
# connect_timeout_ms: 3000         # TCP and TLS, 100 to 60000
# idle_timeout_ms: 1800000         # close a connection that was unused for so long, 1000 to 86400000
# log_level: info                  # trace, debug, info, warn or error
)";

constexpr char kRoster[] = R"(# The devices that are checked, and the slots that check them.

network:
  chain_id: 31337                  # in every signature; one number per network
  genesis_ms: 1767225600000        # Unix time in ms at which epoch 0 begins (2026-01-01 00:00 UTC)
  epoch_seconds: 86400             # 1 to 2592000

muster: false                      # true: one more matmul challenge, at one instant for all devices

slots:                             # the output of: kaisar-checker keys show --dir keys
  - id: 0
    address: "0x0000000000000000000000000000000000000001"
    tls_pin: "0000000000000000000000000000000000000000000000000000000000000000"
    anchor: "0000000000000000000000000000000000000000000000000000000000000000"
    anchor_epoch: 0

devices:
  - id: 1                          # 0 to 16777214
    name: an example               # optional, only shown
    owner: "0x0000000000000000000000000000000000001001"
    key: "0x0000000000000000000000000000000000000002"   # address of the device key
    tls_pin: "0000000000000000000000000000000000000000000000000000000000000000"
    endpoint: "192.0.2.1:7000"     # host:port, or [IPv6]:port
    class: cpu                     # one of the policy's classes
    region: somewhere
    phase: STANDBY                 # REGISTERING, STANDBY or IN_SERVICE
    ops_per_second: 100000000000   # claimed: int8 multiply and add, counted as two
    down_bits_per_second: 1000000000
    up_bits_per_second: 1000000000
)";

}  // namespace

absl::Status WriteExamples(const std::string& directory, std::ostream& out) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return absl::InternalError(absl::StrCat("make ", directory, ": ", error.message()));
  }
  const std::string config = fs::path(directory) / "checker.yaml";
  const std::string roster = fs::path(directory) / "roster.yaml";
  for (const std::string& file : {config, roster}) {
    if (fs::exists(fs::symlink_status(file, error))) {
      return absl::AlreadyExistsError(absl::StrCat(file, " is there already; nothing was written"));
    }
  }
  RETURN_IF_ERROR(WriteFile(config, kConfig));
  RETURN_IF_ERROR(WriteFile(roster, kRoster));
  out << "wrote " << config << " and " << roster << "\n"
      << "next: kaisar-checker keys new --out " << (fs::path(directory) / "keys").string() << "\n"
      << "      put its output into the roster, the network's policy beside it, and run\n"
      << "      kaisar-checker run --config " << config << "\n";
  return absl::OkStatus();
}

}  // namespace kaisar::checker
