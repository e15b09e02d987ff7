// What devices say of themselves is kept and shown, whatever it is, and decides nothing.

#include "audit/descriptions.h"

#include <algorithm>
#include <sstream>

#include "audit/verify_command.h"
#include "kaisar/v1/device.pb.h"
#include "nlohmann/json.hpp"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Repeated(std::size_t bytes) {
  return std::string(bytes, 'x');
}

void Insert(EpochFixture& epoch, std::size_t index, v1::Record record) {
  epoch.records.insert(epoch.records.begin() + static_cast<std::ptrdiff_t>(index),
                       std::move(record));
}

v1::DeviceDescribed Saying(const v1::DeviceDescription& description) {
  v1::DeviceDescribed described;
  described.set_device(5);
  described.set_transport(v1::COMPLETED);
  described.set_description(description.SerializeAsString());
  return described;
}

v1::Roster RosterOf(std::uint32_t device) {
  v1::Roster roster;
  roster.add_devices()->set_id(device);
  return roster;
}

const Change kExcesses[] = {
    {"Twice", "description of device 1, which was described before",
     [](EpochFixture& e) { Insert(e, e.records.size() - 1, e.records[e.FindDescribed(1)]); }},
    {"OfAStranger", "description of device 8, which is not in the roster",
     [](EpochFixture& e) { e.Described(2).set_device(8); }},
    {"TooLong", "description of device 2: description is 4097 bytes, limit 4096",
     [](EpochFixture& e) { e.Described(2).set_description(Repeated(4097)); }},
    {"TooMuchSoftware", "description of device 2: software is 129 bytes, limit 128",
     [](EpochFixture& e) { e.Described(2).set_software(Repeated(129)); }},
    {"TooMuchDetail", "description of device 3: detail is 513 bytes, limit 512",
     [](EpochFixture& e) { e.Described(3).set_detail(Repeated(513)); }},
};

class DescribedWrongly : public ::testing::TestWithParam<Change> {};

TEST_P(DescribedWrongly, IsADifferenceAndNothingElseChanges) {
  EpochFixture epoch;
  const std::vector<Digest> words = epoch.report.words;
  GetParam().change(epoch);
  epoch.ReportAsRecorded();
  EXPECT_EQ(epoch.report.words, words);
  const VerifyResult result = VerifyEpoch(epoch);
  ExpectDifference(result, GetParam().telling);
  EXPECT_EQ(result.difference_count, 1u);
}

INSTANTIATE_TEST_SUITE_P(Records, DescribedWrongly, ::testing::ValuesIn(kExcesses), NameOfChange);

TEST(Descriptions, MayStandAnywhereInTheEpoch) {
  EpochFixture epoch;
  epoch.Described(1).set_asked_ms(0);  // a record tells of no time to come
  const v1::Record described = epoch.records[epoch.FindDescribed(1)];
  epoch.records.erase(epoch.records.begin() + static_cast<std::ptrdiff_t>(epoch.FindDescribed(1)));
  Insert(epoch, 1, described);
  epoch.ReportAsRecorded();
  EXPECT_THAT(VerifyEpoch(epoch).differences, IsEmpty());
}

TEST(Descriptions, MoveNoScore) {
  EpochFixture with;
  EpochFixture without;
  EpochFixture lies;
  std::erase_if(without.records, [](const v1::Record& record) { return record.has_described(); });
  v1::DeviceDescription boast;
  boast.set_id(6);
  boast.set_device_class("h100");
  boast.set_trouble("none, it reached all that it claims");
  v1::Record record;
  *record.mutable_described() = Saying(boast);
  record.mutable_described()->set_device(6);
  Insert(lies, 2, record);
  for (EpochFixture* epoch : {&with, &without, &lies}) epoch->ReportAsRecorded();
  EXPECT_EQ(with.report.words, without.report.words);
  EXPECT_EQ(with.report.words, lies.report.words);
  for (const EpochFixture* epoch : {&with, &without, &lies}) {
    const VerifyResult result = VerifyEpoch(*epoch);
    EXPECT_THAT(result.differences, IsEmpty());
    EXPECT_EQ(PackScores(result.scores), with.report.words);
  }
}

