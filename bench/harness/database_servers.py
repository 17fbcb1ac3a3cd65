"""The servers of the databases section: PostgreSQL and MariaDB in temporary folders, on the load's processor, without a thought for
power cuts."""

import contextlib
import glob
import os
import shutil
import subprocess
import tempfile
import time

from .machine import LOAD_CPU, pinned


@contextlib.contextmanager
def _folder_of(owner):
    """A temporary folder, and the words before a command that make it that user's, where we are root."""
    as_owner = ["runuser", "-u", owner, "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="aiocpp-bench-") as folder:
        if as_owner:
            subprocess.run(["chown", owner, folder], check=True)
        yield folder, as_owner


@contextlib.contextmanager
def postgres(workshop):
    """The folder of a server's socket; None where there is no server."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        workshop.note("databases: no PostgreSQL (Debian: postgresql)")
        yield None
        return
    with _folder_of("postgres") as (folder, as_owner):

        def run(program, *words):
            subprocess.run([*as_owner, f"{programs[-1]}/{program}", *words], cwd="/", check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=pinned(LOAD_CPU))

        data = f"{folder}/data"
        run("initdb", "-N", "-A", "trust", "-U", "postgres", "-D", data)
        run("pg_ctl", "start", "-w", "-D", data, "-l", f"{folder}/log", "-o",
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off")
        try:
            yield folder
        finally:
            run("pg_ctl", "stop", "-m", "immediate", "-D", data)


@contextlib.contextmanager
def mariadb(workshop):
    """A server's socket, whose root needs no password and which has a database "test"; None where there is no server."""
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        workshop.note("databases: no MariaDB (Debian: mariadb-server)")
        yield None
        return
    with _folder_of("mysql") as (folder, as_owner):
        path = f"{folder}/socket"
        quietly = {"cwd": "/", "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
                   "preexec_fn": pinned(LOAD_CPU)}
        subprocess.run([*as_owner, "mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db",
                        "--auth-root-authentication-method=normal"], check=True, **quietly)
        server = subprocess.Popen([*as_owner, "mariadbd", "--no-defaults", f"--datadir={folder}/data",
                                   f"--socket={path}", "--skip-networking", "--innodb-flush-method=nosync"], **quietly)
        create = ["mariadb", "--no-defaults", "-u", "root", "-S", path, "-e", "CREATE DATABASE test"]
        try:
            deadline = time.monotonic() + 60
            while subprocess.run(create, **quietly, check=False).returncode:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("databases: the MariaDB server does not answer")
                time.sleep(0.1)
            yield path
        finally:
            server.terminate()
            server.wait()
