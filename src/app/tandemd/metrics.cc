#include "app/tandemd/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "app/tandemd/runtime.h"

namespace tandem::app {
namespace {

// Every reading is taken from counters the node keeps anyway, so a registry lives for one scrape.
class Page {
 public:
  explicit Page(prometheus::Labels labels) : labels_(std::move(labels)) {}
  void gauge(const char* name, const char* help, double value, const prometheus::Labels& extra = {}) {
    prometheus::BuildGauge().Name(name).Help(help).Labels(labels_).Register(registry_).Add(extra).Set(value);
  }
  void counter(const char* name, const char* help, std::uint64_t value, const prometheus::Labels& extra = {}) {
    prometheus::BuildCounter().Name(name).Help(help).Labels(labels_).Register(registry_).Add(extra).Increment(
        static_cast<double>(value));
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

 private:
  prometheus::Labels labels_;
  prometheus::Registry registry_;
};

double seconds(std::chrono::microseconds t) { return static_cast<double>(t.count()) / 1e6; }

}  // namespace

std::string metrics_text(const api::OpsFacts& facts, const Runtime& runtime) {
  const Settings& settings = runtime.settings();
  Page page({{"node", std::to_string(settings.node.value())}, {"region", settings.region}});
  const NodeCounters& n = facts.counters;
  page.counter("tandem_commands_total", "Orders given to this node.", n.commands);
  for (const auto& [of, contacts] : facts.placed) {
    page.counter("tandem_contacts_placed_total", "New contacts for which this node chose the region.", contacts,
                 {{"to", of.first}, {"rule", distribution::rule_name(of.second)}});
  }
  for (const auto& share : facts.shares) {
    if (!facts.placed.contains({share.region, contact::PlacedBy::due})) {
      page.counter("tandem_contacts_placed_total", "New contacts for which this node chose the region.", 0,
                   {{"to", share.region}, {"rule", distribution::rule_name(contact::PlacedBy::due)}});
    }
    page.gauge("tandem_region_share", "Per cent of a group's new contacts that a region may take now.", share.percent,
               {{"group", share.group}, {"to", share.region}});
  }
  page.counter("tandem_synthetic_total", "Rounds of synthetic contacts, by what became of them.",
               facts.synthetic.served, {{"outcome", "served"}});
  page.counter("tandem_synthetic_total", "Rounds of synthetic contacts, by what became of them.",
               facts.synthetic.failed, {{"outcome", "failed"}});
  page.gauge("tandem_synthetic_seconds", "What the one last served took.",
             static_cast<double>(facts.synthetic.took.count()) / 1e3);
  for (const failover::Ready& region : facts.ready) {
    page.gauge("tandem_region_ready", "1 while the region could take all traffic.", region.ready() ? 1 : 0,
               {{"to", region.region}});
    for (const failover::Check& check : region.checks) {
      page.gauge("tandem_region_check", "1 while nothing speaks against the region here.", check.good ? 1 : 0,
                 {{"to", region.region}, {"check", check.name}});
    }
  }
  page.counter("tandem_commands_refused_total", "Orders answered with an error.", n.refused);
  page.counter("tandem_records_total", "Records applied.", n.records_own, {{"origin", "own"}});
  page.counter("tandem_records_total", "Records applied.", n.records_foreign, {{"origin", "foreign"}});
  page.counter("tandem_records_undecodable_total", "Records or messages this build cannot read.", n.undecodable);
  page.counter("tandem_ack_fallbacks_total", "Answers given with one disk only, because no peer was reachable.",
               n.fallbacks);
  page.counter("tandem_claims_total", "Contacts claimed because their customer arrived and the owner was silent.",
               n.claims);
  page.counter("tandem_adoptions_total", "Session-less work adopted from an evacuated member.", n.adoptions);
  page.counter("tandem_clock_ahead_total",
               "Times a log was paused: its records are stamped over 500 ms ahead of this clock.", n.clock_ahead);
  page.gauge("tandem_logs_paused", "Logs that wait for this clock to reach the stamps of their records.",
             static_cast<double>(facts.paused.size()));
  page.counter("tandem_snapshots_loaded_total", "Snapshots of the world taken from a peer.", n.snapshots_loaded);
  page.gauge("tandem_gateway_sessions", "Customers' sessions whose sockets are here.",
             static_cast<double>(facts.sessions));
  page.gauge("tandem_lease", "1 while this node holds its lease.", facts.lease ? 1 : 0);
  page.gauge("tandem_log_full", "1 while the disk takes no new work.", facts.log_full ? 1 : 0);
  page.gauge("tandem_up_seconds", "Since the process started.", static_cast<double>(facts.up.count()) / 1e3);
  page.counter("tandem_log_records_total", "Records made durable.", facts.log.records_appended);
  page.gauge("tandem_log_queued_batches", "Appends that are not durable yet.",
             static_cast<double>(facts.log.queued_batches));
  page.counter("tandem_log_damaged_total", "Damaged records found on this disk.", facts.log.records_damaged);
  page.counter("tandem_log_repaired_total", "Damaged records put back from a peer.", facts.log.records_repaired);
  page.gauge("tandem_log_commit_seconds", "Write and sync of one transaction.", seconds(facts.log.commit_p50),
             {{"quantile", "0.5"}});
  page.gauge("tandem_log_commit_seconds", "Write and sync of one transaction.", seconds(facts.log.commit_p99),
             {{"quantile", "0.99"}});
  for (const auto& [peer, p] : facts.peers) {
    const prometheus::Labels who{{"peer", std::to_string(peer.value())}};
    page.gauge("tandem_peer_linked", "1 while a direct link works.", p.linked ? 1 : 0, who);
    page.gauge("tandem_peer_lag_records", "Records of this node that the peer has not applied.",
               static_cast<double>(p.behind), who);
    if (p.heard)
      page.gauge("tandem_peer_heard_seconds", "Since the peer's last word.",
                 static_cast<double>(p.heard->count()) / 1e3, who);
  }
  const transfer::Tally& t = n.handed;
  const auto handed = [&](const char* kind, const transfer::Tally::Handed& to) {
    const auto count = [&](const char* outcome, std::uint64_t value) {
      page.counter("tandem_transfers_total", "Contacts that agents handed on, by what became of them.", value,
                   {{"kind", kind}, {"outcome", outcome}});
    };
    count("answered", to.answered);
    count("ended", to.ended);
    count("abandoned", to.abandoned);
    count("refused", to.refused);
  };
  handed("queue", t.to_queue);
  handed("agent", t.to_agent);
  handed("colleague", t.to_colleague);
  const auto asked = [&](const char* outcome, std::uint64_t value) {
    page.counter("tandem_consultations_total", "Consultations, by what became of them.", value, {{"outcome", outcome}});
  };
  asked("taken_over", t.asked.taken_over);
  asked("answered", t.asked.answered);
  asked("unanswered", t.asked.unanswered);
  asked("refused", t.asked.refused);
  const auto sent = [&](const char* by, const transfer::Tally::Sent& agents) {
    const auto count = [&](const char* outcome, std::uint64_t value) {
      page.counter("tandem_agents_moved_total", "Agents of this node who were sent to another region.", value,
                   {{"by", by}, {"outcome", outcome}});
    };
    count("followed", agents.followed);
    count("closed", agents.closed);
  };
  sent("order", t.by_order);
  sent("drain", t.by_drain);
  const http::ServerCounters h = runtime.http_counters();
  page.gauge("tandem_http_connections", "Open connections of the public listener.", static_cast<double>(h.open));
  page.counter("tandem_http_requests_total", "Requests answered.", h.requests);
  page.counter("tandem_http_malformed_total", "Connections that sent what nobody could understand.", h.malformed);
  page.counter("tandem_http_refused_total", "Connections beyond the limit.", h.refused);
  page.counter("tandem_http_expired_total", "Handshakes, headers and bodies that took too long.", h.expired);
  return page.text();
}

}  // namespace tandem::app
