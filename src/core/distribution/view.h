// What later modules see: shares as they are, what regions can hold, and what is no part of either.
#pragma once

#include "core/distribution/effective.h"  // IWYU pragma: export
#include "core/distribution/group.h"      // IWYU pragma: export
#include "core/distribution/safety.h"     // IWYU pragma: export
#include "core/distribution/synthetic.h"  // IWYU pragma: export
