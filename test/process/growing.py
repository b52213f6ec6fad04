"""A centre whose nodes change while people come and are served."""
import collections
import contextlib
import json
import subprocess

import centre as here
from centre import Centre, SLOW, equal


class Growing(Centre):
    def member(self, *words):
        done = self.tandem("member", *words)
        self.look()
        return done

    def members(self, node="hub"):
        return [m["name"] for m in self.ops(node, "members")["members"]]

    def place(self, name, node="hub"):
        regions = self.ops(node, "regions")["regions"]
        every = regions + [n for r in regions for n in r["nodes"]]
        return next((p for p in every if (p.get("name") or p["region"]) == name), None)

    def owners(self):
        """How many contacts began at each node, by its name."""
        contacts = self.ops("hub", "contacts?live=0&limit=1000")["contacts"]
        return collections.Counter(c["origin"]["name"] for c in contacts)

    def task(self):
        gateway = self.connect("hub")
        body = {"InstanceId": self.instance, "ContactFlowId": gateway.ids("contact-flows")["welcome"], "Name": "a task"}
        contact = gateway.call("PUT", "/contact/task", body)["ContactId"]
        gateway.call("POST", "/contact/stop", {"InstanceId": self.instance, "ContactId": contact})
        return contact

    def began_at(self, contact):
        found = next((c for c in self.ops("hub", "contacts?live=0&limit=1000")["contacts"] if c["id"] == contact), None)
        return found and found["origin"]["name"]

    @contextlib.contextmanager
    def driven(self, seconds, rate=4):
        """People come and are served for so long; in the end nobody was refused, lost or doubled."""
        words = [f"{here.BIN}/tandem", "drive", "--dir", self.dir, "--rate", str(rate), "--agents", "6", "--seconds", str(seconds),
                 "--drain", str(60 * SLOW), "--quiet", "--json"]
        drive = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield drive
            out, err = drive.communicate(timeout=(seconds + 120) * SLOW)
        finally:
            drive.kill()
        told = json.loads(out)
        equal((told["refused"], told["lost"], told["doubled"], drive.returncode), (0, 0, 0, 0), f"what the drivers saw {told} {err}")
        assert told["served"] > 0, told
