#!/usr/bin/env python3
"""Goal: links that are cut, in part, whole or one way, that delay, stall and reset, cost no more than they must: records
find another way, a region without a majority says what it refuses, and afterwards all nodes are of one mind.
Method: each node in a network namespace of its own, joined by a bridge on which nft drops what the weather takes; and a
relay of the test's own between the nodes. Public listeners are off loopback there, so everything speaks TLS."""
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

from centre import Agent, Centre, Refused, Skip, case, equal, isolated, run, until

ISOLATED = isolated()
HUB, EAST, WEST = "hub", "us-east-1", "us-west-2"
PUBLIC, PEER = 7443, 7444
NET = "10.77.0."
HERE = NET + "254"


def ip(*words, inside=None):
    prefix = ["nsenter", "--net", "-t", str(inside)] if inside else []
    subprocess.run([*prefix, "ip", *words], check=True, capture_output=True, text=True)


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


class Weather:
    """A centre whose nodes live apart."""

    def __init__(self):
        if not ISOLATED:
            raise Skip("no network namespaces here: they need root, or user namespaces open to everybody")
        for tool in ("ip", "nft", "nsenter", "unshare"):
            if not shutil.which(tool):
                raise Skip(f"no {tool} on this machine")
        ip("link", "add", "name", "weather", "type", "bridge")
        ip("addr", "add", HERE + "/24", "dev", "weather")
        ip("link", "set", "weather", "up")
        self.rules("")
        self.relay = None
        self.holders = {}
        self.centre = Centre()

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            # The nodes' addresses are not the ones that `tandem down` would ask for; it knows them by their pid files.
            self.centre.close()
        finally:
            for holder in self.holders.values():
                holder.kill()
                holder.wait()

    def set_up(self):
        centre = self.centre
        centre.tandem("down")
        self.address = {name: f"{NET}{n}" for n, name in enumerate(centre.names, 1)}
        for n, name in enumerate(centre.names, 1):
            holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
            self.holders[name] = holder
            until("the namespace", lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
            ip("link", "add", "name", f"way{n}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
            ip("link", "set", f"way{n}", "master", "weather", "up")
            ip("addr", "add", self.address[name] + "/24", "dev", "eth0", inside=holder.pid)
            ip("link", "set", "eth0", "up", inside=holder.pid)
            ip("link", "set", "lo", "up", inside=holder.pid)
            centre.tandem("pki", "issue", "--pki-dir", centre.path("pki"), "--node", str(n), "--name", f"public-{name}", "--host", self.address[name])
            centre.urls[name] = f"https://{self.address[name]}:{PUBLIC}"
        centre.ca = centre.path("pki", "ca.pem")
        self.start()

    def start(self):
        """Writes the settings for life apart, through the relay if there is one, and starts all nodes."""
        centre = self.centre
        for name in centre.names:
            with open(centre.settings(name), encoding="utf-8") as file:
                text = file.read().partition("listen:")[0]
            cert = centre.path("pki", f"public-{name}")
            pki = centre.path("pki")
            text += (f"listen:\n  public: {self.address[name]}:{PUBLIC}\n  peer: {self.address[name]}:{PEER}\n"
                     f"public_tls:\n  cert: {cert}.pem\n  key: {cert}.key\n"
                     f"peer_tls:\n  ca: {pki}/ca.pem\n  cert: {pki}/{name}.pem\n  key: {pki}/{name}.key\nmembers:\n")
            for n, other in enumerate(centre.names, 1):
                peer = f"{HERE}:{self.relay.ports[other]}" if self.relay else f"{self.address[other]}:{PEER}"
                text += (f"  - node: {n}\n    region: {other}\n    hub: {str(other == HUB).lower()}\n"
                         f"    peer: {peer}\n    public: {centre.urls[other]}\n")
            with open(centre.settings(name), "w", encoding="utf-8") as file:
                file.write(text)
            centre.start(name, ["nsenter", "--net", "-t", str(self.holders[name].pid)])
        for name in centre.names:
            until(f"{name} to be ready", lambda: centre.ready(name), 60)

    # -- the weather

    def rules(self, text):
        done = subprocess.run(["nft", "-f", "-"], text=True, capture_output=True, input=(
            "table bridge weather\ndelete table bridge weather\ntable bridge weather {\n"
            f"chain forward {{ type filter hook forward priority 0; policy accept;\n{text}\n}}\n}}\n"))
        if done.returncode != 0:
            raise Skip("nft cannot filter a bridge here: " + done.stderr.strip())

    def cut(self, *ways):
        """Drops what goes from the first to the second of each way; no ways: all is fair again."""
        self.rules("\n".join(f"ip saddr {self.address[a]} ip daddr {self.address[b]} drop" for a, b in ways))

    @contextlib.contextmanager
    def cutting(self, *ways):
        """The cut, for as long as the block takes, however it ends."""
        self.cut(*ways)
        try:
            yield
        finally:
            self.cut()

    # -- what is seen

    def problems(self, name):
        return self.centre.ops(name, "status")["problems"]

    def tells(self, name, *words, seconds=60):
        """Waits until one problem that the node names has all the words."""
        seen = []

        def look():
            seen[:] = self.problems(name)
            return any(all(word in problem for word in words) for problem in seen)

        try:
            until(f"{name} to tell of {' '.join(words)}", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[self.problems(each) for each in self.centre.names]}") from None

    def fair(self, seconds=90):
        """All nodes answer, name no problem and tell the same of contacts, agents and documents."""
        seen = {}

        def look():
            for name in self.centre.names:
                seen[name] = self.problems(name)
            if any(seen.values()):
                return False
            views = []
            for name in self.centre.names:
                contacts = self.centre.ops(name, "contacts?live=0&limit=1000")["contacts"]
                agents = self.centre.ops(name, "agents?all=true")["agents"]
                connect = self.centre.connect(name)
                views.append((sorted((c["id"], c["phase"], str(c["owner"]), str(c["agent"]), str(c["queue"])) for c in contacts),
                              sorted((a["id"], str(a.get("at")), a["status"]) for a in agents),
                              [sorted(connect.ids(kind).items()) for kind in ("queues", "users", "contact-flows")]))
            seen["views"] = views
            return views[0] == views[1] == views[2]

        try:
            until("fair weather", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}") from None

    def one_log(self):
        """Stops the nodes; the logs on their disks are whole and hold the same records."""
        for name in list(self.centre.started):
            equal(self.centre.stop(name), 0, f"the exit status of {name}")
        logs = self.centre.json("log", "verify")["logs"]
        ends = [{(one["node"], one["incarnation"]): one["last"] for one in log["logs"] if one["last"]} for log in logs]
        # The last words of a node, said while the others were stopping, may not have come through.
        for name, end in zip(self.centre.names, ends):
            for key, last in end.items():
                for other, theirs in zip(self.centre.names, ends):
                    assert last - theirs.get(key, 0) <= 20, f"{other} lacks records of log {key} that {name} has: {ends}"


def both(a, b):
    return (a, b), (b, a)


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


@case("the logs on all disks hold the same records")
def logs(weather):
    weather.fair()
    weather.one_log()


run(Weather)
