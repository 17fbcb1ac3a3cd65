"""Compiling small sources the way every check of this project does: strictly, and without producing code."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
# None of ours, but asked for by many who include the headers with -I, where they are no system headers.
USERS_WARNINGS = ("-Wshadow", "-Wnon-virtual-dtor", "-Wold-style-cast", "-Wconversion")
REFERENCE_COMPILERS = ("g++", "clang++-19")


def add_options(parser):
    """The options that the checks share; `args.compiler` is never empty after parse()."""
    parser.add_argument("--compiler", action="append", metavar="CXX",
                        help="may be repeated; without it, every reference compiler that is installed")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="compilations at the same time")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the project's folder")


def parse(parser):
    args = parser.parse_args()
    args.compiler = args.compiler or [name for name in REFERENCE_COMPILERS if shutil.which(name)]
    if not args.compiler:
        sys.exit(f"no compiler found: install one of {', '.join(REFERENCE_COMPILERS)}")
    return args


def command(compiler, root):
    return [compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-I", str(root / "include")]


def check(compiler, source, root, *flags):
    """Compiles the text `source` without output; returns (succeeded, what the compiler said)."""
    done = subprocess.run([*command(compiler, root), "-fsyntax-only", *flags, "-x", "c++", "-"],
                          input=source, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def precompile(compiler, text, root, folder):
    """Compiles the header `text` once, in `folder`, for many sources that begin with it; returns the flags for check().

    They include it as it is when the compiler refuses it: check() then reports why.
    """
    name = pathlib.Path(compiler).name  # it may be a path
    header = folder / f"{name}.hpp"
    header.write_text(text, encoding="utf-8")
    result = folder / f"{name}.hpp.gch"
    done = subprocess.run([*command(compiler, root), "-x", "c++-header", str(header), "-o", str(result)],
                          capture_output=True, check=False)
    if done.returncode != 0:
        return ["-include", str(header)]
    return ["-include-pch", str(result)] if "clang" in compiler else ["-include", str(header)]


@contextlib.contextmanager
def precompiled(compilers, text, root):
    """{compiler: the flags for check() that include the header `text`, compiled once}"""
    with tempfile.TemporaryDirectory() as folder:
        yield {compiler: precompile(compiler, text, root, pathlib.Path(folder)) for compiler in compilers}


def check_all(jobs, checks):
    """Runs the callables in `checks`, `jobs` at a time, and yields their results in order."""
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        yield from pool.map(lambda run: run(), checks)
