#include "drill/ledger.h"

#include <algorithm>

namespace tandem::drill {
namespace {

constexpr std::size_t kIdsMax = 10;

// The smallest wait that `percent` of all do not exceed.
std::optional<Ledger::Ms> percentile(const std::vector<Ledger::Ms>& sorted, std::size_t percent) {
  if (sorted.empty()) return std::nullopt;
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

void Ledger::asked(std::uint64_t customer, Ms at) { tell({.at = at, .what = What::asked, .customer = customer}); }

void Ledger::refused(std::uint64_t customer, Ms at, const std::string& why) {
  tell({.at = at, .what = What::refused, .customer = customer, .text = why});
}

void Ledger::started(std::uint64_t customer, const std::string& contact, Ms at) {
  tell({.at = at, .what = What::started, .customer = customer, .contact = contact});
}

void Ledger::greeted(const std::string& contact, Ms at) { tell({.at = at, .what = What::greeted, .contact = contact}); }

void Ledger::queued(const std::string& contact, Ms at) { tell({.at = at, .what = What::queued, .contact = contact}); }

void Ledger::began_in(const std::string& contact, const std::string& region, Ms at) {
  tell({.at = at, .what = What::began_in, .contact = contact, .text = region});
}

void Ledger::served(const std::string& contact, Ms at) { tell({.at = at, .what = What::served, .contact = contact}); }

void Ledger::shown(const std::string& contact, const std::string& item, std::uint64_t socket, Ms at) {
  tell({.at = at, .what = What::shown, .contact = contact, .text = item, .socket = socket});
}

void Ledger::acknowledged(const std::string& contact, const std::string& text, Ms at) {
  tell({.at = at, .what = What::acknowledged, .contact = contact, .text = text});
}

void Ledger::ended(const std::string& contact, Ms at) { tell({.at = at, .what = What::ended, .contact = contact}); }

void Ledger::left(const std::string& contact, Ms at) { tell({.at = at, .what = What::left, .contact = contact}); }

void Ledger::transcript(const std::string& contact, const std::vector<std::string>& texts, Ms at) {
  Event event{.at = at, .what = What::checked, .contact = contact};
  for (const std::string& text : contacts_[contact].acknowledged) {
    const auto times = std::ranges::count(texts, text);
    if (times == 0) ++event.missing;
    if (times > 1) ++event.repeated;
  }
  tell(std::move(event));
}

void Ledger::reattached(const std::string& contact, Ms at) {
  tell({.at = at, .what = What::reattached, .contact = contact});
}

void Ledger::holds(const std::string& agent, const std::string& contact, Ms at) {
  tell({.at = at, .what = What::holds, .contact = contact, .agent = agent});
}

void Ledger::holds_no_more(const std::string& agent, const std::string& contact, Ms at) {
  tell({.at = at, .what = What::holds_no_more, .contact = contact, .agent = agent});
}

void Ledger::cut_off(const std::string& agent, Ms at) { tell({.at = at, .what = What::cut_off, .agent = agent}); }

void Ledger::knows(const std::string& agent, const std::set<std::string>& contacts, Ms at) {
  tell({.at = at, .what = What::knows, .agent = agent, .contacts = {contacts.begin(), contacts.end()}});
}

void Ledger::signed_in_again(const std::string& agent, Ms at) {
  tell({.at = at, .what = What::signed_in_again, .agent = agent});
}

void Ledger::replay(const Event& event) { tell(event); }

void Ledger::tell(Event event) {
  apply(event);
  if (to_) to_(event);
}

void Ledger::apply(const Event& e) {
  const auto entry = [&]() -> Entry& { return contacts_[e.contact]; };
  const auto first = [&](std::optional<Ms>& at) {
    if (!at) at = e.at;
  };
  switch (e.what) {
    case What::asked:
      ++asked_;
      break;
    case What::refused:
      ++refused_;
      break;
    case What::started:
      entry().started = e.at;
      break;
    case What::greeted:
      break;  // it matters to the score alone
    case What::queued:
      first(entry().queued);
      break;
    case What::began_in:
      entry().region = e.text;
      break;
    case What::served:
      first(entry().served);
      break;
    case What::shown:
      if (!entry().shown[e.socket].insert(e.text).second) ++entry().shown_twice;
      break;
    case What::acknowledged:
      entry().acknowledged.push_back(e.text);
      break;
    case What::ended:
      first(entry().ended);
      break;
    case What::left:
      first(entry().ended);
      entry().left = true;
      break;
    case What::checked:
      entry().checked = true;
      entry().missing = e.missing;
      entry().repeated = e.repeated;
      break;
    case What::reattached:
      ++reattached_;
      break;
    case What::holds:
      hold(e.agent, e.contact);
      break;
    case What::holds_no_more:
      let_go(e.agent, e.contact);
      break;
    case What::cut_off:
      cut_off_.insert(e.agent);
      break;
    case What::knows: {
      cut_off_.erase(e.agent);
      const std::set<std::string> before = of_agent_[e.agent];
      for (const std::string& contact : before) {
        if (std::ranges::find(e.contacts, contact) == e.contacts.end()) let_go(e.agent, contact);
      }
      for (const std::string& contact : e.contacts) hold(e.agent, contact);
      break;
    }
    case What::signed_in_again:
      ++signed_in_again_;
      break;
  }
}

void Ledger::hold(const std::string& agent, const std::string& contact) {
  Entry& entry = contacts_[contact];
  entry.holders.insert(agent);
  of_agent_[agent].insert(contact);
  // Somebody whose node is silent holds nothing as far as anybody can tell.
  const auto there = std::ranges::count_if(entry.holders, [&](const std::string& a) { return !cut_off_.contains(a); });
  if (there > 1) entry.two_agents = true;
}

void Ledger::let_go(const std::string& agent, const std::string& contact) {
  of_agent_[agent].erase(contact);
  if (const auto at = contacts_.find(contact); at != contacts_.end()) at->second.holders.erase(agent);
}

std::vector<std::string> Ledger::lines() const {
  std::vector<std::pair<Ms, std::string>> rows;
  for (const auto& [id, entry] : contacts_) {
    rows.emplace_back(entry.started, std::to_string(entry.started.count()) + "," + entry.region + "," + id);
  }
  std::ranges::sort(rows);
  std::vector<std::string> out;
  for (auto& row : rows) out.push_back(std::move(row.second));
  return out;
}

std::size_t Ledger::open() const {
  return static_cast<std::size_t>(std::ranges::count_if(contacts_, [](const auto& c) { return !c.second.ended; }));
}

Ledger::Summary Ledger::summary(bool over) const {
  Summary out;
  out.asked = asked_;
  out.refused = refused_;
  out.reattached = reattached_;
  out.signed_in_again = signed_in_again_;
  std::vector<Ms> waits;
  for (const auto& [id, entry] : contacts_) {
    ++out.started;
    if (!entry.region.empty()) ++out.regions[entry.region];
    out.messages += entry.acknowledged.size();
    if (entry.served) {
      ++out.served;
      if (entry.queued) waits.push_back(std::max(*entry.served - *entry.queued, Ms{0}));
    }
    if (entry.ended && !entry.served) ++out.abandoned;
    if (entry.ended && !entry.checked) ++out.unchecked;
    const bool lost = over && !entry.ended;
    if (lost) ++out.lost_contacts;
    out.lost_messages += entry.missing;
    if (entry.two_agents) ++out.doubled_contacts;
    out.doubled_messages += entry.repeated + entry.shown_twice;
    if ((lost || entry.missing > 0) && out.lost_ids.size() < kIdsMax) out.lost_ids.push_back(id);
    const bool doubled = entry.two_agents || entry.repeated + entry.shown_twice > 0;
    if (doubled && out.doubled_ids.size() < kIdsMax) out.doubled_ids.push_back(id);
  }
  out.lost = out.lost_contacts + out.lost_messages;
  out.doubled = out.doubled_contacts + out.doubled_messages;
  std::ranges::sort(waits);
  out.wait_p50 = percentile(waits, 50);
  out.wait_p99 = percentile(waits, 99);
  if (!waits.empty()) out.wait_max = waits.back();
  return out;
}

}  // namespace tandem::drill
