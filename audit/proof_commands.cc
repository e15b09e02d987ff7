#include "audit/proof_commands.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "audit/names.h"
#include "audit/record_proof.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/signing_key.h"
#include "base/status_macros.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {
namespace {

constexpr int kWrong = 1;
constexpr int kUnreadable = 2;
/// A record of 64 MiB in base64, and room for the rest.
constexpr std::uint64_t kMostProofBytes = std::uint64_t{96} << 20;
constexpr std::size_t kMostShownBytes = 4096;

int Fail(const absl::Status& status, int exit_status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return exit_status;
}

/// What a record says, in words.
std::string Says(const v1::Record& record) {
  switch (record.body_case()) {
    case v1::Record::kEpochOpened:
      return absl::StrCat("epoch ", record.epoch_opened().epoch(), " was opened by slot ",
                          record.epoch_opened().slot());
    case v1::Record::kIssued: {
      const v1::Challenge& terms = record.issued().challenge().challenge();
      return absl::StrCat(NameOf(terms.device(), terms.kind(), record.issued().sequence()),
                          " was issued");
    }
    case v1::Record::kCommitment:
      return absl::StrCat("a commitment came to challenge ",
                          ToHex(ViewOf(record.commitment().challenge_id())));
    case v1::Record::kClosed: {
      const v1::ChallengeClosed& closed = record.closed();
      return absl::StrCat(NameOf(closed.device(), closed.kind(), closed.sequence()),
                          " was closed: ", NameOf(closed.verdict(), closed.reason()));
    }
    case v1::Record::kEpochClosed:
      return "the epoch was closed";
    case v1::Record::kDescribed:
      return absl::StrCat("device ", record.described().device(), " was asked to describe itself");
    default:
      return "nothing that this version knows";
  }
}

/// What is too long to be looked at gives way to its length and hash.
void Shorten(std::string& bytes, const std::string& name, std::ostream& out) {
  if (bytes.size() <= kMostShownBytes) return;
  out << "(" << name << " is left out below: " << bytes.size() << " bytes, SHA-256 "
      << ToHex(Sha256(ViewOf(bytes))) << ")\n";
  bytes.clear();
}

absl::Status PrintRecord(v1::Record record, std::ostream& out) {
  if (record.has_closed() && record.closed().matmul().has_opening()) {
    Shorten(*record.mutable_closed()->mutable_matmul()->mutable_opening()->mutable_body(),
            "closed.matmul.opening.body", out);
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(record, &text, options).ok()) {
    return absl::DataLossError("the record cannot be shown as JSON");
  }
  out << text;
  return absl::OkStatus();
}

absl::Status CheckSignature(const SignedReport& report) {
  const absl::StatusOr<Address> signer =
      RecoverAddress(ReportDigest(report.report), report.signature);
  if (signer.ok() && *signer == report.signer) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("is not signed by its signer, 0x", ToHex(report.signer)));
}

absl::Status CheckReport(const ReportFile& file) {
  if (!file.contradictions.empty()) {
    return absl::FailedPreconditionError(file.contradictions.front());
  }
  return CheckSignature(file.report);
}

absl::StatusOr<RecordProof> ReadProof(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMostProofBytes));
  absl::StatusOr<RecordProof> proof = ParseRecordProof(json);
  if (proof.ok()) return proof;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", proof.status().message()));
}

void PrintWhatItProves(const RecordProof& proof, const SignedReport& report, std::ostream& out) {
  out << "holds: this record is in the log whose root 0x" << ToHex(report.report.transcript_root)
      << "\nis in the report of slot " << report.report.slot << " for epoch " << report.report.epoch
      << ", signed by 0x" << ToHex(report.signer)
      << ".\nIt does not prove that what the record says is true, which `verify` does with the "
         "whole log;\nthat 0x"
      << ToHex(report.signer).substr(0, 8) << "… is the key of that slot, which the roster tells; "
      << "or that\nthe record is the one with index " << proof.inclusion.index << " of "
      << proof.inclusion.size << ": no report holds the size.\n";
}

}  // namespace

int RunProve(const std::string& log_path, std::uint64_t index, const std::string& proof_path,
             std::ostream& out, std::ostream& errors) {
  const absl::StatusOr<RecordProof> proof = ProveRecord(log_path, index);
  if (!proof.ok()) {
    return Fail(proof.status(), absl::IsDataLoss(proof.status()) ? kWrong : kUnreadable, errors);
  }
  const std::string json = SerializeRecordProof(*proof);
  if (proof_path.empty()) {
    out << json;
    return 0;
  }
  const absl::Status written = WriteFile(proof_path, json);
  return written.ok() ? 0 : Fail(written, kUnreadable, errors);
}

int RunCheckProof(const std::string& proof_path, const std::string& report_path, std::ostream& out,
                  std::ostream& errors) {
  const absl::StatusOr<ReportFile> report = ReadReportFile(report_path);
  if (!report.ok()) return Fail(report.status(), kUnreadable, errors);
  const absl::StatusOr<RecordProof> proof = ReadProof(proof_path);
  if (!proof.ok()) return Fail(proof.status(), kUnreadable, errors);
  const auto wrong = [&](const std::string& path, const absl::Status& status) {
    return Fail(absl::FailedPreconditionError(absl::StrCat(path, ": ", status.message())), kWrong,
                errors);
  };
  if (absl::Status status = CheckReport(*report); !status.ok()) return wrong(report_path, status);
  if (absl::Status status = CheckRecordProof(*proof, report->report.report); !status.ok()) {
    return wrong(proof_path, status);
  }
  v1::Record record;
  if (!record.ParseFromString(proof->record)) {
    return wrong(proof_path, absl::DataLossError("the record is no message of kaisar.v1.Record"));
  }
  if (absl::Status status = PrintRecord(record, out); !status.ok())
    return wrong(proof_path, status);
  out << "\nIt says that " << Says(record) << ".\n";
  PrintWhatItProves(*proof, report->report, out);
  return 0;
}

}  // namespace kaisar::audit
