#!/usr/bin/env python3
"""Goal: both links of a region are cut at any step of a transfer, cold or warm, and come back seconds later: the conversation
is where it was or at its destination and at no other agent's as well, every word that was taken is in its transcript and
was shown to the customer, once, and it ends. Method: nodes in network namespaces of their own. Many conversations, each
with two agents and a queue of its own, come to the moments of the table; then one region hears nobody any more, while all
people go on as they would. Each side goes on with whom it has; so it is judged once all nodes hear each other.

usage: cut_transfer_test.py [PART-OF-A-CASE'S-NAME...]; with TANDEM_CUTS=all both ways to the customer at every row, and
shorter and longer cuts"""
import collections
import concurrent.futures
import json
import os
import time
import uuid

from centre import EAST, HUB, PASSWORD, WEST, Agent, Refused, Weather, both, case, equal, isolated, run, until

isolated()

COLD = ("transfer to a queue", "transfer to an agent")
WARM = ("consult", "swap", "join", "leave", "leave after join")
# When the links are cut, of what is asked for.
BEFORE, ANSWERED, RINGING, ACCEPTED = "just before", "just after the answer", "while it rings", "once it was accepted"
TABLE = [(step, moment) for moment, steps in {
    BEFORE: (*COLD, *WARM),
    ANSWERED: (*COLD, *WARM),
    RINGING: (*COLD, "consult"),
    ACCEPTED: (*COLD, "consult", "leave", "leave after join"),
}.items() for step in steps]
GATEWAYS = (EAST, HUB)  # where the customer's socket is: with the first owner, or not
CUTS = {"asks": EAST, "is asked": WEST}  # whose agent it is that does
ALL = os.environ.get("TANDEM_CUTS") == "all"
HOLDS = (0.5, 1.5, 3.0, 12.0, 3.0) if ALL else (3.0,)
PLACES = len(TABLE) * (len(GATEWAYS) if ALL else 1)
# Beyond what a person bears, and short of the time for which a contact waits for the agent it had.
SOON = 20

