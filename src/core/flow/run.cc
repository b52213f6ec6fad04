#include "core/flow/run.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/bug.h"
#include "base/check.h"

namespace tandem::flow {
namespace {

using contact::Await;
using contact::Phase;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<double> number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool runs_in(Phase phase) { return phase == Phase::in_flow || phase == Phase::queued || phase == Phase::offering; }

Hlc after(Hlc now, std::chrono::milliseconds wait) { return Hlc::at((now + wait).milliseconds()); }

}  // namespace

bool holds(const config::Condition& condition, std::string_view result, bool exact) {
  using config::Operator;
  const std::string_view operand = condition.operand;
  const auto numbers = [&](auto compare) {
    const auto a = number(result);
    const auto b = number(operand);
    return a && b && compare(*a, *b);
  };
  const auto nested = [&](const config::Condition& c) { return holds(c, result, exact); };
  switch (condition.op) {
    case Operator::equals:
      return exact ? result == operand : std::ranges::equal(result, operand, {}, lower, lower);
    case Operator::text_starts_with:
      return result.starts_with(operand);
    case Operator::text_ends_with:
      return result.ends_with(operand);
    case Operator::text_contains:
      return result.find(operand) != std::string_view::npos;
    case Operator::number_greater_than:
      return numbers(std::greater<>());
    case Operator::number_greater_or_equal_to:
      return numbers(std::greater_equal<>());
    case Operator::number_less_than:
      return numbers(std::less<>());
    case Operator::number_less_or_equal_to:
      return numbers(std::less_equal<>());
    case Operator::all_of:
      return std::ranges::all_of(condition.nested, nested);
    case Operator::any_of:
      return std::ranges::any_of(condition.nested, nested);
    case Operator::none_of:
      return std::ranges::none_of(condition.nested, nested);
  }
  return false;
}

Uuid item_id(ContactId contact, std::string_view block, std::uint64_t visit) {
  return derive_uuid(contact.value(), "visit " + std::string(block), visit);
}

void stop(contact::Contact& contact) {
  contact::Position& flow = contact.flow;
  flow.block.clear();
  flow.await = Await::nothing;
  flow.until = {};
  flow.loops.clear();
  flow.flow_attributes.clear();
  flow.external.clear();
  flow.metrics.clear();
}

Outcome advance(const Sees& sees, const contact::Contact& contact, const Event& event, const Now& now, Rng& rng) {
  Run run(sees, contact, now, rng);
  const contact::Position& flow = contact.flow;
  if (!runs_in(contact.phase)) {
    Outcome out = run.finish();
    if (flow.await != Await::nothing || !flow.block.empty()) stop(out.next);
    return out;
  }
  const bool awaited = std::visit(
      [&]<class E>(const E& e) {
        if constexpr (std::is_same_v<E, Start>) {
          return false;
        } else if constexpr (std::is_same_v<E, Message>) {
          return flow.await == Await::input || flow.await == Await::time;
        } else if constexpr (std::is_same_v<E, CustomerReturned>) {
          return flow.await == Await::time;
        } else if constexpr (std::is_same_v<E, Timer>) {
          return flow.await != Await::nothing && flow.until.packed != 0 && now.hlc >= flow.until;
        } else if constexpr (std::is_same_v<E, Returned>) {
          return flow.await == Await::function && e.visit == flow.visit;
        } else {
          return flow.await == Await::resolve && e.visit == flow.visit;
        }
      },
      event);
  if (awaited) {
    run.take_up(&event);
  } else if (std::holds_alternative<Start>(event) && flow.await == Await::nothing) {
    run.begin();
  }
  return run.finish();
}

Decision record(const contact::State& contacts, const contact::Held& held, Outcome& outcome,
                std::vector<contact::Item> before, const Now& now, Rng& rng) {
  std::vector<contact::Item> items = std::move(before);
  std::ranges::move(outcome.items, std::back_inserter(items));
  if (bug::on(bug::Name::item_id_per_try)) {
    for (contact::Item& item : items) {
      if (item.role == contact::Role::system) item.id = mint_uuid(now.hlc, rng);
    }
  }
  if (outcome.next.phase == Phase::ended && held.contact.phase != Phase::ended) {
    items.push_back(contact::finish(outcome.next, outcome.next.ended_by, now));
  }
  Decision out = contact::update(held, outcome.next, std::move(items));
  for (contact::Contact& each : outcome.started) {
    if (contacts.find(each.id) == nullptr) append(out, contact::open(std::move(each)));
  }
  return out;
}

bool hears(const config::State& config, const contact::Contact& contact) {
  const contact::Position& flow = contact.flow;
  if (!runs_in(contact.phase)) return flow.await != Await::nothing || !flow.block.empty();
  if (flow.await != Await::time) return flow.await == Await::input;
  const config::Program* program = config.program(flow.flow);
  if (program == nullptr) return true;
  const auto at = program->blocks.find(flow.block);
  // A wait without events stands whatever is said.
  return at == program->blocks.end() || at->second.type != "Wait" || Run::has_prefix(at->second, "Events.");
}

Outcome resume(const Sees& sees, const contact::Contact& contact, const Now& now, Rng& rng) {
  Run run(sees, contact, now, rng);
  const contact::Position& flow = contact.flow;
  if (!runs_in(contact.phase)) {
    Outcome out = run.finish();
    if (flow.await != Await::nothing || !flow.block.empty()) stop(out.next);
    return out;
  }
  switch (flow.await) {
    case Await::nothing:
      run.begin();
      break;
    case Await::function:
    case Await::resolve:
      run.take_up(nullptr);
      break;
    case Await::input:
    case Await::time:
      break;
  }
  return run.finish();
}

void Run::begin() {
  if (flow_.block.empty()) {
    // A queue flow that is over stays over; a contact flow that is over has ended the contact.
    if (queued()) return;
    if (contact_.is_callback() && flow_.flow.value().nil()) {
      // Its delay is over, and it has no flow: it is queued. A full queue takes it, for nobody can be told.
      contact_.phase = Phase::queued;
      contact_.place.enqueued = now_.hlc;
      contact_.place.criteria.activated = now_.hlc;
      return stop(contact_);
    }
    const config::Program* program = sees_.config.program(flow_.flow);
    if (program == nullptr) return end_flow();
    flow_.block = program->start;
  }
  run(true);
}

void Run::take_up(const Event* event) {
  // A task whose time has come: no block of the flow has waited for it.
  const bool begins = flow_.block.empty();
  event_ = begins ? nullptr : event;
  waited_for_ = begins ? Await::nothing : flow_.await;
  waited_until_ = flow_.until;
  flow_.await = Await::nothing;
  flow_.until = {};
  if (begins) return begin();
  run(false);
}

void Run::run(bool fresh) {
  for (int blocks = 0; !flow_.block.empty(); ++blocks) {
    const config::Program* program = sees_.config.program(flow_.flow);
    if (program == nullptr || blocks == kBlocksPerRunMax) return end_flow();
    const auto at = program->blocks.find(flow_.block);
    if (at == program->blocks.end()) return end_flow();  // the flow was changed while the contact waited in it
    if (fresh) ++flow_.visit;
    fresh = true;
    out_.path.push_back(at->first);
    const Step step = act(at->second);
    needed_values_.clear();
    needed_texts_.clear();
    event_ = nullptr;
    waited_for_ = Await::nothing;
    if (step.kind == Step::Kind::wait) return;
    // How far a block has come is forgotten when it is left; only Loop counts across its visits.
    if (at->second.type != "Loop") flow_.loops.erase(at->first);
    if (shown_bytes_ > kShownBytesPerRunMax) return end_flow();
    if (step.kind != Step::Kind::over) follow(at->second, step);
  }
}

void Run::follow(const config::Block& block, const Step& step) {
  const auto error = [&](const std::string& type) {
    const auto at = block.errors.find(type);
    return at == block.errors.end() ? std::string() : at->second;
  };
  std::string next;
  if (step.kind == Step::Kind::failed) {
    next = error(step.value);
    if (next.empty()) next = error("NoMatchingError");
  } else if (step.kind == Step::Kind::result) {
    const auto taken = std::ranges::find_if(
        block.branches, [&](const config::Branch& branch) { return holds(branch.condition, step.value, step.exact); });
    if (taken != block.branches.end()) next = taken->next;
    if (next.empty()) next = error("NoMatchingCondition");
    if (next.empty()) next = block.next;
    if (next.empty()) next = error("NoMatchingError");
  } else {
    next = block.next;
  }
  if (next.empty()) return end_flow();
  flow_.block = std::move(next);
}

void Run::enter(FlowId flow, const config::Program& program) {
  stop(contact_);
  flow_.flow = flow;
  flow_.block = program.start;
}

void Run::end_flow() {
  stop(contact_);
  if (queued()) return;
  contact_.phase = Phase::ended;
  contact_.ended = now_.hlc;
  contact_.ended_by = "CONTACT_FLOW_DISCONNECT";
}

const std::string* Run::find(const config::Block& block, const std::string& parameter) {
  const auto at = block.parameters.find(parameter);
  return at == block.parameters.end() ? nullptr : &at->second;
}

bool Run::has_prefix(const config::Block& block, const std::string& prefix) {
  const auto at = block.parameters.lower_bound(prefix);
  return at != block.parameters.end() && at->first.starts_with(prefix);
}

std::string Run::words(const config::Block& block, const std::string& parameter) {
  const std::string* text = find(block, parameter);
  return text == nullptr ? "" : words_of(*text);
}

std::string Run::words_of(std::string_view text) {
  std::string out;
  for (const Piece& piece : parse(text)) {
    if (out.size() > kTextBytesMax) break;
    out += piece.reference ? words_of(piece.reference->key(), value(sees_, contact_, *piece.reference)) : piece.words;
  }
  return out;
}

std::string Run::words_of(const std::string& key, const Text& value) {
  if (!value.sealed()) return value.bytes;
  needed_values_.emplace(key, value);
  if (const auto* answer = taken_up_with<Resolved>()) {
    if (const auto at = answer->plain.find(key); at != answer->plain.end()) return at->second;
  }
  return {};
}

std::optional<std::string> Run::plain_words(std::string_view text) const {
  std::string out;
  for (const Piece& piece : parse(text)) {
    if (out.size() > kTextBytesMax) return std::nullopt;
    if (!piece.reference) {
      out += piece.words;
      continue;
    }
    const Text found = value(sees_, contact_, *piece.reference);
    if (found.sealed()) return std::nullopt;
    out += found.bytes;
  }
  return out;
}

std::optional<Text> Run::text(const std::string& name, const std::string& words) {
  if (const auto reference = whole(words)) return value(sees_, contact_, *reference);
  std::map<std::string, Text> values;
  bool sealed = false;
  for (const Piece& piece : parse(words)) {
    if (!piece.reference) continue;
    Text found = value(sees_, contact_, *piece.reference);
    sealed = sealed || found.sealed();
    values.emplace(piece.reference->key(), std::move(found));
  }
  if (!sealed) {
    std::string out = words_of(words);
    if (out.size() > kTextBytesMax) return std::nullopt;
    return Text::plain(std::move(out));
  }
  needed_values_.merge(values);
  needed_texts_.emplace(name, words);
  if (const auto* answer = taken_up_with<Resolved>()) {
    if (const auto at = answer->rendered.find(name); at != answer->rendered.end()) return at->second;
    return std::nullopt;
  }
  return Text{};
}

Step Run::wait_for_words() {
  TANDEM_CHECK(asks());
  Resolve ask;
  ask.fence = Fence{contact_.id, Term{}, now_.mono + kResolveLimit};
  ask.visit = flow_.visit;
  ask.key = contact_.key;
  ask.values = std::move(needed_values_);
  ask.texts = std::move(needed_texts_);
  out_.effects.emplace_back(std::move(ask));
  return wait_until(Await::resolve, kResolveLimit);
}

Step Run::wait_until(Await await, std::chrono::milliseconds from_now) {
  flow_.await = await;
  flow_.until = after(now_.hlc, from_now);
  return Step::wait();
}

void Run::show(Text words) {
  if (words.bytes.empty()) return;
  shown_bytes_ += words.bytes.size();
  contact::Item item;
  item.id = item_id(contact_.id, flow_.block, flow_.visit);
  item.content_type = "text/plain";
  item.content = std::move(words);
  item.role = contact::Role::system;
  item.display_name = Text::plain("SYSTEM_MESSAGE");
  item.at = now_.hlc;
  out_.items.push_back(std::move(item));
}

}  // namespace tandem::flow
