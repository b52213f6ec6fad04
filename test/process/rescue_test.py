#!/usr/bin/env python3
"""Goal: customers of a lost region who do not come back are called in the order in which they were promised an agent, on a
person's word and once; who comes back by himself is served and not called. Method: a hub and two regions; customers
who wait at one that is killed; an agent of the other who calls."""
import re

from centre import Centre, case, desk, equal, fetch, isolated, run, until

isolated()
EAST, WEST = "us-east-1", "us-west-2"
RESCUE_MS = 1500


class Quick(Centre):
    """Its nodes wait for customers to come back for RESCUE_MS, not half a minute."""

    def __init__(self):
        super().__init__()
        self.settled()
        self.tandem("down")
        for name in self.names:
            with open(self.settings(name), "a", encoding="utf-8") as file:
                file.write(f"\ntimers:\n  rescue_ms: {RESCUE_MS}\n")
            self.start(name)
        self.settled()

    def listed(self):
        return {each["contact"]: each for each in self.json("rescue", "list")["list"]}

    def outcome(self, chat):
        return self.listed().get(chat.id, {}).get("outcome")


def waiting_chat(centre, customer):
    chat = centre.connect(EAST, EAST).start_chat(customer=customer)
    chat.sees("sales or support")
    chat.say("support, for my order")
    until("the chat to be queued", lambda: chat.id in {
        each["id"] for each in centre.json("contacts", "--phase", "queued", "--region", EAST)["contacts"]})
    return chat


def caller(centre):
    """Carol, in the west, who calls for support and does nothing else."""
    west, instance = centre.stock(WEST), centre.instance
    queue = centre.connect(WEST).ids("queues")["support"]
    profile = west.create_routing_profile(
        InstanceId=instance, Name="callers", Description="call back", DefaultOutboundQueueId=queue,
        MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
        QueueConfigs=[{"QueueReference": {"QueueId": queue, "Channel": "VOICE"}, "Priority": 1, "Delay": 0}])["RoutingProfileId"]
    west.update_user_routing_profile(InstanceId=instance, UserId=centre.connect(WEST).ids("users")["carol"], RoutingProfileId=profile)
    return desk(centre, "carol", WEST)


@case("without a loss nobody stands on the list, and no word is taken")
def calm(centre):
    equal(centre.listed(), {}, "the list")
    centre.tandem("rescue", EAST, statuses=(5,))


@case("a region is killed: those who stay away are called in their order, one comes back by himself, one left no number")
def killed(centre):
    for n, customer in enumerate(("C-1", "C-2", "C-3")):
        centre.tandem("customer", customer, "--set", f"phone=+4420794600{10 + n}")
    chats = [waiting_chat(centre, customer) for customer in ("C-1", "C-2", "C-3", "C-nobody")]
    first, second, comes, unknown = chats
    centre.started.pop(EAST)
    centre.tandem("down", "--only", EAST, "--kill")
    until("the loss to be known", lambda: centre.json("rescue", EAST, "--dry-run", statuses=(0, 5)).get("list"))
    plan = centre.json("rescue", EAST, "--dry-run")["list"]
    equal([each["contact"] for each in plan], [chat.id for chat in chats], "the order")
    equal([each["number_known"] for each in plan], [True, True, True, False], "the numbers")
    comes.attach(centre.urls[WEST])
    comes.sees("support, for my order")
    until("him to be off the list", lambda: comes.id not in centre.listed())
    equal(centre.outcome(first), "waiting", "before the word")
    centre.tandem("rescue", EAST, "--why", "a test pulled the plug")
    until("the calls", lambda: (centre.outcome(first), centre.outcome(second)) == ("to-call", "to-call"))
    until("the word in the chat", lambda: centre.outcome(unknown) == "left-word")
    order = centre.json("rescue", "list")["orders"][0]
    equal((order["name"], order["why"]), (EAST, "a test pulled the plug"), "the word on record")
    calls = [centre.listed()[chat.id]["call"] for chat in (first, second)]
    centre.tandem("rescue", EAST)  # again: nothing more
    equal([centre.listed()[chat.id]["call"] for chat in (first, second)], calls, "the calls after a second word")
    unknown.attach(centre.urls[WEST])
    unknown.sees("Your place in the queue is kept")

    agent = caller(centre)
    rung = []
    for call, chat in zip(calls, (first, second)):
        agent.takes(call)
        held = agent.contact(call)
        equal((held["channel"], held["customer"]["callback_number"]), ("VOICE", f"+4420794600{10 + len(rung)}"), "the call")
        equal(centre.outcome(chat), "calling", "while he is called")
        rung.append(call)
        agent.ends(call)
        until("the chat to be over", lambda: centre.outcome(chat) == "called")
    equal(rung, calls, "the order of the calls")
    page = fetch(centre.urls[WEST] + "/metrics", ca=centre.ca)[2].decode()
    equal(re.findall(r'^tandem_rescue{.*outcome="called".*} (\S+)$', page, re.M), ["2"], "the reading")
    contact = centre.json("contacts", first.id)
    equal(contact["phase"], "ended", "the chat of the one who was called")


@case("the region comes back: nobody is called again, and all records agree")
def back(centre):
    before = {chat: each["call"] for chat, each in centre.listed().items()}
    centre.start(EAST)
    centre.settled()
    equal({chat: each["call"] for chat, each in centre.listed().items()}, before, "the calls")
    equal(centre.json("rescue", "list")["orders"], [], "the word, which was about the loss")


if __name__ == "__main__":
    run(Quick)
