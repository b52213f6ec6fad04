#!/usr/bin/env python3
"""Goal: an agent of any region sees what a customer wrote before, wherever that was; and an erased customer is nobody's to
read, in no region and on no disk, whoever was away meanwhile. Method: three regions with the sample centre over their
public interfaces; one is killed while the customer is erased; the files of all are searched."""
import os
import signal
from pathlib import Path

from centre import Agent, Centre, Refused, case, equal, isolated, run, until

isolated()
EAST, WEST, FRANKFURT = "us-east-1", "us-west-2", "eu-central-1"


def served(centre, customer, at, agent, words):
    chat = centre.connect(at).start_chat(customer=customer)
    chat.sees("sales or support")
    chat.say("support, for my order")
    agent.takes(chat.id)
    agent.says(chat.id, words)
    chat.sees(words)
    return chat


@case("the next agent, in another region, reads what was said before; nothing of another customer")
def history(centre):
    dave = Agent("dave").sign_in(centre.urls[EAST])
    dave.status("Available")
    first = served(centre, "C-10042", EAST, dave, "Your lamp is on its way")
    dave.ends(first.id)
    other = served(centre, "C-7", EAST, dave, "A kettle, for somebody else")
    dave.ends(other.id)
    dave.call("POST", "/sign-out", {})
    bob = Agent("bob").sign_in(centre.urls[FRANKFURT])
    bob.status("Available")
    second = served(centre, "C-10042", WEST, bob, "Good day")
    known = until("the history", lambda: bob.call("GET", f"/contacts/{second.id}/history")["contacts"])
    equal([(one["id"], one["agent"], one["state"]) for one in known], [(first.id, "dave", "ended")], "the history")
    said = [item.get("content") for item in bob.call("GET", f"/contacts/{first.id}/transcript")["items"]]
    assert "Your lamp is on its way" in said, said
    try:
        bob.call("GET", f"/contacts/{other.id}/transcript")
        raise AssertionError("somebody else's words")
    except Refused as refused:
        equal(refused.status, 404, "the refusal")
    live = centre.json("customer", "C-10042", "--erase", statuses=(5,))
    assert "1 of the customer's contacts live" in str(live), live
    bob.ends(second.id)
    bob.status("Offline")


def set_profile(centre, at, customer, **fields):
    return centre.ops(at, f"customers/{customer}", {"set": fields})["profile"]


@case("what one region learns of a customer every region knows; each change of a field is kept")
def profile(centre):
    centre.tandem("customer", "C-10042", "--set", "name=Ada Lovelace", "--set", "phone=+44 20 7946 0018",
                  "--set", "email=Ada@Example.com", "--set", "Attributes.tier=gold")
    known = lambda at: centre.ops(at, "customers/C-10042?history=1")
    for at in (EAST, WEST, FRANKFURT):
        until("the profile", lambda: (known(at)["profile"] or {}).get("LastName") == "Lovelace")
    profile = known(WEST)["profile"]
    equal((profile["CustomerId"], profile["PhoneNumber"], profile["Attributes"]),
          ("C-10042", "+442079460018", {"tier": "gold"}), "the profile")
    bob = Agent("bob").sign_in(centre.urls[FRANKFURT])
    bob.status("Available")
    # Recognised by the number alone, however it is written; and by an address.
    chat = centre.connect(WEST).start_chat(attributes={"tandem-phone": "0044 (20) 7946-0018"})
    chat.sees("sales or support")
    chat.say("support, please")
    bob.takes(chat.id)
    shown = bob.call("GET", f"/contacts/{chat.id}")
    equal(shown["customer"]["profile"]["FirstName"], "Ada", "the profile with the contact")
    assert bob.call("GET", f"/contacts/{chat.id}/history")["contacts"], "the customer's earlier contacts"
    change = {"set": {"FirstName": "Augusta Ada", "Address": {"City": "London"}}, "client_token": "t-1"}
    equal(bob.call("PUT", f"/contacts/{chat.id}/profile", change)["profile"]["FirstName"], "Augusta Ada", "changed")
    set_profile(centre, EAST, "C-10042", FirstName="Ada Augusta")
    equal(bob.call("PUT", f"/contacts/{chat.id}/profile", change)["profile"]["Address"], {"City": "London"}, "again")
    until("the last writer", lambda: known(FRANKFURT)["profile"]["FirstName"] == "Ada Augusta")
    said = [entry["value"] for entry in known(WEST)["profile_history"] if entry["field"] == "FirstName"]
    equal(said, ["Ada Augusta", "Augusta Ada", "Ada"], "what was overwritten")
    bob.ends(chat.id)
    bob.call("POST", "/sign-out", {})
    found = centre.json("customer", "--email", "ada@example.COM")["customers"]
    equal([each["profile"]["CustomerId"] for each in found], ["C-10042"], "found by the address")
    # Of two who share a number, the number recognises neither.
    set_profile(centre, EAST, "C-7", PhoneNumber="+442079460018")
    until("both", lambda: len(centre.json("customer", "--phone", "+442079460018")["customers"]) == 2)
    stranger = centre.connect(EAST).start_chat(attributes={"tandem-phone": "+442079460018"})
    stranger.sees("sales or support")
    equal([centre.ops(EAST, f"customers/{each}")["total"] for each in ("C-10042", "C-7")], [3, 1], "nobody is guessed")
    set_profile(centre, EAST, "C-7", PhoneNumber=None)
    until("one", lambda: len(centre.json("customer", "--phone", "+442079460018")["customers"]) == 1)


