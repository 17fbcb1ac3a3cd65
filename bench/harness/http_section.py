"""Section http: a server that says hello, server CPU per request; and a client of nginx, its CPU per request."""

import subprocess
import sys

from . import http_programs
from .load_run import client_rounds, free_port, hello
from .machine import LOAD_CPU, quiet
from .programs import COMPILERS
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "server that says hello, its CPU ns per request; client of 100 connections, its own"

# case: (connections, requests in flight on each, bar, what it is a ratio to)
SERVER_CASES = {
    "hello 64x1": (64, 1, 0.945, "nginx"),
    "hello 256x1": (256, 1, 1.08, "limit"),
    "hello 64x16": (64, 16, 1.3, "limit"),
}
CLIENT = "client"
CLIENT_BAR = 1.3
CLIENT_CONNECTIONS, CLIENT_REQUESTS = 100, 2000  # of one round
# The backend that runs by default where the kernel has it, by each compiler.
JUDGED = [f"aio io_uring {compiler}" for compiler in COMPILERS]


def measure(workshop, arguments):
    cases = {name: case for name, case in SERVER_CASES.items() if arguments.only in name}
    wants_client = arguments.only in CLIENT
    servers = http_programs.servers(workshop, arguments) if cases else {}
    clients = http_programs.clients(workshop, arguments) if wants_client else {}
    load = workshop.cxx("http_load", "load/http_load.cpp")
    samples = {name: {} for name in [*cases, *([CLIENT] if wants_client else [])]}
    repetitions, seconds, rounds = (2, 0.5, 5) if arguments.quick else (10, 1.0, 10)
    for repetition in range(repetitions if load else 0):
        step = f"http {repetition + 1}/{repetitions}"
        for case, (connections, depth, _, _) in cases.items():
            for name, server in servers.items():
                if repetition < server.repetitions:
                    run_into(workshop, samples[case], f"{step}: {case}", name, lambda server=server: [
                        each["server_cpu_ns"] / each["requests"]
                        for each in _serve(server, load, connections, depth, seconds)])
        for name, client in clients.items():
            if repetition < client.repetitions:
                run_into(workshop, samples[CLIENT], f"{step}: {CLIENT}", name, lambda client=client: [
                    each["client_cpu_ns"] / each["requests"] for each in _ask(workshop, client, rounds)])
    return _outcome(cases, wants_client, servers, clients, samples)


def run_into(workshop, samples, step, name, run):
    print(f"{step} {name}", file=sys.stderr, flush=True)
    try:
        samples.setdefault(name, []).extend(run())
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
        workshop.note(f"http, {step.split(': ')[1]}, {name}: {failure}")


def _serve(server, load, connections, depth, seconds):
    port = free_port()
    return hello(server.process(port), port, load, connections, depth, seconds)


def _ask(workshop, client, rounds):
    server, port = http_programs.nginx(workshop), free_port()
    if server is None:
        return []
    command = [*client.command, port, CLIENT_CONNECTIONS, CLIENT_REQUESTS, rounds]
    return client_rounds(server.process(port, LOAD_CPU), port, command, client.env)


def _outcome(cases, wants_client, servers, clients, samples):
    ours = [f"aio {backend} {compiler}" for backend in http_programs.BACKENDS for compiler in COMPILERS]
    rivals = list(dict.fromkeys(name for name in [*servers, *clients] if name not in ours and name != "limit"))
    header = ["connections x depth", "limit", *ours, ": limit", ": nginx", "bar", "verdict", *rivals]
    outcome = Outcome(header, samples=samples)
    rows = {case: (bar, base) for case, (_, _, bar, base) in cases.items()}
    if wants_client:
        rows[CLIENT] = (CLIENT_BAR, "limit")
    for case, (bar, base) in rows.items():
        figure = {name: quiet(taken) for name, taken in samples[case].items()}
        judged = [figure[name] for name in JUDGED if figure.get(name)]
        worse = max(judged) if judged else None
        outcome.rows.append([
            case, number(figure.get("limit")), *(number(figure.get(name)) for name in ours),
            times(ratio(worse, figure.get("limit"))), times(ratio(worse, figure.get("nginx"))),
            f"≤ {bar}× {base}", outcome.judge(ratio(worse, figure.get(base)), bar),
            *(number(figure.get(name)) if name in figure else ABSENT for name in rivals),
        ])
    return outcome
