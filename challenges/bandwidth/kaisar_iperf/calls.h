#pragma once

#include <sys/select.h>
#include <sys/socket.h>

#include <functional>

namespace kaisar::challenges {

class Entrance;

/// The calls of the system that libiperf makes and this executable answers in the system's place:
/// bind, listen, accept, connect and select (calls.cc defines them). libiperf is a
/// shared library, so its calls come here; without either of these they go on to the system.
///
/// Threads: the process has one.

/// A server's calls go to this entrance; null: to the system.
void RouteCallsTo(Entrance* entrance);

/// Called at the next connect(), once.
void OnNextConnect(std::function<void()> connecting);

/// The system's own.
int SystemBind(int descriptor, const sockaddr* address, socklen_t size);
int SystemSelect(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout);

}  // namespace kaisar::challenges
