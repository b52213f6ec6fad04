#include "node/messages.h"

#include "codec/wire.h"

namespace tandem::message {
std::string encode(const Any& message) { return wire::encode(message); }
Result<Any> decode(std::string_view bytes) { return wire::decode<Any>(bytes); }
}  // namespace tandem::message
