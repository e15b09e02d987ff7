#include "checker/probe_print.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "audit/text_table.h"
#include "base/hex.h"
#include "base/printable.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/signed_messages.h"

namespace kaisar::checker {
namespace {

/// What one end counted in one direction.
struct EndCount {
  const char* who;
  const char* counted;  // sent or received
  std::uint64_t bytes = 0;
  std::uint64_t us = 0;
  bool counts = false;  // is the one that the rate is made of
};

/// One direction, as far as it came.
struct DirectionCounts {
  v1::Direction direction = v1::DIRECTION_UNSPECIFIED;
  std::vector<EndCount> ends;
  std::optional<challenges::TestCounts> checker;  // with what the interface carried
  std::optional<std::uint64_t> rate;              // that counts
  std::uint64_t claimed = 0;
  std::uint32_t share_ppm = 0;
  std::string unread;  // why a result cannot be read
};

std::uint64_t RateOf(std::uint64_t bytes, std::uint64_t us) {
  // bytes < 2^53 (challenges::ParseTestCounts), and a test is of a minute at most.
  return us == 0 ? 0 : static_cast<std::uint64_t>(absl::uint128(bytes) * 8'000'000 / us);
}

std::optional<challenges::TestCounts> Read(const std::string& line, std::string& unread) {
  if (line.empty()) return std::nullopt;
  auto counts = challenges::ParseTestCounts(line);
  if (counts.ok()) return *counts;
  unread = Printable(counts.status().message(), kMostDetailBytes);
  return std::nullopt;
}

std::uint32_t ShareOf(std::uint64_t rate, std::uint64_t claimed) {
  const absl::uint128 ppm = absl::uint128(rate) * 1'000'000 / std::max<std::uint64_t>(claimed, 1);
  return static_cast<std::uint32_t>(std::min(ppm, absl::uint128(1'000'000)));
}

DirectionCounts Count(const ProbeTarget& target, const v1::BandwidthEvidence::Test& test) {
  DirectionCounts counts;
  counts.direction = test.direction();
  const bool down = test.direction() == v1::DOWN;
  const v1::Device& device = target.device;
  counts.claimed = challenges::CountedRate(
      down ? device.down_bits_per_second() : device.up_bits_per_second(), target.policy.bandwidth);
  counts.checker = Read(test.checker_result(), counts.unread);
  const auto said = Read(test.measured().result(), counts.unread);
  if (counts.checker) {
    const auto& own = *counts.checker;
    counts.ends.push_back(
        down ? EndCount{"checker", "sent", own.sent_bytes, own.sent_us}
             : EndCount{"checker", "received", own.received_bytes, own.received_us});
  }
  if (said) {
    counts.ends.push_back(
        down ? EndCount{"device", "received", said->received_bytes, said->received_us}
             : EndCount{"device", "sent", said->sent_bytes, said->sent_us});
  }
  if (!counts.checker || !said) return counts;
  counts.rate =
      down ? challenges::DownRate(*counts.checker, *said) : challenges::UpRate(*counts.checker);
  counts.share_ppm = ShareOf(*counts.rate, counts.claimed);
  const bool device_counts = down && *counts.rate < RateOf(counts.ends[0].bytes, counts.ends[0].us);
  counts.ends[device_counts ? 1 : 0].counts = true;
  return counts;
}

std::vector<DirectionCounts> CountAll(const ProbeResult& result) {
  std::vector<DirectionCounts> all;
  for (const auto& test : result.closed.bandwidth().tests())
    all.push_back(Count(result.target, test));
  return all;
}

const char* NameOf(v1::Direction direction) {
  return direction == v1::DOWN ? "down" : "up";
}

std::string Seconds(std::uint64_t us) {
  return absl::StrFormat("%d.%03d", us / 1'000'000, us % 1'000'000 / 1000);
}

std::string CountsTable(const std::vector<DirectionCounts>& all) {
  std::vector<std::vector<std::string>> rows = {
      {"direction", "end", "counted", "bytes", "seconds", "bit/s", ""}};
  for (const DirectionCounts& counts : all) {
    for (const EndCount& end : counts.ends) {
      rows.push_back({NameOf(counts.direction), end.who, end.counted, absl::StrCat(end.bytes),
                      Seconds(end.us), absl::StrCat(RateOf(end.bytes, end.us)),
                      end.counts ? "counts" : ""});
    }
  }
  return rows.size() == 1 ? "" : audit::AlignColumns(rows, {0, 1, 2, 6});
}

std::string RatesTable(const std::vector<DirectionCounts>& all) {
  std::vector<std::vector<std::string>> rows = {{"direction", "counted bit/s", "claimed bit/s",
                                                 "share", "interface out bytes", "in bytes",
                                                 "seconds"}};
  for (const DirectionCounts& counts : all) {
    if (!counts.checker) continue;
    const auto& own = *counts.checker;
    rows.push_back(
        {NameOf(counts.direction), counts.rate ? absl::StrCat(*counts.rate) : "-",
         absl::StrCat(counts.claimed), counts.rate ? audit::FormatShare(counts.share_ppm) : "-",
         absl::StrCat(own.link_out_bytes), absl::StrCat(own.link_in_bytes), Seconds(own.link_us)});
  }
  return rows.size() == 1 ? "" : audit::AlignColumns(rows, {0});
}

}  // namespace

std::string ProbeText(const ProbeResult& result) {
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(result.challenge);
  const v1::Device& device = result.target.device;
  std::string text = absl::StrCat(
      "device ", device.id(), " at ", device.endpoint(), ", epoch ", result.target.epoch, ", slot ",
      result.target.slot, "\nchallenge ",
      ToHex(ViewOf(result.challenge.challenge().challenge_id())), ": ", params.seconds(),
      " s of each direction over ", params.streams(),
      params.streams() == 1 ? " stream" : " streams", ", sent at ", params.down_bits_per_second(),
      " bit/s down, ", params.up_bits_per_second(), " up\n",
      result.target.terms_of_policy
          ? ""
          : "the policy asks no bandwidth of anybody: the terms are the probe's own\n");
  const std::vector<DirectionCounts> all = CountAll(result);
  for (const std::string& table : {CountsTable(all), RatesTable(all)}) {
    if (!table.empty()) absl::StrAppend(&text, "\n", table);
  }
  for (const DirectionCounts& counts : all) {
    if (!counts.unread.empty()) {
      absl::StrAppend(&text, NameOf(counts.direction), ": ", counts.unread, "\n");
    }
  }
  if (result.judgement == nullptr) return text;
  absl::StrAppend(&text, "\n", audit::NameOf(result.judgement->verdict, result.judgement->reason));
  if (!result.closed.refusal().message().empty()) {
    absl::StrAppend(&text, ": the device says: ",
                    Printable(result.closed.refusal().message(), kMostDetailBytes));
  } else if (!result.closed.detail().empty()) {
    absl::StrAppend(&text, ": ", result.closed.detail());
  } else if (!result.judgement->detail.empty()) {
    absl::StrAppend(&text, ": ", result.judgement->detail);
  }
  return text + "\n";
}

std::string ProbeJson(const ProbeResult& result) {
  using Json = nlohmann::ordered_json;
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(result.challenge);
  Json json = {{"device", result.target.device.id()},
               {"endpoint", result.target.device.endpoint()},
               {"epoch", result.target.epoch},
               {"slot", result.target.slot},
               {"challenge_id", ToHex(ViewOf(result.challenge.challenge().challenge_id()))},
               {"seconds", params.seconds()},
               {"streams", params.streams()},
               {"sent_down_bits_per_second", params.down_bits_per_second()},
               {"sent_up_bits_per_second", params.up_bits_per_second()},
               {"terms", result.target.terms_of_policy ? "policy" : "probe"},
               {"tests", Json::array()}};
  for (const DirectionCounts& counts : CountAll(result)) {
    Json test = {{"direction", NameOf(counts.direction)},
                 {"claimed_bits_per_second", counts.claimed}};
    if (counts.rate) {
      test["counted_bits_per_second"] = *counts.rate;
      test["share_ppm"] = counts.share_ppm;
    }
    for (const EndCount& end : counts.ends) {
      test[end.who] = {{absl::StrCat(end.counted, "_bytes"), end.bytes},
                       {"microseconds", end.us},
                       {"counts", end.counts}};
    }
    if (counts.checker) {
      test["interface"] = {{"out_bytes", counts.checker->link_out_bytes},
                           {"in_bytes", counts.checker->link_in_bytes},
                           {"microseconds", counts.checker->link_us}};
    }
    if (!counts.unread.empty()) test["unread"] = counts.unread;
    json["tests"].push_back(std::move(test));
  }
  json["transport"] = v1::Transport_Name(result.closed.transport());
  json["detail"] = result.closed.detail();
  if (result.closed.has_refusal()) {
    json["refusal"] = Printable(result.closed.refusal().message(), kMostDetailBytes);
  }
  if (result.judgement != nullptr) {
    json["verdict"] = v1::Verdict_Name(result.judgement->verdict);
    json["reason"] = v1::Reason_Name(result.judgement->reason);
    json["explanation"] = result.judgement->detail;
  }
  return json.dump(result.judgement == nullptr ? -1 : 2, ' ', false,
                   Json::error_handler_t::replace) +
         "\n";
}

}  // namespace kaisar::checker
