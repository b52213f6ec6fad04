#include "drill/score.h"

#include <algorithm>
#include <cmath>

namespace tandem::drill {
namespace {

using Ms = Ledger::Ms;
using namespace std::chrono_literals;

// A customer from the question for a chat to the first words of an agent.
struct Story {
  Ms asked{};
  std::string contact;
  std::string region;  // in which it began
  std::optional<Ms> greeted;
  std::optional<Ms> queued;
  std::optional<Ms> served;
};

struct Told {
  std::vector<Story> customers;          // in the order in which they asked
  std::map<std::string, Ms> first_sign;  // of a held contact, after the fault
};

bool sign_of_life(What what) {
  return what == What::shown || what == What::acknowledged || what == What::greeted || what == What::ended ||
         what == What::left;
}

Told read(const std::vector<Event>& events, const Incident& incident) {
  Told out;
  std::map<std::uint64_t, std::size_t> of_customer;
  std::map<std::string, std::size_t> of_contact;
  const auto first = [](std::optional<Ms>& at, Ms now) {
    if (!at) at = now;
  };
  for (const Event& e : events) {
    if (e.at >= incident.fault && sign_of_life(e.what) && incident.held.contains(e.contact)) {
      out.first_sign.try_emplace(e.contact, e.at);
    }
    if (e.what == What::asked) {
      of_customer.emplace(e.customer, out.customers.size());
      out.customers.push_back({.asked = e.at});
      continue;
    }
    if (e.what == What::started) {
      const auto at = of_customer.find(e.customer);
      if (at == of_customer.end()) continue;
      out.customers[at->second].contact = e.contact;
      of_contact[e.contact] = at->second;
      continue;
    }
    const auto at = of_contact.find(e.contact);
    if (at == of_contact.end()) continue;
    Story& story = out.customers[at->second];
    if (e.what == What::greeted) first(story.greeted, e.at);
    if (e.what == What::queued) first(story.queued, e.at);
    if (e.what == What::served) first(story.served, e.at);
    if (e.what == What::began_in) story.region = e.text;
  }
  return out;
}

std::optional<Ms> percentile(std::vector<Ms> of, std::size_t percent) {
  if (of.empty()) return std::nullopt;
  std::ranges::sort(of);
  const std::size_t rank = (of.size() * percent + 99) / 100;
  return of[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<Ms> greetings(const std::vector<Story>& all, Ms from, Ms till) {
  std::vector<Ms> out;
  for (const Story& each : all) {
    if (each.asked >= from && each.asked < till && each.greeted) out.push_back(*each.greeted - each.asked);
  }
  return out;
}
// Of those which were over by then: who still waits at the fault says nothing about the time before.
std::vector<Ms> waits_before(const std::vector<Story>& all, Ms fault) {
  std::vector<Ms> out;
  for (const Story& each : all) {
    if (each.queued && each.served && *each.served < fault) out.push_back(std::max(*each.served - *each.queued, 0ms));
  }
  return out;
}
std::vector<Ms> greetings_before(std::vector<Story> all, Ms fault) {
  std::erase_if(all, [&](const Story& each) { return !each.greeted || *each.greeted >= fault; });
  return greetings(all, 0ms, fault);
}

double share_of_lost(const Incident& incident) {
  double all = 0;
  double lost = 0;
  for (const auto& [region, percent] : incident.shares) {
    all += percent;
    if (incident.lost.contains(region)) lost += percent;
  }
  return all > 0 ? lost / all : 0;
}

// Whether those who asked in the window were treated as before the fault, by the regions that are left.
bool normal(const std::vector<Story>& all, Ms from, Ms till, Ms greeting_max, Ms wait_max, const Incident& incident,
            const Tolerance& tolerance) {
  std::map<std::string, double> had;
  double known = 0;
  bool some = false;
  for (const Story& each : all) {
    if (each.asked < from || each.asked >= till) continue;
    some = true;
    if (!each.greeted || *each.greeted - each.asked > greeting_max) return false;
    if (each.queued && (!each.served || *each.served - *each.queued > wait_max)) return false;
    if (each.region.empty()) continue;
    if (incident.lost.contains(each.region)) return false;
    ++had[each.region];
    ++known;
  }
  if (!some) return false;
  const double left = 1 - share_of_lost(incident);
  double sum = 0;
  for (const auto& [region, percent] : incident.shares) sum += percent;
  if (left <= 0 || sum <= 0 || known < 1) return known < 1 && some;
  for (const auto& [region, percent] : incident.shares) {
    if (incident.lost.contains(region)) continue;
    const double meant = percent / sum / left;
    const double off = std::abs(had[region] / known - meant);
    const double deviations = 3 * std::sqrt(meant * (1 - meant) / known);
    if (off > std::max(tolerance.points_min / 100, deviations)) return false;
  }
  return true;
}

std::optional<Ms> since(const std::optional<Ms>& at, Ms fault) {
  if (!at) return std::nullopt;
  return std::max(*at - fault, 0ms);
}

void score_newcomers(const std::vector<Story>& all, const Incident& incident, Ms late, Score& out) {
  const double part = share_of_lost(incident);
  double owed = 0;
  for (const Story& each : all) {
    if (each.asked < incident.fault) continue;
    const bool delayed = !each.greeted || *each.greeted - each.asked > late;
    if (delayed) out.felt = std::max(out.felt.value_or(0ms), each.asked - incident.fault);
    if (each.asked >= incident.back) continue;
    ++out.asked_after;
    if (delayed) ++out.delayed;
    // In the order in which they came, the lost regions were owed one whenever their part adds up to another whole.
    const double before = std::floor(owed + 1e-9);
    owed += part;
    if (std::floor(owed + 1e-9) == before) continue;
    ++out.owed_to_lost;
    if (!each.greeted || incident.lost.contains(each.region)) continue;
    const Ms after = *each.greeted - incident.fault;
    if (!out.first_served || after < *out.first_served) out.first_served = after;
  }
}

}  // namespace

Score score(const std::vector<Event>& events, const Incident& incident, const Tolerance& tolerance, bool over) {
  Score out;
  Ledger ledger;
  for (const Event& event : events) ledger.replay(event);
  out.people = ledger.summary(over);
  out.lost = out.people.lost;
  out.doubled = out.people.doubled;

  const Told told = read(events, incident);
  const auto& all = told.customers;
  std::optional<Ms> noticed = incident.suspected;
  if (incident.voted && (!noticed || *incident.voted < *noticed)) noticed = incident.voted;
  out.detect = since(noticed, incident.fault);
  out.decide = since(incident.decided, incident.fault);

  out.greeting_before_p95 = percentile(greetings_before(all, incident.fault), 95).value_or(0ms);
  const Ms wait_before = percentile(waits_before(all, incident.fault), 95).value_or(0ms);
  const Ms late = out.greeting_before_p95 + tolerance.slower;
  const auto after = greetings(all, incident.fault, incident.back);
  out.greeting_after_p50 = percentile(after, 50);
  out.greeting_after_max = percentile(after, 100);
  score_newcomers(all, incident, late, out);

  std::vector<Ms> signs;
  for (const auto& [contact, at] : told.first_sign) signs.push_back(at - incident.fault);
  out.held = incident.held.size();
  out.held_seen_again = signs.size();
  out.held_p50 = percentile(signs, 50);
  out.held_max = percentile(signs, 100);
  const auto slow = std::ranges::count_if(signs, [&](Ms sign) { return sign > wait_before + tolerance.slower; });
  out.delayed += static_cast<std::uint64_t>(slow) + (out.held - out.held_seen_again);

  // From which moment on two windows in a row are as before.
  const Ms wait_max = wait_before + tolerance.slower;
  for (Ms from = incident.fault; from + 2 * tolerance.window <= incident.back; from += tolerance.window / 8) {
    const Ms middle = from + tolerance.window;
    if (normal(all, from, middle, late, wait_max, incident, tolerance) &&
        normal(all, middle, middle + tolerance.window, late, wait_max, incident, tolerance)) {
      out.normal = from - incident.fault;
      break;
    }
  }
  return out;
}

DnsFailover dns_failover(std::int64_t fault_utc_ms, int failures) {
  constexpr std::int64_t kEvery = 10'000;
  constexpr std::int64_t kKept = 60'000;
  const std::int64_t next = kEvery - fault_utc_ms % kEvery;
  const std::int64_t decided = next + (failures - 1) * kEvery;
  return {failures, Ms{decided}, Ms{decided + kKept}};
}

}  // namespace tandem::drill
