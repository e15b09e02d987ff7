#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/merkle_tree.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

// Of the free memory, what states and trees may take; the rest is for scratch and the library.
constexpr double kShareOfMemory = 0.9;

// As the provider's streams: trees slip in beside the next round.
class Stream {
 public:
  explicit Stream(bool first) {
    int least = 0;
    int greatest = 0;
    cudaDeviceGetStreamPriorityRange(&least, &greatest);
    cudaStreamCreateWithPriority(&stream_, cudaStreamDefault, first ? greatest : least);
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// Whole challenges as a provider does them, and bare products on the states that they leave.
class ChallengeBench {
 public:
  ChallengeBench(const Setting& setting, std::uint32_t n)
      : setting_(setting), n_(n), elements_(std::size_t{n} * n) {}

  absl::StatusOr<std::vector<Measured>> Run(double round_us) {
    ASSIGN_OR_RETURN(seed_, DrawSeed());
    RETURN_IF_ERROR(Allocate(round_us));
    std::vector<RoundCaller> callers;
    for (const RoundPath path : setting_.paths) {
      ASSIGN_OR_RETURN(RoundCaller caller, RoundCaller::Make(path, n_));
      callers.push_back(std::move(caller));
    }
    RETURN_IF_ERROR(TakeTurns(callers));
    return std::move(measured_);
  }

 private:
  absl::Status Allocate(double round_us) {
    ASSIGN_OR_RETURN(w_, DeviceBuffer::Allocate(elements_));
    if (setting_.cublas != nullptr) {
      ASSIGN_OR_RETURN(sums_, DeviceBuffer::Allocate(4 * elements_));
    }
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    RETURN_IF_ERROR(CheckCuda(cudaMemGetInfo(&free_bytes, &total_bytes), "ask for memory"));
    digest_bytes_ = (32 * TreeDigests(n_) + 255) / 256 * 256;
    const double budget = kShareOfMemory * static_cast<double>(free_bytes) -
                          6 * static_cast<double>(elements_);  // Z_0, the plain round, bf16
    const double fitting = budget / static_cast<double>(elements_ + digest_bytes_);
    const double wanted = std::min(1e6 * setting_.challenge_seconds / round_us, fitting);
    rounds_ = static_cast<std::uint32_t>(std::clamp(wanted, 2.0, double{kMostRounds}));
    ASSIGN_OR_RETURN(states_, DeviceBuffer::Allocate((std::size_t{rounds_} + 1) * elements_));
    ASSIGN_OR_RETURN(digests_, DeviceBuffer::Allocate(rounds_ * digest_bytes_));
    return absl::OkStatus();
  }

  // The first path and the products: A B A B …, after a warm-up of both. The others once, since
  // they take long and let the GPU cool.
  absl::Status TakeTurns(const std::vector<RoundCaller>& callers) {
    for (const RoundCaller& caller : callers) {
      const int turns = &caller == &callers.front() ? setting_.challenges : 0;
      RETURN_IF_ERROR(RunChallenge(caller, turns == 0));
      const absl::Status checked = CheckChallenge(NameOf(caller.path()));
      if (turns > 0) RETURN_IF_ERROR(RunProducts(false));
      for (int turn = 0; turn < turns; ++turn) {
        RETURN_IF_ERROR(RunChallenge(caller, true));
        RETURN_IF_ERROR(RunProducts(true));
      }
      if (checked.ok()) continue;
      Find(absl::StrCat("enqueued challenge, ", NameOf(caller.path()))).wrong =
          std::string(checked.message());
    }
    return absl::OkStatus();
  }

  std::int8_t* State(std::uint32_t j) const {
    return states_.As<std::int8_t>() + std::size_t{j} * elements_;
  }

  absl::Status EnqueueInputs(const RoundCaller& caller) {
    RETURN_IF_ERROR(CheckCuda(LaunchGenerate(seed_, 0, n_, w_.As<std::int8_t>(), compute_.get()),
                              "generate W"));
    RETURN_IF_ERROR(
        CheckCuda(LaunchGenerate(seed_, 1, n_, State(0), compute_.get()), "generate Z_0"));
    return CheckCuda(caller.Prepare(w_.As<std::int8_t>(), n_, compute_.get()), "W to bf16");
  }

  absl::Status RunChallenge(const RoundCaller& caller, bool counts) {
    const std::string name = NameOf(caller.path());
    Event finished(cudaEventDisableTiming);
    Event begin;
    Event generated;
    Event multiplied;
    Event end;
    RETURN_IF_ERROR(begin.Record(compute_.get()));
    RETURN_IF_ERROR(EnqueueInputs(caller));
    RETURN_IF_ERROR(generated.Record(compute_.get()));
    for (std::uint32_t j = 0; j < rounds_; ++j) {
      const RoundArguments arguments{w_.As<std::int8_t>(), State(j), State(j + 1), n_,
                                     setting_.stop};
      RETURN_IF_ERROR(CheckCuda(caller.Enqueue(arguments, compute_.get()), NameOf(caller.path())));
      RETURN_IF_ERROR(finished.Record(compute_.get()));
      RETURN_IF_ERROR(CheckCuda(cudaStreamWaitEvent(hash_.get(), finished.get(), 0), "order"));
      RETURN_IF_ERROR(
          CheckCuda(LaunchTree(State(j + 1), n_, digests_.As<std::uint8_t>() + j * digest_bytes_,
                               setting_.stop, hash_.get()),
                    "tree"));
    }
    RETURN_IF_ERROR(multiplied.Record(compute_.get()));
    RETURN_IF_ERROR(end.Record(hash_.get()));
    ASSIGN_OR_RETURN(const double all_us, MicrosecondsBetween(begin, end));
    ASSIGN_OR_RETURN(const double rounds_us, MicrosecondsBetween(generated, multiplied));
    if (!counts) return absl::OkStatus();
    Note(absl::StrCat("enqueued challenge, ", name), all_us);
    Note(absl::StrCat("its rounds, ", name), rounds_us);
    return absl::OkStatus();
  }

  absl::Status RunProducts(bool counts) {
    if (setting_.cublas == nullptr) return absl::OkStatus();
    Event begin;
    Event end;
    RETURN_IF_ERROR(begin.Record(compute_.get()));
    for (std::uint32_t j = 0; j < rounds_; ++j) {
      RETURN_IF_ERROR(setting_.cublas->Enqueue(w_.As<std::int8_t>(), State(j),
                                               sums_.As<std::int32_t>(), compute_.get()));
    }
    RETURN_IF_ERROR(end.Record(compute_.get()));
    ASSIGN_OR_RETURN(const double taken_us, MicrosecondsBetween(begin, end));
    if (counts) Note("products", taken_us);
    return absl::OkStatus();
  }

  // The first and the last round against the plain path, their trees against the CPU's.
  absl::Status CheckChallenge(const std::string& name) {
    ASSIGN_OR_RETURN(DeviceBuffer plain, DeviceBuffer::Allocate(elements_));
    for (const std::uint32_t j : {std::uint32_t{0}, rounds_ - 1}) {
      const std::string what = absl::StrCat("round ", j + 1, " of a challenge, ", name);
      const RoundArguments arguments{w_.As<std::int8_t>(), State(j), plain.As<std::int8_t>(), n_,
                                     setting_.stop};
      RETURN_IF_ERROR(CheckCuda(LaunchPlainRound(arguments, compute_.get()), "plain round"));
      RETURN_IF_ERROR(CheckCuda(cudaDeviceSynchronize(), "wait for the GPU"));
      RETURN_IF_ERROR(CheckSame(plain.As<void>(), State(j + 1), elements_, what));
      std::vector<std::int8_t> state(elements_);
      RETURN_IF_ERROR(plain.Read(state.data(), elements_));
      Digest root;
      RETURN_IF_ERROR(
          digests_.Read(root.data(), root.size(), j * digest_bytes_ + 32 * (TreeDigests(n_) - 1)));
      if (MerkleTree::Build(state, n_, 1).root() == root) continue;
      return absl::DataLossError(absl::StrCat(what, ": the root is not the CPU's"));
    }
    RETURN_IF_ERROR(states_.CheckGuards());
    return digests_.CheckGuards();
  }

  void Note(const std::string& what, double taken_us) { Find(what).samples_us.push_back(taken_us); }

  Measured& Find(const std::string& what) {
    const auto found = std::find_if(measured_.begin(), measured_.end(),
                                    [&](const Measured& one) { return one.what == what; });
    if (found != measured_.end()) return *found;
    const double operations = 2.0 * n_ * n_ * n_ * rounds_;
    return measured_.emplace_back(Measured{what, n_, rounds_, operations, {}, "products", ""});
  }

  const Setting& setting_;
  const std::uint32_t n_;
  const std::size_t elements_;
  std::size_t digest_bytes_ = 0;
  std::uint32_t rounds_ = 0;
  Digest seed_{};
  Stream compute_{false};
  Stream hash_{true};
  DeviceBuffer w_;
  DeviceBuffer states_;
  DeviceBuffer digests_;
  DeviceBuffer sums_;
  std::vector<Measured> measured_;
};

}  // namespace

absl::StatusOr<std::vector<Measured>> MeasureChallenges(const Setting& setting, std::uint32_t n,
                                                        double round_us) {
  return ChallengeBench(setting, n).Run(round_us);
}

}  // namespace kaisar::kernels
