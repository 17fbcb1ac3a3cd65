"""Section databases: clients of PostgreSQL, CPU time of a query, beside libpq and asyncpg; and SQLite beside its plain calls.

The servers are this section's own, in a temporary folder, on the load's processor; clients have the other one.
"""

import contextlib
import glob
import json
import os
import subprocess
import sys
import tempfile

from .machine import LOAD_CPU, pinned, quiet, run_lines
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "client's CPU us per query (rows: per 1000 rows of 4 columns, decoded), server on the other processor"

BACKENDS = ("epoll", "io_uring")
LIMIT = "libpq"
# case: (the limit's case, bar as a ratio to it; asyncpg's case, bar as a ratio to it)
PG_CASES = {
    "one": ("one", 1.05, "one", None),
    "spread": ("spread", 1.0, "spread", 0.7),
    "pool": ("spread", None, "pool", None),
    "shared": (None, None, "spread", None),
    "deep": ("deep", 1.4, None, None),
    "rows": ("rows", 1.3, "rows", None),
}
POOL_BAR = 1.1    # to the connection's own, "spread"
SHARED_BAR = 3.0  # times asyncpg's queries per second, "spread"


def measure(workshop, arguments):
    samples = {}
    with contextlib.ExitStack() as servers:
        dsn = servers.enter_context(_postgres(workshop))
        if dsn:
            _measure_postgres(workshop, arguments, samples, dsn)
    return _outcome(arguments, samples)


@contextlib.contextmanager
def _postgres(workshop):
    """A server's connection string; None where there is none."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        workshop.note("databases: no PostgreSQL (Debian: postgresql)")
        yield None
        return
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="aiocpp-bench-") as folder:
        if as_owner:
            subprocess.run(["chown", "postgres", folder], check=True)

        def run(program, *words):
            subprocess.run([*as_owner, f"{programs[-1]}/{program}", *words], cwd="/", check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=pinned(LOAD_CPU))

        data = f"{folder}/data"
        run("initdb", "-N", "-A", "trust", "-U", "postgres", "-D", data)
        run("pg_ctl", "start", "-w", "-D", data, "-l", f"{folder}/log", "-o",
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off")
        try:
            yield f"host={folder} user=postgres dbname=postgres"
        finally:
            run("pg_ctl", "stop", "-m", "immediate", "-D", data)


def _measure_postgres(workshop, arguments, samples, dsn):
    ours = workshop.aio_db("pg_queries", "db/pg_queries.cpp")
    libpq = workshop.cxx("pg_libpq", "limit/pg_libpq.cpp", flags=["-I/usr/include/postgresql"], libraries=["-lpq"])
    cases = [case for case in PG_CASES if arguments.only in case]
    programs = {f"aio {backend}": (ours and [str(ours)], {"AIO_BACKEND": backend}, cases) for backend in BACKENDS}
    limits = [case for case in ("one", "spread", "deep", "rows") if case in cases or case == "spread" and "pool" in cases]
    programs[LIMIT] = (libpq and [str(libpq)], {}, limits)
    if arguments.rivals:
        for loop in ("uvloop", "asyncio"):
            command = workshop.python("pg.py", loop, "asyncpg")
            wanted = sorted({PG_CASES[case][2] for case in cases} - {None})
            programs[f"asyncpg {loop}"] = (command, {}, wanted)
    uri = f"postgresql://postgres@/postgres?host={dsn.split()[0].split('=')[1]}"  # which asyncpg reads
    for repetition in range(1 if arguments.quick else 3):
        for name, (command, environment, wanted) in programs.items():
            if not command or not wanted or repetition and name.startswith("asyncpg"):
                continue
            print(f"databases {repetition + 1}: {name}", file=sys.stderr, flush=True)
            try:
                lines = run_lines([*command, uri if name.startswith("asyncpg") else dsn, *wanted], environment)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                workshop.note(f"databases, {name}: {failure}")
                continue
            for line in lines:
                reported = json.loads(line)
                samples.setdefault(f"{name} {reported['name']}", []).append(reported["ns"] / 1000)
                samples.setdefault(f"{name} {reported['name']} per second", []).append(reported["per_second"])


def _outcome(arguments, samples):
    names = [LIMIT, *(f"aio {backend}" for backend in BACKENDS), "asyncpg uvloop", "asyncpg asyncio"]
    outcome = Outcome(["case", *names, ": libpq", "bar", "verdict", ": uvloop", "bar", "verdict"], samples=samples)
    ours = f"aio {BACKENDS[-1]}"  # what runs by default
    for case, (limit, bar, rival, rival_bar) in PG_CASES.items():
        if arguments.only not in case:
            continue
        figures = {name: quiet(samples.get(f"{name} {case}", [])) for name in names}
        figures[LIMIT] = quiet(samples.get(f"{LIMIT} {limit}", []))
        for loop in ("uvloop", "asyncio"):
            figures[f"asyncpg {loop}"] = quiet(samples.get(f"asyncpg {loop} {rival}", []))
        to_limit = ratio(figures[ours], figures[LIMIT])
        to_rival = ratio(figures[ours], figures["asyncpg uvloop"])
        verdict, told = outcome.judge(to_limit, bar), f"≤ {bar}×" if bar else ABSENT
        if case == "pool":
            own = ratio(figures[ours], quiet(samples.get(f"{ours} spread", [])))
            verdict, told = outcome.judge(own, POOL_BAR), f"≤ {POOL_BAR}× spread: {times(own)}"
        rival_verdict, rival_told = outcome.judge(to_rival, rival_bar), f"≤ {rival_bar}×" if rival_bar else ABSENT
        if case == "shared":
            rates = [max(samples.get(f"{name} per second", [0])) for name in (f"{ours} shared", "asyncpg uvloop spread")]
            faster = ratio(*rates) or None
            rival_told = f"≥ {SHARED_BAR}× its queries/s: {times(faster)}"
            rival_verdict = outcome.judge(ratio(SHARED_BAR, faster), 1.0)
        outcome.rows.append([case, *(number(figures[name]) for name in names), times(to_limit), told, verdict,
                             times(to_rival), rival_told, rival_verdict])
    return outcome
