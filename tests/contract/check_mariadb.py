#!/usr/bin/env python3
"""check_mariadb.py EXPECTED PROGRAM: check_output.py of a program that gets the DSN of a MariaDB server.

The server is the check's own, in a temporary folder. Exits with 77 where MariaDB is not installed.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
SETTINGS = """[mysqld]
datadir={folder}/data
socket={folder}/s
pid-file={folder}/pid
log-error={folder}/log
skip-networking
innodb-buffer-pool-size=16M
innodb-log-file-size=8M
innodb-flush-log-at-trx-commit=0
performance-schema=0
"""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        print("MariaDB is not installed (Debian: mariadb-server)")
        return SKIPPED
    # It refuses to run as root. (runuser would stay its parent.)
    as_mysql = ["setpriv", "--reuid=mysql", "--regid=mysql", "--init-groups", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="aiocpp-my-") as folder:
        settings = pathlib.Path(folder, "my.cnf")
        settings.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
        os.chmod(folder, 0o755)
        if as_mysql:
            shutil.chown(folder, "mysql")
        quiet = {"cwd": "/", "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        # Debian's 10.11 fails at it now and then while another one runs, without a word in its log.
        for _ in range(3):
            shutil.rmtree(pathlib.Path(folder, "data"), ignore_errors=True)
            made = subprocess.run([*as_mysql, "mariadb-install-db", f"--defaults-file={settings}",
                                   "--auth-root-authentication-method=normal"], check=False, cwd="/",
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if made.returncode == 0:
                break
        else:
            sys.exit(f"mariadb-install-db ended with status {made.returncode}:\n{made.stdout}")
        server = subprocess.Popen([*as_mysql, "mariadbd", f"--defaults-file={settings}"], **quiet)
        try:
            client = ["mariadb", "--no-defaults", "-u", "root", "-S", f"{folder}/s", "-e"]
            for _ in range(600):
                if subprocess.run([*client, "SELECT 1"], check=False, **quiet).returncode == 0:
                    break
                time.sleep(0.05)
            subprocess.run([*client, "CREATE DATABASE shop CHARACTER SET utf8mb4"], check=True, **quiet)
            check = pathlib.Path(__file__).with_name("check_output.py")
            dsn = f"mysql://root@/shop?unix_socket={folder}/s"
            return subprocess.run([sys.executable, check, *sys.argv[1:], dsn], check=False).returncode
        finally:
            subprocess.run([*client[:-1], "-e", "SHUTDOWN"], check=False, **quiet)
            server.wait(60)


if __name__ == "__main__":
    sys.exit(main())
