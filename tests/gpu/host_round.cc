#include "tests/gpu/host_round.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

#include "kernels/panel_kernel.h"

namespace kaisar::kernels {
namespace {

// Words from an address that suits every vector.
class Words {
 public:
  void Resize(std::size_t words) { lines_.resize((words + 15) / 16); }
  std::uint32_t* get() { return lines_.data()->words; }
  const std::uint32_t* get() const { return lines_.data()->words; }

 private:
  struct alignas(64) Line {
    std::uint32_t words[16];
  };
  std::vector<Line> lines_;
};

// What all threads share: W in panels, and what the sums of its rows start from.
struct PackedW {
  const PanelKernel& kernel = BestPanelKernel();
  std::size_t n = 0;
  std::size_t words = 0;  // of a row
  std::size_t panels = 0;
  Words w;
  std::vector<std::int32_t> start;
};

// Does `work` for 0 … count - 1 on all cores.
template <typename Work>
void OnAllCores(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) work(at);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

PackedW Pack(absl::Span<const std::int8_t> w, std::size_t n) {
  PackedW packed;
  const PanelKernel& kernel = packed.kernel;
  packed.n = n;
  packed.words = n / kernel.group;
  packed.panels = (n + kernel.rows - 1) / kernel.rows;
  packed.w.Resize(packed.panels * packed.words * kernel.rows);
  packed.start.resize(packed.panels * kernel.rows);
  OnAllCores(packed.panels, [&](std::size_t panel) {
    const std::size_t first = panel * kernel.rows;
    const std::size_t count = std::min(kernel.rows, n - first);
    PackPanel(w.data() + first * n, count, n, kernel.rows, kernel.group, 0,
              packed.w.get() + first * packed.words);
    for (std::size_t r = first; r < first + count; ++r) {
      const auto row = w.subspan(r * n, n);
      packed.start[r] = -kernel.column_bias * std::accumulate(row.begin(), row.end(), 0);
    }
  });
  return packed;
}

// The columns of the result that come from one panel of the state.
void MultiplyColumns(const PackedW& packed, const std::int8_t* rows_of_z, std::int8_t* next) {
  const PanelKernel& kernel = packed.kernel;
  Words z;
  z.Resize(packed.words * kernel.columns);
  PackPanel(rows_of_z, kernel.columns, packed.n, kernel.columns, kernel.group, kernel.column_bias,
            z.get());
  Words sums;
  sums.Resize(kernel.rows * kernel.columns);
  for (std::size_t panel = 0; panel < packed.panels; ++panel) {
    const std::size_t first = panel * kernel.rows;
    Tile tile;
    tile.sums = reinterpret_cast<std::int32_t*>(sums.get());
    tile.next_stride = packed.n;
    tile.next_rows = std::min(kernel.rows, packed.n - first);
    for (std::size_t k = 0; k < packed.words; k += kernel.block_words) {
      tile.words = std::min(kernel.block_words, packed.words - k);
      tile.w = packed.w.get() + (panel * packed.words + k) * kernel.rows;
      tile.z = z.get() + k * kernel.columns;
      tile.start = k == 0 ? packed.start.data() + first : nullptr;
      tile.next = k + tile.words == packed.words ? next + first * packed.n : nullptr;
      kernel.multiply(tile);
    }
  }
}

}  // namespace

std::vector<std::int8_t> HostRound(absl::Span<const std::int8_t> w, absl::Span<const std::int8_t> z,
                                   std::uint32_t n) {
  const PackedW packed = Pack(w, n);
  std::vector<std::int8_t> next(std::size_t{n} * n);
  const std::size_t columns = packed.kernel.columns;
  OnAllCores(n / columns, [&](std::size_t piece) {
    const std::size_t first = piece * columns;
    MultiplyColumns(packed, z.data() + first * n, next.data() + first);
  });
  return next;
}

}  // namespace kaisar::kernels
