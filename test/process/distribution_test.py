#!/usr/bin/env python3
"""Goal: an operator says who gets which part of the new contacts, and gets exactly that; a region that is drained gives
everything away and loses nobody. Method: two regions and a hub; customers who all arrive at the hub's gateway; `tandem`
and boto3 to change the shares."""
import collections
import subprocess
import time

from centre import BIN, Agent, Centre, Refused, Skip, case, desk, equal, isolated, run, until

isolated()
EAST, WEST = "us-east-1", "us-west-2"


class Divided(Centre):
    def gateway(self):
        return self.connect("hub")

    def begun_in(self, contact):
        until("the hub to have the contact", lambda: self.contact("hub", contact))
        return self.contact("hub", contact)["origin"]["region"]

    def contact(self, node, contact):
        return next((c for c in self.ops(node, "contacts?live=0&limit=1000")["contacts"] if c["id"] == contact), None)

    def task(self, **attributes):
        """A task that begins by way of the gateway, and ends: nobody is to be busy with it."""
        gateway = self.gateway()
        body = {"InstanceId": self.instance, "ContactFlowId": gateway.ids("contact-flows")["welcome"], "Name": "a task",
                "Attributes": attributes}
        contact = gateway.call("PUT", "/contact/task", body)["ContactId"]
        self.begun_in(contact)
        gateway.call("POST", "/contact/stop", {"InstanceId": self.instance, "ContactId": contact})
        return contact

    def counts(self, tasks):
        return collections.Counter(self.begun_in(self.task()) for _ in range(tasks))

    def refused(self, *command):
        """What `tandem` says when it refuses."""
        done = subprocess.run([f"{BIN}/tandem", *command, "--dir", self.dir], capture_output=True, text=True, check=False)
        assert done.returncode, f"{command} was not refused: {done.stdout}"
        return done.stderr + done.stdout


@case("shares are held to the contact, and a change counts from the next one on")
def shares(centre):
    equal(centre.counts(20), {EAST: 10, WEST: 10}, "equal shares")
    centre.tandem("distribution", "set", "default", f"{EAST}=70", f"{WEST}=30", "--why", "a test")
    until("the hub to know", lambda: centre.ops("hub", "distribution")["groups"][0]["shares"][EAST] == 70)
    equal(centre.counts(20), {EAST: 14, WEST: 6}, "70 to 30")
    shown = centre.json("distribution", "explain", centre.task())
    equal((shown["group"], shown["rule"], shown["by"]["region"]), ("default", "due", "hub"), "why it is there")


@case("what makes no sense, and what is dangerous, is refused with the rule and the nearest that is right")
def refused(centre):
    for command, words in (
            ((f"{EAST}=70", f"{WEST}=20"), "us-east-1 77.8 %, us-west-2 22.2 %"),
            ((f"{EAST}=33.33", f"{WEST}=66.67"), "the nearest is 33.3"),
            ((f"{EAST}=-1", f"{WEST}=101"), "the nearest is 0"),
            ((f"{EAST}=50", "mars=50"), "there is no region mars"),
            ((f"{EAST}=0", f"{WEST}=100"), "step-limit"),
            (("--policy", "random"), "fixed, nearest-balanced, least-wait"),
            (("--entry", "FAX"), "is no entry")):
        said = centre.refused("distribution", "set", "default", *command)
        assert words in said, f"{command}: {said}"


@case("the history says who, what and why, and a change is undone")
def history(centre):
    entries = centre.json("distribution", "history")["history"]
    first = next(e for e in entries if e.get("why") == "a test")
    equal((first["before"][f"share.{EAST}"], first["after"][f"share.{EAST}"]), ("500", "700"), "the change")
    centre.tandem("distribution", "revert", first["id"])
    equal(centre.json("distribution", "show", "default")["groups"][0]["shares"], {EAST: 50, WEST: 50}, "the shares")


