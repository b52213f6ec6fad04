// StartChatContact and StartTaskContact.
#include <chrono>

#include "api/connect/attributes.h"
#include "api/connect/context.h"
#include "api/customers.h"

namespace tandem::api::connect {
namespace {

constexpr std::int64_t kChatMinutesDefault = 25 * 60;  // what the service gives a chat
constexpr std::size_t kFirstMessageBytesMax = 1024 * 16;

// By what the customer may be recognised, the surest first.
struct Traces {
  std::string id;  // the CustomerId
  std::vector<Uuid> known_by;
};

// A number or an address that is none finds nobody, and nobody is refused for it.
Traces traces_of(Host& host, std::string id, const std::map<std::string, std::string>& attributes) {
  const auto said = [&](const char* name) {
    const auto at = attributes.find(name);
    return at == attributes.end() ? std::string() : at->second;
  };
  Traces out{id.empty() ? said(kCustomer) : std::move(id), {}};
  for (const auto& known : {customers::by_phone(host, said(kPhone)), customers::by_email(host, said(kEmail)),
                            customers::by_phone(host, said(kCaller))}) {
    if (known) out.known_by.push_back(*known);
  }
  return out;
}

// What the world says about a start before it is ordered.
struct Ground {
  Personal personal;
  FlowId flow;
  QueueId queue;     // of the quick connect that was named
  Uuid person;       // recognised by another trace than the CustomerId
  Text customer_id;  // then the CustomerId, if the profile has it
};

// What is to run: a flow, or that of a quick connect, towards its queue or agent.
struct Aim {
  Uuid flow;
  Uuid quick_connect;
};

Result<config::QuickConnect> quick_connect(const World& world, const Uuid& id) {
  auto found = world.config().quick_connect(id);
  if (!found) return fail(Errc::not_found, "No quick connect has the id '" + id.text() + "'.");
  if (found->type == "PHONE_NUMBER") return fail(Errc::refused, "A task cannot go to a phone number.");
  if (found->flow.value().nil()) return fail(Errc::refused, "The quick connect has no flow.");
  return std::move(*found);
}

Result<Ground> judge(const World& world, const Uuid& instance, const Aim& aim, ContactId previous,
                     const Traces& traces) {
  Uuid flow = aim.flow;
  QueueId queue;
  if (!aim.quick_connect.nil()) {
    const auto named = quick_connect(world, aim.quick_connect);
    if (!named) return std::unexpected(named.error());
    flow = named->flow.value();
    queue = QueueId{named->destination};
  }
  const config::Document* document = world.config().find(config::Kind::flow, flow);
  if (document == nullptr) return fail(Errc::not_found, "No flow has the id '" + flow.text() + "'.");
  if (document->get("status") == "SAVED") return fail(Errc::refused, "The flow has not been published.");
  if (world.config().program(FlowId{flow}) == nullptr) return fail(Errc::refused, "The flow has no valid content.");
  if (!previous.value().nil() && world.contacts().find(previous) == nullptr) {
    return fail(Errc::not_found, "No contact has the id '" + previous.value().text() + "'.");
  }
  Ground out{Personal(world, instance), FlowId{flow}, queue, {}, {}};
  for (const Uuid& known : traces.id.empty() ? traces.known_by : std::vector<Uuid>{}) {
    if (out.person.nil()) out.person = customers::recognise(world, known);
  }
  const customer::Profile* profile = world.customers().find(out.person);
  const customer::Value* id = profile == nullptr ? nullptr : profile->find("CustomerId");
  if (id != nullptr) out.customer_id = id->text;
  return out;
}

// Orders the start, and answers the same for every repeat under the same ClientToken. The ids derive from the command:
// should a repeat reach a node that has not heard of the first start, both make the same contact, and the merge of
// lines leaves one.
struct Start {
  Command command;
  contact::Start& verb() { return std::get<contact::Start>(command.verb); }
};

Start prepare(const Context& context, const model::Call& call) {
  const std::string token = text(call.input, "ClientToken");
  Start out;
  out.command.id = command_id(context.host, call.operation->name, call.caller.principal, token);
  out.command.verb = contact::Start{};
  const bool repeatable = !token.empty();
  out.verb().id = ContactId{repeatable ? derive_uuid(out.command.id, "contact") : context.host.mint()};
  out.verb().customer = repeatable ? derive_uuid(out.command.id, "customer") : context.host.mint();
  auto [key, row] = context.host.make_key();
  out.verb().key = key;
  out.command.keys.push_back(std::move(row));
  return out;
}

void send(const Context& context, const model::Call& call, Start start, model::Reply reply,
          std::function<json::object(ContactId contact, const Uuid& customer)> shape) {
  const ContactId id = start.verb().id;
  const Uuid customer = start.verb().customer;
  context.host.command(std::move(start.command), [call, id, customer, reply = std::move(reply),
                                                  shape = std::move(shape)](const Result<Answer>& done) {
    // Repeated so late that the first answer is forgotten: the contact itself is the answer.
    if (!done && done.error().code == Errc::already_exists) return reply(shape(id, customer));
    if (!done) return reply(refuse(call, done.error()));
    reply(shape(ContactId{done->id}, done->second));
  });
}

// An address of the Internet becomes a place here, so that no rule ever sees one; without the attribute it is that of
// whoever started the contact.
void set_caller(Host& host, const model::Call& call, contact::Start& verb,
                const std::map<std::string, std::string>& attributes) {
  const auto said = attributes.find(kCaller);
  const bool named = said != attributes.end() && !said->second.empty();
  const std::string& caller = named ? said->second : call.caller.address;
  const auto place = host.place_of(caller);
  if (place) {
    verb.caller = *place;
  } else if (named && (caller.starts_with('+') || caller.find(',') != std::string::npos)) {
    verb.caller = caller;  // a number or a place
  }
}

void set_customer(Host& host, contact::Start& verb, const Traces& traces, const Ground& ground) {
  verb.person = traces.id.empty() ? ground.person : host.pseudonym(traces.id);
  if (!traces.id.empty()) verb.data["CustomerId"] = host.seal(verb.key, traces.id);
  if (ground.customer_id.sealed()) verb.data["CustomerId"] = ground.customer_id;
}

// What this build has no meaning for is refused rather than ignored.
Result<void> refuse_members(const json::object& input,
                            std::initializer_list<std::pair<const char*, const char*>> each) {
  for (const auto& [member, why] : each) {
    if (input.contains(member)) return fail(Errc::refused, std::string(member) + ": " + why);
  }
  return {};
}

void start_chat(const Context& context, const model::Call& call, model::Reply reply) {
  const json::object& input = call.input;
  const auto known =
      refuse_members(input, {{"PersistentChat", "chats are not continued from earlier ones here."},
                             {"SegmentAttributes", "contacts have no segment attributes of their own here."},
                             {"DisconnectOnCustomerExit", "a chat ends when its customer disconnects."}});
  if (!known) return reply(refuse(call, known.error()));
  const auto flow = context.id(text(input, "ContactFlowId"), kFlowArn);
  if (!flow) return reply(refuse(call, flow.error()));
  const auto attributes = read_attributes(input);
  if (!attributes) return reply(refuse(call, attributes.error()));
  const json::object* first = object(input, "InitialMessage");
  if (first != nullptr) {
    const std::string type = text(*first, "ContentType");
    if (!is_message_type(type)) {
      return reply(refuse(call, Errc::invalid, "InitialMessage.ContentType is no type of message."));
    }
    if (text(*first, "Content").size() > kFirstMessageBytesMax) {
      return reply(refuse(call, Errc::invalid, "InitialMessage.Content is too long."));
    }
  }
  const Traces traces = traces_of(context.host, text(input, "CustomerId"), *attributes);
  ask(
      context.host,
      [instance = context.host.identity().instance, flow = *flow, traces](const World& world, const Local&) {
        return judge(world, instance, {flow, {}}, {}, traces);
      },
      [context, call, flow = *flow, attributes = *attributes, traces, reply = std::move(reply)](Result<Ground> ground) {
        if (!ground) return reply(refuse(call, ground.error()));
        Host& host = context.host;
        Start start = prepare(context, call);
        contact::Start& verb = start.verb();
        const KeyId key = verb.key;
        verb.channel = contact::Channel::chat;
        verb.flow = FlowId{flow};
        verb.customer_name = host.seal(key, text(call.input.at("ParticipantDetails").as_object(), "DisplayName"));
        verb.attributes = ground->personal.seal(host, key, attributes);
        set_caller(host, call, verb, attributes);
        set_customer(host, verb, traces, *ground);
        if (const json::object* message = object(call.input, "InitialMessage")) {
          contact::Item item;
          item.content_type = text(*message, "ContentType");
          item.content = host.seal(key, text(*message, "Content"));
          item.role = contact::Role::customer;
          item.participant = verb.customer;
          item.display_name = verb.customer_name;
          verb.first_message = std::move(item);
        }
        const std::chrono::minutes life(number(call.input, "ChatDurationInMinutes").value_or(kChatMinutesDefault));
        send(context, call, std::move(start), reply, [&host, life](ContactId contact, const Uuid& customer) {
          const Ticket ticket{contact, contact, customer};
          return json::object{{"ContactId", contact.value().text()},
                              {"ParticipantId", customer.text()},
                              {"ParticipantToken", host.sign_token(kParticipantToken, ticket.text(), life)}};
        });
      });
}

// References a task shows to its agent: kept as $.References.<name>.Value and .Type.
Result<void> set_references(contact::Start& verb, Host& host, const json::object& input) {
  const json::object* references = object(input, "References");
  if (references == nullptr) return {};
  for (const auto& each : *references) {
    const json::object& reference = each.value().as_object();
    const std::string type = text(reference, "Type");
    if (type == "ATTACHMENT" || type.starts_with("EMAIL_MESSAGE") || type == "CONTACT_ANALYSIS") {
      return fail(Errc::refused, "References: the type " + type + " is not kept here.");
    }
    const std::string name = "References." + std::string(each.key());
    verb.data[name + ".Value"] = host.seal(verb.key, text(reference, "Value"));
    verb.data[name + ".Type"] = Text::plain(type);
  }
  return {};
}

void start_task(const Context& context, const model::Call& call, model::Reply reply) {
  const json::object& input = call.input;
  const auto known =
      refuse_members(input, {{"TaskTemplateId", "this centre has no task templates."},
                             {"SegmentAttributes", "contacts have no segment attributes of their own here."},
                             {"Attachments", "tasks carry no attachments here."}});
  if (!known) return reply(refuse(call, known.error()));
  const bool by_quick_connect = input.contains("QuickConnectId");
  if (input.contains("ContactFlowId") == by_quick_connect) {
    return reply(refuse(call, Errc::refused, "Either ContactFlowId or QuickConnectId is needed to start a task."));
  }
  const auto asked = by_quick_connect ? context.id(text(input, "QuickConnectId"), kQuickConnectArn)
                                      : context.id(text(input, "ContactFlowId"), kFlowArn);
  if (!asked) return reply(refuse(call, asked.error()));
  const Aim aim = by_quick_connect ? Aim{{}, *asked} : Aim{*asked, {}};
  const auto attributes = read_attributes(input);
  if (!attributes) return reply(refuse(call, attributes.error()));
  ContactId previous;
  if (const std::string named = text(input, "PreviousContactId"); !named.empty()) {
    const auto id = context.id(named, kContactArn);
    if (!id) return reply(refuse(call, id.error()));
    previous = ContactId{*id};
  }
  const Traces traces = traces_of(context.host, {}, *attributes);
  ask(
      context.host,
      [instance = context.host.identity().instance, aim, previous, traces](const World& world, const Local&) {
        return judge(world, instance, aim, previous, traces);
      },
      [context, call, previous, attributes = *attributes, traces, reply = std::move(reply)](Result<Ground> ground) {
        if (!ground) return reply(refuse(call, ground.error()));
        Start start = prepare(context, call);
        contact::Start& verb = start.verb();
        verb.channel = contact::Channel::task;
        verb.flow = ground->flow;
        verb.queue = ground->queue;
        verb.previous = previous;
        verb.scheduled = scheduled_time(call.input);
        verb.customer = {};
        verb.name = text(call.input, "Name");
        if (const std::string description = text(call.input, "Description"); !description.empty()) {
          verb.description = context.host.seal(verb.key, description);
        }
        verb.attributes = ground->personal.seal(context.host, verb.key, attributes);
        set_caller(context.host, call, verb, attributes);
        set_customer(context.host, verb, traces, *ground);
        if (const auto good = set_references(verb, context.host, call.input); !good) {
          return reply(refuse(call, good.error()));
        }
        send(context, call, std::move(start), reply,
             [](ContactId contact, const Uuid&) { return json::object{{"ContactId", contact.value().text()}}; });
      });
}

}  // namespace

void add_start_operations(const Context& context) {
  context.on("StartChatContact",
             [context](const model::Call& call, model::Reply reply) { start_chat(context, call, std::move(reply)); });
  context.on("StartTaskContact",
             [context](const model::Call& call, model::Reply reply) { start_task(context, call, std::move(reply)); });
}

}  // namespace tandem::api::connect
