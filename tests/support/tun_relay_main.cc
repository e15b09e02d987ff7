// tun-relay: a router in user space between two network namespaces, with delay, jitter and loss.

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "base/status_macros.h"
#include "base/system_error.h"
#include "nlohmann/json.hpp"
#include "tests/support/tun_relay.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kNsPerUs = 1000;
constexpr std::uint64_t kMostUs = 60'000'000;  // a minute is further than any device is away
constexpr const char* kHelp = R"(Carries IP packets between two network namespaces.

  ip netns add a; ip netns add b
  tun-relay --left a --right b --delay-us 25000 --loss-ppm 1000 --seed 7 &
  ip -n a addr add 10.0.0.1 peer 10.0.0.2 dev relay0; ip -n a link set relay0 up
  ip -n b addr add 10.0.0.2 peer 10.0.0.1 dev relay0; ip -n b link set relay0 up

makes a line of 50 ms there and back that loses one packet in a thousand. It says "ready" when the
devices are there, and at SIGTERM, SIGINT, or the end of its parent one line of JSON: what it
carried, and how late against what was asked. The same seed and packets give the same losses.)";

struct Flags {
  TunRelayOptions options;
  std::uint64_t delay_us = 0;
  std::uint64_t jitter_us = 0;
  std::uint64_t spin_us = 0;
  bool realtime = false;
};

nlohmann::json ToJson(const TunRelayCounts& counts) {
  return {{"packets", counts.packets},
          {"bytes", counts.bytes},
          {"lost", counts.lost},
          {"dropped", counts.dropped}};
}

void Print(const TunRelay& relay) {
  const TunRelayLateness late = relay.lateness();
  const nlohmann::json told = {
      {"to_right", ToJson(relay.to_right())},
      {"to_left", ToJson(relay.to_left())},
      {"late_us", {{"median", late.median_us}, {"p99", late.p99_us}, {"most", late.most_us}}}};
  std::cout << told.dump() << std::endl;
}

absl::Status Run(Flags flags) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  const int stop = signalfd(-1, &ending, SFD_CLOEXEC);
  if (stop < 0) return SystemError("wait for", "signals");
  prctl(PR_SET_PDEATHSIG, SIGTERM);

  flags.options.spin_ns = flags.spin_us * kNsPerUs;
  flags.options.to_right.delay_ns = flags.delay_us * kNsPerUs;
  flags.options.to_right.jitter_ns = flags.jitter_us * kNsPerUs;
  flags.options.to_left = flags.options.to_right;
  sched_param lowest{};
  lowest.sched_priority = 1;
  if (flags.realtime && sched_setscheduler(0, SCHED_FIFO, &lowest) != 0) {
    return SystemError("take", "the scheduling policy SCHED_FIFO");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<TunRelay> relay, TunRelay::Open(flags.options));
  std::cout << "ready" << std::endl;
  const absl::Status status = relay->Run(stop);
  Print(*relay);
  close(stop);
  return status;
}

}  // namespace
}  // namespace kaisar::testing

int main(int argc, char** argv) {
  kaisar::testing::Flags flags;
  kaisar::testing::TunRelayTerms& terms = flags.options.to_right;
  flags.options.left.device = flags.options.right.device = "relay0";
  const CLI::Range us(std::uint64_t{0}, kaisar::testing::kMostUs);
  CLI::App app{kaisar::testing::kHelp};
  app.add_option("--left", flags.options.left.network, "network namespace: a name, or a path")
      ->required();
  app.add_option("--right", flags.options.right.network, "the other one")->required();
  app.add_option("--left-device", flags.options.left.device, "TUN device; relay0 unless told");
  app.add_option("--right-device", flags.options.right.device, "TUN device; relay0 unless told");
  app.add_option("--delay-us", flags.delay_us, "of each direction")->check(us);
  app.add_option("--jitter-us", flags.jitter_us, "up to this much more; packets may overtake")
      ->check(us);
  app.add_option("--loss-ppm", terms.loss_ppm, "packets lost, of a million")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--bits-per-second", terms.bits_per_second,
                 "of IP packets, each direction; no limit unless told");
  app.add_option("--queue-bytes", terms.queue_bytes, "what may wait for that rate; 262144")
      ->default_val(262144);
  app.add_option("--seed", flags.options.seed, "of losses and jitter; 1 unless told");
  app.add_option("--spin-us", flags.spin_us,
                 "before a packet is due, do not sleep: exact, costs CPU")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--realtime", flags.realtime, "before all other processes; needs the right to");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = kaisar::testing::Run(flags);
  if (!status.ok()) {
    std::cerr << "tun-relay: " << status.message() << "\n";
    return status.code() == absl::StatusCode::kPermissionDenied ? 77 : 2;
  }
  return 0;
}
