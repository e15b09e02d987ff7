// What happens to the log when the disk fills up or the process is killed in the middle of writing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;

/// Appends until the disk is full; then everything later must fail the same way, and everything
/// that was durable must be readable.
void FillTheDisk(const std::string& path) {
  auto writer = LogWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  std::vector<std::string> durable;
  std::vector<absl::Status> failures;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::string record = i == 0 ? OpenedRecord() : NumberedRecord(i, 20000);
    const absl::Status status = (*writer)->AppendAndWait(record);
    if (status.ok()) {
      EXPECT_TRUE(failures.empty()) << "record " << i << " went through after a failure";
      durable.push_back(record);
    } else {
      failures.push_back(status);
    }
  }
  ASSERT_FALSE(failures.empty());
  EXPECT_GT(durable.size(), 5u);
  for (const absl::Status& failure : failures) EXPECT_EQ(failure, failures.front());
  EXPECT_EQ(failures.front().code(), absl::StatusCode::kResourceExhausted) << failures.front();
  EXPECT_EQ((*writer)->Finish().status(), failures.front());
  writer->reset();
  const ReadBack read = ReadAll(path);
  ASSERT_TRUE(read.summary.ok()) << read.summary.status();
  EXPECT_EQ(read.records, durable);
}

// Runs in a child process, whose limits are its own.
void InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(LogFaults, FullDiskFailsEveryLaterAppendAndLosesNothingDurable) {
  TemporaryDirectory directory;
  if (mount("tmpfs", directory.File("").c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "cannot mount a small file system: " << strerror(errno);
  }
  FillTheDisk(directory.File("log"));
  EXPECT_EQ(umount2(directory.File("").c_str(), MNT_DETACH), 0);
}

TEST(LogFaults, FileSizeLimitFailsEveryLaterAppendAndLosesNothingDurable) {
  TemporaryDirectory directory;
  InChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    FillTheDisk(directory.File("log"));
  });
}

TEST(LogFaults, LogThatFilledTheDiskGoesOnWhenThereIsRoomAgain) {
  TemporaryDirectory directory;
  const std::string path = directory.File("log");
  InChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    FillTheDisk(path);
  });
  const std::uint64_t before = ReadAll(path).summary->records;
  auto writer = LogWriter::Reopen(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE((*writer)->AppendAndWait(NumberedRecord(i, 20000)).ok());
  }
  EXPECT_EQ((*writer)->Finish()->records, before + 100);
  EXPECT_TRUE(ReadAll(path).summary.ok());
}

/// Appends for ever and writes one byte to `acknowledged` for each durable record.
[[noreturn]] void AppendUntilKilled(const std::string& path, int acknowledged) {
  auto writer = LogWriter::Reopen(path);
  if (!writer.ok()) _exit(3);
  std::uint64_t index = ReadAll(path).summary->records;
  for (;; ++index) {
    (*writer)->Append(index == 0 ? OpenedRecord() : NumberedRecord(index, index % 5000),
                      [acknowledged](absl::Status status) {
                        if (!status.ok() || write(acknowledged, "k", 1) != 1) _exit(4);
                      });
    // Now and then a pause, so that batches of all sizes are hit.
    if (index % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

std::uint64_t DrainPipe(int descriptor) {
  std::uint64_t total = 0;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(descriptor, buffer, sizeof buffer)) > 0;) {
    total += static_cast<std::uint64_t>(got);
  }
  return total;
}

TEST(LogFaults, KilledAtAnyMomentNothingAcknowledgedIsLost) {
  TemporaryDirectory directory;
  const std::string path = directory.File("log");
  ASSERT_TRUE(LogWriter::Create(path).ok());
  std::mt19937 random(20260101);
  std::uniform_int_distribution<int> delay_us(500, 40000);
  std::uint64_t records = 0;
  for (int round = 0; round < 25; ++round) {
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipes[0]);
      AppendUntilKilled(path, pipes[1]);
    }
    close(pipes[1]);
    std::uint64_t acknowledged = 0;
    std::thread drain([&] { acknowledged = DrainPipe(pipes[0]); });
    std::this_thread::sleep_for(std::chrono::microseconds(delay_us(random)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    drain.join();
    close(pipes[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "child ended by itself: " << status;

    auto writer = LogWriter::Reopen(path);
    ASSERT_TRUE(writer.ok()) << "round " << round << ": " << writer.status();
    const ReadBack read = ReadAll(path);
    ASSERT_TRUE(read.summary.ok()) << read.summary.status();
    ASSERT_GE(read.records.size(), records + acknowledged) << "round " << round;
    for (std::uint64_t i = records; i < read.records.size(); ++i) {
      ASSERT_EQ(read.records[i], i == 0 ? OpenedRecord() : NumberedRecord(i, i % 5000));
    }
    records = read.records.size();
  }
  EXPECT_GT(records, 100u);
}

}  // namespace
}  // namespace kaisar::audit
