#include "checker/classes_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/text_table.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "challenges/device_class.h"

namespace kaisar::checker {
namespace {

using challenges::ClassHardware;
using challenges::ClassPolicy;

constexpr std::uint64_t kMostPolicyBytes = 1 << 20;

const char* NameOf(challenges::Arithmetic arithmetic) {
  return arithmetic == challenges::Arithmetic::kInt8 ? "int8" : "bf16";
}

/// "42.94", rounded down.
std::string Gigabytes(std::uint64_t bytes) {
  return absl::StrFormat("%d.%02d", bytes / 1'000'000'000, bytes / 10'000'000 % 100);
}

/// "660.60", rounded down.
std::string Teraops(std::uint64_t ops_per_second) {
  return absl::StrFormat("%d.%02d", ops_per_second / 1'000'000'000'000,
                         ops_per_second / 10'000'000'000 % 100);
}

std::vector<std::string> RowOf(const std::string& name, const ClassPolicy& asked) {
  std::vector<std::string> row = {name,
                                  "-",
                                  "-",
                                  "-",
                                  "-",
                                  absl::StrCat(asked.n),
                                  absl::StrCat(asked.rounds),
                                  Gigabytes(ProofBytes(asked)),
                                  "-",
                                  "-",
                                  absl::StrCat(asked.commitment_deadline_ms)};
  if (!asked.hardware) return row;
  const ClassHardware& hardware = *asked.hardware;
  row[1] = NameOf(hardware.arithmetic);
  row[2] = Gigabytes(hardware.memory_bytes);
  row[3] = Teraops(hardware.peak_ops_per_second);
  row[4] = absl::StrCat(FullClaim(hardware));
  row[8] = absl::StrCat(ProofBytes(asked) * 100 / hardware.memory_bytes, " %");
  row[9] = absl::StrCat(ProofMs(asked, hardware));
  return row;
}

nlohmann::ordered_json JsonOf(const std::string& name, const ClassPolicy& asked) {
  nlohmann::ordered_json json = {{"class", name},
                                 {"n", asked.n},
                                 {"rounds", asked.rounds},
                                 {"commitment_deadline_ms", asked.commitment_deadline_ms},
                                 {"opening_deadline_ms", asked.opening_deadline_ms},
                                 {"proof_bytes", ProofBytes(asked)}};
  if (!asked.hardware) return json;
  const ClassHardware& hardware = *asked.hardware;
  json["arithmetic"] = NameOf(hardware.arithmetic);
  json["memory_bytes"] = hardware.memory_bytes;
  json["peak_ops_per_second"] = hardware.peak_ops_per_second;
  json["full_claim_ppm"] = hardware.full_claim_ppm;
  json["full_claim_ops_per_second"] = FullClaim(hardware);
  json["proof_ms"] = ProofMs(asked, hardware);
  json["source"] = hardware.source;
  return json;
}

}  // namespace

void PrintClasses(const challenges::Policy& policy, bool json, std::ostream& out) {
  if (json) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const auto& [name, asked] : policy.classes) all.push_back(JsonOf(name, asked));
    out << nlohmann::ordered_json{{"classes", std::move(all)}}.dump(2) << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"class", "arithmetic", "memory GB", "peak TOPS",
                                                 "full claim ops/s", "n", "rounds", "proof GB",
                                                 "of memory", "proof ms", "deadline ms"}};
  for (const auto& [name, asked] : policy.classes) rows.push_back(RowOf(name, asked));
  out << audit::AlignColumns(rows, {0, 1});
}

absl::Status ClassesCommand(const ClassesOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(options.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(const challenges::Policy policy, challenges::ParsePolicy(options.policy, yaml));
  PrintClasses(policy, options.json, out);
  return absl::OkStatus();
}

}  // namespace kaisar::checker
