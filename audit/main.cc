// kaisar-audit: checks what a checker reported, from its files alone, and what a chain paid, from
// the chain alone.
#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "audit/chain_main.h"
#include "audit/command_help.h"
#include "audit/compare_command.h"
#include "audit/explain_command.h"
#include "audit/export_command.h"
#include "audit/html_command.h"
#include "audit/log_reader.h"
#include "audit/proof_commands.h"
#include "audit/recompute.h"
#include "audit/settle_command.h"
#include "audit/timeline_command.h"
#include "audit/verify_command.h"
#include "audit/verify_main.h"
#include "challenges/limits.h"
#include "cli/self_description.h"

namespace kaisar::audit {
namespace {

constexpr int kWrong = 1;       // it was read, and does not hold
constexpr int kUnreadable = 2;  // wrong usage, or a file that cannot be read

constexpr char kFooter[] = R"(Examples:
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json
      recomputes plan, seeds, samples, signatures, proofs, verdicts, scores and the report
  kaisar-audit verify --log epoch-7.log --report epoch-7.report.json --json | jq .differences
  kaisar-audit compare slot-0.log slot-1.log slot-2.log
      shows where several checkers' logs of one epoch do not go together
  kaisar-audit show --log epoch-7.log | jq -c 'select(.closed.verdict == "FAIL")'
      prints one JSON object a record; byte fields are base64
  kaisar-audit recompute --seed $(printf 'ab%.0s' $(seq 32)) --n 1024 --rounds 2
      does the work of one matmul challenge and prints its roots
  kaisar-audit settle --rpc http://127.0.0.1:8545 --deployment deployment.json --epoch 7
      recomputes beacon, committees, reports and every payment of an epoch, to the wei

Exit status: 0 all holds; 1 it does not; 2 wrong usage, or a file or the chain cannot be read; 3 compare
found something.)";

constexpr char kSettleFooter[] = R"(Examples:
  kaisar-audit settle --rpc http://127.0.0.1:8545 --deployment deployment.json --epoch 7
      In the table, slot=score are the members of a device's committee in order; ! is a score outside
      the band around the median, - an absent one.
  kaisar-audit settle --rpc URL,URL --deployment deployment.json --epoch 7 --device 3
      how the payments of one device are made up, in wei
  kaisar-audit settle --rpc URL --deployment deployment.json --epoch 7 --json | jq .differences

Nothing that the contracts computed is taken over: the beacon is compared with the headers of the
epoch's first block and its parent, the emission with the schedule and the funding events, each
report with its words, and each payment with what follows from them.

Exit status: 0 the chain paid what we compute; 1 it did not, and each difference is named; 2 wrong
usage, the epoch cannot be settled yet, or the chain cannot be read.)";

int Fail(const absl::Status& status, int exit_status) {
  std::cout.flush();
  std::cerr << "kaisar-audit: " << status.message() << "\n";
  return exit_status;
}

int RunShow(const std::string& log_path) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  const auto summary =
      ReadLog(log_path, [&](std::uint64_t index, ByteView, const v1::Record& record) {
        std::string line;
        const auto status = google::protobuf::util::MessageToJsonString(record, &line, options);
        if (!status.ok()) {
          return absl::DataLossError(absl::StrCat("record ", index, ": cannot be shown as JSON"));
        }
        std::cout << line << "\n";
        return absl::OkStatus();
      });
  if (summary.ok()) return 0;
  return Fail(summary.status(), absl::IsDataLoss(summary.status()) ? kWrong : kUnreadable);
}

void AddSettle(CLI::App& app, SettleOptions& options) {
  CLI::App* settle = app.add_subcommand(
      "settle", "recompute every payment of an epoch from a chain, and compare to the wei");
  settle->footer(kSettleFooter);
  const ChainCliOptions chain =
      AddChainOptions(*settle, "URLs of the chain's JSON-RPC, tried in turn", options.chain);
  chain.rpc->required();
  chain.deployment->required();
  settle->add_option("--epoch", options.epoch, "number of the epoch")->required();
  settle->add_option("--device", options.device, "show this device alone; all are compared");
  settle->add_flag("--json", options.json, "print one JSON object instead of tables");
}

struct ProofOptions {
  std::string log_path, proof_path, report_path;
  std::uint64_t record = 0;
};

