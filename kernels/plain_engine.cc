#include <new>
#include <vector>

#include "base/check.h"
#include "kernels/element.h"
#include "kernels/host_engine.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

// Written from docs/protocol.md, Matmul, Work, and nothing else: no blocking, no vectors.
class PlainEngine : public HostEngine {
 public:
  absl::Status Begin(const Digest& seed, std::uint32_t n) override {
    n_ = n;
    try {
      w_.resize(std::size_t{n} * n);
      z0_.resize(std::size_t{n} * n);
    } catch (const std::bad_alloc&) {
      return absl::ResourceExhaustedError("no memory for the input matrices");
    }
    GenerateRows(seed, Matrix::kW, 0, n, absl::MakeSpan(w_));
    GenerateRows(seed, Matrix::kZ0, 0, n, absl::MakeSpan(z0_));
    return absl::OkStatus();
  }

  absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                     const std::function<bool()>& cancelled) override {
    if (state.empty()) state = z0_;
    KAISAR_CHECK(state.size() == w_.size() && next.size() == w_.size());
    for (std::size_t r = 0; r < n_; ++r) {
      if (cancelled()) return absl::CancelledError("matmul was cancelled");
      for (std::size_t c = 0; c < n_; ++c) {
        // Pointers, because the sanitizers check each call of an operator in the innermost loop.
        const std::int8_t* row = w_.data() + r * n_;
        const std::int8_t* column = state.data() + c * n_;
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < n_; ++k) sum += row[k] * column[k];
        next[r * n_ + c] = ElementFromSum(sum);
      }
    }
    return absl::OkStatus();
  }

  std::string Description() const override { return "cpu plain, 1 thread"; }

 private:
  std::size_t n_ = 0;
  std::vector<std::int8_t> w_;
  std::vector<std::int8_t> z0_;
};

}  // namespace

std::unique_ptr<HostEngine> MakePlainEngine() {
  return std::make_unique<PlainEngine>();
}

}  // namespace kaisar::kernels
