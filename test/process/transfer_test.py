#!/usr/bin/env python3
"""Goal: a conversation goes from agent to agent and from region to region with all it has, and the customer sees one chat;
the loss of a region in the middle changes nothing of that. Method: three regions with the sample centre, a customer and
agents over their public interfaces."""
import os
import signal
import subprocess

from centre import BIN, PASSWORD, Centre, Refused, case, desk, equal, isolated, run, until

isolated()
EAST, WEST, FRANKFURT = "us-east-1", "us-west-2", "eu-central-1"


def hand_on(agent, contact, to):
    """For the rest of the case the agent takes nothing: else what he hands on might come back to him."""
    agent.status("Offline")
    leg = agent.call("POST", f"/contacts/{contact}/transfer", {"quick_connect": to})["leg"]
    until("the leg on the desktop", lambda: (agent.contact(leg) or {}).get("state") == "after_contact_work")
    agent.call("POST", f"/contacts/{leg}/complete", {})
    return leg


def begin(centre, attributes=None):
    """A chat that waits for support, and the agent who has it."""
    alice = desk(centre, "alice", EAST)
    chat = centre.connect(EAST).start_chat(attributes=attributes)
    chat.sees("sales or support")
    chat.say("support, for my order")
    alice.takes(chat.id)
    return chat, alice


@case("from the agent of one region to the queue of another and on to a colleague in a third: one chat, whole at its end")
def three_regions(centre):
    chat, alice = begin(centre, {"tier": "gold"})
    alice.says(chat.id, "I look for somebody")
    chat.sees("I look for somebody")
    dave = desk(centre, "dave", WEST)
    first = hand_on(alice, chat.id, "support")
    dave.takes(chat.id)
    equal(dave.contact(chat.id)["attributes"]["tier"], "gold", "the attribute")
    equal(dave.contact(chat.id)["previous_id"], first, "the leg before")
    dave.says(chat.id, "Bob knows this")
    bob = desk(centre, "bob", FRANKFURT)
    known = {one["name"]: one for one in dave.call("GET", "/quick-connects")["quick_connects"]}
    until("bob to be seen as available", lambda: {one["name"]: one for one in dave.call("GET", "/quick-connects")["quick_connects"]}["bob"]["available"])
    equal([(known[name]["type"]) for name in ("bob", "support")], ["USER", "QUEUE"], "the kinds")
    second = hand_on(dave, chat.id, "bob")
    bob.takes(chat.id)
    bob.says(chat.id, "All is well now")
    chat.say("thank you")
    until("the words in order", lambda: [line for line in chat.lines() if line in (
        "support, for my order", "I look for somebody", "Bob knows this", "All is well now", "thank you")] == [
        "support, for my order", "I look for somebody", "Bob knows this", "All is well now", "thank you"])
    mine = [item.get("content") for item in bob.call("GET", f"/contacts/{chat.id}/transcript?max=1000")["items"]]
    assert "I look for somebody" in mine and "Bob knows this" in mine, mine
    bob.ends(chat.id)
    seen = {contact["id"]: contact for contact in centre.json("contacts", "--all")["contacts"]}
    for contact in (chat.id, first, second):
        assert contact in seen, f"{contact} is not among {list(seen)}"
    bob.status("Offline")


@case("the region that owns it is killed just after the transfer: the next agent has it all the same")
def killed(centre):
    chat, alice = begin(centre)
    alice.says(chat.id, "One moment")
    hand_on(alice, chat.id, "support")
    os.kill(centre.pid(EAST), signal.SIGKILL)
    until("the customer to arrive at a survivor", lambda: chat.attach(centre.urls[WEST]) is None, 60)
    dave = desk(centre, "dave", WEST)
    dave.takes(chat.id, 60)
    dave.says(chat.id, "Here I am")
    chat.sees("Here I am")
    equal(sum("One moment" in line for line in chat.lines() if line == "One moment"), 1, "what was said before")
    dave.ends(chat.id)
    dave.status("Offline")
    centre.tandem("up", "--detach")
    centre.settled()