@case("a window counts while it is open, and ends by itself")
def window(centre):
    stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M", time.gmtime(t))
    centre.tandem("distribution", "schedule", "default", "now", "--from", stamp(time.time() - 60), "--till", stamp(time.time() + 3600),
                  "--zone", "UTC", f"{WEST}=100")
    until("the hub to know", lambda: centre.ops("hub", "distribution")["groups"][0]["window"] == "now")
    equal(centre.counts(6), {WEST: 6}, "in the window")
    week = centre.json("distribution", "show", "default")["groups"][0]["coming_week"]
    equal([w["window"] for w in week], ["now", ""], "the coming week")
    centre.tandem("distribution", "schedule", "default", "now", "--remove")
    until("the hub to know", lambda: centre.ops("hub", "distribution")["groups"][0]["window"] is None)
    equal(centre.counts(6), {EAST: 3, WEST: 3}, "after it")


@case("callers go to the region that is near, as far as the shares allow")
def nearest(centre):
    centre.tandem("distribution", "set", "default", "--policy", "nearest-balanced", "--bound", "3")
    until("the hub to know", lambda: centre.ops("hub", "distribution")["groups"][0]["policy"] == "nearest-balanced")
    ids = [centre.task(**{"tandem-caller": number}) for number in ("+14155550100", "+12125550100") * 4]
    equal([centre.begun_in(contact) for contact in ids], [WEST, EAST] * 4, "where they are")
    equal(centre.json("distribution", "explain", ids[0])["rule"], "nearest", "why")
    centre.tandem("distribution", "set", "default", "--policy", "fixed")


@case("drained, a region gives away what waits and its agents, and the one who is served is served to the end")
def drain(centre):
    east = centre.connect(EAST)
    alice = desk(centre, "alice", EAST)
    talking = east.start_chat()
    talking.sees("sales or support")
    talking.say("support")
    alice.takes(talking.id)
    alice.says(talking.id, "alice here")
    waiting = []
    for n in range(3):
        chat = east.start_chat()
        chat.sees("sales or support")
        chat.say("sales" if n else "support")
        waiting.append(chat)
    owner = lambda chat: (centre.contact(WEST, chat.id) or {}).get("owner", {}).get("region")
    until("they wait", lambda: all((centre.contact(EAST, c.id) or {}).get("phase") == "queued" for c in waiting))
    preview = centre.json("drain", EAST, "--dry-run")
    equal([o["rule"] for o in preview["objections"]], ["n-minus-1-capacity"], "what objects")
    assert "n-minus-1-capacity" in centre.refused("drain", EAST), "the drain was not refused"
    centre.tandem("drain", EAST, "--override", "n-minus-1-capacity", "--why", "a new kernel")
    until("those who wait to wait in the other region", lambda: all(owner(c) == WEST for c in waiting))
    for chat in waiting:
        chat.say("still here")
        chat.sees("still here")
    equal(owner(talking), EAST, "who talks stays")
    equal(centre.counts(4), {WEST: 4}, "what is new")
    alice.says(talking.id, "nearly done")
    talking.sees("nearly done")
    alice.ends(talking.id)
    until("alice to be told where to go", lambda: centre.ops(EAST, "agents?region=" + EAST)["agents"][0].get("move_to") == WEST)
    alice.sign_in(centre.urls[WEST]).status("Available")
    until("nothing to be left but tasks that have no agent",
          lambda: next(r for r in centre.ops("hub", "regions")["regions"] if r["region"] == EAST)["connected"] == 0)
    alice.takes(waiting[0].id)
    alice.ends(waiting[0].id)
    for chat in waiting[1:]:
        chat.post("disconnect", chat.token, {})


@case("who is still there at the deadline is told that it ends now, if that was wanted")
def deadline(centre):
    centre.tandem("undrain", EAST, "--at-once")
    until("the region to serve", lambda: next(r for r in centre.ops(EAST, "regions")["regions"] if r["region"] == EAST)["standing"] == "serving")
    chat = centre.connect(EAST).start_chat()
    chat.sees("sales or support")
    centre.tandem("drain", EAST, "--deadline", "2s", "--then", "end", "--override", "n-minus-1-capacity")
    chat.sees("has to end now")
    until("it to be over", lambda: centre.contact(WEST, chat.id)["phase"] == "ended")


