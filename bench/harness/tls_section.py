"""Section tls: 64 MiB at a time one way over one TLS connection, the CPU time of the side that is measured."""

import subprocess
import sys

from .load_run import Process, client_rounds, free_port
from .machine import LOAD_CPU, quiet
from .programs import AIO_LIBRARIES, COMPILERS
from .table import Outcome, number, ratio, times

TITLE = "one connection one way over TLS 1.3 (AES-256-GCM), CPU us per MiB of the side that is measured"

CASES = ("send", "receive")
OTHER_END = {"send": "receive", "receive": "send"}
BACKENDS = ("io_uring", "epoll")
MIB = 1 << 20


def _certificate(workshop):
    """Paths of a certificate and its key, made once; None without openssl."""
    certificate, key = workshop.out / "tls.pem", workshop.out / "tls.key"
    if not certificate.exists():
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-subj", "/CN=localhost", "-days", "3650", "-keyout", str(key), "-out", str(certificate)]
        made = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        if made.returncode:
            workshop.note("tls: no certificate: openssl failed")
            return None
    return [str(certificate), str(key)]


def _programs(workshop):
    """name: (program, environment). The limit is also everybody's peer."""
    programs = {}
    limit = workshop.c("tls_limit", "limit/tls_transfer.c", ["-lssl", "-lcrypto"])
    if limit:
        programs["limit"] = (limit, {})
    libraries = [*AIO_LIBRARIES, "-lssl", "-lcrypto", "-lcares"]
    for compiler in COMPILERS:
        program = workshop.aio("tls_transfer", "io/tls_transfer.cpp", compiler, libraries)
        for backend in BACKENDS if program else ():
            programs[f"aio {backend} {compiler}"] = (program, {"AIO_BACKEND": backend})
    return programs


def measure(workshop, arguments):
    programs, certificate = _programs(workshop), _certificate(workshop)
    cases = [case for case in CASES if arguments.only in case]
    samples = {case: {} for case in cases}
    repetitions, rounds = (2, 4) if arguments.quick else (8, 8)
    able = certificate and "limit" in programs
    for repetition in range(repetitions if able else 0):
        for case in cases:
            for name, (program, env) in programs.items():
                print(f"tls {repetition + 1}/{repetitions}: {case} {name}", file=sys.stderr, flush=True)
                port = free_port()
                peer = [str(programs["limit"][0]), "serve", str(port), OTHER_END[case], *certificate]
                command = [program, "connect", port, case, rounds]
                try:
                    taken = client_rounds(Process(peer, cpus={LOAD_CPU}), port, command, env)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                    workshop.note(f"tls, {case}, {name}: {failure}")
                    continue
                samples[case].setdefault(name, []).extend(
                    each["cpu_ns"] / 1000 / (each["bytes"] / MIB) for each in taken)
    return _outcome(list(programs), samples)


def _outcome(programs, samples):
    ours = [name for name in programs if name != "limit"]
    header = ["the measured side", "limit"]
    for name in ours:
        header += [name, "ratio"]
    outcome = Outcome(header, samples=samples)
    for case, taken in samples.items():
        figure = {name: quiet(of_one) for name, of_one in taken.items()}
        row = [f"{case}s", number(figure.get("limit"))]
        for name in ours:
            row += [number(figure.get(name)), times(ratio(figure.get(name), figure.get("limit")))]
        outcome.rows.append(row)
    return outcome
