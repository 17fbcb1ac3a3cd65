"""Builds the programs that are measured, in build/bench/, each only when something it was made of is newer.

Whatever cannot be built here yields None and one note; no missing rival is an error.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMPILERS = {"g++": "g++", "clang": "clang++-19"}
CXX_FLAGS = ["-std=c++20", "-O3", "-DNDEBUG", "-Wall", "-Wextra"]
C_FLAGS = ["-std=gnu11", "-O3", "-DNDEBUG", "-Wall", "-Wextra"]
AIO_LIBRARIES = ["-lfmt", "-luring", "-pthread"]
# What <aio/http.hpp> needs beside.
HTTP_LIBRARIES = ["-lssl", "-lcrypto", "-lcares", "-lz", "-lbrotlidec", "-lbrotlienc", "-lzstd", "-lpsl", "-lidn2"]
# What <aio/pg.hpp>, <aio/mysql.hpp> and <aio/sqlite.hpp> need beside.
DB_LIBRARIES = ["-lssl", "-lcrypto", "-lcares", "-lunistring", "-lidn2", "-lz", "-lsqlite3"]
PRESETS = {"g++": "release", "clang": "release-clang"}
DEBIAN_CRATES = Path("/usr/share/cargo/registry")


class Workshop:
    def __init__(self, root):
        self.root = root
        self.bench = root / "bench"
        self.out = root / "build" / "bench"
        self.out.mkdir(parents=True, exist_ok=True)
        self.notes = []

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    # --- C and C++ ------------------------------------------------------------------------------------

    def cxx(self, name, source, compiler="g++", flags=(), libraries=()):
        """A C++ program of bench/, named NAME-COMPILER."""
        return self._compile(f"{name}-{compiler}", COMPILERS[compiler], source, [*CXX_FLAGS, *flags], libraries)

    def c(self, name, source, libraries=()):
        return self._compile(name, "gcc", source, C_FLAGS, libraries)

    def aio(self, name, source, compiler="g++", libraries=AIO_LIBRARIES):
        """One of our own programs: the one that CMake built, or else one built here from the library."""
        built = self.root / "build" / PRESETS[compiler] / "bench" / name
        if _is_newer(built, [self.bench / source, *self._aio_sources()]):
            return built
        library = self.aio_library(compiler)
        if library is None:
            return None
        include = ["-I", str(self.root / "include")]
        return self.cxx(name, source, compiler, include, [str(library), *libraries])

    def aio_http(self, name, source, compiler="g++"):
        """The same of a program that uses <aio/http.hpp>."""
        return self.aio(name, source, compiler, [*AIO_LIBRARIES, *HTTP_LIBRARIES])

    def aio_db(self, name, source, compiler="g++"):
        """The same of a program that uses a database."""
        return self.aio(name, source, compiler, [*AIO_LIBRARIES, *DB_LIBRARIES])

    def aio_library(self, compiler="g++"):
        """libaiocpp.a as that compiler built it; for want of it g++'s, which all compilers here can link."""
        for preset in (PRESETS[compiler], PRESETS["g++"]):
            library = self.root / "build" / preset / "libaiocpp.a"
            if library.exists():
                if preset != PRESETS[compiler]:
                    self.note(f"aio by {compiler}: its library is g++'s; `cmake --preset {PRESETS[compiler]}`"
                              f" and `cmake --build --preset {PRESETS[compiler]}` make its own")
                if not _is_newer(library, self._aio_sources()):
                    self.note(f"aio by {compiler}: measured, but {library.relative_to(self.root)} is older"
                              " than its sources")
                return library
        self.note("aio: no build/release/libaiocpp.a; `./run bench` builds it")
        return None

    def _aio_sources(self):
        return [file for folder in ("include", "src") for file in (self.root / folder).rglob("*.?pp")]

    def _compile(self, name, compiler, source, flags, libraries):
        program, made_of = self.out / name, self.out / f"{name}.d"
        if shutil.which(compiler) is None:
            self.note(f"{name}: no {compiler}")
            return None
        archives = [Path(library) for library in libraries if library.endswith(".a")]
        if _is_current(program, made_of, archives):
            return program
        command = [compiler, *flags, "-MMD", "-MF", str(made_of), str(self.bench / source), "-o", str(program)]
        return self._build(name, program, [*command, *libraries])

    def _build(self, name, program, command, directory=None, env=None):
        print(f"building {name}", file=sys.stderr, flush=True)
        program.unlink(missing_ok=True)
        done = subprocess.run(command, cwd=directory, env={**os.environ, **(env or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0 and program.exists():
            return program
        lines = done.stdout.splitlines()
        reason = next((line for line in lines if "error" in line), lines[-1] if lines else "no message")
        self.note(f"{name}: cannot be built: {reason.strip()}")
        return None

    # --- other languages ------------------------------------------------------------------------------

    def go(self, name):
        if shutil.which("go") is None:
            self.note(f"go_{name}: no go")
            return None
        program = self.out / f"go_{name}"
        sources = self.bench / "rivals" / "go" / name
        if _is_newer(program, sources.glob("*.go")):
            return program
        env = {"GO111MODULE": "off", "GOCACHE": str(self.out / "go-cache")}
        return self._build(f"go_{name}", program, ["go", "build", "-o", str(program), "."], sources, env)

    def tokio(self, name):
        """Offline, from the crates Debian packages. The sources are copied: cargo leaves a lock file there."""
        cargo, rustc = (Path("/usr/bin") / tool for tool in ("cargo", "rustc"))
        if not (cargo.exists() and rustc.exists() and DEBIAN_CRATES.exists()):
            self.note(f"tokio_{name}: no Debian cargo, rustc and librust-tokio-dev")
            return None
        sources, copy = self.bench / "rivals" / "tokio", self.out / "tokio"
        program = copy / "target" / "release" / name
        if _is_newer(program, sources.glob("**/*.*")):
            return program
        shutil.copytree(sources, copy, dirs_exist_ok=True)
        command = [str(cargo), "build", "--release", "--offline", "--bin", name,
                   "--config", 'source.crates-io.replace-with="debian"',
                   "--config", f'source.debian.directory="{DEBIAN_CRATES}"']
        env = {"RUSTC": str(rustc), "CARGO_TARGET_DIR": str(copy / "target")}
        return self._build(f"tokio_{name}", program, command, copy, env)

    def python(self, script, loop, *packages):
        """The command line of a script of rivals/python on asyncio or uvloop."""
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        for package in (loop, *packages):
            if subprocess.run([python, "-c", f"import {package}"], stderr=subprocess.DEVNULL, check=False).returncode:
                self.note(f"{package}: {python} does not have it (Debian: python3-{package})")
                return None
        return [python, str(self.bench / "rivals" / "python" / script), loop]

    def node(self, script):
        """The command line of a script of rivals/node."""
        node = shutil.which("node")
        if node is None:
            self.note("node: not installed (Debian: nodejs)")
            return None
        # Debian's modules, also for a node that is not Debian's.
        return ["env", "NODE_PATH=/usr/share/nodejs", node, str(self.bench / "rivals" / "node" / script)]


def _is_newer(program, sources):
    return program.exists() and all(program.stat().st_mtime >= source.stat().st_mtime for source in sources)


def _is_current(program, made_of, archives):
    """Whether a compiled program is newer than every file its compiler said it read."""
    if not (program.exists() and made_of.exists()):
        return False
    words = made_of.read_text().replace("\\\n", " ").split()[1:]
    sources = [Path(word) for word in words]
    return all(source.exists() for source in sources) and _is_newer(program, [*sources, *archives])
