#include "audit/log_writer.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audit/empty_log.h"
#include "audit/log_file.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kMaxQueuedBytes = 64 << 20;
/// One transaction takes at most this much, so that the first record of a burst does not wait for
/// the whole burst.
constexpr std::uint64_t kMaxBatchBytes = 8 << 20;
constexpr std::size_t kMaxBatchRecords = 4096;

class SqliteLogWriter final : public LogWriter {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteLogWriter>> Open(const std::string& path);
  ~SqliteLogWriter() override;

  void Append(std::string record, absl::AnyInvocable<void(absl::Status)> durable) override;
  absl::Status AppendAndWait(std::string record) override;
  absl::StatusOr<LogPosition> Finish() override;
  std::uint64_t pending() const override { return pending_; }

 private:
  struct Item {
    std::string record;
    absl::AnyInvocable<void(absl::Status)> durable;
    absl::Status status;  // not ok when it is refused without a write
  };

  SqliteLogWriter(std::unique_ptr<SqliteFile> file, MerkleLog tree, SqliteStatement insert,
                  SqliteStatement update);
  void Run();
  /// Waits for work; empty when there is none left and the log is to be finished or closed.
  std::vector<Item> NextBatch();
  void Commit(std::vector<Item>& batch);
  absl::Status Write(std::vector<Item>& batch);
  absl::Status CloseAsOneFile();
  bool on_log_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Of the log thread.
  std::unique_ptr<SqliteFile> file_;
  MerkleLog tree_;
  SqliteStatement insert_;
  SqliteStatement update_;
  absl::Status failure_;

  std::atomic<std::uint64_t> pending_{0};
  Mutex mutex_;
  CondVar work_;      // something queued, finishing or stopping
  CondVar progress_;  // room in the queue, or finished
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<absl::StatusOr<LogPosition>> finished_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<SqliteLogWriter>> SqliteLogWriter::Open(const std::string& path) {
  // Opening for writing first brings back what a crash left in the write-ahead log.
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteFile> file,
                   SqliteFile::Open(path, SqliteFile::Mode::kWrite, kMaxRecordBytes));
  MerkleLog tree;
  ASSIGN_OR_RETURN(const LogSummary summary,
                   ReadRecords(*file, tree, [](std::uint64_t, ByteView, const v1::Record&) {
                     return absl::OkStatus();
                   }));
  if (summary.closed) {
    return absl::FailedPreconditionError(
        absl::StrCat("is closed by its last record ", summary.records - 1));
  }
  ASSIGN_OR_RETURN(const std::string mode, file->Query("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return absl::UnavailableError(absl::StrCat("journal mode is ", mode, ", expected wal"));
  }
  RETURN_IF_ERROR(file->Execute("PRAGMA synchronous=FULL"));
  ASSIGN_OR_RETURN(SqliteStatement insert, file->Prepare("INSERT INTO records VALUES(?1, ?2, ?3)"));
  // The condition notices a second writer, whose records this process does not know.
  ASSIGN_OR_RETURN(SqliteStatement update,
                   file->Prepare("UPDATE head SET count=?1, root=?2 WHERE count=?3"));
  return std::unique_ptr<SqliteLogWriter>(
      new SqliteLogWriter(std::move(file), std::move(tree), std::move(insert), std::move(update)));
}

SqliteLogWriter::SqliteLogWriter(std::unique_ptr<SqliteFile> file, MerkleLog tree,
                                 SqliteStatement insert, SqliteStatement update)
    : file_(std::move(file)),
      tree_(std::move(tree)),
      insert_(std::move(insert)),
      update_(std::move(update)),
      thread_([this] { Run(); }) {}

SqliteLogWriter::~SqliteLogWriter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.SignalAll();
  thread_.join();
}

void SqliteLogWriter::Append(std::string record, absl::AnyInvocable<void(absl::Status)> durable) {
  Item item{std::move(record), std::move(durable), absl::OkStatus()};
  if (item.record.empty() || item.record.size() > kMaxRecordBytes) {
    item.status = absl::InvalidArgumentError(
        absl::StrCat("record is ", item.record.size(), " bytes, expected 1 to ", kMaxRecordBytes));
    item.record.clear();
  }
  const bool may_wait = !on_log_thread();
  ++pending_;
  {
    MutexLock lock(mutex_);
    while (may_wait && !queue_.empty() && queued_bytes_ + item.record.size() > kMaxQueuedBytes) {
      progress_.Wait(mutex_);
    }
    if (finishing_ && item.status.ok()) {
      item.status = absl::FailedPreconditionError("log is finished");
    }
    queued_bytes_ += item.record.size();
    queue_.push_back(std::move(item));
  }
  work_.SignalOne();
}

