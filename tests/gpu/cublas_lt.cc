#include "tests/gpu/cublas_lt.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/gpu/device_buffer.h"
#include "tests/gpu/stopwatch.h"

#ifdef KAISAR_CUBLAS_LT

#include <cublasLt.h>
#include <dlfcn.h>

#include <array>

namespace kaisar::kernels {
namespace {

// What the library's own examples give Hopper is 32 MiB; more never hurts a product.
constexpr std::size_t kWorkspaceBytes = std::size_t{128} << 20;
constexpr int kAlgorithmsAsked = 16;
constexpr double kTrialUs = 3000;
constexpr int kTrials = 5;

// The calls that are used, by their declarations.
struct Calls {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtGetVersion) version = nullptr;
  decltype(&cublasLtMatmulDescCreate) make_product = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set_product = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) make_layout = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) make_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) propose = nullptr;
  decltype(&cublasLtMatmul) multiply = nullptr;
};

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool FindAll(void* library, Calls& calls) {
  return Find(library, "cublasLtCreate", calls.create) &&
         Find(library, "cublasLtGetVersion", calls.version) &&
         Find(library, "cublasLtMatmulDescCreate", calls.make_product) &&
         Find(library, "cublasLtMatmulDescSetAttribute", calls.set_product) &&
         Find(library, "cublasLtMatrixLayoutCreate", calls.make_layout) &&
         Find(library, "cublasLtMatmulPreferenceCreate", calls.make_preference) &&
         Find(library, "cublasLtMatmulPreferenceSetAttribute", calls.set_preference) &&
         Find(library, "cublasLtMatmulAlgoGetHeuristic", calls.propose) &&
         Find(library, "cublasLtMatmul", calls.multiply);
}

absl::Status CheckCublas(cublasStatus_t status, const char* attempted) {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cuBLASLt, ", attempted, ": status ", static_cast<int>(status)));
}

// Columns first, as the library thinks: our row-major Z is its k×n matrix to be transposed, our
// row-major W its k×n matrix as it is, and what it writes as c×r is our r×c.
class OpenedCublasLt : public CublasLt {
 public:
  OpenedCublasLt(const Calls& calls, std::string path) : calls_(calls), path_(std::move(path)) {}

  absl::Status Start() {
    RETURN_IF_ERROR(CheckCublas(calls_.create(&handle_), "start"));
    ASSIGN_OR_RETURN(workspace_, DeviceBuffer::Allocate(kWorkspaceBytes));
    return absl::OkStatus();
  }

  absl::Status Plan(const std::int8_t* w, const std::int8_t* z, std::int32_t* sums, std::uint32_t n,
                    cudaStream_t stream) override {
    RETURN_IF_ERROR(Describe(n));
    std::array<cublasLtMatmulHeuristicResult_t, kAlgorithmsAsked> proposed{};
    int count = 0;
    RETURN_IF_ERROR(
        CheckCublas(calls_.propose(handle_, product_, inputs_, inputs_, sums_, sums_, preference_,
                                   kAlgorithmsAsked, proposed.data(), &count),
                    "propose algorithms"));
    tried_us_.clear();
    double best_us = 0;
    for (int i = 0; i < count; ++i) {
      const cublasLtMatmulAlgo_t before = algorithm_;
      algorithm_ = proposed[static_cast<std::size_t>(i)].algo;
      tried_us_.push_back(Try(w, z, sums, stream));
      if (tried_us_.back() > 0 && (best_us == 0 || tried_us_.back() < best_us)) {
        best_us = tried_us_.back();
      } else {
        algorithm_ = before;
      }
    }
    if (best_us == 0) return absl::UnavailableError("cuBLASLt has no algorithm for this product");
    return absl::OkStatus();
  }

  absl::Status Enqueue(const std::int8_t* w, const std::int8_t* z, std::int32_t* sums,
                       cudaStream_t stream) override {
    const std::int32_t one = 1;
    const std::int32_t zero = 0;
    return CheckCublas(
        calls_.multiply(handle_, product_, &one, z, inputs_, w, inputs_, &zero, sums, sums_, sums,
                        sums_, &algorithm_, workspace_.As<std::uint8_t>(), kWorkspaceBytes, stream),
        "multiply");
  }

  std::string Description() const override {
    return absl::StrCat("cuBLASLt ", calls_.version(), " from ", path_);
  }
  const std::vector<double>& tried_us() const override { return tried_us_; }

 private:
  // What is made here is small and lives until the program ends.
  absl::Status Describe(std::uint32_t n) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    RETURN_IF_ERROR(CheckCublas(calls_.make_product(&product_, CUBLAS_COMPUTE_32I, CUDA_R_32I),
                                "describe the product"));
    RETURN_IF_ERROR(CheckCublas(
        calls_.set_product(product_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)),
        "transpose"));
    RETURN_IF_ERROR(
        CheckCublas(calls_.make_layout(&inputs_, CUDA_R_8I, n, n, n), "describe the inputs"));
    RETURN_IF_ERROR(
        CheckCublas(calls_.make_layout(&sums_, CUDA_R_32I, n, n, n), "describe the sums"));
    RETURN_IF_ERROR(CheckCublas(calls_.make_preference(&preference_), "make a preference"));
    return CheckCublas(calls_.set_preference(preference_, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &kWorkspaceBytes, sizeof(kWorkspaceBytes)),
                       "allow the workspace");
  }

  double Try(const std::int8_t* w, const std::int8_t* z, std::int32_t* sums, cudaStream_t stream) {
    std::vector<Contender> alone(1);
    alone[0].enqueue = [&](int, cudaStream_t on) { return Enqueue(w, z, sums, on); };
    if (!TimeInTurns(alone, kTrials, kTrialUs, stream).ok()) return -1;
    return Median(alone[0].samples_us);
  }

  const Calls calls_;
  const std::string path_;
  cublasLtHandle_t handle_ = nullptr;
  DeviceBuffer workspace_;
  cublasLtMatmulDesc_t product_ = nullptr;
  cublasLtMatrixLayout_t inputs_ = nullptr;
  cublasLtMatrixLayout_t sums_ = nullptr;
  cublasLtMatmulPreference_t preference_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_{};
  std::vector<double> tried_us_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CublasLt>> CublasLt::Open(const std::string& folder) {
  std::vector<std::string> tried;
  for (const char* version : {"13", "12"}) {
    const std::string name = absl::StrCat("libcublasLt.so.", version);
    if (!folder.empty()) tried.push_back(absl::StrCat(folder, "/", name));
    tried.push_back(name);
    tried.push_back(absl::StrCat("/usr/local/cuda/lib64/", name));
  }
  for (const std::string& path : tried) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    Calls calls;
    if (library == nullptr || !FindAll(library, calls)) continue;
    auto opened = std::make_unique<OpenedCublasLt>(calls, path);
    RETURN_IF_ERROR(opened->Start());
    return opened;
  }
  return absl::NotFoundError(absl::StrCat("no cuBLASLt; tried ", absl::StrJoin(tried, ", ")));
}

}  // namespace kaisar::kernels

#else

namespace kaisar::kernels {

absl::StatusOr<std::unique_ptr<CublasLt>> CublasLt::Open(const std::string&) {
  return absl::UnimplementedError("built without cublasLt.h");
}

}  // namespace kaisar::kernels

#endif
