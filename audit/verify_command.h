#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "audit/from_scratch.h"
#include "audit/recompute.h"
#include "audit/verify.h"
#include "base/entropy.h"
#include "chain/chain_access.h"

namespace kaisar::audit {

struct VerifyArguments {
  std::string log_path;
  std::string report_path;
  int threads = 0;       // 0: as many as the machine runs at once
  bool json = false;     // print one JSON object instead of a table
  bool devices = false;  // also what the devices say of themselves; in JSON always
  bool quiet = false;    // no progress on a terminal

  chain::ChainSource chain;  // to compare with; without URLs: none

  std::uint32_t from_scratch = 0;  // proofs whose work is done again
  std::string seed;                // 32 bytes of hex that choose them; empty: new ones
};

/// Verifies with the files and threads that `arguments` name, and a bar while it lasts where people
/// look on.
absl::StatusOr<VerifyResult> VerifyWithBar(const VerifyArguments& arguments, VerifyOptions options,
                                           std::ostream& errors);

/// What does not hold, the first of it, and one last line: whether all holds, and what was checked.
void PrintOutcome(const VerifyResult& result, std::ostream& out);

/// What verification found, for people: a table of the devices, and the outcome.
void PrintResult(const VerifyResult& result, const std::optional<FromScratch>& again, bool devices,
                 std::ostream& out);

/// The same for programs, as one JSON object; docs/log-format.md lists its keys.
std::string ResultToJson(const VerifyResult& result, const std::optional<FromScratch>& again = {});

/// Verifies and prints, with the services handed in; null: nothing is compared with a chain, no
/// work is done again.
///
/// Result: the exit status: 0 all holds, 1 something does not, 2 a file or the chain cannot be
/// read.
int RunVerify(const VerifyArguments& arguments, chain::Contracts* contracts, Recomputer* recomputer,
              Entropy& entropy, std::ostream& out, std::ostream& errors);

/// `kaisar-audit verify`: the same with this machine's.
int RunVerify(const VerifyArguments& arguments, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
