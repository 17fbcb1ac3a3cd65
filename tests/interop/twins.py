#!/usr/bin/env python3
"""The tutorial's programs and their twins in Python (examples/tutorial).

twins.py TWIN.py PROGRAM: both print the same. Exit status 0: they do.
twins.py --length FOLDER: the programs together have at most 1.2 times the lines of their twins, each in its language's
usual layout (clang-format here, PEP 8 there). Prints both counts, and those without empty lines.
"""

import pathlib
import subprocess
import sys

MOST = 1.2


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=30).stdout


def lines(files):
    """(all lines, those that are not empty)"""
    found = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return len(found), sum(bool(line.strip()) for line in found)


def main():
    if sys.argv[1] == "--length":
        folder = pathlib.Path(sys.argv[2])
        twins = sorted(folder.glob("*.py"))
        programs = sorted(folder.glob("*.cpp"))
        if [file.stem for file in twins] != [file.stem for file in programs]:
            return f"{folder}: each program needs its twin"
        (ours, our_code), (theirs, their_code) = lines(programs), lines(twins)
        print(f"{ours} lines of C++, {theirs} of Python: {ours / theirs:.2f}; without empty lines {our_code} and "
              f"{their_code}: {our_code / their_code:.2f}")
        return 0 if theirs and ours <= MOST * theirs else "too long"
    twin, program = output([sys.executable, sys.argv[1]]), output([sys.argv[2]])
    return 0 if twin and twin == program else f"Python says:\n{twin}\nC++ says:\n{program}"


if __name__ == "__main__":
    sys.exit(main())
