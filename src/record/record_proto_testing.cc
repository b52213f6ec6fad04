#include "record/record_proto_testing.h"

namespace tandem::record::testing {
namespace {

template <class... Kinds>
void each_of_module(Rng& rng, const std::function<void(const Record&)>& one, const std::variant<Kinds...>*) {
  const auto kind = [&]<class Kind>() {
    Record record;
    Fill fill{rng};
    fill.set("origin", record.origin);
    fill.set("incarnation", record.incarnation);
    fill.set("sequence", record.sequence);
    fill.set("at", record.at);
    fill.set("cause", record.cause);
    record.body = std::variant<Kinds...>{some<Kind>(rng)};
    one(record);
  };
  (kind.template operator()<Kinds>(), ...);
}

template <class... Modules>
void each_of_body(Rng& rng, const std::function<void(const Record&)>& one, const std::variant<Modules...>*) {
  (each_of_module(rng, one, static_cast<const Modules*>(nullptr)), ...);
}

}  // namespace

const Codec<Record>& record_codec() {
  static const Codec<Record> codec = codec_of<Record>("Record");
  return codec;
}

void each_record(Rng& rng, const std::function<void(const Record&)>& one) {
  each_of_body(rng, one, static_cast<const Body*>(nullptr));
}

}  // namespace tandem::record::testing
