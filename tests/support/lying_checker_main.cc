// lying-checker: the real checker in every respect but one: the report says of one device what the
// command line says. For networks that must survive a dishonest minority.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "audit/epoch_report.h"
#include "checker/run_command.h"

namespace kaisar::testing {
namespace {

constexpr int kWrongUsage = 2;
constexpr std::uint32_t kMostScore = 200;

struct Lie {
  std::uint32_t device = 0;
  std::uint32_t score = 0;
};

bool ParseLie(const std::string& text, Lie& lie) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  return absl::SimpleAtoi(parts.first, &lie.device) && absl::SimpleAtoi(parts.second, &lie.score) &&
         lie.score <= kMostScore;
}

/// What the log is worth, but for the lie. A device that is not of this slot's is left alone.
absl::StatusOr<audit::EpochReport> LyingReport(const std::string& log_path, const Lie& lie) {
  absl::StatusOr<audit::EpochReport> made = audit::MakeReport(log_path);
  if (!made.ok()) return made;
  for (audit::DeviceScore& device : made->scores) {
    if (device.device == lie.device) device.score = static_cast<std::uint8_t>(lie.score);
  }
  made->report.words = audit::PackScores(made->scores);
  return made;
}

int Main(int argc, char** argv) {
  CLI::App app("A checker that lies about one device.", "lying-checker");
  checker::RunOptions options;
  options.progress = checker::ProgressMode::kNever;
  std::string text;
  app.add_option("--config", options.config, "checker.yaml")->required();
  app.add_option("--epochs", options.epochs, "end after so many reports; 0: run on");
  app.add_option("--lie", text, "DEVICE=SCORE, score 0 to 200")->required();
  CLI11_PARSE(app, argc, argv);
  Lie lie;
  if (!ParseLie(text, lie)) {
    std::fprintf(stderr, "lying-checker: --lie: is %s, expected DEVICE=SCORE\n", text.c_str());
    return kWrongUsage;
  }
  return checker::RunCommand(options,
                             [lie](const std::string& path) { return LyingReport(path, lie); });
}

}  // namespace
}  // namespace kaisar::testing

int main(int argc, char** argv) {
  return kaisar::testing::Main(argc, argv);
}
