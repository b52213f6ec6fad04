// One visitor out of several lambdas, for std::visit.
#pragma once

namespace tandem {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace tandem
