#!/usr/bin/env python3
"""Goal: the shares of a group come to be at the instances of others, by the fewest calls that are safe, or it is told what
stands in the way and where it stopped. Method: a second centre as the instances of somebody else; for what a real one
does rarely (refuse, throttle, fall silent, hold phone numbers), a small server that speaks the same API."""
import contextlib
import http.server
import json
import os
import socket
import subprocess
import threading
import urllib.parse
import uuid

from centre import BIN, Centre, case, equal, isolated, run

isolated()
EAST, WEST, EU = "us-east-1", "us-west-2", "eu-central-1"
ALL = [EAST, WEST, EU]
IDS = {"UpdateTrafficDistribution": "/traffic-distribution/", "ListTrafficDistributionGroups": "/traffic-distribution-groups",
       "DescribeTrafficDistributionGroup": "/traffic-distribution-group/", "DescribeInstance": "/instance/"}


class Two:
    """A centre whose shares are realised, and one that is somebody else's."""

    def __enter__(self):
        self.own = Centre("--regions", ",".join(ALL), "--no-sample")
        try:
            self.foreign = Centre("--regions", ",".join(ALL))
        except BaseException:
            self.own.close()
            raise
        self.secret = self.own.path("foreign.secret")
        with open(self.secret, "w", encoding="ascii") as file:
            file.write(self.foreign.secret)
        os.chmod(self.secret, 0o600)
        return self

    def __exit__(self, *_):
        try:
            self.foreign.close()
        finally:
            self.own.close()

    def file(self, numbers, endpoints=None, links=None):
        """Writes the file that names the foreign instances; JSON is YAML."""
        at = lambda url: {"url": url, "instance": self.foreign.instance, "access_key": self.foreign.key, "secret": "file:" + self.secret}
        urls = endpoints or {region: self.foreign.urls[region] for region in ALL}
        text = {"endpoints": {region: at(url) for region, url in urls.items()}, "numbers": numbers}
        if links:
            text["links"] = [{"source": a, "replica": b} for a, b in links]
        with open(self.own.path("amazon.yaml"), "w", encoding="utf-8") as file:
            json.dump(text, file)
        return self.own.path("amazon.yaml")

    def shares(self, **percents):
        named = [f"{region}={percents.get(region.replace('-', '_'), 0)}" for region in ALL]
        self.own.tandem("distribution", "set", "default", *named, "--override", "step-limit")

    def realise(self, file, *more, status=0):
        done = subprocess.run([f"{BIN}/tandem", "distribution", "realise", "default", "--plan", file, "--json", *more, "--dir", self.own.dir],
                              capture_output=True, text=True, check=False, timeout=120)
        equal(done.returncode, status, f"the status, saying {done.stdout[-600:]}{done.stderr[-600:]}")
        return json.loads(done.stdout)

    def groups(self):
        """What the foreign centre says itself: name of a group to its percentages."""
        api = self.foreign.connect(EAST)
        listed = api.call("GET", "/traffic-distribution-groups?instanceId={}&maxResults=10")["TrafficDistributionGroupSummaryList"]
        found = {}
        for group in listed:
            config = api.call("GET", "/traffic-distribution/" + group["Id"])["TelephonyConfig"]
            found[group["Name"]] = {d["Region"]: d["Percentage"] for d in config["Distributions"] if d["Percentage"]}
        return found


