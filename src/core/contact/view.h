// What later modules see of contacts.
#pragma once

#include "core/contact/decide.h"  // IWYU pragma: export
#include "core/contact/state.h"   // IWYU pragma: export
