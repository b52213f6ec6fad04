#include "core/customer/state.h"

#include <algorithm>

#include "base/bug.h"

namespace tandem::customer {
namespace {

void keep(Versions& versions, const Moment& moment, Version version) {
  if (bug::on(bug::Name::profile_without_history)) {
    if (!versions.empty() && moment < versions.rbegin()->first) return;
    versions.clear();
  }
  versions.try_emplace(moment, std::move(version));
  if (versions.size() > kVersionsMax) versions.erase(versions.begin());
}

// A key that sealed anything before the customer was forgotten is erased, whichever of the two came first.
void use(Profile& profile, KeyId key, Hlc at) {
  if (profile.erased.contains(key)) return;
  const auto [known, fresh] = profile.keys.try_emplace(key, at);
  known->second = std::min(known->second, at);
  if (known->second > profile.forgotten) return;
  profile.keys.erase(known);
  profile.erased.insert(key);
}

}  // namespace

const Value* Profile::find(const std::string& field) const {
  const auto at = fields_by_name.find(field);
  if (at == fields_by_name.end()) return nullptr;
  const Value& value = at->second.rbegin()->second.value;
  return value.text.sealed() ? &value : nullptr;
}

void State::apply(const Put& record, const Meta& meta) {
  Profile& profile = profiles_[record.person];
  index(record.person, profile, false);
  for (const auto& [field, value] : record.set) {
    if (value.text.sealed()) use(profile, value.text.key, meta.at);
    if (meta.at <= profile.forgotten) continue;
    keep(profile.fields_by_name[field], Moment{meta.at, meta.log}, Version{value, record.by});
  }
  index(record.person, profile, true);
}

void State::apply(const Forgotten& record, const Meta& meta) {
  Profile& profile = profiles_[record.person];
  if (meta.at <= profile.forgotten) return;
  index(record.person, profile, false);
  profile.forgotten = meta.at;
  for (const auto& [key, first] : std::map(profile.keys)) use(profile, key, first);
  for (auto& [field, versions] : profile.fields_by_name) {
    std::erase_if(versions, [&](const auto& version) { return version.first.at <= meta.at; });
  }
  std::erase_if(profile.fields_by_name, [](const auto& field) { return field.second.empty(); });
  index(record.person, profile, true);
}

const Profile* State::find(const Uuid& person) const {
  const auto at = profiles_.find(person);
  return at == profiles_.end() ? nullptr : &at->second;
}

const std::set<Uuid>& State::known_by(const Uuid& pseudonym) const {
  static const std::set<Uuid> nobody;
  const auto at = known_.find(pseudonym);
  return at == known_.end() ? nobody : at->second;
}

const std::set<KeyId>& State::erased(const Uuid& person) const {
  static const std::set<KeyId> none;
  const Profile* profile = find(person);
  return profile == nullptr ? none : profile->erased;
}

void State::index(const Uuid& person, const Profile& profile, bool add) {
  for (const auto& [field, versions] : profile.fields_by_name) {
    const Uuid& known = versions.rbegin()->second.value.known_by;
    if (known.nil()) continue;
    std::set<Uuid>& persons = known_[known];
    if (add) {
      persons.insert(person);
    } else {
      persons.erase(person);
    }
    if (persons.empty()) known_.erase(known);
  }
}

void State::loaded() {
  known_.clear();
  for (const auto& [person, profile] : profiles_) index(person, profile, true);
}

}  // namespace tandem::customer
