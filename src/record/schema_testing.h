// The .proto text of structs that wire.h can write, from the same `fields` descriptions. proto/*.proto are committed
// copies of it, for people and for programs that are not this one; tests hold them equal.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/values_testing.h"

namespace tandem::record::testing {

// "tandem::contact::Claimed"
template <class T>
[[nodiscard]] std::string type_name() {
  const std::string_view all = __PRETTY_FUNCTION__;
  const std::size_t from = all.find("T = ") + 4;
  return std::string(all.substr(from, all.find_first_of(";]", from) - from));
}

// "session"; the first of equal ones
template <auto V>
[[nodiscard]] std::string enumerator_name() {
  const std::string_view all = __PRETTY_FUNCTION__;
  const std::size_t from = all.find("V = ") + 4;
  const std::string_view name = all.substr(from, all.find_first_of(";]", from) - from);
  return std::string(name.substr(name.rfind(':') + 1));
}

[[nodiscard]] inline std::string camel(std::string_view snake) {
  std::string out;
  bool up = true;
  for (const char c : snake) {
    if (c == '_') {
      up = true;
      continue;
    }
    out.push_back(up ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
    up = false;
  }
  return out;
}

[[nodiscard]] inline std::string snake(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !out.empty()) out.push_back('_');
    out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return out;
}

// "tandem::contact::Claimed" -> {"contact", "Claimed"}; no module: {"", "Line"}
[[nodiscard]] inline std::pair<std::string, std::string> module_and_name(std::string_view qualified) {
  const std::size_t colon = qualified.rfind("::");
  if (colon == std::string_view::npos) return {"", std::string(qualified)};
  std::string_view space = qualified.substr(0, colon);
  if (const std::size_t before = space.rfind("::"); before != std::string_view::npos) space.remove_prefix(before + 2);
  return {space == "tandem" ? "" : std::string(space), std::string(qualified.substr(colon + 2))};
}

// ContactClaimed for contact::Claimed, Contact for contact::Contact; frames need no prefix.
[[nodiscard]] inline std::string message_name(std::string_view qualified) {
  constexpr std::string_view kPatch = "Patch<";
  if (const std::size_t at = qualified.find(kPatch); at != std::string_view::npos) {
    const std::size_t from = at + kPatch.size();
    return message_name(qualified.substr(from, qualified.rfind('>') - from)) + "Patch";
  }
  const auto [module, name] = module_and_name(qualified);
  if (module.empty() || module == "cluster" || name.starts_with(camel(module))) return name;
  return camel(module) + name;
}

class Schema {
 public:
  explicit Schema(std::string intro) : intro_(std::move(intro)) {}

  // T stands in another file.
  template <wire::Struct T>
  void import(const std::string& file) {
    done_.insert(message_name(type_name<T>()));
    intro_end_ += "\nimport \"" + file + "\";\n";
  }

  template <wire::Struct T>
  std::string message() {
    const std::string name = message_name(type_name<T>());
    if (!done_.insert(name).second) return name;
    Block block;
    T value{};
    T::fields(value,
              [&]<class F>(unsigned number, const char* field, const F&) { this->field<F>(block, number, field); });
    print(name, block);
    return name;
  }

  // A variant: one field of a oneof per alternative.
  template <class V>
  void variant(const std::string& name) {
    if (!done_.insert(name).second) return;
    Block block;
    block.oneof = true;
    alternatives(block, static_cast<const V*>(nullptr));
    print(name, block);
  }

  // Messages stand after those they use.
  [[nodiscard]] std::string text() const {
    return intro_ + "syntax = \"proto3\";\n\npackage tandem;\n" + intro_end_ + text_;
  }

 private:
  struct Type {
    std::string name;
    std::string note;  // what the name does not say
    bool scalar = true;
  };
  struct Line {
    std::string code;
    std::string note;
  };
  struct Block {
    std::vector<std::string> nested;
    std::vector<Line> lines;
    bool oneof = false;
  };

  void print(const std::string& name, const Block& block) {
    if (block.lines.empty()) {
      text_ += "\nmessage " + name + " {}\n";
      return;
    }
    text_ += "\nmessage " + name + " {\n";
    for (const std::string& nested : block.nested) text_ += nested;
    text_ +=
        block.oneof ? "  oneof is {\n" + aligned("    ", block.lines) + "  }\n}\n" : aligned("  ", block.lines) + "}\n";
  }
  // The notes of neighbours begin in one column, as clang-format has it.
  static std::string aligned(const std::string& indent, const std::vector<Line>& lines) {
    std::string out;
    for (auto at = lines.begin(); at != lines.end();) {
      const auto end = std::find_if(at, lines.end(), [](const Line& line) { return line.note.empty(); });
      std::size_t column = 0;
      for (auto line = at; line != end; ++line) column = std::max(column, line->code.size());
      for (; at != end; ++at) {
        out += indent + at->code + std::string(column - at->code.size(), ' ') + "  // " + at->note + "\n";
      }
      if (end != lines.end()) out += indent + (at++)->code + "\n";
    }
    return out;
  }

