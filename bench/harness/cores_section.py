"""Section cores: what a second event loop on a second processor adds to an echo server."""

import json
import os
import select
import subprocess
import sys

from .machine import CPUS, LOAD_CPU, SERVER_CPU, pinned, quiet
from .streams_section import MESSAGE_BYTES, free_port
from .table import ABSENT, Outcome, number

TITLE = "TCP echo of 64-byte messages, server CPU ns per request on 1 and 2 loops; requests/s per loop-second, 2 to 1"

BAR = 1.8
# case: (connections for each loop, messages in flight on each). The load grows with the loops: half as many connections
# for each would be smaller batches, and measure those.
CASES = {"64x1": (64, 1), "64x16": (64, 16)}
BACKENDS = ("io_uring", "epoll")


def measure(workshop, arguments):
    server = workshop.aio("echo_cores", "io/echo_cores.cpp")
    load = workshop.cxx("echo_load", "load/echo_load.cpp")
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    samples = {case: {backend: {1: [], 2: []} for backend in BACKENDS} for case in cases}
    if len(CPUS) < 2:
        workshop.note("cores: two processors are needed")
        server = None
    repetitions, seconds = (2, 0.5) if arguments.quick else (10, 1.0)
    for repetition in range(repetitions if server and load else 0):
        for case, (connections, depth) in cases.items():
            for backend in BACKENDS:
                for loops in (1, 2):
                    print(f"cores {repetition + 1}/{repetitions}: {case} {backend} {loops}", file=sys.stderr, flush=True)
                    try:
                        slices = _echo(server, backend, loops, load, connections * loops, depth, seconds)
                    except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                        workshop.note(f"cores, {case}, {backend}, {loops}: {failure}")
                        continue
                    samples[case][backend][loops].extend(each["server_cpu_ns"] / each["requests"] for each in slices)
    return _outcome(samples)


def _echo(program, backend, loops, load, connections, depth, seconds):
    """The slices of one run (bench/load/echo_load.cpp) against a fresh server, whose loops pin themselves."""
    port = free_port()
    cpus = {SERVER_CPU} if loops == 1 else {SERVER_CPU, LOAD_CPU}
    running = subprocess.Popen([str(program), str(port), str(loops)], env={**os.environ, "AIO_BACKEND": backend},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    try:
        readable, _, _ = select.select([running.stdout], [], [], 10)
        if not readable or not running.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the server did not say that it is ready")
        command = [load, "127.0.0.1", port, connections, depth, MESSAGE_BYTES, seconds, running.pid]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=seconds + 30, preexec_fn=pinned(LOAD_CPU), check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"the load ended with {done.returncode}")
        return json.loads(done.stdout)["slices"]
    finally:
        running.kill()
        running.wait()


def _outcome(samples):
    header = ["connections per loop x depth", "backend", "1 loop", "2 loops", "capacity", "bar", "verdict"]
    rows, missed = [], 0
    for case, backends in samples.items():
        for backend, by_loops in backends.items():
            one, two = quiet(by_loops[1]), quiet(by_loops[2])
            if not one or not two:
                rows.append([case, backend, number(one), number(two), ABSENT, f"≥ {BAR}×", ABSENT])
                continue
            capacity = 2 * one / two
            missed += capacity < BAR
            rows.append([case, backend, number(one), number(two), f"{capacity:.2f}×", f"≥ {BAR}×",
                         "pass" if capacity >= BAR else "MISS"])
    return Outcome(header, rows, missed, samples)
