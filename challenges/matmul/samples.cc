#include "challenges/matmul/samples.h"

#include "base/bytes.h"

namespace kaisar::challenges {

std::vector<MatmulSample> DrawSamples(const EpochKey& key, const Digest& challenge_id,
                                      const Digest& commitment, const MatmulShape& shape,
                                      std::uint32_t count) {
  Bytes context;
  Append(context, challenge_id);
  Append(context, commitment);
  Stream stream = key.MakeStream("samples", context);
  std::vector<MatmulSample> samples(count);
  for (MatmulSample& sample : samples) {
    sample.j = static_cast<std::uint32_t>(stream.Draw(shape.rounds));
    sample.r = static_cast<std::uint32_t>(stream.Draw(shape.n));
    sample.c = static_cast<std::uint32_t>(stream.Draw(shape.n));
  }
  return samples;
}

}  // namespace kaisar::challenges
