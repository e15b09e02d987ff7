#pragma once

#include "audit/verify_command.h"

namespace CLI {
class App;
}

namespace kaisar::audit {

/// Adds `verify` with its options, which parsing writes to `arguments`.
CLI::App* AddVerify(CLI::App& app, VerifyArguments& arguments);

}  // namespace kaisar::audit
