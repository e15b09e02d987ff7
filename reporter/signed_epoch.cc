#include "reporter/signed_epoch.h"

#include "base/sha256.h"

namespace kaisar::reporter {

Digest ChainedHash(const Digest& before, const SignedEpoch& row) {
  Bytes values;  // of two widths, so no two rows give the same bytes
  AppendBigEndian64(values, row.chain_id);
  Append(values, row.contract);
  AppendBigEndian32(values, row.slot);
  AppendBigEndian32(values, row.epoch);
  Append(values, row.digest);
  if (row.imported) values.push_back(1);  // the others hash as in layout 1
  return Sha256(before, values);
}

}  // namespace kaisar::reporter
