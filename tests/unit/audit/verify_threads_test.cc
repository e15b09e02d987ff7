// What verification finds does not depend on the number of threads, nor on the size of the log.

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/verify_command.h"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;

/// Everything that is said of an epoch's files.
std::string VerifiedBy(int threads, const TemporaryDirectory& directory) {
  VerifyOptions options;
  options.threads = threads;
  const auto result = Verify(directory.File("log"), directory.File("report"), options);
  return result.ok() ? ResultToJson(*result) : result.status().ToString();
}

void ExpectSameForAnyNumberOfThreads(const TemporaryDirectory& directory,
                                     const std::string& telling) {
  const std::string one = VerifiedBy(1, directory);
  EXPECT_THAT(one, ::testing::HasSubstr(telling));
  for (const int threads : {2, 3, 8}) EXPECT_EQ(VerifiedBy(threads, directory), one) << threads;
}

/// Breaks something in every third record, so that there are differences of every kind.
void ChangeMuch(EpochFixture& epoch) {
  for (std::size_t i = 1; i + 1 < epoch.records.size(); i += 3) {
    v1::Record& record = epoch.records[i];
    if (record.has_issued()) record.mutable_issued()->set_sequence(i % 2 == 0 ? 99 : 1);
    if (record.has_commitment()) record.mutable_commitment()->clear_challenge_id();
    if (record.has_closed()) {
      record.mutable_closed()->set_due_ms(i);
      record.mutable_closed()->set_verdict(v1::PASS);
    }
  }
  std::swap(epoch.records[5], epoch.records[20]);
}

TEST(VerifyThreads, DoNotChangeWhatIsSaidOfAnHonestEpoch) {
  const EpochFixture epoch;
  const TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  ExpectSameForAnyNumberOfThreads(directory, "\"holds\": true");
}

TEST(VerifyThreads, DoNotChangeWhichDifferencesAreFoundNorTheirOrder) {
  EpochFixture epoch;
  ChangeMuch(epoch);
  const TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  ExpectSameForAnyNumberOfThreads(directory, "\"difference_count\": ");
}

TEST(VerifyThreads, DoNotChangeWhereALogBreaks) {
  EpochFixture epoch;
  ChangeMuch(epoch);
  const TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  std::fstream log(directory.File("log"), std::ios::binary | std::ios::in | std::ios::out);
  const std::string id = epoch.records[90].closed().challenge_id();
  ASSERT_EQ(id.size(), 32u);
  const std::string bytes((std::istreambuf_iterator<char>(log)), {});
  log.clear();
  log.seekp(static_cast<std::streamoff>(bytes.rfind(id) + 3));
  log.put('?');
  log.close();
  ExpectSameForAnyNumberOfThreads(directory, ": has leaf hash ");
}

}  // namespace
}  // namespace kaisar::audit
