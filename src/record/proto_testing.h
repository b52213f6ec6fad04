// What the tests of proto/*.proto share: random values of the messages that libprotobuf makes from the files, and the
// ways between them and the described structs. Protobuf's own headers come with it.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include "record/values_testing.h"

namespace tandem::record::testing {

namespace pb = google::protobuf;

inline constexpr const char* kFolder = "proto";  // tests run at the root of the tree

// The committed file equals `schema`; with TANDEM_WRITE_PROTO=1 it is written anew.
inline void expect_committed(const std::string& name, const std::string& schema) {
  const std::string path = std::string(kFolder) + "/" + name;
  if (std::getenv("TANDEM_WRITE_PROTO") != nullptr) std::ofstream(path) << schema;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), schema) << path << ": run this test with TANDEM_WRITE_PROTO=1 and look at the difference";
}

// ---------------------------------------------------------------------------------------------- libprotobuf's side

// The committed files as protoc understands them, or what `change` makes of them: another build's schema.
class Files {
 public:
  using Change = std::function<void(pb::FileDescriptorProto&)>;
  explicit Files(const std::string& name, const Change& change = nullptr) {
    const std::string command =
        "protoc --proto_path=" + std::string(kFolder) + " --include_imports --descriptor_set_out=/dev/stdout " + name;
    FILE* protoc = popen(command.c_str(), "r");
    std::string compiled;
    for (int c = 0; protoc != nullptr && (c = std::fgetc(protoc)) != EOF;) compiled.push_back(static_cast<char>(c));
    EXPECT_EQ(protoc == nullptr ? -1 : pclose(protoc), 0) << command;
    pb::FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromString(compiled));
    for (pb::FileDescriptorProto& file : *set.mutable_file()) {
      if (change) change(file);
      EXPECT_NE(pool_.BuildFile(file), nullptr) << file.name();
    }
  }

  [[nodiscard]] std::unique_ptr<pb::Message> make(const std::string& type) {
    const pb::Descriptor* descriptor = pool_.FindMessageTypeByName("tandem." + type);
    if (descriptor == nullptr) {
      ADD_FAILURE() << "no message tandem." << type;
      return nullptr;
    }
    return std::unique_ptr<pb::Message>(factory_.GetPrototype(descriptor)->New());
  }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
};

[[nodiscard]] inline std::string bytes_of(const pb::Message& message) {
  std::string out;
  {
    pb::io::StringOutputStream stream(&out);
    pb::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    EXPECT_TRUE(message.SerializeToCodedStream(&coded));
  }
  return out;
}

// The names of messages, from `message` down, that hold a field their schema does not name.
inline void unknown_fields(const pb::Message& message, std::set<std::string>& out) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) out.insert(message.GetDescriptor()->full_name());
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      unknown_fields(reflection.GetMessage(message, field), out);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      unknown_fields(reflection.GetRepeatedMessage(message, field, i), out);
    }
  }
}

// A value as some other program might write it: everything within what the comments of the files allow.
class Filler {
 public:
  explicit Filler(Rng& rng) : rng_(rng) {}

