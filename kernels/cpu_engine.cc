#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "kernels/host_engine.h"
#include "kernels/panel_kernel.h"
#include "kernels/rows.h"
#include "kernels/worker_pool.h"

namespace kaisar::kernels {
namespace {

// Columns that one piece of work takes through all of W, and rows of W between two looks at
// `cancelled` (some milliseconds). The block of W and the sums stay in the L2 cache meanwhile.
constexpr std::size_t kMostColumns = 128;
constexpr std::size_t kRowsAtATime = 96;

template <typename T>
using Aligned = hwy::AlignedFreeUniquePtr<T[]>;

// What one thread needs beside the shared panels of W.
struct Scratch {
  Aligned<std::uint32_t> z;  // panels of one piece's columns
  Aligned<std::int32_t> sums;
  Aligned<std::int8_t> rows;  // generated rows on their way into a panel
};

class CpuEngine : public HostEngine {
 public:
  explicit CpuEngine(int threads) : pool_(threads), scratch_(pool_.threads()) {}

  absl::Status Begin(const Digest& seed, std::uint32_t n) override;
  absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                     const std::function<bool()>& cancelled) override;
  int hashing_threads() const override { return static_cast<int>(pool_.threads()); }
  std::string Description() const override {
    return absl::StrCat("cpu ", kernel_->target, ", ", pool_.threads(),
                        pool_.threads() == 1 ? " thread" : " threads");
  }

 private:
  bool Allocate();
  void PackRowsOfW(std::size_t panel, Scratch& scratch);
  void PackColumns(absl::Span<const std::int8_t> state, std::size_t first_column,
                   Scratch& scratch) const;
  void MultiplyRows(std::size_t first_panel, std::size_t last_panel, std::size_t first_column,
                    std::int8_t* next, Scratch& scratch) const;

  std::size_t words() const { return n_ / kernel_->group; }
  std::size_t panels_of_w() const { return (n_ + kernel_->rows - 1) / kernel_->rows; }

  WorkerPool pool_;
  const PanelKernel* kernel_ = &BestPanelKernel();
  Digest seed_{};
  std::size_t n_ = 0;
  std::size_t piece_columns_ = 0;
  std::size_t block_panels_ = 0;  // panels of W in kRowsAtATime
  bool w_is_packed_ = false;
  Aligned<std::uint32_t> w_;         // panels_of_w() × words() × kernel_->rows
  std::vector<std::int32_t> start_;  // per row of W, padding included
  std::vector<Scratch> scratch_;     // one a thread
};

absl::Status CpuEngine::Begin(const Digest& seed, std::uint32_t n) {
  KAISAR_CHECK(n >= 256 && n <= 32768 && (n & (n - 1)) == 0);
  kernel_ = &BestPanelKernel();
  seed_ = seed;
  n_ = n;
  // Enough pieces that no thread waits long for the last one.
  piece_columns_ = kMostColumns;
  while (piece_columns_ > kernel_->columns && n_ / piece_columns_ < 4 * pool_.threads()) {
    piece_columns_ /= 2;
  }
  block_panels_ = std::max<std::size_t>(1, kRowsAtATime / kernel_->rows);
  if (!Allocate()) {
    n_ = 0;
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for the input matrices of n = ", n));
  }
  w_is_packed_ = false;
  return absl::OkStatus();
}

bool CpuEngine::Allocate() {
  // Frees first: two challenges never need memory at the same time.
  w_.reset();
  for (Scratch& scratch : scratch_) scratch = Scratch();
  w_ = hwy::AllocateAligned<std::uint32_t>(panels_of_w() * words() * kernel_->rows);
  if (w_ == nullptr) return false;
  for (Scratch& scratch : scratch_) {
    scratch.z = hwy::AllocateAligned<std::uint32_t>(piece_columns_ * words());
    scratch.sums =
        hwy::AllocateAligned<std::int32_t>(block_panels_ * kernel_->rows * piece_columns_);
    scratch.rows =
        hwy::AllocateAligned<std::int8_t>(std::max(kernel_->rows, kernel_->columns) * n_);
    if (scratch.z == nullptr || scratch.sums == nullptr || scratch.rows == nullptr) return false;
  }
  start_.assign(panels_of_w() * kernel_->rows, 0);
  return true;
}

void CpuEngine::PackRowsOfW(std::size_t panel, Scratch& scratch) {
  const std::size_t first = panel * kernel_->rows;
  const std::size_t count = std::min(kernel_->rows, n_ - first);
  GenerateRows(seed_, Matrix::kW, first, static_cast<std::uint32_t>(n_),
               absl::MakeSpan(scratch.rows.get(), count * n_));
  PackPanel(scratch.rows.get(), count, n_, kernel_->rows, kernel_->group, 0,
            w_.get() + first * words());
  if (kernel_->column_bias == 0) return;
  for (std::size_t r = 0; r < count; ++r) {
    const std::int8_t* row = scratch.rows.get() + r * n_;
    start_[first + r] = -kernel_->column_bias * std::accumulate(row, row + n_, std::int32_t{0});
  }
}

absl::Status CpuEngine::Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                              const std::function<bool()>& cancelled) {
  KAISAR_CHECK(n_ > 0 && next.size() == n_ * n_);
  KAISAR_CHECK(state.empty() || state.size() == next.size());
  const auto piece = [&](std::size_t number, std::size_t worker,
                         const std::function<bool()>& stop) {
    const std::size_t first_column = number * piece_columns_;
    PackColumns(state, first_column, scratch_[worker]);
    for (std::size_t panel = 0; panel < panels_of_w(); panel += block_panels_) {
      if (stop()) return;
      MultiplyRows(panel, std::min(panel + block_panels_, panels_of_w()), first_column, next.data(),
                   scratch_[worker]);
    }
  };
  const auto pack = [this](std::size_t panel, std::size_t worker, const std::function<bool()>&) {
    PackRowsOfW(panel, scratch_[worker]);
  };
  if (!w_is_packed_) w_is_packed_ = pool_.Run(panels_of_w(), pack, cancelled);
  if (!w_is_packed_ || !pool_.Run(n_ / piece_columns_, piece, cancelled)) {
    return absl::CancelledError("matmul was cancelled");
  }
  return absl::OkStatus();
}

