#!/usr/bin/env python3
"""Goal: a drill makes the fault that it names, takes it back however it ends, refuses what its rules forbid, and its score can be
counted again from what its people were shown.
Method: short drills on three regions, read by their reports, the exit status, and the processes of the machine."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

from centre import BIN, Centre, Skip, case, equal, isolated, run, until

ISOLATED = isolated()
EAST, WEST, MIDDLE = "us-east-1", "us-west-2", "eu-central-1"
SHORT = ("--rate", "3", "--agents", "12", "--before", "2s", "--after", "2s", "--json")
DONE, PROBLEMS, USAGE, REFUSED, FAILED, ABORTED, CANNOT = 0, 1, 2, 4, 5, 6, 7


def make():
    return Centre("--regions", f"{EAST},{WEST},{MIDDLE}")


def short(words):
    """The words, and of the options above those that are not among them."""
    pairs = zip(SHORT[:-1:2], SHORT[1::2])
    return [*words, *(word for name, value in pairs if name not in words for word in (name, value)), "--json"]


def drill(centre, *words, status=DONE, lasts="3s"):
    done = subprocess.run([os.path.join(BIN, "tandem"), "drill", *short(words), *(("--for", lasts) if lasts else ()), "--dir", centre.dir],
                          capture_output=True, text=True, timeout=600)
    equal(done.returncode, status, f"the status of {words}, after {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return json.loads(done.stdout)


def whole(centre):
    """Ends the ramp of a region that came back: no drill begins beside it."""
    for region in (EAST, WEST, MIDDLE):
        look = lambda: next(each["standing"] for each in centre.ops("hub", "regions")["regions"] if each["region"] == region)
        until("the region to be back", lambda: look() in ("ramping", "serving"), 60)
        if look() != "serving":
            centre.tandem("undrain", region, "--at-once")
        until("the region to serve", lambda: look() == "serving")
    centre.settled(90)


def rules(told):
    return [each["rule"] for each in told["objections"]]


def flow_of(centre):
    east = centre.connect(EAST)
    return east.call("GET", f"/contact-flows/{{}}/{east.ids('contact-flows')['welcome']}")["ContactFlow"]["Content"]


def good(told):
    score = told["score"]
    equal((told["verdict"], score["lost"], score["doubled"]), ("passed", 0, 0), f"the verdict: {told['why']}")
    assert told["people"]["started"] > 10 and told["people"]["served"] > 10, told["people"]
    equal(told["people"]["unchecked"], 0, "transcripts that nobody could read")
    return score


def running_drill(centre, *words):
    """A drill that goes on, once its fault is made."""
    whole(centre)
    process = subprocess.Popen([os.path.join(BIN, "tandem"), "drill", *short(words), "--dir", centre.dir], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    until("the fault", lambda: os.path.exists(centre.path("drill", "active.json")) and "at_ms" in open(centre.path("drill", "active.json")).read(), 60)
    return process


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


@case("a dry run says what would happen, and does nothing")
def dry_run(centre):
    centre.settled()
    before = {name: centre.pid(name) for name in centre.names}
    told = drill(centre, "kill", "--region", WEST, "--dry-run")
    equal((told["would_run"], told["objections"], [each["region"] for each in told["regions"] if each["lost"]]), (True, [], [WEST]), "the preview")
    assert WEST in told["steps"][0]["what"] and told["regions"][0]["expected_slots"] == 8, told
    equal({name: centre.pid(name) for name in centre.names}, before, "the processes")
    equal(centre.json("drill", "history"), {"drills": []}, "the history")


@case("rules refuse more regions than allowed, the last one, too much load, and faults that no node offers")
def limits(centre):
    equal(rules(drill(centre, "loss-of-two", "--dry-run", status=REFUSED, lasts="6s")), ["max-regions"], "two regions")
    equal(rules(drill(centre, "loss-of-two", "--max-regions", "2", "--dry-run", lasts="6s")), [], "two regions, allowed")
    all_three = centre.path("all.yaml")
    with open(all_three, "w", encoding="utf-8") as file:
        file.write("name: all\nsteps:\n" + "".join(f"  - {{fault: kill, target: {region}, for: 2s}}\n" for region in (EAST, WEST, MIDDLE)))
    told = drill(centre, all_three, "--max-regions", "3", "--override", "last-region", "--override", "n-minus-1-capacity", "--dry-run",
                 status=REFUSED, lasts=None)
    equal([(each["rule"], each["overridden"]) for each in told["objections"]], [("last-region", False), ("n-minus-1-capacity", True)], "all regions")
    equal(rules(drill(centre, "kill", "--rate", "20", "--dry-run", status=REFUSED)), ["n-minus-1-capacity"], "too many contacts")
    equal(drill(centre, "slow-disk", status=REFUSED)["rule"], "faults-setting", "a fault that is not offered")
    drill(centre, "kill", "--region", "mars-1", status=USAGE)
    drill(centre, "earthquake", status=USAGE)
    with open(all_three, "a", encoding="utf-8") as file:
        file.write("  - {fault: kill, target: hub}\n")
    assert "line 6: the step has no 'for'" in drill(centre, all_three, status=USAGE, lasts=None)["detail"]


@case("rules refuse a drill beside a drain, and beside people who are not its own")
def others(centre):
    centre.tandem("drain", WEST)
    try:
        assert "one-in-maintenance" in rules(drill(centre, "kill", "--dry-run", status=REFUSED))
    finally:
        centre.tandem("undrain", WEST, "--at-once")
    chat = centre.connect(EAST).start_chat()
    equal(rules(drill(centre, "kill", "--dry-run", status=REFUSED)), ["people"], "a stranger")
    equal(rules(drill(centre, "kill", "--dry-run", "--yes")), [], "a stranger who may feel it")
    chat.post("disconnect", chat.token, {})
    chat.socket.close()
    until("the chat to be over", lambda: drill(centre, "kill", "--dry-run"))


@case("kill: a region dies and comes back; its customers are served by others, and the score holds when it is counted again")
def kill(centre):
    whole(centre)
    before = centre.pid(EAST)
    report = centre.path("report")
    told = drill(centre, "kill", "--region", EAST, "--report", report, lasts="5s")
    score = good(told)
    assert centre.pid(EAST) != before
    assert score["detect_ms"] is not None and score["detect_ms"] <= score["decide_ms"], score
    assert score["first_served_ms"] is not None and score["owed_to_lost"] > 3, score
    assert any(f"{EAST} is evacuated" in each["what"] and each["by"] != EAST for each in told["decisions"]), told["decisions"]
    assert any(each["by"] == EAST and "active again" in each["what"] for each in told["decisions"]), told["decisions"]
    assert told["people"]["signed_in_again"] > 0, told["people"]
    with open(os.path.join(report, "report.md"), encoding="utf-8") as file:
        page = file.read()
    assert "**passed**" in page and f"| first served | {score['first_served_ms']} ms |" in page, page
    equal(centre.json("drill", "score", report), {"score": score, "same": True}, "the score, counted again")
    # A recording in which one customer never reaches an end.
    forged = centre.path("forged")
    shutil.copytree(report, forged)
    with open(os.path.join(forged, "events.jsonl"), encoding="utf-8") as file:
        lines = file.readlines()
    gone = next(json.loads(line)["contact"] for line in lines if '"ended"' in line)
    with open(os.path.join(forged, "events.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(line for line in lines if not ('"ended"' in line and gone in line))
    again = centre.json("drill", "score", forged, statuses=(PROBLEMS,))
    equal((again["same"], again["score"]["lost"]), (False, 1), "the score of a forged recording")
    equal([each["scenario"] for each in centre.json("drill", "history")["drills"]], ["kill"], "the history")


@case("freeze: the same process goes on; whoever its agents talked to did not wait for it")
def freeze(centre):
    whole(centre)
    before = centre.pid(WEST)
    score = good(drill(centre, "freeze", "--region", WEST, lasts="6s"))
    equal((centre.pid(WEST), state(before) != "T"), (before, True), "the process")
    assert score["decide_ms"] is not None, score
    assert score["held_max_ms"] is None or score["held_max_ms"] < 6000, score


@case("hub-loss: nobody is evacuated, and customers go to other gateways")
def hub(centre):
    whole(centre)
    told = drill(centre, "hub-loss")
    equal(good(told)["decide_ms"], None, "an evacuation")
    assert not any("is evacuated" in each["what"] for each in told["decisions"]), told["decisions"]
    assert told["people"]["reattached"] > 0, told["people"]


@case("bad-deploy: a broken flow is refused; one that got in is rolled back, and the ledger has who it sent away")
def bad_deploy(centre):
    whole(centre)
    before = flow_of(centre)
    told = drill(centre, "bad-deploy")
    good(told)
    assert any("was refused" in each["what"] and "NoSuchBlock" in each["what"] for each in told["moments"]), told["moments"]
    equal(told["people"]["abandoned"], 0, "customers who were sent away")
    scenario = centre.path("ends.yaml")
    with open(scenario, "w", encoding="utf-8") as file:
        file.write("name: ends\nsteps:\n  - {fault: bad-deploy, flow: ends-at-once, for: 2s}\n")
    told = drill(centre, scenario, lasts=None)
    assert any("GOT IN" in each["what"] for each in told["moments"]), told["moments"]
    assert told["people"]["abandoned"] > 2, told["people"]
    assert told["score"]["felt_ms"] is not None, told["score"]
    equal(flow_of(centre), before, "the flow afterwards")


@case("a drill that is interrupted takes its fault back at once and says so")
def interrupted(centre):
    pid = centre.pid(WEST)
    process = running_drill(centre, "freeze", "--region", WEST, "--for", "60s")
    until("the process to stand still", lambda: state(pid) == "T")
    process.send_signal(signal.SIGINT)
    until("the process to go on", lambda: state(pid) != "T", 5)
    out, _ = process.communicate(timeout=200)
    equal((process.returncode, json.loads(out)["verdict"], json.loads(out)["why"]), (ABORTED, "aborted", "interrupted"), "the end")
    assert not os.path.exists(centre.path("drill", "active.json"))
    centre.settled(90)


@case("trouble with another region ends a drill at once")
def trouble(centre):
    process = running_drill(centre, "freeze", "--region", WEST, "--for", "60s")
    time.sleep(1)
    centre.tandem("down", "--only", MIDDLE, "--kill")
    out, _ = process.communicate(timeout=300)
    told = json.loads(out)
    equal((process.returncode, told["verdict"]), (ABORTED, "aborted"), "the end")
    assert MIDDLE in told["why"], told["why"]
    assert state(centre.pid(WEST)) != "T"
    centre.tandem("up", "--detach", "--only", MIDDLE)
    centre.settled(90)


@case("what a killed drill left is found, stops other drills, and is taken back")
def killed(centre):
    process = running_drill(centre, "kill", "--region", MIDDLE, "--for", "60s")
    until("the region to be gone", lambda: MIDDLE in str(centre.status()["problems"]))
    process.kill()
    process.wait()
    assert "--clean" in drill(centre, "kill", status=FAILED)["detail"]
    told = centre.json("drill", "--clean")
    assert told["clean"] and any(MIDDLE in words for words in told["taken_back"]), told
    equal(centre.json("drill", "--clean"), {"taken_back": [], "clean": True}, "a second time")
    centre.settled(90)
    # The people of the killed drill are gone too, or another drill would refuse because of them.
    whole(centre)
    until("nobody to be left", lambda: drill(centre, "kill", "--dry-run"), 90)


@case("cut: a region that nobody reaches is evacuated, comes back, and no rule stays")
def cut(centre):
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if not ISOLATED or not nft or subprocess.run([nft, "list", "tables"], capture_output=True).returncode != 0:
        raise Skip("no nftables in a network namespace of its own")
    whole(centre)
    told = drill(centre, "cut", "--region", WEST, lasts="5s")
    assert good(told)["decide_ms"] is not None, told["score"]
    equal(subprocess.run([nft, "list", "tables"], capture_output=True, text=True).stdout, "", "rules that stayed")
    # One link alone is no reason to leave a region: records go round through another node.
    scenario = centre.path("link.yaml")
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(f"name: link\nsteps:\n  - {{fault: cut, target: {WEST}, link: {EAST}, for: 3s}}\n")
    whole(centre)
    told = drill(centre, scenario, lasts=None)
    equal(good(told)["decide_ms"], None, "an evacuation")
    if shutil.which("setpriv"):
        done = subprocess.run(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", os.path.join(BIN, "tandem"), "drill", *short(["cut"]), "--dir",
                               centre.dir], capture_output=True, text=True)
        equal((done.returncode, json.loads(done.stdout)["rule"]), (CANNOT, "permission"), "without the permission")


@case("faults inside a node are made where the settings offer them, shown, and gone afterwards")
def inside(centre):
    centre.tandem("down")
    centre.tandem("up", "--detach", "--faults")
    centre.settled(90)
    seen = {"slow-disk": "every commit is 400 ms late", "full-disk": "the disk is full",
            "clock-jump": "the wall clock stands"}
    for name, words in seen.items():
        process = running_drill(centre, name, "--region", EAST, "--for", "4s", "--after", "4s")
        until(f"{EAST} to say \"{words}\"", lambda: any(words in problem for problem in centre.ops(EAST, "status")["problems"]))
        out, _ = process.communicate(timeout=300)
        good(json.loads(out))
        equal(process.returncode, DONE, f"the status of {name}")
        centre.settled(30)
        assert not re.search("drill's fault", str(centre.ops(EAST, "status")["problems"]))


run(make)
