#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>

namespace kaisar {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : directory_(::testing::TempDir() + "file_test_XXXXXX") {
    if (mkdtemp(directory_.data()) == nullptr) ADD_FAILURE() << directory_;
  }
  ~FileTest() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  int FilesThere() const {
    return static_cast<int>(std::distance(fs::directory_iterator(directory_), {}));
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  /// Runs `child` in a process of its own; its result is the exit status.
  template <typename Child>
  static int InChild(Child child) {
    const pid_t process = fork();
    if (process == 0) _exit(child());
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string directory_;
};

TEST_F(FileTest, IsReadBackAsItWasWritten) {
  const std::string content = std::string(100000, 'a') + std::string("\0\n\xff", 3);
  ASSERT_TRUE(WriteFile(Path("a"), content).ok());
  EXPECT_EQ(ReadFile(Path("a"), 1 << 20).value(), content);
  ASSERT_TRUE(WriteFile(Path("a"), "").ok());
  EXPECT_EQ(ReadFile(Path("a"), 0).value(), "");
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileTest, HasTheModeThatWasAskedForWhateverTheUmask) {
  const mode_t before = umask(0);
  ASSERT_TRUE(WriteFile(Path("a"), "x").ok());
  umask(077);
  ASSERT_TRUE(WriteFile(Path("b"), "x").ok());
  ASSERT_TRUE(WriteFile(Path("c"), "x", 0600).ok());
  umask(0);
  ASSERT_TRUE(CreateSecretFile(Path("d"), "x").ok());
  umask(before);
  EXPECT_EQ(ModeOf(Path("a")), 0644u);
  EXPECT_EQ(ModeOf(Path("b")), 0644u);
  EXPECT_EQ(ModeOf(Path("c")), 0600u);
  EXPECT_EQ(ModeOf(Path("d")), 0600u);
}

TEST_F(FileTest, SaysWhatCouldNotBeRead) {
  const absl::Status missing = ReadFile(Path("a"), 10).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "cannot read " + Path("a") + ": No such file or directory");
  const absl::Status directory = ReadFile(directory_, 1 << 20).status();
  EXPECT_EQ(directory.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(directory.message(), "cannot read " + directory_ + ": Is a directory");
  ASSERT_TRUE(WriteFile(Path("a"), "12345678901").ok());
  const absl::Status large = ReadFile(Path("a"), 10).status();
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(large.message(), Path("a") + " is 11 bytes, limit 10");
  EXPECT_EQ(ReadFile(Path("a"), 11).value(), "12345678901");
  EXPECT_EQ(ReadFile("/dev/zero", 10).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FileTest, HoldsASecretOnlyWhenNobodyElseHasAnyAccess) {
  ASSERT_TRUE(CreateSecretFile(Path("a"), "secret").ok());
  for (const unsigned mode : {0600u, 0400u, 0700u}) {
    ASSERT_EQ(chmod(Path("a").c_str(), mode), 0);
    EXPECT_EQ(ReadSecretFile(Path("a"), 100).value(), "secret") << mode;
  }
  for (const unsigned mode : {0640u, 0604u, 0620u, 0602u, 0610u, 0601u}) {
    ASSERT_EQ(chmod(Path("a").c_str(), mode), 0);
    EXPECT_EQ(ReadSecretFile(Path("a"), 100).status().code(), absl::StatusCode::kPermissionDenied);
    EXPECT_FALSE(ReadPassword(Path("a")).ok());
  }
  ASSERT_EQ(chmod(Path("a").c_str(), 0644), 0);
  EXPECT_EQ(ReadSecretFile(Path("a"), 100).status().message(),
            Path("a") + " holds a secret and has mode 0644, expected 0600 or narrower");
}

TEST_F(FileTest, NeverReplacesASecret) {
  ASSERT_TRUE(CreateSecretFile(Path("a"), "first").ok());
  const absl::Status status = CreateSecretFile(Path("a"), "second");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(), Path("a") + " exists already");
  EXPECT_EQ(ReadSecretFile(Path("a"), 100).value(), "first");
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileTest, SaysWhatCouldNotBeWritten) {
  const absl::Status status = WriteFile(Path("no/a"), "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "cannot write " + Path("no/a") + ": No such file or directory");
  ASSERT_EQ(mkdir(Path("d").c_str(), 0755), 0);
  EXPECT_EQ(WriteFile(Path("d"), "x").message(), "cannot write " + Path("d") + ": Is a directory");
  EXPECT_EQ(FilesThere(), 1);  // no temporary file stays behind
}

TEST_F(FileTest, KeepsItsOldContentWhenItMayNotGrow) {
  ASSERT_TRUE(WriteFile(Path("a"), "old").ok());
  EXPECT_EQ(InChild([&] {
              signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{1000, 1000};
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              const absl::Status status = WriteFile(Path("a"), std::string(5000, 'n'));
              return status.message() == "cannot write " + Path("a") + ": File too large" ? 0 : 2;
            }),
            0);
  EXPECT_EQ(ReadFile(Path("a"), 100).value(), "old");
  EXPECT_EQ(FilesThere(), 1);
}

TEST_F(FileTest, KeepsItsOldContentWhenTheDiskIsFull) {
  constexpr int kNoMount = 77;
  const int result = InChild([&] {  // a file system of 64 KiB in a mount namespace of its own
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kNoMount;
    }
    if (!WriteFile(Path("a"), "old").ok()) return 1;
    const absl::Status status = WriteFile(Path("a"), std::string(200000, 'n'));
    if (status.code() != absl::StatusCode::kInternal) return 2;
    if (status.message() != "cannot write " + Path("a") + ": No space left on device") return 3;
    if (ReadFile(Path("a"), 100).value() != "old") return 4;
    return FilesThere() == 1 ? 0 : 5;
  });
  if (result == kNoMount) GTEST_SKIP() << "SKIPPED: only root can mount a small file system";
  EXPECT_EQ(result, 0);
}

TEST_F(FileTest, GivesThePasswordOnItsFirstLine) {
  const auto password = [&](const std::string& content) {
    EXPECT_TRUE(WriteFile(Path("p"), content, 0600).ok());
    return ReadPassword(Path("p"));
  };
  EXPECT_EQ(password("pass word").value(), "pass word");
  EXPECT_EQ(password("pass\n").value(), "pass");
  EXPECT_EQ(password("pass\r\nmore\n").value(), "pass");
  EXPECT_EQ(password(std::string(1024, 'p') + "\n").value(), std::string(1024, 'p'));
  EXPECT_EQ(password(std::string(1025, 'p')).status().code(), absl::StatusCode::kResourceExhausted);
  for (const char* content : {"", "\n", "\r\n", "\nsecond"}) {
    const absl::Status status = password(content).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "password from " + Path("p") + " is empty");
  }
  EXPECT_EQ(ReadPassword(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FileTest, GivesOnePasswordAfterTheOtherFromADescriptor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "one\ntwo\n", 8), 8);
  close(ends[1]);
  const std::string source = "fd:" + std::to_string(ends[0]);
  EXPECT_EQ(ReadPassword(source).value(), "one");
  EXPECT_EQ(ReadPassword(source).value(), "two");
  EXPECT_EQ(ReadPassword(source).status().message(), "password from " + source + " is empty");
  close(ends[0]);
  EXPECT_EQ(ReadPassword(source).status().message(),
            "cannot read a password from " + source + ": Bad file descriptor");
  for (const char* wrong : {"fd:", "fd:x", "fd:-1", "fd:99999999999"}) {
    EXPECT_EQ(
        ReadPassword(wrong).status().message(),
        std::string("password source is ") + wrong + ", expected fd:N with a descriptor's number");
  }
}

}  // namespace
}  // namespace kaisar
