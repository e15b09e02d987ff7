#pragma once

#include "absl/status/statusor.h"
#include "base/keys/tls_key.h"

namespace kaisar::testing {

/// A certificate that somebody else has shown, with a private key that is not its own: what a thief
/// of the certificate can make. TLS libraries compare only public keys when they load a pair, so
/// the key file states the victim's public key beside the thief's secret.
absl::StatusOr<TlsKey> StealCertificate(const TlsKey& victim);

}  // namespace kaisar::testing
