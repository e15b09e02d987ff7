#pragma once

#include <cstdint>
#include <string>

#include "challenges/bandwidth/iperf_asked.h"
#include "challenges/bandwidth/iperf_process.h"

namespace kaisar::challenges {

/// What one test of libiperf came to.
struct LibraryTest {
  enum class End {
    kCompleted,
    kUnauthorized,  // the server did not take the credentials
    kBusy,          // the server runs another client's test
    kSilent,        // nothing came for too long
    kOwnFault,      // of this process or its machine
    kBroken,        // anything else: as a rule the other side went away
  };
  End end = End::kBroken;
  std::string detail;  // libiperf's own words; empty when completed
  std::string json;    // libiperf's own, in one line, without this machine's name
};

/// What a server checks its client with.
struct ServerSecrets {
  std::string rsa_private_key_pem;
  std::string users_path;  // a file: user,hex(SHA-256({user}password))
};

/// Runs one test; its control connection is open already and is closed at the end. A fault that
/// this process or its machine has only on its own is told before anything is sent.
LibraryTest RunLibraryClient(const IperfTask& task, int control_connection);

/// Runs one test with whoever connects first.
LibraryTest RunLibraryServer(const IperfTask& task, std::uint32_t port,
                             const ServerSecrets& secrets);

/// What the client of the server's test asks for, while that runs and once the client has proved
/// itself. Whether it asks for both directions at once libiperf does not tell; its streams do.
AskedTest AskedOfServer();

}  // namespace kaisar::challenges
