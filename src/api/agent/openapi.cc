#include "api/agent/agent.h"

namespace tandem::api::agent {
namespace {

constexpr std::string_view kDocument = R"json({
  "openapi": "3.1.0",
  "info": {
    "title": "Tandem agent API",
    "version": "1",
    "description": "What an agent's desktop speaks with a region. Sign in with the password of CreateUser; the token goes into `Authorization: Bearer`. Events come over the WebSocket /agent/v1/events?token=TOKEN."
  },
  "security": [{"token": []}],
  "paths": {
    "/agent/v1/openapi.json": {
      "get": {"summary": "This document", "security": [], "responses": {"200": {"description": "OpenAPI 3.1"}}}
    },
    "/agent/v1/sign-in": {
      "post": {
        "summary": "Open the desktop in this region",
        "description": "With username and password, or with the token of an earlier sign-in: that proves the same desktop, so that it may move here from another region with its conversations. Answers when a majority of the centre's nodes has agreed.",
        "security": [],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"oneOf": [
          {"type": "object", "required": ["username", "password"], "properties": {
            "username": {"type": "string"}, "password": {"type": "string"},
            "desktop": {"type": "string", "format": "uuid", "description": "The client's own id; one is made when it is left out."}}},
          {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}]}}}},
        "responses": {
          "200": {"description": "The desktop is open", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "token": {"type": "string"}, "expires": {"type": "string", "format": "date-time"},
            "desktop": {"type": "string", "format": "uuid"}, "me": {"$ref": "#/components/schemas/Me"}}}}}},
          "401": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"},
          "429": {"$ref": "#/components/responses/Error"}, "503": {"$ref": "#/components/responses/Error"}}
      }
    },
    "/agent/v1/sign-out": {
      "post": {"summary": "Close the desktop; refused while contacts are open", "responses": {
        "200": {"description": "Done"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/me": {
      "get": {"summary": "Who I am, my status and my contacts", "responses": {
        "200": {"description": "The desk", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Me"}}}},
        "401": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/offers": {
      "get": {"summary": "Contacts that ring", "responses": {
        "200": {"description": "The offers", "content": {"application/json": {"schema": {"type": "object", "properties": {
          "offers": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}}}}}}}}}
    },
    "/agent/v1/statuses": {
      "get": {"summary": "The statuses to choose from", "responses": {
        "200": {"description": "In the order their administrator gave", "content": {"application/json": {"schema": {"type": "object", "properties": {
          "statuses": {"type": "array", "items": {"type": "object", "properties": {
            "id": {"type": "string", "format": "uuid"}, "name": {"type": "string"},
            "type": {"enum": ["ROUTABLE", "CUSTOM", "OFFLINE"]}}}}}}}}}}}
    },
    "/agent/v1/status": {
      "put": {"summary": "Choose a status", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "required": ["status"], "properties": {"status": {"type": "string", "description": "Its id or its name"}}}}}},
        "responses": {"200": {"description": "Done"}, "404": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "get": {"summary": "A contact on the desktop", "responses": {
        "200": {"description": "The contact", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Contact"}}}},
        "404": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/accept": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Take a contact that rings", "responses": {
        "200": {"description": "The conversation is yours"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/reject": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Leave a contact that rings to others; it keeps its place", "responses": {
        "200": {"description": "Done"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/end": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "End the conversation; after-contact work begins", "requestBody": {"content": {"application/json": {"schema": {
          "type": "object", "properties": {"outcome": {"type": "string", "enum": ["unanswered"],
            "description": "Of a callback: the customer did not answer. With attempts left it is offered again after a while."}}}}}}, "responses": {
        "200": {"description": "Done, also when it had ended already"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/complete": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Finish after-contact work", "responses": {
        "200": {"description": "Done"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/quick-connects": {
      "get": {"summary": "Where contacts can be transferred to: every agent and queue of all regions, and what administrators made", "responses": {
        "200": {"description": "All of them", "content": {"application/json": {"schema": {"type": "object", "properties": {
          "quick_connects": {"type": "array", "items": {"type": "object", "properties": {
            "id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}, "type": {"enum": ["USER", "QUEUE", "FLOW"]},
            "available": {"type": "boolean", "description": "Of a user: signed in, and contacts are routed to him"},
            "region": {"type": "string", "description": "Of a user who is signed in"}}}}}}}}},
        "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/transfer": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Hand a conversation on; after-contact work begins, for the leg that was yours", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "properties": {
            "quick_connect": {"type": "string", "description": "Its id or name; this or flow"},
            "flow": {"type": "string", "description": "Id or name of a flow that takes the contact on"},
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token gets the first answer"}}}}}},
        "responses": {
          "200": {"description": "The contact is on its way", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "leg": {"type": "string", "format": "uuid", "description": "What you served, as a contact of its own"}}}}}},
          "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/consult": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Ask a colleague about a conversation; it is on hold until you swap or join", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "properties": {
            "quick_connect": {"type": "string", "description": "Its id or name; this or flow"},
            "flow": {"type": "string", "description": "Id or name of a flow that finds the colleague"},
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token gets the first answer"}}}}}},
        "responses": {
          "200": {"description": "A colleague is looked for", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "consultation": {"type": "string", "format": "uuid", "description": "A contact of its own: messages to the colleague go there, and to end it ends the asking"}}}}}},
          "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/swap": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Talk to the other of the two, customer or colleague; the id is the conversation's", "requestBody": {"content": {"application/json": {"schema": {
          "type": "object", "properties": {
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token is done once"}}}}}},
        "responses": {"200": {"description": "Done"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/join": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "From now on all three talk in the conversation", "requestBody": {"content": {"application/json": {"schema": {
          "type": "object", "properties": {
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token is done once"}}}}}},
        "responses": {"200": {"description": "Done"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/leave": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Leave the conversation to the colleague; after-contact work begins, for the leg that was yours", "requestBody": {"content": {"application/json": {"schema": {
          "type": "object", "properties": {
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token gets the first answer"}}}}}},
        "responses": {
          "200": {"description": "The colleague has it, or is about to", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "leg": {"type": "string", "format": "uuid", "description": "What you served, as a contact of its own"}}}}}},
          "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/messages": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Say something to the customer", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "required": ["content"], "properties": {
            "content": {"type": "string", "maxLength": 16384},
            "content_type": {"type": "string", "default": "text/plain"},
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token is not said twice"}}}}}},
        "responses": {
          "200": {"description": "It is in the transcript, on two disks", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "id": {"type": "string", "format": "uuid"}, "at": {"type": "string", "format": "date-time"}}}}}},
          "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/events": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "post": {"summary": "Show the customer that you type or have read; no transcript keeps it", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "required": ["event"], "properties": {
            "event": {"enum": ["typing", "message.read", "message.delivered"]},
            "message": {"type": "string", "description": "Id of the message a receipt is for"}}}}}},
        "responses": {"200": {"description": "Passed on"}, "404": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/history": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "get": {"summary": "The customer's other contacts, of all regions, the latest first, at most 50; their transcripts can be read as long as the customer is on the desktop",
        "responses": {
          "200": {"description": "None of one who was started without a CustomerId", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "contacts": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}}}}}}},
          "404": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/profile": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "get": {"summary": "What is known of the customer", "parameters": [
          {"name": "history", "in": "query", "schema": {"enum": ["1"]}, "description": "Also what was overwritten"}],
        "responses": {
          "200": {"description": "Empty of one who was not recognised", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "profile": {"$ref": "#/components/schemas/Profile"},
            "history": {"type": "array", "description": "The latest first; of each field at most 20", "items": {"type": "object", "properties": {
              "field": {"type": "string", "description": "FirstName, Address.City, Attributes.tier"}, "value": {"type": ["string", "null"]},
              "at": {"type": "string", "format": "date-time"}, "by": {"type": "string"}}}}}}}}},
          "404": {"$ref": "#/components/responses/Error"}}},
      "put": {"summary": "Change it, for all regions; the fields that are not named stay", "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "required": ["set"], "properties": {
            "set": {"$ref": "#/components/schemas/Profile"},
            "client_token": {"type": "string", "maxLength": 500, "description": "A repeat with the same token changes nothing"}}}}}},
        "responses": {
          "200": {"description": "As it is now", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "profile": {"$ref": "#/components/schemas/Profile"}}}}}},
          "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/contacts/{id}/transcript": {
      "parameters": [{"$ref": "#/components/parameters/Id"}],
      "get": {"summary": "The newest entries, oldest first", "parameters": [
          {"name": "max", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
          {"name": "before", "in": "query", "schema": {"type": "string", "format": "uuid"}, "description": "Entries older than this one"}],
        "responses": {
          "200": {"description": "A page", "content": {"application/json": {"schema": {"type": "object", "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}, "more": {"type": "boolean"}}}}}},
          "404": {"$ref": "#/components/responses/Error"}}}
    },
    "/agent/v1/events": {
      "get": {"summary": "WebSocket of events",
        "description": "The first message is {type: hello, me: Me}. Then, as they happen: contact.offered, contact.connected, contact.ended (after-contact work), contact.gone, contact.guest (of guest_of, as it changes), each with {contact: Contact}; items {contact: ID, items: [Item]}; typing {contact: ID, at}; receipt {contact: ID, message: ID, receipt: read or delivered, at}; status {status: Status}; closed {reason}, after which the socket closes. The client may send {type: ping} and gets {type: pong}.",
        "security": [], "parameters": [{"name": "token", "in": "query", "required": true, "schema": {"type": "string"}}],
        "responses": {"101": {"description": "Events follow"}, "401": {"$ref": "#/components/responses/Error"}}}
    }
  },
  "components": {
    "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    "parameters": {"Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}},
    "responses": {"Error": {"description": "In plain words", "content": {"application/json": {"schema": {
      "type": "object", "required": ["code", "message"], "properties": {
        "code": {"type": "string", "description": "invalid, unauthenticated, wrong_credentials, denied, not_found, not_signed_in, refused, elsewhere, too_many, no_room, no_majority, unreachable, timed_out, stopping, method, internal"},
        "message": {"type": "string", "description": "Fit for the agent"}}}}}}},
    "schemas": {
      "Me": {"type": "object", "properties": {
        "agent": {"type": "object", "properties": {"id": {"type": "string"}, "username": {"type": "string"},
          "first_name": {"type": "string"}, "last_name": {"type": "string"}}},
        "routing_profile": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"},
          "concurrency": {"type": "object", "additionalProperties": {"type": "integer"}},
          "queues": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}}},
        "region": {"type": "string"}, "desktop": {"type": "string"},
        "status": {"$ref": "#/components/schemas/Status"},
        "contacts": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}},
        "guest_of": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}, "description": "Without a slot: the consultation you asked for, or the conversation you are asked about"}}},
      "Status": {"type": "object", "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "type": {"enum": ["ROUTABLE", "CUSTOM", "OFFLINE"]},
        "since": {"type": "string", "format": "date-time"},
        "next": {"type": "object", "description": "Chosen while a contact was held: taken when the last contact is closed, and no contact is offered until then",
          "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "type": {"enum": ["ROUTABLE", "CUSTOM", "OFFLINE"]}}},
        "missed": {"type": "boolean", "description": "A contact rang out: choose a status again to be offered contacts"},
        "move_to": {"type": "string", "description": "A supervisor wants the desktop in this region; no contact is offered meanwhile"},
        "move_by": {"type": "string", "format": "date-time", "description": "Then also with contacts open"},
        "move_now": {"type": "boolean", "description": "Sign in there with the token; after 20 s the desktop here is closed"}}},
      "Contact": {"type": "object", "properties": {
        "id": {"type": "string"}, "initial_id": {"type": "string"}, "previous_id": {"type": "string"},
        "channel": {"enum": ["CHAT", "TASK", "VOICE"]},
        "state": {"enum": ["offered", "connected", "after_contact_work", "in_flow", "queued", "ringing", "away", "ended"], "description": "The last five only of guest_of"},
        "consultation": {"type": "object", "properties": {"id": {"type": "string"},
          "stage": {"enum": ["apart", "swapped", "joined"], "description": "apart: the customer is on hold; swapped: the colleague is"}}},
        "about": {"type": "string", "description": "Of a consultation: the conversation"},
        "accept_before": {"type": "string", "format": "date-time"}, "until": {"type": "string", "format": "date-time"},
        "queue": {"type": "string", "description": "Its id; names are in Me.routing_profile.queues"},
        "customer": {"type": "object", "properties": {"name": {"type": "string"}, "participant": {"type": "string"},
          "callback_number": {"type": "string", "description": "Of a callback: the number to call"},
          "profile": {"$ref": "#/components/schemas/Profile"}}},
        "attempts_left": {"type": "integer", "description": "Of a callback: how often it is tried again when nobody answers"},
        "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
        "references": {"type": "object", "additionalProperties": {"type": "string"}},
        "name": {"type": "string"}, "description": {"type": "string"}, "participant": {"type": "string", "description": "The agent's own"},
        "initiated_at": {"type": "string", "format": "date-time"}, "enqueued_at": {"type": "string", "format": "date-time"},
        "connected_at": {"type": "string", "format": "date-time"}, "ended_at": {"type": "string", "format": "date-time"},
        "ended": {"type": "boolean"}, "ended_by": {"type": "string"}}},
      "Profile": {"type": "object", "description": "Names as in Amazon Connect Customer Profiles; a text each, at most 1000 bytes; null or an empty text clears. Telephone numbers with + and the country's code",
        "properties": {
          "CustomerId": {"type": "string", "readOnly": true}, "FirstName": {}, "MiddleName": {}, "LastName": {}, "BusinessName": {},
          "BirthDate": {}, "GenderString": {}, "AccountNumber": {}, "PartyTypeString": {}, "AdditionalInformation": {},
          "PhoneNumber": {}, "MobilePhoneNumber": {}, "HomePhoneNumber": {}, "BusinessPhoneNumber": {},
          "EmailAddress": {}, "PersonalEmailAddress": {}, "BusinessEmailAddress": {},
          "Address": {"type": "object", "description": "Address1 to Address4, City, County, State, Province, PostalCode, Country"},
          "Attributes": {"type": "object", "description": "Free names", "additionalProperties": {"type": ["string", "null"]}}}},
      "Item": {"type": "object", "properties": {
        "id": {"type": "string"}, "type": {"enum": ["message", "event"]}, "content_type": {"type": "string"},
        "content": {"type": "string"}, "from": {"enum": ["customer", "agent", "system"]}, "name": {"type": "string"},
        "participant": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}
    }
  }
}
)json";

}  // namespace

std::string_view openapi() { return kDocument; }

}  // namespace tandem::api::agent
