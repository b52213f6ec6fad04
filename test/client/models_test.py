#!/usr/bin/env python3
"""Holds our descriptions of the Connect and Participant operations against the models inside the installed AWS clients.

usage: models_test.py [--verbose] [MODELS...]
MODELS: more places to look: a botocore package, or a folder with connect.json and connectparticipant.json

A client must be able to use every described operation as its own model says. So for each model found: method, path and
status are equal; each input member the client can send is known here, travels in the same place and is of the same type;
we ask for no member the client may leave out, and for no narrower limit, than its model does; each output member is
typed as the client reads it; each error we may answer with has the status the client knows. Names in MODELS without a
release of their own count as older than ours.

Releases differ, and that alone is no failure. A model older than ours may lack members and values; what a newer one
adds is printed as a note. Against a model of the very release we follow (`facts` in the files), all must be equal.
Prints `skipped: ...` and succeeds when no client is installed; ends with `N passed, N failed`: one per operation and model.
"""
import argparse
import gzip
import importlib.util
import json
import re
import sys
from pathlib import Path

DESCRIPTIONS = Path(__file__).resolve().parents[2] / "src/api/connect/operations"
# Where Debian's packages are, whichever python3 runs this.
DEBIAN = Path("/usr/lib/python3/dist-packages")
PLACES = {"path": "uri", "query": "querystring", "header": "header"}
BASES = {"string", "integer", "long", "float", "double", "boolean", "timestamp", "list", "map"}
# Patterns no sensible value meets as the models write them: slashes of a JavaScript literal, backslashes doubled.
MISWRITTEN = {
    r"/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/": r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}",
    r"\\+[1-9]\\d{1,14}$": r"\+[1-9]\d{1,14}$",
}
# Members that older models let a client leave out, which the service has refused ever since.
REQUIRED_SINCE = {"SearchUsers in.InstanceId"}


# --- our notation (src/api/model/README.md), read into the shapes botocore's JSON has ------------------------------


