// How often a slot agreed in the last day, for who asks how it stands.
#include "checker/agreement_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace kaisar::checker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kHourS = 3'600;

AgreementCount At(std::uint64_t time_s) {
  return {time_s, time_s / 10, 1};
}

TEST(AgreementHistory, KeepsACountAnHourForADay) {
  std::vector<AgreementCount> history;
  for (std::uint64_t time_s = 0; time_s <= 100 * kHourS; time_s += 60) {
    history = Remember(std::move(history), At(time_s));
  }
  EXPECT_THAT(history, SizeIs(25));
  EXPECT_EQ(history.front(), At(76 * kHourS));
  EXPECT_EQ(history.back(), At(100 * kHourS));
  EXPECT_EQ(CountBefore(history, 100 * kHourS + 1800), At(76 * kHourS));
}

TEST(AgreementHistory, KnowsAsMuchOfADayAsThereIs) {
  EXPECT_EQ(CountBefore({}, 1000), std::nullopt);
  EXPECT_EQ(CountBefore({At(900)}, 1000), At(900));
  // The checker was off for a week.
  const std::vector<AgreementCount> history = Remember({At(0), At(kHourS)}, At(200 * kHourS));
  EXPECT_THAT(history, ElementsAre(At(kHourS), At(200 * kHourS)));
}

TEST(AgreementHistory, ForgetsWhatTheChainForgot) {
  EXPECT_THAT(Remember({At(500), At(9000)}, At(1000)), ElementsAre(At(500)));
}

TEST(AgreementHistory, IsAFileThatLastsThroughARestart) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "agreement_history");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_THAT(ReadAgreement(folder), IsEmpty());
  ASSERT_EQ(KeepAgreement(folder, At(1000)), absl::OkStatus());
  ASSERT_EQ(KeepAgreement(folder, At(1060)), absl::OkStatus());
  ASSERT_EQ(KeepAgreement(folder, At(1000 + kHourS)), absl::OkStatus());
  EXPECT_THAT(ReadAgreement(folder), ElementsAre(At(1000), At(1000 + kHourS)));
  for (const char* wrong :
       {"", "{}", "[1]", "[[1,2]]", "[[1,2,-3]]", "[[1,2,\"3\"]]", "[[1,2,3]"}) {
    ASSERT_EQ(WriteFile(folder + "/agreement.json", wrong), absl::OkStatus());
    EXPECT_THAT(ReadAgreement(folder), IsEmpty()) << wrong;
  }
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(KeepAgreement(folder, At(1000)).ok());
}

}  // namespace
}  // namespace kaisar::checker
