#include "audit/log_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<LogWriter> CreateLog(const std::string& path) {
  auto writer = LogWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return writer.ok() ? std::move(*writer) : nullptr;
}

TEST(LogWriter, WritesRecordsThatTheReaderGivesBackUnchangedAndInOrder) {
  TemporaryDirectory directory;
  const std::vector<std::string> records = SomeRecords(300);
  WriteLog(directory.File("log"), records);
  const ReadBack read = ReadAll(directory.File("log"));
  ASSERT_TRUE(read.summary.ok()) << read.summary.status();
  EXPECT_EQ(read.records, records);
  EXPECT_EQ(read.summary->root, RootOf(records));
  EXPECT_FALSE(read.summary->closed);
}

TEST(LogWriter, CallsDurableOnceForEachRecordInTheOrderOfTheCalls) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    writer->Append(i == 0 ? OpenedRecord() : NumberedRecord(static_cast<std::uint64_t>(i)),
                   [&order, i](absl::Status status) {
                     if (status.ok()) order.push_back(i);
                   });
  }
  ASSERT_TRUE(writer->Finish().ok());
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(writer->pending(), 0u);
}

TEST(LogWriter, FinishLeavesOnePlainFileAndTellsItsRoot) {
  TemporaryDirectory directory;
  const std::string path = directory.File("log");
  auto writer = CreateLog(path);
  std::vector<std::string> records = SomeRecords(10);
  records.push_back(ClosingRecord());
  for (const std::string& record : records) ASSERT_TRUE(writer->AppendAndWait(record).ok());
  EXPECT_TRUE(std::filesystem::exists(path + "-wal"));
  const absl::StatusOr<LogPosition> end = writer->Finish();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->records, records.size());
  EXPECT_EQ(end->root, RootOf(records));
  EXPECT_EQ(writer->Finish()->root, end->root);
  writer.reset();
  for (const auto& entry : std::filesystem::directory_iterator(directory.File(""))) {
    EXPECT_EQ(entry.path().filename(), "log");
  }
  EXPECT_TRUE(ReadAll(path).summary->closed);
}

TEST(LogWriter, RefusesRecordsAfterFinish) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  ASSERT_TRUE(writer->AppendAndWait(OpenedRecord()).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(writer->AppendAndWait(NumberedRecord(1)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadAll(directory.File("log")).records.size(), 1u);
}

TEST(LogWriter, NeverCreatesOverAnExistingFile) {
  TemporaryDirectory directory;
  const std::string path = directory.File("log");
  std::ofstream(path) << "something else";
  EXPECT_EQ(LogWriter::Create(path).status().code(), absl::StatusCode::kAlreadyExists);
  std::string content;
  std::getline(std::ifstream(path), content);
  EXPECT_EQ(content, "something else");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(LogWriter, ReplacesWhatAnInterruptedCreateLeft) {
  TemporaryDirectory directory;
  std::ofstream(directory.File("log.new")) << "half a file";
  EXPECT_NE(CreateLog(directory.File("log")), nullptr);
}

TEST(LogWriter, NamesTheFileAndTheReasonWhenItCannotCreate) {
  const absl::Status status = LogWriter::Create("/nowhere/log").status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/log"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file"));
}

TEST(LogWriter, ReopensAndGoesOnWhereItStopped) {
  TemporaryDirectory directory;
  const std::string path = directory.File("log");
  const std::vector<std::string> records = SomeRecords(25);
  CreateLog(path).reset();
  for (const std::string& record : records) {
    auto writer = LogWriter::Reopen(path);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->AppendAndWait(record).ok());
  }
  auto writer = LogWriter::Reopen(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ((*writer)->Finish()->root, RootOf(records));
  EXPECT_EQ(ReadAll(path).records, records);
}

TEST(LogWriter, DoesNotReopenAClosedEpoch) {
  TemporaryDirectory directory;
  WriteLog(directory.File("log"), {OpenedRecord(), ClosingRecord()});
  const absl::Status status = LogWriter::Reopen(directory.File("log")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("closed by its last record 1"));
}

