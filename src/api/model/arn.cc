#include "api/model/arn.h"

#include <array>

namespace tandem::model {

Result<Arn> parse_arn(std::string_view text) {
  const auto refused = [&] { return fail(Errc::invalid, "not an ARN of Amazon Connect"); };
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto end = i + 1 < parts.size() ? text.find(':') : text.size();
    if (end == std::string_view::npos) return refused();
    parts[i] = text.substr(0, end);
    text.remove_prefix(i + 1 < parts.size() ? end + 1 : end);
  }
  std::string_view resource = parts[5];
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "connect") return refused();
  if (parts[3].empty() || parts[4].empty() || !resource.starts_with("instance/")) return refused();
  resource.remove_prefix(std::string_view("instance/").size());
  Arn arn{.partition = std::string(parts[1]),
          .region = std::string(parts[3]),
          .account = std::string(parts[4]),
          .instance = std::string(resource.substr(0, resource.find('/'))),
          .kind = {},
          .id = {}};
  if (arn.instance.empty()) return refused();
  resource.remove_prefix(arn.instance.size());
  if (resource.empty()) return arn;
  resource.remove_prefix(1);
  const auto slash = resource.find('/');
  if (slash == std::string_view::npos || slash == 0) return refused();
  arn.kind = resource.substr(0, slash);
  arn.id = resource.substr(slash + 1);
  if (arn.id.empty() || arn.id.find('/') != std::string::npos) return refused();
  return arn;
}

std::string arn_text(const Arn& arn) {
  std::string out = "arn:" + arn.partition + ":connect:" + arn.region + ':' + arn.account + ":instance/" + arn.instance;
  if (!arn.kind.empty()) out += '/' + arn.kind + '/' + arn.id;
  return out;
}

Result<std::string> id_of(std::string_view id_or_arn, std::string_view kind) {
  if (!id_or_arn.starts_with("arn:")) {
    if (id_or_arn.empty() || id_or_arn.find('/') != std::string_view::npos) {
      return fail(Errc::invalid, "neither an id nor an ARN");
    }
    return std::string(id_or_arn);
  }
  auto arn = parse_arn(id_or_arn);
  if (!arn) return std::unexpected(arn.error());
  if (arn->kind != kind) {
    const std::string wanted = kind.empty() ? "an instance" : "a " + std::string(kind);
    return fail(Errc::invalid, "an ARN of " + wanted + " is needed here");
  }
  return kind.empty() ? std::move(arn->instance) : std::move(arn->id);
}

}  // namespace tandem::model
