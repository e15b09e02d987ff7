#include "checker/progress_display.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

constexpr std::chrono::milliseconds kRedraw(250);
constexpr std::size_t kMostDevices = 20;
constexpr std::size_t kOtherLines = 6;  // of a panel, besides the devices'

struct TerminalSize {
  std::size_t columns = 120;  // when the terminal does not say
  std::size_t rows = 40;
};

TerminalSize SizeOf(int descriptor) {
  TerminalSize size;
  winsize window{};
  if (ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    size.columns = window.ws_col;
    size.rows = window.ws_row;
  }
  return size;
}

void WriteAll(int descriptor, const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = write(descriptor, bytes.data() + written, bytes.size() - written);
    if (count <= 0) return;  // the terminal is gone; nothing depends on it
    written += static_cast<std::size_t>(count);
  }
}

}  // namespace

std::string RedrawPanel(std::size_t before, const std::vector<std::string>& lines) {
  std::string bytes;
  if (before > 0) absl::StrAppend(&bytes, "\x1b[", before, "A");
  absl::StrAppend(&bytes, "\r\x1b[J");
  for (const std::string& line : lines) absl::StrAppend(&bytes, line, "\n");
  return bytes;
}

ProgressDisplay::ProgressDisplay(const Progress& progress, const Clock& clock, int descriptor)
    : progress_(progress), clock_(clock), descriptor_(descriptor), thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "progress");
}

ProgressDisplay::~ProgressDisplay() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void ProgressDisplay::Draw() {
  const TerminalSize size = SizeOf(descriptor_);
  const std::size_t rows = size.rows > kOtherLines ? size.rows - kOtherLines : 0;
  const std::vector<std::string> lines = RenderPanel(
      progress_.Snapshot(), clock_.WallMs(), size.columns - 1, std::min(rows, kMostDevices));
  WriteAll(descriptor_, RedrawPanel(drawn_lines_, lines));
  drawn_lines_ = lines.size();
}

void ProgressDisplay::Work() {
  while (true) {
    Draw();
    MutexLock lock(mutex_);
    if (ending_) break;
    changed_.WaitFor(mutex_, kRedraw);
  }
  Draw();
}

}  // namespace kaisar::checker
