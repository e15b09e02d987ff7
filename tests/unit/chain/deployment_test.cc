#include "chain/deployment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace kaisar::chain {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Sample() {
  json contracts;
  int last = 1;
  for (const char* name : {"KaiToken", "CheckerLicense", "Emission", "BlockHashBeacon", "Devices",
                           "Slots", "Reports", "Settlement", "Timelock"}) {
    contracts[name] = "0x00000000000000000000000000000000000000A" + std::to_string(last++);
  }
  return {{"version", 1},
          {"chainId", 31337},
          {"block", 12},
          {"contracts", contracts},
          {"schedule",
           {{"genesis", 1'700'000'000},
            {"epochSeconds", 60},
            {"commitSeconds", 15},
            {"revealSeconds", 16},
            {"settleSeconds", 4838400},
            {"disputeSeconds", 604800},
            {"unbondingSeconds", 1209600}}},
          {"parameters",
           {{"initialSupply", "100000000000000000000000000"},
            {"stake", "1"},
            {"bondPerWeight", "2"},
            {"providerPercent", 80},
            {"band", 6}}}};
}

TEST(Deployment, IsReadWhole) {
  const absl::StatusOr<Deployment> read = ParseDeployment("d.json", Sample().dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->chain_id, 31337u);
  EXPECT_EQ(read->block, 12u);
  const Address contracts[] = {read->token,   read->license, read->emission, read->beacon,
                               read->devices, read->slots,   read->reports,  read->settlement};
  std::uint8_t last = 0xa1;
  for (const Address& contract : contracts) EXPECT_EQ(contract[19], last++);
  EXPECT_EQ(read->schedule, (Schedule{1'700'000'000, 60, 15, 16, 4838400, 604800, 1209600}));
  EXPECT_EQ(read->schedule.begin(2), 1'700'000'120u);
  EXPECT_EQ(read->schedule.settle_begin(2), 1'700'000'211u);
  EXPECT_EQ(read->initial_supply.ToDecimal(), "100000000000000000000000000");
  EXPECT_EQ(read->provider_percent, 80);
  EXPECT_EQ(read->band, 6);
}

TEST(Deployment, NamesFileAndKeyOfWhatIsWrong) {
  struct Case {
    std::function<void(json&)> change;
    const char* message;
  };
  const Case cases[] = {
      {[](json& j) { j["version"] = 2; }, "version: is 2, expected an integer from 1 to 1"},
      {[](json& j) { j.erase("chainId"); }, "chainId: is missing"},
      {[](json& j) { j["chainId"] = 0; }, "chainId: is 0"},
      {[](json& j) { j["block"] = -1; }, "block: is -1"},
      {[](json& j) { j["contracts"].erase("Slots"); }, "contracts.Slots: is missing"},
      {[](json& j) { j["contracts"]["Slots"] = "0x12"; }, "contracts.Slots: is \"0x12\""},
      {[](json& j) { j["contracts"]["Slots"] = "0x" + std::string(40, '0'); }, "not all zero"},
      {[](json& j) { j["contracts"] = 7; }, "contracts.: is 7, expected an object"},
      {[](json& j) { j.erase("schedule"); }, "schedule.: is missing, expected an object"},
      {[](json& j) { j["schedule"]["epochSeconds"] = 0; }, "schedule.epochSeconds: is 0"},
      {[](json& j) { j["schedule"]["epochSeconds"] = 4294967296; }, "schedule.epochSeconds"},
      {[](json& j) { j["schedule"]["epochSeconds"] = "60"; }, "schedule.epochSeconds: is \"60\""},
      {[](json& j) { j["schedule"]["x"] = 1; }, "schedule.x: is no key of a deployment"},
      {[](json& j) { j["y"] = 1; }, "y: is no key of a deployment"},
      {[](json& j) { j["parameters"]["band"] = 201; }, "parameters.band: is 201"},
      {[](json& j) { j["parameters"]["providerPercent"] = 101; }, "parameters.providerPercent"},
      {[](json& j) { j["parameters"]["initialSupply"] = 5; }, "parameters.initialSupply: is 5"},
      {[](json& j) { j["parameters"]["initialSupply"] = "1000000000000000000000000001"; },
       "at most 1000000000000000000000000000"},
  };
  for (const Case& wrong : cases) {
    json changed = Sample();
    wrong.change(changed);
    const absl::Status status = ParseDeployment("d.json", changed.dump()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("d.json: "))) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(wrong.message));
  }
}

TEST(Deployment, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[]", "null", "<html>"}) {
    EXPECT_EQ(ParseDeployment("d.json", text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_TRUE(absl::IsNotFound(ReadDeployment("/nonexistent/deployment.json").status()));
}

}  // namespace
}  // namespace kaisar::chain
