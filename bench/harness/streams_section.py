"""Section streams: TCP echo of 64-byte messages, server CPU per request, and the latency of one client."""

import subprocess
import sys

from .load_run import Process, echo, free_port
from .machine import SERVER_CPU, quiet
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "TCP echo of 64-byte messages, server CPU ns per request; the last two: p50 latency in us"

SPIN_US = 50
# case: (connections, messages in flight on each, bar as a ratio to the better limit, what is measured)
CASES = {
    "64x1": (64, 1, 1.05, "cpu"),
    "512x1": (512, 1, 1.08, "cpu"),
    "64x16": (64, 16, 1.15, "cpu"),
    "latency": (1, 1, 1.05, "latency"),
    "latency_spinning": (1, 1, 1.20, "latency"),
}
LIMITS = ("limit epoll", "limit io_uring")
OURS = ("aio io_uring", "aio epoll", "aio strings")
JUDGED = "aio io_uring"  # the backend that runs by default where the kernel has it


class Server:
    """command(port, spin) is its command line; spins says whether it can."""

    def __init__(self, command, env=None, spins=False, repetitions=99):
        self.command, self.env, self.spins, self.repetitions = command, env or {}, spins, repetitions


def _servers(workshop, arguments):
    servers = {}
    for name, program in {
        "limit epoll": workshop.c("echo_epoll", "limit/echo_epoll.c"),
        "limit io_uring": workshop.c("echo_uring", "limit/echo_uring.c", ["-luring"]),
    }.items():
        if program:
            servers[name] = Server(_native(program), spins=True)
    aio = workshop.aio("echo_bench", "io/echo_bench.cpp")
    if aio:
        servers["aio io_uring"] = Server(_native(aio, "view"), {"AIO_BACKEND": "io_uring"}, spins=True)
        servers["aio epoll"] = Server(_native(aio, "view"), {"AIO_BACKEND": "epoll"}, spins=True)
        servers["aio strings"] = Server(_native(aio, "string"), {"AIO_BACKEND": "io_uring"})
    if arguments.rivals:
        servers.update(_rivals(workshop))
    return servers


def _native(program, *words):
    return lambda port, spin: [str(program), str(port), *words, *([str(SPIN_US)] if spin else [])]


def _rivals(workshop):
    rivals = {}
    for name, program in {
        "Asio": workshop.cxx("asio_echo", "rivals/asio_echo.cpp"),
        "libuv": workshop.c("uv_echo", "rivals/uv_echo.c", ["-luv"]),
        "Go": workshop.go("echo"),
        "tokio": workshop.tokio("echo"),
    }.items():
        if program:
            rivals[name] = Server(_native(program), repetitions=4)
    for loop, style in (("uvloop", "protocol"), ("uvloop", "streams"), ("asyncio", "streams")):
        script = workshop.python("echo.py", loop)
        if script:
            command = [*script, style]
            rivals[f"{loop} {style}"] = Server(lambda port, _, command=command: [*command, str(port)],
                                               repetitions=2)
    return rivals


def measure(workshop, arguments):
    servers = _servers(workshop, arguments)
    load = workshop.cxx("echo_load", "load/echo_load.cpp")
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    samples = {name: {} for name in cases}
    repetitions, seconds = (2, 0.5) if arguments.quick else (10, 1.0)
    for repetition in range(repetitions if load else 0):
        for case, (connections, depth, _, kind) in cases.items():
            spin = case == "latency_spinning"
            for name, server in servers.items():
                if repetition >= server.repetitions or (spin and not server.spins):
                    continue
                print(f"streams {repetition + 1}/{repetitions}: {case} {name}", file=sys.stderr, flush=True)
                try:
                    port = free_port()
                    process = Process(server.command(port, spin), server.env, {SERVER_CPU})
                    slices = echo([process], port, load, connections, depth, seconds)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                    workshop.note(f"streams, {name}, {case}: {failure}")
                    continue
                samples[case].setdefault(name, []).extend(_sample(kind, each) for each in slices)
    return _outcome(cases, list(servers), samples)


def _sample(kind, measured):
    if kind == "latency":
        return measured["p50_us"]
    return measured["server_cpu_ns"] / measured["requests"]


def _outcome(cases, servers, samples):
    rivals = [name for name in servers if name not in LIMITS and name not in OURS]
    header = ["connections x depth", *LIMITS]
    for name in OURS:
        header += [name, "ratio"]
    outcome = Outcome([*header, "bar", "verdict", *rivals], samples=samples)
    for case, (_, _, bar, _) in cases.items():
        figure = {name: quiet(samples[case].get(name, [])) for name in servers}
        limits = [figure.get(name) for name in LIMITS if figure.get(name)]
        better = min(limits) if limits else None
        row = [case, *(number(figure.get(name)) for name in LIMITS)]
        for name in OURS:
            row += [number(figure.get(name)), times(ratio(figure.get(name), better))]
        judged = ratio(figure.get(JUDGED), better)
        verdict = outcome.judge(judged, bar) if judged is not None else ABSENT
        outcome.rows.append([*row, f"≤ {bar}×", verdict, *(number(figure[rival]) for rival in rivals)])
    return outcome
