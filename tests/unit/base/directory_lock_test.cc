#include "base/directory_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace kaisar {
namespace {

class DirectoryLockTest : public ::testing::Test {
 protected:
  DirectoryLockTest() : directory_(::testing::TempDir() + "directory_lock_test_XXXXXX") {
    if (mkdtemp(directory_.data()) == nullptr) ADD_FAILURE() << directory_;
  }
  ~DirectoryLockTest() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(DirectoryLockTest, IsHeldByOneProcessWhichTheRefusalNames) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t process = fork();
  if (process == 0) {  // takes it and keeps it until it is killed
    const auto lock = DirectoryLock::Acquire(directory_);
    if (!lock.ok() || write(ready[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  const absl::Status status = DirectoryLock::Acquire(directory_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "data directory " + directory_ + " is in use by process " +
                                  std::to_string(process) + " (base_test)");
  kill(process, SIGKILL);
  EXPECT_EQ(waitpid(process, nullptr, 0), process);
  EXPECT_TRUE(DirectoryLock::Acquire(directory_).ok());  // nothing stayed behind
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(DirectoryLockTest, IsHeldOnceInAProcessAndLetGoAtTheEndOfItsLife) {
  std::optional<DirectoryLock> lock = DirectoryLock::Acquire(directory_).value();
  EXPECT_FALSE(DirectoryLock::Acquire(directory_).ok());
  DirectoryLock moved = std::move(*lock);
  lock.reset();
  EXPECT_FALSE(DirectoryLock::Acquire(directory_).ok());
  { const DirectoryLock last = std::move(moved); }
  EXPECT_TRUE(DirectoryLock::Acquire(directory_).ok());
}

TEST_F(DirectoryLockTest, SaysWhatIsNoDirectory) {
  const std::string missing = directory_ + "/none";
  EXPECT_EQ(DirectoryLock::Acquire(missing).status().message(),
            "cannot open data directory " + missing + ": No such file or directory");
  EXPECT_EQ(DirectoryLock::Acquire("/dev/null").status().message(),
            "cannot open data directory /dev/null: Not a directory");
}

}  // namespace
}  // namespace kaisar