TEST(LogWriter, RefusesEmptyAndOversizedRecordsAndGoesOn) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  ASSERT_TRUE(writer->AppendAndWait(OpenedRecord()).ok());
  EXPECT_EQ(writer->AppendAndWait("").code(), absl::StatusCode::kInvalidArgument);
  const absl::Status large = writer->AppendAndWait(std::string((64 << 20) + 1, 'x'));
  EXPECT_THAT(std::string(large.message()), HasSubstr("67108865 bytes, expected 1 to 67108864"));
  EXPECT_TRUE(writer->AppendAndWait(NumberedRecord(1)).ok());
  EXPECT_EQ(writer->Finish()->records, 2u);
}

TEST(LogWriter, KeepsTheOrderOfEachOfSeveralThreads) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  ASSERT_TRUE(writer->AppendAndWait(OpenedRecord()).ok());
  std::atomic<int> durable = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        writer->Append(NumberedRecord(t * 1000 + i),
                       [&](absl::Status status) { durable += status.ok() ? 1 : 0; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(writer->Finish()->records, 2001u);
  EXPECT_EQ(durable, 2000);
  std::vector<std::uint64_t> next(4, 0);
  ASSERT_TRUE(
      ReadLog(directory.File("log"), [&](std::uint64_t index, ByteView, const v1::Record& record) {
        if (index == 0) return absl::OkStatus();
        const std::uint64_t number = record.closed().due_ms();
        EXPECT_EQ(number % 1000, next[number / 1000]++);
        return absl::OkStatus();
      }).ok());
}

TEST(LogWriter, HoldsCallersBackWhenTheQueueIsFullAndLosesNothing) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  std::atomic<int> durable = 0;
  std::uint64_t most_pending = 0;
  const std::size_t record_bytes = 1 << 20;
  for (std::uint64_t i = 0; i < 100; ++i) {
    writer->Append(i == 0 ? OpenedRecord() : NumberedRecord(i, record_bytes),
                   [&](absl::Status status) { durable += status.ok() ? 1 : 0; });
    most_pending = std::max(most_pending, writer->pending());
  }
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(durable, 100);
  EXPECT_LE(most_pending, 64u + 9u);  // the queue, and a batch that is being written
}

TEST(LogWriter, LetsDurableAppendMoreWithoutWaiting) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  std::atomic<bool> second = false;
  writer->Append(OpenedRecord(), [&](absl::Status) {
    writer->Append(NumberedRecord(1), [&](absl::Status status) { second = status.ok(); });
  });
  while (!second) std::this_thread::yield();
  EXPECT_EQ(writer->Finish()->records, 2u);
}

TEST(LogWriter, MakesEverythingDurableBeforeItIsDestroyed) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  const std::vector<std::string> records = SomeRecords(500);
  for (const std::string& record : records) writer->Append(record, [](absl::Status) {});
  writer.reset();
  EXPECT_EQ(ReadAll(directory.File("log")).records, records);
}

TEST(LogWriter, StopsWhenAnotherWriterHasAppended) {
  TemporaryDirectory directory;
  auto first = CreateLog(directory.File("log"));
  auto second = LogWriter::Reopen(directory.File("log"));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(first->AppendAndWait(OpenedRecord()).ok());
  EXPECT_FALSE((*second)->AppendAndWait(OpenedRecord()).ok());
  EXPECT_FALSE((*second)->AppendAndWait(OpenedRecord()).ok());
  EXPECT_TRUE(first->AppendAndWait(NumberedRecord(1)).ok());
  first.reset();
  EXPECT_EQ(ReadAll(directory.File("log")).records.size(), 2u);
}

TEST(LogWriter, CanBeReadWhileItIsWritten) {
  TemporaryDirectory directory;
  auto writer = CreateLog(directory.File("log"));
  ASSERT_TRUE(writer->AppendAndWait(OpenedRecord()).ok());
  for (std::uint64_t i = 1; i < 50; ++i) {
    ASSERT_TRUE(writer->AppendAndWait(NumberedRecord(i)).ok());
    ASSERT_EQ(ReadAll(directory.File("log")).summary->records, i + 1);
  }
}

}  // namespace
}  // namespace kaisar::audit
