#!/usr/bin/env python3
"""Goal: a full disk refuses new work in clear words while reads go on, and recovers by itself; a stopped process costs
nothing but its absence; wrong keys and settings are told in words a person can act on.
Method: a small tmpfs under the data of one node, SIGSTOP, and the daemon started with files that are wrong."""
import errno
import os
import re
import signal
import subprocess
import time

from centre import BIN, Centre, Refused, Skip, case, equal, fetch, isolated, processes_of, run, until

ISOLATED = isolated()
EAST, WEST = "us-east-1", "us-west-2"


def change(centre, name, *changes):
    """The settings of a node, each (pattern, text) put in place."""
    with open(centre.settings(name), encoding="utf-8") as file:
        text = file.read()
    for pattern, wanted in changes:
        text, found = re.subn(pattern, wanted, text, flags=re.M)
        assert found, pattern
    return text


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def on_small_disk(centre, name, megabytes, free_bytes_min):
    """Starts a node again with its data on a file system of its own and that floor of free space."""
    centre.tandem("down", "--only", name)
    data = centre.path("nodes", name, "data")
    subprocess.run(["cp", "-a", data, data + ".kept"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tandem-test", data], check=True)
    subprocess.run(["cp", "-a", data + ".kept/.", data], check=True)
    write(centre.settings(name), change(centre, name, (r"\Z", f"free_bytes_min: {free_bytes_min}\n")))
    centre.start(name)
    until(f"{name} to be ready", lambda: centre.ready(name), 60)
    return data


def full_and_back(centre, filler, leave_bytes):
    """Fills the disk of the first region, sees what is refused and what is not, makes room, sees it recover."""
    east, west = centre.connect(EAST), centre.connect(WEST)
    names = iter(f"q{n} of {filler}" for n in range(100_000))
    space = os.statvfs(os.path.dirname(filler))
    try:
        with open(filler, "wb", buffering=0) as file:
            for _ in range(max(0, space.f_bavail * space.f_frsize - leave_bytes) // 4096):
                file.write(bytes(4096))
    except OSError as error:
        equal(error.errno, errno.ENOSPC, "the filler's end")
    hours = east.ids("hours-of-operations")["always open"]
    create = lambda node: node.call("PUT", "/queues/{}", {"Name": next(names), "Description": "x" * 250, "HoursOfOperationId": hours}, seconds=2)

    # Whoever meets the wall first is told nothing, neither yes nor no: what was written waits for room.
    def refused():
        for _ in range(50):
            try:
                create(east)
            except Refused as error:
                equal((error.status, error.name), (500, "InternalServiceException"), "the refusal")
                assert "full" in error.text and "no new work" in error.text, error.text
                return True
        return False

    until("new work to be refused", refused, 60)
    assert "the disk takes no more records" in centre.log(EAST), centre.log(EAST)
    until("status to tell", lambda: any("the disk is full" in problem for problem in centre.ops(EAST, "status")["problems"]))
    until("the metric", lambda: re.search(rb"tandem_log_full\{[^}]*\} 1", fetch(centre.urls[EAST] + "/metrics")[2]))
    assert "sales" in east.ids("queues"), "reads go on"
    equal(fetch(centre.urls[EAST] + "/healthz")[0], 200, "healthz")
    made = until("the other region to take new work", lambda: create(west)["QueueId"])
    os.unlink(filler)
    until("new work to be taken again", lambda: create(east)["QueueId"], 60)
    centre.settled(90)
    for node in (east, west):
        until("what was made elsewhere meanwhile", lambda: made in node.ids("queues").values(), 60)
    equal(sorted(east.ids("queues").items()), sorted(west.ids("queues").items()), "the queues of both regions")


@case("a disk with less than free_bytes_min refuses new work, serves reads and recovers by itself")
def floor(centre):
    if not ISOLATED:
        raise Skip("no mount namespace of its own")
    centre.data = on_small_disk(centre, EAST, 64, 16 << 20)
    full_and_back(centre, os.path.join(centre.data, "filler"), 8 << 20)


@case("a disk without a free byte does the same")
def brim(centre):
    if not ISOLATED:
        raise Skip("no mount namespace of its own")
    centre.stop(EAST)
    write(centre.settings(EAST), change(centre, EAST, (r"^free_bytes_min: .*", "free_bytes_min: 0")))
    centre.start(EAST)
    until("the node to be ready", lambda: centre.ready(EAST), 60)
    full_and_back(centre, os.path.join(centre.data, "filler"), 0)
    done = subprocess.run([os.path.join(BIN, "tandem"), "log", "verify", "--dir", centre.dir], capture_output=True, text=True)
    equal(done.returncode, 0, done.stdout + done.stderr)


@case("a process that is stopped for five seconds goes on where it was")
def paused(centre):
    pid = centre.pid(WEST)
    chat = centre.connect(EAST).start_chat()
    chat.sees("sales or support")
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        east = centre.connect(EAST)
        until("the others to notice", lambda: any(WEST in problem for problem in centre.ops(EAST, "status")["problems"]))
        until("the survivor to serve", lambda: east.create_queue("made while the other slept"))
        while time.monotonic() - stopped < 5:
            until("the chat to be heard", lambda: chat.say("support"))
            time.sleep(0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    centre.settled(90)
    equal(centre.pid(WEST), pid, "the process")
    west = centre.connect(WEST)
    until("what it missed", lambda: "made while the other slept" in west.ids("queues"), 60)
    until("its own work to be taken", lambda: west.create_queue("made when awake"), 60)
    chat.attach(centre.urls[WEST])
    assert "support" in chat.lines(), chat.lines()
    chat.socket.close()


def refuses(centre, text, *words, status=1, name="settings"):
    """The daemon ends at once with that status, and its last line has the words."""
    path = write(centre.path(f"wrong-{name}.yaml"), text)
    done = subprocess.run([os.path.join(BIN, "tandemd"), "--config", path], capture_output=True, text=True, timeout=60)
    said = (done.stdout + done.stderr).strip()
    equal(done.returncode, status, f"the status, after: {said}")
    last = said.splitlines()[-1]
    for word in words:
        assert word in last, f"{word!r} is missing in: {last}"


@case("settings that are wrong are named with their file and key")
def settings(centre):
    centre.tandem("down", "--only", EAST, statuses=(0,))
    good = change(centre, EAST)
    wrong = lambda *change_: change(centre, EAST, change_)
    refuses(centre, "node: [1, 2", "wrong-settings.yaml", "line", status=2)
    refuses(centre, "", "wrong-settings.yaml", "'node' is missing", status=2)
    refuses(centre, wrong(r"^region: .*", "regio: x"), "'region' is missing", status=2)
    refuses(centre, wrong(r"^node: .*", "node: two"), "'node' has a value of the wrong kind", status=2)
    refuses(centre, wrong(r"^  public: .*", "  public: 127.0.0.1:70000"), "'public' must be ADDRESS:PORT", status=2)
    refuses(centre, wrong(r"^  public: .*", "  public: 0.0.0.0:7999"), "'public_tls' is missing", "loopback", status=2)
    refuses(centre, wrong(r"^  instance: .*", "  instance: 7"), "'centre.instance' is not a UUID", status=2)
    refuses(centre, wrong(r"^node: .*", "node: 9"), "'members' does not list this node", status=2)
    refuses(centre, good + "timers:\n  ring_ms: 0\n", "'timers.ring_ms' must be at least 1", status=2)
    missing = subprocess.run([os.path.join(BIN, "tandemd"), "--config", centre.path("nowhere.yaml")], capture_output=True, text=True)
    equal(missing.returncode, 2, "the status without a file")
    assert "cannot read" in missing.stdout + missing.stderr and "nowhere.yaml" in missing.stdout + missing.stderr, missing


@case("keys and files that are wrong are named")
def keys(centre):
    key = centre.path("centre.key")
    os.chmod(key, 0o644)
    try:
        refuses(centre, change(centre, EAST), "centre.key", "others", "0600")
        done = subprocess.run([os.path.join(BIN, "tandem"), "status", "--dir", centre.dir], capture_output=True, text=True)
        assert done.returncode != 0 and "0600" in done.stdout + done.stderr, done
    finally:
        os.chmod(key, 0o600)
    with_key = lambda reference: change(centre, EAST, (r"^  key: file:.*centre.key.*", f"  key: {reference}"))
    refuses(centre, with_key("file:" + write(centre.path("short.key"), "short\n")), "fewer than 32")
    refuses(centre, with_key(f"file:{centre.path('none.key')}"), "cannot read", "none.key")
    refuses(centre, with_key("env:NO_SUCH_NAME"), "NO_SUCH_NAME")
    refuses(centre, with_key("plain words"), "file:PATH or env:NAME")
    refuses(centre, change(centre, EAST, (r"^  cert: .*", f"  cert: {centre.path('pki', WEST + '.pem')}")), "us-east-1.key", "mismatch")
    refuses(centre, change(centre, EAST, (r"^  ca: .*", f"  ca: {centre.path('pki', 'none.pem')}")), "none.pem")
    # Another node's data, or data that a running node holds.
    refuses(centre, change(centre, EAST, (r"^data: .*", f"data: {centre.path('nodes', WEST, 'data')}")), WEST)
    port = centre.urls[WEST].rpartition(":")[2]
    refuses(centre, change(centre, EAST, (r"^  public: .*", f"  public: 127.0.0.1:{port}")), port)
    equal([words for _, words in processes_of(centre.path("wrong"))], [], "daemons that stayed")
    # Nothing of this did any harm.
    centre.start(EAST)
    until("the node to be ready", lambda: centre.ready(EAST), 60)
    centre.settled(90)


run(Centre)
