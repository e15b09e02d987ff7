#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/hex.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/roster.pb.h"
#include "nlohmann/json.hpp"

namespace kaisar::challenges {

/// Reads tests/vectors/<name>.
inline nlohmann::json ReadVectors(const std::string& name) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/tests/vectors/" + name);
  return nlohmann::json::parse(file);
}

inline Digest DigestOf(const nlohmann::json& hex) {
  return ParseHexArray<32>(hex.get<std::string>()).value();
}

/// A digest whose bytes are all the same.
inline Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

/// The key and scope that the vectors are made with.
inline EpochKey SampleKey() {
  return EpochKey::Derive(Filled(0x11), Filled(0x22), 31337, 3, 7);
}
inline EpochScope SampleScope() {
  return {31337, 7, 3, 21'600'000, Filled(0x22)};
}

/// Three phases; 4 latency and 3 matmul challenges, in service 2 of latency only; none asks
/// bandwidth, whose terms are there all the same.
inline Policy SamplePolicy() {
  Policy policy;
  policy.samples = 64;
  policy.slack_ms = 2000;
  policy.guard_ms = 300'000;
  policy.registration_window_ms = 3'600'000;
  policy.clock_step_ms = 1000;
  policy.latency = {16, 20, 5000, 50'000, 500'000};
  policy.bandwidth = {5, 2, 4, 20'000, 10'000, 1'000'000'000};
  policy.classes["cpu"] = {1024, 4, 10'000, 5000};
  for (const v1::Phase phase : {v1::REGISTERING, v1::STANDBY}) {
    policy.phases[phase][v1::LATENCY] = {4, 1, 2};
    policy.phases[phase][v1::MATMUL] = {3, 2, 1};
  }
  policy.phases[v1::IN_SERVICE][v1::LATENCY] = {2, 1, 1};
  return policy;
}

inline v1::Device SampleDevice(std::uint32_t id, std::uint8_t owner, v1::Phase phase) {
  v1::Device device;
  device.set_id(id);
  device.set_owner(std::string(20, static_cast<char>(owner)));
  device.set_key(std::string(20, '\x07'));
  device.set_tls_pin(std::string(32, '\x08'));
  device.set_endpoint("127.0.0.1:7000");
  device.set_device_class("cpu");
  device.set_region("eu");
  device.set_phase(phase);
  device.set_ops_per_second(1);
  device.set_down_bits_per_second(100'000'000);
  device.set_up_bits_per_second(20'000'000);
  return device;
}

/// Slots 3 and 9; devices 5 and 6 of one owner, 7 registering, 8 in service.
inline v1::Roster SampleRoster() {
  v1::Roster roster;
  roster.set_chain_id(31337);
  roster.set_contract(std::string(20, '\0'));
  *roster.add_devices() = SampleDevice(5, 0x33, v1::STANDBY);
  *roster.add_devices() = SampleDevice(6, 0x33, v1::STANDBY);
  *roster.add_devices() = SampleDevice(7, 0x34, v1::REGISTERING);
  *roster.add_devices() = SampleDevice(8, 0x35, v1::IN_SERVICE);
  for (const std::uint32_t id : {3u, 9u}) {
    v1::Slot& slot = *roster.add_slots();
    slot.set_id(id);
    slot.set_key(std::string(20, '\x09'));
    slot.set_tls_pin(std::string(32, '\x0a'));
    slot.set_anchor(std::string(32, '\x0b'));
  }
  return roster;
}

}  // namespace kaisar::challenges
