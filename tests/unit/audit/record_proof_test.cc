#include "audit/record_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "audit/proof_commands.h"
#include "base/file.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;

/// A log, its report, and the proof of one of its records.
class RecordProofTest : public ::testing::Test {
 protected:
  RecordProofTest() : directory_(TemporaryDirectory::Place::kMemory) {
    epoch_.WriteLog(directory_.File("log"));
    epoch_.WriteReport(directory_.File("report"));
    record_ = epoch_.FindClosed(5, v1::MATMUL, 0);
    absl::StatusOr<RecordProof> proof = ProveRecord(directory_.File("log"), record_);
    EXPECT_TRUE(proof.ok()) << proof.status();
    proof_ = *std::move(proof);
  }

  /// What `check-proof` says of a changed proof file.
  int Check(const std::function<void(nlohmann::ordered_json&)>& change) {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(SerializeRecordProof(proof_));
    change(json);
    EXPECT_TRUE(WriteFile(directory_.File("proof"), json.dump()).ok());
    out_.str("");
    errors_.str("");
    return RunCheckProof(directory_.File("proof"), directory_.File("report"), out_, errors_);
  }

  static const EpochFixture& Honest() {
    static const auto* const kEpoch = new EpochFixture();
    return *kEpoch;
  }

  EpochFixture epoch_ = Honest();
  TemporaryDirectory directory_;
  std::uint64_t record_ = 0;
  RecordProof proof_;
  std::ostringstream out_, errors_;
};

TEST_F(RecordProofTest, ShowsARecordToWhoeverHasTheReport) {
  EXPECT_EQ(proof_.record, epoch_.records[record_].SerializeAsString());
  EXPECT_EQ(proof_.inclusion.size, epoch_.records.size());
  EXPECT_EQ(Check([](nlohmann::ordered_json&) {}), 0) << errors_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\"reason\": \"PROOF_INVALID\""));
  EXPECT_THAT(out_.str(), HasSubstr("It says that device 5, matmul challenge 0 was closed: "
                                    "FAIL PROOF_INVALID."));
  EXPECT_THAT(out_.str(), HasSubstr("is in the report of slot 3 for epoch 7, signed by 0x"));
}

TEST_F(RecordProofTest, SurvivesItsFile) {
  const absl::StatusOr<RecordProof> again = ParseRecordProof(SerializeRecordProof(proof_));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->record, proof_.record);
  EXPECT_EQ(again->inclusion.path, proof_.inclusion.path);
  EXPECT_TRUE(CheckRecordProof(*again, epoch_.report).ok());
}

TEST_F(RecordProofTest, ProvesEveryRecordOfTheLog) {
  for (std::uint64_t index = 0; index < epoch_.records.size(); index += 17) {
    const absl::StatusOr<RecordProof> proof = ProveRecord(directory_.File("log"), index);
    ASSERT_TRUE(proof.ok()) << proof.status();
    EXPECT_TRUE(CheckRecordProof(*proof, epoch_.report).ok()) << index;
  }
}

TEST_F(RecordProofTest, IsRefusedByNameWhenChanged) {
  using Json = nlohmann::ordered_json;
  const struct {
    std::function<void(Json&)> change;
    int status;
    std::string telling;
  } kChanges[] = {
      {[](Json& json) { json["path"].erase(0); }, 1, "proof: path is too short: has "},
      {[](Json& json) { json["path"].push_back(json["path"][0]); }, 1, "path is too long: has "},
      {[](Json& json) { json["index"] = json["size"]; }, 1, "expected less than the size"},
      {[](Json& json) { json["record"] = "AAAA"; }, 1, "record or its path was changed"},
      {[](Json& json) { std::swap(json["path"][0], json["path"][1]); }, 1,
       "record or its path was changed"},
      {[](Json& json) { json["root"] = "0x" + std::string(64, '0'); }, 1,
       "root of the proof is 0x00"},
      {[](Json& json) { json["epoch"] = 8; }, 1, "epoch of the proof is 8, of the report 7"},
      {[](Json& json) { json["slot"] = 9; }, 1, "slot of the proof is 9, of the report 3"},
      {[](Json& json) {
         json["record"] = "AA==";
         json["record"] = "A";
       },
       2, "record: is \"A\", expected base64"},
      {[](Json& json) { json["path"] = Json(65, "0x"); }, 2, "path: is 65, expected at most 64"},
      {[](Json& json) { json["path"][0] = "0x12"; }, 2, "expected 0x and 64 hex digits"},
      {[](Json& json) { json["index"] = -1; }, 2, "index: is -1, expected an integer"},
      {[](Json& json) { json.erase("size"); }, 2, "size: is missing"},
      {[](Json& json) { json["more"] = 1; }, 2, "more: is no key of a proof"},
  };
  for (const auto& changed : kChanges) {
    EXPECT_EQ(Check(changed.change), changed.status) << changed.telling;
    EXPECT_THAT(errors_.str(), HasSubstr(changed.telling));
    EXPECT_EQ(out_.str(), "");
  }
}

TEST_F(RecordProofTest, OfAnotherLogIsSaidToBe) {
  epoch_.Closed(1, v1::LATENCY, 0).set_detail("written anew");
  epoch_.ReportAsRecorded();
  epoch_.WriteReport(directory_.File("report"));
  EXPECT_EQ(Check([](nlohmann::ordered_json&) {}), 1);
  EXPECT_THAT(errors_.str(), HasSubstr("is of another log: its root is 0x"));
}

TEST_F(RecordProofTest, ProvesNothingUnderAReportThatItsSignerDidNotSign) {
  const SigningKey stranger = EpochFixture::SlotKey(EpochFixture::kOtherSlot);
  epoch_.WriteReport(directory_.File("report"), &stranger);
  EXPECT_EQ(Check([](nlohmann::ordered_json&) {}), 1);
  EXPECT_THAT(errors_.str(), HasSubstr("is not signed by its signer"));
}

TEST_F(RecordProofTest, IsOfRecordsThatThereAre) {
  EXPECT_EQ(RunProve(directory_.File("log"), 100'000, "", out_, errors_), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("has no record 100000: it has "));
  errors_.str("");
  epoch_.records.pop_back();
  epoch_.WriteLog(directory_.File("open"));
  EXPECT_EQ(RunProve(directory_.File("open"), 1, "", out_, errors_), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("the epoch is not closed"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RecordProofTest, IsWrittenWhereItIsAskedFor) {
  EXPECT_EQ(RunProve(directory_.File("log"), record_, directory_.File("made"), out_, errors_), 0);
  EXPECT_EQ(*ReadFile(directory_.File("made"), 1 << 20), SerializeRecordProof(proof_));
  EXPECT_EQ(RunProve(directory_.File("log"), record_, "", out_, errors_), 0);
  EXPECT_EQ(out_.str(), SerializeRecordProof(proof_));
}

}  // namespace
}  // namespace kaisar::audit