// Columns of the product are rows of the state, so that both operands are read along rows.
void CpuEngine::PackColumns(absl::Span<const std::int8_t> state, std::size_t first_column,
                            Scratch& scratch) const {
  const std::size_t columns = kernel_->columns;
  for (std::size_t c = 0; c < piece_columns_; c += columns) {
    const std::int8_t* rows = scratch.rows.get();
    if (state.empty()) {
      GenerateRows(seed_, Matrix::kZ0, first_column + c, static_cast<std::uint32_t>(n_),
                   absl::MakeSpan(scratch.rows.get(), columns * n_));
    } else {
      rows = state.data() + (first_column + c) * n_;
    }
    PackPanel(rows, columns, n_, columns, kernel_->group, kernel_->column_bias,
              scratch.z.get() + c * words());
  }
}

// Within a block of k, a panel of Z (in L1) meets all panels of W of the block (in L2).
void CpuEngine::MultiplyRows(std::size_t first_panel, std::size_t last_panel,
                             std::size_t first_column, std::int8_t* next, Scratch& scratch) const {
  const std::size_t rows = kernel_->rows;
  const std::size_t columns = kernel_->columns;
  Tile tile;
  tile.next_stride = n_;
  for (std::size_t k = 0; k < words(); k += kernel_->block_words) {
    tile.words = std::min(kernel_->block_words, words() - k);
    const bool last = k + tile.words == words();
    tile.sums = scratch.sums.get();
    for (std::size_t c = 0; c < piece_columns_; c += columns) {
      tile.z = scratch.z.get() + c * words() + k * columns;
      for (std::size_t panel = first_panel; panel < last_panel; ++panel) {
        tile.w = w_.get() + (panel * words() + k) * rows;
        tile.start = k == 0 ? start_.data() + panel * rows : nullptr;
        tile.next = last ? next + panel * rows * n_ + first_column + c : nullptr;
        tile.next_rows = std::min(rows, n_ - panel * rows);
        kernel_->multiply(tile);
        tile.sums += rows * columns;
      }
    }
  }
}

}  // namespace

std::unique_ptr<HostEngine> MakeCpuEngine(int threads) {
  return std::make_unique<CpuEngine>(threads);
}

}  // namespace kaisar::kernels
