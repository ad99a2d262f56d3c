// Refuses settings of other servers that change the answer and that we do not have, unless their value means
// that they are off: nothing of the kind may be ignored silently. Fields that change nothing are ignored.
// Pure.
#pragma once

#include "api/request_fields.h"

namespace shoal {

void refuse_foreign_settings(RequestFields& fields);

}  // namespace shoal
