#include "checker/probe_handover.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/signed_messages.h"

namespace kaisar::checker {
namespace {

namespace fs = std::filesystem;

}  // namespace

absl::StatusOr<std::unique_ptr<ProbeHandover>> ProbeHandover::Make(
    const v1::SignedChallenge& challenge, const Digest& password, bool json) {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "kaisar-probe-XXXXXX").string();
  if (error || mkdtemp(folder.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a temporary folder ", folder, ": ",
                                            std::generic_category().message(errno)));
  }
  return std::unique_ptr<ProbeHandover>(
      new ProbeHandover(challenge, password, json, std::move(folder)));
}

ProbeHandover::ProbeHandover(const v1::SignedChallenge& challenge, const Digest& password,
                             bool json, std::string folder)
    : user_(ToHex(ViewOf(challenge.challenge().challenge_id()))),
      password_(ToHex(password)),
      params_(challenges::BandwidthParamsOf(challenge)),
      json_(json),
      folder_(std::move(folder)) {}

ProbeHandover::~ProbeHandover() {
  std::error_code error;  // what cannot be removed holds a public key that has served
  fs::remove_all(folder_, error);
}

absl::Status ProbeHandover::Print(const BandwidthOpening& opening, std::ostream& out) {
  const v1::BandwidthOpened& opened = opening.opened;
  const bool down = opened.direction() == v1::DOWN;
  const std::string direction = down ? "down" : "up";
  const std::string key = absl::StrCat(folder_, "/", direction, ".pem");
  RETURN_IF_ERROR(WriteFile(key, opened.rsa_public_key(), 0600));
  // The tool's rate is of each stream.
  const std::uint64_t rate =
      (down ? params_.down_bits_per_second() : params_.up_bits_per_second()) / params_.streams();
  const std::string command = absl::StrCat(
      "IPERF3_PASSWORD=", password_, " iperf3 -c ", opening.address, " -p ", opened.port(),
      " --username ", user_, " --rsa-public-key-path ", key, " -t ", params_.seconds(), " -O ",
      challenges::kUncountedSeconds, " -P ", params_.streams(), " -b ", rate, down ? "" : " -R");
  if (json_) {
    out << nlohmann::ordered_json{{"direction", direction}, {"host", opening.address},
                                  {"port", opened.port()},  {"username", user_},
                                  {"password", password_},  {"rsa_public_key_path", key},
                                  {"command", command}}
               .dump()
        << std::endl;
    return absl::OkStatus();
  }
  out << direction << ": the device listens on " << opening.address << ", port " << opened.port()
      << ". Within " << params_.start_ms() / 1000
      << " s, from this machine (a device may take nobody else):\n  " << command << std::endl;
  return absl::OkStatus();
}

}  // namespace kaisar::checker
