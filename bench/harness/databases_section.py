"""Section databases: clients of PostgreSQL and MariaDB beside the servers' own C libraries and Python's drivers, in CPU time of the
client; and SQLite beside its plain calls, by the clock: there a read waits for another thread.

The servers are this section's own (database_servers.py), on the load's processor; clients have the other one.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from .database_servers import mariadb, postgres
from .machine import CPUS, SERVER_CPU, quiet, run_lines
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "us per query (rows: per 1000 rows of 4 columns, decoded); CPU time of the client, of SQLite and p99 the clock's"

BACKENDS = ("epoll", "io_uring")
LOOPS = ("uvloop", "asyncio")
TURNS = 6  # of the programs that are compared closely


@dataclass(frozen=True)
class Case:
    """A case of ours, and what it is held against: a case of the limit's and of the rival's, with bars as ratios to them."""

    name: str
    limit: str | None = None
    bar: float | None = None
    rival: str | None = None
    rival_bar: float | None = None
    own: tuple | None = None  # another case of ours, and the bar as a ratio to it
    rate_bar: float | None = None  # times the rival's queries per second
    over: float | None = None  # us above the limit, in place of a ratio


CASES = {
    "pg": (
        Case("one", "one", 1.05, "one"),
        Case("spread", "spread", 1.0, "spread", 0.7),
        Case("pool", "spread", None, "pool", own=("spread", 1.1)),
        Case("shared", None, None, "spread", rate_bar=3.0),
        Case("deep", "deep", 1.4),
        Case("rows", "rows", 1.3, "rows"),
        Case("p99_shared", own=("p99_apart", 1.5)),
    ),
    "mysql": (
        Case("one", "one", 1.1, "one"),
        Case("spread", "spread", 1.0, "spread"),
        Case("pool", "spread", None, "pool", own=("spread", 1.1)),
        Case("deep", "spread", None, "spread"),
        Case("rows", "rows", 1.3, "rows"),
    ),
    "sqlite": (Case("read", "read", over=2.0), Case("read_of_16_tasks", "read"), Case("insert", "insert", 1.3)),
}


@dataclass(frozen=True)
class Program:
    command: list | None
    cases: list | None  # None: the program knows only one way
    environment: dict
    cpu: int | set = SERVER_CPU
    repeated: bool = True


def measure(workshop, arguments):
    samples = {}
    wanted = {family: [case for case in cases if arguments.only in f"{family} {case.name}"]
              for family, cases in CASES.items()}
    if wanted["pg"]:
        with postgres(workshop) as folder:
            if folder:
                _run_all(workshop, arguments, samples, "pg", _pg_programs(workshop, arguments, wanted["pg"], folder))
    if wanted["mysql"]:
        with mariadb(workshop) as path:
            if path:
                programs = _mysql_programs(workshop, arguments, wanted["mysql"], path)
                _run_all(workshop, arguments, samples, "mysql", programs)
    if wanted["sqlite"]:
        _measure_sqlite(workshop, arguments, samples)
    return _outcome(wanted, samples)


def _needed(cases, which):
    """The cases of the limit or the rival that these need, each once."""
    return list(dict.fromkeys(filter(None, (getattr(case, which) for case in cases))))


def _ours_and(program, source, cases):
    """What each backend runs: the cases themselves, and those of ours that they are held against."""
    names = list(dict.fromkeys([case.name for case in cases] + [case.own[0] for case in cases if case.own]))
    return {f"aio {backend}": Program(program and [str(program), source], names, {"AIO_BACKEND": backend})
            for backend in BACKENDS}


def _pg_programs(workshop, arguments, cases, folder):
    dsn = f"host={folder} user=postgres dbname=postgres"
    libpq = workshop.cxx("pg_libpq", "limit/pg_libpq.cpp", flags=["-I/usr/include/postgresql"], libraries=["-lpq"])
    programs = _ours_and(workshop.aio_db("pg_queries", "db/pg_queries.cpp"), dsn, cases)
    programs["limit"] = Program(libpq and [str(libpq), dsn], _needed(cases, "limit"), {})
    for loop in LOOPS if arguments.rivals else ():
        command = workshop.python("pg.py", loop, "asyncpg")
        uri = f"postgresql://postgres@/postgres?host={folder}"  # which asyncpg reads
        programs[loop] = Program(command and [*command, uri], _needed(cases, "rival"), {}, repeated=False)
    return programs


def _mysql_programs(workshop, arguments, cases, path):
    libmariadb = workshop.cxx("mysql_libmariadb", "limit/mysql_libmariadb.cpp", libraries=["-lmariadb"])
    dsn = f"mysql://root@/test?unix_socket={path}"
    programs = _ours_and(workshop.aio_db("mysql_queries", "db/mysql_queries.cpp"), dsn, cases)
    programs["limit"] = Program(libmariadb and [str(libmariadb), path], _needed(cases, "limit"), {})
    for loop in LOOPS if arguments.rivals else ():
        command = workshop.python("my.py", loop, "aiomysql")
        programs[loop] = Program(command and [*command, path], _needed(cases, "rival"), {}, repeated=False)
    return programs


def _measure_sqlite(workshop, arguments, samples):
    ours = workshop.aio_db("sqlite_queries", "db/sqlite_queries.cpp")
    plain = workshop.cxx("sqlite_plain", "limit/sqlite_plain.cpp", libraries=["-lsqlite3"])
    for repetition in range(1 if arguments.quick else TURNS):
        # A new file each; and both processors, since the connection has a thread of its own.
        with tempfile.TemporaryDirectory(prefix="aiocpp-bench-") as folder:
            programs = {f"aio {backend}": (ours, backend) for backend in BACKENDS} | {"limit": (plain, "")}
            _run_all(workshop, arguments, samples, "sqlite", {
                name: Program(program and [str(program), f"{folder}/{at}"], None, {"AIO_BACKEND": backend}, set(CPUS))
                for at, (name, (program, backend)) in enumerate(programs.items())}, [repetition])


def _run_all(workshop, arguments, samples, family, programs, repetitions=None):
    """Runs the programs in turn, several times, and collects what they report."""
    for repetition in repetitions or range(1 if arguments.quick else TURNS):
        for name, program in programs.items():
            if not program.command or program.cases == [] or repetition and not program.repeated:
                continue
            print(f"databases, {family} {repetition + 1}: {name}", file=sys.stderr, flush=True)
            try:
                lines = run_lines([*program.command, *(program.cases or [])], program.environment, cpu=program.cpu)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                workshop.note(f"databases, {family}, {name}: {failure}")
                continue
            for line in lines:
                reported = json.loads(line)
                key = f"{family} {name} {reported['name']}"
                samples.setdefault(key, []).append(reported["ns"] / 1000)
                if "per_second" in reported:
                    samples.setdefault(f"{key} per second", []).append(reported["per_second"])


def _outcome(wanted, samples):
    names = ["limit", *(f"aio {backend}" for backend in BACKENDS), *LOOPS]
    outcome = Outcome(["case", "C library", *names[1:], ": C", "bar", "verdict", ": uvloop", "bar", "verdict"],
                      samples=samples)
    for family, cases in wanted.items():
        for case in cases:
            outcome.rows.append(_row(outcome, family, case, names, samples))
    return outcome


def _row(outcome, family, case, names, samples):
    of = dict.fromkeys(names, case.name) | {"limit": case.limit} | dict.fromkeys(LOOPS, case.rival)
    figures = {name: quiet(samples.get(f"{family} {name} {of[name]}", [])) for name in names}
    best = f"aio {BACKENDS[-1]}"  # what runs by default
    mine, limit = figures[best], figures["limit"]
    to_limit, to_rival = ratio(mine, limit), ratio(mine, figures["uvloop"])
    verdict, told = outcome.judge(to_limit, case.bar), f"≤ {case.bar}×" if case.bar else ABSENT
    if case.own:
        to_own = ratio(mine, quiet(samples.get(f"{family} {best} {case.own[0]}", [])))
        verdict, told = outcome.judge(to_own, case.own[1]), f"≤ {case.own[1]}× {case.own[0]}: {times(to_own)}"
    if case.over:
        above = None if mine is None or limit is None else mine - limit
        verdict, told = outcome.judge(above, case.over), f"≤ {case.over} us more: {number(above)}"
    rival_verdict = outcome.judge(to_rival, case.rival_bar)
    rival_told = f"≤ {case.rival_bar}×" if case.rival_bar else ABSENT
    if case.rate_bar:
        rates = [max(samples.get(f"{family} {name} {which} per second", [0]))
                 for name, which in ((best, case.name), ("uvloop", case.rival))]
        faster = ratio(*rates) or None
        rival_verdict = outcome.judge(ratio(case.rate_bar, faster), 1.0)
        rival_told = f"≥ {case.rate_bar}× its queries/s: {times(faster)}"
    return [f"{family} {case.name}", *(number(figures[name]) for name in ("limit", *names[1:])), times(to_limit), told,
            verdict, times(to_rival), rival_told, rival_verdict]
