#include "core/answer.h"

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
                        [](const auto&) -> std::optional<Answer> { return std::nullopt; },
                    },
                    body);
}

}  // namespace tandem
