// What `kaisar-checker doctor` makes of what it found out of the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/doctor/machine_checks.h"
#include "checker/log_estimate.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kGb = 1'000'000'000;

Folder Sound() {
  return {"data", absl::OkStatus(), 7, true, true, 50 * kGb, 100 * kGb};
}

SecretFile Key() {
  return {"keystore.json", absl::OkStatus(), 0600, 7};
}

Findings Bad(const Findings& findings) {
  Findings bad;
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.level == Level::kOk, finding.next.empty()) << finding.what;
    if (finding.level != Level::kOk) bad.push_back(finding);
  }
  return bad;
}

void ExpectOne(const Findings& findings, Level level, const char* what, const char* next) {
  const Findings bad = Bad(findings);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].level, level);
  EXPECT_THAT(bad[0].what, HasSubstr(what));
  EXPECT_THAT(bad[0].next, HasSubstr(next));
}

TEST(DoctorSecretFiles, AreWellWhenTheirOwnerAloneReadsThem) {
  SecretFile read_only = Key();
  read_only.mode = 0400;
  EXPECT_TRUE(Bad(CheckSecretFiles({Key(), read_only}, Sound())).empty());
}

TEST(DoctorSecretFiles, FailWhenOthersMayReadThem) {
  SecretFile shared = Key();
  shared.mode = 0640;
  ExpectOne(CheckSecretFiles({Key(), shared}, Sound()), Level::kFailure,
            "keystore.json has mode 0640, expected 0600", "chmod 600 keystore.json");
}

TEST(DoctorSecretFiles, FailWhenTheyAreNotThere) {
  SecretFile missing{"tls.pem", absl::NotFoundError("cannot look at tls.pem: No such file")};
  ExpectOne(CheckSecretFiles({missing, Key()}, Sound()), Level::kFailure, "tls.pem", "keys new");
}

TEST(DoctorSecretFiles, ShouldBelongToWhoeverHasTheDataDirectory) {
  SecretFile other = Key();
  other.owner = 8;
  ExpectOne(CheckSecretFiles({other}, Sound()), Level::kWarning, "user 8's, data is user 7's",
            "chown");
  SecretFile password = Key();
  password.owner = 0;
  EXPECT_EQ(Bad(CheckSecretFiles({password}, Sound())).size(), 1u);
  password.may_be_roots = true;
  EXPECT_TRUE(Bad(CheckSecretFiles({password}, Sound())).empty());
}

TEST(DoctorFolder, IsWellWithAFileSystemOfItsOwnAndRoom) {
  EXPECT_TRUE(Bad(CheckFolder(Sound(), 6 * kGb)).empty());
  EXPECT_TRUE(Bad(CheckFolder(Sound(), std::nullopt)).empty());
}

TEST(DoctorFolder, WarnsWhereASystemDiskCanFillIt) {
  Folder folder = Sound();
  folder.own_file_system = false;
  ExpectOne(CheckFolder(folder, kGb), Level::kWarning, "file system of /", "mount");
}

TEST(DoctorFolder, WarnsWhenRoomLastsForFewEpochsAndFailsWithoutRoomForOne) {
  ExpectOne(CheckFolder(Sound(), 7 * kGb), Level::kWarning, "takes up to 7000 MB", "logs away");
  ExpectOne(CheckFolder(Sound(), 51 * kGb), Level::kFailure, "takes up to 51 GB", "logs away");
}

TEST(DoctorFolder, WarnsWhenTheFileSystemIsNearlyFull) {
  Folder folder = Sound();
  folder.free_bytes = 4 * kGb;
  ExpectOne(CheckFolder(folder, std::nullopt), Level::kWarning, "4000 MB of 100 GB are free",
            "larger disk");
  folder.free_bytes = 6 * kGb;
  EXPECT_TRUE(Bad(CheckFolder(folder, std::nullopt)).empty());
}

TEST(DoctorFolder, FailsWhenItCannotBeWrittenToOrIsNotThere) {
  Folder folder = Sound();
  folder.writable = false;
  ExpectOne(CheckFolder(folder, kGb), Level::kFailure, "cannot be written to", "user");
  folder.status = absl::NotFoundError("cannot look at data: No such file");
  ExpectOne(CheckFolder(folder, kGb), Level::kFailure, "No such file", "make it");
}

TEST(DoctorDescriptors, SufficeForTheDevicesOfTheRoster) {
  EXPECT_TRUE(Bad({CheckDescriptors({"", 1024, 4096}, 384)}).empty());
  ExpectOne({CheckDescriptors({"", 1024, 4096}, 385)}, Level::kFailure, "take up to 1026",
            "LimitNOFILE=1026");
  ExpectOne({CheckDescriptors({"process 12 (kaisar-checker)", 1024, 1024}, 385)}, Level::kFailure,
            "limit 1024 of process 12", "hard limit forbids");
}

TEST(DoctorListen, IsFreeUnlessTheCheckerHasItAlready) {
  EXPECT_TRUE(Bad({CheckListen("", "", "")}).empty());
  EXPECT_TRUE(Bad({CheckListen("127.0.0.1:9464", "", "")}).empty());
  EXPECT_TRUE(Bad({CheckListen("127.0.0.1:9464", "in use", "process 12")}).empty());
  ExpectOne({CheckListen("127.0.0.1:9464", "in use", "")}, Level::kWarning,
            "127.0.0.1:9464: in use", "monitor:");
}

