#!/usr/bin/env python3
"""Goal: links that are cut, in part, whole or one way, that delay, stall and reset, cost no more than they must: records
find another way, a region without a majority says what it refuses, and afterwards all nodes are of one mind.
Method: each node in a network namespace of its own, joined by a bridge on which nft drops what the weather takes; and a
relay of the test's own between the nodes. Public listeners are off loopback there, so everything speaks TLS."""
import asyncio
import random
import threading
import time

from centre import EAST, HERE, HUB, PEER, WEST, Agent, Refused, Weather, both, case, equal, ip, isolated, run, until

isolated()


class Relay:
    """Between the nodes: one listener for each node's peer port. `delay` and `jitter` in seconds, `stalled`: bytes wait."""

    def __init__(self, targets):
        self.delay = self.jitter = 0.0
        self.stalled = False
        self.rng = random.Random(4_711)
        self.open = set()
        self.resets = 0
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.ports = {}
        for name, target in targets.items():
            server = self.ask(asyncio.start_server(lambda r, w, to=target: self.join(r, w, to), HERE, 0))
            self.ports[name] = server.sockets[0].getsockname()[1]

    def ask(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def join(self, reader, writer, to):
        try:
            far_reader, far_writer = await asyncio.open_connection(*to)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer.transport, far_writer.transport)
        self.open.add(pair)
        await asyncio.gather(self.carry(reader, far_writer, pair), self.carry(far_reader, writer, pair))
        self.open.discard(pair)

    async def carry(self, reader, writer, pair):
        """In order, each piece at its time; what is under way does not hold up the next."""
        pieces, due = asyncio.Queue(64), 0.0

        async def deliver():
            while piece := await pieces.get():
                await asyncio.sleep(max(0.0, piece[0] - self.loop.time()))
                while self.stalled:
                    await asyncio.sleep(0.02)
                writer.write(piece[1])
                await writer.drain()

        task = self.loop.create_task(deliver())
        try:
            while data := await reader.read(65_536):
                due = max(due, self.loop.time() + self.delay + self.rng.random() * self.jitter)
                await pieces.put((due, data))
            await pieces.put(None)
            await task
        except (OSError, asyncio.CancelledError):
            pass
        task.cancel()
        for transport in pair:
            transport.abort()

    def reset(self):
        def now():
            for pair in list(self.open):
                for transport in pair:
                    transport.abort()

        self.resets += len(self.open)
        self.loop.call_soon_threadsafe(now)


def serve(weather, at_customer, at_agent, user="alice"):
    """A whole conversation: a customer at one node, an agent at another."""
    centre = weather.centre
    agent = Agent(user, ca=centre.ca)
    until("the agent to sign in", lambda: agent.sign_in(centre.urls[at_agent]), 60)
    agent.status("Available")
    customer = until("the chat to start", lambda: centre.connect(at_customer).start_chat(), 60)
    customer.sees("sales or support", 60)
    until("the answer to be taken", lambda: customer.say("sales", token="sales-" + customer.id), 60)
    agent.takes(customer.id, 60)
    until("the agent to be heard", lambda: agent.says(customer.id, "Alice here"), 60)
    customer.sees("Alice here", 60)
    agent.ends(customer.id)
    until("the sign-out", lambda: agent.call("POST", "/sign-out", {}) is not None, 60)
    lines = customer.lines()
    equal(len(lines), len(set(lines)), f"what was said, each once: {lines}")
    customer.socket.close()


@case("three nodes in namespaces of their own find each other over TLS and serve a chat")
def apart(weather):
    weather.fair()
    serve(weather, EAST, WEST)


@case("the direct link between two regions is cut: replication goes on through the hub")
def direct(weather):
    centre = weather.centre
    with weather.cutting(*both(EAST, WEST)):
        weather.tells(EAST, "direct link to us-west-2", "through another node")
        made = centre.connect(EAST).create_queue("by way of the hub")
        until("the queue in the other region", lambda: centre.connect(WEST).ids("queues").get("by way of the hub") == made)
        back = centre.connect(WEST).create_queue("and back")
        until("the queue of the other region", lambda: centre.connect(EAST).ids("queues").get("and back") == back)
        serve(weather, EAST, WEST)
    weather.fair()


