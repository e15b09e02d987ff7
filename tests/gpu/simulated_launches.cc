// Our kernels, see simulated_cuda.h.
#include <cstring>

#include "base/check.h"
#include "base/sha256.h"
#include "kernels/cuda/launch.h"
#include "kernels/element.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"
#include "tests/gpu/simulated_cuda.h"

namespace kaisar::kernels {
namespace {

using simulated::World;

// As a launch does: an error from before, of whatever call, is taken for its own.
cudaError_t Launch(cudaStream_t stream, std::function<void()> run,
                   std::function<bool()> may_run = {}) {
  if (World::Get().Call() == cudaSuccess) {
    World::Get().Enqueue(stream, {std::move(run), std::move(may_run)});
  }
  return World::Get().TakeLastError();
}

absl::Span<const std::int8_t> RowOf(const std::int8_t* matrix, std::uint32_t n, std::size_t row) {
  return {matrix + row * n, n};
}

cudaError_t LaunchRound(const RoundArguments& round, cudaStream_t stream) {
  const auto compute = [round] {
    if (*round.stop != 0) return;
    for (std::size_t r = 0; r < round.n; ++r) {
      for (std::size_t c = 0; c < round.n; ++c) {
        round.next[r * round.n + c] =
            ElementFromSum(DotProduct(RowOf(round.w, round.n, r), RowOf(round.z, round.n, c)));
      }
    }
  };
  if (!World::Get().rounds_hang) return Launch(stream, compute);
  return Launch(stream, compute, [stop = round.stop] { return *stop != 0; });
}

}  // namespace

cudaError_t LaunchPlainRound(const RoundArguments& arguments, cudaStream_t stream) {
  return LaunchRound(arguments, stream);
}
cudaError_t LaunchMmaRound(const RoundArguments& arguments, cudaStream_t stream) {
  return LaunchRound(arguments, stream);
}
cudaError_t LaunchWgmmaRound(const RoundArguments& arguments, cudaStream_t stream) {
  return LaunchRound(arguments, stream);
}

// Copies, so that a round can tell whether W came before it.
cudaError_t LaunchToBf16(const std::int8_t* from, std::uint16_t* to, std::size_t count,
                         cudaStream_t stream) {
  return Launch(stream, [=] {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::uint8_t>(from[i]);
  });
}

cudaError_t LaunchBf16Round(const RoundArguments& arguments, const Bf16Scratch& scratch,
                            cudaStream_t stream) {
  const std::size_t count = std::size_t{arguments.n} * arguments.n;
  const cudaError_t converted = LaunchToBf16(arguments.z, scratch.z, count, stream);
  if (converted != cudaSuccess) return converted;
  const cudaError_t looked = Launch(stream, [=] {
    KAISAR_CHECK(*scratch.inexact == 0);
    for (std::size_t i = 0; i < count; ++i) {
      KAISAR_CHECK(scratch.w[i] == static_cast<std::uint8_t>(arguments.w[i]));
    }
  });
  return looked == cudaSuccess ? LaunchRound(arguments, stream) : looked;
}

cudaError_t LaunchGenerate(const std::array<std::uint8_t, 32>& seed, std::uint32_t matrix,
                           std::uint32_t n, std::int8_t* out, cudaStream_t stream) {
  return Launch(stream, [=] {
    GenerateRows(seed, static_cast<Matrix>(matrix), 0, n, absl::MakeSpan(out, std::size_t{n} * n));
  });
}

cudaError_t LaunchTree(const std::int8_t* state, std::uint32_t n, std::uint8_t* digests,
                       const volatile std::uint32_t* stop, cudaStream_t stream) {
  return Launch(stream, [=] {
    if (*stop != 0) return;
    const std::size_t segment = SegmentBytes(n);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(state);
    std::size_t digest = 0;
    const auto add = [&](ByteView message) {
      const Digest hash = Sha256(message);
      std::memcpy(digests + sizeof(Digest) * digest++, hash.data(), sizeof(Digest));
    };
    for (std::size_t i = 0; i < std::size_t{n} * n; i += segment) add(ByteView(bytes + i, segment));
    for (std::size_t pair = 0; digest < TreeDigests(n); ++pair) {
      add(ByteView(digests + 2 * sizeof(Digest) * pair, 2 * sizeof(Digest)));
    }
  });
}

cudaError_t LaunchGather(const CopyOrder* orders, std::size_t count, cudaStream_t stream) {
  return Launch(stream, [=] {
    for (std::size_t i = 0; i < count; ++i) {
      KAISAR_CHECK(orders[i].bytes % 16 == 0);
      KAISAR_CHECK(reinterpret_cast<std::uintptr_t>(orders[i].from) % 16 == 0);
      KAISAR_CHECK(reinterpret_cast<std::uintptr_t>(orders[i].to) % 16 == 0);
      std::memcpy(orders[i].to, orders[i].from, orders[i].bytes);
    }
  });
}

}  // namespace kaisar::kernels
