#include "challenges/matmul/check.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/element.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"
#include "kernels/sha256_lanes.h"

namespace kaisar::challenges {
namespace {

absl::Span<const std::int8_t> ElementsOf(const std::string& bytes) {
  return absl::MakeConstSpan(reinterpret_cast<const std::int8_t*>(bytes.data()), bytes.size());
}

absl::Status CheckSize(absl::string_view field, const std::string& bytes, std::size_t expected) {
  if (bytes.size() == expected) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(field, " is ", bytes.size(), " bytes, expected ", expected));
}

// Bytes of a path from one of `nodes` nodes of a level up to the root.
std::size_t PathBytes(std::uint64_t nodes) {
  return static_cast<std::size_t>(std::countr_zero(nodes)) * sizeof(Digest);
}

// Checks all openings of a proof together: their hashes are taken side by side.
class OpeningChecker {
 public:
  OpeningChecker(const MatmulClaim& claim, const v1::MatmulOpeningBody& opening)
      : claim_(claim),
        opening_(opening),
        n_(claim.shape.n),
        segment_(kernels::SegmentBytes(claim.shape.n)),
        row_of_w_(n_),
        row_of_z0_(n_) {}

  /// The first sample that is wrong, or nothing.
  absl::Status Check() {
    // No byte is hashed of a sample whose sizes are wrong, nor of those that follow it.
    std::size_t sized = 0;
    absl::Status sizes;
    while (sized < claim_.samples.size()) {
      sizes = CheckSizes(sized);
      if (!sizes.ok()) break;
      ++sized;
    }
    FindRoots(sized);
    for (std::size_t i = 0; i < sized; ++i) {
      RETURN_IF_ERROR(Named(i, CheckSample(i)));
    }
    return sizes.ok() ? sizes : Named(sized, sizes);
  }

 private:
  const MatmulSample& Asked(std::size_t i) const { return claim_.samples[i]; }
  const v1::SampleOpening& Opened(std::size_t i) const {
    return opening_.samples(static_cast<int>(i));
  }
  std::uint64_t PlaceOf(const MatmulSample& sample) const {
    return std::uint64_t{sample.r} * n_ + sample.c;
  }

  absl::Status Named(std::size_t i, const absl::Status& status) const {
    if (status.ok()) return status;
    const MatmulSample& sample = Asked(i);
    return absl::Status(status.code(),
                        absl::StrCat("sample ", i, " (j = ", sample.j, ", r = ", sample.r,
                                     ", c = ", sample.c, "): ", status.message()));
  }

  absl::Status CheckSizes(std::size_t i) const {
    const v1::SampleOpening& opening = Opened(i);
    const bool has_row = Asked(i).j > 0;
    RETURN_IF_ERROR(CheckSize("row", opening.row(), has_row ? n_ : 0));
    RETURN_IF_ERROR(CheckSize("row path", opening.row_path(), has_row ? PathBytes(n_) : 0));
    RETURN_IF_ERROR(CheckSize("segment", opening.segment(), segment_));
    return CheckSize("segment path", opening.segment_path(), PathBytes(n_ * n_ / segment_));
  }

  // Where the first `count` samples' rows and segments lead.
  void FindRoots(std::size_t count) {
    std::vector<absl::Span<const std::int8_t>> rows;
    std::vector<const std::uint8_t*> segments;
    for (std::size_t i = 0; i < count; ++i) {
      if (Asked(i).j > 0) rows.push_back(ElementsOf(Opened(i).row()));
      segments.push_back(ViewOf(Opened(i).segment()).data());
    }
    std::vector<Digest> leaves(count);
    kernels::Sha256Each(segments, segment_, absl::MakeSpan(leaves));
    const std::vector<Digest> row_roots = kernels::RowRoots(rows);

    std::vector<kernels::MerklePath> paths;
    std::size_t row = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const MatmulSample& sample = Asked(i);
      paths.push_back({leaves[i], PlaceOf(sample) / segment_, ViewOf(Opened(i).segment_path())});
      if (sample.j == 0) continue;
      paths.push_back({row_roots[row++], sample.c, ViewOf(Opened(i).row_path())});
    }
    const std::vector<Digest> roots = kernels::RootsOfPaths(std::move(paths));
    std::size_t next = 0;
    for (std::size_t i = 0; i < count; ++i) {
      segment_roots_.push_back(roots[next++]);
      row_roots_.push_back(Asked(i).j == 0 ? Digest{} : roots[next++]);
    }
  }

