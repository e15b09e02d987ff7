#include "audit/log_pipeline.h"

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "audit/log_rows.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

/// A batch is what one thread takes at a time: 20 ms of signatures, or one or two openings.
constexpr std::size_t kMostBatchRecords = 256;
constexpr std::size_t kMostBatchBytes = std::size_t{1} << 20;
/// Of all batches under way; see the header.
constexpr std::size_t kMostBytes = std::size_t{32} << 20;

/// A row's place in its batch's bytes.
struct Stored {
  std::size_t leaf_begin = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Records that are worked on as one.
struct Batch {
  std::uint64_t first = 0;
  Bytes bytes;
  std::vector<Stored> rows;
  std::size_t read_bytes = 0;

  // By parsing; those before the row that breaks.
  Crew::Piece parsing;
  std::vector<std::shared_ptr<const v1::Record>> records;
  std::vector<std::size_t> sizes;
  std::vector<Digest> leaves;
  absl::Status broken;

  Crew::Piece checking;
  std::vector<RecordCheck> checks;

  void Append(const LogRow& row) {
    Stored stored;
    stored.leaf_begin = bytes.size();
    bytes.insert(bytes.end(), row.leaf.begin(), row.leaf.end());
    stored.begin = bytes.size();
    bytes.insert(bytes.end(), row.bytes.begin(), row.bytes.end());
    stored.end = bytes.size();
    rows.push_back(stored);
    read_bytes = bytes.size();
  }
  bool full() const { return rows.size() >= kMostBatchRecords || bytes.size() >= kMostBatchBytes; }

  void Parse() {
    const ByteView all(bytes);
    for (const Stored& stored : rows) {
      const LogRow row{first + records.size(),
                       all.subspan(stored.leaf_begin, stored.begin - stored.leaf_begin),
                       all.subspan(stored.begin, stored.end - stored.begin)};
      auto record = std::make_shared<v1::Record>();
      const absl::StatusOr<Digest> leaf = ParseRow(row, *record);
      if (!leaf.ok()) {
        broken = leaf.status();
        break;
      }
      leaves.push_back(*leaf);
      records.push_back(std::move(record));
      sizes.push_back(row.bytes.size());
    }
    bytes = Bytes();
  }
};

class Pipeline {
 public:
  Pipeline(LogVerifier& verifier, Crew& crew,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : verifier_(verifier), crew_(crew), progress_(progress) {}

  // Pieces must not outlive their work.
  ~Pipeline() {
    for (const auto& batch : batches_) crew_.Finish(batch->parsing);
  }

  absl::StatusOr<LogSummary> Run(LogRows& rows, LogOrder& order) {
    const auto threads = static_cast<std::size_t>(crew_.threads());
    bool more = true;
    absl::Status unread;
    while (more && broken_.ok()) {
      const absl::StatusOr<bool> read = ReadBatch(rows);
      more = read.value_or(false);
      unread = read.status();
      while (batches_.size() - placed_ > threads && broken_.ok()) PlaceNext(order);
      while (batches_.size() > 3 * threads || bytes_ > kMostBytes) {
        if (!TakeFirst(order)) break;
      }
    }
    while (TakeFirst(order)) continue;
    RETURN_IF_ERROR(broken_);
    RETURN_IF_ERROR(unread);
    return order.Finish();
  }

 private:
  /// Result: false when there is nothing more.
  absl::StatusOr<bool> ReadBatch(LogRows& rows) {
    auto batch = std::make_unique<Batch>();
    batch->first = read_;
    absl::StatusOr<std::optional<LogRow>> row;
    while (!batch->full()) {
      row = rows.Next();
      if (!row.ok() || !row->has_value()) break;
      batch->Append(**row);
    }
    read_ += batch->rows.size();
    if (!batch->rows.empty()) {
      bytes_ += batch->read_bytes;
      Batch* const started = batch.get();
      batches_.push_back(std::move(batch));
      crew_.Start(started->parsing, [started] { started->Parse(); });
    }
    RETURN_IF_ERROR(row.status());
    return row->has_value();
  }

  /// Puts the first batch that is not placed in its place in the epoch. Nothing follows a record
  /// that breaks the log.
  void PlaceNext(LogOrder& order) {
    Batch& batch = *batches_[placed_++];
    crew_.Finish(batch.parsing);
    broken_ = batch.broken;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      if (absl::Status status = order.Add(batch.leaves[i], *batch.records[i]); !status.ok()) {
        broken_ = status;
        break;
      }
      batch.checks.push_back(
          verifier_.Place(batch.first + i, batch.sizes[i], std::move(batch.records[i])));
    }
    batch.records.clear();
    crew_.Start(batch.checking, [this, &batch] {
      for (RecordCheck& check : batch.checks) verifier_.Check(check);
    });
  }

  /// Result: false when there is none that can be taken.
  bool TakeFirst(LogOrder& order) {
    if (batches_.empty()) return false;
    if (placed_ == 0) {
      if (!broken_.ok()) return false;
      PlaceNext(order);
    }
    Batch& batch = *batches_.front();
    crew_.Finish(batch.checking);
    taken_ += batch.checks.size();
    for (RecordCheck& check : batch.checks) verifier_.Take(std::move(check));
    bytes_ -= batch.read_bytes;
    batches_.pop_front();
    --placed_;
    if (progress_) progress_(taken_, order.count());
    return true;
  }

  LogVerifier& verifier_;
  Crew& crew_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::deque<std::unique_ptr<Batch>> batches_;  // under way, in order; the first ones are placed
  std::size_t placed_ = 0;
  std::size_t bytes_ = 0;  // of all batches under way, as read
  std::uint64_t read_ = 0;
  std::uint64_t taken_ = 0;
  absl::Status broken_;
};

}  // namespace

absl::StatusOr<LogSummary> VerifyLog(
    const std::string& path, LogVerifier& verifier, Crew& crew,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteFile> file,
                   SqliteFile::Open(path, SqliteFile::Mode::kRead, kMaxRecordBytes));
  MerkleLog tree;
  Pipeline pipeline(verifier, crew, progress);
  absl::StatusOr<LogSummary> summary = WithRows(
      *file, tree, [&](LogRows& rows, LogOrder& order) { return pipeline.Run(rows, order); });
  if (summary.ok()) return summary;
  return absl::Status(summary.status().code(),
                      absl::StrCat(path, ": ", summary.status().message()));
}

}  // namespace kaisar::audit