void AddProofs(CLI::App& app, ProofOptions& options) {
  CLI::App* prove = app.add_subcommand(
      "prove", "make a file that shows one record to somebody who has the report alone");
  prove->footer(kProveFooter);
  prove->add_option("--log", options.log_path, "challenge log, a file")->required();
  prove->add_option("--record", options.record, "index of the record, from 0")->required();
  prove->add_option("-o,--out", options.proof_path, "file to write; printed when absent");
  CLI::App* check = app.add_subcommand("check-proof", "check what `prove` made, without the log");
  check->footer(kCheckProofFooter);
  check->add_option("proof", options.proof_path, "what `prove` made, a JSON file")->required();
  check->add_option("--report", options.report_path, "signed report, a JSON file")->required();
}

void AddTimeline(CLI::App& app, TimelineOptions& options) {
  CLI::App* timeline =
      app.add_subcommand("timeline", "print an epoch's challenges in the order of their due times");
  timeline->footer(kTimelineFooter);
  TimelineFilter& filter = options.filter;
  timeline->add_option("--log", options.log_path, "challenge log, a file")->required();
  timeline->add_option("--device", filter.devices, "of these devices alone, by id")->delimiter(',');
  timeline->add_option("--kind", filter.kinds, "of these kinds alone")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(KindWords(), CLI::ignore_case));
  timeline->add_option("--verdict", filter.verdicts, "with these verdicts alone")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(VerdictWords(), CLI::ignore_case));
  timeline->add_option("--reason", filter.reasons, "with these reasons alone")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(ReasonWords(), CLI::ignore_case));
  timeline->add_option("--from", filter.from_ms, "due at or after this, in ms after the beacon");
  timeline->add_option("--to", filter.to_ms, "due before this, in ms after the beacon");
  timeline->add_flag("--json", options.json, "print lines of JSON instead of a table");
}

void AddExport(CLI::App& app, ExportOptions& options) {
  CLI::App* command =
      app.add_subcommand("export", "write flat files for spreadsheets, pandas and DuckDB");
  command->footer(kExportFooter);
  command->add_option("--log", options.log_path, "challenge log, a file")->required();
  CLI::Option_group* format = command->add_option_group("format");
  format->add_option("--csv", options.csv_folder, "folder for files of comma-separated values");
  format->add_option("--jsonl", options.jsonl_folder, "folder for files of JSON lines");
  format->require_option(1);
}

void AddCompare(CLI::App& app, CompareOptions& options) {
  CLI::App* compare = app.add_subcommand(
      "compare", "show where several checkers' logs of one epoch do not go together");
  compare->footer(kCompareFooter);
  compare->add_option("logs", options.log_paths, "challenge logs of one epoch, a file a checker")
      ->required();
  compare->add_option("--place", options.places, "SLOT=LAT,LON[,KM]: where a checker is")
      ->allow_extra_args(false);
  compare->add_option("--region", options.regions, "NAME=LAT,LON,KM: where a device's region is")
      ->allow_extra_args(false);
  compare->add_option("--band", options.band, "how far from the median a score agrees, of 200")
      ->check(CLI::Range(0u, 199u))
      ->capture_default_str();
  compare->add_flag("--json", options.json, "print one JSON object instead of tables");
}

void AddHtml(CLI::App& app, HtmlOptions& options) {
  CLI::App* html = app.add_subcommand("html", "verify, and write one page of what came out");
  html->footer(kHtmlFooter);
  html->add_option("log,--log", options.log_path, "challenge log, a file")->required();
  html->add_option("report,--report", options.report_path, "signed report, a JSON file")
      ->required();
  html->add_option("-o,--out", options.page_path, "file to write")->required();
  html->add_option("--threads", options.threads,
                   "threads to verify with; 0: as many as the machine runs at once")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  html->add_flag("--quiet", options.quiet, "show no progress");
}

