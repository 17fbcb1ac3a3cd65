#!/usr/bin/env python3
"""check_http_server.py PROGRAM: the server of contract 13 answers, and Ctrl-C ends it well."""

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(program):
    port = free_port()
    server = subprocess.Popen([program, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline().strip()
        assert line == f"======== Running on http://127.0.0.1:{port} ========", line
        url = f"http://127.0.0.1:{port}"
        assert urllib.request.urlopen(f"{url}/hello/you").read() == b"Hello, you"
        answer = urllib.request.urlopen(f"{url}/sum", b"[1, 2, 3.5]")
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert json.load(answer) == {"total": 6.5}
        try:
            urllib.request.urlopen(f"{url}/sum")
            raise AssertionError("GET of a POST route")
        except urllib.error.HTTPError as error:
            assert error.code == 405 and error.headers["Allow"] == "POST", error
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0, server.returncode
    finally:
        server.kill()


main(sys.argv[1])
