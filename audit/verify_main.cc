#include "audit/verify_main.h"

#include <CLI/CLI.hpp>

#include "audit/chain_main.h"

namespace kaisar::audit {
namespace {

constexpr char kVerifyFooter[] = R"(Examples:
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json --json | jq .differences
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json \
      --rpc http://127.0.0.1:8545 --deployment deployment.json
      compares with the chain, too: beacon, roster and committees, commitment, words and secret
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json --from-scratch 3
      does all the work of three proofs again, on the GPU where there is just one, else on the CPU,
      and compares every root; prints what chose them, so that --seed chooses them again

What comes out does not depend on the number of threads. Memory stays under 200 MB for a log of 10 GB.

Exit status: 0 all holds; 1 something does not, and each difference is named; 2 wrong usage, or a file
or the chain cannot be read.)";

}  // namespace

CLI::App* AddVerify(CLI::App& app, VerifyArguments& arguments) {
  CLI::App* verify = app.add_subcommand(
      "verify", "recompute everything that an epoch's log and report say, and compare");
  verify->footer(kVerifyFooter);
  verify->add_option("--log", arguments.log_path, "challenge log, a file")->required();
  verify->add_option("--report", arguments.report_path, "signed report, a JSON file")->required();
  verify
      ->add_option("--threads", arguments.threads,
                   "threads to verify with; 0: as many as the machine runs at once")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verify->add_flag("--json", arguments.json, "print one JSON object instead of a table");
  verify->add_flag("--devices", arguments.devices,
                   "print what the devices say of themselves, too; it decides nothing");
  verify->add_flag("--quiet", arguments.quiet, "show no progress");
  const ChainCliOptions chain = AddChainOptions(
      *verify, "compare with a chain: URLs of its JSON-RPC, tried in turn", arguments.chain);
  chain.rpc->needs(chain.deployment);
  chain.deployment->needs(chain.rpc);
  CLI::Option* const again =
      verify
          ->add_option("--from-scratch", arguments.from_scratch,
                       "do all the work of so many proofs again, chosen at random")
          ->check(CLI::Range(1u, 1'000'000u));
  verify
      ->add_option("--seed", arguments.seed,
                   "32 bytes of hex that choose the proofs; without it, new ones are chosen")
      ->needs(again);
  return verify;
}

}  // namespace kaisar::audit
