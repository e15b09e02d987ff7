#include "audit/challenge_figures.h"

#include "audit/shares.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"

namespace kaisar::audit {
namespace {

void AddMatmul(const challenges::Policy& policy, const LoggedChallenge& challenge,
               ChallengeFigures& figures) {
  const auto asked = policy.classes.find(challenge.device.device_class());
  if (challenge.commitment == nullptr || asked == policy.classes.end()) return;
  figures.ops_per_second =
      challenges::MatmulRate({asked->second.n, asked->second.rounds}, *challenge.commitment);
  figures.share_ppm = ShareOf(*figures.ops_per_second, challenge.device.ops_per_second());
}

void AddBandwidth(const challenges::Policy& policy, const LoggedChallenge& challenge,
                  ChallengeFigures& figures) {
  const auto rates = challenges::RatesOf(challenge.closed.bandwidth());
  if (!rates.ok()) return;
  figures.down_bits_per_second = rates->down_bits_per_second;
  figures.up_bits_per_second = rates->up_bits_per_second;
  figures.share_ppm = BandwidthShare(challenge.device, rates->down_bits_per_second,
                                     rates->up_bits_per_second, policy.bandwidth);
}

}  // namespace

ChallengeFigures FiguresOf(const challenges::Policy& policy, const LoggedChallenge& challenge) {
  const v1::ChallengeClosed& closed = challenge.closed;
  ChallengeFigures figures;
  if (closed.verdict() != v1::PASS) {
    if (closed.verdict() == v1::FAIL && closed.kind() != v1::LATENCY) figures.share_ppm = 0;
    return figures;
  }
  if (closed.kind() == v1::LATENCY) {
    figures.rtt_us = challenges::Summarize(closed.latency(), policy.latency.pings).median_us;
    figures.share_ppm = LatencyShare(*figures.rtt_us, policy.latency);
  } else if (closed.kind() == v1::MATMUL) {
    AddMatmul(policy, challenge, figures);
  } else if (closed.kind() == v1::BANDWIDTH) {
    AddBandwidth(policy, challenge, figures);
  }
  return figures;
}

}  // namespace kaisar::audit
