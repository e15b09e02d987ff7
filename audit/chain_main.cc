#include "audit/chain_main.h"

#include <CLI/CLI.hpp>

namespace kaisar::audit {

ChainCliOptions AddChainOptions(CLI::App& command, const char* rpc_help,
                                chain::ChainSource& source) {
  ChainCliOptions options{};
  options.rpc = command.add_option("--rpc", source.rpc, rpc_help)->delimiter(',')->expected(1, 8);
  options.deployment = command.add_option("--deployment", source.deployment,
                                          "where the chain's contracts are, a JSON file");
  command.add_option("--timeout-ms", source.timeout_ms, "limit of one request to the chain")
      ->check(CLI::Range(1u, 600'000u))
      ->capture_default_str();
  return options;
}

}  // namespace kaisar::audit
