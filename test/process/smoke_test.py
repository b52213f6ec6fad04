#!/usr/bin/env python3
"""Goal: a centre comes up, serves a task and a chat across its regions, loses a node and gets it back, and goes down
without a trace. Method: the programs as they are shipped, signed requests and an agent over the public APIs, SIGKILL."""
import os
import re
import signal

from centre import Agent, Centre, case, equal, fetch, isolated, judged, processes_of, run, until

isolated()
agent = Agent("alice")


@case("three nodes are up with zero problems")
def up(centre):
    equal(centre.names, ["hub", "us-east-1", "us-west-2"], "the nodes")
    centre.settled()
    status = centre.status()
    equal([node["lag_records"] for node in status["nodes"]], [0, 0, 0], "the lag")
    again = centre.json("up", "--detach")
    equal(again["outcome"], "already running", "a second up")


@case("healthz, readyz, metrics and the API's description answer")
def probes(centre):
    for name, url in centre.urls.items():
        equal(judged(fetch(url + "/healthz"))["alive"], True, f"healthz of {name}")
        until(f"readyz of {name}", lambda: judged(fetch(url + "/readyz"))["ready"])
        status, headers, page = fetch(url + "/metrics")
        equal((status, headers["content-type"].split(";")[0]), (200, "text/plain"), f"metrics of {name}")
        shown = set(re.findall(r"^# TYPE (\w+)", page.decode(), re.M))
        with open(os.path.join(os.path.dirname(__file__), "../../docs/metrics.md"), encoding="utf-8") as file:
            equal(sorted(shown), sorted(set(re.findall(r"`(tandem_\w+)`", file.read()))), f"what {name} shows, and what is documented")
    document = judged(fetch(centre.urls["us-east-1"] + "/agent/v1/openapi.json"))
    assert "/agent/v1/sign-in" in document["paths"]


@case("a chat that starts in one region is served from the other")
def chat(centre):
    agent.sign_in(centre.urls["us-west-2"])
    agent.status("Available")
    customer = centre.connect("us-east-1").start_chat(attributes={"tier": "gold"})
    customer.sees("sales or support")
    customer.say("sales")
    agent.takes(customer.id)
    agent.says(customer.id, "Alice here, how can I help?")
    customer.sees("Alice here")
    customer.say("thank you")
    until("the agent to read it", lambda: "thank you" in str(agent.call("GET", f"/contacts/{customer.id}/transcript")))
    agent.ends(customer.id)
    lines = customer.lines()
    equal([line for line in lines if lines.count(line) > 1], [], "what was said twice")
    for name in centre.names[1:]:
        view = until("the contact to be over", lambda: (lambda c: c if "DisconnectTimestamp" in c else None)(
            centre.connect(name).call("GET", f"/contacts/{{}}/{customer.id}")["Contact"]))
        equal(view["Id"], customer.id, f"the contact at {name}")
        kept = centre.connect(name).call("GET", f"/contact/attributes/{{}}/{customer.id}")["Attributes"]
        equal((kept["tier"], kept["topic"]), ("gold", "sales"), f"the attributes at {name}")


@case("a task goes to the agent")
def task(centre):
    token = "task-of-the-smoke-test"
    id = centre.connect("us-east-1").start_task("call back", token)
    equal(centre.connect("us-east-1").start_task("call back", token), id, "the same token starts the same task")
    agent.takes(id)
    until("the task to be connected", lambda: agent.contact(id)["state"] == "connected")
    agent.ends(id)


@case("a killed node starts again and has everything")
def killed(centre):
    pid = centre.pid("us-east-1")
    customer = centre.connect("us-east-1").start_chat()
    customer.sees("sales or support")
    os.kill(pid, signal.SIGKILL)
    until("the process to be gone", lambda: pid not in [found[0] for found in processes_of(centre.dir)])
    until("the customer to arrive at the survivor", lambda: customer.attach(centre.urls["us-west-2"]) is None, 60)
    until("the chat to go on there", lambda: customer.say("support", token="once"), 60)
    agent.takes(customer.id, 60)
    agent.says(customer.id, "Alice again")
    customer.sees("Alice again")
    centre.tandem("up", "--detach", "--only", "us-east-1")
    centre.settled(90)
    customer.url = centre.urls["us-east-1"]
    customer.sees("Alice again")
    lines = customer.lines()
    equal([line for line in lines if lines.count(line) > 1], [], "what was said twice")
    agent.ends(customer.id)
    agent.call("POST", "/sign-out", {})


@case("down leaves no process behind")
def down(centre):
    pids = [centre.pid(name) for name in centre.names]
    equal(sorted(pids), sorted(found[0] for found in processes_of(centre.dir)), "the processes before")
    equal(centre.json("down")["stopped"], 3, "stopped nodes")
    equal(processes_of(centre.dir), [], "the processes after")
    assert not any(os.path.exists(f"/proc/{pid}/exe") and "tandemd" in os.readlink(f"/proc/{pid}/exe") for pid in pids)
    equal(os.listdir(centre.path("run")), [], "pid files")
    centre.tandem("log", "verify")
    centre.nothing_broken()


run(Centre)
