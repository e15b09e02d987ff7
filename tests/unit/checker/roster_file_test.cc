#include "checker/roster_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace kaisar::checker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const char kRoster[] = R"(network: {chain_id: 31337, genesis_ms: 1700000000000, epoch_seconds: 60}
muster: true
slots:
  - id: 5
    address: "0x00000000000000000000000000000000000000a5"
    tls_pin: "5500000000000000000000000000000000000000000000000000000000000000"
    anchor: "5600000000000000000000000000000000000000000000000000000000000000"
    anchor_epoch: 3
  - id: 0
    address: "0x00000000000000000000000000000000000000a0"
    tls_pin: "0500000000000000000000000000000000000000000000000000000000000000"
    anchor: "0600000000000000000000000000000000000000000000000000000000000000"
    anchor_epoch: 0
devices:
  - id: 9
    name: "honest, 1 thread"
    owner: "0x0000000000000000000000000000000000000009"
    key: "0x0000000000000000000000000000000000000019"
    tls_pin: "9900000000000000000000000000000000000000000000000000000000000000"
    endpoint: "127.0.0.1:7009"
    class: cpu
    region: loopback
    phase: STANDBY
    ops_per_second: 100
    down_bits_per_second: 200
    up_bits_per_second: 300
  - id: 2
    owner: "0x0000000000000000000000000000000000000002"
    key: "0x0000000000000000000000000000000000000012"
    tls_pin: "2200000000000000000000000000000000000000000000000000000000000000"
    endpoint: "device-2.example:7002"
    class: cpu
    region: loopback
    phase: REGISTERING
    ops_per_second: 1
    down_bits_per_second: 2
    up_bits_per_second: 3
)";

absl::StatusOr<RosterFile> Changed(const std::string& from, const std::string& to) {
  return ParseRosterFile("roster.yaml", absl::StrReplaceAll(kRoster, {{from, to}}));
}

std::string ErrorOf(const std::string& from, const std::string& to) {
  const auto roster = Changed(from, to);
  return roster.ok() ? "no error" : std::string(roster.status().message());
}

TEST(RosterFile, ReadsSlotsAndDevicesInAscendingOrder) {
  const auto file = ParseRosterFile("roster.yaml", kRoster);
  ASSERT_TRUE(file.ok()) << file.status();
  const v1::Roster& roster = file->roster;
  EXPECT_EQ(roster.chain_id(), 31337u);
  EXPECT_EQ(roster.contract(), std::string(20, '\0'));
  EXPECT_TRUE(roster.muster());
  ASSERT_EQ(roster.slots_size(), 2);
  EXPECT_EQ(roster.slots(0).id(), 0u);
  EXPECT_EQ(roster.slots(1).id(), 5u);
  EXPECT_EQ(roster.slots(1).key(), std::string(19, '\0') + "\xa5");
  EXPECT_EQ(roster.slots(1).tls_pin(), "\x55" + std::string(31, '\0'));
  EXPECT_EQ(roster.slots(1).anchor(), "\x56" + std::string(31, '\0'));
  EXPECT_EQ(roster.slots(1).anchor_epoch(), 3u);
  ASSERT_EQ(roster.devices_size(), 2);
  EXPECT_EQ(roster.devices(0).id(), 2u);
  EXPECT_EQ(roster.devices(0).phase(), v1::REGISTERING);
  EXPECT_EQ(roster.devices(0).endpoint(), "device-2.example:7002");
  const v1::Device& nine = roster.devices(1);
  EXPECT_EQ(nine.id(), 9u);
  EXPECT_EQ(nine.owner(), std::string(19, '\0') + "\x09");
  EXPECT_EQ(nine.key(), std::string(19, '\0') + "\x19");
  EXPECT_EQ(nine.tls_pin(), "\x99" + std::string(31, '\0'));
  EXPECT_EQ(nine.device_class(), "cpu");
  EXPECT_EQ(nine.region(), "loopback");
  EXPECT_EQ(nine.phase(), v1::STANDBY);
  EXPECT_EQ(nine.ops_per_second(), 100u);
  EXPECT_EQ(nine.down_bits_per_second(), 200u);
  EXPECT_EQ(nine.up_bits_per_second(), 300u);
}

