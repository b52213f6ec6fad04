"""A centre of its own for a test: real processes in a temporary folder, the clients of its APIs, and the list of cases."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid

BIN = os.path.abspath(os.environ.get("TANDEM_BIN") or os.path.join(os.path.dirname(__file__), "../../build/release/bin"))
SLOW = 4 if "TSAN_OPTIONS" in os.environ else 1  # sanitized programs are many times slower
PASSWORD = "Welcome2Tandem"


# --- cases -------------------------------------------------------------------------------------------------------------


class Skip(Exception):
    """The reason why a case cannot be tried on this machine."""


_cases = []


def case(name):
    """Registers a case. They run in the order of the file and may build on each other."""

    def keep(function):
        _cases.append((name, function))
        return function

    return keep


def run(make):
    """Makes what the cases share with `make()`, a context manager, runs them and ends the process."""
    passed = failed = 0
    wanted = [c for c in _cases if not sys.argv[1:] or any(word in c[0] for word in sys.argv[1:])]
    try:
        with make() as shared:
            for name, function in wanted:
                begun = time.monotonic()
                try:
                    function(shared)
                    passed += 1
                    print(f"ok      {name} ({time.monotonic() - begun:.1f} s)", flush=True)
                except Skip as reason:
                    print(f"skipped: {name}: {reason}", flush=True)
                except Exception:
                    failed += 1
                    print(f"FAILED  {name} ({time.monotonic() - begun:.1f} s)\n{traceback.format_exc()}", flush=True)
    except Skip as reason:
        print(f"skipped: {reason}")
    except Exception:
        failed += 1
        print(f"FAILED  before or after the cases\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


def until(what, look, seconds=30.0):
    """Polls until `look` gives something true; says what was waited for when it does not come."""
    end = time.monotonic() + seconds * SLOW
    last = None
    while True:
        try:
            got = look()
            if got:
                return got
        except (OSError, Refused, AssertionError, KeyError, http.client.HTTPException, ValueError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds * SLOW:.0f} s in vain for {what}" + (f": {last!r}" if last else ""))
        time.sleep(0.03)


def equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: {got!r} instead of {expected!r}")


def isolated():
    """Runs this program again in network and mount namespaces of its own. False where the kernel does not allow it."""
    if os.environ.get("TANDEM_ISOLATED") == str(os.getpid()):
        # The first process of the namespaces: `unshare` becomes this program, so the id stays.
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        return True
    tools = all(shutil.which(tool) for tool in ("unshare", "ip", "mount"))
    how = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    if not tools or subprocess.run([*how, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return False
    os.environ["TANDEM_ISOLATED"] = str(os.getpid())
    os.execvp(how[0], [*how, sys.executable, *sys.argv])


# --- HTTP --------------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """An answer that is not 2xx. `name`: the service's name of the error, or the code of the agent API."""

    def __init__(self, status, name, text):
        super().__init__(f"{status} {name}: {text}")
        self.status, self.name, self.text = status, name, text


def fetch(url, method="GET", body=b"", headers=None, ca=None, seconds=15.0):
    """One request over a connection of its own: status, headers, body."""
    at = urllib.parse.urlsplit(url)
    if at.scheme == "https":
        connection = http.client.HTTPSConnection(at.hostname, at.port, timeout=seconds * SLOW, context=ssl.create_default_context(cafile=ca))
    else:
        connection = http.client.HTTPConnection(at.hostname, at.port, timeout=seconds * SLOW)
    try:
        target = (at.path or "/") + ("?" + at.query if at.query else "")
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def judged(answer):
    """The JSON of an answer, or Refused."""
    status, headers, body = answer
    try:
        found = json.loads(body) if body else {}
    except ValueError:
        found = {"message": body.decode(errors="replace")}
    if 200 <= status < 300:
        return found
    name = headers.get("x-amzn-errortype") or found.get("code") or found.get("error") or ""
    raise Refused(status, name, found.get("message") or found.get("Message") or found.get("detail") or "")


