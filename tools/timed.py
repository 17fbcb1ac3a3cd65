#!/usr/bin/env python3
"""timed.py STEP PHASE COMMAND...: runs a command and notes what it cost, for run_report.py.

The note is a line of JSON in build/times: {"step": "dev", "phase": "build", "wall": seconds, "cpu": seconds}, where cpu
is the user and system time of the command and of all its descendants that were waited for. AIOCPP_TIMES names another
file in build/. The exit status is the command's own.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import time

TIMES = pathlib.Path(__file__).resolve().parent.parent / "build" / os.environ.get("AIOCPP_TIMES", "times")


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    step, phase, *command = sys.argv[1:]
    start = time.monotonic()
    status = subprocess.call(command)
    note = {"step": step, "phase": phase, "wall": time.monotonic() - start, "cpu": cpu_of_children()}
    TIMES.parent.mkdir(exist_ok=True)
    with TIMES.open("a", encoding="utf-8") as file:
        file.write(json.dumps(note) + "\n")
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
