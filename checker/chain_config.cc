#include "checker/chain_config.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostEndpoints = 8;

std::vector<std::string> Endpoints(YamlReader& chain) {
  std::vector<std::string> endpoints = chain.Texts("rpc");
  if (endpoints.empty() || endpoints.size() > kMostEndpoints) {
    chain.Fail("rpc",
               absl::StrCat("has ", endpoints.size(), " entries, expected 1 to ", kMostEndpoints));
  }
  for (const std::string& endpoint : endpoints) {
    if (!absl::StartsWith(endpoint, "http://") && !absl::StartsWith(endpoint, "https://")) {
      chain.Fail("rpc", absl::StrCat("is ", endpoint, ", expected an http:// or https:// URL"));
    }
  }
  return endpoints;
}

Uint256 Coins(YamlReader& chain, const std::string& key, const Uint256& otherwise) {
  if (!chain.Has(key)) return otherwise;
  const std::string text = chain.Text(key);
  const absl::StatusOr<Uint256> amount = ParseEther(text);
  if (!amount.ok()) {
    chain.Fail(key, absl::StrCat("is ", text, ", expected coins such as \"0.05\""));
  }
  return amount.value_or(otherwise);
}

}  // namespace

ChainConfig ReadChainConfig(YamlReader& chain) {
  const auto limited = [&](const std::string& key, std::uint64_t least, std::uint64_t most,
                           std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(chain.UintOr(key, least, most, otherwise));
  };
  ChainConfig config;
  config.deployment = chain.Text("deployment");
  config.rpc = Endpoints(chain);
  config.confirmations = limited("confirmations", 0, 64, config.confirmations);
  config.max_fee_gwei = chain.UintOr("max_fee_gwei", 1, 1'000'000, config.max_fee_gwei);
  config.low_balance = Coins(chain, "low_balance", config.low_balance);
  config.timeout_ms = limited("timeout_ms", 100, 60'000, config.timeout_ms);
  config.settle_batch = limited("settle_batch", 1, 100, config.settle_batch);
  return config;
}

}  // namespace kaisar::checker