def on_disk(centre, *words):
    """Files of the centre that hold one of the words."""
    found = []
    for path in Path(centre.dir).rglob("*"):
        if path.is_file():
            held = path.read_bytes().lower()
            found += [f"{word} in {path}" for word in words if word.lower().encode() in held]
    return found


@case("erased: the words are gone in every region, also in one that was away, and after all have started again")
def erased(centre):
    contacts = centre.json("customer", "C-10042")
    equal((contacts["total"], contacts["live"]), (3, 0), "the customer's contacts")
    equal(on_disk(centre, "Lovelace", "442079460018", "ada@example.com"), [], "never in plain text")
    words = lambda at, contact: str(centre.ops(at, f"contacts/{contact}?transcript=1"))
    ids = [one["id"] for one in contacts["contacts"]]
    for at in (EAST, WEST, FRANKFURT):
        until("the words", lambda: any("for my order" in words(at, each) for each in ids))
    os.kill(centre.pid(WEST), signal.SIGKILL)
    until("the others to know", lambda: any("us-west-2" in problem for problem in centre.status()["problems"]))
    equal(centre.json("customer", "C-10042", "--erase")["contacts"], 3, "what was erased")
    for at in (EAST, FRANKFURT):
        until("the words to be gone", lambda: all("for my order" not in words(at, each) for each in ids))
        until("the profile to be gone", lambda: centre.ops(at, "customers/C-10042")["profile"] is None)
    centre.tandem("up", "--detach")
    centre.settled()
    until("the words to be gone where it was away", lambda: all("for my order" not in words(WEST, each) for each in ids))
    centre.tandem("down")
    verified = centre.json("log", "verify")["logs"]
    equal([log["keys_erased"] for log in verified], [4] * len(verified), "erased keys in each log")
    centre.tandem("up", "--detach")
    centre.settled()
    for at in (EAST, WEST, FRANKFURT):
        for each in ids:
            assert "for my order" not in words(at, each), f"{at} has it again"
        equal(centre.ops(at, "customers/C-10042")["profile"], None, "the profile after all")
    for known in (("--phone", "+442079460018"), ("--email", "ada@example.com")):
        equal(centre.json("customer", *known)["customers"], [], "found by " + known[0])
    equal(on_disk(centre, "Lovelace", "442079460018", "ada@example.com"), [], "never in plain text")
    seven = centre.json("customer", "C-7")["contacts"][0]["id"]
    until("another customer's words", lambda: "for my order" in words(EAST, seven))


run(lambda: Centre("--regions", ",".join((EAST, WEST, FRANKFURT))))
