#!/usr/bin/env python3
"""Goal: when a region is lost, somebody is woken, once, and hears when it is over; also when the receiver was away at first.
Method: two regions and a hub, a webhook of our own that refuses at first, a region killed and started again."""
import http.server
import json
import threading

from centre import Centre, case, equal, isolated, run, until

isolated()
WEST = "us-west-2"


class Receiver(http.server.BaseHTTPRequestHandler):
    refuse = 2
    alerts = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if Receiver.refuse > 0:
            Receiver.refuse -= 1
            self.send_response(503)
        else:
            Receiver.alerts += [{**a, "node": body["name"]} for a in body["alerts"]]
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Watched(Centre):
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        super().__init__("--webhook", f"http://127.0.0.1:{self.server.server_port}/alerts")

    def close(self):
        try:
            super().close()
        finally:
            self.server.shutdown()


def heard(state, *words):
    return [a for a in Receiver.alerts if a["state"] == state and all(w in a["text"] for w in words)]


@case("a lost region wakes somebody, though the receiver refused at first; its return closes the alert")
def lost(centre):
    centre.settled()
    centre.tandem("down", "--only", WEST, "--kill")
    opened = until("the page", lambda: heard("open", WEST, "is evacuated"))
    equal((opened[0]["severity"], opened[0]["node"]), ("page", "hub"), "who says so, and how loud")
    equal(Receiver.refuse, 0, "refusals left")
    centre.tandem("up", "--detach")
    closed = until("its end", lambda: heard("closed", WEST, "is evacuated"))
    equal(closed[0]["key"], opened[0]["key"], "the alert that is closed")
    equal(len(heard("open", WEST, "is evacuated")), 1, "times it was said")


@case("a webhook that is no address is refused at start, with the setting's name")
def wrong(centre):
    centre.tandem("down", "--only", WEST)
    with open(centre.settings(WEST), encoding="utf-8") as file:
        text = file.read()
    with open(centre.settings(WEST), "w", encoding="utf-8") as file:
        file.write(text.replace("http://127.0.0.1", "nonsense 127.0.0.1"))
    process = centre.start(WEST)
    assert process.wait(20) != 0, "it started"
    assert "alerts.webhook" in centre.log(WEST), centre.log(WEST)[-500:]
    del centre.started[WEST]
    centre.tandem("up", "--detach")
    centre.settled()


run(Watched)