void AddExplain(CLI::App& app, ExplainDeviceOptions& device, SettleOptions& slot_options,
                std::optional<std::uint32_t>& slot) {
  CLI::App* explain = app.add_subcommand(
      "explain", "say why a device scored, or a slot earned, what it did and no more");
  explain->footer(kExplainFooter);
  CLI::Option* log = explain->add_option("--log", device.log_path, "challenge log, a file");
  CLI::Option* report =
      explain->add_option("--report", device.report_path, "signed report, a JSON file");
  const ChainCliOptions chain =
      AddChainOptions(*explain, "URLs of the chain's JSON-RPC, tried in turn", slot_options.chain);
  CLI::Option* epoch = explain->add_option("--epoch", slot_options.epoch, "number of the epoch");
  CLI::Option_group* subject = explain->add_option_group("subject");
  subject->add_option("--device", device.device, "id of a device of the log")
      ->needs(log)
      ->needs(report);
  subject->add_option("--slot", slot, "id of a slot that the chain paid")
      ->needs(chain.rpc)
      ->needs(chain.deployment)
      ->needs(epoch);
  subject->require_option(1);
  explain->add_flag("--json", slot_options.json, "print one JSON object instead of tables");
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Checks what a checker reported from its files alone, and what a chain paid from the chain "
      "alone.",
      "kaisar-audit");
  app.require_subcommand(1);
  app.set_version_flag("--version", KAISAR_VERSION);
  app.footer(kFooter);

  std::string log_path;
  VerifyArguments arguments;
  CLI::App* const verify = AddVerify(app, arguments);

  RecomputeOptions recompute;
  CLI::App* compute = app.add_subcommand(
      "recompute",
      "do the work of a matmul challenge; prints {\"roots\":[…],\"commitment\":\"…\"}");
  compute->add_option("--seed", recompute.seed, "32 bytes of hex")->required();
  compute->add_option("--n", recompute.n, "size of the matrices, a power of two")
      ->required()
      ->check(CLI::Range(challenges::kLeastMatmulSize, challenges::kMostMatmulSize));
  compute->add_option("--rounds", recompute.rounds, "number of rounds")
      ->required()
      ->check(CLI::Range(1u, challenges::kMostMatmulRounds));
  compute->add_option("--threads", recompute.threads, "threads to compute with")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();

  CLI::App* show = app.add_subcommand("show", "print a log's records as lines of JSON");
  show->add_option("--log", log_path, "challenge log, a file")->required();

  SettleOptions settle;
  AddSettle(app, settle);
  ExplainDeviceOptions explained;
  SettleOptions explained_chain;
  std::optional<std::uint32_t> explained_slot;
  AddExplain(app, explained, explained_chain, explained_slot);
  TimelineOptions timeline;
  AddTimeline(app, timeline);
  CompareOptions compared;
  AddCompare(app, compared);
  ExportOptions exported;
  AddExport(app, exported);
  HtmlOptions html;
  AddHtml(app, html);
  ProofOptions proof;
  AddProofs(app, proof);
  cli::AddSelfDescription(app, KAISAR_VERSION);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUnreadable;
  }
  if (verify->parsed()) return RunVerify(arguments, std::cout, std::cerr);
  if (compute->parsed()) {
    const absl::Status status = PrintRecomputed(recompute, std::cout);
    return status.ok() ? 0 : Fail(status, kUnreadable);
  }
  if (app.got_subcommand("explain")) {
    explained.json = explained_chain.json;
    if (!explained_slot.has_value()) return RunExplainDevice(explained, std::cout, std::cerr);
    return RunExplainSlot(explained_chain, *explained_slot, std::cout, std::cerr);
  }
  if (app.got_subcommand("timeline")) return RunTimeline(timeline, std::cout, std::cerr);
  if (app.got_subcommand("compare")) return RunCompare(compared, std::cout, std::cerr);
  if (app.got_subcommand("export")) return RunExport(exported, std::cout, std::cerr);
  if (app.got_subcommand("html")) return RunHtml(html, std::cout, std::cerr);
  if (app.got_subcommand("prove")) {
    return RunProve(proof.log_path, proof.record, proof.proof_path, std::cout, std::cerr);
  }
  if (app.got_subcommand("check-proof")) {
    return RunCheckProof(proof.proof_path, proof.report_path, std::cout, std::cerr);
  }
  if (app.got_subcommand("settle")) return RunSettle(settle, std::cout, std::cerr);
  return RunShow(log_path);
}

}  // namespace
}  // namespace kaisar::audit

int main(int argc, char** argv) {
  return kaisar::audit::Main(argc, argv);
}