class Fake(contextlib.AbstractContextManager):
    """The API of one instance in several regions, each at a port of its own. `refuse`: operation to a list of answers that
    come first: (status, name), or None to hang up. `calls`: what changed something or was refused."""

    def __init__(self, regions, instance):
        self.groups, self.numbers, self.refuse, self.calls, self.instance = {}, {}, {}, [], instance
        self.servers = {region: http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler(region)) for region in regions}
        for server in self.servers.values():
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.urls = {region: f"http://127.0.0.1:{server.server_port}" for region, server in self.servers.items()}

    def __exit__(self, *_):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def arn(self, region, group):
        return f"arn:aws:connect:{region}:123456789012:traffic-distribution-group/{group}"

    def answer(self, region, method, path, query, body):
        """Operation, what changes, and the answer."""
        key = urllib.parse.unquote(path.rpartition("/")[2]).rpartition("/")[2]
        if path.startswith("/instance/"):
            return "DescribeInstance", lambda: {"Instance": {"Id": self.instance, "InstanceStatus": "ACTIVE"}}
        if path == "/traffic-distribution-groups":
            first = int(query.get("nextToken", ["0"])[0])  # pages of one
            rows = [{"Id": g, "Arn": v["arn"], "Name": v["name"], "IsDefault": False} for g, v in self.groups.items()]
            return "ListTrafficDistributionGroups", lambda: {"TrafficDistributionGroupSummaryList": rows[first:first + 1],
                                                             **({"NextToken": str(first + 1)} if first + 1 < len(rows) else {})}
        if path == "/traffic-distribution-group":
            def create():
                group = str(uuid.uuid4())
                self.groups[group] = {"name": body["Name"], "arn": self.arn(region, group), "shares": {region: 100}}
                return {"Id": group, "Arn": self.groups[group]["arn"]}
            return "CreateTrafficDistributionGroup", create
        if path.startswith("/traffic-distribution-group/"):
            return "DescribeTrafficDistributionGroup", lambda: {"TrafficDistributionGroup": {"Status": "ACTIVE"}}
        if path.startswith("/traffic-distribution/") and method == "GET":
            shares = lambda: [{"Region": r, "Percentage": p} for r, p in self.groups[key]["shares"].items()]
            return "GetTrafficDistribution", lambda: {"TelephonyConfig": {"Distributions": shares()}}
        if path.startswith("/traffic-distribution/"):
            def update():
                self.groups[key]["shares"] = {d["Region"]: d["Percentage"] for d in body["TelephonyConfig"]["Distributions"]}
                return {}
            return "UpdateTrafficDistribution", update
        if path.startswith("/phone-number/") and method == "GET":
            return "DescribePhoneNumber", lambda: {"ClaimedPhoneNumberSummary": {"PhoneNumberId": key, "TargetArn": self.numbers[key]}}

        def move():
            self.numbers[key] = body["TargetArn"]
            return {}
        return "UpdatePhoneNumber", move

    def handler(self, region):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                at = urllib.parse.urlsplit(self.path)
                assert f"/{region}/connect/aws4_request" in self.headers["authorization"], "signed for elsewhere"
                operation, act = fake.answer(region, self.command, at.path, urllib.parse.parse_qs(at.query), json.loads(body or b"{}"))
                waiting = fake.refuse.get(operation) or []
                if self.command == "PUT" or waiting:
                    fake.calls.append(operation)
                if waiting:
                    refusal = waiting.pop(0)
                    if refusal is None:
                        self.close_connection = True
                        return
                    self.reply(refusal[0], {"Message": "so it is"}, refusal[1])
                    return
                self.reply(200, act())

            def reply(self, status, answer, name=None):
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.send_header("x-amzn-requestid", "request-7")
                if name:
                    self.send_header("x-amzn-errortype", name)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = handle_one

            def log_message(self, *_):
                pass

        return Handler


def operations(plan):
    return [call["operation"].replace("TrafficDistribution", "") for call in plan["calls"]]


NEAR = [{"name": "america", "weight": 60, "callers": "+1"}, {"name": "germany", "weight": 40, "callers": "+49"}]


@case("it says what it would do, and does nothing")
def dry(two):
    two.shares(us_east_1=34, us_west_2=26, eu_central_1=40)
    before = two.groups()
    plan = two.realise(two.file(NEAR), "--dry-run")
    equal(two.groups(), before, "the groups")
    equal(operations(plan), ["CreateGroup", "Update"] * 2, "the calls")
    equal([(r["region"], r["gets"], r["residual"]) for r in plan["regions"]], [(EAST, 36, 2), (WEST, 24, -2), (EU, 40, 0)], "the regions")
    equal((plan["largest_residual"], plan["proven"], plan["objections"]), (2, True, []), "the verdict")
    text = two.own.tandem("distribution", "realise", "default", "--plan", two.file(NEAR), "--dry-run")
    for words in ("not realised: 2 % at most in a region, 2 % in all; no legal groups come nearer", "no rule objects",
                  "call 1: CreateTrafficDistributionGroup at us-east-1"):
        assert words in text, f"{words} is not in {text}"


@case("done, the other side has it, and done again there is nothing to do")
def done(two):
    plan = two.realise(two.file(NEAR))
    assert all(call["done"] for call in plan["calls"]), plan["calls"]
    groups = two.groups()
    for numbers in plan["numbers"]:
        equal(groups[numbers["group"]], numbers["percents"], numbers["name"])
    equal({n["name"]: n["percents"] for n in plan["numbers"]}, {"america": {EAST: 60, WEST: 40}, "germany": {EU: 100}}, "who goes where")
    equal(len(plan["by_hand"]), 2, "what a person does")
    again = two.realise(two.file(NEAR))
    equal((again["calls"], again["by_hand"], again["largest_residual"]), ([], [], 2), "again")


