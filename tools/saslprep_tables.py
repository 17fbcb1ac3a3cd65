#!/usr/bin/env python3
"""Writes src/db/pg/wire/saslprep_tables.cpp from Python's module stringprep, which knows RFC 3454 by Unicode 3.2."""

import pathlib
import stringprep
import textwrap

TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/db/pg/wire/saslprep_tables.cpp"

HEADER = """\
// Stringprep's tables: which characters SASLprep prohibits, which Unicode 3.2 does not assign, and which way they are read.
// Written by tools/saslprep_tables.py; saslprep.cpp uses them. Source: RFC 3454, appendices A.1, C and D.
#include "db/pg/wire/saslprep_tables.hpp"

namespace aio::pg::wire {

namespace {
"""


def prohibited(char):
    return any(table(char) for table in (
        stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
        stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
        stringprep.in_table_c9))


TABLES = {"Prohibited": prohibited, "Unassigned": stringprep.in_table_a1, "RightToLeft": stringprep.in_table_d1,
          "LeftToRight": stringprep.in_table_d2}


def ranges(table):
    """The (first, last) of the code points in a table."""
    first = None
    for code in range(0x110001):
        inside = code < 0x110000 and table(chr(code))
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            yield first, code - 1
            first = None


def main():
    lines = [HEADER]
    for name, table in TABLES.items():
        items = ", ".join(f"{{0x{first:x},\0" f"0x{last:x}}}" for first, last in ranges(table))
        lines += ["// clang-format off", f"constexpr CodePoints k{name}[] = {{"]
        lines += textwrap.wrap(items, 114, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        lines += ["};", "// clang-format on", ""]
    lines += ["}  // namespace", ""]
    lines += [f"constinit const std::span<const CodePoints> k{name}CodePoints = k{name};" for name in TABLES]
    lines += ["", "}  // namespace aio::pg::wire"]
    TARGET.write_text("\n".join(lines).replace("\0", " ") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
