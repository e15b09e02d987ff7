#include "reporter/signature_interchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "reporter/signature_store.h"
#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {
namespace {

using ::testing::HasSubstr;

/// A store with the reports of some epochs.
std::unique_ptr<SignatureStore> StoreWith(const TemporaryStore& place,
                                          const std::vector<std::uint32_t>& epochs,
                                          std::uint8_t root = 1) {
  EXPECT_TRUE(SignatureStore::Initialize(place.path()).ok());
  auto store = SignatureStore::Open(place.path()).value();
  for (const std::uint32_t epoch : epochs) {
    EXPECT_TRUE(store->Sign(TestReport(epoch, root), TestKey()).ok());
  }
  return store;
}

bool Signs(SignatureStore& store, std::uint32_t epoch, std::uint8_t root) {
  return store.Sign(TestReport(epoch, root), TestKey()).ok();
}

TEST(SignatureInterchange, MovesTheHistoryToAnotherNode) {
  const TemporaryStore here, there;
  const auto from = StoreWith(here, {5, 7});
  auto to = StoreWith(there, {});
  EXPECT_EQ(to->Import(from->Export().value()).value(), 2u);
  EXPECT_EQ(to->Export().value(), from->Export().value());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Signs(*to, 7, 1));   // what was signed, again
    EXPECT_FALSE(Signs(*to, 7, 2));  // something else
    EXPECT_FALSE(Signs(*to, 6, 1));  // not in the history, which may be incomplete
    EXPECT_FALSE(Signs(*to, 0, 1));
    to.reset();
    to = SignatureStore::Open(there.path()).value();  // also after a restart
  }
  EXPECT_TRUE(Signs(*to, 8, 1));
  EXPECT_FALSE(Signs(*to, 8, 2));
}

TEST(SignatureInterchange, SaysWhyAnEpochOfTheImportedTimeIsNotSigned) {
  const TemporaryStore here, there;
  const auto from = StoreWith(here, {5, 7});
  const auto to = StoreWith(there, {});
  ASSERT_TRUE(to->Import(from->Export().value()).ok());
  const absl::Status status = to->Sign(TestReport(6, 1), TestKey()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "slot 3 signs nothing for epoch 6: the history that was imported goes up to epoch 7 "
            "and has no signature for it");
}

TEST(SignatureInterchange, UnitesTwoHistoriesThatAgree) {
  const TemporaryStore here, there;
  const auto from = StoreWith(here, {5, 7});
  const auto to = StoreWith(there, {7, 9});
  EXPECT_EQ(to->Import(from->Export().value()).value(), 1u);
  EXPECT_EQ(to->Import(from->Export().value()).value(), 0u);  // again: nothing new
  EXPECT_FALSE(Signs(*to, 8, 1));
  EXPECT_TRUE(Signs(*to, 10, 1));
}

TEST(SignatureInterchange, TakesNothingOfAHistoryThatContradictsItsOwn) {
  const TemporaryStore here, there;
  const auto from = StoreWith(here, {5, 7}, 2);
  const auto to = StoreWith(there, {7}, 1);
  const std::string before = to->Export().value();
  EXPECT_EQ(to->Import(from->Export().value()).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(to->Export().value(), before);
  EXPECT_TRUE(Signs(*to, 5, 1));
}

TEST(SignatureInterchange, NamesWhatIsWrongInAFile) {
  const TemporaryStore here;
  const std::string good = StoreWith(here, {5})->Export().value();
  ASSERT_TRUE(ParseSignatures(good).ok());
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto parsed = ParseSignatures(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(parsed.status().message());
  };
  EXPECT_THAT(broken("{", ""), HasSubstr("not JSON"));
  EXPECT_THAT(broken("kaisar-signatures", "eth2"), HasSubstr("format kaisar-signatures"));
  EXPECT_THAT(broken("\"5\"", "5"), HasSubstr("signed_reports[0].epoch: expected a string"));
  EXPECT_THAT(broken("\"5\"", "\"05\""), HasSubstr("a decimal string from 0 to 4294967295"));
  EXPECT_THAT(broken("\"5\"", "\"4294967296\""), HasSubstr("4294967295"));
  EXPECT_THAT(broken("\"slot\"", "\"slots\""), HasSubstr("data[0].slot: expected a value"));
  EXPECT_THAT(broken("\"slot\"", "\"more\": 1, \"slot\""), HasSubstr("data[0].more"));
  EXPECT_THAT(broken("\"digest\": \"0x", "\"digest\": \""), HasSubstr("0x and 64 hex digits"));
  EXPECT_FALSE(ParseSignatures("[]").ok());
  EXPECT_FALSE(ParseSignatures("").ok());
}

TEST(SignatureInterchange, BringsAStoreOfTheFirstLayoutUpToDate) {
  const TemporaryStore place;
  StoreWith(place, {5, 7}).reset();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(place.path().c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "ALTER TABLE signed DROP COLUMN imported; PRAGMA user_version=1",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  for (int i = 0; i < 2; ++i) {
    const auto store = SignatureStore::Open(place.path());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(Signs(**store, 7, 1));
    EXPECT_FALSE(Signs(**store, 7, 2));
    EXPECT_TRUE(Signs(**store, 6, 1));
  }
}

}  // namespace
}  // namespace kaisar::reporter
