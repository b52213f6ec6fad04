#include "api/model/pattern.h"

#include <optional>
#include <utility>
#include <vector>

#include "api/model/unicode.h"

namespace tandem::model {
// Not anonymous: Pattern::Automaton, which the header names, is made of these.
namespace pattern_parts {

constexpr std::size_t kPatternNodesMax = 2'000;
constexpr std::size_t kProgramMax = 20'000;
constexpr unsigned kRepeatMax = 2'048;
constexpr int kGroupDepthMax = 40;

struct CharSet {
  struct Category {
    char major;
    bool negated;
  };
  std::vector<std::pair<char32_t, char32_t>> ranges;
  std::vector<Category> categories;
  bool negated = false;

  [[nodiscard]] bool has(char32_t point) const {
    for (const auto& [first, last] : ranges) {
      if (point >= first && point <= last) return !negated;
    }
    for (const Category& category : categories) {
      if (in_category(point, category.major) != category.negated) return !negated;
    }
    return negated;
  }
};

struct PatternNode {
  enum class Kind : std::uint8_t { empty, set, begin, end, sequence, either, repeat };
  Kind kind = Kind::empty;
  std::size_t set = 0;
  std::vector<std::size_t> parts;
  unsigned least = 0;
  std::optional<unsigned> most;
};

struct Instruction {
  enum class Op : std::uint8_t { set, fork, begin, end, accept };
  Op op;
  std::size_t set = 0;
  std::size_t next = 0;
  std::size_t other = 0;  // of a fork
};

struct Program {
  std::vector<Instruction> code;
  std::size_t start = 0;
};

// Follows every path through the program at once (Thompson's construction), so a code point costs at most one visit of
// each instruction.
bool runs(const Program& program, const std::vector<CharSet>& sets, std::string_view value, bool whole) {
  std::vector<std::size_t> now;
  std::vector<std::size_t> next;
  std::vector<std::size_t> stack;
  std::vector<std::size_t> seen(program.code.size(), 0);
  std::size_t round = 0;
  bool accepted = false;
  const auto enter = [&](std::vector<std::size_t>& into, std::size_t at, bool at_begin, bool at_end) {
    stack.push_back(at);
    while (!stack.empty()) {
      const std::size_t index = stack.back();
      stack.pop_back();
      if (seen[index] == round) continue;
      seen[index] = round;
      const Instruction& step = program.code[index];
      switch (step.op) {
        case Instruction::Op::set:
          into.push_back(index);
          break;
        case Instruction::Op::fork:
          stack.push_back(step.other);
          stack.push_back(step.next);
          break;
        case Instruction::Op::begin:
          if (at_begin) stack.push_back(step.next);
          break;
        case Instruction::Op::end:
          if (at_end) stack.push_back(step.next);
          break;
        case Instruction::Op::accept:
          accepted = true;
          break;
      }
    }
  };
  round = 1;
  enter(now, program.start, true, value.empty());
  while (!value.empty() && !now.empty()) {
    if (accepted && !whole) return true;
    accepted = false;
    const char32_t point = take_character(value);
    ++round;
    next.clear();
    for (const std::size_t index : now) {
      const Instruction& step = program.code[index];
      if (sets[step.set].has(point)) enter(next, step.next, false, value.empty());
    }
    now.swap(next);
  }
  return accepted && (!whole || value.empty());
}

class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : rest_(text) {}

  struct Lookahead {
    std::size_t node;
    bool wanted;
  };

  bool parse() {
    if (rest_.starts_with("^(?=") || rest_.starts_with("^(?!")) rest_.remove_prefix(1);
    while (rest_.starts_with("(?=") || rest_.starts_with("(?!")) {
      const bool wanted = rest_[2] == '=';
      rest_.remove_prefix(3);
      const auto node = either(0);
      if (!node || !take(')')) return false;
      lookaheads.push_back({*node, wanted});
    }
    const auto node = either(0);
    if (!node || !rest_.empty()) return false;
    root = *node;
    return true;
  }

  std::vector<PatternNode> nodes;
  std::vector<CharSet> sets;
  std::vector<Lookahead> lookaheads;
  std::size_t root = 0;

 private:
  using Node = std::optional<std::size_t>;

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  Node add(PatternNode node) {
    if (nodes.size() >= kPatternNodesMax) return std::nullopt;
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
  }
  Node add_set(CharSet set) {
    sets.push_back(std::move(set));
    PatternNode node;
    node.kind = PatternNode::Kind::set;
    node.set = sets.size() - 1;
    return add(std::move(node));
  }

  Node either(int depth) {
    if (depth > kGroupDepthMax) return std::nullopt;
    PatternNode node;
    node.kind = PatternNode::Kind::either;
    do {
      const auto part = sequence(depth);
      if (!part) return std::nullopt;
      node.parts.push_back(*part);
    } while (take('|'));
    return node.parts.size() == 1 ? Node(node.parts.front()) : add(std::move(node));
  }

