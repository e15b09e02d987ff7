#include "tests/unit/checker/runner_scene.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "audit/log_reader.h"
#include "base/check.h"
#include "checker/file_registry.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

HashChain MakeChain(std::uint8_t root_byte = 0x11, std::uint32_t first_epoch = 0) {
  Digest root;
  root.fill(root_byte);
  auto chain = HashChain::Make(root, 64, first_epoch);
  KAISAR_CHECK(chain.ok());
  return *std::move(chain);
}

// In memory where there is such a file system: what outlives a power cut is the log's own test.
std::string MakeDirectory() {
  const bool in_memory = access("/dev/shm", W_OK) == 0;
  std::string path =
      (in_memory ? std::string("/dev/shm/") : ::testing::TempDir()) + "runner.XXXXXX";
  KAISAR_CHECK(mkdtemp(path.data()) != nullptr);
  return path;
}

}  // namespace

absl::StatusOr<Signature> DyingSignatures::Sign(const audit::Report& report,
                                                const SigningKey& key) {
  if (dies == Dies::kBefore) return absl::InternalError("ended before signing");
  auto signature = store_->Sign(report, key);
  if (dies == Dies::kAfter) return absl::InternalError("ended after signing");
  return signature;
}

RunnerScene::RunnerScene(std::uint32_t devices) : key_(TestKey()), chain_(MakeChain()) {
  settings.data_dir = MakeDirectory();
  settings.policy = TestPolicyYaml();
  roster = TestRoster(client, devices, key_);
  roster.mutable_slots(0)->set_anchor(ToString(chain_.anchor()));
  const std::string store = settings.data_dir + "/signatures.db";
  KAISAR_CHECK(reporter::SignatureStore::Initialize(store).ok());
  auto opened = reporter::SignatureStore::Open(store);
  KAISAR_CHECK(opened.ok());
  signatures = std::make_unique<DyingSignatures>(*std::move(opened));
}

RunnerScene::~RunnerScene() {
  std::error_code ignored;
  std::filesystem::remove_all(settings.data_dir, ignored);
}

void RunnerScene::ReplaceHashChain(std::uint32_t first_epoch) {
  chain_ = MakeChain(0x22, first_epoch);
  roster.mutable_slots(0)->set_anchor(ToString(chain_.anchor()));
  roster.mutable_slots(0)->set_anchor_epoch(first_epoch);
}

void RunnerScene::RestoreHashChain() {
  chain_ = MakeChain();
  roster.mutable_slots(0)->set_anchor(ToString(chain_.anchor()));
  roster.mutable_slots(0)->set_anchor_epoch(0);
}

absl::Status RunnerScene::Run(std::uint32_t epochs) {
  settings.epochs = epochs;
  checker::FileRegistry file({kGenesisMs, epoch_ms}, roster, chain_, entropy, clock);
  checker::Registry& source = registry ? *registry : file;
  checker::EpochRunner runner(settings,
                              checker::RunnerServices{clock, source, client, prober_, checks_, key_,
                                                      chain_, *signatures, processes},
                              Hooks());
  runner_ = &runner;
  const absl::Status status = runner.Run();
  runner_ = nullptr;
  return status;
}

checker::RunnerHooks RunnerScene::Hooks() {
  checker::RunnerHooks hooks;
  hooks.make_report = make_report;
  hooks.outcome = [this](const checker::Outcome&) { ++outcomes; };
  hooks.epoch_reported = [this](const checker::EpochResult& result) { results.push_back(result); };
  hooks.notice = [this](const std::string& text) { notices.push_back(text); };
  hooks.log_unusable = [this](const std::string&, const std::string& why) {
    unusable.push_back(why);
  };
  hooks.free_bytes = [this](const std::string&) { return free_bytes; };
  hooks.no_room = [this](const std::string& why) { no_room.push_back(why); };
  hooks.wait = [this](checker::EventQueue& queue, std::uint64_t wake_ms) { Wait(queue, wake_ms); };
  const auto dying = [this](auto open) {
    return
        [this, open](const std::string& path) -> absl::StatusOr<std::unique_ptr<audit::LogWriter>> {
          auto log = open(path);
          if (!log.ok()) return log.status();
          return std::make_unique<DyingLog>(*std::move(log), life);
        };
  };
  hooks.create_log = dying(audit::LogWriter::Create);
  hooks.reopen_log = dying(audit::LogWriter::Reopen);
  return hooks;
}

// Real time passes while the disk works, simulated time while nothing else is to do.
void RunnerScene::Wait(checker::EventQueue& queue, std::uint64_t wake_ms) {
  if (on_wait) on_wait(*runner_);
  if (life.open != nullptr && life.open->pending() > 0) {
    queue.WaitFor(1);
    return;
  }
  if (!queue.empty()) return;
  const std::uint64_t now_ms = clock.WallMs();
  const std::uint64_t wait_ms = wake_ms > now_ms ? wake_ms - now_ms : 1;
  clock.Advance(
      std::min(wait_ms, std::max<std::uint64_t>(clock.NextTimerMs().value_or(wait_ms), 1)));
}

std::string RunnerScene::LogPath(std::uint32_t epoch) const {
  return checker::EpochLogPath(settings.data_dir, epoch);
}

std::string RunnerScene::ReportPath(std::uint32_t epoch) const {
  return checker::EpochReportPath(settings.data_dir, epoch);
}

std::vector<v1::Record> RunnerScene::Records(std::uint32_t epoch) const {
  std::vector<v1::Record> records;
  const auto summary =
      audit::ReadLog(LogPath(epoch), [&](std::uint64_t, ByteView, const v1::Record& record) {
        records.push_back(record);
        return absl::OkStatus();
      });
  EXPECT_TRUE(summary.ok()) << summary.status();
  return records;
}

bool RunnerScene::Exists(const std::string& path) const {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

}  // namespace kaisar::testing
