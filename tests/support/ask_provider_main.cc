// ask-provider: asks a provider one latency challenge in the name of a slot, and says what came of
// it: for tests that must be the checker themselves.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/keys/tls_key.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/signed_messages.h"
#include "tests/support/provider_test_client.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kMostKeyBytes = 65536;
constexpr std::uint64_t kExpiresAfterMs = 10'000;
constexpr std::uint32_t kPings = 2;

struct Flags {
  std::string endpoint;
  std::string keys;
  std::string password;
  std::string contract;
  std::uint64_t chain_id = 0;
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  std::uint32_t device = 0;
};

absl::StatusOr<v1::SignedChallenge> MakeChallenge(const Flags& flags) {
  ASSIGN_OR_RETURN(const std::string json,
                   ReadSecretFile(flags.keys + "/keystore.json", kMostKeyBytes));
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(flags.password));
  ASSIGN_OR_RETURN(const SigningKey key, DecryptKeystore(json, password));
  Digest id{};
  RETURN_IF_ERROR(OsEntropy().Fill(absl::MakeSpan(id)));
  v1::SignedChallenge challenge;
  v1::LatencyParams params;
  params.set_pings(kPings);
  challenge.set_params(params.SerializeAsString());
  v1::Challenge& body = *challenge.mutable_challenge();
  body.set_challenge_id(ToString(id));
  body.set_epoch(flags.epoch);
  body.set_slot(flags.slot);
  body.set_device(flags.device);
  body.set_kind(v1::LATENCY);
  body.set_seed(ToString(Digest{}));
  body.set_params_hash(ToString(Sha256(ViewOf(challenge.params()))));
  body.set_expires_at_ms(RealClock().WallMs() + kExpiresAfterMs);
  SigningDomain domain;
  domain.chain_id = flags.chain_id;
  ASSIGN_OR_RETURN(domain.contract, ParseHexArray<20>(flags.contract));
  challenges::SignChallenge(key, domain, challenge);
  return challenge;
}

/// One line: `accepted`, `refused: MESSAGE`, or `ended CODE: MESSAGE` with gRPC's code.
absl::StatusOr<std::string> Ask(const Flags& flags) {
  ASSIGN_OR_RETURN(const v1::SignedChallenge challenge, MakeChallenge(flags));
  ASSIGN_OR_RETURN(const std::string pem, ReadSecretFile(flags.keys + "/tls.pem", kMostKeyBytes));
  ASSIGN_OR_RETURN(const TlsKey tls_key, ParseTlsKey(pem));
  ProviderTestClient client(flags.endpoint, tls_key);
  LatencyTestStream stream(client);
  const std::optional<v1::LatencyResponse> response = stream.Challenge(challenge);
  if (response.has_value() && response->has_accepted()) return "accepted";
  if (response.has_value()) return "refused: " + response->refusal().message();
  const grpc::Status status = stream.End();
  return absl::StrCat("ended ", static_cast<int>(status.error_code()), ": ",
                      status.error_message());
}

}  // namespace
}  // namespace kaisar::testing

int main(int argc, char** argv) {
  kaisar::testing::Flags flags;
  CLI::App app{"Asks a provider one latency challenge in the name of a slot, for tests"};
  app.add_option("--endpoint", flags.endpoint, "of the provider")->required();
  app.add_option("--keys", flags.keys, "folder with keystore.json and tls.pem")->required();
  app.add_option("--password", flags.password, "file with the keystore's password")->required();
  app.add_option("--chain-id", flags.chain_id, "of the signing domain")->required();
  app.add_option("--contract", flags.contract, "of the signing domain")->required();
  app.add_option("--epoch", flags.epoch)->required();
  app.add_option("--slot", flags.slot)->required();
  app.add_option("--device", flags.device)->required();
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<std::string> told = kaisar::testing::Ask(flags);
  if (!told.ok()) {
    std::cerr << "ask-provider: " << told.status().message() << "\n";
    return 2;
  }
  std::cout << *told << "\n";
  return 0;
}