@case("a change of shares moves in steps, and only what has to move")
def change(two):
    two.shares(us_east_1=0, us_west_2=60, eu_central_1=40)
    plan = two.realise(two.file(NEAR))
    equal([call["percents"] for call in plan["calls"]], [{EAST: 10, WEST: 90}, {WEST: 100}], "two steps of at most 50 points")
    equal(two.groups()[plan["calls"][0]["group"]], {WEST: 100}, "the other side")


@case("a group that stands there already is used, also the default")
def standing(two):
    two.shares(us_east_1=70, us_west_2=30)
    plan = two.realise(two.file([{"name": "all", "weight": 100, "group": "default"}], {r: two.foreign.urls[r] for r in (EAST, WEST, EU)},
                                [(EAST, WEST)]), "--dry-run", status=0)
    equal(operations(plan), ["Update"], "the calls")
    equal(plan["calls"][0]["group"], "default", "the group")


@case("a file that makes no sense is refused, and says where")
def file(two):
    for numbers, words in (
            ([{"name": "a", "weight": 50}], "50 % together, not 100"),
            ([{"name": "a", "weight": 33.33}], "the nearest is 33.3"),
            ([{"name": "a", "weight": 100, "wieght": 1}], "'wieght' is none of"),
            ([{"name": "a", "weight": 100, "home": "mars-1"}], "no endpoint of region mars-1"),
            ([{"name": "a", "weight": 100, "callers": "49"}], "nobody knows where callers"),
            ([{"name": "a", "weight": 100, "ids": ["x"]}], "ids need 'home'"),
            ([{"weight": 100}], "'name' is missing")):
        said = two.realise(two.file(numbers), status=2)
        equal(said["error"], "invalid", words)
        assert words in said["detail"], said
    said = two.realise("/nowhere.yaml", status=2)
    assert "cannot read" in said["detail"], said


@case("a region that the other side does not have is refused in its words")
def unknown(two):
    urls = {EAST: two.foreign.urls[EAST], "ap-south-1": two.foreign.urls[EAST]}
    said = two.realise(two.file([{"name": "all", "weight": 100}], urls), status=4)
    for words in ("DescribeInstance at ap-south-1", "nothing was changed", "allow connect:DescribeInstance"):
        assert words in said["detail"], said


def closed():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


ONE = [{"name": "all", "weight": 100}]


@case("nothing goes into a region that is away, unless a person says so; away altogether, nothing is changed")
def away(two):
    two.shares(us_east_1=50, us_west_2=50)
    with Fake([EAST], two.foreign.instance) as fake:
        file = two.file(ONE, {EAST: fake.urls[EAST], WEST: closed()})
        plan = two.realise(file, status=4)
        equal([o["rule"] for o in plan["objections"]], ["unready-region"], "what objects")
        assert "override unready-region" in plan["detail"], plan
        equal(fake.calls, [], "calls")
        two.realise(file, "--override", "unready-region")
        equal([g["shares"] for g in fake.groups.values()], [{EAST: 50, WEST: 50}], "what stands")
        two.shares(us_east_1=100, us_west_2=0)  # out of it there is no objection
        equal([c["percents"] for c in two.realise(file)["calls"]], [{EAST: 100}], "the calls")
    said = two.realise(two.file(ONE, {EAST: closed(), WEST: closed()}), status=3)
    assert "nothing was changed" in said["detail"], said


@case("the region where a group was made is away: the other one is asked, by the group's ARN")
def by_arn(two):
    two.shares(us_east_1=50, us_west_2=50)
    with Fake([EAST, WEST], two.foreign.instance) as fake:
        two.realise(two.file(ONE, fake.urls))
        two.shares(us_east_1=0, us_west_2=100)
        plan = two.realise(two.file(ONE, {EAST: closed(), WEST: fake.urls[WEST]}))
        equal([(c["region"], c["percents"]) for c in plan["calls"]], [(WEST, {WEST: 100})], "the calls")
        equal([g["shares"] for g in fake.groups.values()], [{EAST: 0, WEST: 100}], "what stands")


