#!/usr/bin/env python3
"""Goal: what a supervisor changes with boto3 in one region decides in the other who is given which contact. Method: a centre
of two regions, an agent at one of them, and the stock client at both; each case undoes what would disturb the next."""
import datetime
import json
import sys
import uuid

from centre import Agent, Centre, case, equal, isolated, run, until

isolated()
try:
    from botocore.exceptions import ClientError
except ImportError as reason:
    print(f"skipped: {reason}\n0 passed, 0 failed")
    sys.exit()

EAST, WEST = "us-east-1", "us-west-2"
END = json.dumps({"Version": "2019-10-30", "StartAction": "bye", "Metadata": {},
                  "Actions": [{"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]})


class Centre(Centre):
    """A centre with a client of each region, and the ids of its documents by name."""

    def __init__(self):
        super().__init__()
        self.east, self.west = self.stock(EAST), self.stock(WEST)
        own = self.connect(EAST)
        self.queues, self.profiles, self.users = (own.ids(kind) for kind in ("queues", "routing-profiles", "users"))

    def flow(self, name, queue, hours=None, **criteria):
        """Makes a flow that queues, within the hours if there are any, with these parameters of UpdateRoutingCriteria if there are any."""
        step = lambda name, kind, parameters, following: {
            "Identifier": name, "Type": kind, "Parameters": parameters,
            "Transitions": {"NextAction": following, "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}]} if following else {}}
        checked = step("hours", "CheckHoursOfOperation", {"HoursOfOperationId": hours}, "bye")
        checked["Transitions"]["Conditions"] = [{"NextAction": to, "Condition": {"Operator": "Equals", "Operands": [word]}}
                                                for word, to in (("True", "set"), ("False", "bye"))]
        content = {"Version": "2019-10-30", "StartAction": "hours" if hours else "set", "Metadata": {}, "Actions": [
            step("set", "UpdateContactTargetQueue", {"QueueId": queue}, "ask" if criteria else "queue"),
            step("ask", "UpdateRoutingCriteria", criteria, "queue"),
            step("queue", "TransferContactToQueue", {}, "bye"), step("bye", "DisconnectParticipant", {}, None)]}
        content["Actions"] += [checked] if hours else []
        content["Actions"][2]["Transitions"]["Errors"].append({"NextAction": "bye", "ErrorType": "QueueAtCapacity"})
        return self.east.create_contact_flow(InstanceId=self.instance, Name=name, Type="CONTACT_FLOW", Content=json.dumps(content))["ContactFlowId"]


def fails(name, ask, **arguments):
    try:
        answer = ask(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], name, "the error")
        return
    raise AssertionError(f"no {name} but {answer}")


@case("queues of a routing profile: associated in one region, ranked in the other, and an agent there is given their contacts")
def routing_profile(centre):
    profile = {"InstanceId": centre.instance, "RoutingProfileId": centre.profiles["sales only"]}
    support = {"QueueId": centre.queues["support"], "Channel": "TASK"}
    carol = Agent("carol")
    carol.sign_in(centre.urls[WEST])
    carol.status("Available")
    centre.flow("to support", support["QueueId"])
    task = centre.connect(EAST).start_task("for support", flow="to support")
    centre.east.associate_routing_profile_queues(QueueConfigs=[{"QueueReference": support, "Priority": 3, "Delay": 0}], **profile)
    carol.takes(task)
    carol.ends(task)
    rows = lambda: {(row["QueueId"], row["Channel"]): row for row in centre.west.list_routing_profile_queues(**profile)["RoutingProfileQueueConfigSummaryList"]}
    centre.west.update_routing_profile_queues(QueueConfigs=[{"QueueReference": support, "Priority": 9, "Delay": 60}], **profile)
    equal([rows()[tuple(support.values())][name] for name in ("QueueName", "Priority", "Delay")], ["support", 9, 60], "the row")
    centre.east.disassociate_routing_profile_queues(QueueReferences=[support], **profile)
    until("the queue to be gone", lambda: tuple(support.values()) not in rows())
    fails("ResourceNotFoundException", centre.west.update_routing_profile_queues,
          QueueConfigs=[{"QueueReference": support, "Priority": 1, "Delay": 0}], **profile)
    pages = centre.west.get_paginator("list_routing_profile_queues").paginate(PaginationConfig={"PageSize": 1}, **profile)
    equal(len([row for page in pages for row in page["RoutingProfileQueueConfigSummaryList"]]), 2, "queues in pages")
    carol.status("Offline")


@case("channels, name and outbound queue of a routing profile")
def channels(centre):
    profile = {"InstanceId": centre.instance, "RoutingProfileId": centre.profiles["sales only"]}
    centre.west.update_routing_profile_concurrency(MediaConcurrencies=[
        {"Channel": "CHAT", "Concurrency": 3, "CrossChannelBehavior": {"BehaviorType": "ROUTE_ANY_CHANNEL"}},
        {"Channel": "TASK", "Concurrency": 2}], **profile)
    centre.west.update_routing_profile_name(Name="sales alone", Description="more at once", **profile)
    centre.west.update_routing_profile_default_outbound_queue(DefaultOutboundQueueId=centre.queues["support"], **profile)
    seen = lambda: centre.east.describe_routing_profile(**profile)["RoutingProfile"]
    until("the outbound queue", lambda: seen()["DefaultOutboundQueueId"] == centre.queues["support"])
    equal({row["Channel"]: (row["Concurrency"], row["CrossChannelBehavior"]["BehaviorType"]) for row in seen()["MediaConcurrencies"]},
          {"CHAT": (3, "ROUTE_ANY_CHANNEL"), "TASK": (2, "ROUTE_CURRENT_CHANNEL_ONLY")}, "the channels")
    equal((seen()["Name"], seen()["Description"]), ("sales alone", "more at once"), "the name")
    fails("DuplicateResourceException", centre.east.update_routing_profile_name, Name="everything", **profile)
    fails("ResourceNotFoundException", centre.east.update_routing_profile_name, InstanceId=centre.instance,
          RoutingProfileId=str(uuid.uuid4()), Name="nobody's")


@case("predefined attributes and proficiencies: an agent in the other region is given the contact once he is good enough")
def proficiencies(centre):
    instance, user = centre.instance, {"InstanceId": centre.instance, "UserId": centre.users["bob"]}
    centre.east.create_predefined_attribute(InstanceId=instance, Name="Language", Values={"StringList": ["French", "Irish"]})
    until("the attribute", lambda: "Language" in [row["Name"] for row in centre.west.list_predefined_attributes(InstanceId=instance)["PredefinedAttributeSummaryList"]])
    fails("DuplicateResourceException", centre.west.create_predefined_attribute, InstanceId=instance, Name="Language")
    equal(centre.west.describe_predefined_attribute(InstanceId=instance, Name="Language")["PredefinedAttribute"]["Values"]["StringList"],
          ["French", "Irish"], "the values")
    french = {"AttributeName": "Language", "AttributeValue": "French"}
    centre.west.associate_user_proficiencies(UserProficiencies=[french | {"Level": 2.0}], **user)
    fails("ResourceNotFoundException", centre.west.associate_user_proficiencies,
          UserProficiencies=[french | {"AttributeValue": "Dutch", "Level": 2.0}], **user)
    bob = Agent("bob")
    bob.sign_in(centre.urls[WEST])
    bob.status("Available")
    flow = centre.flow("in French", centre.queues["sales"], RoutingCriteria={"Steps": [{"Expression": {"AttributeCondition": {
        "Name": "Language", "Value": "French", "ProficiencyLevel": 4, "ComparisonOperator": "NumberGreaterOrEqualTo"}}}]})
    task = centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="bonjour")["ContactId"]
    centre.east.update_user_proficiencies(UserProficiencies=[french | {"Level": 4.0}], **user)
    bob.takes(task)
    bob.ends(task)
    equal([row["Level"] for row in centre.west.list_user_proficiencies(**user)["UserProficiencyList"]], [4.0], "the levels")
    fails("ResourceInUseException", centre.west.delete_predefined_attribute, InstanceId=instance, Name="Language")
    centre.west.update_predefined_attribute(InstanceId=instance, Name="Language", Values={"StringList": ["French"]})
    centre.west.disassociate_user_proficiencies(UserProficiencies=[french], **user)
    centre.west.delete_predefined_attribute(InstanceId=instance, Name="Language")
    bob.status("Offline")


def asking(centre, name, *blocks):
    """Makes a flow of the blocks (type and parameters; conditions of a block lead to the next one) that ends."""
    actions = []
    for number, (kind, parameters, *conditions) in enumerate(blocks):
        following = str(number + 1)
        transitions = {"NextAction": "bye" if conditions else following, "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}]}
        if conditions:
            transitions["Errors"].append({"NextAction": "bye", "ErrorType": "NoMatchingCondition"})
            transitions["Conditions"] = [{"NextAction": following, "Condition": {"Operator": operator, "Operands": [operand]}} for operator, operand in conditions]
        actions.append({"Identifier": str(number), "Type": kind, "Parameters": parameters, "Transitions": transitions})
    actions.append({"Identifier": str(len(blocks)), "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}})
    actions.append(json.loads(END)["Actions"][0])
    content = {"Version": "2019-10-30", "StartAction": "0", "Metadata": {}, "Actions": actions}
    return centre.east.create_contact_flow(InstanceId=centre.instance, Name=name, Type="CONTACT_FLOW", Content=json.dumps(content))["ContactFlowId"]


@case("metrics in a flow: agents and contacts of both regions are counted in either")
def metrics(centre):
    instance = centre.instance
    queue = centre.east.create_queue(InstanceId=instance, Name="metered", HoursOfOperationId=centre.connect(EAST).ids("hours-of-operations")["always open"])["QueueId"]
    waits = centre.flow("to metered", queue)
    keep = lambda **names: ("UpdateContactAttributes", {"Attributes": {key: "[" + "$.Metrics." + path + "]" for key, path in names.items()}})
    flow = asking(centre, "asks for metrics",
                  ("CheckMetricData", {"MetricType": "NumberOfContactsInQueue", "QueueId": queue}, ("Equals", "2")),
                  ("GetMetricData", {"QueueId": queue}),
                  keep(name="Queue.Name", size="Queue.Size", nobody="Agents.Online.Count"),
                  ("UpdateContactTargetQueue", {"QueueId": centre.queues["sales"]}),
                  ("CheckMetricData", {"MetricType": "NumberOfAgentsAvailable"}, ("NumberGreaterThan", "0")),
                  ("GetMetricData", {"QueueChannel": "Task"}),
                  keep(online="Agents.Online.Count", available="Agents.Available.Count", empty="Queue.Size", wait="Queue.EstimatedWaitTime"))
    until("the flows in the other region", lambda: {"to metered", "asks for metrics"} <= set(centre.connect(WEST).ids("contact-flows")))
    tasks = [region.start_task_contact(InstanceId=instance, ContactFlowId=waits, Name="waits")["ContactId"] for region in (centre.east, centre.west)]
    bob, carol = Agent("bob"), Agent("carol")
    bob.sign_in(centre.urls[WEST])
    bob.status("Available")
    carol.sign_in(centre.urls[EAST])
    carol.status("Available")
    wanted = {"name": "[metered]", "size": "[2]", "nobody": "[]", "online": "[2]", "available": "[2]", "empty": "[0]", "wait": "[0]"}
    ask = lambda region, queue: region.get_current_metric_data(
        InstanceId=instance, Filters={"Queues": [queue], "Channels": ["TASK"]}, Groupings=["QUEUE", "CHANNEL"],
        CurrentMetrics=[{"Name": "ESTIMATED_WAIT_TIME", "Unit": "SECONDS"}])["MetricResults"][0]["Collections"][0].get("Value")
    asked = lambda region, contact: [row["Name"] for row in region.get_contact_metrics(
        InstanceId=instance, ContactId=contact, Metrics=[{"Name": "POSITION_IN_QUEUE"}, {"Name": "ESTIMATED_WAIT_TIME"}])["MetricResults"]]
    for region in (centre.east, centre.west):
        def answer():
            task = region.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="asks")["ContactId"]
            until("the flow to end", lambda: "DisconnectTimestamp" in region.describe_contact(InstanceId=instance, ContactId=task)["Contact"])
            return region.get_contact_attributes(InstanceId=instance, InitialContactId=task)["Attributes"]
        until("both regions to see both", lambda: answer() == wanted)
        equal((ask(region, centre.queues["sales"]), ask(region, queue)), (0, None), "the waits of the next contacts")
        equal(asked(region, tasks[0]), ["POSITION_IN_QUEUE"], "what is known of one that nobody serves")
    for task in tasks:
        centre.east.stop_contact(InstanceId=instance, ContactId=task)
    bob.status("Offline")
    carol.status("Offline")


@case("a queue flow moves a task that waits to another queue, whose agent is in the other region")
def dequeue(centre):
    instance = centre.instance
    queue = centre.east.create_queue(InstanceId=instance, Name="nobody's", HoursOfOperationId=centre.connect(EAST).ids("hours-of-operations")["always open"])["QueueId"]
    small = centre.east.create_queue(InstanceId=instance, Name="takes none", MaxContacts=0, HoursOfOperationId=centre.connect(EAST).ids("hours-of-operations")["always open"])["QueueId"]
    move = lambda name, to, **errors: {"Identifier": name, "Type": "DequeueContactAndTransferToQueue", "Parameters": {"QueueId": to},
                                       "Transitions": {"Errors": [{"ErrorType": error, "NextAction": following} for error, following in errors.items()]}}
    wait = {"Identifier": "wait", "Type": "Wait", "Parameters": {"TimeLimitSeconds": "1"}, "Transitions": {
        "NextAction": "full", "Conditions": [{"NextAction": "full", "Condition": {"Operator": "Equals", "Operands": ["WaitCompleted"]}}]}}
    content = {"Version": "2019-10-30", "StartAction": "wait", "Metadata": {}, "Actions": [
        wait, move("full", small, QueueAtCapacity="go", NoMatchingError="bye"), move("go", centre.queues["sales"], NoMatchingError="bye"),
        json.loads(END)["Actions"][0]]}
    leave = centre.east.create_contact_flow(InstanceId=instance, Name="moves on", Type="CUSTOMER_QUEUE", Content=json.dumps(content))["ContactFlowId"]
    flow = asking(centre, "waits first", ("UpdateContactEventHooks", {"EventHooks": {"CustomerQueue": leave}}),
                  ("UpdateContactTargetQueue", {"QueueId": queue}), ("TransferContactToQueue", {}))
    task = centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="goes on")["ContactId"]
    seen = lambda: centre.west.describe_contact(InstanceId=instance, ContactId=task)["Contact"].get("QueueInfo", {})
    until("the task in the first queue", lambda: seen().get("Id") == queue)
    begun = seen()["EnqueueTimestamp"]
    bob = Agent("bob")
    bob.sign_in(centre.urls[WEST])
    bob.status("Available")
    bob.takes(task)
    equal(seen()["Id"], centre.queues["sales"], "the queue")
    assert seen()["EnqueueTimestamp"] > begun, "it waited anew"
    bob.ends(task)
    bob.status("Offline")


@case("a callback asked for in one region: an agent in the other calls, reaches nobody, and is given it again")
def callback(centre):
    instance = centre.instance
    queue = centre.east.create_queue(InstanceId=instance, Name="callbacks", HoursOfOperationId=centre.connect(EAST).ids("hours-of-operations")["always open"])["QueueId"]
    calls = centre.east.create_routing_profile(
        InstanceId=instance, Name="callers", Description="call back", DefaultOutboundQueueId=queue, MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
        QueueConfigs=[{"QueueReference": {"QueueId": queue, "Channel": "VOICE"}, "Priority": 1, "Delay": 0}])["RoutingProfileId"]
    user = {"InstanceId": instance, "UserId": centre.users["carol"]}
    before = centre.east.describe_user(**user)["User"]["RoutingProfileId"]
    centre.east.update_user_routing_profile(RoutingProfileId=calls, **user)
    flow = asking(centre, "calls back", ("UpdateContactTargetQueue", {"QueueId": queue}),
                  ("UpdateContactCallbackNumber", {"CallbackNumber": "$.Attributes.number"}),
                  ("CreateCallbackContact", {"InitialCallDelaySeconds": "1", "MaximumConnectionAttempts": "2", "RetryDelaySeconds": "1"}))
    carol = Agent("carol")
    carol.sign_in(centre.urls[WEST])
    until("the profile in the other region", lambda: centre.west.describe_user(**user)["User"]["RoutingProfileId"] == calls)
    carol.status("Available")
    task = centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="asks", Attributes={"number": "+12025550123"})["ContactId"]
    held = lambda state: next((c for c in carol.call("GET", "/me")["contacts"] if c["state"] == state), None)
    made = until("the callback", lambda: held("offered"))
    equal((made["channel"], made["previous_id"], made["customer"]["callback_number"], made["attempts_left"]), ("VOICE", task, "+12025550123", 1), "the callback")
    carol.takes(made["id"])
    carol.call("POST", f"/contacts/{made['id']}/end", {"outcome": "unanswered"})
    again = until("the callback again", lambda: held("offered"))
    equal((again["id"], again["attempts_left"]), (made["id"], 0), "the callback")
    carol.takes(made["id"])
    carol.call("POST", f"/contacts/{made['id']}/end", {"outcome": "unanswered"})
    seen = until("the callback to be over", lambda: centre.east.describe_contact(InstanceId=instance, ContactId=made["id"])["Contact"])
    until("the reason", lambda: centre.east.describe_contact(InstanceId=instance, ContactId=made["id"])["Contact"].get("DisconnectReason") == "OUTBOUND_ATTEMPT_FAILED")
    equal((seen["InitiationMethod"], seen["Channel"], seen["PreviousContactId"]), ("CALLBACK", "VOICE", task), "the contact")
    carol.call("POST", f"/contacts/{made['id']}/complete", {})
    carol.status("Offline")
    centre.east.update_user_routing_profile(RoutingProfileId=before, **user)


@case("UpdateContactRoutingData in the region that does not own the contact: the later task is first, for the agent it names")
def routing_data(centre):
    instance = centre.instance
    flow = centre.flow("to sales", centre.queues["sales"])
    start = lambda name: centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name=name)["ContactId"]
    earlier, later = start("earlier"), start("later")
    order = lambda contact, **change: centre.west.update_contact_routing_data(InstanceId=instance, ContactId=contact, **change)
    until("the task in the other region", lambda: later in [contact["id"] for contact in centre.json("contacts")["contacts"]])
    position = lambda region, contact: region.get_contact_metrics(InstanceId=instance, ContactId=contact, Metrics=[
        {"Name": "POSITION_IN_QUEUE"}])["MetricResults"][0]["Value"]["Number"]
    equal([position(centre.west, contact) for contact in (earlier, later)], [1, 2], "the positions")
    named = {"AttributeCondition": {"MatchCriteria": {"AgentsCriteria": {"AgentIds": [centre.users["alice"]]}}, "ComparisonOperator": "Match"}}
    order(later, QueueTimeAdjustmentSeconds=30)
    equal([position(centre.east, contact) for contact in (earlier, later)], [2, 1], "the positions")
    order(later, QueuePriority=1, RoutingCriteria={"Steps": [{"Expiry": {"DurationInSeconds": 600}, "Expression": named}]})
    seen = centre.east.describe_contact(InstanceId=instance, ContactId=later)["Contact"]
    equal((seen["QueuePriority"], seen["QueueTimeAdjustmentSeconds"]), (1, 30), "the place")
    equal([(step["Status"], step["Expiry"]["DurationInSeconds"], step["Expression"]) for step in seen["RoutingCriteria"]["Steps"]],
          [("ACTIVE", 600, named)], "the criteria")
    bob, alice = Agent("bob"), Agent("alice")
    bob.sign_in(centre.urls[WEST])
    bob.status("Available")
    bob.takes(earlier)
    bob.ends(earlier)
    bob.status("Offline")
    alice.sign_in(centre.urls[EAST])
    alice.status("Available")
    alice.takes(later)
    alice.ends(later)
    alice.status("Offline")
    fails("ResourceConflictException", order, contact=later, QueuePriority=2)
    fails("ResourceNotFoundException", order, contact=str(uuid.uuid4()), QueuePriority=2)


@case("a scheduled task waits for its time, which the other region changes, and its flow begins then")
def scheduled(centre):
    instance = centre.instance
    flow = centre.connect(EAST).ids("contact-flows")["to sales"]
    late = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    start = lambda time: centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="later", ScheduledTime=time)["ContactId"]
    task = start(late)
    fails("InvalidParameterException", start, time=late + datetime.timedelta(days=2))
    seen = lambda: {contact["id"]: contact for contact in centre.json("contacts")["contacts"]}
    until("the task", lambda: task in seen())
    told = centre.west.describe_contact(InstanceId=instance, ContactId=task)["Contact"]
    assert "QueueInfo" not in told and abs(told["ScheduledTimestamp"] - late) < datetime.timedelta(seconds=1), told
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    centre.west.update_contact_schedule(InstanceId=instance, ContactId=task, ScheduledTime=soon)
    until("the task to be queued", lambda: "QueueInfo" in centre.west.describe_contact(InstanceId=instance, ContactId=task)["Contact"])
    fails("InvalidRequestException", centre.west.update_contact_schedule, InstanceId=instance, ContactId=task, ScheduledTime=late)
    centre.west.stop_contact(InstanceId=instance, ContactId=task)


@case("users: routing profile, after-contact work, names and security profiles; found by SearchUsers in the other region")
def users(centre):
    instance, user = centre.instance, {"InstanceId": centre.instance, "UserId": centre.users["dave"]}
    flow = centre.flow("to sales first", centre.queues["sales"])
    dave = Agent("dave")
    dave.sign_in(centre.urls[WEST])
    dave.status("Available")
    task = centre.east.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="sell")["ContactId"]
    centre.east.update_user_phone_config(PhoneConfig={"PhoneType": "SOFT_PHONE", "AutoAccept": False, "AfterContactWorkTimeLimit": 1}, **user)
    centre.east.update_user_routing_profile(RoutingProfileId=centre.profiles["everything"], **user)
    dave.takes(task)
    dave.call("POST", f"/contacts/{task}/end", {})
    until("after-contact work to be over by itself", lambda: not dave.contact(task))
    dave.status("Offline")
    security = {row["Name"]: row["Id"] for row in centre.east.list_security_profiles(InstanceId=instance)["SecurityProfileSummaryList"]}
    centre.east.update_user_security_profiles(SecurityProfileIds=[security["Admin"]], **user)
    centre.east.update_user_identity_info(IdentityInfo={"FirstName": "David", "LastName": "Dyer"}, **user)
    by = lambda field, value, how: centre.west.search_users(InstanceId=instance, SearchCriteria={"AndConditions": [
        {"StringCondition": {"FieldName": field, "Value": value, "ComparisonType": how}}]})
    until("the new name", lambda: by("FirstName", "david", "CONTAINS")["ApproximateTotalCount"] == 1)
    equal([(row["Username"], row["SecurityProfileIds"], row["PhoneConfig"]["AfterContactWorkTimeLimit"]) for row in by("Username", "da", "STARTS_WITH")["Users"]],
          [("dave", [security["Admin"]], 1000)], "the user")


@case("queues and agent statuses are changed in one region and hold in the other")
def queues_and_statuses(centre):
    instance = centre.instance
    queue = centre.connect(EAST).create_queue("seasonal")
    flow, hours = centre.flow("to seasonal", queue), centre.connect(EAST).ids("hours-of-operations")
    name = {"InstanceId": instance, "QueueId": queue}
    centre.east.update_queue_name(Name="for the season", **name)
    centre.east.update_queue_hours_of_operation(HoursOfOperationId=hours["always open"], **name)
    centre.east.update_queue_max_contacts(MaxContacts=1, **name)
    until("the limit in the other region", lambda: centre.west.describe_queue(**name)["Queue"].get("MaxContacts") == 1)
    start = lambda: centre.west.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="a task")["ContactId"]
    waits = lambda contact: "QueueInfo" in centre.west.describe_contact(InstanceId=instance, ContactId=contact)["Contact"]
    first = start()
    until("the first to wait", lambda: waits(first))
    second = start()
    until("the second to be turned away", lambda: "DisconnectTimestamp" in centre.west.describe_contact(InstanceId=instance, ContactId=second)["Contact"])
    assert not waits(second), "the queue is full"
    centre.east.update_queue_status(Status="DISABLED", **name)
    until("the status in the other region", lambda: centre.west.describe_queue(**name)["Queue"]["Status"] == "DISABLED")
    centre.west.stop_contact(InstanceId=instance, ContactId=first)
    third = start()
    until("the third to be turned away", lambda: "DisconnectTimestamp" in centre.west.describe_contact(InstanceId=instance, ContactId=third)["Contact"])
    status = {"InstanceId": instance, "AgentStatusId": centre.east.create_agent_status(
        InstanceId=instance, Name="Training", State="ENABLED", DisplayOrder=4)["AgentStatusId"]}
    until("the agent status", lambda: "Training" in [row["Name"] for row in centre.west.list_agent_statuses(InstanceId=instance)["AgentStatusSummaryList"]])
    dave = Agent("dave")
    dave.sign_in(centre.urls[WEST])
    dave.status("Training")
    centre.west.update_agent_status(State="DISABLED", Description="until spring", **status)
    seen = centre.west.describe_agent_status(**status)["AgentStatus"]
    equal([seen[member] for member in ("State", "Description", "DisplayOrder", "Type")], ["DISABLED", "until spring", 4, "CUSTOM"], "the status")
    fails("InvalidRequestException", centre.west.put_user_status, InstanceId=instance, UserId=centre.users["dave"], AgentStatusId=status["AgentStatusId"])
    dave.status("Offline")


