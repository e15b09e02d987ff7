#include "provider/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "nlohmann/json.hpp"
#include "provider/metrics.h"
#include "provider/serving_watch.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kS = 1'000'000'000;  // in ns

Address KeyOfDevice(std::uint32_t id) {
  return KeyOf(static_cast<std::uint8_t>(id)).address();
}

OwnDevice Fine(std::uint32_t id) {
  return {id, KeyOfDevice(id), KeyOfDevice(id), chain::Phase::kStandby, /*in_epoch=*/true};
}

ServingFacts Sound() {
  ServingFacts facts;
  facts.now_ns = 5000 * kS;
  facts.devices.add_devices()->set_id(7);
  facts.devices.add_devices()->set_id(8);
  facts.slots_served = 3;
  facts.on_chain = true;
  facts.chain_read_ns = 4990 * kS;
  facts.block_age_s = 4;
  facts.chain_devices = {Fine(7), Fine(8)};
  return facts;
}

std::vector<std::string> Codes(const Readiness& readiness) {
  std::vector<std::string> codes;
  for (const auto& problem : readiness.problems) codes.push_back(problem.code);
  return codes;
}

TEST(ProviderReadiness, HasNothingAgainstASoundProvider) {
  EXPECT_TRUE(CheckReadiness(Sound()).ready);
  EXPECT_THAT(CheckReadiness(Sound()).problems, IsEmpty());
}

TEST(ProviderReadiness, SaysNothingOfDevicesThatTheChainWasNotAskedAbout) {
  ServingFacts facts = Sound();
  facts.chain_devices = {{7, KeyOfDevice(7)}, {8, KeyOfDevice(8)}};
  EXPECT_THAT(CheckReadiness(facts).problems, IsEmpty());
}

struct Case {
  const char* name;
  std::function<void(ServingFacts&)> change;
  const char* code;
  const char* what;
  bool ready;
};

class ReadinessProblem : public ::testing::TestWithParam<Case> {};

TEST_P(ReadinessProblem, IsToldAndDecides) {
  ServingFacts facts = Sound();
  GetParam().change(facts);
  const Readiness readiness = CheckReadiness(facts);
  ASSERT_THAT(Codes(readiness), ElementsAre(GetParam().code));
  EXPECT_THAT(readiness.problems[0].what, HasSubstr(GetParam().what));
  EXPECT_FALSE(readiness.problems[0].next.empty());
  EXPECT_EQ(readiness.ready, GetParam().ready);
  EXPECT_EQ(std::count(std::begin(kProblemCodes), std::end(kProblemCodes), GetParam().code), 1);
}

void Trouble(ServingFacts& facts, int device) {
  facts.devices.mutable_devices(device)->set_trouble("fell off the bus");
}

INSTANTIATE_TEST_SUITE_P(
    All, ReadinessProblem,
    ::testing::Values(
        Case{"OneInTrouble", [](ServingFacts& f) { Trouble(f, 1); }, "device_in_trouble",
             "1 of 2 devices cannot work: device 8: fell off the bus", true},
        Case{"AllInTrouble",
             [](ServingFacts& f) {
               Trouble(f, 0);
               Trouble(f, 1);
             },
             "no_device_works", "2 of 2 devices", false},
        Case{"OneWithAnotherKey",
             [](ServingFacts& f) { f.chain_devices[1].registered_key = KeyOfDevice(9); },
             "other_key", "1 of 2 devices", true},
        Case{"KeysSwapped",
             [](ServingFacts& f) {
               f.chain_devices[0].registered_key = KeyOfDevice(8);
               f.chain_devices[1].registered_key = KeyOfDevice(7);
             },
             "no_key_fits", "which device 8 has here; device 8 has 0x", false},
        Case{"OneNotInTheEpoch",
             [](ServingFacts& f) {
               f.chain_devices[1].phase = chain::Phase::kRegistering;
               f.chain_devices[1].in_epoch = false;
             },
             "device_not_in_epoch", "earn nothing: device 8, REGISTERING", true},
        Case{"NotOpened", [](ServingFacts& f) { f.slots_served = 0; }, "nobody_served",
             "not opened", false},
        Case{"NeverRead",
             [](ServingFacts& f) {
               f.slots_served = 0;
               f.chain_read_ns.reset();
               f.chain_trouble = "connection refused";
             },
             "nobody_served", "not been read: connection refused", false},
        Case{"NoSlotInTheConfig",
             [](ServingFacts& f) {
               f.slots_served = 0;
               f.on_chain = false;
             },
             "nobody_served", "names no slot", false},
        Case{"ChainUnread", [](ServingFacts& f) { f.chain_read_ns = 4800 * kS; }, "chain_unread",
             "for 200 s", true},
        Case{"ChainStale", [](ServingFacts& f) { f.block_age_s = 121; }, "chain_stale", "121 s old",
             true},
        Case{"ClockBehind", [](ServingFacts& f) { f.block_age_s = -60; }, "clock_behind",
             "60 s ahead of this machine", true},
        Case{"ClockStepped",
             [](ServingFacts& f) {
               f.clock_stepped_ns = 4900 * kS;
               f.clock_step_seconds = -60;
             },
             "clock_stepped", "set by -60.0 s, 100 s ago", true}),
    [](const auto& each) { return each.param.name; });

