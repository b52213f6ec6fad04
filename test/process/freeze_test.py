#!/usr/bin/env python3
"""Goal: a process that was stopped while the others gave its work away does nothing with what it had in hand when it goes
on: no word twice, no task twice, no call of a function for a contact that is no longer its own.
Method: SIGSTOP in the middle of a function's call, of a customer's message, of an agent's accept, and before a task is due;
SIGCONT after five seconds. `TANDEM_FREEZES=5,30,300` for other times in seconds."""
import http.server
import json
import os
import signal
import threading
import time

from centre import EAST, WEST, Agent, Centre, Refused, case, equal, isolated, run, until

isolated()
FREEZES = [int(word) for word in os.environ.get("TANDEM_FREEZES", "5").split(",")]


class Function:
    """A function of the test's own. `calls`: when, for which contact, under which key. While `held` no call is answered."""

    def __init__(self):
        self.calls, self.held = [], threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.calls.append((time.monotonic(), event["Details"]["ContactData"]["ContactId"], self.headers["x-tandem-once"]))
                while outer.held.is_set():
                    time.sleep(0.02)
                answer = json.dumps({"word": "looked up"}).encode()
                try:
                    self.send_response(200)
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # it was not waited for

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, contact):
        return [call for call in self.calls if call[1] == contact]


FUNCTION = Function()


def flow(queue):
    def block(name, kind, parameters, following=None, error=None):
        transitions = {"NextAction": following} if following else {}
        if error:
            transitions["Errors"] = [{"ErrorType": "NoMatchingError", "NextAction": error}]
        return {"Identifier": name, "Type": kind, "Parameters": parameters, "Transitions": transitions}

    return json.dumps({"Version": "2019-10-30", "StartAction": "look", "Metadata": {}, "Actions": [
        block("look", "InvokeLambdaFunction", {"LambdaFunctionARN": FUNCTION.url, "InvocationTimeLimitSeconds": "8"}, "tell", "sorry"),
        block("tell", "MessageParticipant", {"Text": "found: $.External.word"}, "queue", "queue"),
        block("sorry", "MessageParticipant", {"Text": "nothing found"}, "queue", "queue"),
        block("queue", "UpdateContactTargetQueue", {"QueueId": queue}, "wait", "end"),
        block("wait", "TransferContactToQueue", {}, "end", "end"),
        block("end", "DisconnectParticipant", {})]})


def unheard(call):
    """Sends a request to a process that is about to be stopped: nobody waits for its answer."""
    def send():
        try:
            call()
        except (Refused, OSError):
            pass

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@case("three nodes serve, and a flow calls a function")
def ready(centre):
    centre.settled(90)
    connect = centre.connect(EAST)
    queue = connect.call("GET", "/queues/{}/" + connect.ids("queues")["support"])["Queue"]["QueueArn"]
    connect.call("PUT", "/contact-flows/{}", {"Name": "looks up", "Type": "CONTACT_FLOW", "Content": flow(queue)})
    until("the flow in the other region", lambda: "looks up" in centre.connect(WEST).ids("contact-flows"))


def freeze(centre, seconds):
    pid = centre.pid(EAST)
    east, west = centre.connect(EAST), centre.connect(WEST)
    alice = Agent("alice").sign_in(centre.urls[WEST])
    bob = Agent("bob").sign_in(centre.urls[EAST])
    task = east.start_task(f"before {seconds} s of sleep")
    told = east.start_chat()
    told.sees("sales or support")
    bob.status("Available")
    rung = until("the task to ring", lambda: bob.contact(task))
    equal(rung["state"], "offered", "the task")
    bob.seconds = 1.0
    FUNCTION.held.set()
    asked = east.start_chat(flow="looks up")
    until("the function to be called", lambda: FUNCTION.of(asked.id))
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        # These lie in the sockets of a process that does not run.
        pressed = unheard(lambda: bob.call("POST", f"/contacts/{task}/accept", {}))
        typed = unheard(lambda: told.say("support", token=f"typed-{seconds}", seconds=1.0))
        pressed.join()
        typed.join()
        FUNCTION.held.clear()  # and so does the function's answer
        until("the others to decide", lambda: any("evacuated" in p and EAST in p for p in centre.ops(WEST, "status")["problems"]))
        for chat in (told, asked):
            until("the customer to arrive elsewhere", lambda: chat.attach(centre.urls[WEST]) is None)
        asked.sees("found: looked up")
        until("the word to be taken", lambda: told.say("support", token=f"typed-{seconds}"))
        alice.status("Available")
        for chat in (told, asked):
            alice.takes(chat.id)
            alice.says(chat.id, "Alice here")
        time.sleep(max(0.0, seconds - (time.monotonic() - stopped)))
    finally:
        os.kill(pid, signal.SIGCONT)
        awake = time.monotonic()
    bob.seconds = 15.0
    centre.settled(120)
    equal(centre.pid(EAST), pid, "the process")
    late = [call for call in FUNCTION.calls if call[0] >= awake]
    equal(late, [], "calls of the function after it went on")
    equal(len({call[2] for call in FUNCTION.of(asked.id)}), 1, f"keys of the calls for one visit: {FUNCTION.of(asked.id)}")
    for chat, words in ((told, "support"), (asked, "found: looked up")):
        lines = chat.lines()
        equal((lines.count(words), lines.count("Alice here")), (1, 1), f"what was said, each once: {lines}")
        equal(bob.contact(chat.id), None, "the conversation, for him who slept")
        alice.ends(chat.id)
    # It rang at a desktop that slept: his, or back in its queue; at one of them, and once.
    alice.status("Break")

    def has_it():
        return [agent.user for agent in (alice, bob) if (agent.contact(task) or {}).get("state") in ("offered", "connected")]

    def given():
        if not has_it():
            bob.status("Available")
        return len(has_it()) == 1 and has_it()

    until("the task to have one agent", given, 60)
    holder = alice if has_it() == ["alice"] else bob
    if holder.contact(task)["state"] == "offered":
        holder.takes(task)
    holder.ends(task)
    equal(has_it(), [], "the task, when it is over")
    for agent in (alice, bob):
        agent.call("POST", "/sign-out", {})
    for chat in (told, asked):
        chat.socket.close()
    centre.settled(60)


for seconds in FREEZES:
    case(f"a process that is stopped for {seconds} s acts on nothing that it had in hand")(lambda centre, seconds=seconds: freeze(centre, seconds))


@case("no disk was hurt")
def logs(centre):
    centre.tandem("down")
    centre.json("log", "verify")


run(Centre)
