"""Section websocket: a WebSocket server that echoes binary messages of 64 bytes, server CPU per message."""

from . import http_programs
from .load_run import free_port, hello
from .http_programs import Program
from .http_section import run_into
from .machine import quiet
from .programs import COMPILERS
from .table import ABSENT, Outcome, number, ratio, times

TITLE = "WebSocket server that echoes 64 bytes, its CPU ns per message"

# case: (connections, messages in flight on each, bar as a ratio to the limit)
CASES = {"64x1": (64, 1, 1.05), "512x1": (512, 1, 1.08), "64x16": (64, 16, 1.2)}
OURS = [f"aio {backend} {compiler}" for backend in http_programs.BACKENDS for compiler in COMPILERS]
OTHER = "aio::ws"  # the other flavour, with g++ on io_uring
JUDGED = OURS[: len(COMPILERS)]  # of the default backend


def measure(workshop, arguments):
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    servers = _servers(workshop, arguments)
    load = workshop.cxx("ws_load", "load/ws_load.cpp")
    samples = {name: {} for name in cases}
    repetitions, seconds = (2, 0.5) if arguments.quick else (10, 1.0)
    for repetition in range(repetitions if load else 0):
        for case, (connections, depth, _) in cases.items():
            for name, server in servers.items():
                if repetition < server.repetitions:
                    run_into(workshop, samples[case], f"ws {repetition + 1}/{repetitions}: {case}", name,
                             lambda server=server: _serve(server, load, connections, depth, seconds))
    return _outcome(cases, list(servers), samples)


def _servers(workshop, arguments):
    servers = {}
    limit = workshop.c("ws_epoll", "limit/ws_epoll.c")
    if limit:
        servers["limit"] = Program(http_programs.listening(limit))
    for name, (program, env) in http_programs.ours(workshop, "ws_server").items():
        servers[name] = Program(http_programs.listening(program), env)
    echo = workshop.aio_http("ws_echo", "ws/ws_echo.cpp")
    if echo:
        servers[OTHER] = Program(http_programs.listening(echo), {"AIO_BACKEND": "io_uring"})
    if arguments.rivals:
        beast = workshop.cxx("beast_ws", "rivals/beast_ws.cpp")
        if beast:
            servers["Beast"] = Program(http_programs.listening(beast), repetitions=4)
        for name, loop in (("aiohttp uvloop", "uvloop"), ("aiohttp", "asyncio")):
            script = workshop.python("ws.py", loop, "aiohttp")
            if script:
                servers[name] = Program(http_programs.listening(*script), repetitions=2)
        script = workshop.python("websockets_echo.py", "uvloop", "websockets")
        if script:
            servers["websockets uvloop"] = Program(http_programs.listening(*script), repetitions=2)
        script = workshop.node("ws.js")
        if script:
            servers["Node ws"] = Program(http_programs.listening(*script), repetitions=4)
    return servers


def _serve(server, load, connections, depth, seconds):
    port = free_port()
    return [each["server_cpu_ns"] / each["requests"]
            for each in hello(server.process(port), port, load, connections, depth, seconds)]


def _outcome(cases, servers, samples):
    rivals = [name for name in servers if name != "limit" and name not in OURS]
    outcome = Outcome(["connections x depth", "limit", *OURS, "ratio", "bar", "verdict", *rivals], samples=samples)
    for case, (_, _, bar) in cases.items():
        figure = {name: quiet(taken) for name, taken in samples[case].items()}
        judged = [figure[name] for name in JUDGED if figure.get(name)]
        worse = ratio(max(judged), figure.get("limit")) if judged else None
        outcome.rows.append([
            case, number(figure.get("limit")), *(number(figure.get(name)) for name in OURS), times(worse),
            f"≤ {bar}×", outcome.judge(worse, bar),
            *(number(figure.get(name)) if name in figure else ABSENT for name in rivals),
        ])
    return outcome
