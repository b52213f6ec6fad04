#include "node/world.h"

#include <limits>

#include "base/overloaded.h"
#include "codec/wire.h"

namespace tandem {
// Field numbers are those of the snapshot.
struct World::Parts {
  template <class S, class F>
  static void shared(S& s, F&& f) {
    f(1, "config", s.config_);
    f(2, "access", s.access_);
    f(3, "members", s.members_);
    f(4, "contacts", s.contacts_);
    f(5, "agents", s.agents_);
    f(6, "routing", s.routing_);
    f(7, "transfer", s.transfer_);
    f(8, "failover", s.failover_);
    f(10, "distribution", s.distribution_);
    f(11, "customers", s.customers_);
  }
  template <class W>
  struct Shared {
    W& world;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      shared(s.world, f);
    }
  };
  template <class W>
  struct All {
    W& world;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      shared(s.world, f);
      f(9, "answers", s.world.answers_);
    }
  };
};

World::World(config::State::Compile compile) : compile_(compile), config_(compile) {}
World::World(World&& other) noexcept = default;
World& World::operator=(World&& other) noexcept = default;
World::~World() = default;

void World::apply(const Body& body, const Meta& meta) {
  const auto each = [&](auto& state, const auto& rec) {
    std::visit([&](const auto& r) { state.apply(r, meta); }, rec);
  };
  std::visit(Overloaded{
                 [&](const config::Rec& rec) { each(config_, rec); },
                 [&](const access::Rec& rec) { each(access_, rec); },
                 [&](const membership::Rec& rec) { each(members_, rec); },
                 [&](const contact::Rec& rec) { each(contacts_, rec); },
                 [&](const presence::Rec& rec) { each(agents_, rec); },
                 [&](const routing::Rec& rec) { each(routing_, rec); },
                 [&](const transfer::Rec& rec) { each(transfer_, rec); },
                 [&](const failover::Rec& rec) { each(failover_, rec); },
                 [&](const distribution::Rec& rec) { each(distribution_, rec); },
                 [&](const customer::Rec& rec) { each(customers_, rec); },
             },
             body);
  answers_.apply(body, meta);
  matching_.touch(body);
}

std::string World::bytes() const { return wire::encode(Parts::Shared<const World>{*this}); }
std::string World::snapshot() const { return wire::encode(Parts::All<const World>{*this}); }

Result<void> World::load(std::string_view snapshot) {
  // Apart: nothing of what stands here may remain beside what is read, and bytes that are damaged change nothing.
  World fresh(compile_);
  Parts::All<World> all{fresh};
  wire::Reader reader(snapshot, std::numeric_limits<std::size_t>::max());
  if (!reader.message(all)) return fail(Errc::corrupt, "the snapshot is damaged");
  fresh.config_.loaded();
  fresh.contacts_.loaded();
  fresh.agents_.loaded();
  fresh.customers_.loaded();
  fresh.answers_.loaded();
  fresh.matching_.touch_all();
  *this = std::move(fresh);
  return {};
}

}  // namespace tandem
