#!/usr/bin/env python3
"""Includes point downward only, and public headers stay thin.

A file of layer L, in include/aio/L or src/L, may include its own layer and lower ones: base 0, core 1, sync 2,
io 3, http ws db 4, debug 5, cli 6. Of the layers with the same number, only ws may use http. The headers lying
directly in include/aio (aio.hpp, http.hpp, ...) are umbrellas for users: they may include anything, and
below cli nothing but another umbrella may include them. fwd.hpp is open to all.

Inside io, http and db the folders of src are rooms, ranked in the same way (ROOMS). A public header, which lies flat in
include/aio/io, belongs to the room of the source with its name, or to the one that PUBLIC names. The headers of a database's
driver, in include/aio/pg, belong to the layer db.
"""

import argparse
import pathlib
import re
import sys

RANKS = {"base": 0, "core": 1, "sync": 2, "io": 3, "http": 4, "ws": 4, "db": 4, "debug": 5, "cli": 6}
SIDEWAYS = {("ws", "http")}
OPEN_TO_ALL = {"fwd.hpp"}
DRIVERS = {"pg": "db", "mysql": "db", "sqlite": "db"}

# From the ground up; rooms of one line do not meet (client and server). "" is what lies in no room.
ROOMS = {
    "io": ["address", "names", "connect", "stream", "tls", "pipe", "server", "datagram", "sock", "process", "protocol",
           "files"],
    "http": ["wire", "", "client server", "testing"],
    "db": ["", "session pg/wire pg/codec pg/conninfo mysql/wire sqlite/engine", "mysql/codec mysql/conninfo", "pg mysql sqlite"],
}
PUBLIC = {"io": {"file_stat": "files", "file_system": "files", "files": "files", "protocol": "protocol", "ssl": "tls",
                 "ssl_use": "stream"}}
# The rooms that know bytes and events only: they may see base, and of their own layer values.
WIRES = {"http": ("wire",), "db": ("pg/wire", "mysql/wire")}
VALUES = {"http": {"charset.hpp", "headers.hpp", "url.hpp"}}

# The libraries that a layer's sources may include, by the first part of the header's name.
DEPENDENCIES = {
    "core": {"liburing.h", "elfutils"},
    "io": {"ares.h", "idn2.h", "openssl"},
    "http": {"brotli", "idn2.h", "libpsl.h", "llhttp.h", "nlohmann", "openssl", "zlib.h", "zstd.h", "zstd_errors.h"},
    "db": {"nlohmann", "openssl", "sqlite3.h", "uninorm.h", "unistr.h", "zlib.h"},
    "cli": {"CLI", "fmt", "nlohmann", "openssl"},
}
LIBRARIES = set().union(*DEPENDENCIES.values())

# What a public header must leave to a .cpp file: slow to compile, or a dependency that users need not have.
HEAVY = re.compile(r"(iostream|regex|liburing\.h|fmt/.*|openssl/.*|ares.*|libpq-fe\.h|sqlite3\.h|mysql.*)$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
UMBRELLA = "umbrella"


def layer_of(path):
    """The layer of a path below include/aio or src: its first folder, or the one that a driver belongs to."""
    return DRIVERS.get(path.parts[0], path.parts[0]) if len(path.parts) > 1 else UMBRELLA


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


def room_of(root, layer, path):
    """The room of a path below include/aio or src, or None where the layer has no rooms or the header belongs to all."""
    if layer not in ROOMS:
        return None
    if len(path.parts) > 2:
        folder = "/".join(path.parts[1:-1])
        rooms = [room for line in ROOMS[layer] for room in line.split(" ")]
        return max((room for room in rooms if room and f"{folder}/".startswith(f"{room}/")), key=len, default=path.parts[1])
    if (root / "src" / path).is_file():
        return ""
    if layer not in PUBLIC:
        return None
    if path.stem in PUBLIC[layer]:
        return PUBLIC[layer][path.stem]
    found = [source.parent.name for source in (root / "src" / layer).glob(f"*/{path.stem}.cpp")]
    return found[0] if len(found) == 1 else None


def room_complaint(root, layer, path, included):
    """Why a file in one room may not include one of another, or None when it may."""
    rooms = ROOMS.get(layer)
    wire = room_of(root, layer, path)
    if wire in WIRES.get(layer, ()):
        other = layer_of(included)
        if other == "base" or other == layer and (
                included.name in VALUES.get(layer, ()) or room_of(root, layer, included) == wire):
            return None
        return f"{included.as_posix()}, which is neither of base nor a value"
    if rooms is None or layer_of(included) != layer:
        return None
    room, other = room_of(root, layer, path), room_of(root, layer, included)
    if room is None or other is None or room == other:
        return None
    ranks = {name: rank for rank, line in enumerate(rooms) for name in line.split(" ")}
    for name in (room, other):
        if name not in ranks:
            return f"the unknown room {layer}/{name}; the rooms are {', '.join(filter(None, ranks))}"
    if ranks[other] < ranks[room]:
        return None
    return f"{layer}/{other}, which is not below {layer}/{room}"


def check_file(root, file, layer, public):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        where = f"{file.relative_to(root)}:{number}"
        if public and HEAVY.match(match[2]):
            yield f"{where}: a public header may not include <{match[2]}>"
        included = included_path(root, file, *match.groups())
        library = match[2].split("/")[0]
        if library in LIBRARIES - DEPENDENCIES.get(layer, set()) and layer != UMBRELLA:
            yield f"{where}: {layer} does not depend on <{match[2]}>"
        if included is None:
            continue
        path = file.relative_to(root / ("include/aio" if public else "src"))
        reason = complaint(layer, included) or room_complaint(root, layer, path, included)
        if reason:
            yield f"{where}: includes {reason}"


def check_namesakes(root):
    """One path rule: include/aio/L/x.hpp has its source at src/L/x.cpp, in a room of src/L, or nowhere; a public header in a
    folder of its own, include/aio/L/room/x.hpp, has it in src/L/room."""
    include = root / "include" / "aio"
    for header in sorted(include.rglob("*.hpp")):
        path = header.relative_to(include)
        if len(path.parts) == 1:
            continue
        sources = [source.relative_to(root / "src") for source in (root / "src" / path.parts[0]).rglob(f"{path.stem}.cpp")]
        # What all drivers share has no source in one of them: each may have a row.cpp.
        sources = [source for source in sources if source.parts[0] not in DRIVERS.values() or source.parts[1] not in DRIVERS]
        if len(sources) > 1:
            yield f"{header.relative_to(root)}: has several sources: {', '.join(map(str, sources))}"
        elif sources and len(path.parts) > 2 and sources[0].parent != path.parent:
            yield f"{header.relative_to(root)}: its source is {sources[0]}, not in src/{path.parent}"


def check_tree(root):
    yield from check_namesakes(root)
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
