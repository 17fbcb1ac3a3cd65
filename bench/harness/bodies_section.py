"""Section bodies: what a MiB of a body costs a client that reads or sends it, and a server of files."""

import json
import os
from pathlib import Path

from . import http_programs
from .http_section import run_into
from .load_run import Process, client_rounds, free_port, serving
from .machine import LOAD_CPU, SERVER_CPU, quiet, run_lines
from .table import Outcome, number, ratio, times

TITLE = "bodies over loopback, CPU us per MiB: of the client (read, pieces, put), of the server (serve; its limit is nginx)"

KIB, MIB = 1024, 1024 * 1024
SIZES = {"64 KiB": 64 * KIB, "1 MiB": MIB, "64 MiB": 64 * MIB}
CLIENT_BAR, SERVER_BAR = 1.2, 1.1
WAYS = ("read", "pieces", "put", "serve")
BACKENDS = http_programs.BACKENDS
ROUND_BYTES = 128 * MIB  # of one run


def measure(workshop, arguments):
    cases = [(way, name) for way in WAYS for name in SIZES if arguments.only in f"{way} {name}"]
    limit, ours = workshop.c("http_bodies", "limit/http_bodies.c"), workshop.aio_http("bodies", "http/bodies.cpp")
    nginx = http_programs.nginx(workshop)
    samples = {f"{way} {name}": {} for way, name in cases}
    if not (limit and ours and nginx):
        return _outcome(samples)
    files = _make_files(workshop.out / "nginx" / "files")
    repetitions = 2 if arguments.quick else 8
    for repetition in range(repetitions):
        for way, size in cases:
            case = f"{way} {size}"
            runs = _serving_runs(limit, ours, nginx, files, size) if way == "serve" else \
                _client_runs(limit, ours, nginx, way, size)
            for name, run in runs.items():
                run_into(workshop, samples[case], f"bodies {repetition + 1}/{repetitions}: {case}", name, run)
    return _outcome(samples)


def _make_files(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        file = folder / name.replace(" ", "")
        if not file.exists() or file.stat().st_size != size:
            file.write_bytes(b"x" * size)
    os.sync()
    return folder


def _rounds(size):
    return max(4, min(200, ROUND_BYTES // SIZES[size]))


def _path(size):
    return f"/files/{size.replace(' ', '')}"


# --- clients: the limit, and ours on each backend ---


def _client_runs(limit, ours, nginx, way, size):
    what = SIZES[size] if way == "put" else _path(size)

    def of(program, mode, env):
        def run():
            port = free_port()
            server = Process([str(limit), "sink", str(port)], {}, {LOAD_CPU}) if way == "put" \
                else nginx.process(port, LOAD_CPU)
            command = [program, mode, port, what, _rounds(size)]
            return [each["client_cpu_ns"] / each["bytes"] * MIB / 1000
                    for each in client_rounds(server, port, command, env)]
        return run

    return {"limit": of(limit, way, {}),
            **{f"aio {backend}": of(ours, way, {"AIO_BACKEND": backend}) for backend in BACKENDS}}


# --- servers: nginx, and ours on each backend ---


def _serving_runs(limit, ours, nginx, files, size):
    def of(server):
        def run():
            port = free_port()
            with serving(server(port), port) as pid:
                command = [str(word) for word in (limit, "pieces", port, _path(size), _rounds(size))]
                _drive(command)  # warms what there is to warm
                before = _cpu_ns(pid)
                bytes_sent = _drive(command)
                return [(_cpu_ns(pid) - before) / bytes_sent * MIB / 1000]
        return run

    def aio(backend):
        return lambda port: Process([str(ours), "serve", str(port), str(files.parent)], {"AIO_BACKEND": backend},
                                    {SERVER_CPU})

    return {"limit": of(lambda port: nginx.process(port, SERVER_CPU)),
            **{f"aio {backend}": of(aio(backend)) for backend in BACKENDS}}


def _drive(command):
    # The round that is not reported is served, too.
    reported = [json.loads(line)["bytes"] for line in run_lines(command, cpu=LOAD_CPU)]
    return sum(reported) * (len(reported) + 1) / len(reported)


def _cpu_ns(pid):
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def _outcome(samples):
    ours = [f"aio {backend}" for backend in BACKENDS]
    outcome = Outcome(["case", "limit", *ours, "ratio", "bar", "verdict"], samples=samples)
    for case, taken in samples.items():
        figure = {name: quiet(each) for name, each in taken.items()}
        bar = SERVER_BAR if case.startswith("serve") else CLIENT_BAR
        judged = ratio(figure.get(ours[0]), figure.get("limit"))
        outcome.rows.append([case, number(figure.get("limit")), *(number(figure.get(name)) for name in ours),
                             times(judged), f"≤ {bar}×", outcome.judge(judged, bar)])
    return outcome
