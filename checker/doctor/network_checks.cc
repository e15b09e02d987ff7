#include "checker/doctor/network_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

/// As `status` has it: ten blocks of Ethereum.
constexpr std::uint64_t kStaleBlockS = 120;
/// No block is from the future; so far ahead may be who made it.
constexpr std::uint64_t kMostAheadS = 5;
/// A report takes some fifty requests in a window of minutes.
constexpr std::uint64_t kSlowMs = 1000;
constexpr std::size_t kMostNamed = 8;
constexpr char kSetClock[] = "run chrony or systemd-timesyncd";

Finding CheckOne(const RpcAnswer& answer, std::uint64_t now_ms) {
  if (!answer.status.ok()) {
    // The client names the endpoint itself.
    return {Level::kFailure, "rpc", std::string(answer.status.message()),
            "another endpoint in chain.rpc, if it stays"};
  }
  const std::uint64_t now_s = now_ms / 1000;
  const std::uint64_t age_s = now_s > answer.block_s ? now_s - answer.block_s : 0;
  const std::string what = absl::StrCat(answer.endpoint, ": block ", answer.block, ", ", age_s,
                                        " s old, answered in ", answer.latency_ms, " ms");
  if (age_s > kStaleBlockS) {
    return {Level::kFailure, "rpc", absl::StrCat(what, "; limit ", kStaleBlockS, " s"),
            "compare with another endpoint: it is behind, the chain stands still, or this "
            "machine's clock is ahead"};
  }
  if (answer.latency_ms > kSlowMs) {
    return {Level::kWarning, "rpc", absl::StrCat(what, "; limit ", kSlowMs, " ms"),
            "an endpoint that is nearer"};
  }
  return {Level::kOk, "rpc", what, ""};
}

void CheckServer(const NtpAnswer& answer, std::uint32_t step_ms, Findings& findings) {
  if (!answer.behind_us.ok()) {
    findings.push_back(
        {Level::kWarning, "clock",
         absl::StrCat(answer.server, ": ", std::string(answer.behind_us.status().message())),
         "open UDP port 123 to it, or name another one in ntp_servers"});
    return;
  }
  const std::int64_t behind_ms = *answer.behind_us / 1000;
  const auto off_ms = static_cast<std::uint64_t>(behind_ms < 0 ? -behind_ms : behind_ms);
  const std::string what = absl::StrCat(off_ms, " ms ", behind_ms < 0 ? "ahead of " : "behind ",
                                        answer.server, ", limit ", step_ms, " ms");
  if (off_ms <= step_ms) {
    findings.push_back({Level::kOk, "clock", what, ""});
  } else {
    findings.push_back({Level::kFailure, "clock", what,
                        absl::StrCat(kSetClock,
                                     ", which slew: a step while challenges are open "
                                     "makes them CLOCK_STEPPED")});
  }
}

}  // namespace

Findings CheckRpc(const std::vector<RpcAnswer>& answers, std::uint64_t now_ms) {
  Findings findings;
  for (const RpcAnswer& answer : answers) findings.push_back(CheckOne(answer, now_ms));
  if (answers.size() == 1) {
    findings.push_back({Level::kWarning, "rpc", "one endpoint is all there is in chain.rpc",
                        "add one of another operator: without any a report is missed"});
  }
  return findings;
}

Findings CheckClock(std::uint64_t now_ms, std::optional<std::uint64_t> newest_block_s,
                    const std::vector<NtpAnswer>& servers, std::uint32_t step_ms) {
  Findings findings;
  const std::uint64_t now_s = now_ms / 1000;
  if (newest_block_s && *newest_block_s > now_s + kMostAheadS) {
    findings.push_back(
        {Level::kFailure, "clock",
         absl::StrCat(*newest_block_s - now_s, " s behind the chain's newest block, limit ",
                      kMostAheadS, " s"),
         kSetClock});
  } else if (newest_block_s && now_s > *newest_block_s + kStaleBlockS) {
    findings.push_back(
        {Level::kWarning, "clock",
         absl::StrCat(now_s - *newest_block_s, " s ahead of the chain's newest block, limit ",
                      kStaleBlockS, " s, or the chain stands still"),
         kSetClock});
  } else if (newest_block_s) {
    findings.push_back({Level::kOk, "clock", "agrees with the chain's newest block", ""});
  }
  for (const NtpAnswer& server : servers) CheckServer(server, step_ms, findings);
  if (findings.empty()) {
    findings.push_back({Level::kWarning, "clock", "there is nothing to compare it with",
                        "name time servers in the config: ntp_servers: [pool.ntp.org]"});
  }
  return findings;
}

Finding CheckReached(const Reached& reached) {
  const std::size_t reachable = reached.tried - reached.silent.size();
  std::string what = absl::StrCat(reachable, " of ", reached.tried, " devices accept a connection");
  if (reached.tried < reached.devices) {
    absl::StrAppend(&what, " (", reached.devices, " in the roster)");
  }
  if (reached.silent.empty()) return {Level::kOk, "roster", what, ""};
  absl::StrAppend(&what, "; not");
  for (std::size_t i = 0; i < std::min(reached.silent.size(), kMostNamed); ++i) {
    absl::StrAppend(&what, i == 0 ? " " : ", ", reached.silent[i]);
  }
  if (reached.silent.size() > kMostNamed) absl::StrAppend(&what, ", …");
  if (reachable > 0) {
    return {Level::kWarning, "roster", what,
            "nothing, if they are down; several of one network hint at a firewall"};
  }
  return {Level::kFailure, "roster", what,
          "this machine's firewall or uplink: outgoing TCP must be open to any port"};
}

}  // namespace kaisar::checker
