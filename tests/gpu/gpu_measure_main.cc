// gpu_measure: checks and times every path on the first GPU beside cuBLASLt; see
// docs/measuring-gpu.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

// What ctest takes for a skipped test: there is no GPU.
constexpr int kSkipped = 77;

struct Options {
  std::vector<std::uint32_t> sizes = {1024, 4096, 8192, 16384};
  std::string json;
  std::string cublas;
  double datasheet_tops = 0;
  double challenge_seconds = 1;
  int samples = 25;
  int challenges = 3;
  std::vector<std::string> paths;
  bool quick = false;
  bool no_challenges = false;
};

// Dense int8 by NVIDIA's datasheets; docs/policy.md has the sources.
double DatasheetTops(const std::string& name) {
  struct Known {
    const char* part;
    double tops;
  };
  constexpr std::array<Known, 11> kKnown{{{"H100 PCIe", 1513},
                                          {"H100", 1979},
                                          {"H200", 1979},
                                          {"A100", 624},
                                          {"L40S", 733},
                                          {"L4", 242},
                                          {"A10", 250},
                                          {"T4", 130},
                                          {"RTX 4090", 660.6},
                                          {"RTX 3090", 284},
                                          {"B200", 4500}}};
  for (const Known& known : kKnown) {
    if (absl::StrContains(name, known.part)) return known.tops;
  }
  return 0;
}

// What nvidia-smi says now; empty where there is none.
std::string Condition() {
  std::string text;
  FILE* const pipe = popen(
      "nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw,power.limit,temperature.gpu"
      " --format=csv,noheader 2>/dev/null",
      "r");
  if (pipe == nullptr) return text;
  std::array<char, 256> line;
  if (std::fgets(line.data(), line.size(), pipe) != nullptr) text = line.data();
  pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

absl::Status OpenGpu(const Options& options, Setting& setting) {
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);  // leaves the count when it fails
  if (counted != cudaSuccess || count == 0) {
    return absl::NotFoundError(absl::StrCat("no GPU: ", cudaGetErrorString(counted)));
  }
  RETURN_IF_ERROR(CheckCuda(cudaSetDevice(0), "open the first GPU"));
  cudaDeviceProp properties{};
  RETURN_IF_ERROR(CheckCuda(cudaGetDeviceProperties(&properties, 0), "describe the GPU"));
  RETURN_IF_ERROR(CheckCuda(cudaStreamCreate(&setting.stream), "make a stream"));
  setting.gpu_name = properties.name;
  setting.compute_capability = 10 * properties.major + properties.minor;
  for (const RoundPath path : PathsBesidePlain(setting.compute_capability)) {
    const auto& wanted = options.paths;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), NameOf(path)) == wanted.end()) {
      continue;
    }
    setting.paths.push_back(path);
  }
  if (setting.paths.size() < options.paths.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--paths: not all of ", absl::StrJoin(options.paths, ","), " run on ", setting.gpu_name));
  }
  std::stable_partition(setting.paths.begin(), setting.paths.end(), [&](RoundPath path) {
    return path == BestRoundPath(setting.compute_capability);
  });
  setting.datasheet_tops =
      options.datasheet_tops > 0 ? options.datasheet_tops : DatasheetTops(setting.gpu_name);
  setting.samples = options.quick ? 20 : options.samples;
  setting.sample_us = options.quick ? 1000 : 4000;
  setting.challenge_seconds = options.quick ? 0.3 : options.challenge_seconds;
  setting.challenges = options.quick ? 2 : options.challenges;
  return absl::OkStatus();
}

// Rounds and challenges of one size, appended to `all`.
absl::Status MeasureSize(const Options& options, const Setting& setting, std::uint32_t n,
                         std::vector<Measured>& all) {
  ASSIGN_OR_RETURN(const std::vector<Measured> rounds, MeasureRounds(setting, n));
  all.insert(all.end(), rounds.begin(), rounds.end());
  std::cout << Table(setting, rounds) << std::endl;
  double round_us = 0;
  for (const Measured& one : rounds) {
    const double median_us = Median(one.samples_us);
    if (one.operations > 0 && (round_us == 0 || median_us < round_us)) round_us = median_us;
  }
  if (options.no_challenges || round_us == 0) return absl::OkStatus();
  for (const auto measure : {&MeasureChallenges, &MeasureEngine}) {
    ASSIGN_OR_RETURN(const std::vector<Measured> challenges, measure(setting, n, round_us));
    all.insert(all.end(), challenges.begin(), challenges.end());
    std::cout << Table(setting, challenges) << std::endl;
  }
  return absl::OkStatus();
}

absl::Status Measure(const Options& options) {
  Setting setting;
  RETURN_IF_ERROR(OpenGpu(options, setting));
  ASSIGN_OR_RETURN(const StopFlag stop, StopFlag::Allocate());
  setting.stop = stop.get();
  auto cublas = CublasLt::Open(options.cublas);
  if (cublas.ok()) setting.cublas = cublas->get();
  std::cout << setting.gpu_name << ", compute capability " << setting.compute_capability << "\n"
            << (cublas.ok() ? (*cublas)->Description() : std::string(cublas.status().message()))
            << "\n";
  std::vector<Measured> all;
  nlohmann::json conditions;
  for (const std::uint32_t n : options.sizes) {
    conditions.push_back({{"before n", n}, {"nvidia-smi", Condition()}});
    RETURN_IF_ERROR(MeasureSize(options, setting, n, all));
    conditions.push_back({{"after n", n}, {"nvidia-smi", Condition()}});
    std::cout << "SM and memory clock, power, limit, temperature: " << Condition() << "\n";
  }
  nlohmann::json json = ToJson(setting, all);
  json["conditions"] = conditions;
  if (!options.json.empty()) std::ofstream(options.json) << json.dump(1) << "\n";
  for (const Measured& one : all) {
    if (!one.wrong.empty()) return absl::DataLossError("bits differ; see WRONG in the tables");
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace kaisar::kernels

int main(int argc, char** argv) {
  kaisar::kernels::Options options;
  CLI::App app("checks and times every path on the first GPU, beside cuBLASLt");
  app.add_option("--n", options.sizes, "sizes, powers of two from 256 to 32768")->delimiter(',');
  app.add_option("--json", options.json, "file for everything that was measured");
  app.add_option("--cublas", options.cublas, "folder with libcublasLt.so.13 or .12");
  app.add_option("--datasheet-tops", options.datasheet_tops,
                 "dense int8, 10^12 operations a second; without, by the GPU's name");
  app.add_option("--paths", options.paths, "mma.sync, wgmma, bf16; without, all that run")
      ->delimiter(',');
  app.add_option("--samples", options.samples, "of each round alone");
  app.add_option("--challenges", options.challenges, "whole challenges of each kind");
  app.add_option("--challenge-seconds", options.challenge_seconds, "about how long one takes");
  app.add_flag("--quick", options.quick, "fewer and shorter samples");
  app.add_flag("--no-challenges", options.no_challenges, "rounds, generation and trees alone");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = kaisar::kernels::Measure(options);
  if (status.ok()) return 0;
  std::cerr << "gpu_measure: " << status.message() << "\n";
  const char* const required = std::getenv("KAISAR_REQUIRE_GPU");
  const bool is_required = required != nullptr && std::string(required) == "1";
  return absl::IsNotFound(status) && !is_required ? kaisar::kernels::kSkipped : 1;
}
