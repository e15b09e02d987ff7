#include "checker/grpc_client_status.h"

#include "absl/strings/match.h"

namespace kaisar::checker {
bool IsRefusal(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return true;
    default:
      return false;
  }
}

bool IsTooLarge(const grpc::Status& status) {
  // gRPC's own words: there is no code for it. A device that writes them itself only turns its
  // refusal into a violation.
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
         (absl::StrContains(status.error_message(), "message larger than max") ||
          absl::StrContains(status.error_message(), "metadata size exceeds"));
}

}  // namespace kaisar::checker
