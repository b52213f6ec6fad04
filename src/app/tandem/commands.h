// One function per command; each returns the exit status.
#pragma once

#include "app/tandem/centre.h"
#include "app/tandem/cli.h"

namespace tandem::cli {

int run(const Up& up, const Invocation& call);
int run(const Down& down, const Invocation& call);
int run(const Status& status, const Invocation& call);
int run(const ReadyView& ready, const Invocation& call);
int run(const Env& env, const Invocation& call);
int run(const Contacts& contacts, const Invocation& call);
int run(const Agents& agents, const Invocation& call);
int run(const Move& move, const Invocation& call);
int run(const Queues& queues, const Invocation& call);
int run(const CustomerView& customer, const Invocation& call);
int run(const Evacuations& evacuations, const Invocation& call);
int run(const Explain& explain, const Invocation& call);
int run(const Distribution& distribution, const Invocation& call);
int run(const Realise& realise, const Invocation& call);
int run(const Drain& drain, const Invocation& call);
int run(const Undrain& undrain, const Invocation& call);
int run(const Member& member, const Invocation& call);
int run(const Upgrade& upgrade, const Invocation& call);
int run(const Agent& agent, const Invocation& call);
int run(const Drive& drive, const Invocation& call);
int run(const Drill& drill, const Invocation& call);
int run(const PkiInit& init, const Invocation& call);
int run(const PkiIssue& issue, const Invocation& call);
int run(const LogVerify& verify, const Invocation& call);

// Says what is wrong, to people on stderr or to programs on stdout, and answers with the exit status for it.
int complain(const Error& error, bool json);
// The status that goes with an error.
[[nodiscard]] int exit_code(Errc code);
// One word of a shell, safe whatever is in it.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace tandem::cli
