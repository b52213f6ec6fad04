#!/usr/bin/env python3
"""Goal: stock AWS clients manage either region: what is created in one is seen in the other under the same id, and
errors carry the service's names. Method: boto3 and every AWS CLI on this machine, as `tandem env` prepares them."""
import json
import os
import re
import subprocess
import uuid

from centre import BIN, Centre, Refused, Skip, case, equal, fetch, isolated, judged, run, signed, until

isolated()
try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError as reason:
    boto3, MISSING = None, str(reason)

EAST, WEST = "us-east-1", "us-west-2"
FLOW = json.dumps({
    "Version": "2019-10-30", "StartAction": "bye", "Metadata": {},
    "Actions": [{"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]})


def client(centre, region, key=None, secret=None, signed_for=None):
    if boto3 is None:
        raise Skip(MISSING)
    return boto3.client("connect", region_name=signed_for or region, endpoint_url=centre.urls[region], aws_access_key_id=key or centre.key,
                        aws_secret_access_key=secret or centre.secret, config=Config(retries={"total_max_attempts": 1}))


def fails(name, ask):
    try:
        answer = ask()
    except ClientError as error:
        equal(error.response["Error"]["Code"], name, "the error")
        assert error.response["Error"]["Message"], error.response
        return
    except Refused as error:
        equal(error.name, name, "the error")
        return
    raise AssertionError(f"no {name} but {answer}")


def ids_of(rows):
    return {row["Id"]: row.get("Name") or row.get("Username") for row in rows}


@case("boto3 creates in one region and describes in the other, ids equal")
def created(centre):
    east, west, instance = client(centre, EAST), client(centre, WEST), centre.instance
    hours = {row["Name"]: row["Id"] for row in east.list_hours_of_operations(InstanceId=instance)["HoursOfOperationSummaryList"]}
    security = {row["Name"]: row["Id"] for row in east.list_security_profiles(InstanceId=instance)["SecurityProfileSummaryList"]}
    queue = east.create_queue(InstanceId=instance, Name="returns", Description="what comes back", HoursOfOperationId=hours["always open"])
    profile = east.create_routing_profile(
        InstanceId=instance, Name="returns only", Description="one chat", DefaultOutboundQueueId=queue["QueueId"],
        QueueConfigs=[{"QueueReference": {"QueueId": queue["QueueId"], "Channel": "CHAT"}, "Priority": 1, "Delay": 0}],
        MediaConcurrencies=[{"Channel": "CHAT", "Concurrency": 1}])
    user = east.create_user(
        InstanceId=instance, Username="erin", Password="Welcome2Tandem", IdentityInfo={"FirstName": "Erin", "LastName": "Eder"},
        PhoneConfig={"PhoneType": "SOFT_PHONE"}, SecurityProfileIds=[security["Agent"]], RoutingProfileId=profile["RoutingProfileId"])
    flow = east.create_contact_flow(InstanceId=instance, Name="farewell", Type="CONTACT_FLOW", Content=FLOW)
    centre.made = {"queue": queue["QueueId"], "profile": profile["RoutingProfileId"], "user": user["UserId"],
                   "flow": flow["ContactFlowId"], "hours": hours["always open"], "security": security["Agent"]}
    made = centre.made
    until("the flow in the other region", lambda: made["flow"] in ids_of(west.list_contact_flows(InstanceId=instance)["ContactFlowSummaryList"]))
    equal(ids_of(west.list_queues(InstanceId=instance, QueueTypes=["STANDARD"])["QueueSummaryList"])[made["queue"]], "returns", "the queue")
    equal(ids_of(west.list_routing_profiles(InstanceId=instance)["RoutingProfileSummaryList"])[made["profile"]], "returns only", "the profile")
    equal(ids_of(west.list_users(InstanceId=instance)["UserSummaryList"])[made["user"]], "erin", "the user")
    seen = west.describe_queue(InstanceId=instance, QueueId=made["queue"])["Queue"]
    equal((seen["QueueId"], seen["Description"], seen["HoursOfOperationId"]), (made["queue"], "what comes back", made["hours"]), "the queue")
    assert seen["QueueArn"].startswith(f"arn:aws:connect:{WEST}:") and seen["QueueArn"].endswith(made["queue"]), seen
    seen = west.describe_routing_profile(InstanceId=instance, RoutingProfileId=made["profile"])["RoutingProfile"]
    equal((seen["DefaultOutboundQueueId"], seen["MediaConcurrencies"][0]["Concurrency"]), (made["queue"], 1), "the profile")
    seen = west.describe_user(InstanceId=instance, UserId=made["user"])["User"]
    equal((seen["Username"], seen["RoutingProfileId"], seen["SecurityProfileIds"]), ("erin", made["profile"], [made["security"]]), "the user")
    seen = west.describe_contact_flow(InstanceId=instance, ContactFlowId=made["flow"])["ContactFlow"]
    equal((seen["Name"], json.loads(seen["Content"])), ("farewell", json.loads(FLOW)), "the flow")


@case("both regions are one instance; lists come in pages")
def lists(centre):
    for region in (EAST, WEST):
        connect = client(centre, region)
        equal([row["Id"] for row in connect.list_instances()["InstanceSummaryList"]], [centre.instance], "the instances")
        equal(connect.describe_instance(InstanceId=centre.instance)["Instance"]["InstanceAlias"], "sample", "the alias")
        pages = connect.get_paginator("list_users").paginate(InstanceId=centre.instance, PaginationConfig={"PageSize": 2})
        names = [row["Username"] for page in pages for row in page["UserSummaryList"]]
        equal(sorted(names), sorted(set(names)), "users in pages")
        assert {"alice", "bob", "carol", "dave", "erin"} <= set(names), names
        statuses = connect.list_agent_statuses(InstanceId=centre.instance)["AgentStatusSummaryList"]
        assert {"Available", "Offline"} <= {row["Name"] for row in statuses}, statuses


@case("a flow changed in one region is changed in the other")
def flow_changed(centre):
    changed = FLOW.replace('"bye"', '"so long"')
    client(centre, WEST).update_contact_flow_content(InstanceId=centre.instance, ContactFlowId=centre.made["flow"], Content=changed)
    east = client(centre, EAST)
    until("the change", lambda: "so long" in east.describe_contact_flow(InstanceId=centre.instance, ContactFlowId=centre.made["flow"])["ContactFlow"]["Content"])
    fails("InvalidContactFlowException", lambda: east.update_contact_flow_content(
        InstanceId=centre.instance, ContactFlowId=centre.made["flow"], Content='{"Version": "2019-10-30", "StartAction": "nowhere", "Actions": []}'))


@case("errors carry the service's names")
def errors(centre):
    east, west, made, instance = client(centre, EAST), client(centre, WEST), centre.made, centre.instance
    again = {"InstanceId": instance, "Name": "returns", "HoursOfOperationId": made["hours"]}
    fails("DuplicateResourceException", lambda: east.create_queue(**again))
    fails("DuplicateResourceException", lambda: west.create_queue(**again))
    fails("DuplicateResourceException", lambda: west.create_user(
        InstanceId=instance, Username="erin", Password="Welcome2Tandem", PhoneConfig={"PhoneType": "SOFT_PHONE"},
        SecurityProfileIds=[made["security"]], RoutingProfileId=made["profile"]))
    fails("DuplicateResourceException", lambda: west.create_contact_flow(InstanceId=instance, Name="farewell", Type="CONTACT_FLOW", Content=FLOW))
    fails("ResourceInUseException", lambda: west.delete_queue(InstanceId=instance, QueueId=made["queue"]))
    fails("ResourceInUseException", lambda: west.delete_routing_profile(InstanceId=instance, RoutingProfileId=made["profile"]))
    fails("ResourceNotFoundException", lambda: east.describe_queue(InstanceId=instance, QueueId=str(uuid.uuid4())))
    fails("ResourceNotFoundException", lambda: east.list_queues(InstanceId=str(uuid.uuid4())))
    fails("ContactNotFoundException", lambda: east.stop_contact(InstanceId=instance, ContactId=str(uuid.uuid4())))
    # The client checks lengths itself, so this request is signed by hand.
    fails("InvalidParameterException", lambda: centre.connect(EAST).call("PUT", "/queues/{}", {"Name": "x" * 128, "HoursOfOperationId": made["hours"]}))


@case("signatures that are missing, unknown, wrong, old or of elsewhere are refused by name")
def signatures(centre):
    ask = lambda **how: lambda: client(centre, EAST, **how).list_queues(InstanceId=centre.instance)
    url = f"{centre.urls[EAST]}/queues-summary/{centre.instance}"
    good = lambda: signed("GET", url, b"", EAST, centre.key, centre.secret)
    equal(fetch(url, headers=good())[0], 200, "a good signature")
    fails("MissingAuthenticationTokenException", lambda: judged(fetch(url)))
    fails("IncompleteSignatureException", lambda: judged(fetch(url, headers={**good(), "authorization": "AWS4-HMAC-SHA256 Credential=x"})))
    wrong = lambda change: lambda: judged(fetch(url, headers={**good(), **change}))
    fails("InvalidSignatureException", wrong({"x-amz-date": "20150830T123600Z"}))
    tampered = good()
    tampered["authorization"] = tampered["authorization"][:-1] + ("0" if tampered["authorization"][-1] != "0" else "1")
    fails("InvalidSignatureException", lambda: judged(fetch(url, headers=tampered)))
    if boto3 is None:
        raise Skip("the rest needs boto3: " + MISSING)
    fails("UnrecognizedClientException", ask(key="AKIANOBODYHASTHISONE"))
    fails("InvalidSignatureException", ask(secret="wrong" * 8))
    fails("InvalidSignatureException", ask(signed_for="eu-central-1"))
    fails("InvalidSignatureException", ask(signed_for=WEST))


@case("contacts through boto3: a task starts, carries attributes, stops")
def contacts(centre):
    east, west, instance = client(centre, EAST), client(centre, WEST), centre.instance
    flows = {row["Name"]: row["Id"] for row in east.list_contact_flows(InstanceId=instance)["ContactFlowSummaryList"]}
    token = str(uuid.uuid4())
    order = {"InstanceId": instance, "ContactFlowId": flows["welcome"], "Name": "write back", "ClientToken": token, "Attributes": {"tier": "gold"}}
    task = east.start_task_contact(**order)["ContactId"]
    equal(east.start_task_contact(**order)["ContactId"], task, "the same token starts the same task")
    until("the task in the other region", lambda: described(west, instance, task))
    equal(west.get_contact_attributes(InstanceId=instance, InitialContactId=task)["Attributes"]["tier"], "gold", "an attribute")
    west.update_contact_attributes(InstanceId=instance, InitialContactId=task, Attributes={"tier": "platinum"})
    until("the new attribute", lambda: east.get_contact_attributes(InstanceId=instance, InitialContactId=task)["Attributes"]["tier"] == "platinum")
    west.stop_contact(InstanceId=instance, ContactId=task)
    until("the end", lambda: described(east, instance, task).get("DisconnectTimestamp"))


def described(connect, instance, contact):
    try:
        return connect.describe_contact(InstanceId=instance, ContactId=contact)["Contact"]
    except ClientError as error:
        equal(error.response["Error"]["Code"], "ResourceNotFoundException", "an unknown contact")
        return {}


@case("what is not in use is deleted everywhere")
def deleted(centre):
    east, west, made, instance = client(centre, EAST), client(centre, WEST), centre.made, centre.instance
    east.delete_user(InstanceId=instance, UserId=made["user"])
    until("the user to be gone", lambda: made["user"] not in ids_of(west.list_users(InstanceId=instance)["UserSummaryList"]))
    west.delete_routing_profile(InstanceId=instance, RoutingProfileId=made["profile"])
    west.delete_queue(InstanceId=instance, QueueId=made["queue"])
    west.delete_contact_flow(InstanceId=instance, ContactFlowId=made["flow"])
    until("the flow to be gone", lambda: made["flow"] not in ids_of(east.list_contact_flows(InstanceId=instance)["ContactFlowSummaryList"]))
    fails("ResourceNotFoundException", lambda: east.describe_queue(InstanceId=instance, QueueId=made["queue"]))
    # A name is free again once its holder is gone.
    queue = east.create_queue(InstanceId=instance, Name="returns", HoursOfOperationId=made["hours"])["QueueId"]
    assert queue != made["queue"]
    east.delete_queue(InstanceId=instance, QueueId=queue)


def clis():
    found = {}
    for folder in dict.fromkeys(["/usr/bin", *os.environ["PATH"].split(":")]):
        path = os.path.join(folder, "aws")
        if os.access(path, os.X_OK):
            done = subprocess.run([path, "--version"], capture_output=True, text=True)
            if done.returncode == 0:
                found.setdefault(re.match(r"aws-cli/(\S+)", done.stdout or done.stderr)[1], folder)
    return found


def shell(centre, region, folder, script, statuses=(0,)):
    """A person's shell: what `tandem env` prints, evaluated, and then commands."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PATH": f"{folder}:{environment['PATH']}", "HOME": centre.dir}
    text = f'set -e\neval "$({BIN}/tandem env {region} --dir {centre.dir})"\n{script}'
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode in statuses, f"{script}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@case("every AWS CLI, prepared by tandem env, lists in one region what it created in the other")
def cli(centre):
    found = clis()
    if not found:
        raise Skip("no aws in PATH")
    hours = centre.connect(EAST).ids("hours-of-operations")["always open"]
    for version, folder in found.items():
        name = f"by cli {version}"
        made = shell(centre, EAST, folder, f"aws connect create-queue --instance-id $INSTANCE_ID --name '{name}' --hours-of-operation-id {hours}")
        listed = shell(centre, WEST, folder, "aws connect list-queues --instance-id $INSTANCE_ID")
        equal(ids_of(json.loads(listed.stdout)["QueueSummaryList"]).get(json.loads(made.stdout)["QueueId"]), name, f"the queue by {version}")
        print(f"        with aws-cli {version}")
    refused = shell(centre, WEST, folder, f"aws connect describe-queue --instance-id $INSTANCE_ID --queue-id {uuid.uuid4()}", (254, 255))
    assert "ResourceNotFoundException" in refused.stderr, refused.stderr


@case("the AWS CLI makes a routing profile, a user and a flow")
def cli_rest(centre):
    found = clis()
    if not found:
        raise Skip("no aws in PATH")
    east, west = centre.connect(EAST), centre.connect(WEST)
    security = {row["Name"]: row["Id"] for row in east.call("GET", "/security-profiles-summary/{}")["SecurityProfileSummaryList"]}
    flow_file = centre.path("flow.json")
    with open(flow_file, "w", encoding="utf-8") as file:
        file.write(FLOW)
    made = shell(centre, EAST, next(iter(found.values())), f"""
profile=$(aws connect create-routing-profile --instance-id $INSTANCE_ID --name 'cli profile' --description cli \
  --default-outbound-queue-id {east.ids("queues")["sales"]} --media-concurrencies Channel=CHAT,Concurrency=1 --query RoutingProfileId --output text)
user=$(aws connect create-user --instance-id $INSTANCE_ID --username frank --password Welcome2Tandem --phone-config PhoneType=SOFT_PHONE \
  --security-profile-ids {security["Agent"]} --routing-profile-id $profile --query UserId --output text)
flow=$(aws connect create-contact-flow --instance-id $INSTANCE_ID --name 'cli flow' --type CONTACT_FLOW --content file://{flow_file} \
  --query ContactFlowId --output text)
echo "$profile $user $flow"
""").stdout.split()
    until("the flow in the other region", lambda: west.ids("contact-flows").get("cli flow") == made[2])
    equal([west.ids("routing-profiles")["cli profile"], west.ids("users")["frank"]], made[:2], "the ids in the other region")


run(Centre)
