"""Section files: files in the page cache, many small ones and a large one."""

import json
import os
import sys
import tempfile
from pathlib import Path

from .machine import quiet, run_lines
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "page cache warm, CPU us per file of 4 KiB (10,000 at once), and per MiB of one of 1 GiB"

FILES, BYTES, MEBIBYTES = 10_000, 4096, 1024
LIMIT, AIO, PYTHON = "limit", "aio", "aiofiles"
# case: (the limits, of which the better counts; aiofiles' case; bar as a ratio to the limit; how many times faster
# than aiofiles it must be)
CASES = {
    "small_read_file": (("small_until_end", "small_by_size"), "small", 1.15, 5),
    "small_open": (("small_until_end", "small_by_size"), "small", None, 5),
    "big_readinto": (("big_256k", "big_64k"), "big", 1.15, None),
    "big_read": (("big_256k", "big_64k"), "big", None, None),
}


def _make_files(folder):
    (folder / "small").mkdir()
    for i in range(FILES):
        (folder / "small" / str(i)).write_bytes(b"x" * BYTES)
    with open(folder / "big", "wb") as big:
        for _ in range(MEBIBYTES):
            big.write(b"y" * (1 << 20))
    os.sync()


def _programs(workshop, arguments):
    programs = {
        LIMIT: workshop.cxx("files_limit", "limit/files_limit.cpp"),
        AIO: workshop.aio("files", "io/files.cpp"),
    }
    commands = {name: [str(program)] for name, program in programs.items() if program}
    if arguments.rivals:
        rival = workshop.python("files.py", "aiofiles")
        if rival:
            commands[PYTHON] = rival[:-1]
    return commands


def measure(workshop, arguments):
    commands = _programs(workshop, arguments)
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    samples = {}
    wanted = {
        LIMIT: sorted({limit for limits, *_ in cases.values() for limit in limits}),
        AIO: list(cases),
        PYTHON: sorted({rival for _, rival, *_ in cases.values()}),
    }
    with tempfile.TemporaryDirectory(dir=workshop.out) as folder:
        _make_files(Path(folder))
        for repetition in range(1 if arguments.quick else 3):
            for name, command in commands.items():
                if repetition and name == PYTHON:
                    continue
                print(f"files {repetition + 1}: {name}", file=sys.stderr, flush=True)
                _collect(workshop, samples, name, [*command, folder, *wanted[name]])
    return _outcome(cases, samples)


def _collect(workshop, samples, program, command):
    try:
        lines = run_lines(command)
    except (RuntimeError, OSError) as failure:
        workshop.note(f"files, {program}: {failure}")
        return
    for line in lines:
        reported = json.loads(line)
        samples.setdefault(f"{program} {reported['name']}", []).append(reported["ns"] / 1000)


def _outcome(cases, samples):
    outcome = Outcome(["case", "limit", "aio", "ratio", "bar", "verdict", "aiofiles", "times faster"], samples=samples)
    for name, (limits, rival, bar, times_faster) in cases.items():
        figures = [quiet(samples.get(f"{LIMIT} {limit}", [])) for limit in limits]
        better = min((figure for figure in figures if figure), default=None)
        aio = quiet(samples.get(f"{AIO} {name}", []))
        python = quiet(samples.get(f"{PYTHON} {rival}", []))
        judged = ratio(aio, better)
        verdict = outcome.judge(judged, bar)
        faster = ratio(python, aio)
        if faster is not None and times_faster and faster < times_faster:
            outcome.missed += 1
            verdict = "MISS"
        told = f"≤ {bar}×" if bar else ABSENT
        outcome.rows.append([name, number(better), number(aio), times(judged), told, verdict, number(python),
                             times(faster)])
    return outcome
