#pragma once

#include <cstddef>
#include <string>

#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Says what in a record's bytes another reader could take otherwise, or overlook: a field that the
/// format does not know, or one that is written twice or longer than need be. A checker writes
/// none.
///
/// Result: one phrase that names the field; empty when there is nothing.
/// Cost:   a look at each message within the record.
std::string WireFault(std::size_t size_bytes, const v1::Record& record);

}  // namespace kaisar::audit
