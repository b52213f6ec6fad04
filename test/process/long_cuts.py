#!/usr/bin/env python3
"""Goal: two hundred agents and two thousand chats in four regions, while every ten seconds a link is cut, one way or both:
nothing is lost and nothing served twice, by the ledger of those who played them and by a recount of the contacts.
Method: nodes as processes on loopback, each of whose links to another goes through a relay of this program, which keeps
what it gets while the link is cut. `tandem drive` plays customers and agents.

Not part of script/test. usage: long_cuts.py [SECONDS [CONTACTS-A-SECOND [AGENTS [SEED]]]]; 300, 7, 200, 1 unless given"""
import asyncio
import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
import time

from centre import BIN, Agent, Centre, equal, isolated, until

isolated()
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")


class Links:
    """One listener for each way to a node's peer port. `cut`: pairs of names, from and to, whose bytes wait."""

    def __init__(self):
        self.cut = set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def way(self, source, target, port):
        async def join(reader, writer):
            try:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return writer.transport.abort()
            await asyncio.gather(self.carry(reader, far_writer, (source, target)), self.carry(far_reader, writer, (target, source)))
            writer.transport.abort()
            far_writer.transport.abort()

        start = asyncio.start_server(join, "127.0.0.1", 0)
        return asyncio.run_coroutine_threadsafe(start, self.loop).result(30).sockets[0].getsockname()[1]

    async def carry(self, reader, writer, way):
        try:
            while data := await reader.read(65_536):
                while way in self.cut:
                    await asyncio.sleep(0.02)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()


def through(links, centre):
    """Every node is started again, with the addresses of the relay for those of its peers."""
    centre.tandem("down")
    peers = {}
    for name in centre.names:
        with open(centre.settings(name), encoding="utf-8") as file:
            peers[name] = int(re.search(r"^  peer: \S*:(\d+)", file.read(), re.M)[1])
    for name in centre.names:
        with open(centre.settings(name), encoding="utf-8") as file:
            text = file.read()
        head, _, members = text.partition("members:")
        for other in centre.names:
            if other != name:
                members = re.sub(rf"peer: \S+:{peers[other]}\b", f"peer: 127.0.0.1:{links.way(name, other, peers[other])}", members)
        with open(centre.settings(name), "w", encoding="utf-8") as file:
            file.write(f"{head}members:{members}")
        centre.start(name)
    for name in centre.names:
        until(f"{name} to be ready", lambda: centre.ready(name), 60)


def contacts(centre, name):
    out, after = [], ""
    while True:
        page = centre.ops(name, f"contacts?live=0&limit=1000{after}")
        out += page["contacts"]
        if not page.get("next"):
            return out
        after = "&after=" + page["next"]


def main():
    seconds, rate, agents, seed = (int(word) for word in (sys.argv[1:] + ["300", "7", "200", "1"][len(sys.argv) - 1:]))
    rng = random.Random(seed)
    links = Links()
    with Centre("--regions", ",".join(REGIONS)) as centre:
        through(links, centre)
        centre.settled(90)
        drive = subprocess.Popen([os.path.join(BIN, "tandem"), "drive", "--rate", str(rate), "--agents", str(agents), "--seconds", str(seconds),
                                  "--drain", "180", "--quiet", "--json", "--dir", centre.dir], stdout=subprocess.PIPE, text=True)
        pairs = list(itertools.combinations(centre.names, 2))
        begun, cuts = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            a, b = rng.choice(pairs)
            both = rng.random() < 0.6
            links.cut = {(a, b), (b, a)} if both else {(a, b)}
            cuts += 1
            time.sleep(rng.uniform(1, 9))
            links.cut = set()
            time.sleep(max(0.0, begun + 10 * cuts - time.monotonic()))
        out, _ = drive.communicate(timeout=400)
        told = json.loads(out)
        print(json.dumps({key: value for key, value in told.items() if not key.endswith("_ids")}), flush=True)
        centre.settled(90)
        views = {name: {c["id"]: (c["phase"], str(c["agent"])) for c in contacts(centre, name)} for name in centre.names}
        for name in centre.names[1:]:
            equal(views[name] == views[centre.names[0]], True, f"{name} tells the same of all contacts")
        chats = [phase for phase, _ in views[REGIONS[0]].values()]
        print(f"{cuts} cuts; {len(chats)} contacts on record, {sum(phase == 'ended' for phase in chats)} of them over")
        equal((told["lost"], told["doubled"]), (0, 0), "lost and doubled, by the ledger")
        equal(len(chats), told["started"], "contacts on record, by those that were started")
        equal([phase for phase in chats if phase not in ("ended", "abandoned")], [], "contacts that hang")
        print("ok")


main()
