#include "reporter/report_file.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {
namespace {

audit::SignedReport SignedTestReport() {
  const audit::Report report = TestReport(7, 1);
  return {report, TestKey().Sign(audit::ReportDigest(report)), TestKey().address()};
}

TEST(ReportFile, IsReadBackAsItWasWritten) {
  const TemporaryStore place;
  const std::string path = place.directory() + "/report.json";
  const audit::SignedReport written = SignedTestReport();
  ASSERT_TRUE(WriteReportFile(path, written).ok());
  const audit::SignedReport read = audit::ParseReport(ReadFile(path, 1 << 20).value()).value();
  EXPECT_EQ(read.report, written.report);
  EXPECT_EQ(read.signature, written.signature);
  EXPECT_EQ(read.signer, written.signer);
}

TEST(ReportFile, SaysWhereItCouldNotBeWritten) {
  const TemporaryStore place;
  const std::string path = place.directory() + "/missing/report.json";
  EXPECT_EQ(WriteReportFile(path, SignedTestReport()).message(),
            "cannot write " + path + ": No such file or directory");
}

}  // namespace
}  // namespace kaisar::reporter
