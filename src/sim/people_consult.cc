// How agents of a simulated centre ask each other.
#include "sim/people_state.h"
#include "sim/simulation.h"

namespace tandem::sim {

using namespace std::chrono_literals;

void People::consult(std::size_t n, ContactId id) {
  const Sample& sample = sim_.sample();
  const ContactId consultation{sim_.new_id()};
  transfer::Consult verb{id, consultation, agents_[n]->id, {}, sample.transfer_flow};
  const bool one = coming_ && sim_.rng().chance(1, 3);
  verb.queue = one ? QueueId{sample.agents[sim_.rng().below(sample.agents.size())].value()}
                   : sample.queues[sim_.rng().below(sample.queues.size())];
  call(n, verb, [this, n, id, consultation](Result<Answer> answer) {
    const auto on = agents_[n]->contacts.find(id);
    if (on == agents_[n]->contacts.end()) return;
    if (!answer) return agent_says(n, id);
    sim_.coverage().count("agent: asked a colleague");
    confer(n, id, consultation, static_cast<int>(2 + sim_.rng().below(6)));
  });
}

// One thing after another, until the colleague has it or the agent goes on by himself.
void People::confer(std::size_t n, ContactId id, ContactId consultation, int steps) {
  const std::uint64_t episode = agents_[n]->episode;
  sim_.events().in(sim_.draw(1s, 5s), [this, n, id, consultation, steps, episode] {
    Agent& a = *agents_[n];
    const auto on = a.contacts.find(id);
    if (a.episode != episode || on == a.contacts.end()) return;
    if (on->second.slot.state != presence::SlotState::busy) return;
    const auto then = [this, n, id, consultation, steps](const char* what, bool last) {
      return [this, n, id, consultation, steps, what, last](const Result<Answer>& answer) {
        if (answer && *what != '\0') sim_.coverage().count(what);
        const auto still = agents_[n]->contacts.find(id);
        if (still == agents_[n]->contacts.end()) return;
        if (last && answer) return agent_says(n, id);
        confer(n, id, consultation, steps - 1);
      };
    };
    if (steps <= 0) {
      const contact::End over{consultation, contact::Role::agent, "AGENT_DISCONNECT"};
      return call(n, over, [this, n, id](const Result<Answer>& answer) {
        if (answer) sim_.coverage().count("agent: gave up asking");
        if (agents_[n]->contacts.contains(id)) agent_says(n, id);
      });
    }
    const contact::Contact& main = on->second.contact;
    switch (sim_.rng().below(4)) {
      case 0:
        return call(n, transfer::Confer{id, a.id, false}, then("agent: swapped", false));
      case 1:
        return call(n, transfer::Confer{id, a.id, true}, then("agent: joined a colleague", false));
      case 2:
        return call(n, transfer::Leave{id, ContactId{sim_.new_id()}, a.id},
                    then("agent: left it to a colleague", true));
      default: {
        contact::Contact to = main;
        to.id = consultation;
        return say(n, sim_.rng().chance(1, 2) ? to : main, main.agent_participant, [next = then("", false)](bool done) {
          next(done ? Result<Answer>(Answer{}) : fail(Errc::refused, ""));
        });
      }
    }
  });
}

// The colleague is told of the conversation that he is asked about; once all three talk, so does he.
void People::be_guest(std::size_t n, const contact::Contact& main) {
  Agent& a = *agents_[n];
  const auto consultation = a.contacts.find(main.consult.contact);
  if (main.consult.stage != contact::ConsultStage::joined || consultation == a.contacts.end()) return;
  const std::uint64_t episode = a.episode;
  const Uuid participant = consultation->second.contact.agent_participant;
  sim_.events().in(sim_.draw(500ms, 4s), [this, n, main, participant, episode] {
    if (agents_[n]->episode != episode) return;
    say(n, main, participant, [this](bool done) {
      if (done) sim_.coverage().count("agent: spoke as a guest");
    });
  });
}

}  // namespace tandem::sim
