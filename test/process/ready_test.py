#!/usr/bin/env python3
"""Goal: before anybody moves traffic, `tandem ready` says whether each region could take all of it, and if not why, with
the status a script needs. Method: a hub and two regions; agents who come and go, a region that is lost and returns."""
from centre import Centre, case, desk, equal, isolated, run, until

isolated()
EAST, WEST = "us-east-1", "us-west-2"


class Asked(Centre):
    def verdicts(self):
        """What speaks against each region: the names of the checks, with their words."""
        answer = self.json("ready", statuses=(0, 1))
        found = {r["region"]: {c["check"]: c["text"] for c in r["checks"] if not c["good"]} for r in answer["regions"]}
        equal(answer["ready"], not any(found.values()), "the verdict on all")
        return found

    def against(self, region, *checks):
        """Waits until these checks, and no others, speak against the region; their words."""
        until(f"{checks} against {region}", lambda: set(self.verdicts()[region]) == set(checks))
        return self.verdicts()[region]


@case("a region without agents is not ready, and one with enough of them is")
def agents(centre):
    centre.settled()
    equal(set(centre.against(EAST, "agents")), {"agents"}, "before anybody signed in")
    centre.desks = [desk(centre, user, region) for user, region in (("alice", EAST), ("bob", WEST))]
    for each in centre.desks:
        each.status("Available")
    centre.against(EAST)
    centre.against(WEST)
    centre.tandem("ready")
    assert f"{EAST} is ready" in centre.tandem("ready", "--region", EAST)


@case("the agents of one region do not make another ready")
def other(centre):
    centre.desks[1].status("Break")
    words = centre.against(WEST, "agents")["agents"]
    assert "nobody is there" in words, words
    centre.tandem("ready", statuses=(1,))
    centre.tandem("ready", "--region", EAST)
    until("all three nodes to see it so",
          lambda: centre.counted("tandem_region_ready", "to") == {(EAST,): 3, (WEST,): 0})
    centre.desks[1].status("Available")
    centre.against(WEST)


@case("a lost region is not ready, and the other says what its loss brings")
def lost(centre):
    shares = {r["region"]: next(c["text"] for c in r["checks"] if c["check"] == "share")
              for r in centre.json("ready")["regions"]}
    equal(shares[EAST], f"50 % of the new contacts now, 100 % without {WEST}", "the share")
    centre.tandem("down", "--only", WEST, "--kill")
    until("the loss to be known", lambda: f"{WEST} is evacuated" in centre.verdicts()[WEST].get("nodes", ""))
    centre.tandem("up", "--detach", "--only", WEST)
    centre.settled()
    until("the way back to be told", lambda: "nodes" not in centre.verdicts()[WEST])
    told = next(c["text"] for r in centre.json("ready", statuses=(0, 1))["regions"] if r["region"] == WEST
                for c in r["checks"] if c["check"] == "verbs")
    assert "lost or returned" in told and "lost or returned never" not in told, told


if __name__ == "__main__":
    run(Asked)
