#include "challenges/bandwidth/throughput.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 53;  // exact also where counts are doubles
constexpr std::uint64_t kMostUs = 3'600'000'000;              // an hour
constexpr std::size_t kMostDepth = 16;                        // libiperf's own goes to 6
constexpr std::size_t kWantedCounts = 7;
constexpr std::size_t kIperfCounts = 4;  // the first of them; the others are the link's
constexpr std::size_t kMostShownBytes = 40;
constexpr std::uint64_t kBitsPerByteAndSecond = 8'000'000;  // bytes per µs in bits per second

/// One number that is looked for, and where.
struct Wanted {
  std::vector<std::string> path;
  std::uint64_t TestCounts::*count;
  std::uint32_t scale = 0;  // decimal places that are kept
  std::uint64_t most = 0;
};

const std::array<Wanted, kWantedCounts>& TheWanted() {
  using C = TestCounts;
  static const auto* const wanted = new std::array<Wanted, kWantedCounts>{{
      {{"iperf", "end", "sum_sent", "bytes"}, &C::sent_bytes, 0, kMostBytes},
      {{"iperf", "end", "sum_received", "bytes"}, &C::received_bytes, 0, kMostBytes},
      {{"iperf", "end", "sum_sent", "seconds"}, &C::sent_us, 6, kMostUs},
      {{"iperf", "end", "sum_received", "seconds"}, &C::received_us, 6, kMostUs},
      {{"link", "out_bytes"}, &C::link_out_bytes, 0, kMostBytes},
      {{"link", "in_bytes"}, &C::link_in_bytes, 0, kMostBytes},
      {{"link", "elapsed_us"}, &C::link_us, 0, kMostUs},
  }};
  return *wanted;
}

/// A JSON number's exponent, kept within what its digits could ever make up for.
std::int64_t ExponentOf(absl::string_view text) {
  constexpr std::int64_t kFar = 1'000'000;
  std::int64_t exponent = 0;
  if (!absl::SimpleAtoi(text, &exponent)) return text.front() == '-' ? -kFar : kFar;
  return std::clamp(exponent, -kFar, kFar);
}

/// Reads a JSON number (its form is the parser's care) into 10^scale-ths: exactly, times rounded
/// down to what is kept, counts only when they are whole.
absl::StatusOr<std::uint64_t> ReadDecimal(absl::string_view number, const Wanted& wanted) {
  const auto wrong = [&](absl::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat(absl::StrJoin(wanted.path, "."), " is ",
                                                   Printable(number, kMostShownBytes),
                                                   ", expected ", expected));
  };
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  std::int64_t exponent = mark == number.size() ? 0 : ExponentOf(number.substr(mark + 1));
  std::string digits;
  bool fraction = false;
  for (const char c : number.substr(0, mark)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    if (fraction) --exponent;
    if (c != '0' || !digits.empty()) digits.push_back(c);
  }
  if (digits.empty()) return 0;
  if (number.front() == '-') return wrong("no negative number");
  exponent += wanted.scale;
  while (exponent < 0 && !digits.empty()) {
    if (wanted.scale == 0 && digits.back() != '0') return wrong("a whole number");
    digits.pop_back();
    ++exponent;
  }
  std::uint64_t value = 0;
  const std::string most =
      absl::StrCat("at most ", wanted.most, wanted.scale == 0 ? "" : " millionths");
  if (digits.empty()) return 0;
  if (digits.size() + static_cast<std::size_t>(exponent) > 19) return wrong(most);
  digits.append(static_cast<std::size_t>(exponent), '0');
  if (!absl::SimpleAtoi(digits, &value) || value > wanted.most) return wrong(most);
  return value;
}

