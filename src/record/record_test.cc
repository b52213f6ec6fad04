// Goal: a record is written as its description says, read as it was written, and refused when no node writes it.
#include "record/record.h"

#include <gtest/gtest.h>

#include "codec/wire.h"

namespace tandem::record {
namespace {

Meta meta() { return {{NodeId{2}, Incarnation{77}}, Sequence{5}, Hlc::at(1000, 3), derive_uuid({}, "cause")}; }

ContactId contact(const char* name) { return ContactId{derive_uuid({}, name)}; }

contact::Claimed claim(ContactId of, ContactId whole, Term term) {
  contact::Claimed claimed;
  claimed.contact = of;
  claimed.term = term;
  claimed.whole.id = whole;
  return claimed;
}

TEST(Record, ComesBackWithItsPlaceAndBody) {
  const std::string bytes = encode(meta(), membership::Rec{membership::Born{true, "build"}});
  const auto record = decode(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->meta(), meta());
  const auto& born = std::get<membership::Born>(std::get<membership::Rec>(record->body));
  EXPECT_TRUE(born.amnesiac);
  EXPECT_EQ(born.build, "build");
  EXPECT_EQ(wire::encode(*record), bytes) << "the envelope written in place is the Record's own description";
  EXPECT_EQ(stamp_of(bytes), meta().at);
}

TEST(Record, OneWithoutAPlaceIsRefused) {
  const Body body = membership::Rec{membership::Accepted{1}};
  for (int missing = 0; missing < 3; ++missing) {
    Meta nowhere = meta();
    if (missing == 0) nowhere.log.origin = {};
    if (missing == 1) nowhere.log.incarnation = {};
    if (missing == 2) nowhere.sequence = {};
    const auto refused = decode(encode(nowhere, body));
    ASSERT_FALSE(refused) << missing;
    EXPECT_EQ(refused.error().code, Errc::corrupt);
  }
}

TEST(Record, AClaimOfAnotherThingOrOfNoTermIsRefused) {
  const auto taken = [](const Body& body) { return decode(encode(meta(), body)).has_value(); };
  EXPECT_TRUE(taken(contact::Rec{claim(contact("a"), contact("a"), Term{1})}));
  EXPECT_FALSE(taken(contact::Rec{claim(contact("a"), contact("b"), Term{1})}));
  EXPECT_FALSE(taken(contact::Rec{claim(contact("a"), contact("a"), Term{})}));
  presence::Claimed desk;
  desk.agent = desk.whole.agent = AgentId{derive_uuid({}, "ana")};
  desk.term = Term{1};
  EXPECT_TRUE(taken(presence::Rec{desk}));
  desk.term = {};
  EXPECT_FALSE(taken(presence::Rec{desk}));
  desk.term = Term{1};
  desk.whole.agent = AgentId{derive_uuid({}, "bob")};
  EXPECT_FALSE(taken(presence::Rec{desk}));
}

TEST(Record, BytesThatAreCutOrStrangeAreRefused) {
  const std::string bytes = encode(meta(), contact::Rec{claim(contact("a"), contact("a"), Term{1})});
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode("no record at all"));
}

}  // namespace
}  // namespace tandem::record
