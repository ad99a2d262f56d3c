// Settings of other servers that change the answer and that we do not have. They are told, never passed over,
// unless their value means that they are off. Fields that change nothing are no matter of this. Pure.
#pragma once

#include "api/request_fields.h"

namespace shoal {

void refuse_foreign_settings(RequestFields& fields);

}  // namespace shoal
