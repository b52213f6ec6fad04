#!/usr/bin/env python3
"""Goal: whatever strangers send to any port costs a log line and bounded memory; the node serves on and does not exit.
Method: noise, broken TLS, endless headers, a frame that claims 4 GB, readers that do not read and thousands of idle
connections, at every port of every node; after each, the node's memory, its log and an ordinary request."""
import os
import random
import re
import resource
import socket
import ssl
import struct

from centre import Centre, SLOW, WebSocket, case, equal, fetch, isolated, rss_bytes, run, until

isolated()
EAST = "us-east-1"
NOISE = random.Random(4_711)
# What a node may grow by in any of the cases below; sanitized programs need a multiple for the same.
GROWTH_MAX = 96 << 20
RSS_BEFORE = {}


class Ports:
    """A centre, and the ports of its nodes: (node, kind, port)."""

    def __init__(self):
        self.centre = Centre()

    def __enter__(self):
        self.centre.__enter__()
        for name in self.centre.names:
            RSS_BEFORE[name] = rss_bytes(self.centre.pid(name))
        self.pids = {name: self.centre.pid(name) for name in self.centre.names}
        return self

    def __exit__(self, *what):
        self.centre.__exit__(*what)

    def all(self):
        for name in self.centre.names:
            with open(self.centre.settings(name), encoding="utf-8") as file:
                ports = re.search(r"listen:\n  public: 127.0.0.1:(\d+)\n  peer: 127.0.0.1:(\d+)", file.read())
            yield name, "public", int(ports[1])
            yield name, "peer", int(ports[2])

    def fine(self):
        """The same processes, no bigger than allowed, serve."""
        for name in self.centre.names:
            equal(self.centre.pid(name), self.pids[name], f"the process of {name}")
            equal(fetch(self.centre.urls[name] + "/healthz", seconds=30)[0], 200, f"healthz of {name}")
            grown = rss_bytes(self.pids[name]) - RSS_BEFORE[name]
            assert grown < GROWTH_MAX * SLOW, f"{name} grew by {grown >> 20} MiB"
        self.centre.settled()
        assert "sales" in self.centre.connect(EAST).ids("queues")

    def said(self, name, since, pattern):
        until(f"{name} to log {pattern}", lambda: re.search(pattern, self.centre.log(name)[since:]))


def counter(centre, name, metric):
    page = fetch(centre.urls[name] + "/metrics")[2].decode()
    return float(re.search(rf"^{metric}(?:{{.*}})? (\S+)$", page, re.M)[1])


def dial(port, seconds=10):
    return socket.create_connection(("127.0.0.1", port), timeout=seconds * SLOW)


def send_until_closed(connection, pieces):
    """Sends until the other side has enough; true when it closed."""
    try:
        for piece in pieces:
            connection.sendall(piece)
        return connection.recv(65_536) == b""
    except (ConnectionError, ssl.SSLError):
        return True
    except TimeoutError:
        return False


@case("random bytes at every port")
def noise(ports):
    for name, kind, port in ports.all():
        since = len(ports.centre.log(name))
        for round in range(10):
            with dial(port) as connection:
                try:
                    connection.sendall(NOISE.randbytes(NOISE.choice([1, 7, 100, 3_000, 70_000])))
                    if round % 2:
                        connection.shutdown(socket.SHUT_WR)
                        connection.recv(65_536)
                except OSError:
                    pass
        what = r"http: \S+ sent what is no acceptable request" if kind == "public" else r"peer: connection from \S+ ended before it was let in: "
        ports.said(name, since, what)
    ports.fine()


