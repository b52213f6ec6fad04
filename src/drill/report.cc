#include "drill/report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <ctime>

namespace tandem::drill {
namespace {

namespace json = boost::json;

json::value ms(const std::optional<Ledger::Ms>& at) { return at ? json::value(at->count()) : json::value(nullptr); }

std::string words_of(const std::optional<Ledger::Ms>& at) { return at ? fmt::format("{} ms", at->count()) : "-"; }

json::object score_of(const Score& s) {
  return {{"detect_ms", ms(s.detect)},
          {"decide_ms", ms(s.decide)},
          {"first_served_ms", ms(s.first_served)},
          {"felt_ms", ms(s.felt)},
          {"normal_ms", ms(s.normal)},
          {"lost", s.lost},
          {"doubled", s.doubled},
          {"delayed", s.delayed},
          {"asked_after", s.asked_after},
          {"owed_to_lost", s.owed_to_lost},
          {"held", s.held},
          {"held_seen_again", s.held_seen_again},
          {"held_p50_ms", ms(s.held_p50)},
          {"held_max_ms", ms(s.held_max)},
          {"greeting_before_p95_ms", s.greeting_before_p95.count()},
          {"greeting_after_p50_ms", ms(s.greeting_after_p50)},
          {"greeting_after_max_ms", ms(s.greeting_after_max)}};
}

json::object people_of(const Ledger::Summary& p) {
  return {{"asked", p.asked},
          {"refused", p.refused},
          {"started", p.started},
          {"served", p.served},
          {"abandoned", p.abandoned},
          {"lost_contacts", p.lost_contacts},
          {"lost_messages", p.lost_messages},
          {"doubled_contacts", p.doubled_contacts},
          {"doubled_messages", p.doubled_messages},
          {"unchecked", p.unchecked},
          {"messages", p.messages},
          {"reattached", p.reattached},
          {"signed_in_again", p.signed_in_again},
          {"wait_p50_ms", ms(p.wait_p50)},
          {"wait_p99_ms", ms(p.wait_p99)},
          {"wait_max_ms", ms(p.wait_max)},
          {"regions", json::value_from(p.regions)},
          {"lost_ids", json::value_from(p.lost_ids)},
          {"doubled_ids", json::value_from(p.doubled_ids)}};
}

json::array objections_of(const std::vector<Objection>& all) {
  json::array out;
  for (const Objection& each : all) {
    out.emplace_back(json::object{{"rule", each.rule}, {"text", each.text}, {"overridden", each.overridden}});
  }
  return out;
}

std::string row(std::initializer_list<std::string> cells) {
  std::string out = "|";
  for (const std::string& cell : cells) {
    out += ' ';
    for (const char c : cell) {
      if (c == '|') out += '\\';
      out += c == '\n' ? ' ' : c;
    }
    out += " |";
  }
  return out + "\n";
}

std::int64_t since_fault(const Report& r, Ledger::Ms at) { return (at - r.incident.fault).count(); }

std::string people_table(const Ledger::Summary& p) {
  std::string out = "| what they were shown | |\n| --- | ---: |\n";
  const auto add = [&out](const char* what, std::uint64_t n) { out += row({what, std::to_string(n)}); };
  add("chats asked for", p.asked);
  add("refused, never promised", p.refused);
  add("started", p.started);
  add("served by an agent", p.served);
  add("left before an agent came", p.abandoned);
  add("messages acknowledged", p.messages);
  add("lost contacts", p.lost_contacts);
  add("lost messages", p.lost_messages);
  add("contacts with two agents at once", p.doubled_contacts);
  add("messages shown or kept twice", p.doubled_messages);
  add("transcripts that could not be read", p.unchecked);
  add("customers who connected again", p.reattached);
  add("agents who signed in again", p.signed_in_again);
  for (const auto& [region, n] : p.regions) out += row({"began in " + region, std::to_string(n)});
  out += row({"wait for an agent, p50 / p99 / longest",
              words_of(p.wait_p50) + " / " + words_of(p.wait_p99) + " / " + words_of(p.wait_max)});
  for (const std::string& id : p.lost_ids) out += row({"lost", id});
  for (const std::string& id : p.doubled_ids) out += row({"doubled", id});
  return out;
}

std::string score_table(const Score& s) {
  std::string out = "| score | | what it is |\n| --- | ---: | --- |\n";
  out += row({"detect", words_of(s.detect), "until a node said it does not reach the target, or voted against it"});
  out += row({"decide", words_of(s.decide), "until the record of the evacuation"});
  out += row({"first served", words_of(s.first_served),
              "until the first customer whom the lost regions would have had was greeted by another"});
  out += row({"normal", words_of(s.normal), "until waits and shares were as before, by the regions that were left"});
  out +=
      row({"lost", std::to_string(s.lost), "contacts that ended in no way, and acknowledged messages that are gone"});
  out += row({"doubled", std::to_string(s.doubled), "contacts with two agents at once, and messages that came twice"});
  out += row({"felt", words_of(s.felt), "until the last question of a customer who was greeted late or never"});
  out += row({"delayed", std::to_string(s.delayed), "customers who waited a second longer than 95 of 100 did before"});
  out += fmt::format(
      "\n{} customers came while the fault stood, {} of them would have gone to what was lost. Greetings took {} ms "
      "before (p95); after it {} (p50), {} at most. ",
      s.asked_after, s.owed_to_lost, s.greeting_before_p95.count(), words_of(s.greeting_after_p50),
      words_of(s.greeting_after_max));
  out += fmt::format("The lost regions held {} contacts; {} of them went on, after {} (p50), {} at most.\n", s.held,
                     s.held_seen_again, words_of(s.held_p50), words_of(s.held_max));
  return out;
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  static constexpr std::array kVerdicts = {"passed", "failed", "aborted"};
  return kVerdicts.at(static_cast<std::size_t>(verdict));
}

std::string utc_words(std::int64_t utc_ms) {
  const std::time_t seconds = utc_ms / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), utc_ms % 1000);
}

