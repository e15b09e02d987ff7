#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "checker/provider_client.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::checker {

/// Hands opened tests to the stock iperf3 tool: says where they listen, and with which credentials
/// and options the tool is to be started. The public key goes to a temporary file, which the
/// destructor removes.
class ProbeHandover {
 public:
  /// Errors: Internal when there is no place for temporary files.
  static absl::StatusOr<std::unique_ptr<ProbeHandover>> Make(const v1::SignedChallenge& challenge,
                                                             const Digest& password, bool json);
  ~ProbeHandover();

  /// Prints one opened test; as JSON, one object a line.
  ///
  /// Errors: Internal when the key cannot be written.
  absl::Status Print(const BandwidthOpening& opening, std::ostream& out);

 private:
  ProbeHandover(const v1::SignedChallenge& challenge, const Digest& password, bool json,
                std::string folder);

  const std::string user_;
  const std::string password_;
  const v1::BandwidthParams params_;
  const bool json_;
  const std::string folder_;
};

}  // namespace kaisar::checker
