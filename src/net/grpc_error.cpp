#include "net/grpc_error.h"

#include <utility>

namespace shoal {
namespace {

grpc::StatusCode to_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::not_found: return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::unauthenticated: return grpc::StatusCode::UNAUTHENTICATED;
    case ErrorCode::permission_denied: return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::resource_exhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::unavailable: return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::deadline_exceeded: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::cancelled: return grpc::StatusCode::CANCELLED;
    case ErrorCode::corrupt_data: return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::internal: return grpc::StatusCode::INTERNAL;
  }
  std::unreachable();
}

}  // namespace

grpc::Status to_status(const Error& error) {
  constexpr size_t message_limit = 2000;  // it travels in a header
  return {to_code(error.code), error.message.substr(0, message_limit)};
}

Error from_status(const grpc::Status& status) {
  for (const ErrorCode code :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::unauthenticated,
        ErrorCode::permission_denied, ErrorCode::resource_exhausted, ErrorCode::unavailable,
        ErrorCode::deadline_exceeded, ErrorCode::cancelled, ErrorCode::corrupt_data, ErrorCode::internal}) {
    if (to_code(code) == status.error_code()) return {code, status.error_message()};
  }
  return {ErrorCode::unavailable, status.ok() ? "the peer closed the connection" : status.error_message()};
}

}  // namespace shoal
