#!/usr/bin/env python3
"""Plays random programs twice on aiocpp, the second time in reverse order, and compares a hash of each trace.

    repeat.py PLAYER --count 300 --shuffle 5

What happens on sim must depend on the program, and on the seed of a shuffled order, and on nothing else: not on what ran
before in the process, nor on addresses. The hash of all traces is printed, for comparing machines and compilers.
"""

import argparse
import hashlib
import sys

from compare import play
from differences import DIFFERENCES
from generate import program as generate


def hashes(command, programs):
    traces = play(command, programs)
    return {name: hashlib.sha256("\n".join(traces[name]).encode()).hexdigest() for name, _ in programs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("player")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--shuffle", type=int, default=0, help="run each pass of the loop in an order drawn from this seed")
    arguments = parser.parse_args()

    command = [arguments.player, f"shuffle={arguments.shuffle}", *DIFFERENCES]
    programs = [(str(seed), generate(seed)) for seed in range(arguments.count)]
    first, second = hashes(command, programs), hashes(command, programs[::-1])
    differing = [name for name in first if first[name] != second[name]]
    if differing:
        sys.exit(f"{len(differing)} programs have another trace the second time: {' '.join(differing[:20])}")
    print(f"{len(first)} programs, twice: {hashlib.sha256(''.join(first.values()).encode()).hexdigest()}")


main()
