#include "chain/deployment.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace kaisar::chain {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostFileBytes = 1 << 20;
constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostPercent = 100;
constexpr std::uint64_t kMostScore = 200;
constexpr char kSupplyCap[] = "1000000000000000000000000000";  // wei: docs/settlement.md, Emission

/// Reads one object of the file; the first error wins and is shared by all readers of a file.
class ObjectReader {
 public:
  /// `path` is empty for the whole file, else ends with a dot.
  ObjectReader(const Json& json, std::string path, absl::Status& status)
      : json_(json), path_(std::move(path)), status_(status) {
    if (!json.is_object()) Fail("", json, "an object");
  }

  std::uint64_t Uint(const char* key, std::uint64_t least, std::uint64_t most) {
    const Json& value = Find(key);
    const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() >= least &&
                      value.get<std::uint64_t>() <= most;
    if (!fits) Fail(key, value, absl::StrCat("an integer from ", least, " to ", most));
    return fits ? value.get<std::uint64_t>() : 0;
  }

  std::uint32_t Seconds(const char* key, std::uint64_t least = 1) {
    return static_cast<std::uint32_t>(Uint(key, least, kMost32));
  }

  Uint256 Wei(const char* key, const Uint256& most) {
    const Json& value = Find(key);
    const std::string* text = value.get_ptr<const std::string*>();
    if (text != nullptr) {
      const absl::StatusOr<Uint256> wei = Uint256::FromDecimal(*text);
      if (wei.ok() && *wei <= most) return *wei;
    }
    Fail(key, value, absl::StrCat("a string of decimal digits, at most ", most.ToDecimal()));
    return Uint256();
  }

  Address Contract(const char* key) {
    const Json& value = Find(key);
    const std::string* text = value.get_ptr<const std::string*>();
    if (text != nullptr && absl::StartsWith(*text, "0x")) {
      const auto address = ParseHexArray<20>(*text);
      if (address.ok() && *address != Address{}) return *address;
    }
    Fail(key, value, "0x and 40 hex digits, not all zero");
    return Address{};
  }

  const Json& Find(const char* key) {
    static const Json* const kNull = new Json();
    asked_.insert(key);
    if (!status_.ok() || !json_.is_object()) return *kNull;
    const auto found = json_.find(key);
    return found == json_.end() ? *kNull : *found;
  }

  void ExpectNoOther() {
    if (!status_.ok()) return;
    for (const auto& [key, value] : json_.items()) {
      if (asked_.count(key) == 0) {
        status_ = absl::InvalidArgumentError(
            absl::StrCat(path_, Printable(key, 60), ": is no key of a deployment"));
        return;
      }
    }
  }

 private:
  void Fail(absl::string_view key, const Json& value, absl::string_view expected) {
    if (!status_.ok()) return;
    const std::string shown =
        value.is_null() ? "missing"
        : value.is_structured()
            ? value.type_name()
            : Printable(value.dump(-1, ' ', true, Json::error_handler_t::replace), 80);
    status_ = absl::InvalidArgumentError(
        absl::StrCat(path_, key, ": is ", shown, ", expected ", expected));
  }

  const Json& json_;
  std::string path_;
  absl::Status& status_;
  std::set<std::string> asked_;
};

void ReadContracts(const Json& json, Deployment& deployment, absl::Status& status) {
  // Others may be there, such as the timelock that nothing here speaks to.
  ObjectReader reader(json, "contracts.", status);
  deployment.token = reader.Contract("KaiToken");
  deployment.license = reader.Contract("CheckerLicense");
  deployment.emission = reader.Contract("Emission");
  deployment.beacon = reader.Contract("BlockHashBeacon");
  deployment.devices = reader.Contract("Devices");
  deployment.slots = reader.Contract("Slots");
  deployment.reports = reader.Contract("Reports");
  deployment.settlement = reader.Contract("Settlement");
}

void ReadSchedule(const Json& json, Schedule& schedule, absl::Status& status) {
  ObjectReader reader(json, "schedule.", status);
  schedule.genesis = reader.Uint("genesis", 0, kMost64 >> 1);  // sums of times must not wrap
  schedule.epoch_seconds = reader.Seconds("epochSeconds");
  schedule.commit_seconds = reader.Seconds("commitSeconds");
  schedule.reveal_seconds = reader.Seconds("revealSeconds");
  schedule.settle_seconds = reader.Seconds("settleSeconds");
  schedule.dispute_seconds = reader.Seconds("disputeSeconds", 0);
  schedule.unbonding_seconds = reader.Seconds("unbondingSeconds", 0);
  reader.ExpectNoOther();
}

void ReadParameters(const Json& json, Deployment& deployment, absl::Status& status) {
  // Others are the contracts' to tell, since they can change.
  ObjectReader reader(json, "parameters.", status);
  deployment.initial_supply =
      reader.Wei("initialSupply", Uint256::FromDecimal(kSupplyCap).value_or(Uint256()));
  deployment.provider_percent =
      static_cast<std::uint8_t>(reader.Uint("providerPercent", 0, kMostPercent));
  deployment.band = static_cast<std::uint8_t>(reader.Uint("band", 0, kMostScore));
}

absl::StatusOr<Deployment> ParseJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("is not JSON");
  absl::Status status;
  Deployment deployment;
  ObjectReader reader(json, "", status);
  reader.Uint("version", kVersion, kVersion);
  deployment.chain_id = reader.Uint("chainId", 1, kMost64);
  deployment.block = reader.Uint("block", 0, kMost64);
  ReadContracts(reader.Find("contracts"), deployment, status);
  ReadSchedule(reader.Find("schedule"), deployment.schedule, status);
  ReadParameters(reader.Find("parameters"), deployment, status);
  reader.ExpectNoOther();
  RETURN_IF_ERROR(status);
  return deployment;
}

}  // namespace

absl::StatusOr<Deployment> ParseDeployment(const std::string& file, const std::string& json) {
  absl::StatusOr<Deployment> deployment = ParseJson(json);
  if (deployment.ok()) return deployment;
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", deployment.status().message()));
}

absl::StatusOr<Deployment> ReadDeployment(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMostFileBytes));
  return ParseDeployment(path, json);
}

}  // namespace kaisar::chain
