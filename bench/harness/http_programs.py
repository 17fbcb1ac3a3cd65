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


def listening(*command):
    return lambda port: [*map(str, command), str(port)]


def ours(workshop, source):
    """name: (program, environment), by backend and compiler."""
    found = {}
    for compiler in COMPILERS:
        program = workshop.aio_http(source, f"http/{source}.cpp", compiler)
        for backend in BACKENDS if program else ():
            found[f"aio {backend} {compiler}"] = (program, {"AIO_BACKEND": backend})
    return found


def _rivals(workshop, role):
    """name: (command line, repetitions at most), of those that have both a server and a client: "hello" and "get"."""
    rivals = {}
    for name, program in {
        "Beast": workshop.cxx(f"beast_{role}", f"rivals/beast_{role}.cpp"),
        "Go": workshop.go(role),
    }.items():
        if program:
            rivals[name] = ([str(program)], 4)
    node = workshop.node(f"{role}.js")
    if node:
        rivals["Node"] = (node, 4)
    for name, loop in (("aiohttp uvloop", "uvloop"), ("aiohttp", "asyncio")):
        script = workshop.python(f"{role}.py", loop, "aiohttp")
        if script:
            rivals[name] = (script, 2)
    return rivals


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
        found["limit"] = Program(listening(limit))
    for name, (program, env) in ours(workshop, "hello_server").items():
        found[name] = Program(listening(program), env)
    reference = nginx(workshop)  # a rival, and what a bar is about
    if reference:
        found["nginx"] = reference
    if arguments.rivals:
        for name, (command, most) in _rivals(workshop, "hello").items():
            found[name] = Program(listening(*command), repetitions=most)
    return found


def clients(workshop, arguments):
    found = {}
    limit = workshop.c("http_get_epoll", "limit/http_get_epoll.c")
    if limit:
        found["limit"] = Program([str(limit)])
    for name, (program, env) in ours(workshop, "get_client").items():
        found[name] = Program([str(program)], env)
    if arguments.rivals:
        rivals = _rivals(workshop, "get")
        curl = workshop.cxx("curl_get", "rivals/curl_get.cpp", libraries=["-lcurl"])
        if curl:
            rivals["libcurl multi"] = ([str(curl)], 4)
        for name, (command, most) in rivals.items():
            found[name] = Program(command, repetitions=most)
    return found
