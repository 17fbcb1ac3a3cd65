"""Section compile: what including the library costs a program of one file, in time, memory and bytes."""

import os
import shutil
import subprocess
import sys

from .machine import quiet
from .programs import AIO_LIBRARIES
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "hello with one sleep, g++ -O2, one file, static library"

COMPILER = "g++"
# what is measured: (unit, bar as a ratio to the bare coroutine, bar as a figure, the same with <aio/http.hpp>)
BARS = {
    "seconds": ("CPU s to compile and link", 1.6, None, 3.0),
    "memory": ("compiler's peak MiB", 1.5, None, None),
    "size": ("stripped kB", None, 300, None),
}


def _programs(workshop, arguments):
    """name: (source, flags and libraries)."""
    programs = {"bare": ("limit/bare_hello.cpp", [])}
    library = workshop.aio_library()
    if library:
        aio = ["-I", str(workshop.root / "include"), str(library), *AIO_LIBRARIES]
        programs["aio"] = ("compile/aio_hello.cpp", aio)
        if (workshop.root / "include" / "aio" / "http.hpp").exists():
            programs["aio + http"] = ("compile/aio_http_hello.cpp", aio)
        else:
            workshop.note("aio + http: no include/aio/http.hpp yet")
    if arguments.rivals:
        programs["Asio"] = ("rivals/asio_hello.cpp", [])
    return programs


def measure(workshop, arguments):
    programs = _programs(workshop, arguments)
    names = [name for name in BARS if arguments.only in name]
    samples = {name: {} for name in names}
    repetitions = 2 if arguments.quick else 6
    for repetition in range(repetitions if shutil.which(COMPILER) else 0):
        for program, (source, options) in programs.items():
            if program == "Asio" and repetition >= 3:
                continue
            print(f"compile {repetition + 1}/{repetitions}: {program}", file=sys.stderr, flush=True)
            try:
                measured = _compile(workshop, source, options)
            except RuntimeError as failure:
                workshop.note(f"compile, {program}: {failure}")
                continue
            for name in names:
                samples[name].setdefault(program, []).append(measured[name])
    return _outcome(names, list(programs), samples)


def _compile(workshop, source, options):
    program = workshop.out / "hello"
    command = [COMPILER, "-std=c++20", "-O2", str(workshop.bench / source), "-o", str(program), *options]
    # Started directly, not through ccache; wait4 adds up the driver's children and takes the largest of them.
    compiler = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(compiler.pid, 0)
    compiler.returncode = os.waitstatus_to_exitcode(status)
    if compiler.returncode != 0:
        raise RuntimeError(f"{source} does not compile")
    if subprocess.run([str(program)], stdout=subprocess.PIPE, check=False).stdout != b"hello\n":
        raise RuntimeError(f"{source} does not say hello")
    subprocess.run(["strip", str(program)], check=True)
    return {
        "seconds": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
        "size": program.stat().st_size / 1000,
    }


def _outcome(names, programs, samples):
    header = ["", "bare", "aio", "ratio", "bar", "verdict", "aio + http", "ratio", "bar", "verdict", "Asio"]
    outcome = Outcome(header, samples=samples)
    for name in names:
        title, by_ratio, by_figure, http_bar = BARS[name]
        figure = {program: quiet(samples[name].get(program, [])) for program in programs}
        bare, aio, http = (figure.get(program) for program in ("bare", "aio", "aio + http"))
        judged = ratio(aio, bare) if by_ratio else aio
        bar = f"≤ {by_ratio}×" if by_ratio else f"≤ {by_figure}"
        outcome.rows.append([
            title, number(bare), number(aio), times(ratio(aio, bare)), bar,
            outcome.judge(judged, by_ratio or by_figure),
            number(http), times(ratio(http, bare)), f"≤ {http_bar}×" if http_bar else ABSENT,
            outcome.judge(ratio(http, bare), http_bar), number(figure.get("Asio")),
        ])
    return outcome
