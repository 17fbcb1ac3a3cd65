#!/usr/bin/env python3
"""check_server.py CASE PROGRAM: the server program as a process of its own, under signals and under load.

What is asserted is what happens, never how fast. Cases: see CASES at the end. Status 77: it cannot run here.
"""

import asyncio
import contextlib
import os
import pathlib
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

GENEROUS = 240  # seconds, for anything that must happen in the end


def fail(why):
    sys.exit(f"FAILED: {why}")


def expect(wanted, got, what):
    if wanted != got:
        fail(f"{what}: expected {wanted!r}, got {got!r}")


def skip(why):
    print("skipped:", why)
    sys.exit(77)


class Server:
    """The program; its lines are collected by a thread."""

    def __init__(self, program, workers=1, head_timeout=60):
        self.port = 0
        arguments = [program, str(free_port() if workers > 1 else 0), str(workers), str(head_timeout)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self.collect, daemon=True).start()
        ready = self.wait_for(lambda: [line for line in self.lines if "Running on" in line], "a running server")
        self.port = int(ready[0].split()[3].rsplit(":", 1)[1])
        wait_until(lambda: can_connect(self.port), "the server listens")

    def collect(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append("(end)")
            self.changed.notify_all()

    def wait_for(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, GENEROUS):
                fail(f"no {what}; it said {self.lines[-20:]}")
            return condition()

    def wait_for_line(self, line):
        self.wait_for(lambda: line in self.lines, f"line {line!r}")

    def end(self):
        """All it said, and its status."""
        self.wait_for_line("(end)")
        return self.lines[:-1], self.process.wait(GENEROUS)

    def rss(self):
        """Resident memory in KiB, without what free() keeps."""
        expect(b"trimmed", ask(self.port, "/trim"), "/trim")
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return fail("no VmRSS")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def wait_until(condition, what):
    end = time.monotonic() + GENEROUS
    while not condition():
        if time.monotonic() > end:
            fail(f"never: {what}")
        time.sleep(0.02)


def request(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def receive(sock):
    """One response's body; None at an end before its first byte."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            if data:
                fail(f"a head that was cut short: {data!r}")
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    if not head.startswith(b"HTTP/1.1 200 OK\r\n"):
        fail(f"answered {head!r}")
    size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < size:
        piece = sock.recv(65536)
        if not piece:
            fail(f"a body of {size} bytes that was cut short after {len(body)}")
        body += piece
    expect(size, len(body), "the size of a body")
    return body


def ask(port, path):
    with socket.create_connection(("127.0.0.1", port), timeout=GENEROUS) as sock:
        sock.sendall(request(path))
        return receive(sock)


# --- signals ----------------------------------------------------------------------------------------------------------


def graceful(program, which, workers):
    """A signal while a request is answered: the answer is complete, and everything ends in its order."""
    with Server(program, workers) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=GENEROUS) as busy, \
                socket.create_connection(("127.0.0.1", server.port), timeout=GENEROUS) as idle:
            idle.sendall(request("/"))
            expect(b"hello", receive(idle), "the first answer")
            busy.sendall(request("/slow/busy/1500"))
            server.wait_for_line("begin busy")
            server.process.send_signal(which)
            expect(b"", idle.recv(1), "the end of the idle connection")
            expect(b"busy " + 20_000 * b"x", receive(busy), "the answer of the request that was begun")
            expect(b"", busy.recv(1), "the end of its connection")
        lines, status = server.end()
        expect(0, status, "the exit status")
        expect("returned", lines[-1], "the last line")
        said = [line for line in lines if "=" not in line and "CTRL" not in line]
        if workers > 1:
            expect(workers, said.count("cleanup"), "workers that cleaned up")
            expect(workers, said.count("close one"), "workers that closed what they had opened")
            return
        expect(["open one", "open two", "startup", "begin busy", "shutdown", "done busy", "close two", "close one",
                "cleanup", "returned"], said, "what happened")


def forced(program, which):
    """The second signal ends it at once, whatever runs."""
    with Server(program) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=GENEROUS) as sock:
            sock.sendall(request("/slow/long/3600000"))
            server.wait_for_line("begin long")
            server.process.send_signal(which)
            server.wait_for_line("shutdown")
            # SIGTERM counts as the same request for a second. (The handler would take an hour, the time-out for it half a minute.)
            wait_until(lambda: server.process.send_signal(which) or server.process.poll() is not None, "an end")
            if "done long" in server.lines:
                fail("it waited for the handler")


def signals(program):
    for which in (signal.SIGTERM, signal.SIGINT):
        for workers in (1, 2):
            graceful(program, which, workers)
        forced(program, which)


# --- many connections --------------------------------------------------------------------------------------------------

MANY = 10_000
ACTIVE = MANY // 100
PER_CONNECTION = 12  # KiB that an idle connection may take in the server


def need_descriptors(count):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count:
        skip(f"RLIMIT_NOFILE is {hard}, and {count} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=GENEROUS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def idle(program):
    """10,000 connections that are kept, one in a hundred of them in use: small, and none is lost."""
    need_descriptors(MANY + 2000)
    with Server(program) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            ask(server.port, "/")
        before = server.rss()
        socks = []
        for _ in range(MANY):
            sock = stack.enter_context(connect(server.port))
            sock.sendall(request("/"))
            expect(b"hello", receive(sock), "an answer")
            socks.append(sock)
        grown = server.rss() - before
        print(f"{MANY} idle connections: {grown} KiB, {grown / MANY:.2f} KiB each")
        if grown > PER_CONNECTION * MANY:
            fail(f"an idle connection takes {grown / MANY:.2f} KiB; {PER_CONNECTION} are allowed")
        for turn in range(50):
            active = socks[turn * ACTIVE:(turn + 1) * ACTIVE] or socks[:ACTIVE]
            for sock in active:
                sock.sendall(request(f"/slow/{turn}/1"))
            for sock in active:
                expect(f"{turn} ".encode() + 20_000 * b"x", receive(sock), "an answer")
        readable = select.poll()
        for sock in socks:
            readable.register(sock, select.POLLIN)
        expect([], readable.poll(0), "connections that were closed, or got what they had not asked for")
        for sock in socks:
            sock.close()
        wait_until(lambda: server.descriptors() < 100, "the server has closed its half of the connections")
        after = server.rss() - before
        print(f"when they are closed: {after} KiB")  # frames of coroutines are kept for the next ones


# --- slowloris ---------------------------------------------------------------------------------------------------------

SLOW = 1000


def slowloris(program):
    """1,000 clients that never end their request's head: others are served, these are closed in time."""
    need_descriptors(SLOW + 2000)
    with Server(program, head_timeout=5) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            ask(server.port, "/")
        before = server.rss()
        socks = [stack.enter_context(connect(server.port)) for _ in range(SLOW)]
        for sock in socks:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        peak = server.rss() - before
        open_ones = dict.fromkeys(socks, b"")
        begun = time.monotonic()
        while open_ones:
            if time.monotonic() > begun + GENEROUS:
                fail(f"{len(open_ones)} slow clients are still connected")
            for _ in range(20):
                expect(b"hello", ask(server.port, "/"), "the answer to another client")
            for sock in list(open_ones):
                drip(sock, open_ones)
            time.sleep(0.2)
        print(f"{SLOW} slow heads: {peak} KiB; all closed after {time.monotonic() - begun:.0f} s")
        wait_until(lambda: server.descriptors() < 100, "the server has closed its half of the connections")
        after = server.rss() - before
        print(f"when they are closed: {after} KiB")
        if after > 8 * 1024:
            fail(f"{after} KiB are not given back")


def drip(sock, open_ones):
    """A little more of an endless head; or notes how the server closed it."""
    try:
        sock.sendall(b"X: y\r\n")
        readable = select.poll()
        readable.register(sock, select.POLLIN)
        if not readable.poll(0):
            return
        piece = sock.recv(65536)
        open_ones[sock] += piece
        if piece:
            return
    except (ConnectionResetError, BrokenPipeError):
        pass  # it was closed while we were sending
    said = open_ones.pop(sock)
    if said and not said.startswith(b"HTTP/1.1 408 "):
        fail(f"a slow client was told {said!r}")


# --- SIGTERM under load ------------------------------------------------------------------------------------------------

CLIENTS = 64


async def client(port, name, outcomes, kept):
    """Requests without end, on one connection or each on its own, until the server is gone. What a request may end
    with: "complete"; "closed": not one byte came; "refused": it was not sent."""
    reader = writer = None
    for number in range(1_000_000):
        ident = f"{name}-{number}"
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            outcomes[ident] = "refused"
            return
        head = body = b""
        try:
            writer.write(request(f"/slow/{ident}/{number % 20}"))
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError) as error:
            partial = getattr(error, "partial", b"")
            outcomes[ident] = "broken" if head or partial else "closed"
            writer.close()
            return
        wanted = ident.encode() + b" " + 20_000 * b"x"
        outcomes[ident] = "complete" if body == wanted else "wrong"
        if not kept or b"connection: close" in head.lower():
            writer.close()
            writer = None


async def stampede(server, outcomes):
    clients = [asyncio.create_task(client(server.port, f"c{i}", outcomes, i % 2 == 0)) for i in range(CLIENTS)]
    while sum(outcome == "complete" for outcome in outcomes.values()) < 20 * CLIENTS:
        await asyncio.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*clients), GENEROUS)


