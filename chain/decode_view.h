#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "chain/abi.h"

namespace kaisar::chain {

/// The most elements that a page asks for: what a node computes for one call has a gas limit.
inline constexpr std::uint32_t kMostPerPage = 200;

/// Reads what the view `name` returned by `read`, which takes an AbiDecoder&.
///
/// Errors: Unavailable when the bytes are not such a result: there is another contract at the
///         address, or none, or the endpoint answers garbage.
template <typename Read>
auto DecodeView(absl::string_view name, AbiDecoder result, Read read)
    -> absl::StatusOr<decltype(read(result))> {
  auto value = read(result);
  if (result.status().ok()) return value;
  return absl::UnavailableError(
      absl::StrCat(name, " returned what it cannot: ", result.status().message()));
}

template <typename Read>
auto DecodeView(absl::string_view name, const Bytes& result, Read read) {
  return DecodeView(name, AbiDecoder(result), std::move(read));
}

}  // namespace kaisar::chain
