#include "audit/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/hex.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

DeviceScore Scored(std::uint32_t device, std::optional<std::uint8_t> score) {
  DeviceScore entry;
  entry.device = device;
  entry.score = score;
  return entry;
}

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

SignedReport SomeReport() {
  SignedReport report;
  report.report.domain.chain_id = 31337;
  report.report.domain.contract.fill(0xc0);
  report.report.epoch = 7;
  report.report.slot = 3;
  report.report.words = PackScores({Scored(1, 200), Scored(258, 0), Scored(0x010203, 77)});
  report.report.transcript_root = Filled(0x11);
  report.report.policy_hash = Filled(0x22);
  report.report.secret = Filled(0x33);
  report.signature.fill(0x44);
  report.signer.fill(0x55);
  return report;
}

TEST(Report, PacksEightLanesAWordAndMarksTheUnusedOnes) {
  const std::vector<Digest> words =
      PackScores({Scored(0x010203, 200), Scored(0x010204, 0), Scored(0xfffffe, 1)});
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(ToHex(words[0]), "010203c801020400fffffe01ffffff00ffffff00ffffff00ffffff00ffffff00");
}

TEST(Report, PacksAscendingIdsAndLeavesOutDevicesWithoutAScore) {
  const std::vector<Digest> words =
      PackScores({Scored(9, 9), Scored(5, std::nullopt), Scored(2, 2)});
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(ToHex(words[0]).substr(0, 24), "0000020200000909ffffff00");
}

TEST(Report, PacksNothingIntoNoWordAndNineScoresIntoTwo) {
  EXPECT_TRUE(PackScores({}).empty());
  EXPECT_TRUE(PackScores({Scored(1, std::nullopt)}).empty());
  std::vector<DeviceScore> scores;
  for (std::uint32_t id = 1; id <= 8; ++id) scores.push_back(Scored(id, 1));
  EXPECT_EQ(PackScores(scores).size(), 1u);
  scores.push_back(Scored(9, 1));
  EXPECT_EQ(PackScores(scores).size(), 2u);
  EXPECT_EQ(UnpackScores(PackScores(scores))->size(), 9u);
}

TEST(Report, UnpacksOnlyWhatPackingMakes) {
  const auto refusal = [](const std::string& hex) {
    return std::string(UnpackScores({*ParseHexArray<32>(hex)}).status().message());
  };
  const std::string unused = "ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00";
  EXPECT_THAT(refusal("0000020100000101" + unused), HasSubstr("device 1 follows device 2"));
  EXPECT_THAT(refusal("0000020100000201" + unused), HasSubstr("device 2 follows device 2"));
  EXPECT_THAT(refusal("000002c9ffffff00" + unused),
              HasSubstr("score is 201, expected at most 200"));
  EXPECT_THAT(refusal("ffffff0000000201" + unused), HasSubstr("word 0, lane 0"));
  EXPECT_THAT(refusal("00000201ffffff0000000301" + unused.substr(8)),
              HasSubstr("lane 2: is used after an unused one"));
}

template <std::size_t N>
std::array<std::uint8_t, N> Hex(const nlohmann::json& text) {
  return ParseHexArray<N>(text.get<std::string>()).value();
}

TEST(Report, AgreesWithTheSecondImplementation) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/tests/vectors/report.json");
  const nlohmann::json vectors = nlohmann::json::parse(file);
  const nlohmann::json& given = vectors["given"];
  std::vector<DeviceScore> scores;
  for (const auto& score : given["scores"]) scores.push_back(Scored(score[0], score[1]));
  Report report;
  report.domain = {given["chain_id"], Hex<20>(given["contract"])};
  report.epoch = given["epoch"];
  report.slot = given["slot"];
  report.spec_version = given["spec_version"];
  report.words = PackScores(scores);
  report.transcript_root = Hex<32>(given["transcript_root"]);
  report.policy_hash = Hex<32>(given["policy_hash"]);
  report.secret = Hex<32>(given["secret"]);
  ASSERT_EQ(report.words.size(), 2u);
  EXPECT_EQ(ToHex(report.words[0]), vectors["words"][0]);
  EXPECT_EQ(ToHex(report.words[1]), vectors["words"][1]);
  EXPECT_EQ(ToHex(ReportCommitment(report)), vectors["commitment"]);
  EXPECT_EQ(ToHex(ReportDigest(report)), vectors["digest"]);
}

