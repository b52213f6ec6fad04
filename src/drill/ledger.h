// What synthetic customers and agents were shown, kept by them and by nobody else: the count that no node can gloss
// over. Plain values in, one summary out; it reads no clock. What it is told it can pass on as events, from which
// another ledger, in another program, comes to the same summary.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drill/events.h"

namespace tandem::drill {

class Ledger {
 public:
  using Ms = std::chrono::milliseconds;  // since the run began

  // -- told by customers, who are numbered
  void asked(std::uint64_t customer, Ms at);  // for a chat, with one client token however often it is tried
  // It was never acknowledged: nobody promised anything. `why`: the last answer.
  void refused(std::uint64_t customer, Ms at, const std::string& why = "");
  void started(std::uint64_t customer, const std::string& contact, Ms at);
  // The first words of the flow reached the customer.
  void greeted(const std::string& contact, Ms at);
  void queued(const std::string& contact, Ms at);
  // The region in which it began, as DescribeContact says.
  void began_in(const std::string& contact, const std::string& region, Ms at);
  // The first word of an agent reached the customer.
  void served(const std::string& contact, Ms at);
  // An item came over the socket; the same id a second time over the same socket is one too many.
  void shown(const std::string& contact, const std::string& item, std::uint64_t socket, Ms at);
  // A message was answered with yes: it must be in the transcript exactly once. `text` is unique in the conversation.
  void acknowledged(const std::string& contact, const std::string& text, Ms at);
  // The customer was told that the chat is over, or left it and was told yes.
  void ended(const std::string& contact, Ms at);
  void left(const std::string& contact, Ms at);
  // The texts of the whole transcript, at the end.
  void transcript(const std::string& contact, const std::vector<std::string>& texts, Ms at);
  void reattached(const std::string& contact, Ms at);

  // -- told by agents
  void holds(const std::string& agent, const std::string& contact, Ms at);
  void holds_no_more(const std::string& agent, const std::string& contact, Ms at);
  // Nothing is heard from the agent's node: what it holds is unknown until `knows` says it anew.
  void cut_off(const std::string& agent, Ms at);
  void knows(const std::string& agent, const std::set<std::string>& contacts, Ms at);
  void signed_in_again(const std::string& agent, Ms at);

  // Each of these as an event, as it is told. `replay` tells this ledger what another one passed on.
  void pass_on(std::function<void(const Event&)> to) { to_ = std::move(to); }
  void replay(const Event& event);

  struct Summary {
    std::uint64_t asked = 0;
    std::uint64_t refused = 0;
    std::uint64_t started = 0;
    std::uint64_t served = 0;
    std::uint64_t abandoned = 0;  // ended without an agent: the customer left the queue
    std::uint64_t lost = 0;       // contacts that ended neither way, and messages that are gone
    std::uint64_t lost_contacts = 0;
    std::uint64_t lost_messages = 0;
    std::uint64_t doubled = 0;  // contacts with two agents at once, and messages that came twice
    std::uint64_t doubled_contacts = 0;
    std::uint64_t doubled_messages = 0;
    std::uint64_t unchecked = 0;  // ended contacts whose transcript could not be read
    std::uint64_t messages = 0;   // acknowledged
    std::uint64_t reattached = 0;
    std::uint64_t signed_in_again = 0;
    std::optional<Ms> wait_p50;  // from the queue to an agent's first word
    std::optional<Ms> wait_p99;
    std::optional<Ms> wait_max;
    std::map<std::string, std::uint64_t> regions;  // contacts by the region in which they began
    std::vector<std::string> lost_ids;             // at most ten each, for whoever looks further
    std::vector<std::string> doubled_ids;
    [[nodiscard]] bool good() const { return lost == 0 && doubled == 0; }
  };
  // `over`: nothing more is going to come, so what did not end is lost.
  [[nodiscard]] Summary summary(bool over) const;
  // Contacts that were started and did not end yet.
  [[nodiscard]] std::size_t open() const;
  // "milliseconds,region,contact" for each that was started, in that order.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  struct Entry {
    Ms started{};
    std::string region;
    std::optional<Ms> queued;
    std::optional<Ms> served;
    std::optional<Ms> ended;
    bool left = false;
    bool two_agents = false;
    bool checked = false;
    std::uint64_t shown_twice = 0;
    std::uint64_t missing = 0;
    std::uint64_t repeated = 0;
    std::map<std::uint64_t, std::set<std::string>> shown;  // by socket
    std::vector<std::string> acknowledged;
    std::set<std::string> holders;
  };
  void tell(Event event);
  void apply(const Event& event);
  void hold(const std::string& agent, const std::string& contact);
  void let_go(const std::string& agent, const std::string& contact);
  std::function<void(const Event&)> to_;
  std::map<std::string, Entry> contacts_;
  std::map<std::string, std::set<std::string>> of_agent_;
  std::set<std::string> cut_off_;
  std::uint64_t asked_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t reattached_ = 0;
  std::uint64_t signed_in_again_ = 0;
};

}  // namespace tandem::drill
