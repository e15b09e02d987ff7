#include "audit/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;

TEST(Verify, AcceptsAnHonestLogAndItsReport) {
  TemporaryDirectory directory;
  const EpochFixture epoch;
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  const auto result = Verify(directory.File("log"), directory.File("report"), nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->difference_count, 0u) << absl::StrJoin(result->differences, "\n");
  EXPECT_EQ(result->records, epoch.records.size());
}

}  // namespace
}  // namespace kaisar::audit
