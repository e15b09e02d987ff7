#include "challenges/matmul/check.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/element.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"

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

// Checks openings one after the other with two rows of memory.
class OpeningChecker {
 public:
  explicit OpeningChecker(const MatmulClaim& claim)
      : claim_(claim),
        n_(claim.shape.n),
        segment_(kernels::SegmentBytes(claim.shape.n)),
        row_of_w_(n_),
        row_of_z0_(n_) {}

  absl::Status Check(const MatmulSample& sample, const v1::SampleOpening& opening) {
    RETURN_IF_ERROR(CheckSizes(sample, opening));
    absl::Span<const std::int8_t> row = absl::MakeConstSpan(row_of_z0_);
    if (sample.j == 0) {
      GenerateRow(kernels::Matrix::kZ0, sample.c, row_of_z0_);
    } else {
      row = ElementsOf(opening.row());
      if (kernels::RootFromPath(kernels::RowRoot(row), sample.c, ViewOf(opening.row_path())) !=
          claim_.roots[sample.j - 1]) {
        return absl::FailedPreconditionError("row does not lead to the root of its state");
      }
    }
    const std::uint64_t place = std::uint64_t{sample.r} * n_ + sample.c;
    if (kernels::RootFromPath(Sha256(ViewOf(opening.segment())), place / segment_,
                              ViewOf(opening.segment_path())) != claim_.roots[sample.j]) {
      return absl::FailedPreconditionError("segment does not lead to the root of its state");
    }
    GenerateRow(kernels::Matrix::kW, sample.r, row_of_w_);
    const std::int8_t expected = kernels::ElementFromSum(kernels::DotProduct(row_of_w_, row));
    const std::int8_t element = ElementsOf(opening.segment())[place % segment_];
    if (element == expected) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("element is ", int{element}, ", expected ", int{expected}));
  }

 private:
  absl::Status CheckSizes(const MatmulSample& sample, const v1::SampleOpening& opening) const {
    const bool has_row = sample.j > 0;
    RETURN_IF_ERROR(CheckSize("row", opening.row(), has_row ? n_ : 0));
    RETURN_IF_ERROR(CheckSize("row path", opening.row_path(), has_row ? PathBytes(n_) : 0));
    RETURN_IF_ERROR(CheckSize("segment", opening.segment(), segment_));
    return CheckSize("segment path", opening.segment_path(), PathBytes(n_ * n_ / segment_));
  }

  void GenerateRow(kernels::Matrix matrix, std::uint32_t index, std::vector<std::int8_t>& row) {
    kernels::GenerateRows(claim_.seed, matrix, index, claim_.shape.n, absl::MakeSpan(row));
  }

  const MatmulClaim& claim_;
  const std::uint64_t n_;
  const std::uint64_t segment_;
  std::vector<std::int8_t> row_of_w_;
  std::vector<std::int8_t> row_of_z0_;
};

}  // namespace

absl::Status CheckOpening(const MatmulClaim& claim, const v1::MatmulOpeningBody& opening) {
  KAISAR_CHECK(claim.roots.size() == claim.shape.rounds);
  const auto opened = static_cast<std::size_t>(opening.samples_size());
  if (opened != claim.samples.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("opening has ", opened, " samples, asked for ", claim.samples.size()));
  }
  OpeningChecker checker(claim);
  for (std::size_t i = 0; i < opened; ++i) {
    const MatmulSample& sample = claim.samples[i];
    KAISAR_CHECK(sample.j < claim.shape.rounds && sample.r < claim.shape.n &&
                 sample.c < claim.shape.n);
    const absl::Status status = checker.Check(sample, opening.samples(static_cast<int>(i)));
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("sample ", i, " (j = ", sample.j, ", r = ", sample.r,
                                       ", c = ", sample.c, "): ", status.message()));
    }
  }
  return absl::OkStatus();
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
