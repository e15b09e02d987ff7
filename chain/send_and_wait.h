#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/signing_key.h"
#include "chain/chain_client.h"

namespace kaisar::chain {

struct WaitOptions {
  std::uint32_t confirmations = 1;  // blocks, the transaction's own included
  std::uint32_t timeout_s = 180;
  Uint256 most_fee = Uint256(200'000'000'000);  // wei per gas
  /// Told what goes on, a line each, for people.
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  /// Waits before the chain is asked again.
  std::function<void(std::uint32_t ms)> sleep;  // default: really sleeps
};

/// Sends one transaction for a person who waits for it: estimates gas, signs, sends, raises the fee
/// when blocks pass it over, and waits for its receipt. For the daemon's transactions, which must
/// survive the process, there is reporter/outbox.h.
///
/// Errors: Aborted with the decoded reason when it would revert or did; ResourceExhausted with
///         address, balance and need when the account cannot pay; DeadlineExceeded with the hash
///         when it is in no block in time (it may still get into one); those of ChainClient.
absl::StatusOr<Receipt> SendAndWait(ChainClient& client, const SigningKey& key, const Address& to,
                                    Bytes input, const WaitOptions& options, const Clock& clock);

}  // namespace kaisar::chain
