#include "provider/config.h"

namespace kaisar::provider {

std::string ExampleConfig() {
  return R"(# Config of kaisar-provider. Every key: docs/provider.md. Unknown keys are errors.
# Paths that are not absolute are taken from the folder of this file.

# The network whose challenges are answered: part of everything that is signed. Leave out these two,
# and `slots` below, when the chain tells them (see `chain`).
chain_id: 1
contract: "0x0000000000000000000000000000000000000000"  # zero when there is no chain

# Where checkers reach this machine. Open this TCP port in the firewall, and those of `bandwidth`.
listen: 0.0.0.0:7443

# `kaisar-provider keys new --out keys` makes these files and prints address and pin for the
# registry.
tls_key: keys/tls.pem
devices:
  - id: 1
    class: cpu
    keystore: keys/keystore.json
    password: keys/password  # a file with mode 0600, or fd:N
    # The GPU that computes for this device: its UUID, its PCI id, or any when there is just one
    # (`kaisar-provider gpus` lists them). Left out: the CPU computes. One device for each GPU.
    # gpu: GPU-01234567-89ab-cdef-0123-456789abcdef
    # state_memory_bytes: 68719476736  # of this device, in the place of the one below

# Threads of the engine of each device that has no GPU. Left out: the cores, shared among them.
# threads: 8

# The most that the states of one matmul challenge may take: rounds * n * n bytes.
# Inputs (2 * n * n) and hash trees (a sixteenth) come on top. Larger challenges are refused.
# Left out, a device with a GPU takes what fits into 95 % of the GPU's memory.
state_memory_bytes: 4294967296

# The checkers that may check this machine.
slots:
  - id: 1
    address: "0x0000000000000000000000000000000000000001"
    tls_pin: "0000000000000000000000000000000000000000000000000000000000000001"

# On a chain instead, the slots that may check are drawn anew for each epoch; a device's id is what
# `kaisar-provider register` prints.
# chain:
#   deployment: deployment.json       # where the contracts are
#   rpc: ["http://127.0.0.1:8545"]    # up to 8, tried in turn
#   poll_ms: 5000
#   timeout_ms: 5000                  # of one request

# Bandwidth tests, one at a time: each listens for a few seconds on one of these TCP ports, for the
# checker alone. Without this block there are none, and the checkers count them as refused.
bandwidth:
  ports: 7500-7515
  in_service_seconds: 3     # longer tests are refused while a customer has the device
  refuse_in_service: false  # refuse them all then
  # most_bits_per_second: 1100000000  # refuse tests that are sent faster
  # iperf: /usr/lib/kaisar/kaisar-iperf  # left out: beside this program

# How often one checker may ask, over all devices.
rate_limit:
  matmul_per_minute: 60
  latency_per_minute: 600
  bandwidth_per_minute: 6
  burst: 64  # at once; at least the number of devices

# streams_per_slot: 64   # at once
# idle_ms: 20000         # a checker that owes a message for this long is cut off
# opening_ms: 60000      # from the commitment until the samples must have been asked
# monitor: {listen: "127.0.0.1:9465"}   # /metrics and /healthz; off; elsewhere with a token: FILE
log_level: info          # trace, debug, info, warning, error, critical, off
)";
}

}  // namespace kaisar::provider
