// What later modules see of the members.
#pragma once

#include "core/membership/state.h"  // IWYU pragma: export