@case("one way of a link is cut")
def one_way(weather):
    centre = weather.centre
    for n, way in enumerate([(EAST, WEST), (WEST, EAST)]):
        with weather.cutting(way):
            weather.tells(EAST, "direct link")
            name = f"one way {n}"
            made = until("the queue", lambda: centre.connect(EAST).create_queue(name), 60)
            until("the queue in the other region", lambda: centre.connect(WEST).ids("queues").get(name) == made, 60)
        weather.fair()


@case("all links of a region are cut: it says what it refuses, the others take over, all agree afterwards")
def island(weather):
    centre = weather.centre
    alice = Agent("alice", ca=centre.ca).sign_in(centre.urls[WEST])
    alice.status("Available")
    customer = centre.connect(EAST).start_chat(attributes={"tier": "gold"})
    customer.sees("sales or support")
    with weather.cutting(*both(EAST, WEST), *both(EAST, HUB)):
        weather.tells(EAST, "no word from a majority")
        weather.tells(WEST, "us-east-1", "evacuated")
        # An agent cannot sign in where no majority can confirm that she is nowhere else, and is told so.
        try:
            Agent("bob", ca=centre.ca).sign_in(centre.urls[EAST])
            raise AssertionError("signed in without a majority")
        except Refused as refused:
            equal((refused.status, refused.name), (503, "no_majority"), "the refusal")
            assert "Too few regions" in refused.text, refused.text
        assert "sales" in centre.connect(EAST).ids("queues"), "reads go on"
        # The customer arrives at the survivor and is asked nothing twice.
        until("the customer to arrive elsewhere", lambda: customer.attach(centre.urls[WEST]) is None, 60)
        until("her answer to be taken", lambda: customer.say("sales", token="once"), 60)
        alice.takes(customer.id, 60)
        alice.says(customer.id, "Alice here")
        customer.sees("Alice here")
        made = centre.connect(WEST).create_queue("made ashore")
        until("the hub to have it", lambda: "made ashore" in centre.connect(HUB).ids("queues"))
        assert "made ashore" not in centre.connect(EAST).ids("queues"), "the island is none"
    until("the queue on the island", lambda: centre.connect(EAST).ids("queues").get("made ashore") == made, 60)
    weather.fair()
    customer.attach(centre.urls[EAST])
    lines = customer.lines()
    equal(len(lines), len(set(lines)), f"what was said, each once: {lines}")
    assert "Alice here" in lines, lines
    alice.ends(customer.id)
    alice.call("POST", "/sign-out", {})
    customer.socket.close()
    weather.fair()


@case("alone and alive: a region goes on with its conversations, begins no work that has no session, and loses nothing")
def alive(weather):
    centre = weather.centre
    bob = Agent("bob", ca=centre.ca).sign_in(centre.urls[EAST])
    bob.status("Available")
    own = centre.connect(EAST).start_chat()
    own.sees("sales or support")
    own.say("support")
    bob.takes(own.id, 60)
    bob.status("Break")
    task = centre.connect(EAST).start_task("due while alone")
    until("the task to wait", lambda: centre.connect(EAST).contact(task).get("QueueInfo"), 60)
    alice = Agent("alice", ca=centre.ca).sign_in(centre.urls[WEST])
    said = []
    with weather.cutting(*both(EAST, WEST), *both(EAST, HUB)):
        weather.tells(EAST, "no word from a majority")
        bob.status("Available")
        for words in ("are you there?", "yes, go on"):
            own.say(words, token="alone " + words)
            said.append(words)
            bob.says(own.id, "heard: " + words)
            said.append("heard: " + words)
        own.sees(said[-1])
        late = centre.connect(EAST).start_task("asked for while alone")
        weather.tells(WEST, "us-east-1", "evacuated")
        alice.status("Available")
        alice.takes(task, 60)
        # Long enough for whoever would match it on the island.
        time.sleep(2)
        equal([bob.contact(task), bob.contact(late)], [None, None], "the tasks, on the island")
        assert bob.contact(own.id), "the conversation was taken from its agent"
    weather.fair()
    equal(bob.contact(task), None, "the task, for him who was alone")
    alice.ends(task)
    equal([words for words in own.lines() if words in said], said, "what was said while alone, once and in its order")
    own.say("and now?")
    until("the agent to hear it", lambda: "and now?" in str(bob.call("GET", f"/contacts/{own.id}/transcript")), 60)
    equal(str(centre.connect(WEST).contact(own.id)["AgentInfo"]), str(centre.connect(EAST).contact(own.id)["AgentInfo"]), "who has the chat")
    # Whoever is in a chat is given no task, and that is said.
    until("the other to be rung", lambda: alice.contact(late), 60)
    why = {c["agent"]["name"]: c.get("why_not") for c in centre.ops(EAST, "explain/" + late)["candidates"]}
    equal(why["bob"], "serves a channel beside which it is given no other", f"why it is not his: {why}")
    bob.ends(own.id)
    alice.status("Break")
    bob.takes(late, 60)
    equal(alice.contact(late), None, "his task, for her")
    bob.ends(late)
    for agent in (alice, bob):
        agent.call("POST", "/sign-out", {})
    own.socket.close()
    weather.fair()