  void message(pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor* field = type.field(i);
      if (field->containing_oneof() != nullptr) continue;
      const bool key = type.name().ends_with("Entry") && field->name() == "key";
      if (field->is_repeated()) {
        for (std::uint64_t n = rng_.below(4); n > 0; --n) value(message, *field, true);
      } else if (key || unique_ || rng_.chance(3, 4)) {
        const bool outer = std::exchange(unique_, unique_ || key);
        value(message, *field, false);
        unique_ = outer;
      }
    }
    for (int i = 0; i < type.oneof_decl_count(); ++i) {
      const pb::OneofDescriptor* oneof = type.oneof_decl(i);
      const auto count = static_cast<std::uint64_t>(oneof->field_count());
      value(message, *oneof->field(static_cast<int>(rng_.below(count))), false);
    }
  }

 private:
  void value(pb::Message& message, const pb::FieldDescriptor& field, bool add) {
    const pb::Reflection& r = *message.GetReflection();
    const pb::FieldDescriptor* f = &field;
    const bool unique = add || unique_;  // elements may be a set's, and keys are a map's
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return r.SetBool(&message, f, rng_.chance(1, 2));
      case pb::FieldDescriptor::CPPTYPE_UINT32: {
        constexpr std::uint32_t kNodeIds = 1 << 16;
        const std::uint32_t number =
            unique ? ++ascending_ % kNodeIds : static_cast<std::uint32_t>(rng_.below(kNodeIds));
        return add ? r.AddUInt32(&message, f, number) : r.SetUInt32(&message, f, number);
      }
      case pb::FieldDescriptor::CPPTYPE_UINT64: {
        const std::uint64_t number = unique ? ++ascending_ : some_number(rng_, ~0ULL);
        return add ? r.AddUInt64(&message, f, number) : r.SetUInt64(&message, f, number);
      }
      case pb::FieldDescriptor::CPPTYPE_INT32: {
        const auto number = static_cast<std::int32_t>(rng_.next());
        return add ? r.AddInt32(&message, f, number) : r.SetInt32(&message, f, number);
      }
      case pb::FieldDescriptor::CPPTYPE_INT64: {
        const auto number = static_cast<std::int64_t>(rng_.next());
        return add ? r.AddInt64(&message, f, number) : r.SetInt64(&message, f, number);
      }
      case pb::FieldDescriptor::CPPTYPE_ENUM: {
        const auto count = static_cast<std::uint64_t>(field.enum_type()->value_count());
        const pb::EnumValueDescriptor* number = field.enum_type()->value(static_cast<int>(rng_.below(count)));
        return add ? r.AddEnum(&message, f, number) : r.SetEnum(&message, f, number);
      }
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        std::string text = some_text(rng_);
        if (field.type() == pb::FieldDescriptor::TYPE_BYTES) text = holds_bytes(field.name()) ? some_bytes(rng_) : id();
        if (unique && field.type() == pb::FieldDescriptor::TYPE_STRING) text += std::to_string(++ascending_);
        return add ? r.AddString(&message, f, text) : r.SetString(&message, f, text);
      }
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return this->message(add ? *r.AddMessage(&message, f) : *r.MutableMessage(&message, f));
      default:
        ADD_FAILURE() << field.full_name() << " has a type that no file uses";
    }
  }
  std::string id() {
    std::string out(16, '\0');
    for (char& c : out) c = static_cast<char>(rng_.below(256));
    return out;
  }

  Rng& rng_;
  bool unique_ = false;  // inside a key
  std::uint32_t ascending_ = 0;
};

// Equal but for what does not matter: the order of maps and sets, and a default that was written.
[[nodiscard]] inline bool same_message(const pb::Message& a, const pb::Message& b, std::string& difference) {
  pb::util::MessageDifferencer differencer;
  differencer.set_message_field_comparison(pb::util::MessageDifferencer::EQUIVALENT);
  differencer.set_repeated_field_comparison(pb::util::MessageDifferencer::AS_SET);
  differencer.ReportDifferencesToString(&difference);
  return differencer.Compare(a, b);
}

// ------------------------------------------------------------------------------------------------------ both sides

// What wire.h writes, libprotobuf reads whole; what that writes again, wire.h reads as the same value.
template <class T>
void expect_read_by_protobuf(Files& files, const Codec<T>& codec, const T& value) {
  const std::string written = codec.encode(value);
  const auto message = files.make(codec.type);
  ASSERT_TRUE(message && message->ParseFromString(written)) << codec.type;
  std::set<std::string> unknown;
  unknown_fields(*message, unknown);
  ASSERT_TRUE(unknown.empty()) << *unknown.begin() << " lacks a field";
  const auto back = codec.decode(bytes_of(*message));
  ASSERT_TRUE(back) << message->DebugString();
  ASSERT_TRUE(codec.same(value, *back)) << message->DebugString();
  ASSERT_EQ(codec.encode(*back), written);
}

