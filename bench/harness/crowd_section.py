"""Section crowd: many WebSockets of one server: bytes of an idle one, broadcasts past clients that do not read, reconnections."""

import json

from .machine import CPUS, run_lines
from .table import Outcome, number

TITLE = "many WebSockets (bench/ws/ws_crowd.cpp)"

# case: (command line, {figure: bar})
CASES = {
    "idle 10,000": (["idle", "10000"], {"idle_server bytes_per_connection": 4096}),
    "idle 10,000, deflate agreed": (["idle", "10000"], {"idle_server bytes_per_connection": 24 * 1024}),
    "broadcast to 1,000": (["broadcast", "1000", "0"], {}),
    "10 of them do not read": (["broadcast", "1000", "10"], {}),
    "1,000 reconnect": (["reconnect", "1000"], {}),
}


def measure(workshop, arguments):
    outcome = Outcome(["case", "figure", "value", "bar", "verdict"], samples={})
    program = workshop.aio_http("ws_crowd", "ws/ws_crowd.cpp")
    for case, (words, bars) in CASES.items():
        if program is None or arguments.only not in case:
            continue
        env = {"DEFLATE": "1"} if "deflate" in case else {}
        for figure, value in _figures(program, words, env):
            bar = bars.get(figure)
            verdict = outcome.judge(value, bar) if bar else "–"
            outcome.rows.append([case, figure, number(value), f"≤ {bar}" if bar else "–", verdict])
            outcome.samples.setdefault(case, {})[figure] = [value]
    return outcome


def _figures(program, words, env):
    for line in run_lines([str(program), *words], env, timeout_s=300, cpu=set(CPUS)):
        report = json.loads(line)
        name = report.pop("name")
        for unit, value in report.items():
            yield f"{name} {unit}", value
