#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "audit/log_writer.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::testing {

/// A log in memory whose records become durable when the test says so, and whose disk can fill up.
///
/// Threads: one.
class HeldLog final : public audit::LogWriter {
 public:
  bool held = false;                 // records wait for Release
  std::uint64_t fails_from = ~0ull;  // records from this index on find the disk full

  void Append(std::string record, absl::AnyInvocable<void(absl::Status)> durable) override {
    waiting_.emplace_back(std::move(record), std::move(durable));
    if (!held) Release();
  }
  absl::Status AppendAndWait(std::string) override { return absl::UnimplementedError("not used"); }
  absl::StatusOr<audit::LogPosition> Finish() override {
    return absl::UnimplementedError("not used");
  }
  std::uint64_t pending() const override { return waiting_.size(); }

  /// Makes everything waiting durable, or lets it fail.
  void Release() {
    while (!waiting_.empty()) {
      auto [bytes, durable] = std::move(waiting_.front());
      waiting_.pop_front();
      if (records_.size() >= fails_from) {
        durable(absl::ResourceExhaustedError("database or disk is full"));
        continue;
      }
      records_.emplace_back();
      records_.back().ParseFromString(bytes);
      durable(absl::OkStatus());
    }
  }

  const std::vector<v1::Record>& records() const { return records_; }

 private:
  std::deque<std::pair<std::string, absl::AnyInvocable<void(absl::Status)>>> waiting_;
  std::vector<v1::Record> records_;
};

}  // namespace kaisar::testing
