#!/usr/bin/env python3
"""check_postgres.py EXPECTED PROGRAM: check_output.py of a program that gets the DSN of a PostgreSQL server.

The server is the check's own, in a temporary folder. Exits with 77 where PostgreSQL is not installed.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def find_programs():
    """The folder of initdb and pg_ctl: Debian's, of the newest version, or that of PATH; None: there is none."""
    for folder in reversed(sorted(glob.glob("/usr/lib/postgresql/*/bin"))):
        if os.access(f"{folder}/initdb", os.X_OK):
            return folder
    found = shutil.which("initdb")
    return os.path.dirname(found) if found else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    programs = find_programs()
    if programs is None:
        print("PostgreSQL is not installed (Debian: postgresql)")
        return SKIPPED
    # It refuses to run as root.
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="aiocpp-pg-") as folder:
        if as_postgres:
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"

        def run(*command):
            subprocess.run([*as_postgres, *command], cwd="/", check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

        run(f"{programs}/initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", data)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run(f"{programs}/pg_ctl", "start", "-w", "-D", data, "-l", f"{folder}/log", "-o", options)
        try:
            check = pathlib.Path(__file__).with_name("check_output.py")
            dsn = f"postgresql://postgres@/postgres?host={folder}"
            return subprocess.run([sys.executable, check, *sys.argv[1:], dsn], check=False).returncode
        finally:
            run(f"{programs}/pg_ctl", "stop", "-m", "immediate", "-D", data)


if __name__ == "__main__":
    sys.exit(main())
