// Errors as gRPC statuses, and back.
#pragma once

#include <grpcpp/support/status.h>

#include "base/error.h"

namespace shoal {

grpc::Status to_status(const Error& error);
Error from_status(const grpc::Status& status);

}  // namespace shoal