  template <class... T>
  void alternatives(Block& block, const std::variant<T...>*) {
    unsigned number = 0;
    const auto one = [&]<class A>() {
      std::string field;
      std::string type;
      if constexpr (wire::Struct<A>) {
        field = snake(module_and_name(type_name<A>()).second);
        type = message<A>();
      } else {
        // A module's records, named after the module of the first.
        field = module_and_name(type_name<std::variant_alternative_t<0, A>>()).first;
        type = camel(field) + "Record";
        variant<A>(type);
      }
      block.lines.push_back({type + " " + field + " = " + std::to_string(++number) + ";", ""});
    };
    (one.template operator()<T>(), ...);
  }

  template <class F>
  void field(Block& block, unsigned number, const std::string& name) {
    const std::string end = " " + name + " = " + std::to_string(number);
    if constexpr (wire::detail::IsVector<F>::value || wire::detail::IsSet<F>::value) {
      const Type type = this->type<typename F::value_type>(name);
      const bool number_type = type.scalar && type.name != "string" && type.name != "bytes";
      block.lines.push_back({"repeated " + type.name + end + (number_type ? " [packed = false];" : ";"), type.note});
    } else if constexpr (wire::detail::IsMap<F>::value) {
      const Type key = type<typename F::key_type>(name);
      const Type value = type<typename F::mapped_type>(name);
      if (key.scalar && key.name != "bytes") {
        block.lines.push_back({"map<" + key.name + ", " + value.name + ">" + end + ";", both(key, value)});
        return;
      }
      // On the wire the same as a map, whose keys protobuf limits to numbers and strings.
      const std::string entry = camel(name) + "Entry";
      block.nested.push_back(
          "  message " + entry + " {\n" +
          aligned("    ", {{key.name + " key = 1;", key.note}, {value.name + " value = 2;", value.note}}) + "  }\n");
      block.lines.push_back({"repeated " + entry + end + ";", ""});
    } else if constexpr (wire::detail::IsOptional<F>::value) {
      const Type type = this->type<typename F::value_type>(name);
      block.lines.push_back({(type.scalar ? "optional " : "") + type.name + end + ";", type.note});
    } else {
      const Type type = this->type<F>(name);
      block.lines.push_back({type.name + end + ";", type.note});
    }
  }
  static std::string both(const Type& key, const Type& value) {
    if (key.note.empty() && value.note.empty()) return "";
    const auto of = [](const Type& type) { return type.note.empty() ? type.name : type.note; };
    return of(key) + " to " + of(value);
  }

  template <class F>
  Type type(const std::string& field) {
    if constexpr (std::is_same_v<F, Uuid>) {
      return {"bytes", "Uuid"};
    } else if constexpr (std::is_same_v<F, Hlc>) {
      return {"uint64", "Hlc"};
    } else if constexpr (wire::detail::IsStrong<F>::value) {
      // "tandem::Strong<tandem::NodeIdTag, short unsigned int>" -> "NodeId"
      const std::string name = type_name<F>();
      const std::size_t end = name.find("Tag,");
      const std::size_t from = name.find_last_of(":< ", end) + 1;
      return {type<typename F::rep>(field).name, name.substr(from, end - from)};
    } else if constexpr (wire::detail::IsDuration<F>::value) {
      if constexpr (std::is_same_v<F, std::chrono::nanoseconds>) return {"sint64", "nanoseconds"};
      if constexpr (std::is_same_v<F, std::chrono::microseconds>) return {"sint64", "microseconds"};
      if constexpr (std::is_same_v<F, std::chrono::milliseconds>) return {"sint64", "milliseconds"};
    } else if constexpr (std::is_same_v<F, std::string>) {
      return {holds_bytes(field) ? "bytes" : "string", ""};
    } else if constexpr (std::is_same_v<F, bool>) {
      return {"bool", ""};
    } else if constexpr (std::is_enum_v<F>) {
      return {enumeration<F>(), ""};
    } else if constexpr (std::is_integral_v<F>) {
      return {std::string(std::is_signed_v<F> ? "sint" : "uint") + (sizeof(F) > 4 ? "64" : "32"), ""};
    } else if constexpr (wire::detail::IsVariant<F>::value) {
      variant<F>(camel(field));
      return {camel(field), "", false};
    } else {
      return {message<F>(), "", false};
    }
  }

  template <class E>
  std::string enumeration() {
    const std::string name = message_name(type_name<E>());
    if (!done_.insert(name).second) return name;
    std::string prefix = snake(name);
    std::ranges::transform(prefix, prefix.begin(), [](unsigned char c) { return std::toupper(c); });
    text_ += "\nenum " + name + " {\n";
    const auto names = enumerators<E>(std::make_index_sequence<static_cast<std::size_t>(E::last_) + 1>{});
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::string value = names[i];
      std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::toupper(c); });
      text_ += "  " + prefix + "_" + value + " = " + std::to_string(i) + ";\n";
    }
    text_ += "}\n";
    return name;
  }
  template <class E, std::size_t... I>
  static std::array<std::string, sizeof...(I)> enumerators(std::index_sequence<I...>) {
    return {enumerator_name<static_cast<E>(I)>()...};
  }

  std::string intro_;
  std::string intro_end_;
  std::string text_;
  std::set<std::string> done_;
};

}  // namespace tandem::record::testing
