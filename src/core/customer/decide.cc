#include "core/customer/decide.h"

#include <algorithm>

namespace tandem::customer {

Result<Decision> decide(const State& state, const Change& command, const Now&) {
  if (command.person.nil()) return fail(Errc::invalid, "a profile is somebody's");
  if (command.set.empty()) return fail(Errc::invalid, "no field is named");
  const Profile* before = state.find(command.person);
  std::size_t fields = before == nullptr ? 0 : before->fields_by_name.size();
  for (const auto& [field, value] : command.set) {
    const bool cleared = value.text == Text{};
    if (field.empty() || (!cleared && !value.text.sealed())) {
      return fail(Errc::invalid, "a field has a name, and its value is sealed");
    }
    if (value.text.bytes.size() > kValueBytesMax) return fail(Errc::invalid, field + " is too long");
    fields += before == nullptr || !before->fields_by_name.contains(field);
  }
  if (fields > kFieldsMax) return fail(Errc::limit_exceeded, "a profile has at most 100 fields");
  return Decision{{Rec{Put{command.person, command.set, command.by}}}, {}};
}

Result<Decision> decide(const State&, const Forget& command, const Now&) {
  if (command.person.nil()) return fail(Errc::invalid, "somebody is forgotten");
  if (command.keys.size() > kKeysMax) return fail(Errc::limit_exceeded, "at most 10000 keys are erased at once");
  Decision out{{Rec{Forgotten{command.person, command.by}}}, {}};
  if (!command.keys.empty()) out.records.emplace_back(access::Rec{access::SealsErased{command.keys}});
  return out;
}

}  // namespace tandem::customer
