// Goal: a customer's chat goes on in the other region, with the same contact, attributes and transcript, wherever in its
// life the process that owns it is killed; nobody is asked anything twice.
// Method: the unmodified amazon-connect-chatjs in headless Chromium against the hub's gateway; an agent over the agent
// API; SIGKILL; what the page was shown, and what the transcript holds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";
import { GetContactAttributesCommand, StartChatContactCommand } from "@aws-sdk/client-connect";
import { Agent, Centre, chromium, until } from "./centre.mjs";

const chatjs = createRequire(import.meta.url).resolve("amazon-connect-chatjs");
const shots = process.env.TANDEM_SHOTS;
let centre, browser, pages, origin;

before(async () => {
  centre = await Centre.up();
  pages = createServer((request, response) => {
    const script = request.url === "/chat.js";
    response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
    response.end(script ? readFileSync(chatjs) : "<!doctype html><title>chat</title><body><ul id=log></ul><script src=/chat.js></script>");
  });
  await new Promise((done) => pages.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${pages.address().port}`;
  browser = await puppeteer.launch({
    executablePath: chromium(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(async () => {
  await browser?.close();
  pages?.close();
  await centre?.down();
});

class Customer {
  static async start(attributes = {}) {
    const customer = new Customer();
    const started = await centre.connect("us-east-1").send(
      new StartChatContactCommand({
        InstanceId: centre.instance,
        ContactFlowId: await centre.flow("welcome"),
        ParticipantDetails: { DisplayName: "Cleo" },
        Attributes: attributes,
      }),
    );
    customer.id = started.ContactId;
    customer.page = await browser.newPage();
    await customer.page.goto(origin);
    await customer.page.evaluate(
      async (endpoint, details) => {
        window.shown = [];
        window.ended = 0;
        window.broken = 0;
        connect.ChatSession.setGlobalConfig({ region: "us-east-1", endpoint });
        window.session = connect.ChatSession.create({ type: "CUSTOMER", disableCSM: true, options: { region: "us-east-1" }, chatDetails: details });
        const keep = (item) => {
          window.shown.push(item);
          const line = document.createElement("li");
          line.textContent = `${item.ParticipantRole ?? item.Type}: ${item.Content ?? item.ContentType}`;
          document.getElementById("log").append(line);
        };
        window.session.onMessage((event) => keep(event.data));
        window.session.onEnded(() => (window.ended += 1));
        window.session.onConnectionBroken(() => (window.broken += 1));
        await window.session.connect();
        // What was said before the socket opened is for the transcript, as with the service.
        const before = await window.session.getTranscript({ maxResults: 100, scanDirection: "BACKWARD", sortOrder: "ASCENDING" });
        const known = new Set(window.shown.map((item) => item.Id));
        for (const item of before.data.Transcript) if (!known.has(item.Id)) keep(item);
      },
      centre.gateway,
      { contactId: started.ContactId, participantId: started.ParticipantId, participantToken: started.ParticipantToken },
    );
    return customer;
  }
  shown() {
    return this.page.evaluate(() => window.shown.filter((item) => item.Type === "MESSAGE").map((item) => item.Content));
  }
  ended() {
    return this.page.evaluate(() => window.ended);
  }
  async sees(words) {
    await until(`the customer to be shown "${words}"`, async () => (await this.shown()).some((line) => line.includes(words)), 30_000);
  }
  say(words) {
    return this.page.evaluate(async (message) => (await window.session.sendMessage({ contentType: "text/plain", message })).data.Id, words);
  }
  transcript() {
    return this.page.evaluate(async () => {
      const got = await window.session.getTranscript({ maxResults: 100, scanDirection: "BACKWARD", sortOrder: "ASCENDING" });
      return got.data.Transcript.filter((item) => item.Type === "MESSAGE").map((item) => item.Content);
    });
  }
}

const phase = async (id, name) => until(`the contact to be ${name}`, async () => (await centre.contact(id))?.phase === name, 30_000);
const offered = (agent, id) => until("the contact to ring", async () => (await agent.me()).contacts?.some((c) => c.id === id), 30_000);

function once(lines) {
  assert.deepEqual(lines.filter((line, at) => lines.indexOf(line) !== at), [], "nothing is said twice");
}

async function conversation(customer, agent) {
  await until("the agent to accept", async () => agent.call("POST", `/contacts/${customer.id}/accept`, {}), 10_000);
  await agent.call("POST", `/contacts/${customer.id}/messages`, { content: "Alice here, how can I help?" });
  await customer.sees("Alice here");
}

async function finish(customer, agent, expected) {
  await agent.call("POST", `/contacts/${customer.id}/messages`, { content: "Goodbye, Cleo" });
  await customer.sees("Goodbye");
  await agent.call("POST", `/contacts/${customer.id}/end`, {});
  await until("the chat to end", async () => (await customer.ended()) === 1);
  if (shots) await customer.page.screenshot({ path: `${shots}/${customer.id}.png` });
  const lines = await customer.shown();
  once(lines);
  let at = -1;
  for (const words of expected) {
    const next = lines.findIndex((line, n) => n > at && line.includes(words));
    assert.ok(next > at, `"${words}" in its place among ${JSON.stringify(lines)}`);
    at = next;
  }
  await agent.call("POST", `/contacts/${customer.id}/complete`, {});
  const kept = await centre.connect(agent.region).send(new GetContactAttributesCommand({ InstanceId: centre.instance, InitialContactId: customer.id }));
  assert.equal(kept.Attributes.tier, "gold");
  await customer.page.close();
  agent.close();
}

const said = ["Welcome", "sales or support", "sales", "Alice here", "thank you", "Goodbye"];

test("a chat that starts in one region is served from the other", { timeout: 120_000 }, async () => {
  const agent = new Agent(centre, "alice");
  await agent.signIn("us-west-2");
  await agent.setStatus("Available");
  const customer = await Customer.start({ tier: "gold" });
  await customer.sees("sales or support");
  await customer.say("sales");
  await offered(agent, customer.id);
  await conversation(customer, agent);
  await customer.say("thank you");
  await finish(customer, agent, said);
  await agent.call("POST", "/sign-out", {});
});

test("the owner is killed while the flow asks", { timeout: 180_000 }, async () => {
  const agent = new Agent(centre, "alice");
  await agent.signIn("us-west-2");
  await agent.setStatus("Available");
  const customer = await Customer.start({ tier: "gold" });
  await customer.sees("sales or support");
  centre.kill("us-east-1");
  await customer.say("sales");
  await offered(agent, customer.id);
  await conversation(customer, agent);
  await customer.say("thank you");
  await finish(customer, agent, said);
  await agent.call("POST", "/sign-out", {});
  await centre.restart("us-east-1");
});

test("the owner is killed while the customer waits in the queue", { timeout: 180_000 }, async () => {
  const customer = await Customer.start({ tier: "gold" });
  await customer.sees("sales or support");
  await customer.say("sales");
  await phase(customer.id, "queued");
  centre.kill("us-east-1");
  const agent = new Agent(centre, "alice");
  await until("the sign-in", () => agent.signIn("us-west-2"));
  await agent.setStatus("Available");
  await offered(agent, customer.id);
  await conversation(customer, agent);
  await customer.say("thank you");
  await finish(customer, agent, said);
  await agent.call("POST", "/sign-out", {});
  await centre.restart("us-east-1");
});

test("the owner is killed while it rings", { timeout: 180_000 }, async () => {
  const first = new Agent(centre, "alice");
  await first.signIn("us-east-1");
  await first.setStatus("Available");
  const customer = await Customer.start({ tier: "gold" });
  await customer.sees("sales or support");
  await customer.say("sales");
  await offered(first, customer.id);
  centre.kill("us-east-1");
  await until("the sign-in at the survivor", () => first.signIn("us-west-2"));
  await first.setStatus("Available");
  await offered(first, customer.id);
  await conversation(customer, first);
  await customer.say("thank you");
  await finish(customer, first, said);
  await first.call("POST", "/sign-out", {});
  await centre.restart("us-east-1");
});

test("the owner is killed in mid-conversation; the agent signs in elsewhere with the same token", { timeout: 180_000 }, async () => {
  const agent = new Agent(centre, "alice");
  await agent.signIn("us-east-1");
  await agent.setStatus("Available");
  const customer = await Customer.start({ tier: "gold" });
  await customer.sees("sales or support");
  await customer.say("sales");
  await offered(agent, customer.id);
  await conversation(customer, agent);
  centre.kill("us-east-1");
  const sent = customer.say("thank you");
  await until("the sign-in at the survivor", () => agent.signIn("us-west-2"));
  await sent;
  await until("the same agent to be with the customer again", async () =>
    (await agent.me()).contacts?.some((c) => c.id === customer.id && c.state === "connected"), 30_000);
  await finish(customer, agent, said);
  await agent.call("POST", "/sign-out", {});
  await centre.restart("us-east-1");
  const back = await until("the restarted region to have everything", async () => {
    const status = JSON.parse(await centre.tandem("status", "--json"));
    return status.problems?.length === 0 ? status : null;
  }, 30_000);
  assert.ok(back);
});
