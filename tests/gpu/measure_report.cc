#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

// Operations a second, in 10^12.
double Tops(const Measured& one) {
  const double median_us = Median(one.samples_us);
  return median_us > 0 ? one.operations / median_us / 1e6 : 0;
}

const Measured* Find(const std::vector<Measured>& all, const std::string& what,
                     const Measured& like) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Measured& one) {
    return one.what == what && one.n == like.n && one.rounds == like.rounds;
  });
  return found == all.end() ? nullptr : &*found;
}

// Rate beside that of `what` at the same size; 0: there is none.
double Beside(const std::vector<Measured>& all, const Measured& one, const std::string& what) {
  const Measured* const other = what.empty() ? nullptr : Find(all, what, one);
  if (other == nullptr || Tops(*other) == 0) return 0;
  return Tops(one) / Tops(*other);
}

std::string OrDash(double value, int decimals) {
  return value > 0 ? absl::StrFormat("%.*f", decimals, value) : "-";
}

}  // namespace

std::string Table(const Setting& setting, const std::vector<Measured>& all) {
  std::string table =
      absl::StrFormat("%6s %6s  %-24s %12s %12s %9s %10s %10s %10s\n", "n", "R", "what",
                      "median us", "least us", "TOPS", "datasheet", "cuBLASLt", "+ epilogue");
  for (const Measured& one : all) {
    const double tops = Tops(one);
    const double share = setting.datasheet_tops > 0 ? tops / setting.datasheet_tops : 0;
    absl::StrAppendFormat(&table, "%6d %6s  %-24s %12.1f %12.1f %9s %10s %10s %10s\n", one.n,
                          one.rounds > 0 ? absl::StrCat(one.rounds) : "-", one.what,
                          Median(one.samples_us), Least(one.samples_us), OrDash(tops, 1),
                          OrDash(share, 3), OrDash(Beside(all, one, one.against), 3),
                          OrDash(Beside(all, one, kWithEpilogue), 3));
    if (!one.wrong.empty()) absl::StrAppend(&table, "       WRONG: ", one.wrong, "\n");
  }
  return table;
}

nlohmann::json ToJson(const Setting& setting, const std::vector<Measured>& all) {
  nlohmann::json json;
  json["gpu"] = setting.gpu_name;
  json["compute_capability"] = setting.compute_capability;
  json["datasheet_tops"] = setting.datasheet_tops;
  json["cublas"] = setting.cublas == nullptr ? "absent" : setting.cublas->Description();
  for (const Measured& one : all) {
    json["measured"].push_back({{"what", one.what},
                                {"n", one.n},
                                {"rounds", one.rounds},
                                {"operations", one.operations},
                                {"median_us", Median(one.samples_us)},
                                {"least_us", Least(one.samples_us)},
                                {"tops", Tops(one)},
                                {"beside_cublas", Beside(all, one, one.against)},
                                {"beside_epilogue", Beside(all, one, kWithEpilogue)},
                                {"wrong", one.wrong},
                                {"tried_us", one.tried_us},
                                {"samples_us", one.samples_us}});
  }
  return json;
}

}  // namespace kaisar::kernels
