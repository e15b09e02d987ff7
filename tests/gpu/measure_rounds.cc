#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/own_kernels.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

using Pair = std::vector<DeviceBuffer>;  // one for each state of the inputs

absl::StatusOr<Pair> AllocatePair(std::size_t bytes) {
  Pair pair;
  for (int i = 0; i < Inputs::kStates; ++i) {
    ASSIGN_OR_RETURN(DeviceBuffer buffer, DeviceBuffer::Allocate(bytes));
    pair.push_back(std::move(buffer));
  }
  return pair;
}

// One size: what is timed, and where the results go.
class RoundBench {
 public:
  RoundBench(const Setting& setting, std::uint32_t n)
      : setting_(setting), n_(n), elements_(std::size_t{n} * n) {}

  absl::StatusOr<std::vector<Measured>> Run() {
    ASSIGN_OR_RETURN(inputs_, Inputs::Make(n_));
    RETURN_IF_ERROR(RunPlain());
    // The first path and the library heat the GPU alike; a slow path among them would let it cool.
    RETURN_IF_ERROR(AddPaths([this](RoundPath path) { return path == setting_.paths.front(); }));
    RETURN_IF_ERROR(AddCublas());
    RETURN_IF_ERROR(TimeAll(2.0 * n_ * n_ * n_));
    RETURN_IF_ERROR(AddPaths([this](RoundPath path) { return path != setting_.paths.front(); }));
    RETURN_IF_ERROR(TimeAll(2.0 * n_ * n_ * n_));
    for (Measured& one : measured_) one.wrong = WrongIn(one.what);
    RETURN_IF_ERROR(AddGenerationAndTree());
    RETURN_IF_ERROR(TimeAll(0));
    return std::move(measured_);
  }

 private:
  RoundArguments Arguments(int launch, const Pair& into) const {
    RoundArguments arguments;
    arguments.w = inputs_.w();
    arguments.z = inputs_.z(launch);
    arguments.next = into[static_cast<std::size_t>(launch % Inputs::kStates)].As<std::int8_t>();
    arguments.n = n_;
    arguments.stop = setting_.stop;
    return arguments;
  }

  // The oracle, itself checked by the CPU; timed once, since it is slow.
  absl::Status RunPlain() {
    ASSIGN_OR_RETURN(expected_, AllocatePair(elements_));
    Measured plain{NameOf(RoundPath::kPlain), n_, 0, 2.0 * n_ * n_ * n_, {}, kLibrary, ""};
    for (int launch = 0; launch < Inputs::kStates; ++launch) {
      Event begin;
      Event end;
      RETURN_IF_ERROR(begin.Record(setting_.stream));
      RETURN_IF_ERROR(CheckCuda(LaunchPlainRound(Arguments(launch, expected_), setting_.stream),
                                "plain round"));
      RETURN_IF_ERROR(end.Record(setting_.stream));
      ASSIGN_OR_RETURN(const double taken_us, MicrosecondsBetween(begin, end));
      plain.samples_us.push_back(taken_us);
      RETURN_IF_ERROR(inputs_.SpotCheck(expected_[static_cast<std::size_t>(launch)], launch));
    }
    measured_.push_back(std::move(plain));
    return absl::OkStatus();
  }

  absl::Status AddPaths(const std::function<bool(RoundPath path)>& chosen) {
    for (const RoundPath path : setting_.paths) {
      if (!chosen(path)) continue;
      ASSIGN_OR_RETURN(RoundCaller caller, RoundCaller::Make(path, n_));
      const absl::Status prepared =
          CheckCuda(caller.Prepare(inputs_.w(), n_, setting_.stream), "W to bf16");
      if (absl::IsUnimplemented(prepared)) continue;
      RETURN_IF_ERROR(prepared);
      ASSIGN_OR_RETURN(results_[NameOf(path)], AllocatePair(elements_));
      auto shared = std::make_shared<RoundCaller>(std::move(caller));
      Add(NameOf(path), [this, path, shared](int launch, cudaStream_t stream) {
        return CheckCuda(shared->Enqueue(Arguments(launch, results_[NameOf(path)]), stream),
                         NameOf(path));
      });
    }
    return absl::OkStatus();
  }

