#!/usr/bin/env python3
"""Measures aio beside the hand-made limits and its rivals, in one run.

    bench/run.py                    all sections
    bench/run.py core streams       these sections
    bench/run.py --only yield       cases whose name contains "yield"
    bench/run.py --quick            few and short repetitions: a look, not a verdict
    bench/run.py --no-rivals        the limits and aio alone
    bench/run.py --strict           exit status 1 when a bar is missed

Builds what it measures in build/bench/; what cannot be built here is left out with a one-line note. Every
sample goes to build/bench/results.json. bench/README.md explains the method and keeps the figures.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from harness import (bodies_section, compile_section, core_section, cores_section, crowd_section, databases_section,
                     files_section, http_section, machine, memory_section, recorder_section, streams_section,
                     ws_section)
from harness.programs import Workshop
from harness.table import print_table

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = {
    "core": core_section,
    "recorder": recorder_section,
    "streams": streams_section,
    "http": http_section,
    "websocket": ws_section,
    "crowd": crowd_section,
    "bodies": bodies_section,
    "memory": memory_section,
    "files": files_section,
    "cores": cores_section,
    "databases": databases_section,
    "compile": compile_section,
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(SECTIONS))
    parser.add_argument("--only", metavar="NAME", default="", help="cases whose name contains NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-rivals", dest="rivals", action="store_false")
    parser.add_argument("--strict", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section named {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return arguments


def main():
    arguments = parse_arguments()
    workshop = Workshop(ROOT)
    print(machine.describe())
    results, missed = {}, 0
    for name in arguments.sections or SECTIONS:
        section = SECTIONS[name]
        outcome = section.measure(workshop, arguments)
        print(f"\n## {name}: {section.TITLE}\n")
        print_table(outcome.header, outcome.rows)
        results[name] = outcome.samples
        missed += outcome.missed
    if workshop.notes:
        print("\nnotes:")
        for note in workshop.notes:
            print(f"- {note}")
    (workshop.out / "results.json").write_text(json.dumps(results, indent=1))
    if missed:
        print(f"\n{missed} bars missed")
    return 1 if missed and arguments.strict else 0


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    sys.exit(main())
