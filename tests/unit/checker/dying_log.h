#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "audit/log_writer.h"

namespace kaisar::testing {

/// How long the logs of a scene live, all appends counted together.
struct LogLife {
  std::uint64_t appends_left = ~0ull;
  bool dies_in_finish = false;
  std::uint64_t appends = 0;         // so far
  audit::LogWriter* open = nullptr;  // the one that is open now
};

/// A real log that dies at a chosen append: neither that record nor anything later is kept, as
/// after kill -9 or on a full disk.
class DyingLog final : public audit::LogWriter {
 public:
  DyingLog(std::unique_ptr<audit::LogWriter> log, LogLife& life)
      : log_(std::move(log)), life_(life) {
    life_.open = this;
  }
  ~DyingLog() override { life_.open = nullptr; }

  void Append(std::string record, absl::AnyInvocable<void(absl::Status)> durable) override {
    if (!Lives()) return durable(Death());
    log_->Append(std::move(record), std::move(durable));
  }
  absl::Status AppendAndWait(std::string record) override {
    return Lives() ? log_->AppendAndWait(std::move(record)) : Death();
  }
  absl::StatusOr<audit::LogPosition> Finish() override {
    if (life_.dies_in_finish) return Death();
    return log_->Finish();
  }
  std::uint64_t pending() const override { return log_->pending(); }

 private:
  static absl::Status Death() { return absl::ResourceExhaustedError("database or disk is full"); }
  bool Lives() {
    if (life_.appends_left == 0) return false;
    --life_.appends_left;
    ++life_.appends;
    return true;
  }

  std::unique_ptr<audit::LogWriter> log_;
  LogLife& life_;
};

}  // namespace kaisar::testing
