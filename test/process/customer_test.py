#!/usr/bin/env python3
"""Goal: an agent of any region sees what a customer wrote before, wherever that was; and an erased customer is nobody's to
read, in no region and on no disk, whoever was away meanwhile. Method: three regions with the sample centre over their
public interfaces; one is killed while the customer is erased; the files of all are searched."""
import os
import signal

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


@case("erased: the words are gone in every region, also in one that was away, and after all have started again")
def erased(centre):
    contacts = centre.json("customer", "C-10042")
    equal((contacts["total"], contacts["live"]), (2, 0), "the customer's contacts")
    words = lambda at, contact: str(centre.ops(at, f"contacts/{contact}?transcript=1"))
    ids = [one["id"] for one in contacts["contacts"]]
    for at in (EAST, WEST, FRANKFURT):
        until("the words", lambda: "for my order" in words(at, ids[0]))
    os.kill(centre.pid(WEST), signal.SIGKILL)
    until("the others to know", lambda: any("us-west-2" in problem for problem in centre.status()["problems"]))
    equal(centre.json("customer", "C-10042", "--erase")["contacts"], 2, "what was erased")
    for at in (EAST, FRANKFURT):
        until("the words to be gone", lambda: all("for my order" not in words(at, each) for each in ids))
    centre.tandem("up", "--detach")
    centre.settled()
    until("the words to be gone where it was away", lambda: all("for my order" not in words(WEST, each) for each in ids))
    centre.tandem("down")
    verified = centre.json("log", "verify")["logs"]
    equal([log["keys_erased"] for log in verified], [2] * len(verified), "erased keys in each log")
    centre.tandem("up", "--detach")
    centre.settled()
    for at in (EAST, WEST, FRANKFURT):
        for each in ids:
            assert "for my order" not in words(at, each), f"{at} has it again"
    seven = centre.json("customer", "C-7")["contacts"][0]["id"]
    until("another customer's words", lambda: "for my order" in words(EAST, seven))


run(lambda: Centre("--regions", ",".join((EAST, WEST, FRANKFURT))))