TEST(Report, DigestDependsOnEveryField) {
  const Report original = SomeReport().report;
  const std::vector<std::function<void(Report&)>> changes = {
      [](Report& r) { ++r.domain.chain_id; },
      [](Report& r) { ++r.domain.contract[19]; },
      [](Report& r) { ++r.epoch; },
      [](Report& r) { ++r.slot; },
      [](Report& r) { ++r.spec_version; },
      [](Report& r) { ++r.words[0][3]; },
      [](Report& r) { ++r.transcript_root[0]; },
      [](Report& r) { ++r.policy_hash[0]; },
      [](Report& r) { ++r.secret[0]; },
      [](Report& r) { r.words.push_back(r.words[0]); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Report changed = original;
    changes[i](changed);
    EXPECT_NE(ReportDigest(changed), ReportDigest(original)) << "change " << i;
  }
}

TEST(ReportFile, GivesBackWhatWasWritten) {
  const SignedReport report = SomeReport();
  const absl::StatusOr<SignedReport> read = ParseReport(SerializeReport(report));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->report, report.report);
  EXPECT_EQ(read->signature, report.signature);
  EXPECT_EQ(read->signer, report.signer);
}

TEST(ReportFile, KeepsChainIdsAbove53Bits) {
  SignedReport report = SomeReport();
  report.report.domain.chain_id = 0xffffffffffffffff;
  EXPECT_EQ(ParseReport(SerializeReport(report))->report.domain.chain_id, 0xffffffffffffffff);
}

std::string RefusalOf(const std::string& from, const std::string& to) {
  const std::string json = SerializeReport(SomeReport());
  const std::string changed = absl::StrReplaceAll(json, {{from, to}});
  EXPECT_NE(json, changed) << from;
  const absl::StatusOr<SignedReport> read = ParseReport(changed);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << changed;
  return std::string(read.status().message());
}

TEST(ReportFile, NamesTheKeyTheValueAndWhatWasExpected) {
  EXPECT_EQ(RefusalOf("\"epoch\": 7", "\"epoch\": \"7\""),
            "epoch: is \"7\", expected an integer from 0 to 4294967295");
  EXPECT_EQ(RefusalOf("\"epoch\": 7", "\"epoch\": -7"),
            "epoch: is -7, expected an integer from 0 to 4294967295");
  EXPECT_EQ(RefusalOf("\"epoch\": 7", "\"epoch\": 7.0"),
            "epoch: is 7.0, expected an integer from 0 to 4294967295");
  EXPECT_EQ(RefusalOf("\"spec_version\": 1", "\"spec_version\": 65536"),
            "spec_version: is 65536, expected an integer from 0 to 65535");
  EXPECT_EQ(RefusalOf("\"epoch\": 7,", ""), "epoch: is missing, expected a value");
  EXPECT_EQ(RefusalOf("\"epoch\": 7,", "\"epoch\": 7, \"more\": 1,"),
            "more: is no key of a report");
  EXPECT_EQ(RefusalOf("\"epoch\": 7,", "\"epoch\": 7, \"epoch\": 7,"), "epoch: is repeated");
  EXPECT_EQ(RefusalOf("\"score\": 77", "\"score\": 77, \"score\": 77"), "score: is repeated");
  EXPECT_EQ(RefusalOf("\"score\": 77", "\"score\": 300"),
            "scores[2].score: is 300, expected an integer from 0 to 200");
  EXPECT_EQ(RefusalOf("\"score\": 77", "\"score\": 77, \"why\": \"\""),
            "scores[2].why: is no key of a report");
  EXPECT_EQ(RefusalOf("\"contract\": \"0xc0", "\"contract\": \"0x"),
            "contract: is \"0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\", expected 0x and 40 hex "
            "digits");
  EXPECT_THAT(RefusalOf("\"secret\": \"0x33", "\"secret\": \"0xg3"),
              HasSubstr("secret: is \"0xg3"));
  EXPECT_THAT(RefusalOf("\"secret\": \"0x", "\"secret\": \""), HasSubstr("expected 0x and 64"));
  EXPECT_THAT(RefusalOf("\"words\": [", "\"words\": [7, "), HasSubstr("words: is 7"));
}

TEST(ReportFile, RefusesWhatIsNoReport) {
  for (const char* text : {"", "{", "[]", "7", "null", "{}", "\xff\xfe"}) {
    EXPECT_EQ(ParseReport(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseReport(std::string(100000, '[')).ok());
}

TEST(ReportFile, ReadableScoresMustAgreeWithTheWords) {
  EXPECT_EQ(RefusalOf("\"score\": 77", "\"score\": 78"),
            "scores: are 1=200 258=0 66051=78, the words have 1=200 258=0 66051=77");
  EXPECT_THAT(RefusalOf("\"device\": 258", "\"device\": 259"), HasSubstr("scores: are"));
}

TEST(ReportFile, CommitmentMustAgreeWithTheFields) {
  EXPECT_THAT(RefusalOf("\"secret\": \"0x33", "\"secret\": \"0x34"),
              HasSubstr("commitment: is 0x"));
}

}  // namespace
}  // namespace kaisar::audit