/// Finds the wanted numbers in a stream of JSON events; keeps nothing else.
class CountsReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return Number(absl::StrCat(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Number(absl::StrCat(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Number(text); }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return Enter(); }
  bool key(string_t& name) override {
    path_.back() = name;
    return true;
  }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    status_ = absl::InvalidArgumentError(absl::StrCat("result is no JSON from byte ", position));
    return false;
  }

  absl::StatusOr<TestCounts> Finish() const {
    RETURN_IF_ERROR(status_);
    const bool link = seen_[kIperfCounts] || seen_[kIperfCounts + 1] || seen_[kIperfCounts + 2];
    for (std::size_t i = 0; i < (link ? seen_.size() : kIperfCounts); ++i) {
      if (seen_[i]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(absl::StrJoin(TheWanted()[i].path, "."), " is missing, expected a number"));
    }
    return counts_;
  }

 private:
  /// The path's last entry is the key of what comes; it stays empty in an array.
  bool Enter() {
    path_.emplace_back();
    if (path_.size() > kMostDepth) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat("result is more than ", kMostDepth, " levels deep"));
    }
    return status_.ok();
  }
  bool Leave() {
    path_.pop_back();
    return true;
  }
  bool Number(const std::string& text) {
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      const Wanted& wanted = TheWanted()[i];
      if (wanted.path != path_) continue;
      const absl::StatusOr<std::uint64_t> value = ReadDecimal(text, wanted);
      if (!value.ok()) {
        status_ = value.status();
      } else if (seen_[i]) {
        status_ = absl::InvalidArgumentError(
            absl::StrCat(absl::StrJoin(wanted.path, "."), " is there twice, expected once"));
      } else {
        counts_.*wanted.count = *value;
        seen_[i] = true;
      }
      return status_.ok();
    }
    return true;
  }

  std::vector<std::string> path_;
  std::array<bool, kWantedCounts> seen_{};
  TestCounts counts_;
  absl::Status status_;
};

std::uint64_t RateOf(std::uint64_t bytes, std::uint64_t us) {
  if (us == 0) return 0;
  const absl::uint128 rate = absl::uint128(bytes) * kBitsPerByteAndSecond / us;
  return absl::Uint128High64(rate) != 0 ? std::numeric_limits<std::uint64_t>::max()
                                        : absl::Uint128Low64(rate);
}

}  // namespace

absl::StatusOr<TestCounts> ParseTestCounts(const std::string& line) {
  if (line.size() > kMostBandwidthResultBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("result is ", line.size(), " bytes, limit ", kMostBandwidthResultBytes));
  }
  CountsReader reader;
  nlohmann::json::sax_parse(line, &reader);  // false is told by the reader's status, too
  return reader.Finish();
}

std::uint64_t DownRate(const TestCounts& checker, const TestCounts& device) {
  return std::min(RateOf(checker.sent_bytes, checker.sent_us),
                  RateOf(device.received_bytes, std::max(checker.sent_us, device.received_us)));
}

std::uint64_t UpRate(const TestCounts& checker) {
  return RateOf(checker.received_bytes, checker.received_us);
}

absl::StatusOr<BandwidthRates> RatesOf(const v1::BandwidthEvidence& evidence) {
  if (evidence.tests_size() != 2 || evidence.tests(0).direction() != v1::DOWN ||
      evidence.tests(1).direction() != v1::UP) {
    return absl::InvalidArgumentError("tests are not one DOWN and one UP");
  }
  const v1::BandwidthEvidence::Test& down = evidence.tests(0);
  const v1::BandwidthEvidence::Test& up = evidence.tests(1);
  ASSIGN_OR_RETURN(const TestCounts checker_down, ParseTestCounts(down.checker_result()));
  ASSIGN_OR_RETURN(const TestCounts device_down, ParseTestCounts(down.measured().result()));
  ASSIGN_OR_RETURN(const TestCounts checker_up, ParseTestCounts(up.checker_result()));
  RETURN_IF_ERROR(ParseTestCounts(up.measured().result()).status());
  return BandwidthRates{DownRate(checker_down, device_down), UpRate(checker_up)};
}

}  // namespace kaisar::challenges
