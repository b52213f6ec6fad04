#!/usr/bin/env python3
"""Prints requests signed by botocore, for src/codec/sigv4_botocore_test.cc to verify.

usage: sigv4_botocore.py COUNT SEED
Each line: seconds since 1970, then method, target, body and headers (name:value, joined by newlines), each in base64.
The first line names the version. Exit status 77 with the reason on standard error: botocore is not installed.
"""
import base64
import datetime
import random
import sys
from unittest import mock
from urllib.parse import quote, urlsplit

try:
    import botocore
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.utils import percent_encode_sequence
except ImportError as reason:
    print(f"{sys.executable}: {reason}", file=sys.stderr)
    sys.exit(77)

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ALPHABET = "abcXYZ019-._~:/?#[]@!$&'()*+,;=% \"<>\\^`{|}\u00e9\u1234\U0001f600"


def words(draw, longest):
    return "".join(draw.choice(ALPHABET) for _ in range(draw.randint(1, longest)))


def signed(draw):
    # As botocore's serializer does it: labels and query values are percent-encoded into the URL.
    segments = [quote(words(draw, 12), safe="-._~") for _ in range(draw.randint(0, 4))]
    if draw.random() < 0.3:
        segments.append(quote("arn:aws:connect:us-east-1:123456789012:instance/7d/queue/9", safe="-._~"))
    query = [(words(draw, 6), words(draw, 8)) for _ in range(draw.randint(0, 4))]
    if query and draw.random() < 0.3:
        query.append((query[0][0], words(draw, 8)))
    url = "http://127.0.0.1:4566/" + "/".join(segments)
    if query:
        url += "?" + percent_encode_sequence(query)
    headers = {"Content-Type": "application/json"}
    if draw.random() < 0.5:
        headers["X-Amz-Extra"] = "  a   b\t c " + str(draw.random())
    body = words(draw, 200).encode() if draw.random() < 0.7 else b""
    request = AWSRequest(method=draw.choice(["GET", "PUT", "POST", "DELETE"]), url=url, headers=headers, data=body)
    at = datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)
    at += datetime.timedelta(seconds=draw.randint(0, 10**8))
    signer = botocore.auth.SigV4Auth(Credentials("AKIDEXAMPLE", SECRET), "connect", "us-west-2")
    if hasattr(botocore.auth, "get_current_datetime"):
        clock = mock.patch("botocore.auth.get_current_datetime", return_value=at)
    else:
        clock = mock.patch("botocore.auth.datetime.datetime", mock.Mock(wraps=datetime.datetime))
    with clock as fixed:
        if not hasattr(botocore.auth, "get_current_datetime"):
            fixed.utcnow.return_value = at
            fixed.strptime = datetime.datetime.strptime
        signer.add_auth(request)
    parts = urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    lines = ["host:" + parts.netloc] + [f"{name.lower()}:{value}" for name, value in request.headers.items()]
    return int(at.timestamp()), [request.method, target, body, "\n".join(lines)]


def main():
    draw = random.Random(int(sys.argv[2]))
    print("botocore", botocore.__version__)
    for _ in range(int(sys.argv[1])):
        at, fields = signed(draw)
        encoded = (base64.b64encode(f if isinstance(f, bytes) else f.encode()).decode() or "-" for f in fields)
        print(at, *encoded)


if __name__ == "__main__":
    main()
