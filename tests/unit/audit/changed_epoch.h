#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "audit/verify.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {

/// One change to an honest epoch, and what verification must say of it.
struct Change {
  std::string name;
  std::string telling;  // part of one of the differences
  std::function<void(testing::EpochFixture&)> change;
};

inline std::ostream& operator<<(std::ostream& out, const Change& change) {
  return out << change.name;
}

inline std::string NameOfChange(const ::testing::TestParamInfo<Change>& info) {
  return info.param.name;
}

/// Writes the epoch's files and verifies them.
inline VerifyResult VerifyEpoch(const testing::EpochFixture& epoch,
                                const SigningKey* signer = nullptr) {
  TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"), signer);
  absl::StatusOr<VerifyResult> result = Verify(directory.File("log"), directory.File("report"));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : VerifyResult();
}

inline void ExpectDifference(const VerifyResult& result, const std::string& telling) {
  EXPECT_GE(result.difference_count, 1u);
  EXPECT_GE(result.difference_count, result.differences.size());
  EXPECT_THAT(result.differences, ::testing::Contains(::testing::HasSubstr(telling)))
      << absl::StrJoin(result.differences, "\n");
}

}  // namespace kaisar::audit
