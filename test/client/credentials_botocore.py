#!/usr/bin/env python3
"""Prints environments and shared files, and whose key botocore finds in them, for src/io/aws_credentials/botocore_test.cc.

usage: credentials_botocore.py COUNT SEED
Each line is a JSON object: env, files (path to text), found: access key, secret and token, or null where there are none.
The first line names the version. Exit status 77 with the reason on standard error: botocore is not installed.
"""
import json
import os
import random
import sys
import tempfile

try:
    import botocore
    import botocore.exceptions
    import botocore.session
except ImportError as reason:
    print(f"{sys.executable}: {reason}", file=sys.stderr)
    sys.exit(77)

NAMES = ("default", "work", "a b", "x-1")


def settings(draw, who):
    lines = []
    blank = lambda: draw.choice(("", " ", "  "))
    mark = lambda: draw.choice(("", "", "", " # said", " ; said", "#no", "\t"))
    for name, value in (("aws_access_key_id", f"AKID{who}"), ("aws_secret_access_key", f"s/{who}+="), ("aws_session_token", f"t{who}==")):
        if draw.random() < (0.85 if name != "aws_session_token" else 0.3):
            lines.append(f"{draw.choice((name, name, name.upper()))}{blank()}={blank()}{value}{mark()}")
    for extra in ("region = us-west-2", "# a comment", "; another", "", "s3 =\n  max_concurrent_requests = 20\n  aws_access_key_id = nested", "output=json"):
        if draw.random() < 0.25:
            lines.append(extra)
    draw.shuffle(lines)
    return lines


def shared(draw, config, tag):
    lines = ["# shared file"] if draw.random() < 0.3 else []
    for n, name in enumerate(draw.sample(NAMES, draw.randint(0, len(NAMES)))):
        section = name
        if config and (name != "default" or draw.random() < 0.2):
            section = f"profile {name}" if draw.random() < 0.85 and " " not in name else name
        lines.append(f"[{section}]")
        lines += settings(draw, f"{tag}{n}")
    if draw.random() < 0.04:
        lines.insert(draw.randint(0, len(lines)), "noise without a sign")
    return "\n".join(lines) + "\n"


def found(env, files):
    with tempfile.TemporaryDirectory() as folder:
        real = dict(env)
        for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            path = os.path.join(folder, variable)
            if env[variable] in files:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(files[env[variable]])
            real[variable] = path
        os.environ.clear()
        os.environ.update(real)
        try:
            got = botocore.session.Session().get_credentials()
        except (botocore.exceptions.BotoCoreError, ValueError):
            return None
        return None if got is None else [got.access_key, got.secret_key, got.token or ""]


def main():
    count, draw = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    print(f"botocore {botocore.__version__}")
    for _ in range(count):
        env = {"AWS_SHARED_CREDENTIALS_FILE": "/c", "AWS_CONFIG_FILE": "/f", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
        if draw.random() < 0.3:
            env["AWS_PROFILE"] = draw.choice(NAMES + ("nobody",))
        if draw.random() < 0.2:
            env["AWS_ACCESS_KEY_ID"] = "AKIDENV"
            if draw.random() < 0.7:
                env["AWS_SECRET_ACCESS_KEY"] = "senv"
            if draw.random() < 0.4:
                env["AWS_SESSION_TOKEN"] = "tenv"
        files = {}
        if draw.random() < 0.8:
            files["/c"] = shared(draw, False, "C")
        if draw.random() < 0.8:
            files["/f"] = shared(draw, True, "F")
        print(json.dumps({"env": env, "files": files, "found": found(env, files)}))


main()
