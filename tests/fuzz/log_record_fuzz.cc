// A hostile log: the input's first byte names a record of an honest epoch, the rest is merged over
// it. Whatever comes of it, verification ends, and says the same when asked again. Of the epoch,
// two devices and all descriptions are left in, so that a run is short; that the others' records
// are missing is a difference.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "audit/differences.h"
#include "audit/log_verifier.h"
#include "base/check.h"
#include "tests/support/epoch_fixture.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kHonest = 1;
constexpr std::uint32_t kRefusing = 7;

bool IsKept(std::uint32_t device) {
  return device == kHonest || device == kRefusing;
}

struct Story {
  testing::EpochFixture epoch;
  std::vector<v1::Record> records;
};

const Story& TheStory() {
  static const Story* const story = [] {
    auto* made = new Story();
    std::string kept_ids;
    for (const v1::Record& record : made->epoch.records) {
      const bool keep =
          (record.has_issued() && IsKept(record.issued().challenge().challenge().device())) ||
          (record.has_closed() && IsKept(record.closed().device())) ||
          (record.has_commitment() &&
           kept_ids.find(record.commitment().commitment().challenge_id()) != std::string::npos) ||
          record.has_described() || record.has_epoch_opened() || record.has_epoch_closed();
      if (!keep) continue;
      kept_ids += record.issued().challenge().challenge().challenge_id();
      made->records.push_back(record);
    }
    return made;
  }();
  return *story;
}

Differences Verified(const std::vector<v1::Record>& records) {
  Differences differences;
  LogVerifier verifier(TheStory().epoch.report, differences);
  for (std::size_t i = 0; i < records.size(); ++i) verifier.Add(i, records[i]);
  verifier.Finish(true);
  PackScores(verifier.Scores());
  return differences;
}

}  // namespace
}  // namespace kaisar::audit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using kaisar::audit::Differences;
  if (size == 0) return 0;
  std::vector<kaisar::v1::Record> records = kaisar::audit::TheStory().records;
  kaisar::v1::Record& target = records[input[0] % records.size()];
  kaisar::v1::Record change;
  if (!change.ParseFromArray(input + 1, static_cast<int>(size - 1))) return 0;
  target.MergeFrom(change);
  const Differences first = kaisar::audit::Verified(records);
  const Differences second = kaisar::audit::Verified(records);
  KAISAR_CHECK(first.count() == second.count() && first.lines() == second.lines());
  return 0;
}
