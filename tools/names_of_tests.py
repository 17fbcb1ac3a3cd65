#!/usr/bin/env python3
"""How many tests of another project this one reproduces: of CPython's asyncio, of asyncpg, of aiomysql, of websockets.

The names are in PROJECT_names.txt, by group. A test of ours names the ones it reproduces in a comment, several
separated by commas: `// CPython: test_tasks.test_cancel_at_end, test_locks.EventTests.test_event_wait`. The
first part is the project's file, the last its test; a class in between is for the reader. A group lists the names
without a test below the others: `no NAME...: reason` if the behaviour has no counterpart in C++ or in this project's
interface, `not yet NAME...: reason` otherwise.
"""

import argparse
import pathlib
import re
import sys

TOOLS = pathlib.Path(__file__).resolve().parent
PROJECTS = ("CPython", "asyncpg", "aiomysql", "websockets")
GROUP = re.compile(r"\[(\w+)\] (.+)")
EXCEPTION = re.compile(r"(no|not yet) ([\w ]+): (.+)")
REFERENCE = re.compile(r"(test_\w+)\.(?:\w+\.)*(\w+)")


class Group:
    def __init__(self, files):
        self.files = files  # of the project
        self.names = []  # all, without test_
        self.exceptions = {"no": {}, "not yet": {}}  # {name: reason}

    def sort(self, named):
        """Its names as (with a test, {"no": …, "not yet": …}, missing, both with a test and an exception)."""
        tested = [name for name in self.names if any((file, name) in named for file in self.files)]
        excepted = {kind: [name for name in self.names if name in names and name not in tested]
                    for kind, names in self.exceptions.items()}
        without = set(tested).union(*excepted.values())
        twice = [name for names in self.exceptions.values() for name in names if name in tested]
        return tested, excepted, [name for name in self.names if name not in without], twice


def read_groups(text):
    """{group: Group} from the text of PROJECT_names.txt."""
    groups = {}
    for line in text.splitlines():
        if match := GROUP.fullmatch(line):
            group = groups[match[1]] = Group(set(match[2].split()))
        elif match := EXCEPTION.fullmatch(line):
            group.names += match[2].split()
            group.exceptions[match[1]].update(dict.fromkeys(match[2].split(), match[3]))
        elif not line.startswith("#"):
            if ":" in line:
                raise ValueError(f"neither names nor an exception: {line}")
            if line:
                group.names += line.split()
    return groups


def references(text, project):
    """The pairs (file of the project, test name without test_) that the comments of a test file name."""
    for comment in re.findall(rf"//\s*{project}:\s*(.*)", text):
        comment = comment.replace("asyncio.test_", "test_asyncio_")  # websockets has two files of the same name
        for file, name in REFERENCE.findall(comment):
            yield file, name.removeprefix("test_")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", choices=PROJECTS)
    parser.add_argument("--require", metavar="GROUP[,GROUP...]", default="",
                        help="fail when a name of these groups is missing; `all` means every group")
    parser.add_argument("--whole", action="store_true", help="fail when a test names one that is not in the list")
    parser.add_argument("--root", type=pathlib.Path, default=TOOLS.parent, help="the project's folder")
    args = parser.parse_args()

    groups = read_groups((TOOLS / f"{args.project.lower()}_names.txt").read_text(encoding="utf-8"))
    required = set(groups) if args.require == "all" else set(filter(None, args.require.split(",")))
    if required - set(groups):
        parser.error(f"unknown groups {sorted(required - set(groups))}; there are {', '.join(groups)}")

    named = {}
    for file in sorted((args.root / "tests").rglob("*.cpp")):
        for reference in references(file.read_text(encoding="utf-8"), args.project):
            named.setdefault(reference, file.relative_to(args.root))

    errors = []
    counts = {"tested": 0, "no": 0, "not yet": 0, "missing": 0}
    for name, group in groups.items():
        tested, excepted, missing, twice = group.sort(named)
        print(f"{name:<18} {len(tested):>3}/{len(group.names)}")
        counts["tested"] += len(tested)
        counts["missing"] += len(missing)
        for kind, names in excepted.items():
            counts[kind] += len(names)
            if names:
                print(f"    {kind}: {' '.join(names)}")
        if missing:
            print(f"    missing: {' '.join(missing)}")
            errors += [f"the required group {name} lacks names"] if name in required else []
        errors += [f"{each} of the group {name} has a test, and a reason why there is none" for each in twice]

    print(f"{'all':<18} {counts['tested']:>3}/{sum(counts.values())}: {counts['no']} have no counterpart, "
          f"{counts['not yet']} not yet, {counts['missing']} missing")
    known = {(file, name) for group in groups.values() for file in group.files for name in group.names}
    for file, name in sorted(set(named) - known):
        print(f"not in the list: {file}.test_{name} ({named[file, name]})")
        errors += [f"{file}.test_{name} is not in the list"] if args.whole else []
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