  absl::Status AddCublas() {
    if (setting_.cublas == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(sums_, DeviceBuffer::Allocate(4 * elements_));
    auto* const sums = sums_.As<std::int32_t>();
    RETURN_IF_ERROR(setting_.cublas->Plan(inputs_.w(), inputs_.z(0), sums, n_, setting_.stream));
    ASSIGN_OR_RETURN(results_[kWithEpilogue], AllocatePair(elements_));
    Add(kLibrary, [this, sums](int launch, cudaStream_t stream) {
      return setting_.cublas->Enqueue(inputs_.w(), inputs_.z(launch), sums, stream);
    });
    Add(kWithEpilogue, [this, sums](int launch, cudaStream_t stream) {
      RETURN_IF_ERROR(setting_.cublas->Enqueue(inputs_.w(), inputs_.z(launch), sums, stream));
      const RoundArguments arguments = Arguments(launch, results_[kWithEpilogue]);
      return CheckCuda(LaunchSeparateEpilogue(sums, arguments.next, elements_, stream), "epilogue");
    });
    return absl::OkStatus();
  }

  absl::Status AddGenerationAndTree() {
    ASSIGN_OR_RETURN(const Digest seed, DrawSeed());
    ASSIGN_OR_RETURN(digests_, DeviceBuffer::Allocate(32 * TreeDigests(n_)));
    ASSIGN_OR_RETURN(results_["generate"], AllocatePair(elements_));
    Add("generate one matrix", [this, seed](int launch, cudaStream_t stream) {
      auto& into = results_["generate"][static_cast<std::size_t>(launch % Inputs::kStates)];
      return CheckCuda(LaunchGenerate(seed, 0, n_, into.As<std::int8_t>(), stream), "generate");
    });
    Add("tree of one state", [this](int launch, cudaStream_t stream) {
      return CheckCuda(
          LaunchTree(inputs_.z(launch), n_, digests_.As<std::uint8_t>(), setting_.stop, stream),
          "tree");
    });
    return absl::OkStatus();
  }

  void Add(const std::string& name,
           std::function<absl::Status(int launch, cudaStream_t stream)> enqueue) {
    contenders_.push_back({name, std::move(enqueue), 0, {}});
  }

  absl::Status TimeAll(double operations) {
    RETURN_IF_ERROR(TimeInTurns(contenders_, setting_.samples, setting_.sample_us,  //
                                setting_.stream));
    for (Contender& contender : contenders_) {
      measured_.push_back({contender.name, n_, 0, operations, std::move(contender.samples_us),
                           operations > 0 ? kLibrary : "", ""});
      if (contender.name == kLibrary) measured_.back().tried_us = setting_.cublas->tried_us();
    }
    contenders_.clear();
    return absl::OkStatus();
  }

  // What differs in what the last timed launches left.
  std::string WrongIn(const std::string& what) {
    const auto found = results_.find(what);
    if (found == results_.end()) return "";
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      absl::Status status = CheckSame(expected_[i].As<void>(), found->second[i].As<void>(),
                                      elements_, absl::StrCat(what, " at n = ", n_));
      if (status.ok()) status = found->second[i].CheckGuards();
      if (!status.ok()) return std::string(status.message());
    }
    return "";
  }

  const Setting& setting_;
  const std::uint32_t n_;
  const std::size_t elements_;
  Inputs inputs_;
  Pair expected_;
  std::map<std::string, Pair> results_;
  DeviceBuffer sums_;
  DeviceBuffer digests_;
  std::vector<Contender> contenders_;
  std::vector<Measured> measured_;
};

}  // namespace

absl::StatusOr<std::vector<Measured>> MeasureRounds(const Setting& setting, std::uint32_t n) {
  return RoundBench(setting, n).Run();
}

}  // namespace kaisar::kernels
