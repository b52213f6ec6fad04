#include "core/body.h"

#include "base/overloaded.h"

namespace tandem {

Ack ack_class(const Body& body) {
  return std::visit(Overloaded{
                        [](const config::Rec&) { return Ack::peer; },
                        [](const access::Rec&) { return Ack::peer; },
                        [](const membership::Rec&) { return Ack::local; },
                        [](const contact::Rec&) { return Ack::peer; },
                        [](const presence::Rec& rec) {
                          const bool told = std::holds_alternative<presence::Claimed>(rec) ||
                                            std::holds_alternative<presence::Updated>(rec);
                          return told ? Ack::peer : Ack::local;
                        },
                        [](const routing::Rec&) { return Ack::local; },
                        [](const transfer::Rec&) { return Ack::local; },
                        [](const failover::Rec&) { return Ack::local; },
                        [](const distribution::Rec&) { return Ack::peer; },
                        [](const customer::Rec&) { return Ack::peer; },
                    },
                    body);
}

}  // namespace tandem
