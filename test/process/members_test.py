#!/usr/bin/env python3
"""Goal: a centre grows and shrinks while it serves: a second node of a region, a whole new region, one node that leaves;
nobody notices. Method: two regions and a hub; `tandem drive` starts chats and answers them all the while and keeps its own
count; `tandem member`, `tandem drain` for one node."""
import collections
import subprocess

import centre as here
from centre import case, equal, isolated, run, until
from growing import Growing

isolated()
EAST, WEST = "us-east-1", "us-west-2"
SECOND, NEW = "us-east-1-2", "eu-central-1"


@case("a second node of a region joins under load, begins small, and takes its part")
def second(centre):
    with centre.driven(25):
        centre.member("add", SECOND, "--region", EAST, "--steps", "10,50", "--every", "2s", "--watch")
        equal(sorted(centre.members()), sorted(["hub", EAST, WEST, SECOND]), "the members")
        for node in (EAST, WEST, SECOND):
            equal(centre.members(node), centre.members(), f"the members as {node} knows them")
    centre.settled()
    equal(centre.place(SECOND)["standing"], "serving", "it")
    began = collections.Counter(until("the hub to know the contact", lambda c=centre.task(): centre.began_at(c)) for _ in range(8))
    equal(began, {WEST: 4, EAST: 2, SECOND: 2}, "where contacts begin: shares are those of regions, nodes take turns")


@case("a new region joins and has its share of the default group; a name or a number is not given twice")
def region(centre):
    with centre.driven(20):
        centre.member("add", NEW, "--at-once", "--watch")
    centre.settled()
    shares = {r["region"]: r["effective"] for r in centre.ops("hub", "distribution")["groups"][0]["regions"]}
    equal({k: round(v) for k, v in shares.items()}, {EAST: 33, WEST: 33, NEW: 33}, "effective shares")
    refused = subprocess.run([f"{here.BIN}/tandem", "member", "add", NEW, "--dir", centre.dir], capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "already" in refused.stderr, refused


@case("one node of a region is drained: the other one has its contacts and agents, the region keeps its share")
def drain(centre):
    chats = [centre.connect(SECOND, EAST).start_chat() for _ in range(3)]
    for chat in chats:
        chat.sees("sales or support")
        chat.say("sales")
    owner = lambda chat: next(c for c in centre.ops("hub", "contacts?live=0&limit=1000")["contacts"] if c["id"] == chat.id)["owner"]["name"]
    until("them to wait", lambda: centre.place(SECOND)["waiting"] == 3)
    equal({owner(c) for c in chats}, {SECOND}, "their owner")
    centre.tandem("drain", SECOND)
    until("the other node to own them", lambda: {owner(c) for c in chats} == {EAST})
    for chat in chats:
        chat.say("still here")
        chat.sees("still here")
    began = collections.Counter(until("the hub to know the contact", lambda c=centre.task(): centre.began_at(c)) for _ in range(6))
    equal(began, {WEST: 2, EAST: 2, NEW: 2}, "where contacts begin")
    equal(centre.place(EAST, WEST)["standing"], "serving", "the region")
    centre.tandem("undrain", SECOND, "--at-once")
    for chat in chats:
        chat.post("disconnect", chat.token, {})


@case("a founder leaves under load; nobody loses anything, and it stays away after a restart of the others")
def leave(centre):
    with centre.driven(20):
        centre.member("remove", WEST, "--override", "n-minus-1-capacity")
    equal(sorted(centre.members()), sorted(["hub", EAST, SECOND, NEW]), "the members")
    assert centre.started.get(WEST) is None and WEST not in centre.names, "it is listed still"
    centre.tandem("down")
    centre.tandem("up", "--detach")
    centre.look()
    centre.settled()
    equal(sorted(centre.members(NEW)), sorted(["hub", EAST, SECOND, NEW]), "the members")


@case("one that was lost comes back and takes its part in steps; the decision says on whose word, and a replay says the same")
def back(centre):
    centre.tandem("down", "--only", NEW, "--kill")
    until("it to be evacuated", lambda: any("evacuated" in p for p in centre.ops("hub", "status")["problems"]))
    fact = centre.json("evacuations")["history"][-1]
    equal((fact["name"], fact["what"]), (NEW, "evacuated"), "the decision")
    equal({tuple(sorted(v["evidence"])) for v in fact["votes"]}, {("API does not answer", "peer link silent")}, "its evidence")
    assert len(fact["votes"]) >= 2 and NEW not in fact["survivors"], fact
    equal(centre.json("evacuations", fact["id"])["replay"], "decides the same", "a replay")
    assert "peer link silent" in centre.tandem("evacuations"), "the list for people"
    centre.tandem("up", "--detach")
    until("it to ramp", lambda: (centre.place(NEW)["standing"], centre.place(NEW)["part"]) == ("ramping", 10))
    began = collections.Counter(until("the hub to know the contact", lambda c=centre.task(): centre.began_at(c)) for _ in range(11))
    equal(began[NEW], 1, "a tenth of its share: one of eleven")
    centre.tandem("undrain", NEW, "--at-once")
    until("it to serve", lambda: centre.place(NEW)["standing"] == "serving")
    centre.settled()


@case("a member that is lost for good is removed without being asked; the last one is not")
def lost(centre):
    centre.tandem("down", "--only", NEW, "--kill")
    until("it to be evacuated", lambda: any("evacuated" in p for p in centre.ops("hub", "status")["problems"]))
    centre.member("remove", NEW, "--lost", "--why", "its machine burnt", "--override", "member-is-empty")
    centre.settled()
    equal(sorted(centre.members()), sorted(["hub", EAST, SECOND]), "the members")


run(Growing)
