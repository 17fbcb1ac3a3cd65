#!/usr/bin/env python3
"""Adds the parsers' seeds from tests/http/wire/*.cases: two bytes of choices, then the case's data."""

import pathlib
import re
import sys

import packed

HERE = pathlib.Path(__file__).parent
CASES = HERE.parent / "http" / "wire"
LONGEST = 2048  # longer ones only slow the fuzzer down

SIMPLE = {
    "r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\", "E": "\r\n",
    "G": "GET / HTTP/1.1\r\nHost: a\r\n",
    "P": "POST / HTTP/1.1\r\nHost: a\r\n",
    "C": "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "R": "HTTP/1.1 200 OK\r\n",
}


def unescaped(text):
    """What the escapes of the .cases files stand for, one character for each byte."""
    result = []
    i = 0
    while i < len(text):
        if text[i] != "\\":
            result.append(text[i])
            i += 1
            continue
        kind = text[i + 1]
        i += 2
        if kind == "x":
            result.append(chr(int(text[i:i + 2], 16)))
            i += 2
        elif kind == "{":
            end, depth = i, 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            times, repeated = text[i:end - 1].split("*", 1)
            result.append(unescaped(repeated) * int(times))
            i = end
        else:
            result.append(SIMPLE[kind])
    return "".join(result)


def cases(path):
    """(choices, data) of each case."""
    for block in re.split(r"^name: ", path.read_text(), flags=re.M)[1:]:
        options = " ".join(re.findall(r"^with: (.*)$", block, re.M)).split()
        data = "".join(unescaped(line) for line in re.findall(r"^data: (.*)$", block, re.M))
        choices = ("HEAD" in options) | ("CONNECT" in options) << 1
        if any("=" in option for option in options):
            choices |= 4
        yield bytes([choices, len(data) % 256]) + data.encode("latin-1")


def main():
    for source, name in (("requests.cases", "request_parser"), ("responses.cases", "response_parser")):
        file = HERE / "corpus" / f"{name}.packed"
        inputs = packed.read(file) | {data for data in cases(CASES / source) if len(data) <= LONGEST}
        packed.write(file, inputs)
        print(f"{file}: {len(inputs)} inputs", file=sys.stderr)


if __name__ == "__main__":
    main()
