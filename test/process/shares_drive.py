#!/usr/bin/env python3
"""Goal: at a hundred chats a second, each region gets exactly its part of them while shares are set, a window opens and
ends by itself, a region is drained and comes back in steps; nobody is refused, lost or served twice. Method: `tandem
drive` plays customers and agents and keeps in which region each chat began; this program changes the shares meanwhile,
and counts from that ledger alone.

Not part of script/test. usage: shares_drive.py [REGIONS [RATE [AGENTS [FILE.svg]]]]; 2, 100, 120 unless given"""
import json
import os
import re
import subprocess
import sys
import time

from centre import BIN, Centre, equal, fetch, isolated, until

isolated()
ALL = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
COLOURS = ("#1f5fa8", "#c0392b", "#2e8b57", "#8e44ad")
EDGE_MS = 400  # around a change, in which chats of before and after it lie side by side


def main(regions=2, rate=100, agents=120, plot=None):
    names = ALL[:regions]
    even = {name: 1 / regions for name in names}
    low = {name: 0.7 if name == names[0] else 0.3 / (regions - 1) for name in names}
    with Centre("--regions", ",".join(names)) as centre:
        spans, ledger = [], os.path.join(centre.dir, "ledger.csv")
        group = lambda: centre.ops("hub", "distribution")["groups"][0]
        centre.tandem("drive", "--rate", "1", "--agents", str(agents), "--seconds", "1", "--quiet")  # makes the users
        drive = subprocess.Popen([f"{BIN}/tandem", "drive", "--rate", str(rate), "--agents", str(agents), "--seconds", "170",
                                  "--messages", "1", "--drain", "120", "--json", "--ledger", ledger, "--dir", centre.dir],
                                 stdout=subprocess.PIPE, text=True)
        began = time.monotonic()
        now = lambda: (time.monotonic() - began) * 1000
        until("chats to come", lambda: group()["regions"][0]["contacts"] > rate, 300)

        def placed():
            """How many the hub has given a region so far."""
            page = fetch(centre.urls["hub"] + "/metrics")[2].decode()
            return sum(float(n) for n in re.findall(r"^tandem_contacts_placed_total{.*} (\S+)$", page, re.M))

        def phase(name, targets, seconds=None):
            """From now on shares are these, as soon as the hub knows, until as many chats began as come in `seconds`, or, without
            them, until no window counts any more."""
            want = {r: round(100 * t / sum(targets.values()), 1) for r, t in targets.items()}
            effective = lambda: {r["region"]: r["effective"] for r in group()["regions"]}
            until(f"the hub to know: {name}", lambda: all(abs(effective()[r] - want[r]) < 0.11 for r in names))
            spans.append((now(), name, {r: t / sum(targets.values()) for r, t in targets.items()}))
            before = placed()
            over = (lambda: placed() - before >= seconds * rate) if seconds else (lambda: group()["window"] is None)
            until(f"the end of {name}", over, 120)

        phase("equal", even, 12)
        split = lambda shares: [f"{r}={round(100 * s, 1)}" for r, s in shares.items()]
        centre.tandem("distribution", "set", "default", *split(low), "--why", "seven to three")
        phase("70 %", low, 12)
        ends = (int(time.time() + 12) // 60 + 1) * 60
        stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M", time.gmtime(t))
        turned = {**{r: 0.0 for r in names}, names[0]: 0.2, names[1]: 0.8}
        centre.tandem("distribution", "schedule", "default", "window", "--from", stamp(ends - 300), "--till", stamp(ends), "--zone", "UTC",
                      *split(turned))
        phase("window", turned)
        phase("its end", low, 8)
        rest = {**low, names[1]: 0.0}
        centre.tandem("drain", names[1], "--override", "n-minus-1-capacity", "--why", "maintenance")
        phase("drained", rest, 12)
        centre.tandem("undrain", names[1], "--steps", "10,25,50", "--every", "6s")
        for part in (0.1, 0.25, 0.5, 1.0):
            phase(f"{part:.0%}" if part < 1 else "whole", {**low, names[1]: low[names[1]] * part}, 5 if part < 1 else 12)
        said = json.loads(drive.communicate(timeout=600)[0])
        end = now()
        with open(ledger, encoding="ascii") as file:
            chats = [(int(at), region) for at, region, _ in (line.strip().split(",") for line in file)]
    print(f"{regions} regions, {rate} chats a second: {len(chats)} chats, {said['refused']} refused, {said['lost']} lost, "
          f"{said['doubled']} doubled, {said['served']} served; unknown region: {sum(not r for _, r in chats)}")
    worst = 0
    for n, (at, name, targets) in enumerate(spans):
        until_ms = spans[n + 1][0] if n + 1 < len(spans) else chats[-1][0] + EDGE_MS
        here = [region for ms, region in chats if at + EDGE_MS < ms < until_ms - 2 * EDGE_MS]
        off = {r: here.count(r) - targets[r] * len(here) for r in names}
        worst = max(worst, *map(abs, off.values()))
        print(f"  {name:10} {len(here):5} chats: " + ", ".join(f"{r} {here.count(r)} ({off[r]:+.1f})" for r in names))
    print(f"  furthest from the target in any of them: {worst:.1f} chats")
    if plot:
        draw(plot, names, chats, spans, min(end, chats[-1][0]))
    equal((said["refused"], said["lost"], said["doubled"]), (0, 0, 0), "refused, lost, doubled")
    # Each is within one of its target after every chat, so between any two moments within two; the ledger's order is that of
    # answers, which overtake each other.
    assert worst <= 4, f"{worst:.1f} chats from the target"


def draw(file, names, chats, spans, end):
    x = lambda ms: 60 + (ms - spans[0][0]) / (end - spans[0][0]) * 620
    y = lambda share: 300 - share * 250
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 350" font-family="sans-serif" font-size="12">',
           '<rect width="820" height="350" fill="white"/>',
           '<text x="60" y="24" font-size="15">New chats by region, each second; thin: the target</text>']
    for percent in range(0, 101, 20):
        out.append(f'<line x1="60" x2="680" y1="{y(percent / 100):.0f}" y2="{y(percent / 100):.0f}" stroke="#ddd"/>')
        out.append(f'<text x="54" y="{y(percent / 100) + 4:.0f}" text-anchor="end">{percent} %</text>')
    for n, (at, name, _) in enumerate(spans):
        out.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="50" y2="300" stroke="#bbb" stroke-dasharray="2 3"/>')
        out.append(f'<text x="{x(at) + 2:.1f}" y="{322 + n % 2 * 14}" font-size="11">{name}</text>')
    for name, colour in zip(names, COLOURS):
        line = []
        for n, (at, _, targets) in enumerate(spans):
            until_ms = spans[n + 1][0] if n + 1 < len(spans) else end
            line += [f"{x(at):.1f},{y(targets[name]):.1f}", f"{x(until_ms):.1f},{y(targets[name]):.1f}"]
        out.append(f'<polyline points="{" ".join(line)}" fill="none" stroke="{colour}" stroke-opacity="0.5"/>')
        points = []
        for second in range(int(spans[0][0] // 1000), int(end // 1000)):
            here = [region for ms, region in chats if second * 1000 <= ms < second * 1000 + 1000]
            if here and spans[0][0] <= second * 1000:
                points.append((x(second * 1000 + 500), y(here.count(name) / len(here))))
        out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="686" y="{points[-1][1] + 4 + 6 * names.index(name):.0f}" fill="{colour}">{name}</text>')
    with open(file, "w", encoding="ascii") as svg:
        svg.write("\n".join(out + ["</svg>", ""]))
    print(f"plot {file}")


main(*(kind(word) for kind, word in zip((int, float, int, str), sys.argv[1:])))
