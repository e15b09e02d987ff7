#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/descriptor.h"

namespace kaisar {

struct SpawnedProcess {
  int error = 0;       // errno of what failed; then there is no process
  pid_t process = -1;  // leads a session of its own
  Descriptor exited;   // readable once it has exited and is to be reaped
};

/// Starts a process as base/process_runner.h describes it, in the caller's environment and folder,
/// with `input` and `output` as its standard input and kProcessOutput. Waits until the program
/// runs or cannot. The process is killed when the thread that called this ends.
SpawnedProcess SpawnProcess(const std::vector<std::string>& argv, int input, int output);

}  // namespace kaisar