@case("words of other protocols, and requests that no one may make")
def words(ports):
    public = next(port for name, kind, port in ports.all() if kind == "public" and name == EAST)
    before = counter(ports.centre, EAST, "tandem_http_malformed_total")
    for text in (b"SSH-2.0-OpenSSH_9.2\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
                 b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with dial(public) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while more := connection.recv(65_536):
                    answer += more
            except OSError:
                pass
            assert not answer or answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.1 5"), (text, answer)
    until("the metric to count them", lambda: counter(ports.centre, EAST, "tandem_http_malformed_total") >= before + 5)
    ports.fine()


@case("half a TLS handshake, and one without a certificate")
def handshakes(ports):
    held, since = [], {}
    for name, kind, port in ports.all():
        if kind != "peer":
            continue
        since[name] = len(ports.centre.log(name))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        hello = context.wrap_bio(incoming, outgoing)
        try:
            hello.do_handshake()
        except ssl.SSLWantReadError:
            pass
        half = outgoing.read()
        for part in (half, half[: len(half) // 2], half[:3]):
            connection = dial(port)
            connection.sendall(part)
            held.append(connection)  # and then silence
        # A stranger who finishes the handshake has no certificate of this centre.
        with dial(port) as connection:
            try:
                with context.wrap_socket(connection) as stranger:
                    equal(stranger.recv(1), b"", "what a stranger hears")
            except (ssl.SSLError, ConnectionError):
                pass
    ports.fine()
    for name in ports.centre.names:
        ports.said(name, since[name], r"did not return a certificate")
        ports.said(name, since[name], r"no TLS handshake in time")
    for connection in held:
        connection.settimeout(30 * SLOW)
        try:
            while connection.recv(65_536):
                pass
        except ConnectionError:
            pass
        connection.close()


@case("an endless header and an endless body are cut off")
def endless(ports):
    public = next(port for name, kind, port in ports.all() if kind == "public" and name == EAST)
    for begin, piece in ((b"GET / HTTP/1.1\r\n", b"x-more: " + b"y" * 1_000 + b"\r\n"), (b"GET /", b"z" * 4_096),
                         (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"b" * 4_096 + b"\r\n")):
        with dial(public, 60) as connection:
            connection.sendall(begin)
            assert send_until_closed(connection, (piece for _ in range(64 * 1_024))), f"{begin!r} was read for ever"
    ports.fine()


@case("a frame that claims 4 GB, from a stranger and from a node of the centre")
def frame(ports):
    centre = ports.centre
    for name, kind, port in ports.all():
        if kind == "peer":
            with dial(port) as connection:
                assert send_until_closed(connection, [struct.pack(">I", 0xFFFF_FFFF), bytes(1_000)]), f"{name} waits for 4 GB"
    # With a certificate of the centre: the hub's own, while the hub is away and cannot dial in between.
    centre.tandem("down", "--only", "hub")
    port = next(port for name, kind, port in ports.all() if kind == "peer" and name == EAST)
    since = len(centre.log(EAST))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(centre.path("pki", "hub.pem"), centre.path("pki", "hub.key"))
    with dial(port) as connection, context.wrap_socket(connection) as link:
        assert send_until_closed(link, [struct.pack(">I", 0xFFFF_FFFF), *[NOISE.randbytes(65_536) for _ in range(64)]])
    ports.said(EAST, since, r"4294967295|too long|frame")
    # And frames of the right length without sense.
    with dial(port) as connection, context.wrap_socket(connection) as link:
        try:
            for size in (1, 10, 1_000, 60_000):
                link.sendall(struct.pack(">I", size) + NOISE.randbytes(size))
            link.settimeout(2)
            while link.recv(65_536):
                pass
        except OSError:
            pass
    centre.tandem("up", "--detach", "--only", "hub")
    ports.pids["hub"] = centre.pid("hub")
    ports.fine()


@case("a customer who does not read her WebSocket")
def slow_reader(ports):
    east = ports.centre.connect(EAST)
    chat = east.start_chat()
    chat.sees("sales or support")
    opened = chat.post("connection", chat.participant_token, {"Type": ["WEBSOCKET", "CONNECTION_CREDENTIALS"]})
    chat.token = opened["ConnectionCredentials"]["ConnectionToken"]
    deaf = WebSocket(opened["Websocket"]["Url"], receive_bytes=4_096)
    deaf.send('{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}')
    words = "w" * 15_000
    for _ in range(100):  # 1.5 MB that nobody takes
        chat.say(words, seconds=60)
    ports.fine()
    # Frames that no client may send end the socket and nothing else.
    for bad in (b"\x81\x7f" + b"\xff" * 8, b"\x01\x85" + bytes(4) + b"hello", b"\xff\xff" + NOISE.randbytes(100), b"\x81\x05hello"):
        broken = WebSocket(chat.post("connection", chat.participant_token, {"Type": ["WEBSOCKET"]})["Websocket"]["Url"])
        broken.socket.sendall(bad)
        broken.socket.settimeout(3)
        try:
            while broken.socket.recv(65_536):
                pass
        except OSError:
            pass
        broken.close()
    deaf.close()
    chat.socket.close()
    ports.fine()


@case("ten thousand idle connections")
def idle(ports):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 500)
    public = next(port for name, kind, port in ports.all() if kind == "public" and name == EAST)
    with open(f"/proc/{ports.pids[EAST]}/limits", encoding="ascii") as file:
        allowed = int(re.search(r"Max open files\s+(\d+)", file.read())[1])
    count = min(count, allowed - 500)
    held = []
    try:
        for n in range(count):
            # Ports of one address do not suffice for all that linger from before.
            held.append(socket.create_connection(("127.0.0.1", public), 30 * SLOW, (f"127.0.0.{2 + n % 100}", 0)))
            if n % 4 == 0:
                held[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"[: NOISE.randrange(1, 30)])
        until("all of them to be counted", lambda: counter(ports.centre, EAST, "tandem_http_connections") >= count * 0.7)
        ports.fine()
        print(f"        {count} connections, {(rss_bytes(ports.pids[EAST]) - RSS_BEFORE[EAST]) / count / 1024:.1f} KiB each")
    finally:
        for connection in held:
            connection.close()
    until("them to be forgotten", lambda: counter(ports.centre, EAST, "tandem_http_connections") < 50, 60)
    # The peer port lets in a few hundred strangers at once, and nodes all the same.
    peer = next(port for name, kind, port in ports.all() if kind == "peer" and name == EAST)
    held = [socket.create_connection(("127.0.0.1", peer), 30 * SLOW) for _ in range(1_000)]
    ports.fine()
    for connection in held:
        connection.close()
    ports.fine()


run(Ports)
