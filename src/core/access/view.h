// What later modules see of access keys, and of sealing keys that are erased.
#pragma once

#include "core/access/state.h"  // IWYU pragma: export