  Node sequence(int depth) {
    PatternNode node;
    node.kind = PatternNode::Kind::sequence;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      auto part = atom(depth);
      if (!part) return std::nullopt;
      part = quantified(*part);
      if (!part) return std::nullopt;
      node.parts.push_back(*part);
    }
    return add(std::move(node));
  }

  Node quantified(std::size_t part) {
    PatternNode node;
    node.kind = PatternNode::Kind::repeat;
    node.parts = {part};
    if (take('*')) {
      node.least = 0;
    } else if (take('+')) {
      node.least = 1;
    } else if (take('?')) {
      node.least = 0;
      node.most = 1;
    } else if (take('{')) {
      const auto least = number();
      if (!least) return std::nullopt;
      node.least = *least;
      node.most = *least;
      if (take(',')) {
        node.most = std::nullopt;
        if (!rest_.starts_with('}')) {
          node.most = number();
          if (!node.most || *node.most < node.least) return std::nullopt;
        }
      }
      if (!take('}')) return std::nullopt;
    } else {
      return part;
    }
    if (rest_.starts_with('*') || rest_.starts_with('+') || rest_.starts_with('?')) return std::nullopt;
    return add(std::move(node));
  }

  std::optional<unsigned> number() {
    unsigned value = 0;
    bool any = false;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
      if (value > kRepeatMax) return std::nullopt;
      rest_.remove_prefix(1);
      any = true;
    }
    return any ? std::optional(value) : std::nullopt;
  }

  Node atom(int depth) {
    if (take('^')) return add({.kind = PatternNode::Kind::begin});
    if (take('$')) return add({.kind = PatternNode::Kind::end});
    if (take('(')) {
      if (take('?') && !take(':')) return std::nullopt;
      const auto inner = either(depth + 1);
      return inner && take(')') ? inner : std::nullopt;
    }
    CharSet set;
    if (take('[')) {
      if (!bracket(set)) return std::nullopt;
    } else if (take('.')) {
      set.ranges = {{'\n', '\n'}, {'\r', '\r'}};
      set.negated = true;
    } else if (rest_.front() == '*' || rest_.front() == '+' || rest_.front() == '?' || rest_.front() == '{') {
      return std::nullopt;
    } else if (!member(set).good) {
      return std::nullopt;
    }
    return add_set(std::move(set));
  }

  bool bracket(CharSet& set) {
    set.negated = take('^');
    bool first = true;
    while (first || !rest_.starts_with(']')) {
      first = false;
      if (rest_.empty()) return false;
      const Member from = member(set);
      if (!from.good) return false;
      // A '-' before the ']' is a plain '-'.
      if (!from.point || !rest_.starts_with('-') || rest_.starts_with("-]")) continue;
      rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      set.ranges.pop_back();
      const Member to = member(set);
      if (!to.good || !to.point || *to.point < *from.point) return false;
      set.ranges.back() = {*from.point, *to.point};
    }
    return take(']');
  }

  struct Member {
    bool good = false;
    std::optional<char32_t> point;  // what a range can start or end with
  };

  // One character or escape, added to `set`.
  Member member(CharSet& set) {
    const auto single = [&](char32_t point) {
      set.ranges.emplace_back(point, point);
      return Member{true, point};
    };
    if (!take('\\')) return single(take_character(rest_));
    if (rest_.empty()) return {};
    const char kind = rest_.front();
    rest_.remove_prefix(1);
    switch (kind) {
      case 'n':
        return single('\n');
      case 'r':
        return single('\r');
      case 't':
        return single('\t');
      case 'x':
        return hex(2, single);
      case 'u':
        return hex(4, single);
      case 'd':
        return shorthand(set, {{'0', '9'}}, false);
      case 'D':
        return shorthand(set, {{'0', '9'}}, true);
      case 'w':
        return shorthand(set, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, false);
      case 'W':
        return shorthand(set, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, true);
      case 's':
        return shorthand(set, {{'\t', '\r'}, {' ', ' '}}, false);
      case 'S':
        return shorthand(set, {{'\t', '\r'}, {' ', ' '}}, true);
      case 'p':
      case 'P':
        if (rest_.size() < 3 || rest_[0] != '{' || rest_[2] != '}') return {};
        if (std::string_view("LNZC").find(rest_[1]) == std::string_view::npos) return {};
        set.categories.push_back({rest_[1], kind == 'P'});
        rest_.remove_prefix(3);
        return {true, std::nullopt};
      default:
        break;
    }
    const bool letter_or_digit =
        (kind >= '0' && kind <= '9') || (kind >= 'A' && kind <= 'Z') || (kind >= 'a' && kind <= 'z');
    return letter_or_digit ? Member{} : single(static_cast<unsigned char>(kind));
  }

  template <class Single>
  Member hex(std::size_t digits, const Single& single) {
    if (rest_.size() < digits) return {};
    char32_t point = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(rest_[i] | 0x20));
      if (digit == std::string_view::npos) return {};
      point = point * 16 + static_cast<char32_t>(digit);
    }
    rest_.remove_prefix(digits);
    return single(point);
  }

  // `ranges` ascend and do not touch; their complement is what lies between them.
  static Member shorthand(CharSet& set, std::vector<std::pair<char32_t, char32_t>> ranges, bool complement) {
    if (!complement) {
      set.ranges.insert(set.ranges.end(), ranges.begin(), ranges.end());
      return {true, std::nullopt};
    }
    char32_t from = 0;
    for (const auto& [first, last] : ranges) {
      set.ranges.emplace_back(from, first - 1);
      from = last + 1;
    }
    set.ranges.emplace_back(from, 0x10ffff);
    return {true, std::nullopt};
  }

  std::string_view rest_;
};

