#include "audit/record_proof.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "audit/log_reader.h"
#include "audit/merkle_log.h"
#include "audit/object_reader.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPath = 64;  // a tree of 2^64 leaves

/// Only the one form that SerializeRecordProof gives: the library leaves spaces and padding open.
bool FromBase64(const std::string& text, std::string& bytes) {
  return absl::Base64Unescape(text, &bytes) && absl::Base64Escape(bytes) == text;
}

absl::Status Differs(const std::string& what, const std::string& proof, const std::string& report) {
  return absl::FailedPreconditionError(
      absl::StrCat(what, " of the proof is ", proof, ", of the report ", report));
}

}  // namespace

absl::StatusOr<RecordProof> ProveRecord(const std::string& log_path, std::uint64_t index) {
  RecordProof proof;
  InclusionProver prover(index);
  ASSIGN_OR_RETURN(const LogSummary summary, ReadLog(log_path, [&](std::uint64_t at, ByteView bytes,
                                                                   const v1::Record& record) {
                     if (at == 0) {
                       proof.epoch = record.epoch_opened().epoch();
                       proof.slot = record.epoch_opened().slot();
                     }
                     if (at == index) proof.record = ToString(bytes);
                     prover.AppendLeaf(MerkleLog::LeafHash(bytes));
                     return absl::OkStatus();
                   }));
  if (index >= summary.records) {
    return absl::OutOfRangeError(absl::StrCat(log_path, ": has no record ", index, ": it has ",
                                              summary.records, ", counted from 0"));
  }
  if (!summary.closed) {
    return absl::FailedPreconditionError(
        absl::StrCat(log_path, ": the epoch is not closed, so no report has its root"));
  }
  ASSIGN_OR_RETURN(proof.inclusion, prover.Finish());
  proof.root = summary.root;
  return proof;
}

std::string SerializeRecordProof(const RecordProof& proof) {
  Json path = Json::array();
  for (const Digest& hash : proof.inclusion.path) path.push_back(ToPrefixedHex(hash));
  const Json json = {{"epoch", proof.epoch},
                     {"slot", proof.slot},
                     {"root", ToPrefixedHex(proof.root)},
                     {"index", proof.inclusion.index},
                     {"size", proof.inclusion.size},
                     {"path", path},
                     {"record", absl::Base64Escape(proof.record)}};
  return json.dump(2) + "\n";
}

absl::StatusOr<RecordProof> ParseRecordProof(const std::string& text) {
  ASSIGN_OR_RETURN(const Json json, ParseJsonStrictly(text, "proof"));
  ObjectReader reader(json, "", "a proof");
  RecordProof proof;
  constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();
  proof.epoch = static_cast<std::uint32_t>(reader.Uint("epoch", kMost32));
  proof.slot = static_cast<std::uint32_t>(reader.Uint("slot", kMost32));
  proof.root = reader.Hex<32>("root");
  proof.inclusion.index = reader.Uint("index", kMost64);
  proof.inclusion.size = reader.Uint("size", kMost64);
  const Json& path = reader.Array("path");
  if (path.size() > kMostPath) {
    reader.Fail("path", path.size(), absl::StrCat("at most ", kMostPath, " hashes"));
  } else {
    for (const Json& hash : path) {
      proof.inclusion.path.push_back(reader.HexOf<32>("path", hash));
    }
  }
  const std::string record = reader.Text("record");
  if (!FromBase64(record, proof.record)) reader.Fail("record", record, "base64");
  RETURN_IF_ERROR(reader.Finish());
  return proof;
}

absl::Status CheckRecordProof(const RecordProof& proof, const Report& report) {
  const InclusionProof& inclusion = proof.inclusion;
  ASSIGN_OR_RETURN(const Digest root,
                   RootOfInclusion(MerkleLog::LeafHash(ViewOf(proof.record)), inclusion));
  if (root == report.transcript_root && proof.root != report.transcript_root) {
    return Differs("root", ToPrefixedHex(proof.root), ToPrefixedHex(report.transcript_root));
  }
  if (proof.epoch != report.epoch) {
    return Differs("epoch", absl::StrCat(proof.epoch), absl::StrCat(report.epoch));
  }
  if (proof.slot != report.slot) {
    return Differs("slot", absl::StrCat(proof.slot), absl::StrCat(report.slot));
  }
  if (root == report.transcript_root) return absl::OkStatus();
  if (root == proof.root) {
    return absl::FailedPreconditionError(absl::StrCat("is of another log: its root is ",
                                                      ToPrefixedHex(root), ", the report's ",
                                                      ToPrefixedHex(report.transcript_root)));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the record or its path was changed: they lead to root ", ToPrefixedHex(root),
                   ", the report has ", ToPrefixedHex(report.transcript_root)));
}

}  // namespace kaisar::audit