TEST(RosterFile, GivesTheGridInMilliseconds) {
  const auto file = ParseRosterFile("roster.yaml", kRoster);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->grid.genesis_ms, 1'700'000'000'000u);
  EXPECT_EQ(file->grid.epoch_ms, 60'000u);
}

TEST(RosterFile, KeepsTheNamesThatPeopleGave) {
  const auto file = ParseRosterFile("roster.yaml", kRoster);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->names, (std::map<std::uint32_t, std::string>{{9, "honest, 1 thread"}}));
}

TEST(RosterFile, RefusesADeviceTwice) {
  EXPECT_THAT(ErrorOf("  - id: 2\n", "  - id: 9\n"),
              AllOf(HasSubstr("roster.yaml:27"), HasSubstr("devices"), HasSubstr("id"),
                    HasSubstr("9"), Not(HasSubstr("\n"))));
}

TEST(RosterFile, RefusesASlotTwice) {
  EXPECT_THAT(ErrorOf("  - id: 0\n", "  - id: 5\n"),
              AllOf(HasSubstr("roster.yaml:9"), HasSubstr("slots"), HasSubstr("5")));
}

TEST(RosterFile, RefusesADeviceIdBeyond24Bits) {
  EXPECT_TRUE(Changed("  - id: 9\n", "  - id: 16777214\n").ok());
  EXPECT_THAT(ErrorOf("  - id: 9\n", "  - id: 16777215\n"),
              AllOf(HasSubstr("16777215"), HasSubstr("16777214")));
}

TEST(RosterFile, RefusesBadHexAndWrongLengths) {
  EXPECT_THAT(ErrorOf("\"0x0000000000000000000000000000000000000009\"", "\"0x09\""),
              AllOf(HasSubstr("owner"), HasSubstr("20")));
  EXPECT_THAT(ErrorOf("\"99000000", "\"9g000000"), HasSubstr("tls_pin"));
}

TEST(RosterFile, RefusesClaimsOfNothing) {
  EXPECT_THAT(ErrorOf("ops_per_second: 100", "ops_per_second: 0"), HasSubstr("ops_per_second"));
  EXPECT_THAT(ErrorOf("up_bits_per_second: 300", "up_bits_per_second: 0"), HasSubstr("up_bits"));
}

TEST(RosterFile, RefusesAnUnknownPhase) {
  EXPECT_THAT(ErrorOf("phase: STANDBY", "phase: standing"),
              AllOf(HasSubstr("phase"), HasSubstr("standing"), HasSubstr("IN_SERVICE")));
}

TEST(RosterFile, RefusesAnEndpointThatNamesAnotherScheme) {
  EXPECT_THAT(ErrorOf("127.0.0.1:7009", "unix:/run/checker:1"), HasSubstr("endpoint"));
}

TEST(RosterFile, RefusesAMissingKey) {
  EXPECT_THAT(ErrorOf("    region: loopback\n    phase: STANDBY\n", "    phase: STANDBY\n"),
              HasSubstr("region"));
  EXPECT_THAT(ErrorOf(", epoch_seconds: 60", ""), HasSubstr("network.epoch_seconds"));
}

TEST(RosterFile, RefusesAnUnknownKeyAtAnyDepth) {
  EXPECT_THAT(ErrorOf("muster: true", "musters: true"), HasSubstr("musters"));
  EXPECT_THAT(ErrorOf("chain_id: 31337", "chain_id: 31337, chain: 1"), HasSubstr("chain"));
  EXPECT_THAT(ErrorOf("    anchor_epoch: 3", "    anchor_epoch: 3\n    stake: 3"),
              HasSubstr("stake"));
}

TEST(RosterFile, RefusesAnEpochOfNoLength) {
  EXPECT_THAT(ErrorOf("epoch_seconds: 60", "epoch_seconds: 0"), HasSubstr("epoch_seconds"));
}

}  // namespace
}  // namespace kaisar::checker
