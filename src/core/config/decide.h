// Judges changes to configuration against what is known here. The texts of the errors go to the person who asked.
#pragma once

#include "base/error.h"
#include "core/config/state.h"

namespace tandem::config {

struct Create {
  Kind kind = Kind::instance;
  Uuid id;
  std::map<std::string, std::string> set;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
    f(3, "set", s.set);
  }
};
struct Change {
  Kind kind = Kind::instance;
  Uuid id;
  std::map<std::string, std::string> set;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
    f(3, "set", s.set);
  }
};
struct Delete {
  Kind kind = Kind::instance;
  Uuid id;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
  }
};

// "routing profile": a kind in words.
[[nodiscard]] const char* in_words(Kind kind);

inline constexpr std::size_t kOverridesMax = 50;  // of hours of operation; the service's quota, which is not adjustable

// Errors: already_exists (detail: id of the holder of the name), not_found (a reference names nothing), limit_exceeded,
// invalid.
[[nodiscard]] Result<Put> decide(const State& state, const Create& command);
// Errors: not_found (the document, or what a reference names); already_exists (detail: id of the holder of the name);
// in_use (a value of a predefined attribute that goes, with a user who is proficient in it in `detail`).
[[nodiscard]] Result<Put> decide(const State& state, const Change& command);
// Errors: not_found; in_use, with one document that refers to it in `detail`.
[[nodiscard]] Result<Deleted> decide(const State& state, const Delete& command);

}  // namespace tandem::config
