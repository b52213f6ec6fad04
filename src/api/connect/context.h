// What the handlers of the Connect API share.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/common.h"
#include "api/host.h"
#include "api/model/service.h"
#include "api/passwords.h"

namespace tandem::api::connect {

namespace json = boost::json;

// Names of things as ARNs spell them.
inline constexpr std::string_view kUserArn = "agent";
inline constexpr std::string_view kQueueArn = "queue";
inline constexpr std::string_view kRoutingProfileArn = "routing-profile";
inline constexpr std::string_view kHoursArn = "operating-hours";
inline constexpr std::string_view kFlowArn = "contact-flow";
inline constexpr std::string_view kSecurityProfileArn = "security-profile";
inline constexpr std::string_view kAgentStatusArn = "agent-state";
inline constexpr std::string_view kQuickConnectArn = "transfer-destination";
inline constexpr std::string_view kContactArn = "contact";
inline constexpr std::string_view kDistributionArn = "traffic-distribution-group";

// In place of a kind of ARN: the API names these documents by their names.
inline constexpr std::string_view kByName = "";

using Fields = std::map<std::string, std::string>;

struct Context {
  Host& host;
  Passwords& passwords;
  model::Service& service;

  // Registers a handler; by the time it runs, the instance that the call names, if it names one, is ours.
  void on(std::string_view operation, std::function<void(const model::Call&, model::Reply)> handler) const;
  // One that answers from the world. It runs on the loop.
  using Read = std::function<model::Answer(const model::Call&, const World&, const Local&)>;
  void read(std::string_view operation, Read answer) const;

  // Documents. `fields` translates the input, `answer` tells the new id.
  struct Creation {
    config::Kind kind = config::Kind::instance;
    std::string_view arn;         // kind of its ARNs
    std::string_view id_member;   // in the answer; empty: not there
    std::string_view arn_member;  // likewise
  };
  void create(const model::Call& call, const Creation& creation, Fields fields, model::Reply reply,
              json::object also = {}) const;
  // Registers an operation that changes the document which `id_member` names. `fields` translates the input, given the
  // document as it is here; it runs on the loop. What others write meanwhile merges field by field.
  using Change = std::function<Result<Fields>(const model::Call&, const World&, const config::Document&)>;
  void change(std::string_view operation, config::Kind kind, std::string_view arn, std::string_view id_member,
              Change fields) const;
  // The same for documents that it takes more than one member to find.
  using Find = std::function<Result<const config::Document*>(const model::Call&, const World&)>;
  void change(std::string_view operation, config::Kind kind, Find find, Change fields) const;
  void destroy(std::string_view operation, config::Kind kind, Find find) const;
  void destroy(std::string_view operation, config::Kind kind, std::string_view arn, std::string_view id_member) const;
  // The live document that a member of the call names, by id, ARN, or name (`kByName`).
  [[nodiscard]] Result<const config::Document*> document(const model::Call& call, const World& world, config::Kind kind,
                                                         std::string_view arn, std::string_view member) const;
  // A page of live documents by id. `summary` answers nothing for one that the call's filter leaves out.
  using Summary = std::function<std::optional<json::object>(const config::Document&)>;
  [[nodiscard]] model::Answer list(const model::Call& call, const World& world, config::Kind kind,
                                   std::string_view member, const Summary& summary) const;

  // A page of ids, which are in order. `entry` answers nothing for one that the call's filter leaves out.
  using Entry = std::function<std::optional<json::object>(const Uuid&)>;
  [[nodiscard]] static model::Answer page(const model::Call& call, std::string_view member,
                                          const std::vector<Uuid>& ids, const Entry& entry);
  // A page of rows in the order of their keys, which need to be the same at every call.
  [[nodiscard]] static model::Answer page(const model::Call& call, std::string_view member,
                                          const std::map<std::string, json::object>& rows);

  // Runs a command and answers with what `shape` makes of its outcome.
  void command(const model::Call& call, Command command, model::Reply reply,
               std::function<model::Answer(const model::Call&, const Answer&)> shape) const;

  [[nodiscard]] std::string arn(std::string_view kind, const Uuid& id) const;
  [[nodiscard]] std::string instance_arn() const;
  // The id in an id or an ARN of any region of the centre. Errors: invalid (an ARN of something else), not_found (of
  // another instance, or no id of ours).
  [[nodiscard]] Result<Uuid> id(std::string_view id_or_arn, std::string_view kind) const;
  [[nodiscard]] Result<void> instance(std::string_view id_or_arn) const;

  // LastModifiedTime and LastModifiedRegion.
  void modified(json::object& out, const World& world, const config::Document& document) const;
};

[[nodiscard]] model::Answer refuse(const model::Call& call, const Error& error);
[[nodiscard]] model::Answer refuse(const model::Call& call, Errc code, std::string detail);

// Members of the input; empty, 0 or nothing when absent.
[[nodiscard]] std::string text(const json::object& input, std::string_view member);
[[nodiscard]] std::optional<std::int64_t> number(const json::object& input, std::string_view member);
[[nodiscard]] std::optional<double> real(const json::object& input, std::string_view member);
[[nodiscard]] const json::array* elements(const json::object& input, std::string_view member);
[[nodiscard]] const json::object* object(const json::object& input, std::string_view member);
[[nodiscard]] std::vector<std::string> texts(const json::object& input, std::string_view member);

// Sets a member unless the value is empty.
void put(json::object& out, std::string_view member, const std::string& value);
void put_time(json::object& out, std::string_view member, Hlc at);

// ScheduledTime; 0 when it is not given.
[[nodiscard]] Hlc scheduled_time(const json::object& input);

void set_tags(Fields& fields, const json::object& input);
void put_tags(json::object& out, const config::Document& document);

// What the operations that change name and description set. Errors: invalid (neither is given).
[[nodiscard]] Result<Fields> naming(const json::object& input);

// Opaque to clients; names the last element of a page.
[[nodiscard]] std::string next_token(std::string_view last);
[[nodiscard]] std::string next_token(const Uuid& last);
[[nodiscard]] std::optional<Uuid> parse_next_token(std::string_view token);

[[nodiscard]] const char* channel_name(contact::Channel channel);

// One function per file of handlers.
void add_instance_operations(const Context& context);
void add_agent_status_operations(const Context& context);
void add_user_operations(const Context& context);
void add_proficiency_operations(const Context& context);
void add_queue_operations(const Context& context);
void add_quick_connect_operations(const Context& context);
void add_routing_profile_operations(const Context& context);
void add_hours_operations(const Context& context);
void add_hours_override_operations(const Context& context);
void add_flow_operations(const Context& context);
void add_distribution_operations(const Context& context);
void add_start_operations(const Context& context);
void add_contact_operations(const Context& context);
void add_metric_operations(const Context& context);
void add_user_data_operations(const Context& context);

}  // namespace tandem::api::connect
