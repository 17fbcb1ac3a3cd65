#!/usr/bin/env python3
"""check_output.py EXPECTED PROGRAM [ARGUMENT...]: the program exits with 0 and prints what EXPECTED says.

Each line of EXPECTED is a line of standard output, except these:

    re: REGEX        a line that matches REGEX as a whole
    any order:       the lines from here on may come in any order, down to
    in order:        (which may be left out at the end)
    stderr: REGEX    REGEX is found somewhere in standard error
"""

import re
import subprocess
import sys


def read_expected(text):
    """Returns (blocks, regexes for standard error); a block is (in order?, lines)."""
    blocks, errors = [(True, [])], []
    for line in text.splitlines():
        if line in ("any order:", "in order:"):
            blocks.append((line == "in order:", []))
        elif line.startswith("stderr: "):
            errors.append(line.removeprefix("stderr: "))
        else:
            blocks[-1][1].append(line)
    return blocks, errors


def matches(expected, line):
    if expected.startswith("re: "):
        return re.fullmatch(expected.removeprefix("re: "), line) is not None
    return expected == line


def unordered(expected, lines):
    """Whether each line can be paired with an expected one. Literal lines choose first, then each regex in turn,
    so no two regexes of one block should match the same line unless they are equal."""
    left = list(lines)
    for want in sorted(expected, key=lambda line: line.startswith("re: ")):
        found = next((line for line in left if matches(want, line)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def printed_as_expected(blocks, lines):
    position = 0
    for in_order, expected in blocks:
        part = lines[position:position + len(expected)]
        position += len(expected)
        if len(part) < len(expected):
            return False
        if not (all(map(matches, expected, part)) if in_order else unordered(expected, part)):
            return False
    return position == len(lines)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    blocks, errors = read_expected(text)
    done = subprocess.run(sys.argv[2:], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        return 77  # the program cannot run on this machine: skipped

    problems = [] if done.returncode == 0 else [f"exit status {done.returncode}"]
    if not printed_as_expected(blocks, done.stdout.splitlines()):
        problems.append("standard output differs")
    problems += [f"no match for {regex!r} on standard error" for regex in errors if not re.search(regex, done.stderr)]
    if problems:
        print(f"{'; '.join(problems)}\n--- expected\n{text}--- standard output\n{done.stdout}"
              f"--- standard error\n{done.stderr}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