def signed(method, url, body, region, key, secret, service="connect"):
    """Headers with an AWS Signature Version 4, over host, date and body."""
    at = urllib.parse.urlsplit(url)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": at.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
    query = sorted(urllib.parse.parse_qsl(at.query, keep_blank_values=True))
    strict = lambda text: urllib.parse.quote(text, safe="-_.~")
    canonical = "\n".join([
        method, urllib.parse.quote(at.path or "/", safe="/-_.~"), "&".join(f"{strict(k)}={strict(v)}" for k, v in query),
        *(f"{name}:{value}" for name, value in headers.items()), "", ";".join(headers), digest])
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), to_sign):
        mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
    credential = f"Credential={key}/{scope}, SignedHeaders={';'.join(headers)}, Signature={mac.hex()}"
    return {**headers, "authorization": "AWS4-HMAC-SHA256 " + credential, "content-type": "application/json"}


class Connect:
    """The Connect API of one node, signed without an AWS library."""

    def __init__(self, url, region, key, secret, instance, ca=None):
        self.url, self.region, self.key, self.secret, self.instance, self.ca = url, region, key, secret, instance, ca

    def call(self, method, path, body=None, seconds=15.0):
        url = self.url + path.replace("{}", self.instance)
        data = b"" if body is None else json.dumps(body).encode()
        headers = signed(method, url, data, self.region, self.key, self.secret)
        return judged(fetch(url, method, data, headers, self.ca, seconds))

    def ids(self, kind, seconds=15.0):
        """Name to id: queues, routing-profiles, users, contact-flows, hours-of-operations."""
        listed = self.call("GET", f"/{kind}-summary/{{}}?maxResults=100", seconds=seconds)
        rows = next(value for value in listed.values() if isinstance(value, list))
        return {row.get("Name") or row.get("Username"): row["Id"] for row in rows if row.get("Name") or row.get("Username")}

    def create_queue(self, name, seconds=15.0):
        hours = self.ids("hours-of-operations", seconds)["always open"]
        return self.call("PUT", "/queues/{}", {"Name": name, "HoursOfOperationId": hours}, seconds)["QueueId"]

    def start_task(self, name, token=None, flow="welcome"):
        body = {"InstanceId": self.instance, "ContactFlowId": self.ids("contact-flows")[flow], "Name": name,
                "ClientToken": token or str(uuid.uuid4())}
        return self.call("PUT", "/contact/task", body)["ContactId"]

    def contact(self, contact):
        return self.call("GET", f"/contacts/{{}}/{contact}")["Contact"]

    def start_chat(self, token=None, attributes=None, flow="welcome", customer=None):
        body = {"InstanceId": self.instance, "ContactFlowId": self.ids("contact-flows")[flow], "Attributes": attributes or {},
                "ParticipantDetails": {"DisplayName": "Cleo"}, "ClientToken": token or str(uuid.uuid4())}
        if customer:
            body["CustomerId"] = customer
        return Chat(self, self.call("PUT", "/contact/chat", body))


class Chat:
    """A customer over the participant API, at the node that started the chat or at another. While no socket of hers is
    open she counts as away, and keeps her place without being offered to anybody."""

    def __init__(self, connect, started):
        self.connect, self.url, self.ca = connect, connect.url, connect.ca
        self.id, self.participant_token = started["ContactId"], started["ParticipantToken"]
        self.socket = None
        self.attach()

    def attach(self, url=None):
        """Opens the connection, at another node when `url` is given."""
        self.url = url or self.url
        opened = self.post("connection", self.participant_token, {"Type": ["WEBSOCKET", "CONNECTION_CREDENTIALS"]})
        self.token = opened["ConnectionCredentials"]["ConnectionToken"]
        if self.socket:
            self.socket.close()
        self.socket = WebSocket(opened["Websocket"]["Url"], ca=self.ca)
        self.socket.send(json.dumps({"topic": "aws/subscribe", "content": {"topics": ["aws/chat"]}}))
        self.socket.listen()

    def post(self, path, token, body, seconds=15.0):
        headers = {"content-type": "application/json", "x-amz-bearer": token}
        return judged(fetch(f"{self.url}/participant/{path}", "POST", json.dumps(body).encode(), headers, self.ca, seconds))

    def say(self, words, token=None, seconds=15.0):
        body = {"ContentType": "text/plain", "Content": words, "ClientToken": token or str(uuid.uuid4())}
        return self.post("message", self.token, body, seconds)["Id"]

    def lines(self):
        body = {"MaxResults": 100, "ScanDirection": "BACKWARD", "SortOrder": "ASCENDING", "StartPosition": {}}
        items = self.post("transcript", self.token, body)["Transcript"]
        return [item["Content"] for item in items if item["Type"] == "MESSAGE"]

    def sees(self, words, seconds=30.0):
        until(f'the customer to be shown "{words}"', lambda: any(words in line for line in self.lines()), seconds)


