// What a step asks the outside to do. An effect leaves the node only after the records that caused it are as durable as
// their class demands. Effects on outside systems happen at least once, under a key the receiver can deduplicate on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/bug.h"
#include "base/ids.h"
#include "base/sealed.h"

namespace tandem {

// io reads the clock again before it acts and drops the effect when it is late.
struct Fence {
  ContactId contact;
  Term term;
  Mono not_after;
  // With the clock as io reads it just before it acts.
  [[nodiscard]] bool stands(Mono now) const { return now < not_after || bug::on(bug::Name::effect_past_fence); }
};

// Calls a function (Lambda invoke endpoint or HTTP address). The answer returns as the command `flow::Returned`.
struct InvokeFunction {
  Fence fence;
  std::uint64_t visit = 0;
  KeyId key;                                 // seals the values of the answer
  Uuid once;                                 // receiver's key: derived from contact and block visit
  std::string function;                      // ARN or http(s) address, references already put in
  std::map<std::string, Text> parameters;    // LambdaInvocationAttributes; io opens sealed values
  std::chrono::milliseconds limit{};         // at most 8 s
  bool wants_json = false;                   // ResponseType JSON; else a flat map of strings
  std::map<std::string, Text> contact_data;  // of the event, flattened: "Channel", "Attributes.tier", "Queue.ARN"
};

// Opens sealed values outside the loop. Comes back as the command `flow::Resolved`; nothing opened enters the log.
struct Resolve {
  Fence fence;
  std::uint64_t visit = 0;
  KeyId key;                                 // seals what is rendered
  std::map<std::string, Text> values;        // reference, e.g. "$.Attributes.tier" -> text, sealed or plain
  std::map<std::string, std::string> texts;  // by name: put the values in (flow::render) and seal the result
};

}  // namespace tandem
