#include "app/tandemd/pager.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/common.h"

namespace tandem::app {
namespace json = boost::json;

namespace {
constexpr std::chrono::seconds kBackoffMax{30};
}

Pager::Pager(Options options, http::Client& http, Problems problems, std::function<Now()> clock,
             std::function<void(std::string)> warn)
    : options_(std::move(options)),
      http_(http),
      ask_(std::move(problems)),
      clock_(std::move(clock)),
      warn_(std::move(warn)) {}

void Pager::look() {
  ask_([self = shared_from_this()](const std::vector<std::string>& problems, bool leads) {
    {
      const std::lock_guard lock(self->mutex_);
      self->alerts_.look(problems, leads, self->clock_().mono);
    }
    self->send();
  });
}

void Pager::send() {
  http::Fetch fetch;
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::vector<Alert> untold = alerts_.untold();
    const Now now = clock_();
    if (sending_ || untold.empty() || now.mono < again_) return;
    sending_ = true;
    count = untold.size();
    json::array alerts;
    for (const Alert& each : untold) {
      alerts.emplace_back(json::object{{"key", each.key},
                                       {"state", each.open ? "open" : "closed"},
                                       {"severity", each.page ? "page" : "warning"},
                                       {"text", each.text}});
    }
    fetch.body = json::serialize(json::object{{"node", options_.node.value()},
                                              {"name", options_.name},
                                              {"region", options_.region},
                                              {"at", api::iso_time(now.hlc)},
                                              {"alerts", std::move(alerts)}});
  }
  fetch.url = options_.url;
  fetch.method = "POST";
  fetch.headers = {{"content-type", "application/json"}};
  fetch.timeout = std::chrono::seconds(5);
  http_.fetch(std::move(fetch),
              [self = shared_from_this(), count](const Result<http::Response>& answer) { self->sent(count, answer); });
}

void Pager::sent(std::size_t count, const Result<http::Response>& answer) {
  const bool arrived = answer && answer->status >= 200 && answer->status < 300;
  std::string why;
  {
    const std::lock_guard lock(mutex_);
    sending_ = false;
    if (arrived) {
      alerts_.told(count);
      failures_ = 0;
      return;
    }
    ++failures_;
    const auto wait = std::min<std::chrono::nanoseconds>(std::chrono::seconds(1) * failures_, kBackoffMax);
    again_ = clock_().mono + wait;
    why = answer ? "it answers " + std::to_string(answer->status) : answer.error().detail;
    if (failures_ != 1) return;  // said once
  }
  warn_("alerts do not reach " + options_.url + ": " + why + "; they are kept and tried again");
}

}  // namespace tandem::app
