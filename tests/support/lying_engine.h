#pragma once

#include <memory>

#include "kernels/host_engine.h"
#include "tests/support/cheats.h"

namespace kaisar::testing {

/// Tells whether a cheat is in the computed states.
bool LiesInWork(Cheat cheat);

/// An engine whose states are wrong in the way of the behaviour; everything that it does compute,
/// it computes with `honest`. Its trees and paths are then right for the wrong states.
std::unique_ptr<kernels::HostEngine> MakeLyingEngine(const Behaviour& behaviour,
                                                     std::unique_ptr<kernels::HostEngine> honest);

}  // namespace kaisar::testing
