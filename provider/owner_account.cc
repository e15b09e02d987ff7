#include "provider/owner_account.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/status_macros.h"
#include "chain/calls.h"
#include "chain/send_and_wait.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostKeyFileBytes = 64 * 1024;

absl::Status Named(const std::string& what, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

}  // namespace

absl::StatusOr<OwnerAccount> OwnerAccount::Open(const OwnerOptions& options, ChainAccess& access,
                                                std::ostream& progress) {
  ASSIGN_OR_RETURN(const std::string json, ReadSecretFile(options.keystore, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(options.password));
  absl::StatusOr<SigningKey> key = DecryptKeystore(json, password);
  if (!key.ok()) return Named(options.keystore, key.status());
  return OwnerAccount(*std::move(key), options.yes, access, progress);
}

absl::Status OwnerAccount::Confirm(const std::string& what) const {
  progress_ << what << std::endl;
  if (yes_ || ::isatty(STDIN_FILENO) == 0) return absl::OkStatus();
  progress_ << "Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "yes") return absl::OkStatus();
  return absl::CancelledError("not confirmed, so nothing was sent");
}

absl::StatusOr<chain::Receipt> OwnerAccount::Send(const std::string& what, const Address& to,
                                                  Bytes input) {
  chain::WaitOptions options;
  options.progress = [&](const std::string& line) {
    progress_ << what << ": " << line << std::endl;
  };
  absl::StatusOr<chain::Receipt> receipt =
      chain::SendAndWait(access_.client(), key_, to, std::move(input), options, RealClock());
  if (!receipt.ok()) return Named(what, receipt.status());
  progress_ << what << ": in block " << receipt->block_number << ", " << receipt->gas_used << " gas"
            << std::endl;
  return receipt;
}

absl::Status OwnerAccount::NeedKai(const Uint256& amount) {
  ASSIGN_OR_RETURN(const Uint256 balance, access_.contracts().TokenBalance(address()));
  if (balance < amount) {
    return absl::FailedPreconditionError(absl::StrCat("owner 0x", ToHex(address()), " has ",
                                                      FormatEther(balance), " KAI, needed are ",
                                                      FormatEther(amount)));
  }
  return absl::OkStatus();
}

absl::Status OwnerAccount::Approve(const Address& spender, const Uint256& amount) {
  ASSIGN_OR_RETURN(const Uint256 allowed, access_.contracts().Allowance(address(), spender));
  if (allowed >= amount) return absl::OkStatus();
  return Send(absl::StrCat("approve ", FormatEther(amount), " KAI"), access_.deployment().token,
              chain::ApproveCall(spender, amount))
      .status();
}

}  // namespace kaisar::provider
