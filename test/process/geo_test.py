#!/usr/bin/env python3
"""Goal: callers are taken to be where their address is, by a database that the node's settings name, and a bad file keeps
no node from serving. Method: one centre; files that the test writes itself; contacts that enter at the hub's gateway."""
import os
import struct

from centre import Centre, case, equal, isolated, run, until

isolated()
HUB, EAST, WEST = "hub", "us-east-1", "us-west-2"


def text(value):
    return bytes([2 << 5 | len(value)]) + value.encode()


def number(kind, size, value):
    return bytes([kind << 5 | size]) + value.to_bytes(size, "big")


def fields(*pairs):
    return bytes([7 << 5 | len(pairs)]) + b"".join(text(name) + value for name, value in pairs)


def database(places):
    """MaxMind's format 2.0: a tree of 24-bit records for IPv4, what its leaves point at, metadata. `places`: the first
    number of an address to latitude and longitude."""
    nodes, data = [[None, None]], b""
    for first, (latitude, longitude) in places.items():
        node = 0
        for bit in range(7, -1, -1):
            side = first >> bit & 1
            if bit == 0:
                nodes[node][side] = ("data", len(data))
            elif nodes[node][side] is None:
                nodes.append([None, None])
                nodes[node][side] = node = len(nodes) - 1
            else:
                node = nodes[node][side]
        real = lambda value: bytes([3 << 5 | 8]) + struct.pack(">d", value)
        data += fields(("location", fields(("latitude", real(latitude)), ("longitude", real(longitude)))))
    place = lambda r: len(nodes) if r is None else len(nodes) + 16 + r[1] if isinstance(r, tuple) else r
    tree = b"".join(place(record).to_bytes(3, "big") for node in nodes for record in node)
    about = fields(("node_count", number(6, 4, len(nodes))), ("record_size", number(5, 2, 24)), ("ip_version", number(5, 2, 4)),
                   ("database_type", text("Test-City")), ("languages", b"\0\4"), ("binary_format_major_version", number(5, 2, 2)),
                   ("binary_format_minor_version", number(5, 2, 0)), ("build_epoch", b"\x08\2" + (1_790_000_000).to_bytes(8, "big")),
                   ("description", fields()))
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about


class Located(Centre):
    def restart(self, path):
        """The hub, with this database."""
        if HUB in self.started:
            self.stop(HUB)
        else:
            self.tandem("down", "--only", HUB)
        with open(self.settings(HUB), encoding="utf-8") as file:
            kept = [line for line in file if not line.startswith("geo_ip:")]
        with open(self.settings(HUB), "w", encoding="utf-8") as file:
            file.write("".join(kept) + f"geo_ip: {path}\n")
        self.start(HUB)
        until("the hub to be ready", lambda: self.ready(HUB))
        until("the hub to hear both regions", lambda: not self.status()["problems"])

    def explained(self, attributes):
        """Where a task went, and the milliseconds that its gateway saw."""
        gateway = self.connect(HUB)
        body = {"InstanceId": self.instance, "ContactFlowId": gateway.ids("contact-flows")["welcome"], "Name": "a task",
                "Attributes": attributes}
        contact = gateway.call("PUT", "/contact/task", body)["ContactId"]
        look = lambda: next(c for c in self.ops(HUB, "contacts?live=0&limit=1000")["contacts"] if c["id"] == contact)
        until("the hub to have the contact", look)
        gateway.call("POST", "/contact/stop", {"InstanceId": self.instance, "ContactId": contact})
        told = self.json("distribution", "explain", contact)
        return told["region"], {o["region"]: o.get("cost_ms") for o in told["options"]}


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


@case("an address says where the caller is: the client's, or the one that is named")
def located(centre):
    centre.tandem("distribution", "set", "default", "--policy", "nearest-balanced")
    centre.restart(write(centre.path("places.mmdb"), database({127: (37.77, -122.42), 192: (40.71, -74.0)})))
    assert "(Test-City, built 2026-09-21)" in centre.log(HUB), "the log does not say what is used"
    near = lambda attributes: min((ms, region) for region, ms in centre.explained(attributes)[1].items())[1]
    equal(near({}), WEST, "the client of this test, whose 127.0.0.1 the file puts into San Francisco")
    equal(near({"tandem-caller": "192.0.2.1"}), EAST, "an address in New York")
    equal(near({"tandem-caller": "+12125550100"}), EAST, "a number, as ever")
    equal(set(centre.explained({"tandem-caller": "198.51.100.1"})[1].values()), {None}, "an address that is not in the file")


@case("a missing or damaged file is said, and the node goes on without it")
def damaged(centre):
    for path, words in ((centre.path("nowhere.mmdb"), "there is no file"), (write(centre.path("bad.mmdb"), os.urandom(999)), "cannot read")):
        centre.restart(path)
        assert words in centre.log(HUB).rpartition("'geo_ip'")[2], f"{words}: {centre.log(HUB)[-500:]}"
        equal(set(centre.explained({"tandem-caller": "192.0.2.1"})[1].values()), {None}, "what is known of the caller")


run(Located)