@case("`tandem move`: a free agent's terminal follows at once; one who serves goes at the end of it, or by force with his chat")
def moved(centre):
    at = lambda user: {one["username"]: one["at"]["region"] for one in centre.json("agents")["agents"] if one["signed_in"]}.get(user)
    terminal = subprocess.Popen([os.path.join(BIN, "tandem"), "agent", "--user", "carol", "--region", EAST, "--password", PASSWORD,
                                 "--dir", centre.dir, "--json"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        until("carol at the first region", lambda: at("carol") == EAST)
        centre.tandem("move", "carol", "--to", WEST)
        until("carol at the other", lambda: at("carol") == WEST)
    finally:
        terminal.stdin.write("quit\n")
        terminal.stdin.close()
        equal(terminal.wait(30), 0, "the end of the terminal")
    chat, alice = begin(centre)
    bob = desk(centre, "bob", WEST)
    half = centre.json("move", "--profile", "everything", "--share", "50", "--to", WEST)["moved"]
    equal(len(half), 1, "half of two agents")
    centre.tandem("move", *half, "--cancel")
    bob.status("Offline")
    centre.tandem("move", "--profile", "everything", "--from", EAST, "--to", WEST)
    told = lambda: alice.call("GET", "/me")["status"]
    until("the order", lambda: told().get("move_to") == WEST)
    assert not told()["move_now"], told()
    centre.tandem("move", "alice", "--cancel")
    until("the order to be gone", lambda: "move_to" not in told())
    refusals = centre.json("move", "alice", "nobody", "--to", "eu-west-3", statuses=(4,))["refused"]
    equal([one["why"] for one in refusals], ["the centre has no region 'eu-west-3'", "no user nobody"], "the refusals")
    centre.tandem("move", "alice", "--to", WEST, "--within", "0")
    until("the order to go", lambda: told().get("move_now"))
    alice.sign_in(centre.urls[WEST])
    until("the chat with her there", lambda: (chat.attach(centre.urls[WEST]), alice.contact(chat.id))[1])
    until("the conversation to go on", lambda: (alice.contact(chat.id) or {}).get("state") == "connected")
    alice.says(chat.id, "Still here")
    chat.sees("Still here")
    centre.tandem("move", "alice", "--sign-out")
    dave = desk(centre, "dave", FRANKFURT)
    dave.takes(chat.id)
    dave.ends(chat.id)
    dave.status("Offline")


@case("a warm transfer across three regions: asked, swapped, joined, left; who gets it has the slot, and the whole transcript")
def warm(centre):
    chat, alice = begin(centre, {"tier": "gold"})
    alice.says(chat.id, "I ask a colleague")
    bob = desk(centre, "bob", FRANKFURT)
    until("bob to be seen", lambda: {one["name"]: one for one in alice.call("GET", "/quick-connects")["quick_connects"]}["bob"]["available"])
    asked = alice.call("POST", f"/contacts/{chat.id}/consult", {"quick_connect": "bob"})["consultation"]
    bob.takes(asked)
    equal(bob.contact(asked)["attributes"]["tier"], "gold", "the attribute, before the customer")
    mine = [item.get("content") for item in bob.call("GET", f"/contacts/{chat.id}/transcript?max=1000")["items"]]
    assert "support, for my order" in mine, mine

    def no(agent, contact, words):
        try:
            agent.says(contact, "nobody may hear this")
        except Refused as error:
            assert words in error.text, error.text
            return
        raise AssertionError(f"{contact} heard it")

    no(alice, chat.id, "the customer is on hold")
    no(bob, chat.id, "has not joined you")
    alice.says(asked, "he wants his money back")
    heard = lambda agent, contact, words: until(words, lambda: words in [
        item.get("content") for item in agent.call("GET", f"/contacts/{contact}/transcript?max=1000")["items"]])
    heard(bob, asked, "he wants his money back")
    bob.says(asked, "I can do that")
    heard(alice, asked, "I can do that")
    for _ in range(2):  # the same order: it is not swapped back
        alice.call("POST", f"/contacts/{chat.id}/swap", {"client_token": "swap-1"})
    alice.says(chat.id, "Bob will help you")
    chat.sees("Bob will help you")
    no(alice, asked, "on hold")
    alice.call("POST", f"/contacts/{chat.id}/join", {})
    until("bob to be let in", lambda: bob.says(chat.id, "Good day, it is Bob") or True)
    chat.sees("Good day, it is Bob")
    heard(alice, chat.id, "Good day, it is Bob")
    alice.status("Offline")
    leg = alice.call("POST", f"/contacts/{chat.id}/leave", {})["leg"]
    until("bob to have it", lambda: (bob.contact(chat.id) or {}).get("state") == "connected")
    until("the consultation to be gone", lambda: bob.contact(asked) is None)
    until("the customer to be at bob's region or on the way", lambda: bob.says(chat.id, "All is well now") or True)
    chat.sees("All is well now")
    equal(bob.contact(chat.id)["previous_id"], leg, "the leg")
    serves = lambda: centre.connect(WEST).call("GET", f"/contacts/{{}}/{chat.id}")["Contact"]["AgentInfo"]["Id"]
    until("every region to say who has it", lambda: serves() == centre.connect(WEST).ids("users")["bob"])
    private = [line for line in chat.lines() if "money" in line or "I can do that" in line]
    equal(private, [], "what only the agents may read")
    alice.call("POST", f"/contacts/{leg}/complete", {})
    bob.ends(chat.id)
    seen = {contact["id"] for contact in centre.json("contacts", "--all")["contacts"]}
    assert {chat.id, leg, asked} <= seen, seen
    bob.status("Offline")


@case("the asking agent's region is killed while all three talk: the colleague goes on with it at once")
def lost_while_joined(centre):
    chat, alice = begin(centre)
    bob = desk(centre, "bob", FRANKFURT)
    until("bob to be seen", lambda: {one["name"]: one for one in alice.call("GET", "/quick-connects")["quick_connects"]}["bob"]["available"])
    asked = alice.call("POST", f"/contacts/{chat.id}/consult", {"quick_connect": "bob"})["consultation"]
    bob.takes(asked)
    until("bob's answer to be known", lambda: alice.call("POST", f"/contacts/{chat.id}/join", {}) == {})
    until("bob to be let in", lambda: bob.says(chat.id, "Good day, it is Bob") or True)
    os.kill(centre.pid(EAST), signal.SIGKILL)
    until("the customer to arrive at a survivor", lambda: chat.attach(centre.urls[WEST]) is None, 60)
    until("bob to have it", lambda: (bob.contact(chat.id) or {}).get("state") == "connected", 60)
    until("bob to be heard", lambda: bob.says(chat.id, "I go on with it") or True)
    chat.sees("I go on with it")
    bob.ends(chat.id)
    bob.status("Offline")
    centre.tandem("up", "--detach")
    centre.settled()


@case("what cannot be: in plain words, and the conversation stays where it is")
def refused(centre):
    chat, alice = begin(centre)

    def no(body, status, words):
        try:
            alice.call("POST", f"/contacts/{chat.id}/transfer", body)
        except Refused as error:
            equal(error.status, status, "the status")
            assert words in error.text, error.text
            return
        raise AssertionError(f"{body} was not refused")

    no({"quick_connect": "nobody"}, 404, "There is no quick connect 'nobody'.")
    no({"quick_connect": "alice"}, 409, "That is you.")
    no({}, 400, "Either quick_connect or flow is needed")
    equal(alice.contact(chat.id)["state"], "connected", "the conversation")
    alice.ends(chat.id)
    alice.status("Offline")


@case("what became of transfers, of consultations and of agents who were sent away is counted")
def counted(centre):
    def counts():
        out = centre.counted("tandem_transfers_total", "kind", "outcome")
        out.update(centre.counted("tandem_consultations_total", "outcome"))
        out.update(centre.counted("tandem_agents_moved_total", "by", "outcome"))
        return out

    before = counts()
    equal(len(before), 12 + 4 + 4, f"the series: {before}")
    more = lambda: {key: value - before[key] for key, value in counts().items() if value != before[key]}
    chat, alice = begin(centre)
    bob = desk(centre, "bob", FRANKFURT)
    known = lambda: {one["name"]: one for one in alice.call("GET", "/quick-connects")["quick_connects"]}
    until("bob to be seen", lambda: known()["bob"]["available"])
    asked = alice.call("POST", f"/contacts/{chat.id}/consult", {"quick_connect": "bob"})["consultation"]
    bob.takes(asked)
    bob.call("POST", f"/contacts/{asked}/end", {})
    bob.call("POST", f"/contacts/{asked}/complete", {})
    until("the colleague to be gone", lambda: alice.call("POST", f"/contacts/{chat.id}/consult", {"quick_connect": "bob", "client_token": "again"}))
    until("the consultation to ring", lambda: bob.call("GET", "/offers")["offers"])
    bob.takes(bob.call("GET", "/offers")["offers"][0]["id"])
    alice.status("Offline")
    until("alice to leave", lambda: alice.call("POST", f"/contacts/{chat.id}/leave", {"client_token": "leave"}))
    until("bob to have it", lambda: (bob.contact(chat.id) or {}).get("state") == "connected")
    dave = desk(centre, "dave", WEST)
    try:
        bob.call("POST", f"/contacts/{chat.id}/leave", {})
        raise AssertionError("left to nobody")
    except Refused:
        pass
    hand_on(bob, chat.id, "support")
    dave.takes(chat.id)
    dave.ends(chat.id)
    dave.status("Offline")
    centre.tandem("move", "dave", "--to", FRANKFURT)
    until("dave to be told", lambda: dave.call("GET", "/me")["status"].get("move_now"))
    dave.sign_in(centre.urls[FRANKFURT])
    expected = {("queue", "answered"): 1, ("colleague", "answered"): 1, ("colleague", "refused"): 1, ("answered",): 1, ("taken_over",): 1,
                ("order", "followed"): 1}
    until("the counts", lambda: more() == expected)
    dave.status("Offline")


run(lambda: Centre("--regions", ",".join((EAST, WEST, FRANKFURT))))
