#pragma once

#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/process_runner.h"
#include "gtest/gtest.h"

namespace kaisar {

// Only ends what hangs.
inline constexpr std::uint64_t kLongMs = 60'000;

/// What a process said, as its callbacks tell.
class Listener {
 public:
  ProcessRunner::OnLine OnLine() {
    return [this](std::string line) {
      MutexLock lock(mutex_);
      EXPECT_TRUE(ends_.empty()) << "a line after the end";
      lines_.push_back(std::move(line));
      changed_.SignalAll();
    };
  }
  ProcessRunner::OnEnd OnEnd() {
    return [this](ProcessEnd end) {
      MutexLock lock(mutex_);
      ends_.push_back(end);
      changed_.SignalAll();
    };
  }
  ProcessEnd AwaitEnd() {
    MutexLock lock(mutex_);
    while (ends_.empty()) changed_.Wait(mutex_);
    EXPECT_EQ(ends_.size(), 1U);
    return ends_.front();
  }
  std::string AwaitLine() {
    MutexLock lock(mutex_);
    while (lines_.empty()) changed_.Wait(mutex_);
    return lines_.front();
  }
  std::vector<std::string> lines() {
    MutexLock lock(mutex_);
    return lines_;
  }
  std::size_t ends() {
    MutexLock lock(mutex_);
    return ends_.size();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<ProcessEnd> ends_ ABSL_GUARDED_BY(mutex_);
};

inline ProcessSpec Shell(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.kill_after_ms = kLongMs;
  spec.most_output_bytes = 65'536;
  return spec;
}

inline std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += entry.path().empty() ? 0U : 1U;
  }
  return count;
}

inline bool HasChildren() {
  return waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
}

/// Every test ends with as many descriptors as it began with, and without a child.
class ProcessRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    descriptors_ = OpenDescriptors();
    runner_ = *MakeProcessRunner();
  }
  void TearDown() override {
    runner_.reset();
    EXPECT_EQ(OpenDescriptors(), descriptors_);
    EXPECT_FALSE(HasChildren());
  }

  std::shared_ptr<Process> Start(ProcessSpec spec, Listener& listener) {
    absl::StatusOr<std::shared_ptr<Process>> process =
        runner_->Start(std::move(spec), listener.OnLine(), listener.OnEnd());
    EXPECT_TRUE(process.ok()) << process.status();
    return process.ok() ? *process : nullptr;
  }
  static void ExpectEnd(const ProcessEnd& end, ProcessEnd::Cause cause, int code) {
    EXPECT_EQ(end.cause, cause);
    EXPECT_EQ(end.code, code);
  }

  std::size_t descriptors_ = 0;
  std::unique_ptr<ProcessRunner> runner_;
};

}  // namespace kaisar
