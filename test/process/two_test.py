#!/usr/bin/env python3
"""Goal: a centre of two regions and no hub says what it cannot do, and goes on with what it has when one is lost. Method:
a centre of three as it comes up; its hub is taken out of the settings and stays down."""
import re

from centre import Agent, Centre, case, isolated, run, until

isolated()
EAST, WEST = "us-east-1", "us-west-2"
agent = Agent("alice")


class Two(Centre):
    def apart(self):
        self.tandem("down")
        for name in (EAST, WEST):
            with open(self.settings(name), encoding="utf-8") as file:
                text = file.read()
            left = re.sub(r"^  - node: \d+\n(?:    .*\n)*?    hub: true\n(?:    .*\n)*", "", text, flags=re.MULTILINE)
            assert left != text, text
            with open(self.settings(name), "w", encoding="utf-8") as file:
                file.write(left)
            self.start(name)
        for name in (EAST, WEST):
            until(f"{name} to be ready", lambda n=name: self.ready(n), 60)


@case("each says at its start what two members cannot do")
def warned(centre):
    centre.apart()
    for name in (EAST, WEST):
        until(f"{name} to warn", lambda n=name: "two members and no third" in centre.log(n))


@case("a desktop that is open goes on, and new chats start, while the other region is away and not declared lost")
def alone(centre):
    agent.sign_in(centre.urls[EAST])
    agent.status("Available")
    centre.started.pop(WEST).kill()
    chat = centre.connect(EAST).start_chat()
    chat.sees("sales or support")
    chat.say("sales")
    agent.takes(chat.id)
    agent.says(chat.id, "Alice here")
    chat.sees("Alice here")
    states = {member["name"]: member["state"] for member in centre.ops(EAST, "status")["members"]}
    assert states[WEST] != "evacuated", states
    agent.ends(chat.id)
    centre.start(WEST)
    until(f"{WEST} to be ready", lambda: centre.ready(WEST), 60)


run(Two)