@case("hours and their overrides: closed today in one region turns tasks away in the other")
def hours(centre):
    instance = centre.instance
    made = centre.east.create_hours_of_operation(InstanceId=instance, Name="office", TimeZone="America/New_York", Config=[])["HoursOfOperationId"]
    name = {"InstanceId": instance, "HoursOfOperationId": made}
    every = [{"Day": day, "StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}
             for day in ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")]
    centre.east.update_hours_of_operation(Description="all week", Config=every, **name)
    queue = centre.east.create_queue(InstanceId=instance, Name="office", HoursOfOperationId=made)["QueueId"]
    flow = centre.flow("in hours", queue, hours=made)
    until("the flow in the other region", lambda: "in hours" in centre.connect(WEST).ids("contact-flows"))
    start = lambda: centre.west.start_task_contact(InstanceId=instance, ContactFlowId=flow, Name="a task")["ContactId"]
    seen = lambda contact: centre.west.describe_contact(InstanceId=instance, ContactId=contact)["Contact"]
    task = start()
    until("the task to be queued", lambda: "QueueInfo" in seen(task))
    # From yesterday to tomorrow, whatever the time is in New York.
    day = lambda ahead: (datetime.date.today() + datetime.timedelta(days=ahead)).isoformat()
    dates = {"EffectiveFrom": day(-1), "EffectiveTill": day(1)}
    holiday = centre.east.create_hours_of_operation_override(Name="a holiday", Config=[], **dates, **name)["HoursOfOperationOverrideId"]
    until("the override in the other region", lambda: centre.west.list_hours_of_operation_overrides(**name)["HoursOfOperationOverrideList"])
    task = start()
    until("the task to be turned away", lambda: "DisconnectTimestamp" in seen(task))
    assert "QueueInfo" not in seen(task), "closed"
    fails("DuplicateResourceException", centre.west.create_hours_of_operation_override, Name="a holiday", Config=[], **dates, **name)
    yearly = {"RecurrencePattern": {"Frequency": "YEARLY", "Interval": 1, "ByMonth": [12], "ByMonthDay": [25]}}
    holiday = {"HoursOfOperationOverrideId": holiday} | name
    centre.west.update_hours_of_operation_override(OverrideType="CLOSED", RecurrenceConfig=yearly, EffectiveTill="2090-01-01",
                                                   Config=[{"StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}], **holiday)
    equal(centre.west.describe_hours_of_operation_override(**holiday)["HoursOfOperationOverride"]["RecurrenceConfig"], yearly, "the pattern")
    effective = centre.west.get_effective_hours_of_operations(FromDate="2080-12-25", ToDate="2080-12-26", **name)
    equal([len(each["OperationalHours"]) for each in effective["EffectiveHoursOfOperationList"]], [0, 1], "Christmas and the day after")
    centre.west.delete_hours_of_operation_override(**holiday)
    equal(centre.west.list_hours_of_operation_overrides(**name)["HoursOfOperationOverrideList"], [], "the overrides")


@case("quick connects: made in one region, listed in the other beside those that agents and queues are by themselves")
def quick_connects(centre):
    instance = centre.instance
    flow = centre.east.create_contact_flow(InstanceId=instance, Name="to a queue", Type="QUEUE_TRANSFER", Content=END)["ContactFlowId"]
    config = {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": centre.queues["support"], "ContactFlowId": flow}}
    made = {"InstanceId": instance, "QuickConnectId": centre.east.create_quick_connect(
        InstanceId=instance, Name="second level", QuickConnectConfig=config)["QuickConnectId"]}
    pages = centre.west.get_paginator("list_quick_connects")
    def listed(**how):
        found = [row for page in pages.paginate(InstanceId=instance, PaginationConfig={"PageSize": 3}, **how) for row in page["QuickConnectSummaryList"]]
        return {row["Name"]: row for row in found}
    until("the quick connect in the other region", lambda: "second level" in listed())
    users = listed(QuickConnectTypes=["USER"])
    assert set(centre.users) <= set(users), users
    alice = {"InstanceId": instance, "QuickConnectId": users["alice"]["Id"]}
    seen = centre.east.describe_quick_connect(**alice)["QuickConnect"]
    equal((seen["Name"], seen["QuickConnectConfig"]["UserConfig"]["UserId"]), ("alice", centre.users["alice"]), "the agent's")
    fails("InvalidRequestException", centre.west.delete_quick_connect, **alice)
    fails("InvalidRequestException", centre.west.update_quick_connect_name, Name="x", **alice)
    centre.west.update_quick_connect_name(Name="third level", **made)
    centre.west.update_quick_connect_config(QuickConnectConfig={"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+12025550123"}}, **made)
    queue = {"InstanceId": instance, "QueueId": centre.queues["sales"]}
    centre.west.associate_queue_quick_connects(QuickConnectIds=[made["QuickConnectId"], alice["QuickConnectId"]], **queue)
    of_queue = lambda region: {row["Name"] for row in region.list_queue_quick_connects(**queue)["QuickConnectSummaryList"]}
    until("the associations", lambda: of_queue(centre.east) == {"third level", "alice"})
    centre.east.disassociate_queue_quick_connects(QuickConnectIds=[alice["QuickConnectId"]], **queue)
    centre.east.delete_quick_connect(**made)
    equal(of_queue(centre.east), set(), "the associations")


run(Centre)
