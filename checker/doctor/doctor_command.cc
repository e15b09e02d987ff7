#include "checker/doctor/doctor_command.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "challenges/roster.h"
#include "checker/chain_access.h"
#include "checker/current_roster.h"
#include "checker/doctor/finding.h"
#include "checker/doctor/machine_facts.h"
#include "checker/doctor/network_facts.h"
#include "checker/log_estimate.h"
#include "checker/run_inputs.h"
#include "checker/slot_duty.h"

namespace kaisar::checker {
namespace {

constexpr int kSomethingWrong = 1;
constexpr int kCannotRun = 2;

/// Goes from check to check; what one has found out, later ones use.
class Doctor {
 public:
  Doctor(const DoctorOptions& options, const Config& config)
      : options_(options), clock_(RealClock()), config_(config) {}

  Findings Examine();

 private:
  void Add(Finding finding);
  void Add(Findings findings) {
    for (Finding& finding : findings) Add(std::move(finding));
  }
  void Fail(const std::string& check, const absl::Status& status, const std::string& next) {
    Add({Level::kFailure, check, std::string(status.message()), next});
  }

  void ExaminePolicy();
  void ExamineKeys();
  void ExamineChain();
  void ExamineSlot();
  void ExamineClock();
  void ExamineRoster();
  void ExamineMachine();
  std::function<void(std::size_t, std::size_t)> Progress() const;

