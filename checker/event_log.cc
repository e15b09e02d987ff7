#include "checker/event_log.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostLines = 8192;

bool IsPlain(absl::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

std::string Quoted(absl::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", absl::string_view(&c, 1));
    } else if (c < ' ' || c > '~') {
      absl::StrAppendFormat(&quoted, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

class SpdlogEvents final : public EventLog {
 public:
  explicit SpdlogEvents(const std::string& level)
      : pool_(std::make_shared<spdlog::details::thread_pool>(kMostLines, 1)),
        // The asynchronous logger hands itself to its queue, so it must be shared.
        logger_(std::make_shared<spdlog::async_logger>(
            "events", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {
    SetLevel(level);
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }

  void SetLevel(const std::string& level) override {
    logger_->set_level(spdlog::level::from_str(level));
  }
  void Info(absl::string_view event, const std::vector<EventField>& fields) override {
    Write(spdlog::level::info, event, fields);
  }
  void Warn(absl::string_view event, const std::vector<EventField>& fields) override {
    Write(spdlog::level::warn, event, fields);
  }
  void Error(absl::string_view event, const std::vector<EventField>& fields) override {
    Write(spdlog::level::err, event, fields);
  }

 private:
  void Write(spdlog::level::level_enum level, absl::string_view event,
             const std::vector<EventField>& fields) {
    if (logger_->should_log(level)) logger_->log(level, FormatEvent(event, fields));
  }

  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::string FormatEvent(absl::string_view event, const std::vector<EventField>& fields) {
  std::string line(event);
  for (const EventField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=",
                    IsPlain(field.value) ? field.value : Quoted(field.value));
  }
  return line;
}

std::vector<EventField> FieldsOf(const Outcome& outcome, const challenges::Policy& policy) {
  const v1::ChallengeClosed& closed = outcome.closed;
  std::vector<EventField> fields = {
      {"device", absl::StrCat(closed.device())},
      {"kind", audit::NameOf(closed.kind())},
      {"q", absl::StrCat(closed.sequence())},
      {"verdict", v1::Verdict_Name(closed.verdict())},
  };
  if (closed.reason() != v1::NONE) fields.push_back({"reason", v1::Reason_Name(closed.reason())});
  fields.push_back({"due_ms", absl::StrCat(closed.due_ms())});
  if (closed.transport() != v1::NOT_SENT) {
    fields.push_back({"sent_ms", absl::StrCat(closed.sent_ms())});
    fields.push_back({"elapsed_ms", absl::StrCat(closed.elapsed_ms())});
  }
  if (closed.has_latency() && closed.latency().echoes_size() > 0) {
    const auto rtt = challenges::Summarize(closed.latency(), policy.latency.pings);
    fields.push_back({"rtt_us", absl::StrCat(rtt.median_us)});
    fields.push_back({"lost", absl::StrCat(rtt.lost)});
  }
  if (outcome.commitment != nullptr) {
    const auto params = policy.classes.find(outcome.device.device_class());
    if (params != policy.classes.end()) {
      const challenges::MatmulShape shape{params->second.n, params->second.rounds};
      fields.push_back(
          {"ops_per_second", absl::StrCat(challenges::MatmulRate(shape, *outcome.commitment))});
    }
  }
  if (closed.verdict() == v1::PASS && closed.has_bandwidth()) {
    const auto rates = challenges::RatesOf(closed.bandwidth());
    if (rates.ok()) {
      fields.push_back({"down_bits_per_second", absl::StrCat(rates->down_bits_per_second)});
      fields.push_back({"up_bits_per_second", absl::StrCat(rates->up_bits_per_second)});
    }
  }
  if (closed.verdict() != v1::PASS && !outcome.explanation.empty()) {
    fields.push_back({"why", outcome.explanation});
  }
  if (closed.verdict() != v1::PASS && !closed.detail().empty() &&
      closed.detail() != outcome.explanation) {
    fields.push_back({"detail", closed.detail()});
  }
  return fields;
}

std::unique_ptr<EventLog> EventLog::ToStandardError(const std::string& level) {
  return std::make_unique<SpdlogEvents>(level);
}

}  // namespace kaisar::checker
