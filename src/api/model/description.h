// The operations of one service as its description file states them: routes, members, types, limits, errors. Parsed
// once when the process starts, never changed after; README.md has the notation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/pattern.h"
#include "base/error.h"

namespace tandem::model {

enum class Kind : std::uint8_t {
  string,
  integer,       // 32 bits
  long_integer,  // 64 bits
  floating,      // float and double
  boolean,
  timestamp,    // a number of seconds since 1970 in a JSON body
  enumeration,  // a string out of `Type::values`
  list,
  map,  // its keys are strings
  structure,
};

struct Type;

struct Member {
  enum class Location : std::uint8_t { body, path, query, header };
  std::string name;
  const Type* type = nullptr;
  bool required = false;
  Location location = Location::body;
  std::string wire_name;  // in the path template, the query or the header (lower-case there); `name` in a body
};

struct Type {
  Kind kind = Kind::structure;
  std::string name;                 // empty for a type written where it is used
  std::optional<std::int64_t> min;  // characters of a string, elements of a list or map, value of a number
  std::optional<std::int64_t> max;
  std::optional<Pattern> pattern;
  bool secret = false;              // its value belongs in no log and no message
  bool exactly_one = false;         // of a structure: one member, no more and no less (a union)
  std::vector<std::string> values;  // of an enumeration, as written
  const Type* key = nullptr;        // of a map
  const Type* element = nullptr;    // of a list or map
  std::vector<Member> members;      // of a structure
};

struct ErrorShape {
  std::string name;
  int status = 400;
  std::vector<Member> members;
};

struct Operation {
  std::string name;
  std::string method;
  std::string uri;                         // the template: `/queues/{InstanceId}/{QueueId}`
  std::vector<std::string> segments;       // of `uri`; a parameter is an empty string
  std::vector<std::string> parameters;     // the names of the empty ones, in order
  int status = 200;                        // of success
  Type input;                              // a structure
  Type output;                             // a structure
  std::vector<const ErrorShape*> errors;   // what it may answer with
  const ErrorShape* on_invalid = nullptr;  // how it reports a member that breaks a rule

  [[nodiscard]] bool declares(std::string_view error) const;
};

class Description {
 public:
  // Errors: invalid, with the line's number and what is wrong with it.
  [[nodiscard]] static Result<Description> parse(std::string_view text);

  // Out of line: what these containers take to move and destroy is compiled once.
  Description(Description&& other) noexcept;
  Description& operator=(Description&& other) noexcept;
  ~Description();

  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] const std::string& version() const { return version_; }
  // In the order of the file.
  [[nodiscard]] const std::deque<Operation>& operations() const { return operations_; }
  [[nodiscard]] const Operation* find(std::string_view operation) const;
  [[nodiscard]] const ErrorShape* find_error(std::string_view error) const;
  // A named type of the file, or null.
  [[nodiscard]] const Type* find_type(std::string_view type) const;

 private:
  friend class DescriptionParser;
  Description();

  std::string service_;
  std::string version_;
  // Others point into these, so they must not move: a deque and a map keep their elements in place.
  std::deque<Operation> operations_;
  std::deque<Type> unnamed_;
  std::map<std::string, Type, std::less<>> types_;
  std::map<std::string, ErrorShape, std::less<>> errors_;
  std::map<std::string, const Operation*, std::less<>> by_name_;
};

}  // namespace tandem::model
