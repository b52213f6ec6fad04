// Customers and agents. They act only through what a person can do, remember what they were told and shown, and try
// again as a person or a client library would.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "sim/simulation.h"

namespace tandem::sim {

class People {
 public:
  explicit People(Simulation& sim);
  ~People();
  People(const People&) = delete;
  People& operator=(const People&) = delete;

  void begin();                         // the centre is configured: agents sign in, customers come
  void no_more();                       // nobody new comes, and nobody does anything that is not an answer
  void stop();                          // everybody keeps still
  void lose_sockets(std::size_t node);  // a fault: half the customers at a node lose their sockets

  // -- from the nodes
  void show(std::size_t node, const ShowSession& show);
  void desktop(std::size_t node, const DesktopEvent& event);
  void died(std::size_t node);

  // -- for the checks
  struct Open {
    ContactId contact;
    std::size_t gateway = 0;
    std::uint64_t session = 0;
    Time since{};
    Uuid start;  // the command that made the contact
  };
  // Customers whose socket is open and who were not told the end.
  [[nodiscard]] std::vector<Open> open_sessions() const;
  struct Serving {
    AgentId agent;
    ContactId contact;
    std::size_t node = 0;
    Time since{};
  };
  [[nodiscard]] std::vector<Serving> serving() const;
  [[nodiscard]] std::uint64_t started() const { return started_; }
  // Work is started at this node: now and then all who are free there are sent away at that moment.
  void call_away(std::size_t node);

 private:
  struct Customer;
  struct Desk;
  struct Agent;
  void new_customer();
  void arrive();
  void new_task();
  void start(std::size_t customer);
  void connect(std::size_t customer);
  void disconnect(std::size_t customer, bool by_choice);
  void say(std::size_t customer, std::string words);
  // `by`: the gateway that is asked; none: the one that the socket is at.
  void try_say(std::size_t customer, std::size_t message, std::optional<std::size_t> by = {});
  void leave(std::size_t customer);
  void judge_island(std::size_t node, ContactId contact, Time asked, const std::optional<Result<Answer>>& reply,
                    std::string_view row);
  void live(std::size_t customer);
  [[nodiscard]] std::size_t any_gateway();
  [[nodiscard]] std::size_t any_region();

  void sign_in(std::size_t agent, std::size_t node, Uuid desktop, bool proved, bool rival);
  // The client reads the state of the desk when it connects; events carry it on from there.
  void read_desk(std::size_t agent);
  void take_event(Agent& agent, const DesktopEvent& event);
  Uuid leave_desk(Agent& agent);
  void lost_desk(std::size_t agent, std::string_view why);
  void set_status(std::size_t agent, bool available);
  void rings(std::size_t agent, ContactId contact);
  void serve(std::size_t agent, ContactId contact);
  void agent_says(std::size_t agent, ContactId contact);
  void end(std::size_t agent, ContactId contact);
  void transfer(std::size_t agent, ContactId contact);
  void say(std::size_t agent, const contact::Contact& in, const Uuid& participant,
           std::move_only_function<void(bool)> then);
  void consult(std::size_t agent, ContactId contact);
  void confer(std::size_t agent, ContactId contact, ContactId consultation, int steps);
  void be_guest(std::size_t agent, const contact::Contact& main);
  void complete(std::size_t agent, ContactId contact);
  void rival(std::size_t agent);
  void supervise();  // somebody is moved to another region, now and then
  void erase_somebody();
  void know();  // something about a customer
  void note(const Command& command, const std::string& field, const std::string& words, int tries);
  void maintain();  // a region is drained and comes back, now and then
  void follow(std::size_t agent, const std::string& region);
  // A desktop's call; repeated under the same id. After two silences the desktop counts as lost.
  void call(std::size_t agent, Verb verb, std::move_only_function<void(Result<Answer>)> then);

  Simulation& sim_;
  std::vector<std::unique_ptr<Customer>> customers_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::map<std::uint64_t, std::size_t> sessions_;
  std::map<AgentId, std::size_t> by_id_;
  std::uint64_t numbers_ = 0;
  std::uint64_t words_ = 0;
  std::uint64_t started_ = 0;
  bool coming_ = false;
  bool still_ = false;
};

}  // namespace tandem::sim
