// What later modules see of routing.
#pragma once

#include "core/routing/metrics.h"  // IWYU pragma: export
