// The starts of session-less work and the latest decision about each contact.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "core/routing/records.h"

namespace tandem::routing {

// One node's start of one attempt.
struct Start {
  std::uint64_t number = 0;               // its highest
  std::uint64_t withdrawn = 0;            // up to here
  std::uint64_t ran = 0;                  // the number that ran; 0: none
  Incarnation ran_in;                     // the life that ran it; of no snapshot: none from before it
  std::map<NodeId, std::uint64_t> acked;  // acker -> highest number it acknowledged
  [[nodiscard]] bool outstanding() const { return number > withdrawn && ran == 0; }
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "number", s.number);
    f(2, "withdrawn", s.withdrawn);
    f(3, "ran", s.ran);
    f(4, "acked", s.acked);
  }
};
struct Attempt {
  ContactId contact;
  std::uint32_t attempt = 0;
  friend constexpr auto operator<=>(const Attempt&, const Attempt&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "attempt", s.attempt);
  }
};
// starter -> its start. Starts are per process: an incarnation that ended neither withdraws nor runs any more, but what
// it started stays outstanding (R20: in doubt).
using Starts = std::map<NodeId, Start>;

struct Explained {
  Matched matched;
  NodeId by;
  Sequence sequence;
  LogId log;
};

class State {
 public:
  void apply(const Matched& record, const Meta& meta);
  void apply(const Started& record, const Meta& meta);
  void apply(const StartAcked& record, const Meta& meta);
  void apply(const StartWithdrawn& record, const Meta& meta);
  void apply(const Ran& record, const Meta& meta);

  [[nodiscard]] const Starts& starts(ContactId contact, std::uint32_t attempt) const;
  // The latest attempt at the contact that ran at `node`; it may be of a line that has lost since.
  [[nodiscard]] std::optional<std::uint32_t> last_ran(ContactId contact, NodeId node) const;
  // Per contact, the decisions known here, for `explain`; the log has them all.
  [[nodiscard]] const std::map<ContactId, Explained>& decisions() const { return decisions_; }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "starts", s.starts_);
  }

 private:
  std::map<Attempt, Starts> starts_;
  std::map<ContactId, Explained> decisions_;
};

}  // namespace tandem::routing