TEST(Descriptions, AreShownWhenAskedFor) {
  TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  EpochFixture epoch;
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  for (const bool devices : {false, true}) {
    std::ostringstream out, errors;
    VerifyArguments arguments;
    arguments.log_path = directory.File("log");
    arguments.report_path = directory.File("report");
    arguments.devices = devices;
    EXPECT_EQ(RunVerify(arguments, out, errors), 0);
    const std::string shown =
        "device  says of itself\n"
        "     1  cuda 9.0, NVIDIA H100 80GB HBM3, driver 580.95.05, 81559 MiB, 41 C, "
        "kaisar-provider 1\n"
        "     2  cpu AVX2, 2 threads, kaisar-provider 1\n"
        "     3  (no answer after 5000 ms)\n"
        "     4  (not asked)\n";
    EXPECT_EQ(out.str().find(shown) != std::string::npos, devices) << out.str();
  }
}

TEST(Descriptions, AreInTheJson) {
  EpochFixture epoch;
  const nlohmann::json json = nlohmann::json::parse(ResultToJson(VerifyEpoch(epoch)));
  const nlohmann::json& all = json["descriptions"];
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["device"], 1);
  EXPECT_EQ(all[0]["software"], "kaisar-provider 1");
  EXPECT_EQ(all[0]["says"]["gpu"]["memory_total_bytes"], 85'520'809'984u);
  EXPECT_FALSE(all[0]["says"]["gpu"].contains("power_mw"));
  EXPECT_FALSE(all[1]["says"].contains("gpu"));
  EXPECT_EQ(all[2]["transport"], "DEADLINE");
  EXPECT_EQ(all[2]["says"], nullptr);
}

TEST(Descriptions, ShowEveryFigureThatAGpuGives) {
  v1::DeviceDescription description;
  description.set_backend("cuda 9.0");
  description.set_trouble("an uncorrected ECC error");
  v1::GpuInformation& gpu = *description.mutable_gpu();
  gpu.set_name("G");
  gpu.set_uuid("GPU-1");
  gpu.set_pci_id("0000:65:00.0");
  gpu.set_driver("580");
  gpu.set_memory_total_bytes(std::uint64_t{16} << 30);
  gpu.set_memory_free_bytes(std::uint64_t{15} << 30);
  gpu.set_ecc_enabled(true);
  gpu.set_ecc_errors(2);
  gpu.set_sm_clock_mhz(1980);
  gpu.set_most_sm_clock_mhz(2100);
  gpu.set_memory_clock_mhz(2619);
  gpu.set_power_mw(312'400);
  gpu.set_power_limit_mw(700'000);
  gpu.set_temperature_c(0);
  gpu.set_utilization_percent(97);
  EXPECT_THAT(DescriptionTable(RosterOf(5), {{5, Saying(description)}}),
              HasSubstr("cuda 9.0, G, GPU-1, 0000:65:00.0, driver 580, 16384 MiB, 15360 free, "
                        "ECC on, 2 ECC errors, SM 1980 of 2100 MHz, memory 2619 MHz, "
                        "312 of 700 W, 0 C, 97 % busy, trouble: an uncorrected ECC error\n"));
}

TEST(Descriptions, OfHostileContentAreShownInPrintableAscii) {
  v1::DeviceDescription description;
  description.set_backend("\x1b[2Jgone");
  description.mutable_gpu()->set_name("line\nbreak\r\u202e" + Repeated(9000));
  v1::DeviceDescribed named = Saying(description);
  named.set_software("\x1b]0;title\a");
  named.set_detail(std::string("\0\xff", 2));
  v1::DeviceDescribed garbage = named;
  garbage.set_description("\xff\xff\xff garbage");
  for (const v1::DeviceDescribed& described : {named, garbage}) {
    const std::string table = DescriptionTable(RosterOf(5), {{5, described}});
    const std::string json = DescriptionsToJson({{5, described}}).dump();
    for (const std::string& shown : {table, json}) {
      EXPECT_LT(shown.size(), 1500u);
      EXPECT_TRUE(std::all_of(shown.begin(), shown.end(), [](char c) {
        return c == '\n' || (c >= ' ' && c <= '~');
      })) << shown;
    }
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2);
  }
  EXPECT_THAT(DescriptionTable(RosterOf(5), {{5, garbage}}),
              HasSubstr("11 bytes that say nothing"));
}

}  // namespace
}  // namespace kaisar::audit
