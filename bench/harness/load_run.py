"""One run of a load (bench/load/) against fresh servers, and of a client of ours or a rival against one."""

import contextlib
import json
import os
import select
import socket
import subprocess
import time
from dataclasses import dataclass, field

from .machine import LOAD_CPU, pinned, run_lines

MESSAGE_BYTES = 64


@dataclass
class Process:
    """A server: its command line, what it has in its environment, the processors it may use. One that does not print
    that it is ready is `silent`: its port is tried instead."""

    command: list
    env: dict = field(default_factory=dict)
    cpus: set = field(default_factory=set)
    silent: bool = False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(process, port):
    running = subprocess.Popen(process.command, env={**os.environ, **process.env}, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.sched_setaffinity(0, process.cpus))
    try:
        ready = _answers(port) if process.silent else _says_ready(running.stdout)
        if not ready:
            raise RuntimeError("the server did not say that it is ready")
        yield running.pid
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def _says_ready(output):
    readable, _, _ = select.select([output], [], [], 10)
    return readable and output.readline().startswith(b"ready")


def _answers(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.05)
    return False


def echo(processes, port, load, connections, depth, seconds):
    """The slices of one run, in which the servers' CPU time is that of all `processes` together."""
    return _slices(processes, port, [load, "127.0.0.1", port, connections, depth, MESSAGE_BYTES, seconds], seconds)


def hello(process, port, load, connections, depth, seconds):
    """The same of requests of HTTP."""
    return _slices([process], port, [load, "127.0.0.1", port, connections, depth, seconds], seconds)


def _slices(processes, port, command, seconds):
    with contextlib.ExitStack() as servers:
        pids = [servers.enter_context(serving(process, port)) for process in processes]
        done = subprocess.run([str(word) for word in [*command, *pids]], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=seconds + 30, preexec_fn=pinned(LOAD_CPU),
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"the load ended with {done.returncode}")
        return json.loads(done.stdout)["slices"]


def client_rounds(server, port, command, env):
    """What a client reports, a round each, the server being fresh."""
    with serving(server, port):
        lines = run_lines([str(word) for word in command], env, timeout_s=60)
        return [json.loads(line) for line in lines]
