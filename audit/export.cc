#include "audit/export.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/challenge_figures.h"
#include "audit/export_columns.h"
#include "audit/names.h"
#include "audit/score.h"
#include "base/hex.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "base/system_error.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"

namespace kaisar::audit {
namespace {

using Cell = FlatFile::Cell;

constexpr std::size_t kMostTextBytes = 512;

Cell Number(std::uint64_t value) {
  return value;
}

/// Of foreign origin.
Cell Text(const std::string& text) {
  return Printable(text, kMostTextBytes);
}

Cell Hex(const std::string& bytes) {
  return ToPrefixedHex(ViewOf(bytes));
}

/// The name of an enumerated value, or its number where this version knows none.
template <typename T>
Cell Word(const std::string& name, T value) {
  return Cell(name.empty() ? absl::StrCat(static_cast<int>(value)) : name);
}

/// Writes the files while the log is read.
class Exporter {
 public:
  Exporter(std::string folder, FlatFormat format) : folder_(std::move(folder)), format_(format) {}

  absl::Status Begin(const OpenedEpoch& epoch) {
    if (mkdir(folder_.c_str(), 0755) != 0 && errno != EEXIST) {
      return SystemError("make", folder_);
    }
    RETURN_IF_ERROR(Make("challenges", kChallengeColumns, challenges_));
    RETURN_IF_ERROR(Make("latency_pings", kPingColumns, pings_));
    RETURN_IF_ERROR(Make("matmul", kMatmulColumns, matmul_));
    RETURN_IF_ERROR(Make("bandwidth_tests", kTestColumns, tests_));
    RETURN_IF_ERROR(Make("devices", kDeviceColumns, devices_));
    RETURN_IF_ERROR(Make("scores", kScoreColumns, scores_));
    epoch_ = epoch;
    scorer_.emplace(epoch_.opened.roster(), epoch_.policy);
    for (const v1::Device& device : epoch.opened.roster().devices()) AddDevice(device);
    return absl::OkStatus();
  }

  void Add(const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
    const ChallengeFigures figures = FiguresOf(epoch.policy, challenge);
    scorer_->Add(challenge.closed, challenge.commitment);
    AddChallenge(challenge, figures);
    if (challenge.closed.kind() == v1::LATENCY) AddPings(challenge);
    if (challenge.closed.kind() == v1::MATMUL) AddMatmul(epoch, challenge, figures);
    if (challenge.closed.kind() == v1::BANDWIDTH) AddTests(epoch, challenge);
  }

  absl::StatusOr<std::vector<ExportedFile>> Finish() {
    for (const DeviceScore& score : scorer_->Scores()) AddScore(score);
    scorer_.reset();
    std::vector<ExportedFile> files;
    for (FlatFile* file : {challenges_.get(), pings_.get(), matmul_.get(), tests_.get(),
                           devices_.get(), scores_.get()}) {
      RETURN_IF_ERROR(file->Finish());
      files.push_back({file->path(), file->rows()});
    }
    return files;
  }

 private:
  absl::Status Make(const std::string& name, const std::vector<std::string>& columns,
                    std::unique_ptr<FlatFile>& file) {
    ASSIGN_OR_RETURN(file, FlatFile::Create(folder_, name, format_, columns));
    return absl::OkStatus();
  }

  void AddChallenge(const LoggedChallenge& challenge, const ChallengeFigures& figures) {
    const v1::ChallengeClosed& closed = challenge.closed;
    const bool sent = closed.transport() != v1::NOT_SENT;
    challenges_->Add(
        {Number(challenge.record), CellOf(challenge.issued_record), Number(closed.device()),
         NameOf(closed.kind()), Number(closed.sequence()), Hex(closed.challenge_id()),
         Number(closed.due_ms()), sent ? Number(closed.sent_ms()) : Cell(),
         sent ? Number(closed.elapsed_ms()) : Cell(), std::int64_t{closed.clock_step_ms()},
         Word(v1::Transport_Name(closed.transport()), closed.transport()),
         Word(v1::Verdict_Name(closed.verdict()), closed.verdict()),
         Word(v1::Reason_Name(closed.reason()), closed.reason()), CellOf(figures.rtt_us),
         CellOf(figures.ops_per_second), CellOf(figures.down_bits_per_second),
         CellOf(figures.up_bits_per_second), CellOf(figures.share_ppm), Text(closed.detail())});
  }

  void AddPings(const LoggedChallenge& challenge) {
    const v1::ChallengeClosed& closed = challenge.closed;
    for (const v1::LatencyEvidence::Echo& echo : closed.latency().echoes()) {
      pings_->Add({Number(challenge.record), Number(closed.device()), Number(closed.sequence()),
                   Number(echo.ping()), Number(echo.rtt_us())});
    }
  }

