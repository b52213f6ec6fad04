#!/usr/bin/env python3
"""Goal: agents at four regions are one team. Whoever has been available the longest is next, wherever he sits; whoever
waited the longest is served first; and all regions tell the same of it afterwards. Method: four regions, an agent at each,
one queue, and customers who all arrive at the first region."""
from centre import Centre, case, desk, equal, isolated, run, until

isolated()
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
AT = dict(zip(("alice", "bob", "carol", "dave"), REGIONS))
FIRST = ("carol", "alice", "dave", "bob")


class Team(Centre):
    """Every agent serves the queue support alone, one chat at a time. `open`: what an agent serves; `by`: who served which
    chat."""

    def __init__(self):
        super().__init__("--regions", ",".join(REGIONS))
        self.by, self.open, self.agents = {}, {}, {}
        first = self.connect(REGIONS[0])
        profile, users = first.ids("routing-profiles")["support only"], first.ids("users")
        self.user = {name: users[name] for name in AT}
        for id in self.user.values():
            first.call("POST", f"/users/{{}}/{id}/routing-profile", {"RoutingProfileId": profile})
        # One after the other, and in the order of neither the regions nor their names.
        for name in FIRST:
            path = f"/users/{{}}/{self.user[name]}"
            until("the profile where the agent is", lambda: self.connect(AT[name]).call("GET", path)["User"]["RoutingProfileId"] == profile)
            self.agents[name] = desk(self, name, AT[name])
            self.known(name)

    def known(self, name):
        """Waits until the first region, which decides, has heard that the agent is free."""
        free = lambda: [a["username"] for a in self.ops(REGIONS[0], "agents")["agents"] if a["status"] == "Available" and not a["slots"]]
        until(f"the first region to know that {name} is free", lambda: name in free())

    def chat(self):
        chat = self.connect(REGIONS[0]).start_chat()
        chat.sees("sales or support")
        chat.say("support")
        return chat

    def holders(self, chat):
        return [name for name, agent in self.agents.items() if agent.contact(chat.id)]

    def talk(self, chat, name):
        """The chat rings at this agent and at no other, who then speaks with the customer."""
        until("the chat to ring", lambda: self.holders(chat))
        equal(self.holders(chat), [name], "who has it")
        agent = self.agents[name]
        agent.takes(chat.id)
        agent.says(chat.id, f"{name} here")
        chat.sees(f"{name} here")
        equal(self.holders(chat), [name], "who has it afterwards")
        self.by[chat.id], self.open[name] = name, chat

    def ends(self, name):
        self.agents[name].ends(self.open.pop(name).id)
        self.known(name)


@case("idle agents of four regions are given chats in the order in which they became available")
def agents_in_order(team):
    for name in FIRST:
        chat = team.chat()
        team.talk(chat, name)
        equal(team.json("explain", "contact", chat.id)["decision"]["rule"], "longest-available", "the rule")


@case("four who wait are served in the order in which they came, whatever region's agent is free next")
def customers_in_order(team):
    waiting = [team.chat() for _ in AT]
    for name in ("dave", "alice", "bob", "carol"):
        equal([team.holders(chat) for chat in waiting], [[]] * len(waiting), "who has what waits")
        team.agents[name].ends(team.open[name].id)
        team.talk(waiting.pop(0), name)


@case("idle again, they are next in the order in which they became free")
def again_in_order(team):
    for name in ("bob", "dave", "carol", "alice"):
        team.ends(name)
    for name in ("bob", "dave"):
        team.talk(team.chat(), name)
    for name in ("bob", "dave"):
        team.ends(name)


@case("every region tells the same of every contact through the stock client, and what it tells is what happened")
def one_view(team):
    equal(len(team.by), 10, "chats")
    clients = {region: team.stock(region) for region in REGIONS}

    def views(id):
        told = {region: clients[region].describe_contact(InstanceId=team.instance, ContactId=id)["Contact"] for region in REGIONS}
        for region, contact in told.items():
            contact["Arn"] = contact["Arn"].replace(f":{region}:", ":*:")
        return list(told.values())

    for id, name in team.by.items():
        until("one view of all regions", lambda: all("DisconnectTimestamp" in one and one == views(id)[0] for one in views(id)))
        one = views(id)[0]
        equal((one["AgentInfo"]["Id"], one["DisconnectReason"]), (team.user[name], "AGENT_DISCONNECT"), "who served it, and its end")
        where = one["GlobalResiliencyMetadata"]
        equal((where["ActiveRegion"], where["OriginRegion"]), (AT[name], REGIONS[0]), "where it was served")
    for name in team.names:
        until("nothing to go on", lambda: team.ops(name, "contacts")["contacts"] == [])


run(Team)
