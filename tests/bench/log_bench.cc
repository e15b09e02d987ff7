// How fast the challenge log takes records and how fast it is read.
// The folder is KAISAR_BENCH_DIR, or the current one: durability is a matter of the disk.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "audit/log_reader.h"
#include "audit/log_writer.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kRecordBytes = 600;

std::string LogPath() {
  const char* folder = std::getenv("KAISAR_BENCH_DIR");
  return std::string(folder == nullptr ? "." : folder) + "/log_bench.db";
}

void RemoveLog() {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(LogPath() + suffix);
  }
}

std::string SomeRecord() {
  v1::Record record;
  record.mutable_closed()->set_detail(std::string(kRecordBytes - 8, 'x'));
  return record.SerializeAsString();
}

std::string OpeningRecord() {
  v1::Record record;
  record.mutable_epoch_opened()->set_version(1);
  return record.SerializeAsString();
}

/// range(0) records are appended, then the last one is waited for.
void BM_AppendDurably(benchmark::State& state) {
  RemoveLog();
  auto writer = LogWriter::Create(LogPath());
  if (!writer.ok() || !(*writer)->AppendAndWait(OpeningRecord()).ok()) {
    state.SkipWithError("cannot create the log");
    return;
  }
  const std::string record = SomeRecord();
  for (auto _ : state) {
    for (std::int64_t i = 1; i < state.range(0); ++i) {
      (*writer)->Append(record, [](absl::Status) {});
    }
    if (!(*writer)->AppendAndWait(record).ok()) state.SkipWithError("append failed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) *
                          static_cast<std::int64_t>(record.size()));
  writer->reset();
  RemoveLog();
}
BENCHMARK(BM_AppendDurably)->Arg(1)->Arg(100)->Arg(1000)->UseRealTime();

/// Hashes and parses range(0) records.
void BM_ReadLog(benchmark::State& state) {
  RemoveLog();
  {
    auto writer = LogWriter::Create(LogPath());
    if (!writer.ok()) {
      state.SkipWithError("cannot create the log");
      return;
    }
    (*writer)->Append(OpeningRecord(), [](absl::Status) {});
    const std::string record = SomeRecord();
    for (std::int64_t i = 1; i < state.range(0); ++i) {
      (*writer)->Append(record, [](absl::Status) {});
    }
    if (!(*writer)->Finish().ok()) state.SkipWithError("cannot write the log");
  }
  for (auto _ : state) {
    const auto read = ReadLog(
        LogPath(), [](std::uint64_t, ByteView, const v1::Record&) { return absl::OkStatus(); });
    if (!read.ok()) state.SkipWithError("cannot read the log");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  RemoveLog();
}
BENCHMARK(BM_ReadLog)->Arg(1000)->Arg(100'000)->UseRealTime();

}  // namespace
}  // namespace kaisar::audit

BENCHMARK_MAIN();
