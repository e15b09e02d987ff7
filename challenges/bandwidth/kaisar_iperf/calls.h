#pragma once

#include <sys/select.h>
#include <sys/socket.h>

#include <cstdint>
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

/// Connections that are made or accepted from here on send no faster, each; the system sees to it.
/// libiperf's own rate, which sends blocks now and then, makes TCP believe that a line is faster
/// than it is: bursts, losses, and up to 2 % too much measured in 5 s on a line of 10 Mbit/s.
///
/// Units: bits per second of payload; 0: as fast as it goes.
void PaceConnections(std::uint64_t bits_per_second);

/// The system's own.
int SystemBind(int descriptor, const sockaddr* address, socklen_t size);
int SystemSelect(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout);

}  // namespace kaisar::challenges
