#!/usr/bin/env python3
"""test_targets.py --build FOLDER PRESET [PART...]: the build targets that the tests of a preset need, one a line.
test_targets.py --pattern PART...: the regular expression for ctest -R that selects these parts.

A PART is the beginning of tests' names, up to a dot: `core`, `http.client`, `contract`. A target is any argument of a
test's command that lies inside the build folder; a test without one needs no build.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As CMake writes them: add_test([=[core.epoll]=] "/build/tests/aiocpp_core_tests" "--gtest_brief=1")
ADD_TEST = re.compile(r"^add_test\(\[(=*)\[(?P<name>.*?)\]\1\] (?P<command>.*)\)$", re.MULTILINE)
ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def pattern(parts):
    return f"^({'|'.join(map(re.escape, parts))})([.]|$)"


def commands(build):
    """{test's name: its arguments}. ctest itself does not list the command of a program that is not built yet."""
    found = {}
    for file in build.rglob("CTestTestfile.cmake"):
        for entry in ADD_TEST.finditer(file.read_text(encoding="utf-8")):
            found[entry["name"]] = ARGUMENT.findall(entry["command"])
    return found


def targets(arguments, build):
    """The paths among `arguments` that lie inside `build`, relative to it."""
    paths = (pathlib.Path(argument) for argument in arguments)
    return {path.relative_to(build).as_posix() for path in paths if path.is_relative_to(build) and path != build}


def selected(preset, parts):
    """The names of the preset's tests that belong to one of `parts`, or of all."""
    listed = subprocess.run(["ctest", "--preset", preset, "--show-only=json-v1"], cwd=ROOT, capture_output=True,
                            text=True, check=True)
    names = [test["name"] for test in json.loads(listed.stdout)["tests"]]
    chosen = [name for name in names if not parts or re.search(pattern(parts), name)]
    if not chosen:
        sys.exit(f"{preset} has no test whose name begins with {' or '.join(parts)}; the parts are "
                 + ", ".join(sorted({name.rsplit(".", 1)[0] for name in names})))
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the preset's build folder")
    parser.add_argument("--pattern", nargs="+", metavar="PART")
    parser.add_argument("preset", nargs="?")
    parser.add_argument("part", nargs="*")
    args = parser.parse_args()
    if args.pattern:
        print(pattern(args.pattern))
        return
    build = args.build.resolve()
    arguments = commands(build)
    needed = set()
    for name in selected(args.preset, args.part):
        needed |= targets(arguments.get(name, []), build)
    print("\n".join(sorted(needed)))


if __name__ == "__main__":
    main()
