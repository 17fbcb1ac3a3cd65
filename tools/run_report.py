#!/usr/bin/env python3
"""What a run of ./run test or ./run check cost: each step's building and running, and its slowest tests.

Reads build/times (timed.py), build/times.ahead (the same of what `./run ahead` built), and of each step named on the
command line the results that ctest and GoogleTest wrote: build/<step>/junit.xml and build/<step>/results/*.json.

With --budget FILE each step may cost a third more than FILE allows; the exit status is 1 when one costs more. FILE has
lines `STEP PHASE UNITS`. One unit is the CPU time that g++ needs for <gmock/gmock.h> on this machine now, so that the
budget is the same on a slow machine, and on one with neighbours.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLOWEST = 20
ALLOWANCE = 4 / 3


def notes(file):
    return map(json.loads, file.read_text(encoding="utf-8").splitlines()) if file.is_file() else []


def read_times(build):
    """{(step, phase): (wall, cpu)}, phases of the same name added up. What was built ahead costs no time, but for what
    the step itself had to wait for it."""
    times = {}
    for note in notes(build / "times"):
        wall, cpu = times.get((note["step"], note["phase"]), (0, 0))
        times[note["step"], note["phase"]] = (wall + note["wall"], cpu + note["cpu"])
    for note in notes(build / "times.ahead"):
        if (note["step"], note["phase"]) in times:
            wall, cpu = times[note["step"], note["phase"]]
            times[note["step"], note["phase"]] = (wall, cpu + note["cpu"])
    return times


def slow_tests(step, build):
    """(seconds, step, name) of all tests of a step: GoogleTest's cases, and ctest's entries that have none."""
    junit = build / "junit.xml"
    if not junit.is_file():
        return
    for entry in xml.parse(junit).getroot().iter("testcase"):
        results = build / "results" / f"{entry.get('name')}.json"
        if not results.is_file():
            yield float(entry.get("time")), step, entry.get("name")
            continue
        for suite in json.loads(results.read_text(encoding="utf-8"))["testsuites"]:
            for case in suite["testsuite"]:
                yield float(case["time"].rstrip("s")), step, f"{entry.get('name')} {suite['name']}.{case['name']}"


def read_budget(text):
    """{(step, phase): units}"""
    rows = (line.split("#")[0].split() for line in text.splitlines())
    return {(row[0], row[1]): float(row[2]) for row in rows if row}


def unit():
    """The CPU seconds of one unit: the least of three compilations."""
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-"], input="#include <gmock/gmock.h>\n",
                       text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(costs)


def over_budget(times, budget, seconds_per_unit):
    """A sentence for each phase that cost more than a third above its budget."""
    for (step, phase), (_, cpu) in times.items():
        allowed = budget.get((step, phase))
        used = cpu / seconds_per_unit
        if allowed is not None and used > allowed * ALLOWANCE:
            yield f"{step}, {phase}: {used:.0f} units of CPU time, where the budget is {allowed:.0f}"


def print_costs(times, budget, seconds_per_unit):
    print(f"\n{'step':<14} {'phase':<8} {'wall':>8} {'CPU':>8}" + ("    units  budget" if budget else ""))
    for (step, phase), (wall, cpu) in times.items():
        allowed = budget.get((step, phase), "-")
        units = f" {cpu / seconds_per_unit:8.0f} {allowed:>7}" if budget else ""
        print(f"{step:<14} {phase:<8} {wall:6.0f} s {cpu:6.0f} s{units}")
    print(f"{'together':<23} {sum(wall for wall, _ in times.values()):6.0f} s"
          f" {sum(cpu for _, cpu in times.values()):6.0f} s")


def print_slowest(steps):
    tests = sorted((test for step in steps for test in slow_tests(step, ROOT / "build" / step)), reverse=True)
    if tests:
        print(f"\nthe slowest {min(SLOWEST, len(tests))} of {len(tests)} tests:")
    for seconds, step, name in tests[:SLOWEST]:
        print(f"{seconds:8.1f} s  {step}: {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=pathlib.Path)
    parser.add_argument("step", nargs="*")
    args = parser.parse_args()
    times = read_times(ROOT / "build")
    budget = read_budget(args.budget.read_text(encoding="utf-8")) if args.budget else {}
    seconds_per_unit = unit() if budget else 1
    print_slowest(args.step)
    print_costs(times, budget, seconds_per_unit)
    exceeded = list(over_budget(times, budget, seconds_per_unit))
    for sentence in exceeded:
        print(f"over budget: {sentence} ({args.budget})")
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
