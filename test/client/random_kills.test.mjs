// Goal: every message answered with 200 is in the transcript exactly once and every conversation ends properly, whenever
// the owner is killed, also within 5 ms after an answered request.
// Method: TANDEM_CONVERSATIONS conversations (60 unless told; 200 is the full run) over the participant API, in rounds; in each round the
// region that owns them is killed at a drawn moment or right behind an answer, and started again before the next round.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { StartChatContactCommand } from "@aws-sdk/client-connect";
import { Agent, Centre, until } from "./centre.mjs";

const total = Number(process.env.TANDEM_CONVERSATIONS ?? 60);
const perRound = 20;
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let seed = Number(process.env.TANDEM_SEED ?? Date.now() % 1_000_000);
const draw = (below) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor((seed / 2_147_483_648) * below);
};

let centre, flow;
const agents = [];

before(async () => {
  console.log(`seed ${seed}`);
  centre = await Centre.up();
  flow = await centre.flow("welcome");
});
after(() => centre?.down());

class Chat {
  constructor(connect) {
    Object.assign(this, { connect, shown: new Map(), accepted: [], ended: false, doubled: [] });
  }
  async post(path, token, body) {
    const response = await fetch(`${centre.gateway}/participant/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-amz-bearer": token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  async start() {
    const token = randomUUID();
    const order = new StartChatContactCommand({ InstanceId: centre.instance, ContactFlowId: flow, ParticipantDetails: { DisplayName: "Cleo" }, ClientToken: token });
    const started = await until("a chat to start", () => this.connect.send(order), 30_000);
    this.id = started.ContactId;
    const opened = await until("the connection", () => this.post("connection", started.ParticipantToken, { Type: ["WEBSOCKET", "CONNECTION_CREDENTIALS"] }), 30_000);
    this.token = opened.ConnectionCredentials.ConnectionToken;
    this.socket = new WebSocket(opened.Websocket.Url);
    this.socket.on("error", () => {});
    this.socket.on("open", () => this.socket.send(JSON.stringify({ topic: "aws/subscribe", content: { topics: ["aws/chat"] } })));
    this.socket.on("message", (data) => {
      const frame = JSON.parse(data);
      if (frame.topic !== "aws/chat") return;
      const item = JSON.parse(frame.content);
      if (this.shown.has(item.Id)) this.doubled.push(item);
      this.shown.set(item.Id, item);
      if (item.ContentType.endsWith("chat.ended")) this.ended = true;
    });
  }
  // Sends with one token until it is answered, as a careful client does. `onAnswer` runs right behind the 200.
  async say(words, onAnswer) {
    const ClientToken = randomUUID();
    const sent = await until(`"${words}" to be accepted`, () => this.post("message", this.token, { ContentType: "text/plain", Content: words, ClientToken }), 60_000);
    onAnswer?.();
    this.accepted.push({ id: sent.Id, words });
  }
  async transcript() {
    const got = await this.post("transcript", this.token, { MaxResults: 100, ScanDirection: "BACKWARD", SortOrder: "ASCENDING", StartPosition: {} });
    return got.Transcript;
  }
}

// Serves whatever rings until told to stop: accepts, answers once, ends when the customer says so.
async function serve(agent, stop) {
  const greeted = new Set();
  while (!stop.now) {
    try {
      if (!agent.token || agent.lost) {
        await agent.signIn(agent.lost ? (agent.region === "us-east-1" ? "us-west-2" : "us-east-1") : agent.region);
        await agent.setStatus("Available");
        agent.lost = false;
      }
      const me = await agent.me();
      if (me.status?.missed || me.status?.name !== "Available") await agent.setStatus("Available");
      for (const contact of me.contacts ?? []) {
        if (contact.state === "offered") await agent.call("POST", `/contacts/${contact.id}/accept`, {});
        if (contact.state === "after_contact_work") await agent.call("POST", `/contacts/${contact.id}/complete`, {});
        if (contact.state !== "connected") continue;
        if (!greeted.has(contact.id)) {
          await agent.call("POST", `/contacts/${contact.id}/messages`, { content: "how can I help?", client_token: `hello-${contact.id}` });
          greeted.add(contact.id);
        }
        const { items } = await agent.call("GET", `/contacts/${contact.id}/transcript`);
        if (items.some((item) => item.content === "that is all")) await agent.call("POST", `/contacts/${contact.id}/end`, {});
      }
    } catch (error) {
      const gone = /fetch failed|ECONN|aborted|timeout|not_signed_in|unauthenticated/i.test(`${error.message} ${error.cause?.code ?? ""}`);
      if (gone) agent.lost = true;
    }
    await pause(50);
  }
}

test(`${total} conversations through kills`, { timeout: 1_500_000 }, async () => {
  const stop = { now: false };
  for (const [n, user] of ["alice", "bob"].entries()) {
    const agent = new Agent(centre, user);
    agent.region = n % 2 ? "us-west-2" : "us-east-1";
    agents.push(agent);
  }
  const serving = agents.map((agent) => serve(agent, stop));
  const chats = [];
  let kills = 0;
  for (let round = 0; chats.length < total; ++round) {
    const victim = round % 2 ? "us-west-2" : "us-east-1";
    const connect = centre.connectAtGateway();
    let killed = null;
    const kill = () => {
      if (killed) return;
      killed = true;
      kills += 1;
      centre.kill(victim);
    };
    const behindAnswer = draw(2) === 0;
    const nth = draw(perRound);
    const timer = behindAnswer ? null : setTimeout(kill, 100 + draw(3000));
    const group = Array.from({ length: Math.min(perRound, total - chats.length) }, () => new Chat(connect));
    chats.push(...group);
    await Promise.all(group.map(async (chat, n) => {
      await pause(draw(1500));
      await chat.start();
      const hook = behindAnswer && n === nth ? () => setTimeout(kill, draw(5)) : undefined;
      await chat.say("sales", hook);
      await chat.say(`words ${n} of round ${round}`);
      await chat.say("that is all");
      await until(`chat ${chat.id} to end`, () => chat.ended, 120_000);
    }));
    clearTimeout(timer);
    kill();
    await centre.restart(victim);
    await until("zero problems", async () => JSON.parse(await centre.tandem("status", "--json")).problems.length === 0, 60_000);
  }
  stop.now = true;
  await Promise.all(serving);
  for (const chat of chats) {
    const lines = chat.transcriptKept ?? (await centre.tandem("contacts", chat.id, "--transcript", "--json"));
    const kept = JSON.parse(lines);
    const ids = kept.transcript.map((item) => item.id);
    for (const { id, words } of chat.accepted) {
      assert.equal(ids.filter((one) => one === id).length, 1, `"${words}" of ${chat.id} stands once`);
      assert.equal(kept.transcript.filter((item) => item.content === words).length, 1, `"${words}" of ${chat.id} was said once`);
    }
    assert.deepEqual(chat.doubled, [], `nothing is shown twice to ${chat.id}`);
    const asked = kept.transcript.filter((item) => item.content?.includes("sales or support")).length;
    assert.equal(asked, 1, `${chat.id} is asked once`);
    chat.socket.terminate();
  }
  for (const agent of agents) agent.close();
  console.log(`${chats.length} conversations, ${kills} kills`);
});
