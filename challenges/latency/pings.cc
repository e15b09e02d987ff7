#include "challenges/latency/pings.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/sha256.h"

namespace kaisar::challenges {

std::vector<PingNonce> PingNonces(const EpochKey& key, const Digest& challenge_id,
                                  std::uint32_t count) {
  Stream stream = key.MakeStream("ping", challenge_id);
  std::vector<PingNonce> nonces(count);
  for (PingNonce& nonce : nonces) {
    // The keystream's own bytes: a word is read little-endian, and written so again.
    std::uint64_t word = stream.NextWord();
    for (std::uint8_t& byte : nonce) {
      byte = static_cast<std::uint8_t>(word);
      word >>= 8;
    }
  }
  return nonces;
}

absl::StatusOr<Digest> NoncesHash(const std::vector<PingNonce>& nonces,
                                  const v1::LatencyEvidence& evidence) {
  std::vector<bool> echoed(nonces.size());
  Bytes received;
  for (const v1::LatencyEvidence::Echo& echo : evidence.echoes()) {
    if (echo.ping() >= nonces.size()) {
      return absl::FailedPreconditionError(
          absl::StrCat("echo of ping ", echo.ping(), ", only ", nonces.size(), " were to be sent"));
    }
    if (echoed[echo.ping()]) {
      return absl::FailedPreconditionError(absl::StrCat("ping ", echo.ping(), " echoed twice"));
    }
    echoed[echo.ping()] = true;
    Append(received, nonces[echo.ping()]);
  }
  return Sha256(received);
}

RttSummary Summarize(const v1::LatencyEvidence& evidence, std::uint32_t pings) {
  RttSummary summary;
  std::vector<std::uint32_t> rtts_us;
  rtts_us.reserve(static_cast<std::size_t>(evidence.echoes_size()));
  for (const v1::LatencyEvidence::Echo& echo : evidence.echoes()) rtts_us.push_back(echo.rtt_us());
  summary.lost = rtts_us.size() < pings ? pings - static_cast<std::uint32_t>(rtts_us.size()) : 0;
  if (rtts_us.empty()) return summary;
  std::sort(rtts_us.begin(), rtts_us.end());
  const std::size_t count = rtts_us.size();
  summary.smallest_us = rtts_us.front();
  summary.median_us = rtts_us[(count - 1) / 2];
  summary.p95_us = rtts_us[(count * 95 + 99) / 100 - 1];  // rank ⌈0.95 · count⌉
  return summary;
}

}  // namespace kaisar::challenges
