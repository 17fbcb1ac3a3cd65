"""Section core: what the runtime's own operations cost on one thread."""

import json
import sys

from .machine import quiet, run_lines
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "ns of CPU per operation, one thread (sleep_1m: bytes per task, CPU seconds in all)"

# name: (bar as a ratio to the limit of the same compiler, bar as a figure)
BARS = {
    "task_create_await": (3.0, None),
    "yield_1000": (3.0, None),
    "yield_1": (3.0, None),
    "await_nested": (1.6, None),
    "queue_item": (3.5, None),
    "exception_frame": (1.1, None),
    "task_cancel": (None, 1100),
    "gather_1m_per_task": (1.7, None),
    "sleep_1m_bytes": (None, 200),
    "sleep_1m_cpu_s": (None, 0.45),
}
# What one process runs. A crowd of a million wants a fresh one; the others share.
PROCESSES = {
    "small": ["task_create_await", "yield_1000", "yield_1", "await_nested", "queue_item",
              "exception_frame", "task_cancel"],
    "gather_1m": ["gather_1m"],
    "sleep_1m": ["sleep_1m"],
}
REPORTED_BY = {"gather_1m_per_task": "gather_1m", "sleep_1m_bytes": "sleep_1m", "sleep_1m_cpu_s": "sleep_1m"}
PAIRS = ("g++", "clang")


def _programs(workshop, arguments):
    """name: (command line, repetitions at most)."""
    programs = {}
    for compiler in PAIRS:
        limit = workshop.cxx("core_limit", "limit/core_limit.cpp", compiler)
        aio = workshop.aio("core_bench", "core/core_bench.cpp", compiler)
        programs[f"limit {compiler}"] = (limit and [str(limit)], 99)
        programs[f"aio {compiler}"] = (aio and [str(aio)], 99)
    if arguments.rivals:
        for name, program in {
            "Asio": workshop.cxx("asio_core", "rivals/asio_core.cpp"),
            "Go": workshop.go("core"),
            "tokio": workshop.tokio("core"),
        }.items():
            programs[name] = (program and [str(program)], 4)
        for loop in ("uvloop", "asyncio"):
            programs[loop] = (workshop.python("core.py", loop), 1)
    return {name: found for name, found in programs.items() if found[0]}


def _wanted(only):
    """The cases to run by process, and the names they report."""
    names = [name for name in BARS if only in name]
    cases = {REPORTED_BY.get(name, name) for name in names}
    return names, {key: [case for case in PROCESSES[key] if case in cases] for key in PROCESSES}


def measure(workshop, arguments):
    programs = _programs(workshop, arguments)
    names, processes = _wanted(arguments.only)
    samples = {name: {} for name in names}
    repetitions = 2 if arguments.quick else 8
    for repetition in range(repetitions):
        for process, cases in processes.items():
            for program, (command, most) in programs.items():
                slow_crowd = process != "small" and program in ("uvloop", "asyncio")
                if not cases or repetition >= most or (arguments.quick and slow_crowd):
                    continue
                print(f"core {repetition + 1}/{repetitions}: {program} {process}", file=sys.stderr, flush=True)
                _collect(workshop, samples, program, [*command, *cases])
    return _outcome(names, list(programs), samples)


def _collect(workshop, samples, program, command):
    try:
        lines = run_lines(command)
    except (RuntimeError, OSError) as failure:
        workshop.note(f"core, {program}: {' '.join(command[1:])}: {failure}")
        return
    for line in lines:
        reported = json.loads(line)
        name = reported.pop("name")
        if name in samples:
            samples[name].setdefault(program, []).extend(reported.values())


def _outcome(names, programs, samples):
    rivals = [program for program in programs if not program.startswith(("limit", "aio"))]
    header = ["operation"]
    for compiler in PAIRS:
        header += [f"limit {compiler}", f"aio {compiler}", "ratio"]
    outcome = Outcome([*header, "bar", "verdict", *rivals], samples=samples)
    for name in names:
        figure = {program: quiet(samples[name].get(program, [])) for program in programs}
        by_ratio, by_figure = BARS[name]
        row, judged = [name], []
        for compiler in PAIRS:
            limit, aio = figure.get(f"limit {compiler}"), figure.get(f"aio {compiler}")
            row += [number(limit), number(aio), times(ratio(aio, limit))]
            judged.append(ratio(aio, limit) if by_ratio else aio)
        bar = f"≤ {by_ratio}×" if by_ratio else f"≤ {by_figure}"
        known = [value for value in judged if value is not None]
        verdict = outcome.judge(max(known), by_ratio or by_figure) if known else ABSENT
        outcome.rows.append([*row, bar, verdict, *(number(figure[rival]) for rival in rivals)])
    return outcome
