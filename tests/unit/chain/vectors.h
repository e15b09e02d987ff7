#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/hex.h"

namespace kaisar::chain {

/// A file of tests/vectors/chain, by ethers; make_<name>.mjs makes it.
inline nlohmann::json VectorsOf(const std::string& name) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/tests/vectors/chain/" +
                     name + ".json");
  return nlohmann::json::parse(file);
}

inline Bytes BytesOf(const nlohmann::json& hex) {
  return ParseHex(hex.get<std::string>()).value();
}

template <std::size_t N>
std::array<std::uint8_t, N> FixedOf(const nlohmann::json& hex) {
  return ParseHexArray<N>(hex.get<std::string>()).value();
}

}  // namespace kaisar::chain