@case("the cable of a region is pulled and put back")
def cable(weather):
    centre = weather.centre
    ip("link", "set", "way3", "down")
    weather.tells(EAST, "us-west-2")
    made = until("the queue", lambda: centre.connect(EAST).create_queue("while the cable was out"), 60)
    ip("link", "set", "way3", "up")
    until("the queue behind the cable", lambda: centre.connect(WEST).ids("queues").get("while the cable was out") == made, 90)
    weather.fair()
    serve(weather, WEST, EAST, "bob")


@case("a relay that delays by 40 to 120 ms")
def delay(weather):
    centre = weather.centre
    for name in centre.names:
        equal(centre.stop(name), 0, f"the exit status of {name}")
    weather.relay = Relay({name: (weather.address[name], PEER) for name in centre.names})
    weather.start()
    weather.relay.delay, weather.relay.jitter = 0.04, 0.08
    serve(weather, EAST, WEST)
    weather.fair()


@case("a relay that stalls for three seconds, then lets everything through")
def stall(weather):
    centre = weather.centre
    weather.relay.delay = weather.relay.jitter = 0.0
    weather.relay.stalled = True
    until("the nodes to notice", lambda: weather.problems(EAST), 60)
    time.sleep(3)
    weather.relay.stalled = False
    made = until("the queue", lambda: centre.connect(EAST).create_queue("after the calm"), 60)
    until("the queue in the other region", lambda: centre.connect(WEST).ids("queues").get("after the calm") == made, 60)
    weather.fair()


@case("a relay that resets every connection again and again")
def resets(weather):
    centre = weather.centre
    stop = threading.Event()

    def storm():
        while not stop.wait(0.15):
            weather.relay.reset()

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        made = []
        for n in range(10):
            name = f"in the storm {n}"
            region = (EAST, WEST)[n % 2]

            def create():
                try:
                    return centre.connect(region).create_queue(name)
                except Refused as refused:
                    # An earlier try that was answered too late had been done all the same.
                    return refused.name == "DuplicateResourceException" and centre.connect(region).ids("queues")[name]

            made.append((name, until(f"queue {n}", create, 60)))
            time.sleep(0.2)
    finally:
        stop.set()
        thread.join()
    assert weather.relay.resets > 5, "no storm"
    weather.fair()
    for name, id in made:
        equal({node: centre.connect(node).ids("queues").get(name) for node in centre.names}, dict.fromkeys(centre.names, id), name)
    serve(weather, WEST, EAST)


@case("nodes behind TLS are their own customers and agents")
def synthetic(weather):
    centre = weather.centre
    for name in centre.names:
        equal(centre.stop(name), 0, f"the exit status of {name}")
    weather.relay, weather.more = None, "synthetic_every_s: 1\n"
    weather.start()
    for name in (EAST, WEST):
        until(f"{name} to serve itself", lambda: centre.counted("tandem_synthetic_total", "region", "outcome").get((name, "served"), 0) >= 3, 60)


@case("the logs on all disks hold the same records")
def logs(weather):
    weather.fair()
    weather.one_log()


run(Weather)
