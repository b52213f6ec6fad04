// What later modules see of the configuration.
#pragma once

#include "core/config/program.h"  // IWYU pragma: export
#include "core/config/state.h"    // IWYU pragma: export