absl::Status SqliteLogWriter::AppendAndWait(std::string record) {
  KAISAR_CHECK(!on_log_thread());
  Mutex mutex;
  CondVar done;
  bool called = false;
  absl::Status result;
  Append(std::move(record), [&](absl::Status status) {
    MutexLock lock(mutex);
    result = std::move(status);
    called = true;
    done.SignalOne();
  });
  MutexLock lock(mutex);
  while (!called) done.Wait(mutex);
  return result;
}

absl::StatusOr<LogPosition> SqliteLogWriter::Finish() {
  KAISAR_CHECK(!on_log_thread());
  MutexLock lock(mutex_);
  finishing_ = true;
  if (finished_ != nullptr && !finished_->ok()) finished_.reset();  // try again
  work_.SignalAll();
  while (finished_ == nullptr) progress_.Wait(mutex_);
  return *finished_;
}

std::vector<SqliteLogWriter::Item> SqliteLogWriter::NextBatch() {
  std::vector<Item> batch;
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_ && !(finishing_ && finished_ == nullptr)) {
    work_.Wait(mutex_);
  }
  std::uint64_t bytes = 0;
  while (!queue_.empty() && bytes < kMaxBatchBytes && batch.size() < kMaxBatchRecords) {
    bytes += queue_.front().record.size();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  progress_.SignalAll();
  return batch;
}

void SqliteLogWriter::Run() {
  pthread_setname_np(pthread_self(), "log");
  for (;;) {
    std::vector<Item> batch = NextBatch();
    if (!batch.empty()) {
      Commit(batch);
      continue;
    }
    bool finish = false;
    {
      MutexLock lock(mutex_);
      finish = finishing_ && finished_ == nullptr;
      if (!finish && stopping_ && queue_.empty()) return;
    }
    if (!finish) continue;
    const absl::Status closed = CloseAsOneFile();
    MutexLock lock(mutex_);
    finished_ = std::make_unique<absl::StatusOr<LogPosition>>(
        closed.ok() ? absl::StatusOr<LogPosition>(LogPosition{tree_.size(), tree_.Root()})
                    : absl::StatusOr<LogPosition>(closed));
    progress_.SignalAll();
  }
}

void SqliteLogWriter::Commit(std::vector<Item>& batch) {
  if (failure_.ok()) failure_ = Write(batch);
  for (Item& item : batch) {
    std::move(item.durable)(item.status.ok() ? failure_ : item.status);
    --pending_;
  }
}

absl::Status SqliteLogWriter::Write(std::vector<Item>& batch) {
  const bool nothing_to_write =
      std::all_of(batch.begin(), batch.end(), [](const Item& item) { return !item.status.ok(); });
  if (nothing_to_write) return absl::OkStatus();
  MerkleLog tree = tree_;
  const absl::Status written = [&]() -> absl::Status {
    RETURN_IF_ERROR(file_->Execute("BEGIN IMMEDIATE"));
    for (const Item& item : batch) {
      if (!item.status.ok()) continue;
      const ByteView bytes = ViewOf(item.record);
      const Digest leaf = MerkleLog::LeafHash(bytes);
      RETURN_IF_ERROR(insert_.Bind(1, tree.size()).Bind(2, leaf).Bind(3, bytes).Run());
      tree.AppendLeaf(leaf);
    }
    const Digest root = tree.Root();
    RETURN_IF_ERROR(update_.Bind(1, tree.size()).Bind(2, root).Bind(3, tree_.size()).Run());
    if (file_->changes() != 1) {
      return absl::AbortedError("another process has appended to the log");
    }
    return file_->Execute("COMMIT");
  }();
  if (written.ok()) {
    tree_ = std::move(tree);
    return absl::OkStatus();
  }
  if (file_->in_transaction()) file_->Execute("ROLLBACK").IgnoreError();
  return absl::Status(written.code(), absl::StrCat("append to the log: ", written.message()));
}

absl::Status SqliteLogWriter::CloseAsOneFile() {
  RETURN_IF_ERROR(failure_);
  insert_ = SqliteStatement(nullptr);
  update_ = SqliteStatement(nullptr);
  ASSIGN_OR_RETURN(const std::string busy, file_->Query("PRAGMA wal_checkpoint(TRUNCATE)"));
  if (busy != "0") return absl::UnavailableError("log is being read; cannot finish it");
  ASSIGN_OR_RETURN(const std::string mode, file_->Query("PRAGMA journal_mode=DELETE"));
  if (mode != "delete") return absl::UnavailableError("log is being read; cannot finish it");
  file_.reset();
  return absl::OkStatus();
}

template <typename T>
absl::StatusOr<T> Named(const std::string& path, absl::StatusOr<T> result) {
  if (result.ok() || absl::StrContains(result.status().message(), path)) return result;
  return absl::Status(result.status().code(), absl::StrCat(path, ": ", result.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Create(const std::string& path) {
  RETURN_IF_ERROR(MakeEmptyLog(path));
  return Reopen(path);
}

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Reopen(const std::string& path) {
  return Named<std::unique_ptr<LogWriter>>(path, SqliteLogWriter::Open(path));
}

}  // namespace kaisar::audit
