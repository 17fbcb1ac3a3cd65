"""What the drivers' scripts share: rounds of queries, and the loop that runs a case. A line a case: CPU ns per query, queries per second."""

import asyncio
import json
import sys
import time

TASKS, ROUNDS = 16, 10


async def measure(name, queries, run):
    samples = []
    for done in range(ROUNDS + 1):
        cpu, wall = time.process_time(), time.perf_counter()
        await run()
        if done:
            samples.append(((time.process_time() - cpu) / queries, (time.perf_counter() - wall) / queries))
    cpu, wall = (min(figures) for figures in zip(*samples))
    print(json.dumps({"name": name, "ns": cpu * 1e9, "per_second": 1 / wall}), flush=True)


def run_cases(cases):
    """SCRIPT asyncio|uvloop DSN CASE..."""
    loop, dsn, *names = sys.argv[1:]
    if loop == "uvloop":
        import uvloop

        uvloop.install()
    for name in names:
        asyncio.run(cases[name](dsn))