  void AddMatmul(const OpenedEpoch& epoch, const LoggedChallenge& challenge,
                 const ChallengeFigures& figures) {
    const v1::ChallengeClosed& closed = challenge.closed;
    const challenges::ClassPolicy& asked = epoch.policy.classes.at(challenge.device.device_class());
    Cell elapsed_ns, smallest_ping_ns;
    if (challenge.commitment != nullptr) {
      elapsed_ns = Number(challenge.commitment->elapsed_ns());
      const auto& pings = challenge.commitment->ping_rtt_ns();
      const auto smallest = std::min_element(pings.begin(), pings.end());
      if (smallest != pings.end()) smallest_ping_ns = Number(*smallest);
    }
    const bool opened = closed.matmul().has_opening();
    matmul_->Add({Number(challenge.record), CellOf(challenge.commitment_record),
                  Number(closed.device()), Number(closed.sequence()), Number(asked.n),
                  Number(asked.rounds), Number(epoch.policy.samples), elapsed_ns, smallest_ping_ns,
                  opened ? Number(closed.matmul().opening_elapsed_ns()) : Cell(),
                  opened ? Number(closed.matmul().opening().body().size()) : Cell(),
                  CellOf(figures.ops_per_second), Number(challenge.device.ops_per_second()),
                  CellOf(figures.share_ppm)});
  }

  void AddTests(const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
    const v1::ChallengeClosed& closed = challenge.closed;
    for (const v1::BandwidthEvidence::Test& test : closed.bandwidth().tests()) {
      const bool down = test.direction() == v1::DOWN;
      const std::uint64_t claimed =
          down ? challenge.device.down_bits_per_second() : challenge.device.up_bits_per_second();
      std::vector<Cell> cells = {
          Number(challenge.record), Number(closed.device()), Number(closed.sequence()),
          Word(v1::Direction_Name(test.direction()), test.direction()), Number(test.waited_ms())};
      const auto checker = challenges::ParseTestCounts(test.checker_result());
      const auto device = challenges::ParseTestCounts(test.measured().result());
      AddCounts(checker, /*with_link=*/true, cells);
      AddCounts(device, /*with_link=*/false, cells);
      Cell rate;
      if (down && checker.ok() && device.ok()) rate = challenges::DownRate(*checker, *device);
      if (!down && checker.ok()) rate = challenges::UpRate(*checker);
      cells.push_back(rate);
      cells.push_back(challenges::CountedRate(claimed, epoch.policy.bandwidth));
      tests_->Add(cells);
    }
  }

  static void AddCounts(const absl::StatusOr<challenges::TestCounts>& counts, bool with_link,
                        std::vector<Cell>& cells) {
    const std::size_t end = cells.size() + (with_link ? 7 : 4);
    if (counts.ok()) {
      cells.insert(cells.end(), {counts->sent_bytes, counts->sent_us, counts->received_bytes,
                                 counts->received_us});
      if (with_link) {
        cells.insert(cells.end(), {counts->link_out_bytes, counts->link_in_bytes, counts->link_us});
      }
    }
    cells.resize(end);
  }

  void AddDevice(const v1::Device& device) {
    devices_->Add({Number(device.id()), Hex(device.owner()), Hex(device.key()),
                   Text(device.endpoint()), Text(device.device_class()), Text(device.region()),
                   Word(v1::Phase_Name(device.phase()), device.phase()),
                   Number(device.ops_per_second()), Number(device.down_bits_per_second()),
                   Number(device.up_bits_per_second()), device.muster()});
  }

  void AddScore(const DeviceScore& score) {
    scores_->Add({Number(score.device), score.score.has_value() ? Number(*score.score) : Cell(),
                  Number(score.passed), Number(score.failed), Number(score.inconclusive),
                  Number(score.availability_ppm), Number(score.latency_ppm),
                  Number(score.compute_ppm), Number(score.bandwidth_ppm), Number(score.quality_ppm),
                  Number(score.median_rtt_us), Number(score.median_ops_per_second),
                  Number(score.median_down_bits_per_second),
                  Number(score.median_up_bits_per_second), score.proof_invalid, score.explanation});
  }

  const std::string folder_;
  const FlatFormat format_;
  std::unique_ptr<FlatFile> challenges_, pings_, matmul_, tests_, devices_, scores_;
  OpenedEpoch epoch_;  // which the scorer refers to, also when the log has been read
  std::optional<Scorer> scorer_;
};

}  // namespace

absl::StatusOr<std::vector<ExportedFile>> ExportLog(const std::string& log_path,
                                                    const std::string& folder, FlatFormat format) {
  Exporter exporter(folder, format);
  bool begun = false;
  ChallengeVisitor visitor;
  visitor.opened = [&](const OpenedEpoch& epoch) {
    begun = true;
    return exporter.Begin(epoch);
  };
  visitor.closed = [&](const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
    exporter.Add(epoch, challenge);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(ReadChallenges(log_path, visitor).status());
  if (!begun) return absl::FailedPreconditionError(absl::StrCat(log_path, ": has no record"));
  return exporter.Finish();
}

}  // namespace kaisar::audit
