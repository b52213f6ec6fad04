// What later modules see of agents.
#pragma once

#include "core/presence/decide.h"  // IWYU pragma: export
#include "core/presence/state.h"   // IWYU pragma: export
