#pragma once

#include <string>

#include "base/bytes.h"

namespace kaisar::chain {

/// What a contract returned when it reverted, for people: Name(arguments) of an error that our
/// contracts or those they build on have, the text of `require`, the meaning of a panic's code;
/// anything else as hex, the first 100 bytes of it.
std::string DescribeRevert(ByteView revert);

}  // namespace kaisar::chain
