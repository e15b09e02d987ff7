#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "audit/report.h"
#include "base/signing_key.h"

namespace kaisar::reporter {

/// A directory that goes away with the test, and the path of a store in it.
class TemporaryStore {
 public:
  TemporaryStore() : directory_(::testing::TempDir() + "signature_store_XXXXXX") {
    if (mkdtemp(directory_.data()) == nullptr) ADD_FAILURE() << "no directory " << directory_;
  }
  ~TemporaryStore() { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/signatures.sqlite"; }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

inline SigningKey TestKey() {
  Digest secret;
  secret.fill(7);
  return SigningKey::Parse(secret).value();
}

/// A report of an epoch; another `root` gives another digest.
inline audit::Report TestReport(std::uint32_t epoch, std::uint8_t root) {
  audit::Report report;
  report.domain.chain_id = 31337;
  report.epoch = epoch;
  report.slot = 3;
  report.transcript_root.fill(root);
  return report;
}

}  // namespace kaisar::reporter
