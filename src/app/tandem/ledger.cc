#include "app/tandem/ledger.h"

#include <algorithm>

namespace tandem::cli {
namespace {

constexpr std::size_t kIdsMax = 10;

// The smallest wait that `percent` of all do not exceed.
std::optional<Ledger::Ms> percentile(const std::vector<Ledger::Ms>& sorted, std::size_t percent) {
  if (sorted.empty()) return std::nullopt;
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

void Ledger::started(const std::string& contact, Ms at) { contacts_[contact].started = at; }

void Ledger::queued(const std::string& contact, Ms at) {
  Entry& entry = contacts_[contact];
  if (!entry.queued) entry.queued = at;
}

void Ledger::began_in(const std::string& contact, const std::string& region) { contacts_[contact].region = region; }

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

void Ledger::served(const std::string& contact, Ms at) {
  Entry& entry = contacts_[contact];
  if (!entry.served) entry.served = at;
}

void Ledger::shown(const std::string& contact, const std::string& item, std::uint64_t socket) {
  Entry& entry = contacts_[contact];
  if (!entry.shown[socket].insert(item).second) ++entry.shown_twice;
}

void Ledger::acknowledged(const std::string& contact, const std::string& text) {
  contacts_[contact].acknowledged.push_back(text);
}

void Ledger::ended(const std::string& contact, Ms at) {
  Entry& entry = contacts_[contact];
  if (!entry.ended) entry.ended = at;
}

void Ledger::left(const std::string& contact, Ms at) {
  ended(contact, at);
  contacts_[contact].left = true;
}

void Ledger::transcript(const std::string& contact, const std::vector<std::string>& texts) {
  Entry& entry = contacts_[contact];
  entry.checked = true;
  entry.missing = 0;
  entry.repeated = 0;
  for (const std::string& text : entry.acknowledged) {
    const auto times = std::ranges::count(texts, text);
    if (times == 0) ++entry.missing;
    if (times > 1) ++entry.repeated;
  }
}

void Ledger::holds(const std::string& agent, const std::string& contact) {
  Entry& entry = contacts_[contact];
  entry.holders.insert(agent);
  of_agent_[agent].insert(contact);
  // Somebody whose node is silent holds nothing as far as anybody can tell.
  const auto there = std::ranges::count_if(entry.holders, [&](const std::string& a) { return !cut_off_.contains(a); });
  if (there > 1) entry.two_agents = true;
}

void Ledger::holds_no_more(const std::string& agent, const std::string& contact) {
  of_agent_[agent].erase(contact);
  if (const auto at = contacts_.find(contact); at != contacts_.end()) at->second.holders.erase(agent);
}

void Ledger::cut_off(const std::string& agent) { cut_off_.insert(agent); }

void Ledger::knows(const std::string& agent, const std::set<std::string>& contacts) {
  cut_off_.erase(agent);
  const std::set<std::string> before = of_agent_[agent];
  for (const std::string& contact : before) {
    if (!contacts.contains(contact)) holds_no_more(agent, contact);
  }
  for (const std::string& contact : contacts) holds(agent, contact);
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

}  // namespace tandem::cli
