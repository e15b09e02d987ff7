// The proof of one record, from a stranger: refused, or read so that writing it again gives the
// same; it shows what its path leads to and nothing else.

#include <cstddef>
#include <cstdint>
#include <string>

#include "audit/inclusion_proof.h"
#include "audit/merkle_log.h"
#include "audit/record_proof.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using kaisar::audit::ParseRecordProof;
  const auto proof = ParseRecordProof(std::string(reinterpret_cast<const char*>(input), size));
  if (!proof.ok()) {
    KAISAR_CHECK(!proof.status().message().empty());
    return 0;
  }
  const auto again = ParseRecordProof(kaisar::audit::SerializeRecordProof(*proof));
  KAISAR_CHECK(again.ok() && again->record == proof->record && again->root == proof->root);
  kaisar::audit::Report report;
  report.epoch = proof->epoch;
  report.slot = proof->slot;
  const auto leaf = kaisar::audit::MerkleLog::LeafHash(kaisar::ViewOf(proof->record));
  const auto root = kaisar::audit::RootOfInclusion(leaf, proof->inclusion);
  KAISAR_CHECK(!kaisar::audit::CheckRecordProof(*proof, report).ok());  // of a log without a root
  if (!root.ok()) return 0;
  report.transcript_root = *root;
  KAISAR_CHECK(kaisar::audit::CheckRecordProof(*proof, report).ok() == (*root == proof->root));
  return 0;
}