/// A provider of one device on the CPU, and what it serves.
class ServingTest : public ::testing::Test {
 protected:
  ServingTest() {
    metrics_.ReadFacts([this] { return watch_.Facts(); });
  }
  static std::vector<DescribedDevice> Devices(std::string& trouble) {
    DescribedDevice device;
    device.fixed.set_id(kDevice);
    device.trouble = [&trouble] { return trouble; };
    return {device};
  }
  monitor::HttpReply Get(const std::string& path) {
    clock_.AdvanceMs(1000);
    return metrics_.Routes("").Answer({"GET", "localhost", ""}, {path, ""});
  }

  FakeClock clock_;
  std::string trouble_;
  Admission admission_{kDomain, {}, {{kDevice, kStateMemoryBytes}}, SampleLimits(), clock_};
  DeviceDescriptions descriptions_{"test", Devices(trouble_), nullptr, clock_};
  ServingWatch watch_{admission_, descriptions_, /*on_chain=*/true, clock_};
  Metrics metrics_{"1.2.3", clock_};
};

TEST_F(ServingTest, IsReadyOnceASlotIsServedAndAsLongAsADeviceWorks) {
  watch_.ChainRead(absl::UnavailableError("connection refused"), 0, {{kDevice, {}}});
  monitor::HttpReply reply = Get("/readyz");
  EXPECT_EQ(reply.status, 503);
  const auto json = nlohmann::json::parse(reply.body);
  EXPECT_EQ(json["ready"], false);
  EXPECT_EQ(json["problems"][0]["code"], "nobody_served");
  EXPECT_EQ(json["problems"][0]["keeps_from_earning"], true);
  EXPECT_THAT(Get("/metrics").body, HasSubstr("kaisar_provider_ready 0\n"));

  watch_.ChainRead(absl::OkStatus(), clock_.WallMs() / 1000 - 3, {Fine(kDevice)});
  admission_.Serve(ServeAlways({SampleSlot(1), SampleSlot(2)}));
  reply = Get("/readyz");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.content_type, "application/json");
  const std::string text = Get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("kaisar_provider_ready 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_slots_served 2\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_problems{code=\"no_device_works\"} 0\n"));

  trouble_ = "out of memory";
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_THAT(Get("/metrics").body,
              HasSubstr("kaisar_provider_problems{code=\"no_device_works\"} 1\n"));
}

TEST_F(ServingTest, CountsDevicesByWhatTheChainSaysOfThemOnceItDoes) {
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr("kaisar_provider_devices_with_other_key ")));
  OwnDevice other = Fine(8);
  other.registered_key = KeyOfDevice(9);
  other.in_epoch.reset();
  const auto read = [&](const OwnDevice& device) {
    watch_.ChainRead(absl::OkStatus(), clock_.WallMs() / 1000, {Fine(7), device});
    return Get("/metrics").body;
  };
  std::string text = read(other);
  EXPECT_THAT(text, HasSubstr("kaisar_provider_devices_with_other_key 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("kaisar_provider_devices_in_epoch ")));
  EXPECT_THAT(text, HasSubstr("kaisar_provider_problems{code=\"other_key\"} 1\n"));
  other.in_epoch = false;
  EXPECT_THAT(read(other), HasSubstr("kaisar_provider_devices_in_epoch 1\n"));
  EXPECT_THAT(read(Fine(8)), HasSubstr("kaisar_provider_devices_with_other_key 0\n"));
}

TEST_F(ServingTest, BadDayTheClockIsSetByAMinute) {
  watch_.ChainRead(absl::OkStatus(), clock_.WallMs() / 1000, {});
  admission_.Serve(ServeAlways({SampleSlot(1)}));
  EXPECT_EQ(watch_.Facts().clock_steps, 0u);
  clock_.wall_ms += 60'000;
  watch_.LookAtClock();
  const monitor::HttpReply reply = Get("/readyz");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("the machine's clock was set by 60.0 s"));
  EXPECT_THAT(Get("/metrics").body, HasSubstr("kaisar_provider_clock_steps_total 1\n"));
}

}  // namespace
}  // namespace kaisar::provider