FLOW = {"Version": "2019-10-30", "StartAction": "set", "Metadata": {}, "Actions": [
    {"Identifier": "set", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": "$.Attributes.queue"},
     "Transitions": {"NextAction": "queue", "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}]}},
    {"Identifier": "queue", "Type": "TransferContactToQueue", "Parameters": {}, "Transitions": {"NextAction": "bye", "Errors": [
        {"NextAction": "bye", "ErrorType": "NoMatchingError"}, {"NextAction": "bye", "ErrorType": "QueueAtCapacity"}]}},
    {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}


class Doubled(Exception):
    """Not to be waited out, as what is only late is."""


class Place:
    """What one conversation at a time has to itself: a queue, Ann in the one region and Ben in the other."""

    def __init__(self, weather, n):
        centre = weather.centre
        connect = centre.connect((EAST, WEST)[n % 2])
        self.queue_name = f"queue {n}"
        self.queue = connect.create_queue(self.queue_name)
        profile = connect.call("PUT", "/routing-profiles/{}", {
            "Name": self.queue_name, "Description": "for two", "DefaultOutboundQueueId": self.queue,
            "QueueConfigs": [{"QueueReference": {"QueueId": self.queue, "Channel": "CHAT"}, "Priority": 1, "Delay": 0}],
            "MediaConcurrencies": [{"Channel": "CHAT", "Concurrency": 1}]})["RoutingProfileId"]
        security = connect.ids("security-profiles")["Agent"]
        self.names = (f"ann-{n}", f"ben-{n}")
        for name in self.names:
            connect.call("PUT", "/users/{}", {
                "Username": name, "Password": PASSWORD, "IdentityInfo": {"FirstName": name, "LastName": "Cut"},
                "PhoneConfig": {"PhoneType": "SOFT_PHONE"}, "RoutingProfileId": profile, "SecurityProfileIds": [security]})
        self.ann, self.ben = (Agent(name, ca=centre.ca) for name in self.names)
        for agent, region in ((self.ann, EAST), (self.ben, WEST)):
            until("the sign-in", lambda: agent.sign_in(centre.urls[region]))
            agent.status("Available")


class Talk:
    """A conversation that Ann hands on to Ben. `taken`: words that were answered yes, in the order of each speaker."""

    def __init__(self, weather, place, step, moment, gateway):
        self.weather, self.place, self.step, self.moment, self.gateway = weather, place, step, moment, gateway
        self.ann, self.ben = place.ann, place.ben
        self.asked, self.told = None, []
        self.taken, self.private = collections.defaultdict(list), []
        self.tokens = collections.defaultdict(lambda: str(uuid.uuid4()))
        self.spoken = 0

    def note(self, words):
        self.told.append(f"{time.monotonic() % 1000:7.2f} {words}")

    def say(self, who, speak, private=False):
        """New words, once. True when they were taken."""
        self.spoken += 1
        words = f"word {self.spoken} of {who}"
        try:
            speak(words, self.tokens[words])
        except (Refused, OSError) as error:
            self.note(f"{words}: {error!r}")
            return False
        self.note(f"{words}: taken")
        (self.private if private else self.taken[who]).append(words)
        return True

    def customer_says(self):
        return self.say("the customer", lambda words, token: self.chat.say(words, token, self.ann.seconds))

    def agent_says(self, agent):
        return self.say(agent.user, lambda words, token: agent.says(self.chat.id, words, token))

    def order(self, agent, what, **body):
        return agent.call("POST", f"/contacts/{self.chat.id}/{what}", body)

    # -- until the cut

    def begin(self):
        """Ann has the conversation, and what the step needs has happened."""
        self.ben.status("Offline")
        self.chat = self.weather.centre.connect(self.gateway, EAST).start_chat(flow="cut", attributes={"queue": self.place.queue})
        self.ann.takes(self.chat.id)
        self.customer_says()
        until("Ann to be heard", lambda: self.agent_says(self.ann))
        self.ben.status("Available")
        known = lambda: {one["name"]: one for one in self.ann.call("GET", "/quick-connects")["quick_connects"]}
        until("Ben to be seen", lambda: known()[self.ben.user]["available"])
        if self.step in WARM[1:]:
            self.consult()
            self.ben.takes(self.asked)
            until("Ben to be heard", lambda: self.say(self.ben.user, lambda words, token: self.ben.says(self.asked, words, token), True))
        if self.step == "leave after join":
            until("all three to talk", lambda: self.order(self.ann, "join") == {})
            until("Ben to be let in", lambda: self.agent_says(self.ben))

    def consult(self):
        self.asked = self.order(self.ann, "consult", quick_connect=self.ben.user, client_token=self.tokens["consult"])["consultation"]

    def ask(self):
        """The step. True when it was answered yes."""
        try:
            if self.step in COLD:
                to = self.place.queue_name if self.step == COLD[0] else self.ben.user
                self.order(self.ann, "transfer", quick_connect=to, client_token=self.tokens["transfer"])
            elif self.step == "consult":
                self.consult()
            else:
                self.order(self.ann, self.step.split()[0])
        except (Refused, OSError) as error:
            self.note(f"{self.step}: {error!r}")
            return False
        self.note(f"{self.step}: yes")
        return True

    def is_told(self):
        # That Ben has answered may have to come to Ann's region first.
        until("the step to be answered yes", self.ask)

    def is_there(self, *states):
        """What is asked for is on Ben's desktop."""
        what = self.asked if self.step == "consult" else self.chat.id
        until("Ben to have it", lambda: (self.ben.contact(what) or {}).get("state") in states)

    def rings(self):
        self.is_there("offered", "connected")

    def is_accepted(self):
        self.rings()
        self.accept(self.ben)
        self.is_there("connected")

    # -- from the cut on

    def accept(self, agent):
        """What rings is taken, what is done is put away."""
        for contact in agent.call("GET", "/me")["contacts"]:
            if do := {"offered": "accept", "after_contact_work": "complete"}.get(contact["state"]):
                agent.call("POST", f"/contacts/{contact['id']}/{do}", {})
                self.note(f"{agent.user}: {do} {contact['id']}")

    def go_on(self):
        """One round of what people do."""
        for agent in (self.ann, self.ben):
            try:
                self.accept(agent)
            except (Refused, OSError) as error:
                self.note(f"{agent.user}: {error!r}")
            self.agent_says(agent)
        self.customer_says()

    def holders(self):
        """Who has it on the desktop, as slots; the first is asked twice, for it may change hands between two questions."""
        has = lambda agent: (agent.contact(self.chat.id) or {}).get("state") in ("offered", "connected")
        ann, ben = has(self.ann), has(self.ben)
        if ann and ben and has(self.ann):
            raise Doubled("two agents have it")
        return [agent for agent, there in ((self.ann, ann), (self.ben, ben)) if there]

    def end(self):
        """It goes on where it is, and ends; nothing of it stays on a desktop."""
        connected = []

        def at_somebody():
            for agent in (self.ann, self.ben):
                self.accept(agent)
            connected[:] = [agent for agent in self.holders() if agent.contact(self.chat.id)["state"] == "connected"]
            return connected

        until("somebody to have it", at_somebody, SOON)
        holder = connected[0]
        self.note(f"{holder.user} has it")
        self.at = "where it was" if holder is self.ann else "at its destination"
        until("the customer to be heard", self.customer_says)
        if not self.agent_says(holder):
            # With a colleague on the line the customer may be on hold.
            self.order(holder, "swap")
            until("the agent to be heard", lambda: self.agent_says(holder))
        self.chat.sees(self.taken[holder.user][-1])
        self.holders()
        self.order(holder, "end")
        for agent in (self.ann, self.ben):
            until(f"{agent.user} to be free", lambda: self.accept(agent) or not agent.call("GET", "/me")["contacts"])

    def judge(self):
        centre = self.weather.centre
        ends = [centre.ops(name, f"contacts/{self.chat.id}?transcript=1") for name in centre.names]
        equal({end["phase"] for end in ends}, {"ended"}, "the phase everywhere")
        transcripts = [end["transcript"] for end in ends]
        for transcript in transcripts[1:]:
            equal(transcript, transcripts[0], "the transcript in all regions")
        ids = [item["id"] for item in transcripts[0]]
        equal(len(set(ids)), len(ids), "items, each once")
        said = self.chat.lines()
        twice = [line for line, count in collections.Counter(said).items() if count > 1 and line.startswith("word ")]
        equal(twice, [], "what was said twice")
        for who, words in self.taken.items():
            equal([line for line in said if line in words], words, f"what {who} said and was told yes")
        equal([line for line in said if line in self.private], [], "what is the agents' own")
        heard = [json.loads(frame["content"]) for frame in self.chat.socket.heard if frame.get("topic") == "aws/chat"]
        shown = [item["Id"] for item in heard if item.get("Type") == "MESSAGE"]
        equal(len(shown), len(set(shown)), "shown to the customer, each once")
        missing = [line for line in said if line not in [item.get("Content") for item in heard]]
        equal(missing, [], "never shown to the customer")
        if self.asked:
            asked = centre.ops(HUB, f"contacts/{self.asked}?transcript=1")
            equal(asked["phase"], "ended", "the consultation")
            equal([item["content"] for item in asked["transcript"] if item["content"] in self.private], self.private, "what the agents said to each other")
        self.chat.socket.close()


class Handing(Weather):
    """Places for all the conversations of one cut."""

    def set_up(self):
        super().set_up()
        self.centre.connect(EAST).call("PUT", "/contact-flows/{}", {"Name": "cut", "Type": "CONTACT_FLOW", "Content": json.dumps(FLOW)})
        self.threads = concurrent.futures.ThreadPoolExecutor(PLACES)
        with concurrent.futures.ThreadPoolExecutor(4) as few:  # a node checks one password at a time
            self.places = list(few.map(lambda n: Place(self, n), range(PLACES)))

    def all(self, talks, do):
        """Every conversation at once; who fails is told with what it went through."""

        def one(talk):
            try:
                do(talk)
            except Exception as error:
                told = "\n  ".join(talk.told)
                raise AssertionError(f"{talk.step}, cut {talk.moment}, customer at {talk.gateway}, {talk.chat.id}: {error!r}\n  {told}") from error

        failed = [str(done.exception()) for done in [*map(lambda talk: self.threads.submit(one, talk), talks)] if done.exception()]
        assert not failed, f"{len(failed)} of {len(talks)}\n" + "\n".join(failed)

    def people(self, seconds):
        for place in self.places:
            place.ann.seconds = place.ben.seconds = seconds


def cut_all(weather, region, hold):
    first = list(CUTS.values()).index(region)
    rows = [(*row, gateway) for n, row in enumerate(TABLE) for gateway in (GATEWAYS if ALL else (GATEWAYS[(n + first) % 2],))]
    talks = [Talk(weather, place, *row) for place, row in zip(weather.places, rows)]
    at = lambda *moments: [talk for talk in talks if talk.moment in moments]
    weather.all(talks, Talk.begin)
    weather.all(at(RINGING, ACCEPTED), Talk.is_told)
    weather.all(at(RINGING), Talk.rings)
    weather.all(at(ACCEPTED), Talk.is_accepted)
    weather.all(at(ANSWERED), Talk.is_told)
    with weather.cutting(*(way for other in weather.centre.names if other != region for way in both(region, other))):
        # People do not wait as long as a node may take to find out that it gets no answer.
        healed = time.monotonic() + hold
        weather.people(2.0)
        weather.all(at(BEFORE), Talk.ask)
        while time.monotonic() < healed:
            weather.all(talks, Talk.go_on)
    weather.people(15.0)
    weather.fair()
    weather.all(talks, Talk.end)
    until("nothing to go on", lambda: not any(weather.centre.ops(name, "contacts")["contacts"] for name in weather.centre.names))
    weather.all(talks, Talk.judge)
    print(f"        {dict(collections.Counter(talk.at for talk in talks))}")


for n, hold in enumerate(HOLDS):
    for whose, region in CUTS.items():
        case(f"cut {n + 1}, of {hold:g} s: the region of the agent who {whose}")(
            lambda weather, region=region, hold=hold: cut_all(weather, region, hold))


@case("the logs on all disks hold the same records")
def logs(weather):
    weather.fair()
    weather.one_log()


run(Handing)
