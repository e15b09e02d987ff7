// The YAML reader: no input may crash it, and every error is one line that names the file.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/yaml_reader.h"

namespace {

void ReadEverything(kaisar::YamlReader& reader, int levels) {
  for (const std::string& key : reader.Keys()) {
    KAISAR_CHECK(reader.Has(key));
    // Which read fits depends on the key's first letter, so that an input can reach each of them.
    switch (key[0] % 9) {
      case 0:
        KAISAR_CHECK(reader.Uint(key, 1, 1000) <= 1000);
        break;
      case 1:
        reader.Bool(key);
        break;
      case 2:
        KAISAR_CHECK(reader.Text(key, 100).size() <= 100);
        break;
      case 3:
        reader.HostPort(key);
        break;
      case 4:
        reader.Bytes32(key);
        break;
      case 5:
        KAISAR_CHECK(reader.Choice(key, {"a", "b"}) < 2);
        break;
      case 6:
        reader.Texts(key);
        break;
      case 7: {
        kaisar::YamlReader below = reader.Map(key);
        if (levels > 0) ReadEverything(below, levels - 1);
        break;
      }
      default:
        for (kaisar::YamlReader& below : reader.Maps(key)) {
          if (levels > 0) ReadEverything(below, levels - 1);
        }
    }
  }
  const absl::Status status = reader.Finish();
  KAISAR_CHECK(status.ok() || (status.message().find("f.yaml:") == 0 &&
                               status.message().find('\n') == absl::string_view::npos));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<kaisar::YamlReader> reader = kaisar::YamlReader::Parse("f.yaml", text);
  if (reader.ok()) {
    ReadEverything(*reader, 20);
  } else {
    KAISAR_CHECK(reader.status().message().find("f.yaml:") == 0);
    KAISAR_CHECK(reader.status().message().find('\n') == absl::string_view::npos);
  }
  return 0;
}