TEST(DoctorSignatureStore, IsThere) {
  EXPECT_TRUE(Bad({CheckSignatureStore("signatures.db", true)}).empty());
  ExpectOne({CheckSignatureStore("signatures.db", false)}, Level::kFailure, "missing",
            "init-signatures");
}

TEST(DoctorIperf, IsOfOurOwnVersion) {
  EXPECT_TRUE(Bad({CheckIperf("iperf", std::string("kaisar-iperf 1.2"), "1.2")}).empty());
  ExpectOne({CheckIperf("iperf", std::string("kaisar-iperf 1.1"), "1.2")}, Level::kFailure,
            "says \"kaisar-iperf 1.1\", expected \"kaisar-iperf 1.2\"", "one build");
  ExpectOne({CheckIperf("iperf", absl::NotFoundError("no such file"), "1.2")}, Level::kFailure,
            "no such file", "install");
}

/// Ten devices of 100 Mbit/s each way, asked for 9 + 1 seconds twice an epoch of an hour.
struct Tests {
  Tests() {
    policy.bandwidth.seconds = policy.bandwidth.in_service_seconds = 9;
    policy.bandwidth.counted_bits_per_second = kGb;
    policy.phases[v1::STANDBY][v1::BANDWIDTH].count = 2;
    for (std::uint32_t i = 0; i < 10; ++i) {
      v1::Device& device = *roster.add_devices();
      device.set_phase(v1::STANDBY);
      device.set_down_bits_per_second(100'000'000);
      device.set_up_bits_per_second(100'000'000);
    }
  }
  Demand demand() const { return {policy, roster, 3'600'000}; }

  challenges::Policy policy;
  v1::Roster roster;
};

TEST(DoctorLine, IsNeededOnlyForBandwidth) {
  Tests tests;
  ExpectOne(CheckLine(std::nullopt, {"eth0", kGb}, tests.demand()), Level::kFailure,
            "connection: is missing", "docs/operating.md");
  tests.policy.phases.clear();
  EXPECT_TRUE(Bad(CheckLine(std::nullopt, {"eth0", kGb}, tests.demand())).empty());
}

TEST(DoctorLine, IsNoFasterThanItsInterface) {
  const Tests tests;
  EXPECT_TRUE(Bad(CheckLine(LineCapacity{kGb, kGb}, {"eth0", kGb}, tests.demand())).empty());
  EXPECT_TRUE(
      Bad(CheckLine(LineCapacity{kGb, kGb}, {"tun0", std::nullopt}, tests.demand())).empty());
  ExpectOne(CheckLine(LineCapacity{kGb, 2 * kGb}, {"eth0", kGb}, tests.demand()), Level::kFailure,
            "the config says 2000 Mbit/s, eth0 has 1000 Mbit/s", "really carries");
}

TEST(DoctorLine, CarriesEachDevice) {
  Tests tests;
  tests.roster.mutable_devices(3)->set_up_bits_per_second(kGb);
  ExpectOne(CheckLine(LineCapacity{kGb, kGb}, {"eth0", kGb}, tests.demand()), Level::kWarning,
            "1 of 10 devices are too fast", "a line of 1375 Mbit/s");
}

TEST(DoctorLine, CarriesAllTestsOfAnEpoch) {
  Tests tests;
  // 20 tests of 10 s at 110 Mbit/s, each way, of 80 % of 150 Mbit/s: 183 s of the hour.
  const LineCapacity line{150'000'000, 150'000'000};
  EXPECT_THAT(CheckLine(line, {"eth0", kGb}, tests.demand()).back().what, HasSubstr(" 5 % of"));
  tests.policy.phases[v1::STANDBY][v1::BANDWIDTH].count = 30;
  ExpectOne(CheckLine(line, {"eth0", kGb}, tests.demand()), Level::kWarning,
            "busy for 76 % of the epoch, limit 70 %", "CHECKER_OVERLOADED");
}

TEST(DoctorLogEstimate, IsMostlyThatOfOpenedRows) {
  challenges::Policy policy;
  policy.samples = 64;
  policy.classes["cpu"] = {.n = 8192, .rounds = 64};
  policy.phases[v1::STANDBY][v1::MATMUL].count = 9;
  v1::Roster roster;
  EXPECT_EQ(MostLogBytes(policy, roster), 0u);
  v1::Device& device = *roster.add_devices();
  device.set_phase(v1::STANDBY);
  device.set_device_class("cpu");
  // With the muster ten proofs, whose openings are 650,176 bytes (docs/measurements.md).
  const std::uint64_t bytes = MostLogBytes(policy, roster);
  EXPECT_GE(bytes, 10 * 650'176u);
  constexpr std::uint64_t kJournal = 8u << 20;  // SQLite's, beside the log
  EXPECT_LE(bytes, 10 * 660'000u + kJournal);
}

}  // namespace
}  // namespace kaisar::checker
