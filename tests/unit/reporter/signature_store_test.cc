#include "reporter/signature_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/hex.h"
#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SignatureStore> NewStore(const TemporaryStore& place) {
  EXPECT_TRUE(SignatureStore::Initialize(place.path()).ok());
  return SignatureStore::Open(place.path()).value();
}

std::string ReadFileAt(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFileAt(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Runs `child` in a process of its own; its result is the exit status.
template <typename Child>
int InChild(Child child) {
  const pid_t process = fork();
  if (process == 0) _exit(child());
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SignatureStore, SignsTheReportsDigestWithTheKey) {
  const TemporaryStore place;
  const auto store = NewStore(place);
  const audit::Report report = TestReport(7, 1);
  EXPECT_TRUE(SignedBy(TestKey().address(), audit::ReportDigest(report),
                       store->Sign(report, TestKey()).value()));
}

TEST(SignatureStore, GivesTheSameSignatureForTheSameReportAlsoAfterARestart) {
  const TemporaryStore place;
  auto store = NewStore(place);
  const Signature first = store->Sign(TestReport(7, 1), TestKey()).value();
  EXPECT_EQ(store->Sign(TestReport(7, 1), TestKey()).value(), first);
  store.reset();
  store = SignatureStore::Open(place.path()).value();
  EXPECT_EQ(store->Sign(TestReport(7, 1), TestKey()).value(), first);
}

TEST(SignatureStore, RefusesAnotherReportForTheEpochAlsoAfterARestart) {
  const TemporaryStore place;
  auto store = NewStore(place);
  ASSERT_TRUE(store->Sign(TestReport(7, 1), TestKey()).ok());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = store->Sign(TestReport(7, 2), TestKey()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(status.message(), "slot 3 signed " + ToHex(audit::ReportDigest(TestReport(7, 1))) +
                                    " for epoch 7, and does not sign " +
                                    ToHex(audit::ReportDigest(TestReport(7, 2))) + " for it, too");
    store.reset();
    store = SignatureStore::Open(place.path()).value();
  }
}

TEST(SignatureStore, KeepsEpochsSlotsChainsAndContractsApart) {
  const TemporaryStore place;
  const auto store = NewStore(place);
  ASSERT_TRUE(store->Sign(TestReport(7, 1), TestKey()).ok());
  audit::Report other = TestReport(7, 2);
  other.slot = 4;
  EXPECT_TRUE(store->Sign(other, TestKey()).ok());
  other = TestReport(7, 2);
  other.domain.chain_id = UINT64_MAX;
  EXPECT_TRUE(store->Sign(other, TestKey()).ok());
  other = TestReport(7, 2);
  other.domain.contract.fill(1);
  EXPECT_TRUE(store->Sign(other, TestKey()).ok());
  EXPECT_TRUE(store->Sign(TestReport(UINT32_MAX, 2), TestKey()).ok());
  EXPECT_TRUE(store->Sign(TestReport(6, 2), TestKey()).ok());
  EXPECT_FALSE(store->Sign(TestReport(7, 2), TestKey()).ok());
}

TEST(SignatureStore, DoesNotTakeAMissingHistoryForAnEmptyOne) {
  const TemporaryStore place;
  const absl::Status status = SignatureStore::Open(place.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "there is no signature store " + place.path() +
                                  ": restore it if this slot has ever signed a report, and only "
                                  "otherwise initialize an empty one");
  EXPECT_FALSE(std::filesystem::exists(place.path()));
}

TEST(SignatureStore, IsInitializedOnceForItsOwnerAlone) {
  const TemporaryStore place;
  ASSERT_TRUE(SignatureStore::Initialize(place.path()).ok());
  struct stat status;
  ASSERT_EQ(stat(place.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const absl::Status again = SignatureStore::Initialize(place.path());
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(again.message(), "signature store " + place.path() + " exists already");
}

TEST(SignatureStore, IsOpenInOneProcessAndNamesTheOneThatHasIt) {
  const TemporaryStore place;
  ASSERT_TRUE(SignatureStore::Initialize(place.path()).ok());
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t process = fork();
  if (process == 0) {  // opens it and keeps it until it is killed
    const auto store = SignatureStore::Open(place.path());
    if (!store.ok() || write(ready[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  for (int i = 0; i < 2; ++i) {  // a refusal does not loosen the lock
    const absl::Status status = SignatureStore::Open(place.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(status.message(), "signature store " + place.path() + " is in use by process " +
                                    std::to_string(process) + " (reporter_test)");
  }
  kill(process, SIGKILL);
  EXPECT_EQ(waitpid(process, nullptr, 0), process);
  EXPECT_TRUE(SignatureStore::Open(place.path()).ok());
}

TEST(SignatureStore, IsOpenOnceInOneProcess) {
  const TemporaryStore place;
  const auto store = NewStore(place);
  EXPECT_EQ(SignatureStore::Open(place.path()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(store->Sign(TestReport(7, 1), TestKey()).ok());
}

TEST(SignatureStore, RefusesAFileThatIsNoStore) {
  const TemporaryStore place;
  for (const std::string& content :
       {std::string(), std::string("not a database at all"), std::string(8192, '\0')}) {
    WriteFileAt(place.path(), content);
    const absl::Status status = SignatureStore::Open(place.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << content.size() << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("signature store " + place.path() + " is damaged: "));
  }
}

TEST(SignatureStore, RefusesAStoreCutShortAnywhere) {
  const TemporaryStore place;
  auto store = NewStore(place);
  for (std::uint32_t epoch = 0; epoch < 40; ++epoch) {
    ASSERT_TRUE(store->Sign(TestReport(epoch, 1), TestKey()).ok());
  }
  store.reset();
  const std::string whole = ReadFileAt(place.path());
  for (std::size_t size = 0; size < whole.size(); size += 512) {
    WriteFileAt(place.path(), whole.substr(0, size));
    EXPECT_EQ(SignatureStore::Open(place.path()).status().code(), absl::StatusCode::kDataLoss)
        << "of " << whole.size() << " bytes the first " << size;
  }
}

TEST(SignatureStore, NeverForgetsASignedEpochWhateverByteIsChanged) {
  const TemporaryStore place;
  auto store = NewStore(place);
  for (std::uint32_t epoch = 0; epoch < 5; ++epoch) {
    ASSERT_TRUE(store->Sign(TestReport(epoch, 1), TestKey()).ok());
  }
  store.reset();
  const std::string whole = ReadFileAt(place.path());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] == 0 && i % 64 != 0) continue;  // mostly unused space: some of it will do
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x41);
    WriteFileAt(place.path(), changed);
    const auto opened = SignatureStore::Open(place.path());
    if (!opened.ok()) {
      ++refused;
      continue;
    }
    for (std::uint32_t epoch = 0; epoch < 5; ++epoch) {
      EXPECT_FALSE((*opened)->Sign(TestReport(epoch, 2), TestKey()).ok())
          << "byte " << i << " changed, epoch " << epoch;
    }
  }
  // Every byte of the five digests is among those.
  EXPECT_GE(refused, 5u * 32u);
}

TEST(SignatureStore, SignsNothingWhenTheDiskTakesNoMore) {
  const TemporaryStore place;
  ASSERT_TRUE(SignatureStore::Initialize(place.path()).ok());
  EXPECT_EQ(InChild([&] {
              auto store = SignatureStore::Open(place.path());
              if (!store.ok()) return 1;
              signal(SIGXFSZ, SIG_IGN);
              const rlimit none{100, 100};
              if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 2;
              const absl::Status status = (*store)->Sign(TestReport(7, 1), TestKey()).status();
              if (status.code() != absl::StatusCode::kInternal) return 3;
              return status.message().find("nothing is signed") == 0 ? 0 : 4;
            }),
            0);
  // Nothing was signed, so the epoch is still free.
  EXPECT_TRUE(SignatureStore::Open(place.path()).value()->Sign(TestReport(7, 2), TestKey()).ok());
}

}  // namespace
}  // namespace kaisar::reporter
