#!/usr/bin/env python3
"""Includes point downward only, and public headers stay thin.

A file of layer L, in include/aio/L or src/L, may include its own layer and lower ones: base 0, core 1, sync 2,
io 3, http ws db 4, debug 5, cli 6. Of the layers with the same number, only ws may use http. The headers lying
directly in include/aio (aio.hpp, http.hpp, ...) are umbrellas for users: they may include anything, and
below cli nothing but another umbrella may include them. fwd.hpp is open to all.
"""

import argparse
import pathlib
import re
import sys

RANKS = {"base": 0, "core": 1, "sync": 2, "io": 3, "http": 4, "ws": 4, "db": 4, "debug": 5, "cli": 6}
SIDEWAYS = {("ws", "http")}
OPEN_TO_ALL = {"fwd.hpp"}

# What a public header must leave to a .cpp file: slow to compile, or a dependency that users need not have.
HEAVY = re.compile(r"(iostream|regex|liburing\.h|fmt/.*|openssl/.*|ares.*|libpq-fe\.h|sqlite3\.h|mysql.*)$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
UMBRELLA = "umbrella"


def layer_of(path):
    """The layer of a path below include/aio or src: its first folder."""
    return path.parts[0] if len(path.parts) > 1 else UMBRELLA


def included_path(root, file, quote, name):
    """The project file that an include names, relative to include/aio or src; None for any other header."""
    if name.startswith("aio/"):
        return pathlib.PurePosixPath(name[len("aio/"):])
    if quote == "<":
        return None
    for folder in (root / "include" / "aio", root / "src"):
        for base in (file.parent, folder):
            target = (base / name).resolve()
            if target.is_file() and target.is_relative_to(folder.resolve()):
                return target.relative_to(folder.resolve())
    return None


def complaint(layer, included):
    """Why a file of `layer` may not include `included`, or None when it may."""
    other = layer_of(included)
    if layer == UMBRELLA or other == layer or included.as_posix() in OPEN_TO_ALL:
        return None
    if other == UMBRELLA:
        return None if layer == "cli" else "an umbrella header, which is for users only"
    if other not in RANKS:
        return f"the unknown layer {other}"
    if RANKS[other] < RANKS[layer] or (layer, other) in SIDEWAYS:
        return None
    return f"{other} (layer {RANKS[other]}), which is not below {layer} (layer {RANKS[layer]})"


def check_file(root, file, layer, public):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        where = f"{file.relative_to(root)}:{number}"
        if public and HEAVY.match(match[2]):
            yield f"{where}: a public header may not include <{match[2]}>"
        included = included_path(root, file, *match.groups())
        reason = included is not None and complaint(layer, included)
        if reason:
            yield f"{where}: includes {reason}"


def check_tree(root):
    for folder, public in ((root / "include" / "aio", True), (root / "src", False)):
        for file in sorted(folder.rglob("*.[ch]pp")):
            layer = layer_of(file.relative_to(folder))
            if layer != UMBRELLA and layer not in RANKS:
                yield f"{file.relative_to(root)}: unknown layer {layer}; the layers are {', '.join(RANKS)}"
                continue
            yield from check_file(root, file, layer, public)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    problems = list(check_tree(parser.parse_args().root.resolve()))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"check_layers: {len(problems)} wrong includes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
