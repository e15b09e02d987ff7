// Writes a valid log of any size with its report, to verify: signatures and proofs are real.
#include <CLI/CLI.hpp>
#include <string>

#include "tests/support/large_log.h"

int main(int argc, char** argv) {
  CLI::App app("Writes a log in which every device answers everything, and its report.");
  kaisar::testing::LargeLogShape shape;
  std::string log, report;
  app.add_option("--log", log, "file to write")->required();
  app.add_option("--report", report, "file to write")->required();
  app.add_option("--devices", shape.devices, "devices")->capture_default_str();
  app.add_option("--latency", shape.latency, "latency challenges of each")->capture_default_str();
  app.add_option("--matmul", shape.matmul, "matmul challenges of each")->capture_default_str();
  app.add_option("--n", shape.n, "size of the matrices")->capture_default_str();
  app.add_option("--rounds", shape.rounds, "rounds")->capture_default_str();
  app.add_option("--samples", shape.samples, "samples of each proof")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  kaisar::testing::WriteLargeLog(shape, log, report);
  return 0;
}
