// A centre of its own for a test: real processes in a temporary folder, brought up, killed and taken down by `tandem`.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConnectClient, ListContactFlowsCommand } from "@aws-sdk/client-connect";
import WebSocket from "ws";

const here = dirname(fileURLToPath(import.meta.url));
const bin = process.env.TANDEM_BIN ?? resolve(here, "../../build/release/bin");
const run = promisify(execFile);

// Polls until `look` gives something; says what was waited for when it does not come.
export async function until(what, look, milliseconds = 20_000) {
  const end = Date.now() + milliseconds;
  let last;
  while (Date.now() < end) {
    try {
      const got = await look();
      if (got) return got;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`waited ${milliseconds} ms in vain for ${what}${last ? `: ${last.message}` : ""}`);
}

export class Centre {
  static async up(extra = []) {
    const centre = new Centre();
    centre.dir = mkdtempSync(join(tmpdir(), "tandem-client-"));
    await centre.tandem("up", "--detach", ...extra);
    const status = JSON.parse(await centre.tandem("status", "--json"));
    centre.env = {};
    for (const region of ["us-east-1", "us-west-2"]) {
      const text = await centre.tandem("env", region);
      const value = (name) => new RegExp(`export ${name}=(.*)`).exec(text)[1].replace(/^'|'$/g, "");
      centre.env[region] = { url: value("AWS_ENDPOINT_URL"), key: value("AWS_ACCESS_KEY_ID"), secret: value("AWS_SECRET_ACCESS_KEY"), instance: value("INSTANCE_ID") };
      centre.gateway = value("TANDEM_GATEWAY_URL");
    }
    centre.status = status;
    return centre;
  }
  async tandem(...args) {
    const { stdout } = await run(join(bin, "tandem"), [...args, "--dir", this.dir], { maxBuffer: 64 << 20 });
    return stdout;
  }
  connect(region = "us-east-1") {
    const e = this.env[region];
    return new ConnectClient({ region, endpoint: e.url, credentials: { accessKeyId: e.key, secretAccessKey: e.secret } });
  }
  // The same API at the gateway: a contact started there goes where the centre decides.
  connectAtGateway() {
    const e = this.env["us-east-1"];
    return new ConnectClient({ region: "us-east-1", endpoint: this.gateway, credentials: { accessKeyId: e.key, secretAccessKey: e.secret } });
  }
  get instance() {
    return this.env["us-east-1"].instance;
  }
  async flow(name) {
    const listed = await this.connect().send(new ListContactFlowsCommand({ InstanceId: this.instance }));
    return listed.ContactFlowSummaryList.find((flow) => flow.Name === name).Id;
  }
  pid(region) {
    return Number.parseInt(readFileSync(join(this.dir, "run", `${region}.pid`), "utf8"), 10);
  }
  kill(region) {
    process.kill(this.pid(region), "SIGKILL");
  }
  async restart(region) {
    await this.tandem("up", "--detach", "--only", region);
  }
  async contact(id) {
    const all = JSON.parse(await this.tandem("contacts", "--all", "--json"));
    return all.contacts.find((contact) => contact.id === id);
  }
  async down() {
    try {
      await this.tandem("down");
    } finally {
      if (!process.env.TANDEM_KEEP) rmSync(this.dir, { recursive: true, force: true });
    }
  }
}

// An agent's desktop: signs in at a region, keeps the token, hears events.
export class Agent {
  constructor(centre, user, password = "Welcome2Tandem") {
    Object.assign(this, { centre, user, password, events: [] });
  }
  async call(method, path, body) {
    const response = await fetch(`${this.url}/agent/v1${path}`, {
      method,
      headers: { "content-type": "application/json", ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.code}: ${answer.message}`);
    return answer;
  }
  // With the token of an earlier sign-in when there is one: the same desktop, in another region.
  async signIn(region) {
    this.region = region;
    this.url = this.centre.env[region].url;
    const proof = this.token ? { token: this.token } : { username: this.user, password: this.password };
    delete this.token;
    const opened = await this.call("POST", "/sign-in", proof);
    this.token = opened.token;
    this.socket?.terminate();
    this.socket = new WebSocket(`${this.url.replace("http", "ws")}/agent/v1/events?token=${encodeURIComponent(this.token)}`);
    this.socket.on("error", () => {});
    this.socket.on("message", (data) => this.events.push(JSON.parse(data)));
    return opened;
  }
  setStatus(status) {
    return this.call("PUT", "/status", { status });
  }
  me() {
    return this.call("GET", "/me");
  }
  close() {
    this.socket?.terminate();
  }
}

export function chromium() {
  for (const path of ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]) {
    try {
      execFileSync(path, ["--version"], { stdio: "ignore" });
      return path;
    } catch {
      // not this one
    }
  }
  throw new Error("no Chromium on this machine; script/bootstrap installs it");
}
