#!/usr/bin/env python3
"""Prints requests as botocore writes them, for src/api/connect/operations/botocore_test.cc to route and judge.

usage: requests_botocore.py ROUNDS SEED
For every described operation the installed botocore knows, ROUNDS valid inputs drawn within our limits, and each input
again for every rule it could break, with just that rule broken. One JSON object a line: service, operation, method,
target, headers, body, the input itself, and `broken`: null, or the rule. The first line names the version. Exit status
77 with the reason on standard error: botocore is not installed.
"""
import json
import random
import sys
from urllib.parse import urlsplit

from models_test import DESCRIPTIONS, Description

try:
    import botocore
    import botocore.loaders
    import botocore.model
    import botocore.serialize
    from botocore.awsrequest import create_request_object, prepare_request_dict
except ImportError as reason:
    print(f"{sys.executable}: {reason}", file=sys.stderr)
    sys.exit(77)

LETTERS = "abcXYZ019 -._~:/?#[]@!$&'()*+,;=%\"<>\\^`{|}\u00e9\u1234\U0001f600"
# A value for each pattern, by the name of its type.
MATCHING = {
    "AwsRegion": "us-east-1", "RegionName": "us-west-2", "ContactTagKey": "team", "TagKey": "team \u00e9",
    "CurrentMetricId": "arn:aws:connect:us-east-1:aws:metric/CONTACTS_IN_QUEUE", "DirectoryAlias": "centre-1",
    "FileName": "a b.txt", "FlowContentSha256": "0" * 64, "Password": "Passw0rd!", "PhoneNumber": "+12025550123",
    "SensitivePhoneNumber": "+12025550123", "ReferenceArn": "arn:aws:connect:us-east-1:1:x", "ViewId": "view-1",
    "InstanceIdOrArn": "0190b2a4-7c1d-7e6f-8a9b-0c1d2e3f4a5b", "CommonHumanReadableName": "Christmas \u00e9", "CommonHumanReadableDescription": "closed\nall day",
    "HoursOfOperationOverrideYearMonthDayDateFormat": "2026-12-24",
    "TrafficDistributionGroupId": "0190b2a4-7c1d-7e6f-8a9b-0c1d2e3f4a5b",
    "TrafficDistributionGroupIdOrArn": "0190b2a4-7c1d-7e6f-8a9b-0c1d2e3f4a5b", "Name128": "a group",
    "Description250": "what it is for",
}
UNMATCHED = " " + "\u0007" * 20 + " "
LONGEST_BROKEN = 40_000


class Draw:
    """Draws one input; breaks the rule number `broken` on its way, and counts the rules it met."""

    def __init__(self, description, seed, broken):
        self.description, self.random, self.broken = description, random.Random(seed), broken
        self.rules, self.name = 0, None

    def breaks(self, rule):
        self.rules += 1
        if self.rules - 1 != self.broken:
            return False
        self.name = rule
        return True

    def members(self, mine, theirs, depth, union=False):
        names = [name for name in mine if name in theirs.members]
        if union:
            names = [self.random.choice(names)]
        out = {}
        for name in names:
            member = mine[name]
            if member["required"]:
                # Without a path parameter there is no request.
                if member["location"] != "uri" and self.breaks(f"{name} missing"):
                    continue
            elif not union and (depth > 3 or self.random.random() < 0.4):
                continue
            out[name] = self.value(member["type"], theirs.members[name], depth, member["location"])
        return out

    def size(self, shape, name, usual, least=0):
        low, high = shape.get("min", 0), shape.get("max")
        if low > least and self.breaks(f"{name} below {low}"):
            return low - 1
        if high is not None and high < LONGEST_BROKEN and self.breaks(f"{name} above {high}"):
            return high + 1
        low = max(low, least)
        return self.random.randint(low, max(low, min(usual, usual if high is None else high)))

    def value(self, ref, theirs, depth, location=None):
        shape = self.description.resolve(ref)
        kind = shape["type"]
        if kind == "structure":
            return self.members(shape["members"], theirs, depth + 1, shape["union"])
        if kind == "list":
            # A query says nothing of an empty list.
            count = self.size(shape, "list", 3, least=1 if location == "querystring" else 0)
            return [self.value(shape["element"], theirs.member, depth + 1, location) for _ in range(count)]
        if kind == "map":
            out, count = {}, self.size(shape, "map", 3)
            while len(out) < count:
                key = self.value(shape["key"], theirs.key, depth)
                out[f"{key}{len(out)}" if key in out else key] = self.value(shape["element"], theirs.value, depth + 1)
            return out
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "timestamp":
            return self.random.randint(0, 2**32)
        if kind in ("integer", "long"):
            low, high = shape.get("min", -(2**31)), shape.get("max", 2**31 - 1)
            if "min" in shape and self.breaks(f"number below {low}"):
                return low - 1
            if "max" in shape and high < 2**31 - 1 and self.breaks(f"number above {high}"):
                return high + 1
            return self.random.randint(low, high)
        if kind in ("float", "double"):
            return shape.get("min", 0) + 0.5
        if "enum" in shape:
            if self.breaks(f"no value of {ref}"):
                return "NO_SUCH_VALUE"
            known = set(shape["enum"]) & set(getattr(theirs, "enum", None) or shape["enum"])
            return self.random.choice(sorted(known))
        if "pattern" in shape:
            return UNMATCHED if self.breaks(f"unlike {ref}") else MATCHING[ref]
        # A path without one of its parts is another path; a header carries less than JSON does.
        count = self.size(shape, "string", 12, least=1 if location == "uri" else 0)
        return "".join(self.random.choice("abc019-._" if location == "header" else LETTERS) for _ in range(count))


def main():
    rounds, seed = int(sys.argv[1]), int(sys.argv[2])
    print(f"botocore {botocore.__version__}")
    loader = botocore.loaders.Loader()
    for service, file in (("connect", "connect.api"), ("connectparticipant", "participant.api")):
        description = Description(DESCRIPTIONS / file)
        model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
        serializer = botocore.serialize.create_serializer("rest-json", include_validation=False)
        for name in sorted(set(description.operations) & set(model.operation_names)):
            operation = model.operation_model(name)
            for number in range(rounds):
                broken, rules = -1, 0
                while broken < rules:
                    draw = Draw(description, f"{seed} {name} {number}", broken)
                    given = draw.members(description.operations[name]["in"], operation.input_shape, 0)
                    # The rules are counted on the valid input; each is broken in turn after it.
                    rules = draw.rules if broken < 0 else rules
                    request = serializer.serialize_to_request(given, operation)
                    prepare_request_dict(request, endpoint_url="http://127.0.0.1:4566")
                    prepared = create_request_object(request).prepare()
                    url = urlsplit(prepared.url)
                    body = prepared.body or b""
                    headers = {key.lower(): value if isinstance(value, str) else value.decode()
                               for key, value in prepared.headers.items()}
                    print(json.dumps({
                        "service": service, "operation": name, "method": prepared.method,
                        "target": url.path + ("?" + url.query if url.query else ""), "headers": headers,
                        "body": body if isinstance(body, str) else body.decode(), "input": given, "broken": draw.name}))
                    broken += 1


if __name__ == "__main__":
    main()
