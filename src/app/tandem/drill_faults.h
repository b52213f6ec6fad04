// Faults that a drill makes on the machine of a centre. What is about to be made is written down first, so that whoever
// comes after a drill that was killed can take back all of it.
#pragma once

#include <boost/json/array.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/tandem/centre.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"
#include "drill/scenario.h"

namespace tandem::cli {

// Packets between nodes can be dropped here. Errors: denied, with what is missing.
[[nodiscard]] Result<void> may_cut(const Centre& centre);

class DrillFaults {
 public:
  // `journal`: the file in which it stands what was made. One that is there already is what another drill left.
  DrillFaults(const Centre& centre, const OpsClient& ops, std::filesystem::path journal);

  [[nodiscard]] bool left_over() const { return !standing_.empty() || people_.has_value(); }
  // The program that plays people is told to end with the rest. Errors: as `make`.
  [[nodiscard]] Result<void> people(const Process& process);
  void people_ended();
  // Those of a drill that was killed; in words, if there were any.
  std::string end_people();
  [[nodiscard]] bool standing() const { return !standing_.empty(); }
  // What came of it, in words. Errors: what stood in the way; the fault is not made then.
  [[nodiscard]] Result<std::string> make(const drill::Step& step);
  // Errors: what stood in the way; then it stands still.
  [[nodiscard]] Result<std::string> take_back(const drill::Step& step);
  // As much as can be; what was done and what could not be, in words.
  std::vector<std::string> take_back_all();

 private:
  struct Standing {
    drill::Step step;
    json::object saved;  // what it needs to be taken back
  };
  [[nodiscard]] Result<void> write_down() const;
  [[nodiscard]] Result<std::string> undo(const Standing& fault);
  [[nodiscard]] Result<std::string> start_again(const std::string& names);
  [[nodiscard]] Result<void> drop_packets() const;  // as all standing cuts want it
  [[nodiscard]] Result<void> order_hooks(const std::string& region) const;
  [[nodiscard]] Result<json::object> connect(const std::string& method, const std::string& path,
                                             const json::object& body) const;
  [[nodiscard]] Result<std::string> publish(Standing& fault);
  void forget(const drill::Step& step);

  const Centre& centre_;
  const OpsClient& ops_;
  std::filesystem::path journal_;
  std::vector<Standing> standing_;
  std::optional<Process> people_;
};

}  // namespace tandem::cli
