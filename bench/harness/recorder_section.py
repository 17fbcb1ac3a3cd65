"""Section recorder: what the flight recorder costs the loop, as a ratio of the same work with and without it."""

import json
import sys

from .machine import quiet, run_lines
from .table import ABSENT, Outcome, number, times

TITLE = "ns of CPU per operation, without the flight recorder and with it"

# name: bar as a ratio. work_2us stands for what a request does.
BARS = {"task_create_await": 1.15, "yield_1": 1.15, "yield_1000": 1.15, "work_2us": 1.02, "sleep_1ns": 1.15}
PAIRS = ("g++", "clang")


def measure(workshop, arguments):
    samples = {name: {} for name in BARS if arguments.only in name}
    for compiler in PAIRS:
        program = workshop.aio_http("recorder_bench", "core/recorder_bench.cpp", compiler)
        if not program:
            continue
        for repetition in range(1 if arguments.quick else 4):
            print(f"recorder {repetition + 1}: {compiler}", file=sys.stderr, flush=True)
            for line in run_lines([str(program)]):
                row = json.loads(line)
                if row["name"] in samples:
                    for side in ("without", "with", "ratio"):
                        samples[row["name"]].setdefault(f"{side} {compiler}", []).append(row[side])
    return _outcome(samples)


def _outcome(samples):
    header = ["operation"]
    for compiler in PAIRS:
        header += [f"without, {compiler}", f"with, {compiler}", "ratio"]
    outcome = Outcome([*header, "bar", "verdict"], samples=samples)
    for name, figures in samples.items():
        row, ratios = [name], []
        for compiler in PAIRS:
            found = {side: quiet(figures.get(f"{side} {compiler}", [])) for side in ("without", "with", "ratio")}
            row += [number(found["without"]), number(found["with"]), times(found["ratio"])]
            ratios.append(found["ratio"])
        known = [ratio for ratio in ratios if ratio is not None]
        verdict = outcome.judge(max(known), BARS[name]) if known else ABSENT
        outcome.rows.append([*row, f"≤ {BARS[name]}×", verdict])
    return outcome
