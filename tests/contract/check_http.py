#!/usr/bin/env python3
"""check_http.py fetch|report|serve PROGRAM: HTTP programs with peers from Python's library.

fetch: the program gets pages of an http.server. report: so does it, and tells of each, one that is missing too.
serve: urllib asks the program, and Ctrl-C ends it.
"""

import functools
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PAGES = {"one.txt": "1" * 11, "two.txt": "2" * 70_000, "none.txt": ""}


def expect(wanted, got):
    if wanted != got:
        sys.exit(f"expected {wanted!r}, got {got!r}")


def run_with_pages(program, names):
    """Runs the program with the URLs of an http.server's pages; the URLs and the lines that it printed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PAGES.items():
            pathlib.Path(folder, name).write_text(text, encoding="ascii")
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        handler.log_message = lambda *_: None
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_port}/{name}" for name in names]
        done = subprocess.run([program, *urls], capture_output=True, text=True, timeout=30, check=False)
        server.shutdown()
    expect(0, done.returncode)
    return urls, done.stdout.splitlines()


def check_fetch(program):
    urls, printed = run_with_pages(program, PAGES)
    expect([f"Fetched {len(text)} chars from {url}" for url, text in zip(urls, PAGES.values())], printed)


def check_report(program):
    urls, printed = run_with_pages(program, [*PAGES, "missing.txt"])
    expected = [f"{url} 200 OK ({len(text)} bytes)" for url, text in zip(urls, PAGES.values())]
    missing = [line for line in printed if line.startswith(f"{urls[-1]} 404 ")]
    expect(1, len(missing))
    expect(sorted([*expected, *missing]), sorted(printed))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_listens(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("the program does not listen")


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def check_serve(program):
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    with subprocess.Popen([program, str(port)], stdout=subprocess.PIPE, text=True) as server:
        try:
            wait_until_it_listens(port)
            with urllib.request.urlopen(f"{root}/hello/World", timeout=10) as answer:
                expect("Hello, World", answer.read().decode())
            request = urllib.request.Request(f"{root}/sum", json.dumps([1, 2.5, 3]).encode(),
                                             {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                expect({"total": 6.5}, json.loads(answer.read()))
                expect("application/json", answer.headers.get_content_type())
            expect(404, status_of(f"{root}/nothing"))
            expect(405, status_of(f"{root}/sum"))
            server.send_signal(signal.SIGINT)
            expect(0, server.wait(timeout=20))
        finally:
            server.kill()


if __name__ == "__main__":
    {"fetch": check_fetch, "report": check_report, "serve": check_serve}[sys.argv[1]](sys.argv[2])