// What libprotobuf writes, wire.h reads whole; what that writes again, libprotobuf reads as the same message.
template <class T>
void expect_read_by_wire(Files& files, const Codec<T>& codec, Rng& rng) {
  const auto message = files.make(codec.type);
  ASSERT_TRUE(message);
  Filler(rng).message(*message);
  const auto value = codec.decode(bytes_of(*message));
  ASSERT_TRUE(value) << message->DebugString();
  const auto back = files.make(codec.type);
  ASSERT_TRUE(back->ParseFromString(codec.encode(*value)));
  std::string difference;
  ASSERT_TRUE(same_message(*message, *back, difference)) << difference << message->DebugString();
}

// A later build's schema: every message has more fields, of every kind that bytes can have.
inline void add_fields(pb::FileDescriptorProto& file) {
  const std::function<void(pb::DescriptorProto&)> extend = [&](pb::DescriptorProto& message) {
    if (message.options().map_entry()) return;
    const auto field = [&](const char* name, int number, pb::FieldDescriptorProto::Type type, bool repeated) {
      pb::FieldDescriptorProto& added = *message.add_field();
      added.set_name(name);
      added.set_number(number);
      added.set_type(type);
      added.set_label(repeated ? pb::FieldDescriptorProto::LABEL_REPEATED : pb::FieldDescriptorProto::LABEL_OPTIONAL);
    };
    field("added_number", 900, pb::FieldDescriptorProto::TYPE_SINT64, false);
    field("added_text", 901, pb::FieldDescriptorProto::TYPE_STRING, true);
    field("added_packed", 902, pb::FieldDescriptorProto::TYPE_UINT32, true);
    field("added_fixed64", 903, pb::FieldDescriptorProto::TYPE_SFIXED64, false);
    field("added_fixed32", 904, pb::FieldDescriptorProto::TYPE_SFIXED32, false);
    for (pb::DescriptorProto& nested : *message.mutable_nested_type()) extend(nested);
  };
  for (pb::DescriptorProto& message : *file.mutable_message_type()) extend(message);
}

// An earlier build's schema: the last field of every message was not there yet, if it has others.
inline void take_fields(pb::FileDescriptorProto& file) {
  for (pb::DescriptorProto& message : *file.mutable_message_type()) {
    if (message.field_size() > 1) message.mutable_field()->RemoveLast();
  }
}

// Reads what a later build writes: what it added is skipped, wherever it stands.
template <class T>
void expect_additions_skipped(Files& files, Files& later, const Codec<T>& codec, Rng& rng) {
  const auto message = later.make(codec.type);
  ASSERT_TRUE(message);
  Filler(rng).message(*message);
  const auto value = codec.decode(bytes_of(*message));
  ASSERT_TRUE(value) << message->DebugString();
  const auto known = files.make(codec.type);
  ASSERT_TRUE(known->ParseFromString(bytes_of(*message)));
  known->DiscardUnknownFields();
  const auto expected = codec.decode(bytes_of(*known));
  ASSERT_TRUE(expected);
  ASSERT_TRUE(codec.same(*value, *expected)) << message->DebugString();
}

// A program of an earlier schema that passes a message on loses nothing of it.
template <class T>
void expect_kept_by_earlier(Files& earlier, const Codec<T>& codec, const T& value) {
  const auto message = earlier.make(codec.type);
  ASSERT_TRUE(message && message->ParseFromString(codec.encode(value)));
  const auto back = codec.decode(bytes_of(*message));
  ASSERT_TRUE(back) << message->DebugString();
  ASSERT_TRUE(codec.same(value, *back)) << message->DebugString();
}

}  // namespace tandem::record::testing