@case("at the first refused call it stops, says what stands and what to do, and goes on from there")
def refused(two):
    two.shares(us_east_1=50, us_west_2=50)
    with Fake([EAST, WEST], two.foreign.instance) as fake:
        sets = [{"name": "a", "weight": 50}, {"name": "b", "weight": 50}]
        two.realise(two.file(sets, fake.urls))
        two.shares(us_east_1=100, us_west_2=0)
        fake.refuse["UpdateTrafficDistribution"] = [(403, "AccessDeniedException")]
        plan = two.realise(two.file(sets, fake.urls), status=4)
        equal([c["done"] for c in plan["calls"]], [False] * len(plan["calls"]), "what was done")
        for words in ("stopped at call 1 of", "none carried out", "AccessDeniedException", "request-7", "allow connect:UpdateTrafficDistribution",
                      "the shares are now us-east-1 50 %, us-west-2 50 %", "the same command again"):
            assert words in plan["detail"], f"{words}: {plan['detail']}"
        again = two.realise(two.file(sets, fake.urls))
        equal(len(again["calls"]), len(plan["calls"]), "the same calls again")
        equal([g["shares"][EAST] for g in fake.groups.values()], [100, 100], "what stands")


@case("throttled it waits and asks again; throttled to the end it says so")
def throttled(two):
    two.shares(us_east_1=50, us_west_2=50)
    slow = (429, "ThrottlingException")
    with Fake([EAST, WEST], two.foreign.instance) as fake:
        fake.refuse["CreateTrafficDistributionGroup"] = [slow]
        fake.refuse["UpdateTrafficDistribution"] = [slow, (400, "ThrottlingException")]
        two.realise(two.file(ONE, fake.urls))
        equal(fake.calls, ["CreateTrafficDistributionGroup"] * 2 + ["UpdateTrafficDistribution"] * 3, "the calls")
        two.shares(us_east_1=20, us_west_2=80)
        fake.refuse["UpdateTrafficDistribution"] = [slow] * 3
        plan = two.realise(two.file(ONE, fake.urls), status=4)
        for words in ("tried 3 times", "wait a minute", "stopped at call 1 of 1"):
            assert words in plan["detail"], plan["detail"]


@case("when it falls silent in the middle, nobody claims to know")
def silent(two):
    two.shares(us_east_1=60, us_west_2=40)
    with Fake([EAST, WEST], two.foreign.instance) as fake:
        fake.refuse["UpdateTrafficDistribution"] = [None] * 20
        plan = two.realise(two.file(ONE, fake.urls), status=3)
        equal([c["done"] for c in plan["calls"]], [True, False], "what was done")
        assert "nobody knows whether this call was carried out" in plan["detail"], plan["detail"]
        fake.refuse.clear()
        two.realise(two.file(ONE, fake.urls))
        equal([g["shares"] for g in fake.groups.values()], [{EAST: 60, WEST: 40}], "what stands in the end, in one group")


@case("phone numbers follow their group to another pair of regions, after it is distributed")
def numbers(two):
    two.shares(us_east_1=50, us_west_2=50)
    with Fake(ALL, two.foreign.instance) as fake:
        fake.numbers = {"n-1": f"arn:aws:connect:{EAST}:123456789012:instance/{two.foreign.instance}"}
        fake.numbers["n-2"] = fake.numbers["n-1"]
        sets = [{"name": "all", "weight": 100, "home": EAST, "ids": ["n-1", "n-2"]}]
        links = [(EAST, WEST), (EAST, EU)]
        two.realise(two.file(sets, fake.urls, links))
        first = next(iter(fake.groups.values()))
        equal(set(fake.numbers.values()), {first["arn"]}, "where the numbers lead")
        two.shares(us_east_1=50, eu_central_1=50)
        fake.calls.clear()
        plan = two.realise(two.file(sets, fake.urls, links))
        equal(fake.calls, [c["operation"] for c in plan["calls"]], "the calls")
        second = next(g for g in fake.groups.values() if g is not first)
        equal((set(fake.numbers.values()), second["shares"]), ({second["arn"]}, {EAST: 50, EU: 50}), "where the numbers lead")
        assert fake.calls.index("UpdatePhoneNumber") > fake.calls.index("UpdateTrafficDistribution"), fake.calls
        equal(two.realise(two.file(sets, fake.urls, links))["calls"], [], "again")
        fake.numbers["n-1"] = fake.arn(EAST, str(uuid.uuid4()))
        said = two.realise(two.file(sets, fake.urls, links), status=2)
        assert "which is no group of this set" in said["detail"], said


run(Two)
