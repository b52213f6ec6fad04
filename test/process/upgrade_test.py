#!/usr/bin/env python3
"""Goal: all nodes go to another version, one after the other, while people come and are served; nobody notices. Method: two
regions and a hub of one version, `tandem upgrade` to the programs in another directory, `tandem drive` all the while. The
first version is that of TANDEM_OLD_BIN; without it both are this one, from two directories."""
import os
import shutil
import tempfile

import centre as here
from centre import case, equal, isolated, run, until
from growing import Growing

isolated()
NEW = here.BIN
OLD = os.environ.get("TANDEM_OLD_BIN")
os.environ.setdefault("TANDEM_SAMPLE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/sample"))


class Upgraded(Growing):
    def __init__(self):
        self.programs = tempfile.mkdtemp(prefix="tandem-old-")
        for name in ("tandem", "tandemd"):
            shutil.copy2(os.path.join(OLD or NEW, name), self.programs)
        try:
            self.use(self.programs)
            super().__init__()
        finally:
            self.use(NEW)

    def use(self, programs):
        here.BIN = programs

    def close(self):
        try:
            super().close()
        finally:
            shutil.rmtree(self.programs, ignore_errors=True)

    def programs_of(self):
        return {name: os.path.dirname(os.readlink(f"/proc/{self.pid(name)}/exe")) for name in self.names}


@case("every node goes to the other version under load, old and new side by side, and nobody notices")
def forward(centre):
    equal(set(centre.programs_of().values()), {centre.programs}, "what runs")
    with centre.driven(40, rate=3):
        until("people to be served", lambda: any(c["phase"] == "with_agent" or c["phase"] == "ended" for c in centre.ops("hub", "contacts?live=0&limit=1000")["contacts"]))
        centre.tandem("upgrade", "--programs", NEW, "--deadline", "5s", "--override", "n-minus-1-capacity")
    equal(set(centre.programs_of().values()), {NEW}, "what runs")
    centre.settled()
    print(f"        {len(centre.ops('hub', 'contacts?live=0&limit=1000')['contacts'])} contacts; the version before: "
          f"{OLD or 'the same one, TANDEM_OLD_BIN names no other'}", flush=True)


@case("a version that does not start is taken back, and says so")
def broken(centre):
    bad = tempfile.mkdtemp(prefix="tandem-bad-")
    try:
        with open(os.path.join(bad, "tandemd"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\necho this version is broken >&2\nexit 1\n")
        os.chmod(os.path.join(bad, "tandemd"), 0o755)
        out = centre.json("upgrade", "--programs", bad, "--only", "us-west-2", "--deadline", "5s", statuses=(4, 5))
        assert "runs the version before" in out["detail"], out
    finally:
        shutil.rmtree(bad)
    centre.settled()
    equal(set(centre.programs_of().values()), {NEW}, "what runs")


run(Upgraded)