  const DoctorOptions& options_;
  const Clock& clock_;
  const Config& config_;
  Findings findings_;
  std::optional<challenges::Policy> policy_;
  std::optional<RosterFile> roster_file_;
  std::optional<SlotKeys> keys_;
  std::optional<std::uint64_t> newest_block_s_;
  std::optional<CurrentRoster> current_;
};

void Doctor::Add(Finding finding) {
  if (!options_.json) std::cout << FindingText(finding) << std::flush;
  findings_.push_back(std::move(finding));
}

void Doctor::ExaminePolicy() {
  const absl::StatusOr<std::string> bytes = ReadFile(config_.policy, kMostPolicyBytes);
  const auto policy = bytes.ok() ? challenges::ParsePolicy(config_.policy, *bytes)
                                 : absl::StatusOr<challenges::Policy>(bytes.status());
  if (!policy.ok()) {
    return Fail("policy", policy.status(), "take the file that the network publishes");
  }
  Add({Level::kOk, "policy", config_.policy, ""});
  policy_ = *policy;
  if (config_.chain) return;
  absl::StatusOr<RosterFile> roster = ReadRosterFile(config_.roster, *policy_, *config_.slot);
  if (!roster.ok()) return Fail("roster", roster.status(), "correct the file");
  roster_file_ = *std::move(roster);
}

void Doctor::ExamineKeys() {
  std::vector<SecretFile> files;
  for (const std::string& path :
       {config_.keystore, config_.tls_key, config_.hash_chain, config_.password}) {
    if (absl::StartsWith(path, "fd:")) continue;
    files.push_back(LookAtSecretFile(path));
    files.back().may_be_roots = path == config_.password;
  }
  Add(CheckSecretFiles(files, LookAtFolder(config_.data_dir)));
  absl::StatusOr<SlotKeys> keys = ReadSlotKeys(config_);
  if (!keys.ok()) {
    return Fail("keys", keys.status(), "the files and the password that belong together");
  }
  keys_ = *std::move(keys);
  if (!roster_file_) return;
  const absl::Status match =
      CheckKeysMatch(*keys_, *challenges::FindSlot(roster_file_->roster, *config_.slot));
  if (!match.ok()) return Fail("keys", match, "correct the roster, or take the slot's own files");
  Add({Level::kOk, "keys", absl::StrCat("those of slot ", *config_.slot, " in the roster"), ""});
}

void Doctor::ExamineChain() {
  const absl::StatusOr<std::vector<RpcAnswer>> answers = AskRpc(*config_.chain, clock_);
  if (!answers.ok()) {
    return Fail("deployment", answers.status(), "take the file that the network publishes");
  }
  for (const RpcAnswer& answer : *answers) {
    if (!answer.status.ok()) continue;
    newest_block_s_ = std::max(newest_block_s_.value_or(0), answer.block_s);
  }
  Add(CheckRpc(*answers, clock_.WallMs()));
  if (newest_block_s_ && keys_) ExamineSlot();
}

/// Whether the chain knows these keys as those of a slot with a duty.
absl::StatusOr<Finding> ExamineDuty(const Config& config, const SlotKeys& keys,
                                    std::uint64_t now_s) {
  ASSIGN_OR_RETURN(const auto access, OpenChain(*config.chain, RealClock()));
  chain::Contracts& contracts = access->contracts();
  std::optional<std::uint32_t> id = config.slot;
  if (!id) {
    ASSIGN_OR_RETURN(id, contracts.SlotOf(keys.hot.address()));
  }
  if (!id) {
    return Finding{Level::kFailure, "keys", "no slot has the hot key",
                   "register one: kaisar-checker stake"};
  }
  ASSIGN_OR_RETURN(const chain::SlotState state, contracts.Slot(*id));
  const std::uint32_t now = access->deployment().schedule.epoch_at(now_s);
  const std::uint32_t epoch = std::max(now, state.active_from);
  ASSIGN_OR_RETURN(const Address hot_key, contracts.HotKeyAt(*id, epoch));
  const absl::Status duty = CheckDuty(epoch, *id, state, hot_key, keys);
  if (!duty.ok()) {
    return Finding{Level::kFailure, "keys", std::string(duty.message()), "as it says"};
  }
  const std::string later = epoch > now ? absl::StrCat(", on duty from epoch ", epoch, " on") : "";
  return Finding{Level::kOk, "keys", absl::StrCat("those of slot ", *id, later), ""};
}

void Doctor::ExamineSlot() {
  absl::StatusOr<Finding> duty = ExamineDuty(config_, *keys_, *newest_block_s_);
  if (!duty.ok()) return Fail("keys", duty.status(), "see rpc");
  Add(*std::move(duty));
}

void Doctor::ExamineClock() {
  constexpr std::uint32_t kStepMs = 1000;  // of deploy/policy.yaml, where there is no policy
  Add(CheckClock(clock_.WallMs(), newest_block_s_, AskNtp(config_.ntp_servers, clock_),
                 policy_ ? policy_->clock_step_ms : kStepMs));
}

std::function<void(std::size_t, std::size_t)> Doctor::Progress() const {
  if (options_.json || isatty(STDERR_FILENO) == 0) return [](std::size_t, std::size_t) {};
  return [](std::size_t done, std::size_t all) {
    std::cerr << "\r\033[K";
    if (done < all) std::cerr << done << " of " << all << " devices";
    std::cerr << std::flush;
  };
}

void Doctor::ExamineRoster() {
  if (!policy_ || !keys_ || (!config_.chain && !roster_file_)) return;
  auto current = ReadCurrentRoster({config_, *policy_, roster_file_, *keys_}, clock_,
                                   [](const std::string&) {});
  if (!current.ok()) {
    return Add({Level::kWarning, "roster", std::string(current.status().message()),
                "ask again when there is one"});
  }
  current_ = *std::move(current);
  const auto reached = ReachDevices(current_->roster, options_.devices, clock_, Progress());
  if (!reached.ok()) return Fail("roster", reached.status(), "see open files");
  Add(CheckReached(*reached));
}

void Doctor::ExamineMachine() {
  const std::string signatures = SignaturesPath(config_);
  std::error_code error;
  Add(CheckSignatureStore(signatures, std::filesystem::exists(signatures, error)));
  std::optional<std::uint64_t> log_bytes;
  if (current_) log_bytes = MostLogBytes(*policy_, current_->roster);
  Add(CheckFolder(LookAtFolder(config_.data_dir), log_bytes));
  Add(CheckDescriptors(LookAtDescriptorLimit(config_.data_dir),
                       current_ ? static_cast<std::uint64_t>(current_->roster.devices_size()) : 0));
  const std::string& listen = config_.monitor.listen;
  const bool runs = LockingProcess(config_.data_dir).has_value();
  Add(CheckListen(listen, listen.empty() ? "" : LookAtListen(listen),
                  runs ? LockHolder(config_.data_dir) : ""));
  if (!policy_) return;
  const v1::Roster nobody;
  Add(CheckLine(
      config_.connection, LookAtInterface(),
      {*policy_, current_ ? current_->roster : nobody, current_ ? current_->epoch_ms : 0}));
  if (!AsksBandwidth(*policy_)) return;
  const std::string iperf = IperfPath(config_);
  Add(CheckIperf(iperf, AskIperfVersion(iperf), options_.version));
}

Findings Doctor::Examine() {
  Add({Level::kOk, "config", options_.config, ""});
  ExaminePolicy();
  ExamineKeys();
  if (config_.chain) ExamineChain();
  ExamineClock();
  ExamineRoster();
  ExamineMachine();
  return findings_;
}

}  // namespace

int DoctorCommand(const DoctorOptions& options) {
  const absl::StatusOr<Config> config = ReadConfig(options.config);
  if (!config.ok()) {
    std::cerr << "kaisar-checker: " << config.status().message() << "\n";
    return kCannotRun;
  }
  const Findings findings = Doctor(options, *config).Examine();
  std::cout << (options.json ? FindingsJson(findings) : SummaryText(findings)) << std::flush;
  const bool well = std::all_of(findings.begin(), findings.end(),
                                [](const Finding& finding) { return finding.level == Level::kOk; });
  return well ? 0 : kSomethingWrong;
}

}  // namespace kaisar::checker
