#include "api/model/description.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace tandem::model {
namespace {

// Words of a line; a pattern between backticks is one word with its backticks, and may hold spaces.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    std::size_t end = 0;
    if (line.front() == '`') {
      end = line.find('`', 1);
      end = end == std::string_view::npos ? line.size() : end + 1;
    } else {
      end = std::min(line.find(' '), line.size());
    }
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// How an operation reports a broken rule: the most precise error it declares.
const char* const kOnInvalid[] = {"InvalidParameterException", "InvalidRequestException", "ValidationException"};

}  // namespace

// Reads the file line by line; a line's indentation says what it belongs to (0: a declaration, 2: a part of it or a
// member, 4: a member of an operation's part).
class DescriptionParser {
 public:
  Result<Description> parse(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++line_number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      const auto indentation = line.find_first_not_of(' ');
      if (indentation == std::string_view::npos || line[indentation] == '#') continue;
      words_ = words_of(line);
      take_line(indentation);
      if (!problem_.empty()) return fail(Errc::invalid, "line " + std::to_string(line_number_) + ": " + problem_);
    }
    finish();
    if (!problem_.empty()) return fail(Errc::invalid, problem_);
    return std::move(out_);
  }

 private:
  enum class Part : std::uint8_t { none, in, out, errors, members, values };

  void refuse(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
  }
  [[nodiscard]] bool left() const { return next_ < words_.size(); }
  std::string_view word() { return left() ? words_[next_++] : std::string_view(); }

  void take_line(std::size_t indentation) {
    next_ = 0;
    if (indentation == 0) {
      declaration();
    } else if (indentation == 2 && operation_ != nullptr) {
      const std::string_view part = word();
      if (part == "in") {
        part_ = Part::in;
      } else if (part == "out") {
        part_ = Part::out;
      } else if (part == "errors") {
        part_ = Part::errors;
      } else {
        refuse("an operation has the parts in, out and errors");
      }
    } else if (part_ == Part::values && indentation == 2) {
      while (left()) values_->emplace_back(word());
    } else if (part_ == Part::errors && indentation == 4) {
      while (left()) operation_errors_.emplace_back(operation_, word());
    } else if (part_ == Part::in && indentation == 4) {
      member(operation_->input.members, true);
    } else if (part_ == Part::out && indentation == 4) {
      member(operation_->output.members, false);
    } else if (part_ == Part::members && indentation == 2) {
      member(*members_, false);
    } else {
      refuse("a line of this indentation belongs to nothing");
    }
    if (left()) refuse("left over: " + std::string(word()));
  }

  void declaration() {
    part_ = Part::none;
    operation_ = nullptr;
    const std::string_view keyword = word();
    const std::string name(word());
    if (name.empty()) return refuse("a declaration has a name");
    if (keyword == "service") {
      out_.service_ = name;
    } else if (keyword == "version") {
      out_.version_ = name;
    } else if (keyword == "facts") {
      // Which release of the public models this follows: for people and for the test against installed clients.
    } else if (keyword == "operation") {
      operation(name);
    } else if (keyword == "error") {
      error(name);
    } else if (keyword == "struct" || keyword == "union") {
      Type* type = define(name);
      if (type == nullptr) return;
      type->kind = Kind::structure;
      type->exactly_one = keyword == "union";
      if (left() && words_[next_] == "secret") type->secret = !word().empty();
      part_ = Part::members;
      members_ = &type->members;
    } else if (keyword == "enum") {
      Type* type = define(name);
      if (type == nullptr) return;
      type->kind = Kind::enumeration;
      part_ = Part::values;
      values_ = &type->values;
    } else if (keyword == "type") {
      Type* type = define(name);
      if (type != nullptr) written_type(*type);
    } else {
      refuse("no such declaration: " + std::string(keyword));
    }
  }

  void operation(const std::string& name) {
    if (out_.by_name_.contains(name)) return refuse("described twice: " + name);
    Operation& operation = out_.operations_.emplace_back();
    operation.name = name;
    operation.method = word();
    operation.uri = word();
    if (!parse_number(word(), operation.status)) return refuse("an operation has a method, a URI and a status");
    if (!operation.uri.starts_with('/')) return refuse("a URI starts with a slash");
    std::string_view rest = std::string_view(operation.uri).substr(1);
    for (;;) {
      const auto end = rest.find('/');
      const std::string_view segment = rest.substr(0, end);
      if (segment.starts_with('{') && segment.ends_with('}') && segment.size() > 2) {
        operation.segments.emplace_back();
        operation.parameters.emplace_back(segment.substr(1, segment.size() - 2));
      } else if (segment.empty() || segment.find_first_of("{}?") != std::string_view::npos) {
        return refuse("a part of a URI is a word or one parameter: " + operation.uri);
      } else {
        operation.segments.emplace_back(segment);
      }
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    out_.by_name_.emplace(name, &operation);
    operation_ = &operation;
  }

  void error(const std::string& name) {
    const auto [at, fresh] = out_.errors_.try_emplace(name);
    ErrorShape& shape = at->second;
    shape.name = name;
    if (!fresh) return refuse("described twice: " + name);
    if (!parse_number(word(), shape.status) || shape.status < 400 || shape.status > 599) {
      return refuse("an error has an HTTP status from 400 to 599");
    }
    part_ = Part::members;
    members_ = &shape.members;
  }

  Type* define(const std::string& name) {
    if (!defined_.insert(name).second) {
      refuse("described twice: " + name);
      return nullptr;
    }
    Type& type = out_.types_[name];
    type.name = name;
    return &type;
  }

  void member(std::vector<Member>& into, bool located) {
    Member member;
    std::string_view name = word();
    member.required = name.ends_with('!');
    if (member.required) name.remove_suffix(1);
    member.name = name;
    member.wire_name = name;
    if (name.empty()) return refuse("a member has a name");
    if (std::ranges::find(into, member.name, &Member::name) != into.end())
      return refuse("member twice: " + member.name);
    if (located && left()) {
      const std::string_view where = words_[next_];
      if (where == "path") {
        member.location = Member::Location::path;
      } else if (where == "query") {
        member.location = Member::Location::query;
      } else if (where == "header") {
        member.location = Member::Location::header;
      }
      if (member.location != Member::Location::body) {
        ++next_;
        // A name on the wire stands before the type when it differs from the member's; both can be told apart because
        // a type follows it.
        if (left() && member.location != Member::Location::path && !starts_type(words_[next_])) {
          member.wire_name = word();
        }
        if (member.location == Member::Location::header) {
          for (char& c : member.wire_name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
      }
    }
    member.type = type();
    if (member.type != nullptr) into.push_back(std::move(member));
  }

  // Whether this is the last word of the line or the start of a written type: then it is no wire name.
  bool starts_type(std::string_view word) const { return next_ + 1 == words_.size() || is_base(word); }
  static bool is_base(std::string_view word) {
    static const std::set<std::string_view> kBases = {"string",  "integer",   "long", "float", "double",
                                                      "boolean", "timestamp", "list", "map"};
    return kBases.contains(word);
  }

  // A named type, or one written in place.
  const Type* type() {
    if (!left()) {
      refuse("a type is missing");
      return nullptr;
    }
    if (!is_base(words_[next_])) {
      const std::string name(word());
      used_.insert(name);
      return &out_.types_[name];
    }
    Type& type = out_.unnamed_.emplace_back();
    written_type(type);
    return &type;
  }

  void written_type(Type& type) {
    if (++depth_ > kDepthMax) return refuse("types nested too deep");
    const std::string_view base = word();
    if (base == "string") {
      type.kind = Kind::string;
    } else if (base == "integer") {
      type.kind = Kind::integer;
    } else if (base == "long") {
      type.kind = Kind::long_integer;
    } else if (base == "float" || base == "double") {
      type.kind = Kind::floating;
    } else if (base == "boolean") {
      type.kind = Kind::boolean;
    } else if (base == "timestamp") {
      type.kind = Kind::timestamp;
    } else if (base == "list") {
      type.kind = Kind::list;
    } else if (base == "map") {
      type.kind = Kind::map;
    } else {
      return refuse("no such type: " + std::string(base));
    }
    if (left() && words_[next_].find("..") != std::string_view::npos) limits(type, word());
    while (left()) {
      if (words_[next_] == "secret") {
        type.secret = !word().empty();
      } else if (words_[next_] == "matching" && type.kind == Kind::string && !type.pattern) {
        ++next_;
        pattern(type, word());
      } else {
        break;
      }
    }
    if (type.kind == Kind::map) {
      if (word() != "of") return refuse("a map is of one type to another");
      type.key = this->type();
      if (word() != "to") return refuse("a map is of one type to another");
      type.element = this->type();
    } else if (type.kind == Kind::list) {
      if (word() != "of") return refuse("a list is of a type");
      type.element = this->type();
    }
    --depth_;
  }

  void limits(Type& type, std::string_view text) {
    const auto dots = text.find("..");
    const auto bound = [&](std::string_view number, std::optional<std::int64_t>& into) {
      if (number.empty()) return;
      std::int64_t value = 0;
      if (!parse_number(number, value)) return refuse("not a limit: " + std::string(text));
      into = value;
    };
    if (type.kind == Kind::boolean || type.kind == Kind::timestamp) return refuse("this type has no limits");
    bound(text.substr(0, dots), type.min);
    bound(text.substr(dots + 2), type.max);
    if (type.min && type.max && *type.min > *type.max) refuse("an empty range: " + std::string(text));
  }

  void pattern(Type& type, std::string_view text) {
    if (text.size() < 2 || text.front() != '`' || text.back() != '`') return refuse("a pattern stands in backticks");
    auto pattern = Pattern::parse(text.substr(1, text.size() - 2));
    if (!pattern) return refuse(pattern.error().detail);
    type.pattern = std::move(*pattern);
  }

  // What can only be said when the whole file is known.
  void finish() {
    if (!problem_.empty()) return;
    if (out_.service_.empty() || out_.version_.empty()) return refuse("service and version are missing");
    for (const std::string& name : used_) {
      if (!defined_.contains(name)) return refuse("type used but not described: " + name);
    }
    for (const auto& [name, type] : out_.types_) {
      if (type.kind == Kind::enumeration && type.values.empty()) return refuse("an enum without values: " + name);
    }
    const auto key_is_string = [](const Type& type) {
      return type.kind != Kind::map || type.key->kind == Kind::string || type.key->kind == Kind::enumeration;
    };
    for (const auto& [name, type] : out_.types_) {
      if (!key_is_string(type)) return refuse("the keys of a map are strings: " + name);
    }
    for (const Type& type : out_.unnamed_) {
      if (!key_is_string(type)) return refuse("the keys of a map are strings");
    }
    for (const auto& [operation, name] : operation_errors_) {
      const ErrorShape* error = out_.find_error(name);
      if (error == nullptr) return refuse("error used but not described: " + name);
      operation->errors.push_back(error);
    }
    for (Operation& operation : out_.operations_) complete(operation);
  }

  // What one string outside a JSON body can carry. A timestamp there is written otherwise than in a body, and no
  // operation has one.
  static bool plain(Kind kind) {
    return kind != Kind::list && kind != Kind::map && kind != Kind::structure && kind != Kind::timestamp;
  }

  void complete(Operation& operation) {
    const auto problem = [&](const std::string& what) { refuse(operation.name + ": " + what); };
    for (const char* name : kOnInvalid) {
      if (operation.on_invalid == nullptr && operation.declares(name)) operation.on_invalid = out_.find_error(name);
    }
    if (operation.on_invalid == nullptr) return problem("declares no error for invalid input");
    std::size_t in_path = 0;
    for (const Member& member : operation.input.members) {
      const Kind kind = member.type->kind;
      const bool scalar = plain(kind);
      switch (member.location) {
        case Member::Location::body:
          continue;
        case Member::Location::path:
          ++in_path;
          if (!scalar || std::ranges::find(operation.parameters, member.name) == operation.parameters.end()) {
            return problem("not a parameter of the path: " + member.name);
          }
          break;
        case Member::Location::query: {
          const Kind carried = kind == Kind::list ? member.type->element->kind : kind;
          if (!plain(carried)) return problem("a query cannot carry " + member.name);
          break;
        }
        case Member::Location::header:
          if (!scalar) return problem("a header cannot carry " + member.name);
          break;
      }
    }
    if (in_path != operation.parameters.size()) problem("a parameter of the path is no member");
  }

  static constexpr int kDepthMax = 16;

  Description out_;
  std::string problem_;
  int line_number_ = 0;
  int depth_ = 0;
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
  Part part_ = Part::none;
  Operation* operation_ = nullptr;
  std::vector<Member>* members_ = nullptr;
  std::vector<std::string>* values_ = nullptr;
  std::set<std::string> defined_;
  std::set<std::string> used_;
  std::vector<std::pair<Operation*, std::string>> operation_errors_;
};

bool Operation::declares(std::string_view error) const {
  return std::ranges::any_of(errors, [&](const ErrorShape* shape) { return shape->name == error; });
}

Description::Description() = default;
Description::Description(Description&& other) noexcept = default;
Description& Description::operator=(Description&& other) noexcept = default;
Description::~Description() = default;

Result<Description> Description::parse(std::string_view text) { return DescriptionParser().parse(text); }

const Operation* Description::find(std::string_view operation) const {
  const auto at = by_name_.find(operation);
  return at == by_name_.end() ? nullptr : at->second;
}

const ErrorShape* Description::find_error(std::string_view error) const {
  const auto at = errors_.find(error);
  return at == errors_.end() ? nullptr : &at->second;
}

const Type* Description::find_type(std::string_view type) const {
  const auto at = types_.find(type);
  return at == types_.end() ? nullptr : &at->second;
}

}  // namespace tandem::model
