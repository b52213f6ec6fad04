// The latest refusal of each contact's moves.
#pragma once

#include <map>

#include "core/transfer/records.h"

namespace tandem::transfer {

class State {
 public:
  void apply(const Refused& record, const Meta& meta) {
    Entry& entry = refused_[record.contact];
    const Entry next{record.move, meta.at, meta.log.origin};
    if (std::pair{next.at, next.by} >= std::pair{entry.at, entry.by}) entry = next;
  }
  [[nodiscard]] bool refused(ContactId contact, const Uuid& move) const {
    const auto at = refused_.find(contact);
    return at != refused_.end() && at->second.move == move;
  }

 private:
  struct Entry {
    Uuid move;
    Hlc at;
    NodeId by;
    friend auto operator<=>(const Entry&, const Entry&) = default;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "move", s.move);
      f(2, "at", s.at);
      f(3, "by", s.by);
    }
  };
  std::map<ContactId, Entry> refused_;

 public:
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "refused", s.refused_);
  }
};

}  // namespace tandem::transfer
