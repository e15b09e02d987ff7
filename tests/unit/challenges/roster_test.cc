#include "challenges/roster.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

/// What ValidateRoster says of the sample roster after a change.
std::string ErrorAfter(const std::function<void(v1::Roster&)>& change, std::uint32_t slot = 3) {
  v1::Roster roster = SampleRoster();
  change(roster);
  const absl::Status status = ValidateRoster(roster, SamplePolicy(), slot);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Roster, AcceptsASoundOne) {
  EXPECT_TRUE(ValidateRoster(SampleRoster(), SamplePolicy(), 3).ok());
  EXPECT_TRUE(ValidateRoster(SampleRoster(), SamplePolicy(), 9).ok());
}

TEST(Roster, NamesTheDeviceAndTheFieldOfAWrongSize) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(1)->set_owner("abc"); }),
            "device 6: owner is 3 bytes, expected 20");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->clear_key(); }),
            "device 5: key is 0 bytes, expected 20");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->set_tls_pin("x"); }),
            "device 5: tls_pin is 1 bytes, expected 32");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_slots(1)->set_key("x"); }),
            "slot 9: key is 1 bytes, expected 20");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_slots(1)->set_tls_pin("x"); }),
            "slot 9: tls_pin is 1 bytes, expected 32");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_slots(1)->set_anchor("x"); }),
            "slot 9: anchor is 1 bytes, expected 32");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.clear_contract(); }),
            "roster: contract is 0 bytes, expected 20");
}

TEST(Roster, RefusesTextWithoutBounds) {
  const std::string text(513, 'x');
  EXPECT_EQ(ErrorAfter([&](v1::Roster& r) { r.mutable_devices(0)->set_endpoint(text); }),
            "device 5: endpoint is 513 bytes, expected at most 512");
  EXPECT_EQ(ErrorAfter([&](v1::Roster& r) { r.mutable_devices(0)->set_region(text); }),
            "device 5: region is 513 bytes, expected at most 512");
  EXPECT_EQ(ErrorAfter([&](v1::Roster& r) { r.mutable_devices(0)->set_device_class(text); }),
            "device 5: device_class is 513 bytes, expected at most 512");
}

TEST(Roster, RefusesADeviceTwice) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(1)->set_id(5); }),
            "device 5: id is 5, expected each id once");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_slots(1)->set_id(3); }),
            "slot 3: id is 3, expected each id once");
}

TEST(Roster, RefusesIdsOutOfOrder) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(1)->set_id(4); }),
            "device 4: id is 4 after 5, expected ascending ids");
}

TEST(Roster, RefusesADeviceIdBeyond24Bits) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(3)->set_id(1 << 24); }),
            "device 16777216: id is 16777216, expected at most 16777214");
}

TEST(Roster, RefusesAClassOrPhaseThatThePolicyDoesNotKnow) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->set_device_class("abacus"); }),
            "device 5: device_class is \"abacus\", expected a class of the policy");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->clear_phase(); }),
            "device 5: phase is 0, expected a phase of the policy");
}

TEST(Roster, RefusesClaimsOfNothing) {
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->clear_ops_per_second(); }),
            "device 5: ops_per_second is 0, expected more than 0");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->clear_down_bits_per_second(); }),
            "device 5: down_bits_per_second is 0, expected more than 0");
  EXPECT_EQ(ErrorAfter([](v1::Roster& r) { r.mutable_devices(0)->clear_up_bits_per_second(); }),
            "device 5: up_bits_per_second is 0, expected more than 0");
}

TEST(Roster, RefusesASlotThatIsNotInIt) {
  EXPECT_EQ(ErrorAfter([](v1::Roster&) {}, 4),
            "roster: slot is 4, expected one of the roster's slots");
}

TEST(Roster, FindsDevicesAndSlotsById) {
  const v1::Roster roster = SampleRoster();
  ASSERT_NE(FindDevice(roster, 7), nullptr);
  EXPECT_EQ(FindDevice(roster, 7)->id(), 7u);
  EXPECT_EQ(FindDevice(roster, 4), nullptr);
  EXPECT_EQ(FindDevice(roster, 9), nullptr);
  ASSERT_NE(FindSlot(roster, 9), nullptr);
  EXPECT_EQ(FindSlot(roster, 9)->id(), 9u);
  EXPECT_EQ(FindSlot(roster, 5), nullptr);
  EXPECT_EQ(FindDevice(v1::Roster(), 0), nullptr);
}

TEST(Roster, GivesTheDomainOfItsSignatures) {
  v1::Roster roster = SampleRoster();
  roster.set_contract(std::string(20, '\x0c'));
  Address contract;
  contract.fill(0x0c);
  EXPECT_EQ(DomainOf(roster), (SigningDomain{31337, contract}));
}

}  // namespace
}  // namespace kaisar::challenges
