#!/usr/bin/env python3
"""The inputs of a fuzz target, packed into one file: corpus/<name>.packed.

    packed.py unpack corpus/url.packed FOLDER      a file per input, for libFuzzer
    packed.py add corpus/url.packed FOLDER...      adds the inputs of these folders

A packed file has its inputs one after the other, in the order of their bytes: the length (4 bytes, little-endian), then the
input.
"""

import hashlib
import pathlib
import struct
import sys


def read(file):
    """The set of inputs of a packed file; empty if there is no such file."""
    data = file.read_bytes() if file.is_file() else b""
    inputs, at = set(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        if at + length > len(data):
            sys.exit(f"{file}: the last input is cut short")
        inputs.add(data[at:at + length])
        at += length
    return inputs


def write(file, inputs):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in sorted(inputs)))


def unpack(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for data in read(file):
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def add(file, folders):
    found = {path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    write(file, read(file) | found)


def main():
    match sys.argv[1:]:
        case ["unpack", file, folder]:
            unpack(pathlib.Path(file), pathlib.Path(folder))
        case ["add", file, *folders] if folders:
            add(pathlib.Path(file), list(map(pathlib.Path, folders)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
