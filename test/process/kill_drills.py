#!/usr/bin/env python3
"""Goal: what a lost region costs its customers, told as numbers and beside what DNS failover would have made of the same moments.
Method: four regions, fifty contacts a second, two hundred agents; `tandem drill kill` on each region in turn. Every score is
counted by the drill's own clients.

Not part of script/test. usage: kill_drills.py [DRILLS [CONTACTS-A-SECOND [AGENTS]]]; 5, 50, 200 unless given"""
import json
import os
import subprocess
import sys

from centre import BIN, Centre, isolated, until

isolated()
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
CHECKS, KEPT = 10_000, 60_000  # milliseconds: between two health checks of Route 53, and a record's time to live


def dns(fault_utc_ms, failures):
    """When checks on full tens of seconds decide, and when the last resolver has forgotten the lost region."""
    decided = CHECKS - fault_utc_ms % CHECKS + (failures - 1) * CHECKS
    return decided, decided + KEPT


def p50(of):
    return sorted(of)[(len(of) - 1) // 2] if of else None


def main():
    drills, rate, agents = (int(word) for word in (sys.argv[1:] + ["5", "50", "200"][len(sys.argv) - 1:]))
    told = []
    with Centre("--regions", ",".join(REGIONS)) as centre:
        centre.settled(90)
        for n in range(drills):
            report = centre.path("drill", f"kill-{n + 1}")
            done = subprocess.run([os.path.join(BIN, "tandem"), "drill", "kill", "--region", REGIONS[n % len(REGIONS)], "--rate", str(rate),
                                   "--agents", str(agents), "--before", "4s", "--for", "4s", "--after", "4s", "--report", report, "--json",
                                   "--dir", centre.dir], capture_output=True, text=True, timeout=900)
            said = json.loads(done.stdout)
            if "score" not in said:
                raise AssertionError(f"drill {n + 1}: status {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
            told.append(said)
            score = said["score"]
            print(f"{n + 1:3} {said['lost_regions'][0]:15} {said['verdict']:8}", *(f"{key} {score[key]}" for key in (
                "detect_ms", "decide_ms", "first_served_ms", "normal_ms", "lost", "doubled", "delayed", "owed_to_lost", "held", "held_p50_ms",
                "held_max_ms", "greeting_before_p95_ms", "greeting_after_max_ms")), said["why"], flush=True)
            # It would come back in steps; here the next drill is to find it whole.
            centre.tandem("undrain", said["lost_regions"][0], "--at-once")
            centre.settled(90)
            until("no contact to be left", lambda: json.loads(centre.tandem("drill", "kill", "--dry-run", "--rate", str(rate), "--agents", str(agents), "--json")))
        scores = [said["score"] for said in told]
        for key in ("detect_ms", "decide_ms", "first_served_ms", "normal_ms", "held_max_ms", "greeting_after_max_ms"):
            known = [score[key] for score in scores if score[key] is not None]
            print(f"{key}: p50 {p50(known)}, max {max(known, default=None)}, known of {len(known)} of {drills}")
        for key in ("lost", "doubled", "delayed"):
            print(f"{key}: {sum(score[key] for score in scores)}")
        for failures in (1, 2, 3):
            at = [dns(said["fault_utc_ms"], failures) for said in told]
            print(f"Route 53, {failures} of 10 s checks: decides p50 {p50([a for a, _ in at])}, max {max(a for a, _ in at)}; "
                  f"with a TTL of 60 s the last client follows p50 {p50([b for _, b in at])}, max {max(b for _, b in at)}")
        print(f"{sum(score['lost'] == score['doubled'] == 0 for score in scores)} of {drills} drills lost and doubled nothing")


main()
