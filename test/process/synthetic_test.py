#!/usr/bin/env python3
"""Goal: a region that answers probes but cannot serve a contact is named, by itself, with the reason, and named no more
once it can; what is synthetic is in no share. Method: a hub and two regions with synthetic contacts every second; their
agent gets another routing profile, their flow is damaged, a region is lost and returns."""
import json

from centre import Centre, case, equal, isolated, run, until

isolated()
EAST, WEST = "us-east-1", "us-west-2"


class Synthetic(Centre):
    def check(self, region, name="synthetic"):
        answer = self.json("ready", "--region", region, statuses=(0, 1))
        return next(c for c in answer["regions"][0]["checks"] if c["check"] == name)

    def serves(self, region):
        until(f"{region} to serve its own client", lambda: self.check(region)["text"].startswith("served "), 60)

    def named(self, region):
        """The reason that `tandem status` gives."""
        words = f"{region}: synthetic contacts are not served by this node"
        problem = until(f"{region} to say that it does not serve",
                        lambda: next((p for p in self.status()["problems"] if p.startswith(words)), None), 60)
        until("the other nodes to say so too", lambda: not self.check(region)["good"])
        return problem

    def rounds(self, node):
        """How many were served there."""
        return self.counted("tandem_synthetic_total", "region", "outcome").get((node, "served"), 0)

    def id(self, kind, name):
        return self.connect(EAST).ids(kind)[name]


@case("every region serves its own client, in both ways in, again and again")
def served(centre):
    for region in (EAST, WEST):
        centre.serves(region)
    centre.settled()
    until("a second fresh round of each", lambda: all(centre.rounds(r) > 13 for r in (EAST, WEST)), 60)
    contacts = centre.ops(EAST, "contacts?live=0&limit=1000")["contacts"]
    equal({(c["channel"], c["origin"]["region"]) for c in contacts},
          {(channel, region) for channel in ("CHAT", "TASK") for region in (EAST, WEST)}, "what there was")
    assert len([c for c in contacts if c["phase"] == "ended"]) >= 4, contacts
    assert len(contacts) < centre.rounds(EAST), f"{len(contacts)} contacts: a word is to be no contact"


@case("what is synthetic is in no share, and no load")
def apart(centre):
    group = centre.ops("hub", "distribution")["groups"][0]
    equal([r["contacts"] for r in group["regions"]], [0, 0], "contacts that were counted")
    equal(centre.check(EAST, "agents")["text"], "nobody is there for the 0 contacts of all regions", "the load")


@case("a region whose agent is not there is named, and the other is not; it comes back")
def agent(centre):
    stock = centre.stock(EAST)
    user = centre.id("users", f"tandem-synthetic-{EAST}")
    own, other = (centre.id("routing-profiles", name) for name in (f"tandem-synthetic-{EAST}", "sales only"))
    stock.update_user_routing_profile(InstanceId=centre.instance, UserId=user, RoutingProfileId=other)
    try:
        problem = centre.named(EAST)
        assert "not answered" in problem, problem
        assert centre.check(WEST)["good"], centre.check(WEST)
        equal(centre.status()["nodes"][1]["state"], "active", "one kind of evidence is not enough")
    finally:
        stock.update_user_routing_profile(InstanceId=centre.instance, UserId=user, RoutingProfileId=own)
    centre.serves(EAST)
    centre.settled()


@case("a flow that ends what it should queue is named, with its name")
def flow(centre):
    centre.serves(WEST)
    stock = centre.stock(EAST)
    broken_flow = centre.id("contact-flows", "tandem-synthetic")
    before = stock.describe_contact_flow(InstanceId=centre.instance, ContactFlowId=broken_flow)["ContactFlow"]["Content"]
    broken = json.loads(before)
    broken["StartAction"] = "end"
    stock.update_contact_flow_content(InstanceId=centre.instance, ContactFlowId=broken_flow, Content=json.dumps(broken))
    try:
        problem = centre.named(WEST)
        assert "the chat ended unanswered; look at the flow tandem-synthetic" in problem, problem
    finally:
        stock.update_contact_flow_content(InstanceId=centre.instance, ContactFlowId=broken_flow, Content=before)
    for region in (EAST, WEST):
        centre.serves(region)
    centre.settled()


@case("a drained region is empty of them, and has them again")
def drained(centre):
    centre.tandem("drain", WEST)
    until("the region to be empty",
          lambda: next(r for r in centre.ops("hub", "regions")["regions"] if r["region"] == WEST)["empty"])
    centre.tandem("undrain", WEST, "--at-once")
    centre.serves(WEST)


@case("a region that returns is active after it served its own client")
def returns(centre):
    centre.tandem("down", "--only", WEST, "--kill")
    until("the loss to be known", lambda: "is evacuated" in centre.check(WEST, "nodes")["text"])
    centre.tandem("up", "--detach", "--only", WEST)
    until("it to be active", lambda: centre.status()["nodes"][2]["state"] == "active", 60)
    assert centre.rounds(WEST) >= 1, "it was active before it served anybody"
    centre.settled()


if __name__ == "__main__":
    run(lambda: Synthetic("--synthetic", "1"))