@case("it comes back in steps, and each step takes its part")
def ramp(centre):
    centre.tandem("undrain", EAST, "--steps", "20,50", "--every", "4s")
    part = lambda: next(r for r in centre.ops("hub", "regions")["regions"] if r["region"] == EAST)["part"]
    until("the first step", lambda: part() == 20)
    equal(centre.counts(6), {WEST: 5, EAST: 1}, "at 20 % of its half")
    until("the second step", lambda: part() == 50)
    until("its whole share", lambda: part() == 100)
    equal(centre.counts(4), {EAST: 2, WEST: 2}, "in the end")
    steps = [e["what"] for e in centre.json("distribution", "history")["history"] if e.get("region") == EAST]
    equal(len([s for s in steps if s.startswith("step")]), 2, "steps in the history")


@case("the service's own operations change the same groups")
def service(centre):
    try:
        from botocore.exceptions import ClientError
    except ImportError as reason:
        raise Skip(str(reason)) from None
    east, west = centre.stock(EAST), centre.stock(WEST)
    made = east.create_traffic_distribution_group(Name="sales", InstanceId=centre.instance, Description="of a test")
    groups = lambda client: {g["Name"]: g for g in client.list_traffic_distribution_groups(InstanceId=centre.instance)["TrafficDistributionGroupSummaryList"]}
    until("the other region to have it", lambda: "sales" in groups(west))
    equal((groups(west)["default"]["IsDefault"], groups(west)["sales"]["Status"]), (True, "ACTIVE"), "the groups")
    halves = [{"Region": EAST, "Percentage": 60}, {"Region": WEST, "Percentage": 40}]
    west.update_traffic_distribution(Id=made["Arn"], TelephonyConfig={"Distributions": halves},
                                     SignInConfig={"Distributions": [{"Region": EAST, "Enabled": True}, {"Region": WEST, "Enabled": True}]})
    until("the first region to have it", lambda: east.get_traffic_distribution(Id=made["Id"])["TelephonyConfig"]["Distributions"] == halves)
    try:
        west.update_traffic_distribution(Id=made["Id"], TelephonyConfig={"Distributions": [{"Region": EAST, "Percentage": 90}]})
        raise AssertionError("90 per cent in all were taken")
    except ClientError as error:
        equal(error.response["Error"]["Code"], "InvalidRequestException", "the error")
    alice = centre.connect(EAST).ids("users")["alice"]
    east.associate_traffic_distribution_group_user(TrafficDistributionGroupId=made["Id"], UserId=alice, InstanceId=centre.instance)
    users = lambda: [u["UserId"] for u in east.list_traffic_distribution_group_users(TrafficDistributionGroupId=made["Id"])["TrafficDistributionGroupUserSummaryList"]]
    equal(users(), [alice], "its users")
    east.disassociate_traffic_distribution_group_user(TrafficDistributionGroupId=made["Id"], UserId=alice, InstanceId=centre.instance)
    equal(users(), [], "its users")
    equal(east.describe_traffic_distribution_group(TrafficDistributionGroupId=made["Id"])["TrafficDistributionGroup"]["Description"], "of a test", "it")
    # Agents who are users of the group sign in where it says, while somebody there takes contacts.
    east.associate_traffic_distribution_group_user(TrafficDistributionGroupId=made["Id"], UserId=alice, InstanceId=centre.instance)
    west.update_traffic_distribution(Id=made["Id"], SignInConfig={"Distributions": [{"Region": EAST, "Enabled": True}, {"Region": WEST, "Enabled": False}]})
    until("it to be known", lambda: not east.get_traffic_distribution(Id=made["Id"])["SignInConfig"]["Distributions"][1]["Enabled"])
    try:
        Agent("alice", ca=centre.ca).sign_in(centre.urls[WEST])
        raise AssertionError("alice signed in where it is turned off")
    except Refused as refused:
        assert "Sign in at us-east-1" in str(refused), refused
    Agent("alice", ca=centre.ca).sign_in(centre.urls[EAST])
    east.delete_traffic_distribution_group(TrafficDistributionGroupId=made["Id"])
    until("it to be gone", lambda: "sales" not in groups(west))
    contact = centre.task()
    until("it to be known", lambda: centre.contact(EAST, contact))
    told = east.describe_contact(InstanceId=centre.instance, ContactId=contact)["Contact"]["GlobalResiliencyMetadata"]
    equal(told["TrafficDistributionGroupId"], groups(east)["default"]["Id"], "the contact's group")


run(Divided)