std::string to_json(const Report& r) {
  json::array steps;
  for (const Step& step : r.scenario.steps) {
    steps.emplace_back(json::object{{"at_ms", step.at.count()},
                                    {"for_ms", step.lasts.count()},
                                    {"fault", fault_name(step.fault)},
                                    {"target", step.target},
                                    {"words", words(step)}});
  }
  json::array moments;
  for (const Moment& each : r.moments) {
    moments.emplace_back(json::object{{"at", utc_words(r.begun.utc_ms + each.at.count())},
                                      {"since_fault_ms", since_fault(r, each.at)},
                                      {"what", each.words}});
  }
  json::array decisions;
  for (const Decision& each : r.decisions) {
    decisions.emplace_back(json::object{{"at", utc_words(each.utc_ms)},
                                        {"since_fault_ms", each.utc_ms - r.begun.utc_ms - r.incident.fault.count()},
                                        {"by", each.by},
                                        {"record", each.position},
                                        {"what", each.words}});
  }
  json::array nodes;
  for (const NodeFacts& each : r.nodes) {
    nodes.emplace_back(json::object{{"name", each.name},
                                    {"build", each.build},
                                    {"incarnation_before", each.incarnation_before},
                                    {"incarnation_after", each.incarnation_after}});
  }
  const json::object out{{"scenario", r.scenario.name},
                         {"about", r.scenario.about},
                         {"operator", r.operator_name},
                         {"verdict", verdict_name(r.verdict)},
                         {"why", r.why},
                         {"fault_at", utc_words(r.begun.utc_ms + r.incident.fault.count())},
                         {"back_at", utc_words(r.begun.utc_ms + r.incident.back.count())},
                         {"fault_utc_ms", r.begun.utc_ms + r.incident.fault.count()},
                         {"fault_ms", r.incident.fault.count()},
                         {"back_ms", r.incident.back.count()},
                         {"lost_regions", json::value_from(r.incident.lost)},
                         {"shares", json::value_from(r.incident.shares)},
                         {"held", json::value_from(r.incident.held)},
                         {"rate", r.scenario.rate},
                         {"agents", r.scenario.agents},
                         {"steps", std::move(steps)},
                         {"score", score_of(r.score)},
                         {"people", people_of(r.score.people)},
                         {"objections", objections_of(r.objections)},
                         {"moments", std::move(moments)},
                         {"decisions", std::move(decisions)},
                         {"nodes", std::move(nodes)},
                         {"configuration", json::value_from(r.configuration)},
                         {"files", json::value_from(r.files)}};
  return json::serialize(out) + "\n";
}

std::string to_markdown(const Report& r) {
  std::string out = fmt::format("# Drill: {}\n\n{}.\n\n**{}**{}\n\n", r.scenario.name, r.scenario.about,
                                verdict_name(r.verdict), r.why.empty() ? "" : ": " + r.why);
  out += fmt::format("Fault at {}, taken back at {}. Ordered by {}. {} agents, {} chats a second.\n\n",
                     utc_words(r.begun.utc_ms + r.incident.fault.count()),
                     utc_words(r.begun.utc_ms + r.incident.back.count()), r.operator_name, r.scenario.agents,
                     r.scenario.rate);
  for (const Step& step : r.scenario.steps) out += fmt::format("- at {}: {}\n", time_words(step.at), words(step));
  out += "\n## Score\n\n" + score_table(r.score);
  out += "\n## What happened\n\nTimes are milliseconds since the first fault.\n\n| ms | what |\n| ---: | --- |\n";
  for (const Moment& each : r.moments) out += row({std::to_string(since_fault(r, each.at)), each.words});
  out += "\n## Records of the decision\n\n";
  if (r.decisions.empty()) {
    out += "No node voted, and none wrote an evacuation or a return.\n";
  } else {
    out += "| ms | written by | record | what |\n| ---: | --- | --- | --- |\n";
    for (const Decision& each : r.decisions) {
      out += row({std::to_string(each.utc_ms - r.begun.utc_ms - r.incident.fault.count()), each.by, each.position,
                  each.words});
    }
  }
  out += "\n## What customers and agents were shown\n\n" + people_table(r.score.people);
  out += "\n## Rules that objected\n\n";
  if (r.objections.empty()) out += "None.\n";
  for (const Objection& each : r.objections) out += fmt::format("- `{}`, overridden: {}\n", each.rule, each.text);
  out += "\n## Nodes\n\n| node | build | incarnation before | after |\n| --- | --- | --- | --- |\n";
  for (const NodeFacts& each : r.nodes) {
    out += row({each.name, each.build, each.incarnation_before, each.incarnation_after});
  }
  out += "\n## Configuration\n\n| | |\n| --- | --- |\n";
  for (const auto& [name, value] : r.configuration) out += row({name, value});
  out += "\n## Files\n\n| file | SHA-256 |\n| --- | --- |\n";
  for (const auto& [name, digest] : r.files) out += row({name, digest});
  return out + "\n`tandem drill score DIRECTORY` computes the score again from these files.\n";
}

std::string to_history(const Report& r, const std::string& directory) {
  const json::object out{{"at", utc_words(r.begun.utc_ms + r.incident.fault.count())},
                         {"scenario", r.scenario.name},
                         {"regions", json::value_from(r.incident.lost)},
                         {"verdict", verdict_name(r.verdict)},
                         {"why", r.why},
                         {"operator", r.operator_name},
                         {"score", score_of(r.score)},
                         {"report", directory}};
  return json::serialize(out);
}

}  // namespace tandem::drill
