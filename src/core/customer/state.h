// The customers' profiles. A field is the set of its latest versions, so the order in which records come does not
// matter: the latest by hybrid clock, then by the log that wrote it, stands; the others are its history.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "core/customer/records.h"

namespace tandem::customer {

inline constexpr std::size_t kVersionsMax = 20;  // of a field, with the one that stands

struct Moment {
  Hlc at;
  LogId log;
  friend auto operator<=>(const Moment&, const Moment&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "at", s.at);
    f(2, "origin", s.log.origin);
    f(3, "incarnation", s.log.incarnation);
  }
};
struct Version {
  Value value;
  std::string by;
  friend bool operator==(const Version&, const Version&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "value", s.value);
    f(2, "by", s.by);
  }
};
using Versions = std::map<Moment, Version>;  // never empty

struct Profile {
  std::map<std::string, Versions> fields_by_name;
  std::map<KeyId, Hlc> keys;  // that sealed it and are not erased, and when each first did
  Hlc forgotten;              // what was said before is gone; 0: never
  std::set<KeyId> erased;     // by that

  // Nothing when it was never set, or cleared.
  [[nodiscard]] const Value* find(const std::string& field) const;
  [[nodiscard]] bool empty() const { return fields_by_name.empty(); }
  friend bool operator==(const Profile&, const Profile&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "fields", s.fields_by_name);
    f(2, "keys", s.keys);
    f(3, "forgotten", s.forgotten);
    f(4, "erased", s.erased);
  }
};

class State {
 public:
  void apply(const Put& record, const Meta& meta);
  void apply(const Forgotten& record, const Meta& meta);

  [[nodiscard]] const Profile* find(const Uuid& person) const;
  [[nodiscard]] const std::map<Uuid, Profile>& all() const { return profiles_; }
  // Whose profiles have this number or address now.
  [[nodiscard]] const std::set<Uuid>& known_by(const Uuid& pseudonym) const;
  [[nodiscard]] const std::set<KeyId>& erased(const Uuid& person) const;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "profiles", s.profiles_);
  }
  void loaded();

 private:
  void index(const Uuid& person, const Profile& profile, bool add);
  std::map<Uuid, Profile> profiles_;
  std::unordered_map<Uuid, std::set<Uuid>> known_;  // derived
};

}  // namespace tandem::customer
