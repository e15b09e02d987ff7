#pragma once

#include <cstddef>
#include <cstdint>

namespace kaisar::kernels {

/// A tile of sums: some rows of W against some columns (rows of the state), over a block of k.
///
/// Shapes: a panel holds `rows` (or `columns`) matrix rows side by side: word k of each of them,
///         then word k + 1 of each. A word is PanelKernel::group consecutive elements of a row.
struct Tile {
  const std::uint32_t* w = nullptr;     // words × rows
  const std::uint32_t* z = nullptr;     // words × columns
  std::size_t words = 0;                // of this block
  const std::int32_t* start = nullptr;  // rows; what the sums start from; null: from `sums`
  std::int32_t* sums = nullptr;         // rows × columns, between the blocks
  std::int8_t* next = nullptr;          // in the last block: where the elements go; null before
  std::size_t next_stride = 0;          // elements from one row of `next` to the one below
  std::size_t next_rows = 0;            // rows that exist; the others are padding
};

/// The innermost loop for one instruction set.
struct PanelKernel {
  const char* target = nullptr;  // for people
  std::size_t rows = 0;          // of a tile
  std::size_t columns = 0;       // of a tile; a power of two, at most 64
  std::size_t group = 0;         // elements in a word: 2 (as int16) or 4 (as bytes)
  std::int32_t column_bias = 0;  // added to each element of Z; `start` takes it off again
  std::size_t block_words = 0;   // words of k for which a panel of Z stays in the L1 cache
  void (*multiply)(const Tile& tile) = nullptr;
};

/// The best kernel for this machine.
const PanelKernel& BestPanelKernel();

/// Packs `count` matrix rows of n elements into a panel for `lanes` rows; missing ones are zero.
///
/// `bias` (0, or 128 for groups of 4) is added to every element.
void PackPanel(const std::int8_t* matrix_rows, std::size_t count, std::size_t n, std::size_t lanes,
               std::size_t group, std::int32_t bias, std::uint32_t* panel);

}  // namespace kaisar::kernels