// Lays a tree out as instructions, back to front: each part knows where it continues.
class PatternCompiler {
 public:
  PatternCompiler(const std::vector<PatternNode>& nodes, Program& out) : nodes_(nodes), code_(out.code) {}

  bool compile(std::size_t root, Program& out) {
    code_.push_back({.op = Instruction::Op::accept});
    const auto start = lay(root, 0);
    out.start = start.value_or(0);
    return start.has_value();
  }

 private:
  using Place = std::optional<std::size_t>;

  Place emit(Instruction instruction) {
    if (code_.size() >= kProgramMax) return std::nullopt;
    code_.push_back(instruction);
    return code_.size() - 1;
  }
  Place fork(std::size_t one, std::size_t other) {
    return emit({.op = Instruction::Op::fork, .next = one, .other = other});
  }

  Place lay(std::size_t index, std::size_t next) {
    const PatternNode& node = nodes_[index];
    switch (node.kind) {
      case PatternNode::Kind::empty:
        return next;
      case PatternNode::Kind::set:
        return emit({.op = Instruction::Op::set, .set = node.set, .next = next});
      case PatternNode::Kind::begin:
        return emit({.op = Instruction::Op::begin, .next = next});
      case PatternNode::Kind::end:
        return emit({.op = Instruction::Op::end, .next = next});
      case PatternNode::Kind::sequence: {
        Place at = next;
        for (auto part = node.parts.rbegin(); at && part != node.parts.rend(); ++part) at = lay(*part, *at);
        return at;
      }
      case PatternNode::Kind::either: {
        Place at;
        for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) {
          const Place branch = lay(*part, next);
          if (!branch) return std::nullopt;
          at = at ? fork(*branch, *at) : branch;
          if (!at) return std::nullopt;
        }
        return at;
      }
      case PatternNode::Kind::repeat:
        return lay_repeat(node, next);
    }
    return std::nullopt;
  }

  Place lay_repeat(const PatternNode& node, std::size_t next) {
    const std::size_t part = node.parts.front();
    Place at = next;
    if (!node.most) {
      const Place loop = fork(next, next);
      const Place body = loop ? lay(part, *loop) : std::nullopt;
      if (!body) return std::nullopt;
      code_[*loop].other = *body;
      at = loop;
    } else {
      for (unsigned i = node.least; i < *node.most; ++i) {
        const Place body = lay(part, *at);
        at = body ? fork(*body, next) : std::nullopt;
        if (!at) return std::nullopt;
      }
    }
    for (unsigned i = 0; at && i < node.least; ++i) at = lay(part, *at);
    return at;
  }

  const std::vector<PatternNode>& nodes_;
  std::vector<Instruction>& code_;
};

}  // namespace pattern_parts

struct Pattern::Automaton {
  struct Lookahead {
    pattern_parts::Program program;
    bool wanted = true;
  };
  std::vector<pattern_parts::CharSet> sets;
  std::vector<Lookahead> lookaheads;
  pattern_parts::Program whole;
};

Result<Pattern> Pattern::parse(std::string_view text) {
  pattern_parts::PatternParser parser(text);
  const auto refused = [&] { return fail(Errc::invalid, "not a pattern understood here: " + std::string(text)); };
  if (!parser.parse()) return refused();
  auto automaton = std::make_shared<Automaton>();
  for (const auto& [node, wanted] : parser.lookaheads) {
    Automaton::Lookahead lookahead{.program = {}, .wanted = wanted};
    if (!pattern_parts::PatternCompiler(parser.nodes, lookahead.program).compile(node, lookahead.program))
      return refused();
    automaton->lookaheads.push_back(std::move(lookahead));
  }
  if (!pattern_parts::PatternCompiler(parser.nodes, automaton->whole).compile(parser.root, automaton->whole))
    return refused();
  automaton->sets = std::move(parser.sets);
  Pattern pattern;
  pattern.text_ = text;
  pattern.automaton_ = std::move(automaton);
  return pattern;
}

bool Pattern::matches(std::string_view value) const {
  for (const Automaton::Lookahead& lookahead : automaton_->lookaheads) {
    if (pattern_parts::runs(lookahead.program, automaton_->sets, value, false) != lookahead.wanted) return false;
  }
  return pattern_parts::runs(automaton_->whole, automaton_->sets, value, true);
}

}  // namespace tandem::model
