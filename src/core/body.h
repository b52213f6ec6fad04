// A record's content: what some node says happened. Alternatives are only ever added at the end (the wire numbers
// them).
#pragma once

#include <variant>

#include "core/access/records.h"
#include "core/config/records.h"
#include "core/contact/records.h"
#include "core/customer/records.h"
#include "core/distribution/records.h"
#include "core/failover/records.h"
#include "core/membership/records.h"
#include "core/presence/records.h"
#include "core/routing/records.h"
#include "core/transfer/records.h"

namespace tandem {

using Body = std::variant<config::Rec, access::Rec, membership::Rec, contact::Rec, presence::Rec, routing::Rec,
                          transfer::Rec, failover::Rec, distribution::Rec, customer::Rec>;

// What replies and effects of a step wait for (fixed per record type): `local`, the own disk; `peer`, one other node's
// disk as well, because a person or client was told yes.
enum class Ack : std::uint8_t { local, peer };
[[nodiscard]] Ack ack_class(const Body& body);

}  // namespace tandem
