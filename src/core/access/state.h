// Access keys, the latest word on each by hybrid clock; and the sealing keys that are erased, for good.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/error.h"
#include "core/access/records.h"

namespace tandem::access {

class State {
 public:
  struct Key {
    KeyPut put;
    Hlc at;
    NodeId by;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "put", s.put);
      f(2, "at", s.at);
      f(3, "by", s.by);
    }
  };
  void apply(const KeyPut& record, const Meta& meta) {
    Key& key = keys_[record.access_key];
    const bool tie = meta.at == key.at && meta.log.origin < key.by;
    if (key.by == NodeId{} || meta.at > key.at || tie) key = Key{record, meta.at, meta.log.origin};
  }
  void apply(const SealsErased& record, const Meta&) { erased_.insert(record.keys.begin(), record.keys.end()); }
  // Enabled keys only.
  [[nodiscard]] const KeyPut* find(const std::string& access_key) const {
    const auto at = keys_.find(access_key);
    return at == keys_.end() || at->second.put.disabled ? nullptr : &at->second.put;
  }
  [[nodiscard]] const std::map<std::string, Key>& all() const { return keys_; }
  [[nodiscard]] const std::set<KeyId>& erased() const { return erased_; }
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "keys", s.keys_);
    f(2, "erased", s.erased_);
  }

 private:
  std::map<std::string, Key> keys_;
  std::set<KeyId> erased_;
};

// Errors: invalid (the secret is not a reference this product knows, or a name is empty).
[[nodiscard]] inline Result<KeyPut> decide(const KeyPut& command) {
  if (command.access_key.empty() || command.access_key.size() > 128) {
    return fail(Errc::invalid, "an access key id has 1 to 128 characters");
  }
  if (!command.secret.starts_with("file:") && !command.secret.starts_with("env:")) {
    return fail(Errc::invalid, "a secret is given by reference, as file:PATH or env:NAME");
  }
  return command;
}

inline constexpr std::size_t kSealsErasedMax = 10'000;  // by one order
[[nodiscard]] inline Result<SealsErased> decide(const SealsErased& command) {
  if (command.keys.empty() || command.keys.size() > kSealsErasedMax) {
    return fail(Errc::invalid, "1 to 10000 keys are erased at once");
  }
  return command;
}

}  // namespace tandem::access
