#!/usr/bin/env python3
"""Plays random programs on CPython's asyncio and on aiocpp and compares the traces, line by line.

    compare.py PLAYER --count 300               programs 0 to 299
    compare.py PLAYER --seed 77 --count 10000   from program 77 on
    compare.py PLAYER --seed 77 --trace         one program, with both traces
    compare.py PLAYER --lift gather-cancel      without that difference (differences.py)
    compare.py PLAYER --count 300 --sometimes   and which rare paths were reached (sometimes.py)

PLAYER is aiocpp_differential_player. Each side plays all programs in one process. The first program that differs is
shrunk to the smallest one found whose traces still differ, and printed with both traces.
"""

import argparse
import concurrent.futures
import itertools
import pathlib
import re
import subprocess
import sys

from differences import DIFFERENCES
from generate import program as generate
from program import BLOCKS, CONTINUED
from sometimes import report

# What is ignored in a line of the trace, by the name of the difference: in which lines, and what.
IGNORED = {
    "cancel-wave": (re.compile(r"^end T\d+ cancelled "), re.compile(r" [1-9]\d*$")),
}
HERE = pathlib.Path(__file__).resolve().parent


def play(command, programs):
    """The trace of each program, a list of lines; where the player crashed or hung, that is the last one."""
    text = "".join(f"program {name}\n" + "\n".join(lines) + "\n" for name, lines in programs)
    traces = {}
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60 + len(programs) / 20)
        output, end = done.stdout, f"the player ended with {done.returncode}: {done.stderr[-2000:]}"
        failed = done.returncode != 0
    except subprocess.TimeoutExpired as expired:
        output, end, failed = (expired.stdout or b"").decode(), "the player hangs", True
    name = None
    for line in output.splitlines():
        if line.startswith("program "):
            name = line.split()[1]
            traces[name] = []
        else:
            traces[name].append(line)
    if failed:
        traces.setdefault(name, []).append(end)
        rest = list(itertools.dropwhile(lambda entry: entry[0] != name, programs))[1:]
        if rest:
            traces.update(play(command, rest))
    return traces


class Sides:
    def __init__(self, player, lifted):
        names = [name for name in DIFFERENCES if name not in lifted]
        self.ignored = [pattern for name, pattern in IGNORED.items() if name in names]
        self.messages_may_lack = "cancel-message" in names
        self.commands = [[sys.executable, HERE / "player.py", *names], [player, *names]]

    def traces(self, programs):
        """(CPython's traces, ours)"""
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            return tuple(threads.map(lambda command: play(command, programs), self.commands))

    def differing(self, programs):
        return self.unequal(programs, *self.traces(programs))

    def unequal(self, programs, theirs, ours):
        return [name for name, _ in programs if not self.same(theirs[name], ours[name])]

    def same(self, theirs, ours):
        return theirs == ours or len(theirs) == len(ours) and all(map(self.same_line, theirs, ours))

    def same_line(self, theirs, ours):
        theirs, ours = self.reduced(theirs), self.reduced(ours)
        if theirs == ours or not self.messages_may_lack:
            return theirs == ours
        may_have = re.sub(r"Cancelled(?!\\\()", r"Cancelled(?:\\(m\\d+\\))?", re.escape(theirs))
        return re.fullmatch(may_have, ours) is not None

    def reduced(self, line):
        for where, what in self.ignored:
            line = what.sub("", line) if where.search(line) else line
        return line


def units(lines):
    """(begin, end) of each thing that can be left out: a statement with its block, a catch or finally with its own."""
    found, open_at = [], []
    for index, line in enumerate(lines):
        word = line.split()[0]
        if word in CONTINUED or word == "end":
            begin, kind = open_at.pop()
            if kind in CONTINUED:
                found.append((begin, index))
            if word in CONTINUED:
                if kind not in CONTINUED:
                    open_at.append((begin, "whole"))
                open_at.append((index, word))
            elif kind in CONTINUED:
                begin, _ = open_at.pop()
                found.append((begin, index + 1))
            else:
                found.append((begin, index + 1))
        elif word in BLOCKS or word in ("body", "callback"):
            open_at.append((index, word))
        elif word != "objects":
            found.append((index, index + 1))
    return sorted(found, key=lambda unit: unit[0] - unit[1])


def smaller(lines):
    """Programs with one thing less: without a unit, or with a block's statements in place of the block."""
    for begin, end in units(lines):
        if lines[begin].startswith("body"):
            if end - begin > 2:
                yield lines[: begin + 1] + lines[end - 1 :]
            continue
        yield lines[:begin] + lines[end:]
        block = lines[begin:end]
        if block[0].split()[0] in BLOCKS and not any(line.split()[0] in CONTINUED for line in block):
            yield lines[:begin] + block[1:-1] + lines[end:]


def shrink(sides, lines):
    """The smallest program found that still differs: it tries all that are smaller by one thing, again and again."""
    while True:
        candidates = [(str(number), program) for number, program in enumerate(smaller(lines))]
        differing = sides.differing(candidates) if candidates else []
        if not differing:
            return lines
        lines = candidates[int(differing[0])][1]


def show(sides, lines):
    theirs, ours = (traces["0"] for traces in sides.traces([("0", lines)]))
    print("\n".join(lines))
    same = sum(1 for _ in itertools.takewhile(lambda pair: sides.same(*([line] for line in pair)), zip(theirs, ours)))
    for line in theirs[:same]:
        print("    " + line)
    for line in theirs[same:]:
        print("  - " + line)
    for line in ours[same:]:
        print("  + " + line)
    print("  (-: CPython " + sys.version.split()[0] + ", +: aiocpp)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("player")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--lift", action="append", default=[], choices=DIFFERENCES)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--sometimes", action="store_true")
    arguments = parser.parse_args()

    sides = Sides(arguments.player, arguments.lift)
    programs = [(str(seed), generate(seed)) for seed in range(arguments.seed, arguments.seed + arguments.count)]
    if arguments.trace:
        return show(sides, programs[0][1])
    theirs, ours = sides.traces(programs)
    differing = sides.unequal(programs, theirs, ours)
    if not differing:
        print(f"{len(programs)} programs: the same traces")
        sys.exit(bool(arguments.sometimes and report(ours.values())))
    print(f"{len(differing)} of {len(programs)} programs differ: {' '.join(differing[:20])}")
    print(f"program {differing[0]}, made smaller:")
    show(sides, shrink(sides, dict(programs)[differing[0]]))
    sys.exit(1)


if __name__ == "__main__":
    main()
