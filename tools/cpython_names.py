#!/usr/bin/env python3
"""How many of CPython's asyncio tests this project reproduces.

The names are in cpython_names.txt, by group. A test of ours names the ones it reproduces in a comment, several
separated by commas: `// CPython: test_tasks.test_cancel_at_end, test_locks.EventTests.test_event_wait`. The
first part is CPython's file, the last its test; a class in between is for the reader.
"""

import argparse
import pathlib
import re
import sys

TOOLS = pathlib.Path(__file__).resolve().parent
GROUP = re.compile(r"\[(\w+)\] (.+)")
COMMENT = re.compile(r"//\s*CPython:\s*(.*)")
REFERENCE = re.compile(r"(test_\w+)\.(?:\w+\.)*(\w+)")


def read_groups(text):
    """{group: (its CPython files, its names)} from the text of cpython_names.txt."""
    groups, names = {}, []
    for line in text.splitlines():
        match = GROUP.fullmatch(line)
        if match:
            names = []
            groups[match[1]] = (set(match[2].split()), names)
        elif not line.startswith("#"):
            names += line.split()
    return groups


def references(text):
    """The pairs (CPython file, test name without test_) that the comments of a test file name."""
    for comment in COMMENT.findall(text):
        for file, name in REFERENCE.findall(comment):
            yield file, name.removeprefix("test_")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--require", metavar="GROUP[,GROUP...]", default="",
                        help="fail when a name of these groups is missing; `all` means every group")
    parser.add_argument("--root", type=pathlib.Path, default=TOOLS.parent, help="the project's folder")
    args = parser.parse_args()

    groups = read_groups((TOOLS / "cpython_names.txt").read_text(encoding="utf-8"))
    required = set(groups) if args.require == "all" else set(filter(None, args.require.split(",")))
    if required - set(groups):
        parser.error(f"unknown groups {sorted(required - set(groups))}; there are {', '.join(groups)}")

    named = {}
    for file in sorted((args.root / "tests").rglob("*.cpp")):
        for reference in references(file.read_text(encoding="utf-8")):
            named.setdefault(reference, file.relative_to(args.root))

    errors = covered_in_all = 0
    for group, (files, names) in groups.items():
        missing = [name for name in names if not any((file, name) in named for file in files)]
        covered_in_all += len(names) - len(missing)
        print(f"{group:<10} {len(names) - len(missing):>3}/{len(names)}")
        if missing:
            print(f"    missing: {' '.join(missing)}")
            errors += group in required
    print(f"{'all':<10} {covered_in_all:>3}/{sum(len(names) for _, names in groups.values())}")

    known = {(file, name) for files, names in groups.values() for file in files for name in names}
    for file, name in sorted(set(named) - known):
        print(f"not in the list: {file}.test_{name} ({named[file, name]})")
    if errors:
        print(f"error: {errors} of the required groups lack names", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
