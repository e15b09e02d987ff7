#include "challenges/device_class.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "challenges/policy.h"
#include "kernels/proof_layout.h"

namespace kaisar::challenges {
namespace {

constexpr char kClasses[] = R"(classes:
  gpu:
    n: 8192
    rounds: 448
    commitment_deadline_ms: 10000
    opening_deadline_ms: 5000
    hardware:
      memory_bytes: 40000000000
      peak_ops_per_second: 624000000000000
      full_claim_ppm: 800000
      arithmetic: int8
      source: a sheet
)";

absl::StatusOr<std::map<std::string, ClassPolicy>> Read(const std::string& yaml) {
  absl::StatusOr<YamlReader> reader = YamlReader::Parse("p", yaml);
  if (!reader.ok()) return reader.status();
  std::map<std::string, ClassPolicy> classes = ReadClasses(*reader);
  const absl::Status status = reader->Finish();
  if (!status.ok()) return status;
  return classes;
}

/// What is wrong with the sample after one replacement, which must apply once.
std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string yaml = kClasses;
  EXPECT_EQ(absl::StrReplaceAll({{from, to}}, &yaml), 1) << from;
  const auto classes = Read(yaml);
  EXPECT_EQ(classes.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(classes.status().message());
}

ClassPolicy Sample() {
  return Read(kClasses).value().at("gpu");
}

TEST(DeviceClass, ReadsTheHardware) {
  const ClassPolicy gpu = Sample();
  ASSERT_TRUE(gpu.hardware.has_value());
  EXPECT_EQ(gpu.hardware->memory_bytes, 40'000'000'000u);
  EXPECT_EQ(gpu.hardware->peak_ops_per_second, 624'000'000'000'000u);
  EXPECT_EQ(gpu.hardware->full_claim_ppm, 800'000u);
  EXPECT_EQ(gpu.hardware->arithmetic, Arithmetic::kInt8);
  EXPECT_EQ(gpu.hardware->source, "a sheet");
}

TEST(DeviceClass, NeedsNoHardware) {
  const auto classes = Read(
      "classes:\n  cpu: {n: 256, rounds: 4096, commitment_deadline_ms: 1, opening_deadline_ms: "
      "1}\n");
  ASSERT_TRUE(classes.ok()) << classes.status();
  EXPECT_FALSE(classes->at("cpu").hardware.has_value());
}

TEST(DeviceClass, TellsClaimMemoryAndTimeOfAProof) {
  ClassPolicy gpu = Sample();
  EXPECT_EQ(FullClaim(*gpu.hardware), 499'200'000'000'000u);
  EXPECT_EQ(ReservedBytes(*gpu.hardware), 3'200'000'000u);
  const std::uint64_t matrix = 8192 * 8192;
  EXPECT_EQ(ProofBytes(gpu), 448 * matrix + 28 * matrix + 2 * matrix);
  EXPECT_EQ(ProofMs(gpu, *gpu.hardware), 987u);  // 2 · 8192³ · 448 operations: 986.7 ms
  gpu.hardware->arithmetic = Arithmetic::kBf16;
  EXPECT_EQ(ProofBytes(gpu), 448 * matrix + 28 * matrix + 6 * matrix);
}

TEST(DeviceClass, CountsWhatAGpuKeepsOfAProof) {
  for (const std::uint32_t n : {256u, 1024u, 8192u, 32'768u}) {
    ClassPolicy asked;
    asked.n = n;
    asked.rounds = 37;
    const kernels::ProofLayout layout(n, asked.rounds);
    std::uint64_t kept = 2 * layout.matrix_bytes();
    for (const std::uint64_t piece : layout.pieces()) kept += piece;
    EXPECT_EQ(kept, ProofBytes(asked)) << n;
  }
}

TEST(DeviceClass, ReservesAGibibyteOfSmallMemories) {
  ClassHardware small = *Sample().hardware;
  small.memory_bytes = 8'000'000'000;
  EXPECT_EQ(ReservedBytes(small), 1'073'741'824u);
}

TEST(DeviceClass, StaysWithinItsIntegersAtTheLimits) {
  const ClassHardware slowest = {.memory_bytes = std::uint64_t{1} << 30,
                                 .peak_ops_per_second = 1'000'000'000,
                                 .full_claim_ppm = 1,
                                 .source = {}};
  ClassPolicy most;
  most.n = 32'768;
  most.rounds = 4096;
  EXPECT_EQ(FullClaim(slowest), 1000u);
  EXPECT_EQ(ProofMs(most, slowest), std::uint64_t{1} << 58);
  EXPECT_EQ(ProofBytes(most), (std::uint64_t{1} << 42) / 16 * 17 + (std::uint64_t{1} << 31));
  const ClassHardware quickest = {.memory_bytes = std::uint64_t{1} << 42,
                                  .peak_ops_per_second = 1'000'000'000'000'000'000,
                                  .full_claim_ppm = 1'000'000,
                                  .source = {}};
  EXPECT_EQ(FullClaim(quickest), 1'000'000'000'000'000'000u);
}

TEST(DeviceClass, RefusesAProofThatItsMemoryCannotHold) {
  // 514 rounds leave 8 % of the memory free, 515 do not.
  std::string yaml = kClasses;
  absl::StrReplaceAll({{"rounds: 448", "rounds: 514"}}, &yaml);
  EXPECT_TRUE(Read(yaml).ok()) << Read(yaml).status();
  EXPECT_EQ(ErrorWith("rounds: 448", "rounds: 515"),
            "p:4: classes.gpu.rounds: is 515, a proof of 36855349248 bytes, expected at most "
            "36800000000 (of memory_bytes 40000000000)");
}

TEST(DeviceClass, RefusesADeadlineThatTheFullClaimHardlyMeets) {
  EXPECT_EQ(ErrorWith("commitment_deadline_ms: 10000", "commitment_deadline_ms: 3947"),
            "p:5: classes.gpu.commitment_deadline_ms: is 3947, expected at least 3948 (4 times a "
            "proof at the full claim)");
}

TEST(DeviceClass, NamesKeyValueAndRangeOfTheHardware) {
  const std::string where = "classes.gpu.hardware.";
  EXPECT_EQ(ErrorWith("memory_bytes: 40000000000", "memory_bytes: 80"),
            "p:8: " + where +
                "memory_bytes: is 80, expected an integer from 1073741824 to 4398046511104");
  EXPECT_EQ(ErrorWith("peak_ops_per_second: 624000000000000", "peak_ops_per_second: 624"),
            "p:9: " + where +
                "peak_ops_per_second: is 624, expected an integer from 1000000000 to "
                "1000000000000000000");
  EXPECT_EQ(ErrorWith("full_claim_ppm: 800000", "full_claim_ppm: 1000001"),
            "p:10: " + where + "full_claim_ppm: is 1000001, expected an integer from 1 to 1000000");
  EXPECT_EQ(ErrorWith("arithmetic: int8", "arithmetic: fp8"),
            "p:11: " + where + "arithmetic: is fp8, expected one of int8, bf16");
}

TEST(DeviceClass, WantsTheWholeHardwareAndNothingElse) {
  const std::string where = "classes.gpu.hardware.";
  EXPECT_EQ(ErrorWith("      source: a sheet\n", ""),
            "p:8: " + where + "source: is missing, expected text of 1 to 400 bytes");
  EXPECT_EQ(ErrorWith("      source: a sheet\n", "      source: a sheet\n      watts: 400\n"),
            "p:13: " + where +
                "watts: is unknown, expected one of arithmetic, full_claim_ppm, memory_bytes, "
                "peak_ops_per_second, source");
}

class Catalogue : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = absl::StrCat(std::getenv("KAISAR_SOURCE_DIR"), "/deploy/policy.yaml");
    std::ifstream file(path);
    const auto policy = ParsePolicy(path, std::string(std::istreambuf_iterator<char>(file), {}));
    ASSERT_TRUE(policy.ok()) << policy.status();
    classes_ = policy->classes;
  }

  std::map<std::string, ClassPolicy> classes_;
};

TEST_F(Catalogue, HasEveryClassWithItsHardware) {
  ASSERT_EQ(classes_.size(), 15u);
  for (const char* name : {"cpu", "t4", "l4", "a10", "rtx3090", "rtx4090", "rtx5090", "a100-40",
                           "a100-80", "l40s", "h100-pcie", "h100-sxm", "h200", "b200", "b300"}) {
    ASSERT_TRUE(classes_.contains(name)) << name;
    EXPECT_TRUE(classes_.at(name).hardware.has_value()) << name;
    EXPECT_EQ(classes_.at(name).hardware->arithmetic == Arithmetic::kBf16,
              std::string(name) == "b300");
  }
}

TEST_F(Catalogue, AsksAboutASecondAtTheFullClaimAndWaitsManyTimesThat) {
  for (const auto& [name, asked] : classes_) {
    const std::uint64_t proof_ms = ProofMs(asked, *asked.hardware);
    EXPECT_GE(proof_ms, 800u) << name;
    EXPECT_LE(proof_ms, 1500u) << name;
    EXPECT_GE(asked.commitment_deadline_ms, 7 * proof_ms) << name;
    EXPECT_GE(asked.opening_deadline_ms, 1000u) << name;
  }
}

TEST_F(Catalogue, FillsMoreThanHalfOfAGpu) {
  for (const auto& [name, asked] : classes_) {
    if (name == "cpu") continue;
    EXPECT_GT(2 * ProofBytes(asked), asked.hardware->memory_bytes) << name;
  }
}

}  // namespace
}  // namespace kaisar::challenges
