#include "audit/verify_command.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/differences.h"
#include "audit/log_reader.h"
#include "audit/progress_bar.h"
#include "audit/score_table.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "challenges/policy.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;
constexpr std::size_t kMostShown = 20;

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return kUnreadable;
}

std::string Checked(const VerifyResult& result) {
  return absl::StrCat(result.records, " records, ", result.challenges, " challenges, ",
                      result.signatures_checked, " signatures and ", result.samples_checked,
                      " samples checked");
}

void PrintFromScratch(const FromScratch& again, std::ostream& out) {
  out << "from scratch, " << again.engine << ", chosen with --seed " << ToHex(again.choice_seed)
      << ":\n";
  for (std::size_t i = 0; i < again.proofs.size(); ++i) {
    const PassedProof& proof = again.proofs[i];
    out << "  record " << proof.index << ", device " << proof.planned.device << ", challenge "
        << ToHex(proof.id) << ": "
        << (again.holds[i] ? absl::StrCat("all ", proof.roots.size(), " roots are right")
                           : "a root is wrong")
        << "\n";
  }
  if (again.proofs.empty()) out << "  the log has no matmul proof that passed\n";
}

Json ToJson(const FromScratch& again) {
  Json proofs = Json::array();
  for (std::size_t i = 0; i < again.proofs.size(); ++i) {
    const PassedProof& proof = again.proofs[i];
    proofs.push_back({{"record", proof.index},
                      {"device", proof.planned.device},
                      {"sequence", proof.planned.sequence},
                      {"challenge_id", ToHex(proof.id)},
                      {"rounds", proof.shape.rounds},
                      {"holds", bool{again.holds[i]}}});
  }
  return {{"seed", ToHex(again.choice_seed)}, {"engine", again.engine}, {"proofs", proofs}};
}

/// What the chain says of the slot and epoch that a log is of; null when its first record is so
/// wrong that nothing can be asked. Verification says so, too.
absl::StatusOr<std::optional<SlotFacts>> AskChain(const std::string& log_path,
                                                  chain::Contracts& contracts) {
  v1::EpochOpened opened;
  const absl::Status read = ReadLog(log_path, [&](std::uint64_t, ByteView, const v1::Record& r) {
                              opened = r.epoch_opened();
                              return absl::CancelledError("the rest is not needed");
                            }).status();
  if (!read.ok() && !absl::IsCancelled(read) && !absl::IsDataLoss(read)) return read;
  const auto policy = challenges::ParsePolicy("policy", opened.policy());
  if (!policy.ok()) return std::nullopt;
  ASSIGN_OR_RETURN(SlotFacts facts,
                   ReadSlotFacts(contracts, opened.epoch(), opened.slot(), *policy));
  return facts;
}

absl::StatusOr<Digest> ChoiceSeed(const VerifyArguments& arguments, Entropy& entropy) {
  Digest seed{};
  if (arguments.seed.empty()) {
    RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(seed)));
    return seed;
  }
  const auto parsed = ParseHexArray<32>(arguments.seed);
  if (parsed.ok()) return *parsed;
  return absl::InvalidArgumentError(absl::StrCat("--seed: ", parsed.status().message()));
}

int ThreadsOf(const VerifyArguments& arguments) {
  if (arguments.threads > 0) return arguments.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

bool ShowsProgress(const VerifyArguments& arguments) {
  return !arguments.quiet && isatty(STDERR_FILENO) == 1;
}

/// What is found is added to the result.
absl::StatusOr<FromScratch> DoAgainWithBar(const VerifyArguments& arguments, const Digest& seed,
                                           Recomputer& recomputer, VerifyResult& result,
                                           std::ostream& errors) {
  const bool shown = ShowsProgress(arguments);
  const auto tell = [&](std::size_t proof, std::uint32_t rounds) {
    if (!shown) return;
    errors << "\r\033[Kproof " << proof + 1 << " of " << result.chosen.size()
           << " from scratch: " << rounds << " of " << result.chosen[proof].shape.rounds
           << " rounds" << std::flush;
  };
  absl::StatusOr<FromScratch> again = DoAgain(result.chosen, seed, recomputer, tell);
  if (shown) errors << "\r\033[K";
  if (!again.ok()) return again;
  for (const std::string& line : again->differences) {
    if (result.differences.size() < Differences::kMostKept) result.differences.push_back(line);
    ++result.difference_count;
  }
  return again;
}

}  // namespace