  absl::Status CheckSample(std::size_t i) {
    const MatmulSample& sample = Asked(i);
    const v1::SampleOpening& opening = Opened(i);
    absl::Span<const std::int8_t> row = absl::MakeConstSpan(row_of_z0_);
    if (sample.j == 0) {
      GenerateRow(kernels::Matrix::kZ0, sample.c, row_of_z0_);
    } else if (row_roots_[i] != claim_.roots[sample.j - 1]) {
      return absl::FailedPreconditionError("row does not lead to the root of its state");
    } else {
      row = ElementsOf(opening.row());
    }
    if (segment_roots_[i] != claim_.roots[sample.j]) {
      return absl::FailedPreconditionError("segment does not lead to the root of its state");
    }
    GenerateRow(kernels::Matrix::kW, sample.r, row_of_w_);
    const std::int8_t expected = kernels::ElementFromSum(kernels::DotProduct(row_of_w_, row));
    const std::int8_t element = ElementsOf(opening.segment())[PlaceOf(sample) % segment_];
    if (element == expected) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("element is ", int{element}, ", expected ", int{expected}));
  }

  void GenerateRow(kernels::Matrix matrix, std::uint32_t index, std::vector<std::int8_t>& row) {
    kernels::GenerateRows(claim_.seed, matrix, index, claim_.shape.n, absl::MakeSpan(row));
  }

  const MatmulClaim& claim_;
  const v1::MatmulOpeningBody& opening_;
  const std::uint64_t n_;
  const std::uint64_t segment_;
  std::vector<std::int8_t> row_of_w_;
  std::vector<std::int8_t> row_of_z0_;
  // Of each sample of right sizes.
  std::vector<Digest> row_roots_;  // zero for j = 0
  std::vector<Digest> segment_roots_;
};

}  // namespace

absl::Status CheckOpening(const MatmulClaim& claim, const v1::MatmulOpeningBody& opening) {
  KAISAR_CHECK(claim.roots.size() == claim.shape.rounds);
  for (const MatmulSample& sample : claim.samples) {
    KAISAR_CHECK(sample.j < claim.shape.rounds && sample.r < claim.shape.n &&
                 sample.c < claim.shape.n);
  }
  const auto opened = static_cast<std::size_t>(opening.samples_size());
  if (opened != claim.samples.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("opening has ", opened, " samples, asked for ", claim.samples.size()));
  }
  return OpeningChecker(claim, opening).Check();
}

absl::StatusOr<std::vector<Digest>> CheckCommitment(const MatmulShape& shape,
                                                    const v1::MatmulCommitment& commitment) {
  const std::size_t roots_bytes = std::size_t{shape.rounds} * sizeof(Digest);
  if (commitment.roots().size() != roots_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("roots are ", commitment.roots().size(), " bytes, expected ", roots_bytes));
  }
  Digest committed;
  if (!CopyExactly(ViewOf(commitment.commitment()), committed)) {
    return absl::InvalidArgumentError(absl::StrCat("commitment is ", commitment.commitment().size(),
                                                   " bytes, expected ", sizeof(Digest)));
  }
  const ByteView roots_view = ViewOf(commitment.roots());
  if (Sha256(roots_view) != committed) {
    return absl::FailedPreconditionError("commitment is not the hash of the roots");
  }
  std::vector<Digest> roots(shape.rounds);
  for (std::size_t j = 0; j < roots.size(); ++j) {
    KAISAR_CHECK(CopyExactly(roots_view.subspan(j * sizeof(Digest), sizeof(Digest)), roots[j]));
  }
  return roots;
}

}  // namespace kaisar::challenges
