#include "audit/closed_form.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kMostPort = 65'535;
constexpr int kTests = 2;  // DOWN, then UP

/// Whether the checker's own end of a test says that nothing went wrong.
bool IsCompleted(const v1::BandwidthEvidence::Test& test) {
  const auto outcome = challenges::ParseOutcome(test.checker_result());
  return outcome.ok() && outcome->state == challenges::IperfOutcome::State::kCompleted;
}

class Form {
 public:
  Form(const v1::ChallengeClosed& closed, const ClosedContext& context)
      : closed_(closed),
        context_(context),
        transport_(closed.transport()),
        ended_(absl::StrCat("though its transport is ", v1::Transport_Name(transport_))) {}

  std::vector<std::string> Faults() {
    if (transport_ == v1::TRANSPORT_UNSPECIFIED || !v1::Transport_IsValid(transport_)) {
      Add("transport is ", static_cast<int>(transport_), ", expected 1 to 8");
      return std::move(faults_);
    }
    Limit("detail", closed_.detail().size(), kMostDetailBytes);
    CheckKind();
    if (transport_ == v1::NOT_SENT) {
      CheckNotSent();
    } else if (closed_.sent_ms() == 0) {
      Add("sent_ms is 0 ", ended_);
    }
    CheckReachability();
    if (closed_.has_refusal() != (transport_ == v1::DECLINED)) {
      Add("has ", closed_.has_refusal() ? "a" : "no", " refusal ", ended_);
    }
    CheckCompleted();
    CheckLatency();
    CheckMatmul();
    CheckBandwidth();
    return std::move(faults_);
  }

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    faults_.push_back(absl::StrCat(parts...));
  }
  void Limit(absl::string_view field, std::size_t size, std::size_t limit) {
    if (size > limit) Add(field, " is ", size, " bytes, limit ", limit);
  }

  /// The call ended without the answer that completes it.
  bool is_unheard() const {
    return transport_ == v1::NO_CONNECTION || transport_ == v1::BROKEN ||
           transport_ == v1::DEADLINE;
  }
  /// Once the last answer has come, the device may only say too much, or the checker sleep.
  bool may_be_answered() const {
    return transport_ == v1::COMPLETED || transport_ == v1::VIOLATION ||
           transport_ == v1::ABANDONED;
  }

  void CheckKind() {
    const auto only = [this](bool has, const char* field, v1::Kind kind) {
      if (has && closed_.kind() != kind) {
        Add("has ", field, ", which no challenge of its kind has");
      }
    };
    only(closed_.has_latency(), "latency", v1::LATENCY);
    only(closed_.has_matmul(), "matmul", v1::MATMUL);
    only(closed_.has_bandwidth(), "bandwidth", v1::BANDWIDTH);
  }

  void CheckNotSent() {
    const auto no = [this](bool has, const char* field) {
      if (has) Add("has ", field, " ", ended_);
    };
    no(closed_.has_latency(), "latency");
    no(closed_.has_matmul(), "matmul");
    no(closed_.has_bandwidth(), "bandwidth");
    no(closed_.elapsed_ms() != 0, "an elapsed_ms");
    no(closed_.clock_step_ms() != 0, "a clock_step_ms");
  }

  void CheckCompleted() {
    if (transport_ != v1::COMPLETED) return;
    const auto needs = [this](v1::Kind kind, bool has, const char* field) {
      if (closed_.kind() == kind && !has) Add("has no ", field, " ", ended_);
    };
    needs(v1::LATENCY, closed_.latency().has_transcript(), "latency.transcript");
    needs(v1::MATMUL, closed_.matmul().has_opening(), "matmul.opening");
    needs(v1::BANDWIDTH, closed_.bandwidth().has_transcript(), "bandwidth.transcript");
  }

  void CheckReachability() {
    const v1::Reachability& reachability = closed_.reachability();
    if (closed_.has_reachability() != is_unheard()) {
      Add("has ", closed_.has_reachability() ? "a" : "no", " reachability ", ended_);
    }
    if (reachability.devices_heard() > context_.most_heard) {
      Add("reachability: devices_heard is ", reachability.devices_heard(), ", limit ",
          context_.most_heard);
    }
    if (reachability.endpoints_reached() > reachability.endpoints_tried()) {
      Add("reachability: endpoints_reached is ", reachability.endpoints_reached(),
          ", endpoints_tried ", reachability.endpoints_tried());
    }
  }

  void CheckLatency() {
    const v1::LatencyEvidence& latency = closed_.latency();
    if (latency.has_transcript() && !may_be_answered()) {
      Add("has a latency.transcript ", ended_, ": the device answered");
    }
    if (transport_ == v1::NO_CONNECTION && latency.echoes_size() > 0) {
      Add("has ", latency.echoes_size(), " latency.echoes ", ended_);
    }
    std::vector<bool> echoed(context_.pings);
    for (const v1::LatencyEvidence::Echo& echo : latency.echoes()) {
      if (echo.ping() < context_.pings && !echoed[echo.ping()]) {
        echoed[echo.ping()] = true;
        continue;
      }
      Add("latency.echoes: has ping ", echo.ping(), ", expected each of ", context_.pings,
          " pings at most once");
      return;
    }
  }

  void CheckMatmul() {
    const v1::MatmulEvidence& matmul = closed_.matmul();
    if (context_.committed && transport_ == v1::NO_CONNECTION) {
      Add("has a commitment ", ended_);
    }
    if (matmul.has_opening() && !may_be_answered()) {
      Add("has a matmul.opening ", ended_, ": the device answered");
    }
    if (matmul.has_opening() && !context_.committed) {
      Add("has a matmul.opening without a commitment");
    }
    if (!matmul.has_opening() && matmul.opening_elapsed_ns() != 0) {
      Add("matmul.opening_elapsed_ns is ", matmul.opening_elapsed_ns(), " without an opening");
    }
    if (!matmul.has_second_commitment()) return;
    // It ends the call as a VIOLATION, unless the checker had given up on a late first one.
    if (transport_ != v1::VIOLATION && transport_ != v1::ABANDONED && transport_ != v1::DEADLINE) {
      Add("has a matmul.second_commitment ", ended_);
    }
    if (matmul.has_opening()) Add("has a matmul.second_commitment and an opening");
    if (!context_.committed) Add("has a matmul.second_commitment without a first one");
  }

  void CheckBandwidth() {
    if (!closed_.has_bandwidth()) return;
    const v1::BandwidthEvidence& bandwidth = closed_.bandwidth();
    if (bandwidth.tests_size() < 1 || bandwidth.tests_size() > kTests) {
      Add("bandwidth.tests: has ", bandwidth.tests_size(), ", expected 1 to ", kTests);
      return;
    }
    bool measured = true, counted = true;
    for (int i = 0; i < bandwidth.tests_size(); ++i) {
      const v1::BandwidthEvidence::Test& test = bandwidth.tests(i);
      if (!measured || !counted) {
        Add("bandwidth.tests[", i, "]: was opened before the one before it was measured");
      }
      CheckTest(absl::StrCat("bandwidth.tests[", i, "]: "), i == 0 ? v1::DOWN : v1::UP, test);
      measured = measured && test.has_measured();
      counted = counted && !test.checker_result().empty();
    }
    if (!bandwidth.has_transcript()) return;
    if (bandwidth.tests_size() != kTests || !measured) {
      Add("has a bandwidth.transcript, but not the results of ", kTests, " tests");
    } else if (!may_be_answered() && IsCompleted(bandwidth.tests(0)) &&
               IsCompleted(bandwidth.tests(1))) {
      // Else the checker's own end was not done when the device signed, or went wrong.
      Add("has a bandwidth.transcript and all results ", ended_, ": the device answered");
    }
  }

  void CheckTest(const std::string& where, v1::Direction direction,
                 const v1::BandwidthEvidence::Test& test) {
    const auto is_direction = [&](const char* field, v1::Direction found) {
      if (found == direction) return;
      Add(where, field, " is ", static_cast<int>(found), ", expected ",
          v1::Direction_Name(direction));
    };
    is_direction("direction", test.direction());
    is_direction("opened.direction", test.opened().direction());
    if (test.has_measured()) is_direction("measured.direction", test.measured().direction());
    if (test.opened().port() == 0 || test.opened().port() > kMostPort) {
      Add(where, "opened.port is ", test.opened().port(), ", expected 1 to ", kMostPort);
    }
    Limit(where + "opened.rsa_public_key", test.opened().rsa_public_key().size(),
          challenges::kMostRsaPublicKeyBytes);
    Limit(where + "checker_result", test.checker_result().size(),
          challenges::kMostBandwidthResultBytes);
    Limit(where + "measured.result", test.measured().result().size(),
          challenges::kMostBandwidthResultBytes);
  }

  const v1::ChallengeClosed& closed_;
  const ClosedContext& context_;
  const v1::Transport transport_;
  const std::string ended_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> ClosedFaults(const v1::ChallengeClosed& closed,
                                      const ClosedContext& context) {
  return Form(closed, context).Faults();
}

}  // namespace kaisar::audit