def sigterm(program):
    """SIGTERM under load. A request that a handler has begun to answer is answered completely, and its bytes are
    right. One that gets no answer got not one byte of it, and no handler saw it: it can be sent again."""
    for workers in (1, 2):
        outcomes = {}
        with Server(program, workers) as server:
            asyncio.run(stampede(server, outcomes))
            lines, status = server.end()
        expect(0, status, "the exit status")
        begun = {line.split()[1] for line in lines if line.startswith("begin ")}
        done = {line.split()[1] for line in lines if line.startswith("done ")}
        expect(set(), begun - done, "requests that were begun and not ended")
        for ident, outcome in outcomes.items():
            if outcome not in ("complete", "closed", "refused"):
                fail(f"the answer to {ident} is {outcome}")
            if outcome != "complete" and ident in begun:
                fail(f"{ident} was handled, and its answer lost")
        expect(begun, {ident for ident, outcome in outcomes.items() if outcome == "complete"}, "answers")
        counts = {kind: list(outcomes.values()).count(kind) for kind in ("complete", "closed", "refused")}
        print(f"{workers} workers: {counts}")


CASES = {"signals": signals, "idle": idle, "slowloris": slowloris, "sigterm": sigterm}

if __name__ == "__main__":
    CASES[sys.argv[1]](sys.argv[2])