class Agent:
    """An agent's desktop. `seconds`: how long it waits for an answer."""

    def __init__(self, user, password=PASSWORD, ca=None):
        self.user, self.password, self.ca, self.token, self.url, self.seconds = user, password, ca, None, None, 15.0

    def call(self, method, path, body=None):
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = "Bearer " + self.token
        data = b"" if body is None else json.dumps(body).encode()
        return judged(fetch(f"{self.url}/agent/v1{path}", method, data, headers, self.ca, self.seconds))

    def sign_in(self, url):
        proof = {"token": self.token} if self.token else {"username": self.user, "password": self.password}
        self.url = url
        self.token, kept = None, self.token
        try:
            self.token = self.call("POST", "/sign-in", proof)["token"]
        except Exception:
            self.token = kept
            raise
        return self

    def status(self, name):
        return self.call("PUT", "/status", {"status": name})

    def contact(self, contact):
        return next((c for c in self.call("GET", "/me")["contacts"] if c["id"] == contact), None)

    def takes(self, contact, seconds=30.0):
        """Waits for the contact to ring, and accepts."""
        until("the contact to ring", lambda: (self.contact(contact) or {}).get("state") == "offered", seconds)
        until("the agent to accept", lambda: self.call("POST", f"/contacts/{contact}/accept", {}) is not None, seconds)

    def says(self, contact, words, token=None):
        return self.call("POST", f"/contacts/{contact}/messages", {"content": words, "client_token": token or str(uuid.uuid4())})

    def ends(self, contact):
        self.call("POST", f"/contacts/{contact}/end", {})
        until("after-contact work to be done", lambda: self.call("POST", f"/contacts/{contact}/complete", {}) is not None)


def desk(centre, user, region):
    """An agent who is signed in and available."""
    agent = Agent(user, ca=centre.ca).sign_in(centre.urls[region])
    agent.status("Available")
    return agent


