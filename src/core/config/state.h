// All configuration documents. Per field the later hybrid clock wins, then the lower node: any order of records gives
// the same documents. A name made twice while nodes were apart: the earlier document keeps it, the other is served as
// "name~node".
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/program.h"
#include "core/config/records.h"

namespace tandem::config {

struct Field {
  std::string value;
  Hlc at;
  NodeId by;
  friend bool operator==(const Field&, const Field&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "value", s.value);
    f(2, "at", s.at);
    f(3, "by", s.by);
  }
};

struct Document {
  Kind kind = Kind::instance;
  Uuid id;
  Hlc created;  // 0 until the creating record has come
  NodeId creator;
  Field deleted;  // value "1" when deleted
  std::map<std::string, Field> set;
  Hlc changed;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
    f(3, "created", s.created);
    f(4, "creator", s.creator);
    f(5, "deleted", s.deleted);
    f(6, "set", s.set);
    f(7, "changed", s.changed);
  }
  [[nodiscard]] bool live() const { return created.packed != 0 && deleted.value.empty(); }
  // Empty when absent.
  [[nodiscard]] const std::string& get(const std::string& field) const;
  // Fields that begin with `prefix`, which is cut from the names: "queue." -> {"<id>.CHAT": "1,0"}.
  [[nodiscard]] std::map<std::string, std::string> list(std::string_view prefix) const;
};

// What routing asks of a routing profile, read from its document once per change.
struct RoutingProfile {
  struct Queue {
    std::uint32_t priority = 1;    // 1 to 99; 1 is served first
    std::chrono::seconds delay{};  // 0 to 9999: a contact waits so long before these agents are offered it
    friend bool operator==(const Queue&, const Queue&) = default;
  };
  std::map<std::pair<Uuid, std::string>, Queue> queues;         // by queue and channel ("CHAT")
  std::map<std::string, std::size_t, std::less<>> concurrency;  // contacts at once, by channel
  std::set<std::string, std::less<>> any_channel;  // on these, contacts of other channels are offered as well
};

// Where a contact can be transferred to. Besides those that somebody made, every user and every queue is one by itself,
// with an id that follows from its own, so that nobody has to make them for agents and queues of other regions.
struct QuickConnect {
  Uuid id;
  const Document* document = nullptr;  // of the quick connect; of one that is there by itself, the user's or queue's
  bool by_itself = false;
  std::string name;
  std::string type;          // USER, QUEUE, PHONE_NUMBER, FLOW
  Uuid destination;          // user or queue
  FlowId flow;               // which takes the contact there; nil: none
  std::string phone_number;  // E.164
};
[[nodiscard]] Uuid quick_connect_of(const Uuid& user_or_queue);

// The flows of quick connects that are there by themselves, if there are flows of these names.
inline constexpr char kAgentTransferFlow[] = "Default agent transfer";
inline constexpr char kQueueTransferFlow[] = "Default queue transfer";

// The field of a user's document that holds one proficiency: "proficiency.<attribute>/<value>", with '/' and '%' of the
// names as "%2F" and "%25". Its content is the level, "1" to "5", with one decimal at most.
[[nodiscard]] std::string proficiency_field(std::string_view attribute, std::string_view value);
// Attribute and value of such a field's name after "proficiency.".
[[nodiscard]] std::pair<std::string, std::string> proficiency_of(std::string_view name);
// Level in tenths, by attribute and value.
using Proficiencies = std::map<std::pair<std::string, std::string>, std::uint32_t>;

class State {
 public:
  // Turns flow content into a program; null when the content is no flow. A pure function, given by the record codec:
  // the core parses nothing.
  using Compile = std::shared_ptr<const Program> (*)(std::string_view content);
  explicit State(Compile compile = nullptr) : compile_(compile) {}

  void apply(const Put& record, const Meta& meta);
  void apply(const Deleted& record, const Meta& meta);

  // Live documents only.
  [[nodiscard]] const Document* find(Kind kind, const Uuid& id) const;
  // By the name it is served under; `field` is "name", or "username" for users. Case counts.
  [[nodiscard]] const Document* named(Kind kind, std::string_view name) const;
  [[nodiscard]] std::vector<const Document*> all(Kind kind) const;  // live, by id
  [[nodiscard]] std::string served_name(const Document& document) const;
  [[nodiscard]] const Program* program(FlowId flow) const;
  // Of a live user; null when the user or the profile is not there.
  [[nodiscard]] const RoutingProfile* routing_profile(AgentId agent) const;
  [[nodiscard]] const RoutingProfile* routing_profile(const Uuid& profile) const;
  [[nodiscard]] const Proficiencies& proficiencies(AgentId agent) const;
  // Live overrides of hours of operation, by id.
  [[nodiscard]] std::vector<const Document*> overrides(const Uuid& hours) const;
  [[nodiscard]] std::optional<QuickConnect> quick_connect(const Uuid& id) const;
  [[nodiscard]] std::vector<Uuid> quick_connects() const;  // of all, in order
  // The queue's document, or the user's whose own queue it is: that one has the id of its agent. Null: neither is
  // there.
  [[nodiscard]] const Document* queue(QueueId queue) const;
  [[nodiscard]] bool is_agents_own(QueueId queue) const;
  // After how long a contact of the queue may be offered outside its region, while an agent of the region serves it.
  [[nodiscard]] std::chrono::milliseconds local_preference(QueueId queue) const;
  [[nodiscard]] std::uint64_t version() const { return version_; }  // grows with every change; for caches

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "documents", s.documents_);
  }
  void loaded();  // after fields were read from a snapshot: rebuilds what is derived

 private:
  struct Key {
    Kind kind = Kind::instance;
    Uuid id;
    friend auto operator<=>(const Key&, const Key&) = default;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "kind", s.kind);
      f(2, "id", s.id);
    }
  };
  void merge(Field& field, const std::string& value, const Meta& meta);
  void index(const Document& document);
  void derive(const Document& document);
  Compile compile_;
  std::map<Key, Document> documents_;
  // Derived.
  std::map<std::pair<Kind, std::string>, std::set<Uuid>> names_;  // ever borne; checked against the document
  std::map<FlowId, std::shared_ptr<const Program>> programs_;
  std::map<Uuid, RoutingProfile> profiles_;
  std::map<AgentId, Uuid> profile_of_;
  std::map<AgentId, Proficiencies> proficiencies_;
  std::map<Uuid, Key> by_itself_;             // quick connects of users and queues; checked against the document
  std::map<Uuid, std::set<Uuid>> overrides_;  // ever of these hours; checked against the document
  std::uint64_t version_ = 0;
};

// The field that holds the name by which documents of a kind are found; empty for a kind whose names are not unique.
[[nodiscard]] const char* name_field(Kind kind);

}  // namespace tandem::config
