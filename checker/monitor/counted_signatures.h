#pragma once

#include <functional>
#include <memory>

#include "reporter/signature_store.h"

namespace kaisar::checker {

/// A signature store that calls `refused` whenever it refuses to sign another report of an epoch.
///
/// Threads: as the store's.
std::unique_ptr<reporter::SignatureStore> CountRefusals(
    std::unique_ptr<reporter::SignatureStore> store, std::function<void()> refused);

}  // namespace kaisar::checker
