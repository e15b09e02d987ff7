#include "tests/unit/reporter/submitter_scene.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chain/abi.h"

namespace kaisar::reporter {
namespace {

int CountCalls(const std::vector<testing::FakeTransaction>& transactions, const Address& from,
               const std::string& signature) {
  const Bytes selector = chain::Selector(signature);
  return static_cast<int>(
      std::count_if(transactions.begin(), transactions.end(), [&](const auto& transaction) {
        const Bytes& input = transaction.fields.input;
        return transaction.from == from && input.size() >= 4 &&
               std::equal(selector.begin(), selector.end(), input.begin());
      }));
}

}  // namespace

SubmitterScene::SubmitterScene(std::uint32_t epoch_seconds, std::uint64_t block_seconds)
    : clock_((kGenesis - 40) * 1000),
      chain_(clock_, testing::FakeDeployment(kGenesis, epoch_seconds), block_seconds),
      contracts_(chain_, chain_.deployment()) {
  settings.slot = kSlot;
  settings.outbox_path = place_.directory() + "/outbox.sqlite";
  settings.confirmations = 2;
  settings.most_fee = Uint256(200'000'000'000);
  settings.low_balance = Uint256(1'000'000'000);
  testing::FakeContracts& state = chain_.contracts();
  for (std::uint32_t slot = 0; slot < 3; ++slot) {
    chain::SlotState registered;
    registered.hot_key.fill(static_cast<std::uint8_t>(0x50 + slot));
    registered.active_until = UINT32_MAX;
    if (slot == kSlot) registered.hot_key = key_.address();
    state.slots.push_back(registered);
  }
  for (std::uint32_t device = 0; device < 6; ++device) {
    chain::DeviceState registered;
    registered.id = device;
    registered.weight = 100;
    registered.phase = chain::Phase::kStandby;
    state.devices.push_back(registered);
  }
  chain_.SetBalance(key_.address(), ParseEther("10").value());
  EXPECT_TRUE(SignatureStore::Initialize(place_.path()).ok());
  signatures_ = SignatureStore::Open(place_.path()).value();
}

void SubmitterScene::Start() {
  SubmitterHooks hooks;
  hooks.notice = [this](const std::string& text) { notices_.push_back(text); };
  hooks.outbox_written = [this] { outbox_written(); };
  hooks.stage_changed = [this](const EpochStage& stage) { stage_changed(stage); };
  hooks.key_held = [this] { key_held(); };
  auto opened = Submitter::Open(settings, {contracts_, key_, *signatures_, clock_}, hooks);
  ASSERT_TRUE(opened.ok()) << opened.status();
  submitter_ = *std::move(opened);
  for (const audit::SignedReport& report : reports_) {
    const absl::Status status = submitter_->Add(report);
    ASSERT_TRUE(status.ok()) << status;
  }
}

void SubmitterScene::Restart() {
  Stop();
  Start();
}

audit::SignedReport SubmitterScene::MakeReport(std::uint32_t epoch, std::uint8_t root) {
  audit::SignedReport report;
  report.report = TestReport(epoch, root);
  report.report.slot = kSlot;
  report.report.domain = {chain_.deployment().chain_id, chain_.deployment().reports};
  std::vector<audit::DeviceScore> scores(6);
  for (std::uint32_t device = 0; device < 6; ++device) {
    scores[device].device = device;
    scores[device].score = 150;
  }
  report.report.words = audit::PackScores(scores);
  report.signer = key_.address();
  report.signature = signatures_->Sign(report.report, key_).value();
  return report;
}

void SubmitterScene::Add(const audit::SignedReport& report) {
  reports_.push_back(report);
  if (submitter_ == nullptr) return;
  const absl::Status status = submitter_->Add(report);
  EXPECT_TRUE(status.ok()) << status;
}

void SubmitterScene::RunUntil(std::uint64_t time_s) {
  while (clock_.WallMs() < time_s * 1000) {
    const std::uint64_t next_ms = submitter_->Poll();
    const std::uint64_t now_ms = clock_.WallMs();
    ASSERT_GT(next_ms, now_ms);  // a loop that never waits
    clock_.Advance(std::min(next_ms, time_s * 1000) - now_ms);
  }
}

EpochStage SubmitterScene::StageOf(std::uint32_t epoch) const {
  for (const EpochStage& stage : submitter_->stages()) {
    if (stage.epoch == epoch) return stage;
  }
  ADD_FAILURE() << "no stage of epoch " << epoch;
  return {};
}

bool SubmitterScene::Noticed(const std::string& part) const {
  return std::any_of(notices_.begin(), notices_.end(),
                     [&](const std::string& notice) { return absl::StrContains(notice, part); });
}

std::string SubmitterScene::AllNotices() const {
  return absl::StrJoin(notices_, "\n");
}

int SubmitterScene::Included(const std::string& signature) const {
  return CountCalls(chain_.included(), key_.address(), signature);
}

int SubmitterScene::HandedIn(const std::string& signature) const {
  return CountCalls(chain_.handed_in(), key_.address(), signature);
}

Digest SubmitterScene::OnChain(std::uint32_t epoch) {
  const testing::FakeContracts& state = chain_.contracts();
  const auto found = state.reports.find({epoch, kSlot});
  return found == state.reports.end() ? Digest{} : found->second;
}

}  // namespace kaisar::reporter
