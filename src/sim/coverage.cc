#include "sim/coverage.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "sim/faults.h"
#include "sim/options.h"

namespace tandem::sim {
namespace {

std::string ran_row(const Drills& drills) { return fmt::format("drills ran: {}", text_of(drills)); }
std::string happened_row(const Drills& drills) { return fmt::format("drills happened: {}", text_of(drills)); }

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    std::vector<Row> out;
    for (const Topology& each : all_topologies()) out.push_back({fmt::format("topology: {}", each.name)});
    for (const FaultKind kind : all_faults()) out.push_back({fmt::format("fault: {}", fault_name(kind))});
    for (const char* state : {"requested", "context held"}) out.push_back({fmt::format("move {}", state), false});
    for (const Saga saga : all_sagas()) {
      for (const FaultKind kind : all_faults()) {
        if (strikes_sagas(kind)) out.push_back({fmt::format("{} struck by {}", saga_name(saga), fault_name(kind))});
      }
    }
    for (const char* name : {"move: offered",
                             "move: accepted",
                             "move: attached",
                             "move: timed out",
                             "move: returned",
                             "move: abandoned",
                             "move: refused",
                             "claim: started",
                             "claim: arrived",
                             "claim: accepted",
                             "claim: taken back",
                             "claim: revived",
                             "claim: reclaimed",
                             "claim: adopted",
                             "claim: restarted",
                             "work: started",
                             "work: acknowledged",
                             "work: ran",
                             "work: withdrawn",
                             "work: given",
                             "member: evacuated",
                             "member: returned",
                             "log: late record",
                             "log: snapshot from a peer",
                             "log: snapshot at start",
                             "log: truncated",
                             "log: record repaired",
                             "log: fallback to one disk",
                             "log: refused for space",
                             "sign-in: opened",
                             "sign-in: with proof",
                             "sign-in: refused",
                             "sign-in: no majority",
                             "sign-in: released",
                             "sign-in: release refused",
                             "sign-in: second desktop",
                             "agent: accepted",
                             "agent: rejected",
                             "agent: missed",
                             "agent: after-contact work done",
                             "agent: moved",
                             "agent: sent away",
                             "agent: moved with contacts",
                             "agent: transferred to a queue",
                             "agent: transferred to an agent",
                             "agent: asked a colleague",
                             "agent: swapped",
                             "agent: joined a colleague",
                             "agent: spoke as a guest",
                             "agent: left it to a colleague",
                             "agent: gave up asking",
                             "order: compared",
                             "customer: socket lost",
                             "customer: came back",
                             "customer: left",
                             "customer: ended",
                             "customer: erased",
                             "customer: profile changed",
                             "customer: profile overwritten",
                             "customer: profile forgotten",
                             "customer: stayed away",
                             "customer: command repeated",
                             "region: drained",
                             "region: ramped",
                             "move: as it waits",
                             "flow: function answered",
                             "flow: function failed",
                             "flow: function call past its fence",
                             "island: a customer was answered",
                             "island: a chat began",
                             "island: work waited",
                             "command: refused"}) {
      out.push_back({name});
    }
    return out;
  }();
  return all;
}

void Coverage::count(std::string_view row, std::uint64_t times) {
  if (times == 0) return;
  const auto at = rows_.find(row);
  if (at == rows_.end()) {
    rows_.emplace(row, times);
  } else {
    at->second += times;
  }
}

void Coverage::drilled(const Drills& drills, bool happened) {
  count(ran_row(drills));
  if (happened) count(happened_row(drills));
}

bool Coverage::has_drills() const {
  return std::ranges::any_of(all_cells(), [&](const Drills& cell) { return at(ran_row(cell)) > 0; });
}

std::string Coverage::drill_table() const {
  const auto cell = [&](const Drills& drills) {
    if (std::ranges::find(all_cells(), drills) == all_cells().end()) return std::string("-");
    return at(ran_row(drills)) == 0 ? std::string("n/a") : std::to_string(at(happened_row(drills)));
  };
  std::string out = fmt::format("{:<18}{:>6}", "", "alone");
  for (std::size_t n = 1; n <= all_drills().size(); ++n) out += fmt::format("{:>6}", n);
  out += '\n';
  std::size_t number = 0;
  for (const Drill row : all_drills()) {
    out += fmt::format("{:>3} {:<14}{:>6}", ++number, drill_name(row), cell({row, std::nullopt}));
    for (const Drill column : all_drills()) {
      out += fmt::format("{:>6}", column < row ? std::string() : cell({row, column}));
    }
    out += '\n';
  }
  for (const Drills& each : all_cells()) {
    const std::uint64_t ran = at(ran_row(each));
    const std::uint64_t happened = at(happened_row(each));
    if (happened < ran) out += fmt::format("{}: ran {} times, happened in {}\n", text_of(each), ran, happened);
  }
  return out;
}

std::vector<std::string> Coverage::missing_drills() const {
  std::vector<std::string> out;
  for (const Drills& each : all_cells()) {
    if (at(happened_row(each)) == 0) out.push_back(text_of(each));
  }
  return out;
}

void Coverage::merge(const Coverage& other) {
  for (const auto& [row, times] : other.rows_) count(row, times);
  seeds_ += other.seeds_;
}

std::uint64_t Coverage::at(std::string_view row) const {
  const auto found = rows_.find(row);
  return found == rows_.end() ? 0 : found->second;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> out;
  for (const Row& row : rows()) {
    if (row.reachable && at(row.name) == 0) out.push_back(row.name);
  }
  return out;
}

std::string Coverage::table() const {
  std::string out;
  for (const Row& row : rows()) {
    out += row.reachable ? fmt::format("{:<48} {:>10}\n", row.name, at(row.name))
                         : fmt::format("{:<48} {:>10}\n", row.name, "n/a");
  }
  return out;
}

std::string Coverage::text() const {
  std::string out = fmt::format("seeds\t{}\n", seeds_);
  for (const auto& [row, times] : rows_) out += fmt::format("{}\t{}\n", row, times);
  return out;
}

Result<Coverage> Coverage::parse(std::string_view text) {
  Coverage out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t tab = line.find('\t');
    std::uint64_t times = 0;
    if (tab == std::string_view::npos ||
        std::from_chars(line.data() + tab + 1, line.data() + line.size(), times).ec != std::errc{}) {
      return fail(Errc::corrupt, fmt::format("no coverage row: {}", line));
    }
    if (line.substr(0, tab) == "seeds") {
      out.seeds_ += times;
    } else {
      out.count(line.substr(0, tab), times);
    }
  }
  return out;
}

}  // namespace tandem::sim