class WebSocket:
    """Just enough of RFC 6455 to be a customer."""

    def __init__(self, url, receive_bytes=None, ca=None):
        at = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(15 * SLOW)
        self.socket.connect((at.hostname, at.port))
        if at.scheme == "wss":
            self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket, server_hostname=at.hostname)
        self.heard = []
        self.listener = None
        target = (at.path or "/") + ("?" + at.query if at.query else "")
        self.socket.sendall((f"GET {target} HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1) or b"\r\n\r\n"
        if b" 101 " not in answer.split(b"\r\n")[0]:
            raise ConnectionError(answer.decode(errors="replace"))

    def send(self, text, opcode=1):
        data = text if isinstance(text, bytes) else text.encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + data)

    def take(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def receive(self):
        first, size = self.take(2)
        if size >= 126:
            size = struct.unpack(">H" if size == 126 else ">Q", self.take(2 if size == 126 else 8))[0]
        return first & 15, self.take(size)

    def listen(self):
        """Keeps what is heard and answers pings, until the socket closes."""
        self.socket.settimeout(None)

        def hear():
            try:
                while True:
                    opcode, data = self.receive()
                    if opcode == 9:
                        self.send(data, 10)
                    elif opcode == 1:
                        self.heard.append(json.loads(data))
            except (OSError, ValueError):
                pass

        self.listener = threading.Thread(target=hear, daemon=True)
        self.listener.start()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        # The number of a closed socket is soon another's, and a listener that still uses it would disturb that one.
        if self.listener:
            self.listener.join()
        self.socket.close()


# --- the centre --------------------------------------------------------------------------------------------------------


class Centre:
    """Brought up, killed and taken down by `tandem`. `names`: its nodes, the hub first."""

    def __init__(self, *up):
        self.dir = tempfile.mkdtemp(prefix="tandem-process-")
        self.started = {}
        self.ca = None
        try:
            self.tandem("up", "--detach", *up)
            self.look()
        except Exception:
            self.close()
            raise

    def look(self):
        status = self.status()
        self.instance = status["instance"]
        self.names = [node["name"] for node in status["nodes"]]
        self.urls = {node["name"]: node["url"] for node in status["nodes"]}
        self.regions = self.names[1:]
        text = self.tandem("env", self.regions[0])
        value = lambda name: shlex.split(re.search(rf"export {name}=(.*)", text)[1])[0]
        self.key, self.secret = value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in list(self.started.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.started.values():
            try:
                process.wait(20 * SLOW)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        try:
            if os.path.exists(os.path.join(self.dir, "centre.yaml")):
                self.tandem("down")
            self.nothing_broken()
        finally:
            with open("/proc/self/mounts", encoding="utf-8") as file:
                for at in [line.split()[1] for line in file if line.split()[1].startswith(self.dir + "/")]:
                    subprocess.run(["umount", "-l", at], check=False)
            if os.environ.get("TANDEM_KEEP"):
                print(f"the centre stays in {self.dir}")
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def tandem(self, *arguments, statuses=(0,)):
        done = subprocess.run([os.path.join(BIN, "tandem"), *arguments, "--dir", self.dir], capture_output=True, text=True,
                              timeout=150 * SLOW)
        if done.returncode not in statuses:
            raise AssertionError(f"tandem {' '.join(arguments)}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def json(self, *arguments, statuses=(0,)):
        return json.loads(self.tandem(*arguments, "--json", statuses=statuses))

    def status(self):
        return self.json("status", statuses=(0, 1))

    def settled(self, seconds=60.0):
        """Waits until `tandem status` names no problem."""
        problems = []

        def look():
            problems[:] = self.status()["problems"]
            return not problems

        try:
            until("zero problems", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {problems}") from None

    def connect(self, name, region=None):
        return Connect(self.urls[name], region or (name if name != "hub" else self.regions[0]), self.key, self.secret, self.instance, self.ca)

    def stock(self, region):
        """boto3's client of the Connect API in a region."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError as reason:
            raise Skip(str(reason)) from None
        return boto3.client("connect", region_name=region, endpoint_url=self.urls[region], aws_access_key_id=self.key,
                            aws_secret_access_key=self.secret, config=Config(retries={"total_max_attempts": 1}))

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def settings(self, name):
        return self.path("nodes", name, "settings.yaml")

    def log(self, name):
        with open(self.path("logs", f"{name}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def pid(self, name):
        with open(self.path("run", f"{name}.pid"), encoding="ascii") as file:
            return int(file.read().split()[0])

    def start(self, name, prefix=(), command=None):
        """Starts a node with its settings as they are: `tandem up` would write them anew. `prefix`: words in front."""
        with open(self.path("logs", f"{name}.log"), "ab") as log:
            words = [*prefix, os.path.join(BIN, "tandemd"), "--config", command or self.settings(name)]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.started[name] = process
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
            since = stat.read().rpartition(")")[2].split()[19]
        with open(self.path("run", f"{name}.pid"), "w", encoding="ascii") as file:
            file.write(f"{process.pid} {since}\n")
        return process

    def stop(self, name):
        process = self.started.pop(name)
        process.terminate()
        return process.wait(20 * SLOW)

    def ready(self, name):
        return fetch(self.urls[name] + "/readyz", ca=self.ca, seconds=3)[0] == 200

    def ops(self, name, path, put=None):
        """What operators ask of one node, or put there, under a token made from the centre key as `tandem` makes it."""
        with open(self.path("centre.key"), encoding="ascii") as file:
            centre_key = file.read().strip().encode()
        extracted = hmac.new(b"tandem", centre_key, hashlib.sha256).digest()
        key = hmac.new(extracted, b"tokens\x01", hashlib.sha256).digest()
        body = f"ops\n{int(time.time() * 1000) + 600_000}\nthe process tests".encode()
        coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (body, hmac.new(key, body, hashlib.sha256).digest())]
        method, body = ("GET", b"") if put is None else ("PUT", json.dumps(put).encode())
        headers = {"authorization": "Bearer " + ".".join(coded)}
        return judged(fetch(f"{self.urls[name]}/ops/v1/{path}", method, body, headers, self.ca, 5))

    def counted(self, metric, *labels):
        """The sum of a counter over the nodes that run, by the values of these labels."""
        out = {}
        for name in self.names:
            _, _, page = fetch(self.urls[name] + "/metrics", ca=self.ca)
            for words, value in re.findall(rf"^{metric}{{(.*)}} (\S+)$", page.decode(), re.M):
                found = dict(re.findall(r'(\w+)="([^"]*)"', words))
                key = tuple(found[label] for label in labels)
                out[key] = out.get(key, 0) + int(float(value))
        return out

    def nothing_broken(self):
        """No node has logged what only a bug can cause."""
        for name in getattr(self, "names", []):
            found = re.search(r"(Sanitizer|broken invariant|runtime error).*(\n.*){0,40}", self.log(name))
            if found:
                raise AssertionError(f"{name} says:\n{found[0]}")


# --- nodes apart -------------------------------------------------------------------------------------------------------


HUB, EAST, WEST = "hub", "us-east-1", "us-west-2"
PUBLIC, PEER = 7443, 7444
NET = "10.77.0."
HERE = NET + "254"


def ip(*words, inside=None):
    prefix = ["nsenter", "--net", "-t", str(inside)] if inside else []
    subprocess.run([*prefix, "ip", *words], check=True, capture_output=True, text=True)


class Weather:
    """A centre whose nodes live apart, each in a network namespace of its own, joined by a bridge. `relay`: between the nodes,
    if there is one; its `ports` stand for their peer ports."""

    def __init__(self):
        if os.environ.get("TANDEM_ISOLATED") != str(os.getpid()):
            raise Skip("no network namespaces here: they need root, or user namespaces open to everybody")
        for tool in ("ip", "nft", "nsenter", "unshare"):
            if not shutil.which(tool):
                raise Skip(f"no {tool} on this machine")
        ip("link", "add", "name", "weather", "type", "bridge")
        ip("addr", "add", HERE + "/24", "dev", "weather")
        ip("link", "set", "weather", "up")
        self.rules("")
        self.relay = None
        self.more = ""  # settings beside those of every test
        self.holders = {}
        self.centre = Centre()

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            # The nodes' addresses are not the ones that `tandem down` would ask for; it knows them by their pid files.
            self.centre.close()
        finally:
            for holder in self.holders.values():
                holder.kill()
                holder.wait()

    def set_up(self):
        centre = self.centre
        centre.tandem("down")
        self.address = {name: f"{NET}{n}" for n, name in enumerate(centre.names, 1)}
        for n, name in enumerate(centre.names, 1):
            holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
            self.holders[name] = holder
            until("the namespace", lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
            ip("link", "add", "name", f"way{n}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
            ip("link", "set", f"way{n}", "master", "weather", "up")
            ip("addr", "add", self.address[name] + "/24", "dev", "eth0", inside=holder.pid)
            ip("link", "set", "eth0", "up", inside=holder.pid)
            ip("link", "set", "lo", "up", inside=holder.pid)
            centre.tandem("pki", "issue", "--pki-dir", centre.path("pki"), "--node", str(n), "--name", f"public-{name}", "--host", self.address[name])
            centre.urls[name] = f"https://{self.address[name]}:{PUBLIC}"
        centre.ca = centre.path("pki", "ca.pem")
        self.start()

    def start(self):
        """Writes the settings for life apart, through the relay if there is one, and starts all nodes."""
        centre = self.centre
        for name in centre.names:
            with open(centre.settings(name), encoding="utf-8") as file:
                text = file.read().partition("listen:")[0]
            cert = centre.path("pki", f"public-{name}")
            pki = centre.path("pki")
            text += (f"listen:\n  public: {self.address[name]}:{PUBLIC}\n  peer: {self.address[name]}:{PEER}\n"
                     f"public_tls:\n  cert: {cert}.pem\n  key: {cert}.key\n"
                     f"peer_tls:\n  ca: {pki}/ca.pem\n  cert: {pki}/{name}.pem\n  key: {pki}/{name}.key\nmembers:\n")
            for n, other in enumerate(centre.names, 1):
                peer = f"{HERE}:{self.relay.ports[other]}" if self.relay else f"{self.address[other]}:{PEER}"
                text += (f"  - node: {n}\n    region: {other}\n    hub: {str(other == HUB).lower()}\n"
                         f"    peer: {peer}\n    public: {centre.urls[other]}\n")
            text += self.more
            with open(centre.settings(name), "w", encoding="utf-8") as file:
                file.write(text)
            centre.start(name, ["nsenter", "--net", "-t", str(self.holders[name].pid)])
        for name in centre.names:
            until(f"{name} to be ready", lambda: centre.ready(name), 60)

    # -- the weather

    def rules(self, text):
        done = subprocess.run(["nft", "-f", "-"], text=True, capture_output=True, input=(
            "table bridge weather\ndelete table bridge weather\ntable bridge weather {\n"
            f"chain forward {{ type filter hook forward priority 0; policy accept;\n{text}\n}}\n}}\n"))
        if done.returncode != 0:
            raise Skip("nft cannot filter a bridge here: " + done.stderr.strip())

    def cut(self, *ways):
        """Drops what goes from the first to the second of each way; no ways: all is fair again."""
        self.rules("\n".join(f"ip saddr {self.address[a]} ip daddr {self.address[b]} drop" for a, b in ways))

    @contextlib.contextmanager
    def cutting(self, *ways):
        """The cut, for as long as the block takes, however it ends."""
        self.cut(*ways)
        try:
            yield
        finally:
            self.cut()

    # -- what is seen

    def problems(self, name):
        return self.centre.ops(name, "status")["problems"]

    def tells(self, name, *words, seconds=60):
        """Waits until one problem that the node names has all the words."""
        seen = []

        def look():
            seen[:] = self.problems(name)
            return any(all(word in problem for word in words) for problem in seen)

        try:
            until(f"{name} to tell of {' '.join(words)}", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[self.problems(each) for each in self.centre.names]}") from None

    def fair(self, seconds=90):
        """All nodes answer, name no problem and tell the same of contacts, agents and documents."""
        seen = {}

        def look():
            for name in self.centre.names:
                seen[name] = self.problems(name)
            if any(seen.values()):
                return False
            views = []
            for name in self.centre.names:
                contacts = self.centre.ops(name, "contacts?live=0&limit=1000")["contacts"]
                agents = self.centre.ops(name, "agents?all=true")["agents"]
                connect = self.centre.connect(name)
                views.append((sorted((c["id"], c["phase"], str(c["owner"]), str(c["agent"]), str(c["queue"])) for c in contacts),
                              sorted((a["id"], str(a.get("at")), a["status"]) for a in agents),
                              [sorted(connect.ids(kind).items()) for kind in ("queues", "users", "contact-flows")]))
            seen["views"] = views
            return views[0] == views[1] == views[2]

        try:
            until("fair weather", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}") from None

    def one_log(self):
        """Stops the nodes; the logs on their disks are whole and hold the same records."""
        for name in list(self.centre.started):
            equal(self.centre.stop(name), 0, f"the exit status of {name}")
        logs = self.centre.json("log", "verify")["logs"]
        ends = [{(one["node"], one["incarnation"]): one["last"] for one in log["logs"] if one["last"]} for log in logs]
        # The last words of a node, said while the others were stopping, may not have come through.
        for name, end in zip(self.centre.names, ends):
            for key, last in end.items():
                for other, theirs in zip(self.centre.names, ends):
                    assert last - theirs.get(key, 0) <= 20, f"{other} lacks records of log {key} that {name} has: {ends}"


def both(a, b):
    return (a, b), (b, a)


# --- processes ---------------------------------------------------------------------------------------------------------


def rss_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024


def processes_of(folder):
    """Every process whose command line names the folder, but this one."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if folder.encode() in words and state != "Z" and int(pid) != os.getpid():
            found.append((int(pid), words.replace(b"\0", b" ").decode(errors="replace")))
    return found
