#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace kaisar::testing {

/// A development chain as a process, on a free port of the loopback interface; killed with the
/// object. Its ten accounts, whose keys everybody knows, have 10,000 coins each.
class Anvil {
 public:
  /// Null when the program is not there or does not answer within 10 s.
  static std::unique_ptr<Anvil> Start(std::uint64_t chain_id = 31337,
                                      const std::string& hardfork = "shanghai");
  ~Anvil();
  Anvil(const Anvil&) = delete;
  Anvil& operator=(const Anvil&) = delete;

  const std::string& url() const { return url_; }

 private:
  Anvil(pid_t pid, std::string url) : pid_(pid), url_(std::move(url)) {}
  pid_t pid_;
  std::string url_;
};

/// A port of the loopback interface that nobody listens on.
std::uint16_t FreePort();

}  // namespace kaisar::testing
