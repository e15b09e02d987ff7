#include "checker/password_prompt.h"

#include <termios.h>

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostPasswordBytes = 1024;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Terminal = std::unique_ptr<std::FILE, CloseFile>;

/// Switches echo off for a scope.
class SilentTerminal {
 public:
  explicit SilentTerminal(int descriptor) : descriptor_(descriptor) {
    known_ = tcgetattr(descriptor_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (known_) tcsetattr(descriptor_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (known_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  bool known() const { return known_; }

 private:
  int descriptor_;
  termios before_{};
  bool known_ = false;
};

absl::StatusOr<std::string> Ask(std::FILE* terminal, const std::string& question) {
  const SilentTerminal silent(fileno(terminal));
  if (!silent.known()) return absl::FailedPreconditionError("the terminal's echo stays on");
  std::fprintf(terminal, "%s: ", question.c_str());
  std::fflush(terminal);
  std::string answer;
  int c = std::fgetc(terminal);
  for (; c != EOF && c != '\n' && answer.size() < kMostPasswordBytes; c = std::fgetc(terminal)) {
    answer.push_back(static_cast<char>(c));
  }
  std::fputc('\n', terminal);
  std::fflush(terminal);
  if (answer.empty()) return absl::InvalidArgumentError("the password is empty");
  return answer;
}

}  // namespace

absl::StatusOr<std::string> PasswordFrom(const std::string& source, const std::string& question,
                                         bool twice) {
  if (!source.empty()) return ReadPassword(source);
  const Terminal terminal(std::fopen("/dev/tty", "r+e"));
  if (terminal == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        question, ": there is no terminal to ask on; name a file or fd:N with --password-file"));
  }
  ASSIGN_OR_RETURN(std::string password, Ask(terminal.get(), question));
  if (!twice) return password;
  ASSIGN_OR_RETURN(const std::string again, Ask(terminal.get(), question + " again"));
  if (again != password) return absl::InvalidArgumentError("the two passwords differ");
  return password;
}

}  // namespace kaisar::checker
