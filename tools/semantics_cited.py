#!/usr/bin/env python3
"""Every rule of docs/semantics.md that holds today is named by a test: `semantics 10`."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULE = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
CITED = re.compile(r"semantics (\d+(?:(?: to |, | and )\d+)*)")


def cited_numbers(text):
    for listed in CITED.findall(text):
        first, *rest = re.split(r"( to |, | and )", listed)
        last = int(first)
        yield last
        for joint, number in zip(rest[::2], rest[1::2]):
            yield from range(last + 1 if joint == " to " else int(number), int(number) + 1)
            last = int(number)


def main():
    rules = RULE.findall((ROOT / "docs/semantics.md").read_text(encoding="utf-8"))
    wanted = {int(number) for number, text in rules if not text.startswith("*Not yet*")}
    named = set()
    for test in (ROOT / "tests").rglob("*.cpp"):
        named.update(cited_numbers(test.read_text(encoding="utf-8")))
    missing, unknown = sorted(wanted - named), sorted(named - {int(number) for number, _ in rules})
    if missing:
        print(f"no test names semantics {', '.join(map(str, missing))}", file=sys.stderr)
    if unknown:
        print(f"tests name semantics {', '.join(map(str, unknown))}, which docs/semantics.md lacks", file=sys.stderr)
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
