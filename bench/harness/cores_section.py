"""Section cores: what a second event loop on a second processor adds to an echo server."""

import subprocess
import sys

from .load_run import Process, echo, free_port
from .machine import CPUS, LOAD_CPU, SERVER_CPU, quiet
from .table import ABSENT, Outcome, number

TITLE = "TCP echo of 64-byte messages, server CPU ns per request; requests/s of two loops to those of one"

BAR = 1.8
# case: (connections for each loop, messages in flight on each). The load grows with the loops: half as many connections
# for each would be smaller batches, and measure those.
CASES = {"64x1": (64, 1), "64x16": (64, 16)}
BACKENDS = ("io_uring", "epoll")
# Two processes of one loop each share nothing but the kernel and the load generator: what those two cost.
ONE, TWO, APART = "one loop", "two loops", "two processes"


def _processes(server, port, backend, form):
    env = {"AIO_BACKEND": backend}
    if form == TWO:
        return [Process([str(server), str(port), "2"], env, {SERVER_CPU, LOAD_CPU})]
    cpus = (SERVER_CPU, LOAD_CPU) if form == APART else (SERVER_CPU,)
    return [Process([str(server), str(port), "1"], env, {cpu}) for cpu in cpus]


def measure(workshop, arguments):
    server = workshop.aio("echo_cores", "io/echo_cores.cpp")
    load = workshop.cxx("echo_load", "load/echo_load.cpp")
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    samples = {case: {backend: {ONE: [], TWO: [], APART: []} for backend in BACKENDS} for case in cases}
    if len(CPUS) < 2:
        workshop.note("cores: two processors are needed")
        server = None
    repetitions, seconds = (2, 0.5) if arguments.quick else (10, 1.0)
    for repetition in range(repetitions if server and load else 0):
        for case, (connections, depth) in cases.items():
            for backend in BACKENDS:
                for form, taken in samples[case][backend].items():
                    print(f"cores {repetition + 1}/{repetitions}: {case} {backend} {form}", file=sys.stderr, flush=True)
                    port = free_port()
                    processes = _processes(server, port, backend, form)
                    loops = 1 if form == ONE else 2
                    try:
                        slices = echo(processes, port, load, connections * loops, depth, seconds)
                    except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                        workshop.note(f"cores, {case}, {backend}, {form}: {failure}")
                        continue
                    taken.extend(each["server_cpu_ns"] / each["requests"] for each in slices)
    return _outcome(samples)


def _outcome(samples):
    header = ["connections per loop x depth", "backend", ONE, TWO, APART, "two loops : one", "generator apart", "bar",
              "verdict"]
    rows, missed = [], 0
    for case, backends in samples.items():
        for backend, by_form in backends.items():
            one, two, apart = (quiet(by_form[form]) for form in (ONE, TWO, APART))
            row = [case, backend, number(one), number(two), number(apart)]
            if one and two and apart:
                capacity = 2 * apart / two
                missed += capacity < BAR
                row += [f"{2 * one / two:.2f}×", f"{capacity:.2f}×", f"≥ {BAR}×", "pass" if capacity >= BAR else "MISS"]
            else:
                row += [ABSENT, ABSENT, f"≥ {BAR}×", ABSENT]
            rows.append(row)
    return Outcome(header, rows, missed, samples)
