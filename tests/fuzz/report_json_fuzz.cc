// A report file from a stranger: refused, or read so that writing it again gives the same report.

#include <cstddef>
#include <cstdint>
#include <string>

#include "audit/report.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string json(reinterpret_cast<const char*>(input), size);
  const auto file = kaisar::audit::ReadReport(json);
  const auto parsed = kaisar::audit::ParseReport(json);
  KAISAR_CHECK(parsed.ok() == (file.ok() && file->contradictions.empty()));
  if (!parsed.ok()) {
    KAISAR_CHECK(!parsed.status().message().empty());
    return 0;
  }
  const auto again = kaisar::audit::ParseReport(kaisar::audit::SerializeReport(*parsed));
  KAISAR_CHECK(again.ok() && again->report == parsed->report);
  KAISAR_CHECK(again->signature == parsed->signature && again->signer == parsed->signer);
  return 0;
}
