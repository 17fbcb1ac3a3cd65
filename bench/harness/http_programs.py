"""What section http runs: servers that say hello, and clients that ask nginx."""

import shutil
from dataclasses import dataclass, field

from .load_run import Process
from .machine import SERVER_CPU
from .programs import COMPILERS

BACKENDS = ("io_uring", "epoll")


@dataclass
class Program:
    """A server's command line is command(port); a client's is `command`, to which the port and more are added."""

    command: object
    env: dict = field(default_factory=dict)
    repetitions: int = 99
    silent: bool = False

    def process(self, port, cpu=SERVER_CPU):
        return Process(self.command(port), self.env, {cpu}, self.silent)


def _listening(program, *words):
    return lambda port: [str(program), *words, str(port)]


def _ours(workshop, source):
    """name: (program, environment), by backend and compiler."""
    found = {}
    for compiler in COMPILERS:
        program = workshop.aio_http(source, f"http/{source}.cpp", compiler)
        for backend in BACKENDS if program else ():
            found[f"aio {backend} {compiler}"] = (program, {"AIO_BACKEND": backend})
    return found


def nginx(workshop):
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        workshop.note("nginx: not installed (Debian: nginx-light)")
        return None
    folder = workshop.out / "nginx"
    folder.mkdir(exist_ok=True)
    text = (workshop.bench / "rivals" / "nginx.conf").read_text()

    def command(port):
        configuration = folder / "nginx.conf"
        configuration.write_text(text.replace("FOLDER", str(folder)).replace("PORT", str(port)))
        return [program, "-p", str(folder), "-c", str(configuration), "-e", "stderr"]

    return Program(command, silent=True)


def servers(workshop, arguments):
    found = {}
    limit = workshop.c("http_epoll", "limit/http_epoll.c")
    if limit:
        found["limit"] = Program(_listening(limit))
    for name, (program, env) in _ours(workshop, "hello_server").items():
        found[name] = Program(_listening(program), env)
    reference = nginx(workshop)
    if reference:
        found["nginx"] = reference
    return found


def clients(workshop, arguments):
    found = {}
    limit = workshop.c("http_get_epoll", "limit/http_get_epoll.c")
    if limit:
        found["limit"] = Program([str(limit)])
    for name, (program, env) in _ours(workshop, "get_client").items():
        found[name] = Program([str(program)], env)
    return found
