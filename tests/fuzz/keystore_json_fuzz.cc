// The keystore's parser: no input may crash it, what it accepts is within the limits on cost, and
// is read back the same after it was written.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/keys/keystore_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<kaisar::KeystoreJson> keystore = kaisar::ParseKeystoreJson(text);
  if (!keystore.ok()) {
    KAISAR_CHECK(keystore.status().message().find("keystore ") == 0);
    return 0;
  }
  if (const auto* scrypt = std::get_if<kaisar::ScryptCost>(&keystore->cost)) {
    KAISAR_CHECK(scrypt->n * scrypt->r <= (std::uint64_t{1} << 23) && scrypt->p <= 16);
  } else {
    KAISAR_CHECK(std::get<kaisar::Pbkdf2Cost>(keystore->cost).rounds <= 10'000'000);
  }
  const std::string written = kaisar::SerializeKeystoreJson(*keystore);
  const absl::StatusOr<kaisar::KeystoreJson> again = kaisar::ParseKeystoreJson(written);
  KAISAR_CHECK(again.ok() && kaisar::SerializeKeystoreJson(*again) == written);
  return 0;
}
