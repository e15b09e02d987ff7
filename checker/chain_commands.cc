#include "checker/chain_commands.h"

#include <unistd.h>

#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/status_macros.h"
#include "checker/chain_access.h"
#include "checker/owner_commands.h"
#include "checker/password_prompt.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;
constexpr std::uint64_t kMostKeystoreBytes = 1 << 16;

/// What a command works with.
struct Inputs {
  Config config;
  std::unique_ptr<ChainAccess> chain;
  SigningKey key;  // signs and pays
  bool key_is_hot = false;
};

absl::StatusOr<Config> ReadChainCheckerConfig(const std::string& path) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(path));
  if (config.chain) return config;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": registry: is file, expected evm: there is no chain to speak to"));
}

absl::StatusOr<SigningKey> OwnerKey(const OwnerOptions& options) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(options.owner_keystore, kMostKeystoreBytes));
  ASSIGN_OR_RETURN(
      const std::string password,
      PasswordFrom(options.owner_password, absl::StrCat("Password of ", options.owner_keystore),
                   /*twice=*/false));
  auto key = DecryptKeystore(json, password);
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat(options.owner_keystore, ": ", key.status().message()));
}

/// Errors: those of the readers: nothing was sent.
absl::StatusOr<Inputs> ReadInputs(const OwnerOptions& options) {
  ASSIGN_OR_RETURN(Config config, ReadChainCheckerConfig(options.config));
  ASSIGN_OR_RETURN(auto chain, OpenChain(*config.chain, RealClock()));
  auto key = options.owner_keystore.empty() ? ReadHotKey(config) : OwnerKey(options);
  RETURN_IF_ERROR(key.status());
  return Inputs{std::move(config), std::move(chain), *std::move(key),
                options.owner_keystore.empty()};
}

/// Asks a person, if there is one.
bool Confirmed(const std::string& what) {
  std::cout << what << "\n" << std::flush;
  if (isatty(STDIN_FILENO) == 0) return true;
  std::cout << "go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  return answer == "y" || answer == "yes";
}

OwnerSession SessionOf(const Inputs& inputs, const OwnerOptions& options) {
  chain::WaitOptions wait;
  wait.confirmations = 1 + inputs.config.chain->confirmations;
  wait.most_fee = inputs.config.chain->most_fee();
  wait.progress = [](const std::string& line) { std::cout << "  " << line << "\n" << std::flush; };
  std::function<bool(const std::string&)> confirm = Confirmed;
  if (options.yes) {
    confirm = [](const std::string& what) {
      std::cout << what << "\n";
      return true;
    };
  }
  return {inputs.chain->contracts(), inputs.key, RealClock(),
          std::move(wait),           std::cout,  std::move(confirm)};
}

absl::StatusOr<Address> HotAddress(const Inputs& inputs) {
  if (inputs.key_is_hot) return inputs.key.address();
  ASSIGN_OR_RETURN(const SigningKey hot, ReadHotKey(inputs.config));
  return hot.address();
}

absl::StatusOr<std::uint32_t> SlotOf(const Inputs& inputs) {
  if (inputs.config.slot) return *inputs.config.slot;
  ASSIGN_OR_RETURN(const Address hot_key, HotAddress(inputs));
  ASSIGN_OR_RETURN(const auto slot, inputs.chain->contracts().SlotOf(hot_key));
  if (slot) return *slot;
  return absl::NotFoundError(absl::StrCat("no slot has the hot key 0x", ToHex(hot_key),
                                          "; name it in the config: slot: ID"));
}

int Fail(const absl::Status& status, int exit_status) {
  std::cout << std::flush;
  std::cerr << "kaisar-checker: " << status.message() << "\n";
  return exit_status;
}

using Step = std::function<absl::Status(const OwnerSession&, const Inputs&)>;

int Do(const OwnerOptions& options, const Step& step) {
  const absl::StatusOr<Inputs> inputs = ReadInputs(options);
  if (!inputs.ok()) return Fail(inputs.status(), kWrongInput);
  const absl::Status status = step(SessionOf(*inputs, options), *inputs);
  if (absl::IsCancelled(status)) {
    std::cout << status.message() << "\n";
    return 0;
  }
  return status.ok() ? 0 : Fail(status, kFailed);
}

}  // namespace

int StakeCommand(const OwnerOptions& options) {
  const auto license = Uint256::FromDecimal(options.license);
  if (!license.ok()) {
    return Fail(absl::InvalidArgumentError(absl::StrCat("--license: ", license.status().message())),
                kWrongInput);
  }
  return Do(options, [&](const OwnerSession& session, const Inputs& inputs) -> absl::Status {
    ASSIGN_OR_RETURN(const SlotKeys keys, ReadSlotKeys(inputs.config));
    return Stake(session, *license, keys);
  });
}

int UnstakeCommand(const OwnerOptions& options) {
  return Do(options, [](const OwnerSession& session, const Inputs& inputs) -> absl::Status {
    ASSIGN_OR_RETURN(const std::uint32_t slot, SlotOf(inputs));
    return Unstake(session, slot);
  });
}

int AnnounceKeysCommand(const OwnerOptions& options) {
  return Do(options, [](const OwnerSession& session, const Inputs& inputs) -> absl::Status {
    ASSIGN_OR_RETURN(const SlotKeys keys, ReadSlotKeys(inputs.config));
    ASSIGN_OR_RETURN(const std::uint32_t slot, SlotOf(inputs));
    return AnnounceKeys(session, slot, keys);
  });
}

int WithdrawCommand(const OwnerOptions& options) {
  std::optional<Address> to;
  if (!options.to.empty()) {
    const auto address = ParseHexArray<20>(options.to);
    if (!address.ok()) {
      return Fail(absl::InvalidArgumentError(absl::StrCat("--to: ", address.status().message())),
                  kWrongInput);
    }
    to = *address;
  }
  return Do(options, [&](const OwnerSession& session, const Inputs& inputs) -> absl::Status {
    ASSIGN_OR_RETURN(const std::uint32_t slot, SlotOf(inputs));
    return WithdrawSlot(session, slot, inputs.key_is_hot, to);
  });
}

}  // namespace kaisar::checker