class Description:
    def __init__(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith('R"api(') and lines[-1] == ')api"', path
        self.operations, self.types, self.errors, self.facts = {}, {}, {}, {}
        part = None
        for line in lines[1:-1]:
            words = re.findall(r"`[^`]*`|\S+", line)
            if not words or words[0].startswith("#"):
                continue
            indentation = len(line) - len(line.lstrip())
            if indentation == 0:
                part = self.declare(words)
            elif indentation == 2 and isinstance(part, dict) and "uri" in part:
                section = part[words[0]]
            elif indentation == 2:
                self.add(part, words)
            else:
                self.add(section, words)

    def declare(self, words):
        keyword, name = words[:2]
        if keyword == "operation":
            operation = {"method": words[2], "uri": words[3], "status": int(words[4]), "in": {}, "out": {}, "errors": []}
            return self.operations.setdefault(name, operation)
        if keyword == "error":
            self.errors[name] = int(words[2])
            return {}
        if keyword in ("struct", "union"):
            self.types[name] = {"type": "structure", "members": {}, "union": keyword == "union"}
            return self.types[name]["members"]
        if keyword == "enum":
            self.types[name] = {"type": "string", "enum": []}
            return self.types[name]["enum"]
        if keyword == "type":
            self.types[name] = self.type(words[2:])
        else:
            self.facts[keyword] = name
        return None

    def add(self, to, words):
        if isinstance(to, list):
            to.extend(words)
            return
        name, rest = words[0], words[1:]
        member = {"required": name.endswith("!"), "location": None, "wire": name.rstrip("!")}
        if rest[0] in PLACES:
            member["location"] = PLACES[rest.pop(0)]
            if len(rest) > 1 and rest[0] not in BASES:
                member["wire"] = rest.pop(0)
        member["type"] = self.type(rest)
        assert not rest, words
        to[name.rstrip("!")] = member

    def type(self, words):
        """Takes a type off the front of `words`; a named one stays a name until `resolve`."""
        base = words.pop(0)
        if base not in BASES:
            return base
        shape = {"type": base}
        while words:
            if ".." in words[0]:
                for end, number in zip(("min", "max"), words.pop(0).split("..")):
                    if number:
                        shape[end] = int(number)
            elif words[0] == "secret":
                words.pop(0)
            elif words[0] == "matching":
                shape["pattern"] = words[1].strip("`")
                del words[:2]
            else:
                break
        if base == "list":
            assert words.pop(0) == "of"
            shape["element"] = self.type(words)
        elif base == "map":
            assert words.pop(0) == "of"
            shape["key"] = self.type(words)
            assert words.pop(0) == "to"
            shape["element"] = self.type(words)
        return shape

    def resolve(self, shape):
        return self.types[shape] if isinstance(shape, str) else shape


# --- the clients' models --------------------------------------------------------------------------------------------


class Client:
    """One installed model of one service."""

    def __init__(self, release, model):
        self.release, self.model = release, model

    def shape(self, name):
        return self.model["shapes"][name]

    def members(self, name):
        shape = self.shape(name) if name else {"members": {}}
        required = set(shape.get("required", []))
        for member, use in shape["members"].items():
            wire = use.get("locationName", member) if use.get("location") else member
            yield member, use["shape"], {"required": member in required, "location": use.get("location"), "wire": wire}


def read_model(folder, service):
    """The newest version of a service in a botocore package, or in a folder of plain models."""
    plain = folder / f"{service}.json"
    if plain.is_file():
        return json.loads(plain.read_text(encoding="utf-8"))
    files = sorted((folder / "data" / service).glob("*/service-2.json*"))
    if not files:
        return None
    read = gzip.open if files[-1].suffix == ".gz" else open
    with read(files[-1], "rt", encoding="utf-8") as file:
        return json.load(file)


def release_of(folder):
    """The release as numbers. Zeros if unknown: then the model counts as older than ours."""
    readme = folder.parent / "README.md"
    if (folder / "connect.json").is_file() and readme.is_file():
        found = re.search(r"botocore, version (\d+(?:\.\d+)*)", readme.read_text(encoding="utf-8"))
    else:
        init = folder / "__init__.py"
        text = init.read_text(encoding="utf-8") if init.is_file() else ""
        found = re.search(r"__version__ = '(\d+\.\d+\.\d+)'", text)
    return tuple(map(int, found[1].split("."))) if found else (0,)


def shown_release(folder, release):
    """The CLI carries a botocore of no release; its own says which it is."""
    if release != (0,):
        return ".".join(map(str, release))
    init = folder.parent / "__init__.py"
    found = re.search(r"__version__ = '([^']+)'", init.read_text(encoding="utf-8")) if init.is_file() else None
    return f"of {folder.parent.name} {found[1]}" if found else "of unknown release"


def installed(more):
    folders = [Path(folder) for folder in more]
    for package in ("botocore", "awscli.botocore"):
        try:
            spec = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            continue
        if spec and spec.submodule_search_locations:
            folders.append(Path(spec.submodule_search_locations[0]))
    folders += [DEBIAN / "botocore", DEBIAN / "awscli/botocore"]
    seen = set()
    for folder in folders:
        if folder.is_dir() and folder.resolve() not in seen:
            seen.add(folder.resolve())
            yield folder


# --- the comparison -------------------------------------------------------------------------------------------------


class Comparison:
    def __init__(self, ours, client):
        self.ours, self.client = ours, client
        facts = tuple(map(int, ours.facts["facts"].removeprefix("botocore-").split(".")))
        self.same, self.newer = client.release == facts, client.release > facts
        self.failures, self.notes, self.seen = [], [], set()

    def differ(self, place, what, tolerated):
        """A difference; `tolerated` when a client of another release works in spite of it."""
        (self.notes if tolerated and not self.same else self.failures).append(f"{place}: {what}")

    def operation(self, name):
        mine, theirs = self.ours.operations[name], self.client.model["operations"][name]
        self.seen = set()
        http = theirs["http"]
        for what, a, b in (("method", mine["method"], http["method"]), ("path", mine["uri"], http["requestUri"]),
                           ("status", mine["status"], http.get("responseCode", 200))):
            if a != b:
                self.differ(name, f"{what} is {a} here, {b} in the model", False)
        self.members(f"{name} in", mine["in"], theirs.get("input", {}).get("shape"), True)
        self.members(f"{name} out", mine["out"], theirs.get("output", {}).get("shape"), False)
        known = {error["shape"]: self.client.shape(error["shape"])["error"]["httpStatusCode"]
                 for error in theirs.get("errors", [])}
        for error in mine["errors"]:
            status = self.ours.errors[error]
            if error not in known:
                self.differ(name, f"{error} is not an error of the model", True)
            elif status != known[error]:
                self.differ(name, f"{error} has status {status} here, {known[error]} in the model", False)
        for error in known.keys() - set(mine["errors"]):
            self.differ(name, f"{error} is not described", True)

    def members(self, place, mine, theirs, sent):
        seen = set()
        for name, shape, use in self.client.members(theirs):
            seen.add(name)
            at = f"{place}.{name}"
            if name not in mine:
                # What only a newer client sends is ignored, as the service ignores what it does not know.
                self.differ(at, "not described", self.newer)
                continue
            member = mine[name]
            for what in ("location", "wire"):
                if member[what] != use[what]:
                    self.differ(at, f"{what} is {member[what]} here, {use[what]} in the model", False)
            if member["required"] != use["required"]:
                # No client checks that an answer has its required members.
                self.differ(at, f"required is {member['required']} here, {use['required']} in the model",
                            self.newer or not (sent and member["required"]) or at in REQUIRED_SINCE)
            self.shape(at, member["type"], shape, sent)
        for name in mine.keys() - seen:
            required = sent and mine[name]["required"]
            self.differ(f"{place}.{name}", "not in the model", not required)

    def shape(self, place, mine_ref, name, sent):
        mine, theirs = self.ours.resolve(mine_ref), self.client.shape(name)
        # Types may contain themselves; a pair that was compared once need not be again.
        if isinstance(mine_ref, str):
            if (mine_ref, name, sent) in self.seen:
                return
            self.seen.add((mine_ref, name, sent))
        if mine["type"] != theirs["type"]:
            self.differ(place, f"{mine['type']} here, {theirs['type']} in the model", False)
            return
        for end, narrower in (("min", lambda a, b: a > b), ("max", lambda a, b: a < b)):
            a, b = mine.get(end), theirs.get(end)
            if a != b:
                # A limit of our own refuses what the client lets through; only a newer release excuses that.
                strict = sent and a is not None and (b is None or narrower(a, b))
                self.differ(place, f"{end} is {a} here, {b} in the model", not strict or self.newer)
        pattern = MISWRITTEN.get(theirs.get("pattern"), theirs.get("pattern"))
        if mine.get("pattern") != pattern:
            # Only the service checks patterns, by those of today.
            self.differ(place, f"pattern is {mine.get('pattern')} here, {pattern} in the model", True)
        a, b = mine.get("enum"), theirs.get("enum")
        if (a is None) != (b is None):
            self.differ(place, f"enum is {a} here, {b} in the model", not sent or a is None)
        elif a is not None and set(a) != set(b):
            unknown = set(b) - set(a)
            self.differ(place, f"values only here: {sorted(set(a) - set(b))}, only in the model: {sorted(unknown)}",
                        self.newer or not (sent and unknown))
        if mine["type"] == "structure":
            if mine.get("union", False) != theirs.get("union", False):
                self.differ(place, "a union on one side only", not sent)
            self.members(place, mine["members"], name, sent)
        elif mine["type"] == "list":
            self.shape(place + "[]", mine["element"], theirs["member"]["shape"], sent)
        elif mine["type"] == "map":
            self.shape(place + "{key}", mine["key"], theirs["key"]["shape"], sent)
            self.shape(place + "{}", mine["element"], theirs["value"]["shape"], sent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--verbose", action="store_true", help="print every note")
    arguments = parser.parse_args()
    descriptions = {"connect": Description(DESCRIPTIONS / "connect.api"),
                    "connectparticipant": Description(DESCRIPTIONS / "participant.api")}
    passed = failed = models = 0
    for folder in installed(arguments.models):
        release = release_of(folder)
        for service, ours in descriptions.items():
            model = read_model(folder, service)
            if model is None:
                continue
            models += 1
            client = Client(release, model)
            comparison, lacking, good = Comparison(ours, client), [], 0
            for name in ours.operations:
                if name not in model["operations"]:
                    lacking.append(name)
                    continue
                before = len(comparison.failures)
                comparison.operation(name)
                good += len(comparison.failures) == before
            bad = len(ours.operations) - len(lacking) - good
            passed, failed = passed + good, failed + bad
            print(f"{folder} {service} {shown_release(folder, release)}: {good} operations agree, {bad} do not, "
                  f"{len(lacking)} not in this client ({' '.join(lacking) or '-'}), {len(comparison.notes)} notes")
            for line in comparison.failures:
                print(f"  FAILED {line}")
            for line in comparison.notes if arguments.verbose else []:
                print(f"  note {line}")
    if models == 0:
        print(f"skipped: no botocore with Connect models, neither in {sys.executable} nor under {DEBIAN}")
        return 0
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
