#include "checker/signatures_command.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "checker/config.h"
#include "checker/run_inputs.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {

absl::Status InitializeSignatures(const std::string& config_path) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(config_path));
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) return absl::InternalError(absl::StrCat(config.data_dir, ": ", error.message()));
  return reporter::SignatureStore::Initialize(SignaturesPath(config));
}

}  // namespace kaisar::checker
