#include "record/record_proto_testing.h"
#include "record/schema_testing.h"

namespace tandem::record::testing {

std::string records_schema() {
  Schema schema(
      "// Records as they stand in a log, and everything in them. Made from the C++ by src/record/proto_test.cc.\n"
      "// Numbers are only added, never used again. Ids are 16 bytes. An Hlc is 48 bits of UTC milliseconds and 16 of\n"
      "// a counter. A repeated number is written unpacked.\n");
  schema.message<Record>();
  return schema.text();
}

}  // namespace tandem::record::testing
