#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "kaisar/v1/log.pb.h"

namespace kaisar::challenges {

/// A last line of kaisar-iperf in tests/vectors/bandwidth: the JSON inside is what iperf3 3.12
/// printed on a loopback, `-J -O 1 -t 1 -i 0 -b 200M`; "up" with -R, "device" at the server.
inline std::string ReadLine(const std::string& name) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/tests/vectors/bandwidth/" +
                     name + ".json");
  std::string line;
  std::getline(file, line);
  return line;
}

/// What a checker records of both tests of an honest device, the signature aside.
inline v1::BandwidthEvidence HonestEvidence() {
  v1::BandwidthEvidence evidence;
  for (const bool down : {true, false}) {
    v1::BandwidthEvidence::Test& test = *evidence.add_tests();
    test.set_direction(down ? v1::DOWN : v1::UP);
    test.mutable_opened()->set_direction(test.direction());
    test.mutable_opened()->set_port(5201);
    test.set_checker_result(ReadLine(down ? "checker_down" : "checker_up"));
    test.mutable_measured()->set_direction(test.direction());
    test.mutable_measured()->set_result(ReadLine(down ? "device_down" : "device_up"));
  }
  return evidence;
}

}  // namespace kaisar::challenges
