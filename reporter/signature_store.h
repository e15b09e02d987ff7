#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/report.h"
#include "base/signing_key.h"

namespace kaisar::reporter {

/// The one place where report signatures are made: a slot signs one commitment per epoch, ever.
/// (chain, contract, slot, epoch, digest) is durable before the signature leaves.
///
/// Threads: all methods from any thread.
/// Source:  docs/protocol.md, Report; settlement.md, The checker's side.
class SignatureStore {
 public:
  /// Makes an empty store for a slot that has never signed.
  ///
  /// Errors: AlreadyExists when there is one.
  static absl::Status Initialize(const std::string& path);

  /// Opens a store for this process alone.
  ///
  /// Errors: NotFound, with how to initialize, when there is none: a missing history is never an
  ///         empty one; DataLoss when it is damaged; FailedPrecondition when another process has it
  ///         open, naming it.
  static absl::StatusOr<std::unique_ptr<SignatureStore>> Open(const std::string& path);

  virtual ~SignatureStore() = default;

  /// Signs a report's digest; the same digest again gives the same signature.
  ///
  /// Errors: AlreadyExists, with both digests, when another digest was signed for this epoch;
  ///         Internal when the row cannot be made durable (nothing is signed then).
  virtual absl::StatusOr<Signature> Sign(const audit::Report& report, const SigningKey& key) = 0;

  /// The digest that a slot signed for an epoch; null when it signed none.
  ///
  /// Errors: Internal when the store cannot be read.
  virtual absl::StatusOr<std::optional<Digest>> Find(const SigningDomain& domain,
                                                     std::uint32_t slot, std::uint32_t epoch) = 0;

  /// All that was signed, as JSON for another node (reporter/signature_interchange.h).
  virtual absl::StatusOr<std::string> Export() = 0;

  /// Takes over what another node exported, all of it or nothing. Nothing is signed any more for an
  /// epoch up to the last one that is known then, but for what is known: the other node may have
  /// signed after its export.
  ///
  /// Result: rows that were not known before.
  /// Errors: InvalidArgument with the key when it is no such JSON; AlreadyExists, with both
  /// digests,
  ///         when it contradicts this store; Internal when it cannot be made durable.
  virtual absl::StatusOr<std::uint32_t> Import(const std::string& json) = 0;
};

}  // namespace kaisar::reporter
