#include "chain/calls.h"

#include <gtest/gtest.h>

#include "base/keccak256.h"
#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

/// tests/vectors/chain/make_calls.mjs, with the same values.
class CallsTest : public ::testing::Test {
 protected:
  void Expect(const Bytes& call, const std::string& name) const {
    EXPECT_EQ(ToHex(call), ToHex(BytesOf(vectors_.at(name)))) << name;
  }

  static Digest Word(const std::string& name) { return Keccak256(ViewOf(name)); }

  static Proof MakeProof(const std::string& name, std::uint32_t index, std::uint32_t next,
                         int steps) {
    Proof proof{Word(name), index, next, {}};
    for (int i = 0; i < steps; ++i) proof.path.push_back(Word(name + std::to_string(i)));
    return proof;
  }

  const nlohmann::json vectors_ = VectorsOf("calls");
  const Address account_ = FixedOf<20>("0x00112233445566778899aabbccddeeff00112233");
  const std::vector<Proof> proofs_ = {MakeProof("a", 3, 0x010203, 2), Proof{},
                                      MakeProof("b", 0xffffffff, 0xffffff, 20)};
};

TEST_F(CallsTest, EncodesTheBeaconsCallsAsEthersDoes) {
  Expect(OpenEpochCall(7, Bytes(33, 0xf9), Bytes(64, 0xf8)), "open_epoch");
  Expect(OpenEpochCall(0, {}, {}), "open_epoch_empty");
  Expect(RequestLateCall(0xffffffff), "request_late");
  Expect(OpenLateCall(8), "open_late");
}

TEST_F(CallsTest, EncodesTheReportsCallsAsEthersDoes) {
  Expect(CommitCall(7, 2, Word("commitment")), "commit");
  Expect(MarkMissedCall(7, 3), "mark_missed");
  Expect(MarkUnrevealedCall(0xffffffff, 4), "mark_unrevealed");
  Reveal reveal{7, 2, Word("secret"), Word("root"), Word("policy"), {}};
  Expect(RevealCall(reveal), "reveal_nothing");
  reveal.words = {Word("w0"), Word("w1"), Word("w2")};
  Expect(RevealCall(reveal), "reveal");
}

TEST_F(CallsTest, EncodesTheSettlementsCallsAsEthersDoes) {
  Expect(SettleCall(7, {0xfffffe, proofs_}), "settle");
  Expect(SettleCall(7, {1, {}}), "settle_without_members");
  Expect(SettleBatchCall(7, {{1, proofs_}, {2, {}}, {3, {Proof{}}}}), "settle_batch");
  Expect(SettleBatchCall(7, {}), "settle_batch_empty");
  Expect(WithdrawCall(), "withdraw");
  Expect(WithdrawSlotsCall({0, 1, 0xffffffff}), "withdraw_slots");
}

TEST_F(CallsTest, EncodesTheOwnersCallsAsEthersDoes) {
  Digest most;
  most.fill(0xff);
  Expect(TransferCall(account_, Uint256::FromWord(most)), "transfer");
  Expect(ApproveCall(account_, Uint256::FromWord(most)), "approve");
  Expect(RegisterSlotCall({5, account_, Word("pin"), Word("anchor"), 12}), "register_slot");
  Expect(SetHotKeyCall(3, account_), "set_hot_key");
  Expect(SetTlsPinCall(3, Word("pin")), "set_tls_pin");
  Expect(SetAnchorCall(3, Word("anchor"), 12), "set_anchor");
  Expect(RequestExitCall(3), "request_exit");
  Expect(ClaimSlotCall(3), "claim");
  DeviceRegistration registration;
  registration.key = account_;
  registration.tls_pin = Word("pin");
  registration.endpoint = "device-one.example.org:7700, and beyond a word";
  registration.device_class = "cpu-avx2";
  registration.weight = 1000;
  registration.down_bits_per_second = 1'000'000'000;
  registration.up_bits_per_second = 0xffffffffffffffffu;
  Expect(RegisterDeviceCall(registration), "register_device");
  Expect(SetEndpointCall(0xfffffe, "h:1", Word("pin")), "set_endpoint");
  Expect(SetWeightCall(0xfffffe, 1000), "set_weight");
  Expect(ExitDeviceCall(9), "exit");
  Expect(ClaimBondCall(0xfffffe), "claim_bond");
}

}  // namespace
}  // namespace kaisar::chain
