#include "core/answer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/overloaded.h"

namespace tandem {

std::optional<Answer> answer_of(const Body& body, const Meta& meta) {
  const auto item = [&](const std::vector<contact::Item>& items) {
    return items.empty() ? Answer{{}, {}, meta.at} : Answer{items.front().id, {}, items.front().at};
  };
  return std::visit(Overloaded{
                        [&](const config::Rec& rec) -> std::optional<Answer> {
                          return Answer{std::visit([](const auto& r) { return r.id; }, rec), {}, meta.at};
                        },
                        [&](const access::Rec&) -> std::optional<Answer> { return Answer{{}, {}, meta.at}; },
                        [&](const contact::Rec& rec) -> std::optional<Answer> {
                          return std::visit(
                              Overloaded{
                                  [&](const contact::Claimed& r) -> std::optional<Answer> {
                                    if (r.why == contact::Why::started) {
                                      return Answer{r.contact.value(), r.whole.customer, meta.at};
                                    }
                                    return item(r.items);
                                  },
                                  [&](const contact::Updated& r) -> std::optional<Answer> { return item(r.items); },
                              },
                              rec);
                        },
                        [&](const presence::Rec& rec) -> std::optional<Answer> {
                          if (std::holds_alternative<presence::Updated>(rec)) return Answer{{}, {}, meta.at};
                          return std::nullopt;
                        },
                        [&](const customer::Rec&) -> std::optional<Answer> { return Answer{{}, {}, meta.at}; },
                        [](const auto&) -> std::optional<Answer> { return std::nullopt; },
                    },
                    body);
}

void Answers::apply(const Body& body, const Meta& meta) {
  if (meta.cause.nil()) return;
  const auto answer = answer_of(body, meta);
  if (answer && by_cause_.try_emplace(meta.cause, *answer).second) order_.push_back(meta.cause);
}

const Answer* Answers::find(const Uuid& cause) const {
  const auto at = by_cause_.find(cause);
  return at == by_cause_.end() ? nullptr : &at->second;
}

void Answers::forget(Hlc before) {
  // One that came late, behind younger ones, is forgotten with them.
  while (!order_.empty() && by_cause_.at(order_.front()).at < before) {
    by_cause_.erase(order_.front());
    order_.pop_front();
  }
}

void Answers::loaded() {
  std::vector<std::pair<Hlc, Uuid>> order;
  order.reserve(by_cause_.size());
  for (const auto& [cause, answer] : by_cause_) order.emplace_back(answer.at, cause);
  std::ranges::sort(order);
  order_.clear();
  for (const auto& [at, cause] : order) order_.push_back(cause);
}

}  // namespace tandem
