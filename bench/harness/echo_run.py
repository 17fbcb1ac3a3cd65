"""One run of the load (bench/load/echo_load.cpp) against fresh echo servers."""

import contextlib
import json
import os
import select
import socket
import subprocess
from dataclasses import dataclass, field

from .machine import LOAD_CPU, pinned

MESSAGE_BYTES = 64


@dataclass
class Process:
    """A server: its command line, what it has in its environment, the processors it may use."""

    command: list
    env: dict = field(default_factory=dict)
    cpus: set = field(default_factory=set)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _serving(process):
    running = subprocess.Popen(process.command, env={**os.environ, **process.env}, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, process.cpus))
    try:
        readable, _, _ = select.select([running.stdout], [], [], 10)
        if not readable or not running.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the server did not say that it is ready")
        yield running.pid
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def echo(processes, port, load, connections, depth, seconds):
    """The slices of one run, in which the servers' CPU time is that of all `processes` together."""
    with contextlib.ExitStack() as servers:
        pids = [servers.enter_context(_serving(process)) for process in processes]
        command = [load, "127.0.0.1", port, connections, depth, MESSAGE_BYTES, seconds, *pids]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=seconds + 30, preexec_fn=pinned(LOAD_CPU), check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"the load ended with {done.returncode}")
        return json.loads(done.stdout)["slices"]
