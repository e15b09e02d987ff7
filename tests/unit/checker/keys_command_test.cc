#include "checker/keys_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/keys/tls_key.h"
#include "checker/hash_chain_file.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class KeysCommand : public ::testing::Test {
 protected:
  KeysCommand() {
    std::string pattern = (fs::temp_directory_path() / "kaisar-keys-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    options_.directory = root_ / "keys";
    options_.password = root_ / "password";
    options_.light = true;
    options_.chain_length = 100;
    options_.first_epoch = 7;
    options_.slot = 3;
    EXPECT_TRUE(CreateSecretFile(options_.password, "correct horse\n").ok());
  }
  ~KeysCommand() override { fs::remove_all(root_); }

  std::string Read(const std::string& name) {
    return ReadFile(root_ / "keys" / name, 1 << 20).value_or("");
  }
  absl::StatusOr<SlotKeys> Opened(const std::string& password) {
    Config config;
    config.keystore = root_ / "keys/keystore.json";
    config.tls_key = root_ / "keys/tls.pem";
    config.hash_chain = root_ / "keys/hash_chain.json";
    config.password = password;
    return ReadSlotKeys(config);
  }
  std::string Entry(const SlotKeys& keys) {
    return "# An entry for the roster's slots.\n- id: 3\n  address: \"0x" +
           ToHex(keys.hot.address()) + "\"\n  tls_pin: \"" +
           ToHex(TlsPin(keys.tls.certificate_pem).value()) + "\"\n  anchor: \"" +
           ToHex(keys.chain.anchor()) + "\"\n  anchor_epoch: 7\n";
  }

  fs::path root_;
  KeysOptions options_;
  std::ostringstream out_;
};

TEST_F(KeysCommand, MakesFilesThatTheCheckerOpensAndPrintsTheirRosterEntry) {
  ASSERT_TRUE(MakeKeys(options_, OsEntropy(), out_).ok());
  const auto keys = Opened(options_.password);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->chain.length(), 100u);
  EXPECT_EQ(out_.str(), Entry(*keys));
}

TEST_F(KeysCommand, MakesFilesForTheOwnerAlone) {
  ASSERT_TRUE(MakeKeys(options_, OsEntropy(), out_).ok());
  for (const char* name : {"keystore.json", "tls.pem", "hash_chain.json"}) {
    struct stat status {};
    ASSERT_EQ(stat((root_ / "keys" / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
  struct stat status {};
  ASSERT_EQ(stat((root_ / "keys").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(KeysCommand, NeverWritesOverAFileThatIsThere) {
  fs::create_directory(root_ / "keys");
  ASSERT_TRUE(WriteFile(root_ / "keys/hash_chain.json", "precious").ok());
  const absl::Status status = MakeKeys(options_, OsEntropy(), out_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("hash_chain.json"));
  EXPECT_EQ(Read("hash_chain.json"), "precious");
  EXPECT_FALSE(fs::exists(root_ / "keys/keystore.json"));
  EXPECT_FALSE(fs::exists(root_ / "keys/tls.pem"));
}

TEST_F(KeysCommand, RefusesAPasswordFileThatOthersCanRead) {
  fs::permissions(options_.password, fs::perms(0644));
  EXPECT_EQ(MakeKeys(options_, OsEntropy(), out_).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(fs::exists(root_ / "keys/keystore.json"));
}

TEST_F(KeysCommand, ImportsAPrivateKeyFile) {
  // The key of the Web3 Secret Storage test vectors.
  options_.private_key = root_ / "private";
  ASSERT_TRUE(
      CreateSecretFile(options_.private_key,
                       "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d\n")
          .ok());
  ASSERT_TRUE(ImportKeys(options_, OsEntropy(), out_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"));
  EXPECT_TRUE(Opened(options_.password).ok());
}

TEST_F(KeysCommand, ImportsAKeystoreUnderANewPassword) {
  auto hot = SigningKey::Make(OsEntropy());
  ASSERT_TRUE(hot.ok());
  options_.keystore = root_ / "old.json";
  options_.keystore_password = root_ / "old-password";
  ASSERT_TRUE(WriteFile(options_.keystore,
                        EncryptKeystore(*hot, "old", KeystoreStrength::kLight, OsEntropy()).value())
                  .ok());
  ASSERT_TRUE(CreateSecretFile(options_.keystore_password, "old\n").ok());
  ASSERT_TRUE(ImportKeys(options_, OsEntropy(), out_).ok());
  const auto keys = Opened(options_.password);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->hot.address(), hot->address());
  EXPECT_EQ(Opened(options_.keystore_password).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(KeysCommand, NeverShowsABadPrivateKeyInItsError) {
  options_.private_key = root_ / "private";
  ASSERT_TRUE(CreateSecretFile(options_.private_key, "deadbeefsecret").ok());
  const absl::Status status = ImportKeys(options_, OsEntropy(), out_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("deadbeef")));
}

TEST_F(KeysCommand, ShowsTheSameEntryAgainWithAndWithoutThePassword) {
  ASSERT_TRUE(MakeKeys(options_, OsEntropy(), out_).ok());
  KeysOptions show = options_;
  std::ostringstream with;
  ASSERT_TRUE(ShowKeys(show, with).ok());
  EXPECT_EQ(with.str(), out_.str());
  show.password.clear();
  std::ostringstream without;
  ASSERT_TRUE(ShowKeys(show, without).ok());
  EXPECT_EQ(without.str(), out_.str());
}

TEST_F(KeysCommand, RefusesKeysThatAreNotTheRostersSlot) {
  ASSERT_TRUE(MakeKeys(options_, OsEntropy(), out_).ok());
  const auto keys = Opened(options_.password);
  ASSERT_TRUE(keys.ok()) << keys.status();
  v1::Slot slot;
  slot.set_key(ToString(keys->hot.address()));
  slot.set_tls_pin(ToString(TlsPin(keys->tls.certificate_pem).value()));
  slot.set_anchor(ToString(keys->chain.anchor()));
  slot.set_anchor_epoch(7);
  EXPECT_TRUE(CheckKeysMatch(*keys, slot).ok());
  const auto refusal = [&](auto change) {
    v1::Slot other = slot;
    change(other);
    return std::string(CheckKeysMatch(*keys, other).message());
  };
  EXPECT_THAT(refusal([](v1::Slot& s) { (*s.mutable_key())[0] ^= 1; }), HasSubstr("address"));
  EXPECT_THAT(refusal([](v1::Slot& s) { (*s.mutable_tls_pin())[0] ^= 1; }), HasSubstr("tls_pin"));
  EXPECT_THAT(refusal([](v1::Slot& s) { (*s.mutable_anchor())[0] ^= 1; }), HasSubstr("anchor"));
  EXPECT_THAT(refusal([](v1::Slot& s) { s.set_anchor_epoch(8); }), HasSubstr("anchor_epoch"));
}

}  // namespace
}  // namespace kaisar::checker
