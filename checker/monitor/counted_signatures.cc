#include "checker/monitor/counted_signatures.h"

#include <utility>

namespace kaisar::checker {
namespace {

class CountedSignatures final : public reporter::SignatureStore {
 public:
  CountedSignatures(std::unique_ptr<reporter::SignatureStore> store, std::function<void()> refused)
      : store_(std::move(store)), refused_(std::move(refused)) {}

  absl::StatusOr<Signature> Sign(const audit::Report& report, const SigningKey& key) override {
    absl::StatusOr<Signature> signature = store_->Sign(report, key);
    if (absl::IsAlreadyExists(signature.status())) refused_();
    return signature;
  }
  absl::StatusOr<std::optional<Digest>> Find(const SigningDomain& domain, std::uint32_t slot,
                                             std::uint32_t epoch) override {
    return store_->Find(domain, slot, epoch);
  }
  absl::StatusOr<std::string> Export() override { return store_->Export(); }
  absl::StatusOr<std::uint32_t> Import(const std::string& json) override {
    return store_->Import(json);
  }

 private:
  const std::unique_ptr<reporter::SignatureStore> store_;
  const std::function<void()> refused_;
};

}  // namespace

std::unique_ptr<reporter::SignatureStore> CountRefusals(
    std::unique_ptr<reporter::SignatureStore> store, std::function<void()> refused) {
  return std::make_unique<CountedSignatures>(std::move(store), std::move(refused));
}

}  // namespace kaisar::checker
