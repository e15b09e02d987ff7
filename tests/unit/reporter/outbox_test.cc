#include "reporter/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {
namespace {

using ::testing::HasSubstr;

const Address kSender{1, 2, 3};

Attempt TestAttempt(std::uint8_t number) {
  Attempt attempt;
  attempt.fees = {Uint256(1000u + number), Uint256(number)};
  attempt.transaction.raw = {2, number, 0, 255};
  attempt.transaction.hash.fill(number);
  return attempt;
}

OutboxEntry TestEntry(std::uint64_t nonce, Purpose purpose = Purpose::kCommit) {
  OutboxEntry entry;
  entry.intent = {purpose, 7, Address{9}, {1, 2, 3}, 5000};
  entry.nonce = nonce;
  entry.gas_limit = 60'000;
  entry.made_s = 4000;
  entry.attempts = {TestAttempt(1)};
  return entry;
}

chain::Receipt TestReceipt() {
  chain::Receipt receipt;
  receipt.success = true;
  receipt.block_number = 12;
  receipt.block_hash.fill(5);
  receipt.gas_used = 51'000;
  receipt.gas_price = Uint256(7);
  return receipt;
}

std::unique_ptr<Outbox> OpenAt(const TemporaryStore& place, const Address& sender = kSender) {
  auto outbox = Outbox::Open(place.path(), 31337, sender);
  EXPECT_TRUE(outbox.ok()) << outbox.status();
  return *std::move(outbox);
}

TEST(Outbox, HasEveryAttemptsBytesAfterARestart) {
  const TemporaryStore place;
  auto outbox = OpenAt(place);
  OutboxEntry entry = TestEntry(3);
  entry.id = outbox->Insert(entry).value();
  ASSERT_TRUE(outbox->AddAttempt(entry, TestAttempt(2)).ok());
  outbox.reset();
  const auto entries = OpenAt(place)->OpenEntries().value();
  ASSERT_EQ(entries.size(), 1u);
  const OutboxEntry& found = entries.front();
  EXPECT_EQ(found.id, entry.id);
  EXPECT_EQ(found.nonce, 3u);
  EXPECT_EQ(found.intent.input, entry.intent.input);
  EXPECT_EQ(found.intent.to, entry.intent.to);
  EXPECT_EQ(found.intent.window_end_s, 5000u);
  ASSERT_EQ(found.attempts.size(), 2u);
  EXPECT_EQ(found.attempts[1].transaction.raw, TestAttempt(2).transaction.raw);
  EXPECT_EQ(found.attempts[1].transaction.hash, TestAttempt(2).transaction.hash);
  EXPECT_EQ(found.attempts[1].fees, TestAttempt(2).fees);
}

TEST(Outbox, KeepsTheOutcome) {
  const TemporaryStore place;
  auto outbox = OpenAt(place);
  OutboxEntry entry = TestEntry(3);
  entry.id = outbox->Insert(entry).value();
  entry.receipt = TestReceipt();
  entry.included = TestAttempt(1).transaction.hash;
  entry.state = SendState::kDone;
  entry.error = "none to speak of";
  ASSERT_TRUE(outbox->Update(entry).ok());
  EXPECT_TRUE(outbox->OpenEntries()->empty());
  const auto last = outbox->LastOf(Purpose::kCommit, 7).value();
  ASSERT_TRUE(last.has_value() && last->receipt.has_value());
  EXPECT_EQ(last->state, SendState::kDone);
  EXPECT_EQ(last->receipt->block_number, 12u);
  EXPECT_EQ(last->receipt->gas_used, 51'000u);
  EXPECT_EQ(last->receipt->gas_price, Uint256(7));
  EXPECT_EQ(last->included, entry.included);
  EXPECT_EQ(last->error, "none to speak of");
  // A reorganisation takes it back.
  entry.receipt.reset();
  entry.state = SendState::kOpen;
  ASSERT_TRUE(outbox->Update(entry).ok());
  EXPECT_FALSE(outbox->OpenEntries()->front().receipt.has_value());
}

TEST(Outbox, EndsTheSupersededEntryInTheSameStep) {
  const TemporaryStore place;
  auto outbox = OpenAt(place);
  const std::uint64_t first = outbox->Insert(TestEntry(3, Purpose::kSettle)).value();
  ASSERT_TRUE(outbox->Insert(TestEntry(3), first).ok());
  ASSERT_EQ(outbox->OpenEntries()->size(), 1u);
  const auto both = outbox->WithNonce(3).value();
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].state, SendState::kSuperseded);
  EXPECT_EQ(both[1].state, SendState::kOpen);
}

TEST(Outbox, KeepsSendersApart) {
  const TemporaryStore place;
  ASSERT_TRUE(OpenAt(place)->Insert(TestEntry(3)).ok());
  EXPECT_TRUE(OpenAt(place, Address{4})->OpenEntries()->empty());
}

TEST(Outbox, CanBeReadByOthersWhileItIsOpen) {
  const TemporaryStore place;
  const auto outbox = OpenAt(place);
  ASSERT_TRUE(outbox->Insert(TestEntry(3)).ok());
  ASSERT_TRUE(outbox->Insert(TestEntry(4, Purpose::kReveal)).ok());
  const pid_t process = fork();
  if (process == 0) {
    const auto read = Outbox::Read(place.path(), 1);
    _exit(read.ok() && read->size() == 1 && read->front().nonce == 4 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(process, &status, 0), process);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Outbox, IsOpenOnce) {
  const TemporaryStore place;
  const auto outbox = OpenAt(place);
  const absl::Status status = Outbox::Open(place.path(), 31337, kSender).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is in use by process"));
  EXPECT_TRUE(outbox->Insert(TestEntry(3)).ok());
}

TEST(Outbox, RefusesAFileThatIsNone) {
  const TemporaryStore place;
  std::ofstream(place.path()) << "not a database at all, but long enough to look like one";
  const absl::Status status = Outbox::Open(place.path(), 31337, kSender).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(place.path()));
}

TEST(Outbox, TellsOfEachChangeAfterIt) {
  const TemporaryStore place;
  int told = 0;
  auto outbox = Outbox::Open(place.path(), 31337, kSender, [&] { ++told; }).value();
  OutboxEntry entry = TestEntry(3);
  entry.id = outbox->Insert(entry).value();
  EXPECT_EQ(told, 1);
  ASSERT_TRUE(outbox->AddAttempt(entry, TestAttempt(2)).ok());
  ASSERT_TRUE(outbox->Update(entry).ok());
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace kaisar::reporter