absl::StatusOr<VerifyResult> VerifyWithBar(const VerifyArguments& arguments, VerifyOptions options,
                                           std::ostream& errors) {
  options.threads = ThreadsOf(arguments);
  std::optional<ProgressBar> bar;
  if (ShowsProgress(arguments)) {
    bar.emplace(RealClock(), errors);
    options.progress = [&](std::uint64_t done, std::uint64_t total) { bar->Show(done, total); };
  }
  return Verify(arguments.log_path, arguments.report_path, options);
}

void PrintOutcome(const VerifyResult& result, std::ostream& out) {
  const std::size_t shown = std::min(result.differences.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) out << result.differences[i] << "\n";
  if (result.difference_count > shown) {
    out << "… and " << result.difference_count - shown << " more\n";
  }
  if (result.difference_count == 0) {
    out << "holds: " << Checked(result) << "\n";
  } else {
    out << "does not hold: " << result.difference_count
        << (result.difference_count == 1 ? " difference" : " differences") << "; "
        << Checked(result) << "\n";
  }
}

void PrintResult(const VerifyResult& result, const std::optional<FromScratch>& again, bool devices,
                 std::ostream& out) {
  if (!result.scores.empty())
    out << ScoreTable(result.epoch.opened.roster(), result.scores, {}) << "\n";
  if (devices) out << DescriptionTable(result.epoch.opened.roster(), result.descriptions) << "\n";
  if (again.has_value()) PrintFromScratch(*again, out);
  for (const std::string& note : result.notes) out << "chain: " << note << "\n";
  PrintOutcome(result, out);
}

std::string ResultToJson(const VerifyResult& result, const std::optional<FromScratch>& again) {
  Json json = {{"holds", result.difference_count == 0},
               {"difference_count", result.difference_count},
               {"differences", result.differences},
               {"records", result.records},
               {"challenges", result.challenges},
               {"signatures_checked", result.signatures_checked},
               {"samples_checked", result.samples_checked},
               {"devices", ScoresToJson(result.epoch.opened.roster(), result.scores, {})},
               {"descriptions", DescriptionsToJson(result.descriptions)},
               {"notes", result.notes},
               {"from_scratch", again.has_value() ? ToJson(*again) : Json(nullptr)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int RunVerify(const VerifyArguments& arguments, chain::Contracts* contracts, Recomputer* recomputer,
              Entropy& entropy, std::ostream& out, std::ostream& errors) {
  VerifyOptions options;
  std::optional<SlotFacts> facts;
  if (contracts != nullptr) {
    absl::StatusOr<std::optional<SlotFacts>> asked = AskChain(arguments.log_path, *contracts);
    if (!asked.ok()) return Fail(asked.status(), errors);
    facts = *std::move(asked);
    if (facts.has_value()) options.chain = &*facts;
  }
  const absl::StatusOr<Digest> seed = ChoiceSeed(arguments, entropy);
  if (!seed.ok()) return Fail(seed.status(), errors);
  options.choose_proofs = recomputer == nullptr ? 0 : arguments.from_scratch;
  options.choice_seed = *seed;
  absl::StatusOr<VerifyResult> result = VerifyWithBar(arguments, std::move(options), errors);
  if (!result.ok()) return Fail(result.status(), errors);
  std::optional<FromScratch> again;
  if (recomputer != nullptr && arguments.from_scratch > 0) {
    absl::StatusOr<FromScratch> done =
        DoAgainWithBar(arguments, *seed, *recomputer, *result, errors);
    if (!done.ok()) return Fail(done.status(), errors);
    again = *std::move(done);
  }
  if (arguments.json) {
    out << ResultToJson(*result, again);
  } else {
    PrintResult(*result, again, arguments.devices, out);
  }
  return result->difference_count == 0 ? 0 : kDiffers;
}

int RunVerify(const VerifyArguments& arguments, std::ostream& out, std::ostream& errors) {
  std::unique_ptr<Recomputer> recomputer;
  if (arguments.from_scratch > 0) recomputer = MakeRecomputer(ThreadsOf(arguments));
  if (arguments.chain.rpc.empty())
    return RunVerify(arguments, nullptr, recomputer.get(), OsEntropy(), out, errors);
  const auto access = chain::ChainAccess::Open(arguments.chain, RealClock());
  if (!access.ok()) return Fail(access.status(), errors);
  return RunVerify(arguments, &(*access)->contracts(), recomputer.get(), OsEntropy(), out, errors);
}

}  // namespace kaisar::audit
