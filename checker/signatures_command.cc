#include "checker/signatures_command.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "checker/config.h"
#include "checker/run_inputs.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostFileBytes = 256 << 20;

absl::StatusOr<std::unique_ptr<reporter::SignatureStore>> OpenStore(
    const std::string& config_path) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(config_path));
  return reporter::SignatureStore::Open(SignaturesPath(config));
}

}  // namespace

absl::Status InitializeSignatures(const std::string& config_path) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(config_path));
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) return absl::InternalError(absl::StrCat(config.data_dir, ": ", error.message()));
  return reporter::SignatureStore::Initialize(SignaturesPath(config));
}

absl::Status ExportSignatures(const std::string& config_path, const std::string& file,
                              std::ostream& out) {
  ASSIGN_OR_RETURN(const auto store, OpenStore(config_path));
  ASSIGN_OR_RETURN(const std::string json, store->Export());
  RETURN_IF_ERROR(CreateSecretFile(file, json));
  out << "wrote " << file << "; start no checker on this slot here any more\n";
  return absl::OkStatus();
}

absl::Status ImportSignatures(const std::string& config_path, const std::string& file,
                              std::ostream& out) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(file, kMostFileBytes));
  ASSIGN_OR_RETURN(const auto store, OpenStore(config_path));
  ASSIGN_OR_RETURN(const std::uint32_t taken, store->Import(json));
  out << taken << " signed epochs are new in the store\n";
  return absl::OkStatus();
}

}  // namespace kaisar::checker
