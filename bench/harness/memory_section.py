"""Section memory: what an idle HTTP connection costs its server: growth of its resident set."""

import contextlib
import resource
import socket
import time

from . import http_programs
from .http_section import run_into
from .load_run import free_port, serving
from .table import Outcome, number

TITLE = "bytes that a server keeps for a connection between two requests"

CONNECTIONS, BAR = 4000, 1024
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SETTLES_S = 3  # what a peak took is given back within about a second


def measure(workshop, arguments):
    wanted = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    samples = {}
    for name, server in http_programs.servers(workshop, arguments).items():
        if name != "limit":  # it has tables for a fixed number of connections
            run_into(workshop, samples, "memory: idle connections", name, lambda server=server: [_grown_by(server)])
    outcome = Outcome(["server", "bytes", "bar", "verdict"], samples=samples)
    for name, taken in samples.items():
        ours = name.startswith("aio io_uring") or name.startswith("aio epoll")
        verdict = outcome.judge(taken[0], BAR) if ours else "–"
        outcome.rows.append([name, number(taken[0]), f"≤ {BAR}" if ours else "–", verdict])
    return outcome


def _grown_by(server):
    port = free_port()
    with serving(server.process(port), port) as pid, contextlib.ExitStack() as clients:
        _ask(port, clients, 100)  # what the server makes once
        before = _resident(pid)
        _ask(port, clients, CONNECTIONS)
        time.sleep(SETTLES_S)
        return (_resident(pid) - before) / CONNECTIONS


def _ask(port, clients, count):
    for _ in range(count):
        client = clients.enter_context(socket.create_connection(("127.0.0.1", port)))
        client.sendall(REQUEST)
        if not client.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the server did not answer")


def _resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
