"""asyncio and uvloop in the core section: core.py asyncio|uvloop CASE...

The cases are those of bench/core/core_bench.cpp, which is the same program in C++.
"""

import asyncio
import json
import sys
import time

CROWD = 1_000_000


def report(name, unit, value):
    print(json.dumps({"name": name, unit: round(value, 3)}), flush=True)


def status_bytes(key):
    """A line of /proc/self/status: VmHWM, the peak resident set, or VmRSS, the present one."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


async def rounds(name, operations, body):
    """Reports the tenth percentile of 20 rounds, as bench/support/measure.hpp does."""
    await body(operations)
    per_operation = []
    for _ in range(20):
        started = time.process_time_ns()
        await body(operations)
        per_operation.append((time.process_time_ns() - started) / operations)
    report(name, "ns", sorted(per_operation)[2])


async def nothing():
    pass


async def number(value):
    return value


async def create_and_await(operations):
    for _ in range(operations):
        await asyncio.create_task(nothing())


async def await_nested(operations):
    for _ in range(operations):
        await number(1)


async def yield_times(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def yield_1(operations):
    await asyncio.create_task(yield_times(operations))


async def yield_1000(operations):
    await asyncio.gather(*(yield_times(operations // 1000) for _ in range(1000)))


async def through_a_queue(operations):
    queue = asyncio.Queue(100)

    async def produce():
        for i in range(operations):
            await queue.put(i)

    producer = asyncio.create_task(produce())
    for _ in range(operations):
        await queue.get()
    await producer


async def gather_crowd():
    started = time.process_time_ns()
    await asyncio.gather(*[number(i) for i in range(CROWD)])
    report("gather_1m_per_task", "ns", (time.process_time_ns() - started) / CROWD)


async def sleep_crowd():
    resident, started = status_bytes("VmRSS"), time.process_time_ns()
    # Long enough that the first is still asleep when the last has been created.
    tasks = [asyncio.create_task(asyncio.sleep(45)) for _ in range(CROWD)]
    for task in tasks:
        await task
    seconds = (time.process_time_ns() - started) / 1e9
    report("sleep_1m_bytes", "bytes", (status_bytes("VmHWM") - resident) / CROWD)
    report("sleep_1m_cpu_s", "seconds", seconds)


CASES = {
    "task_create_await": lambda: rounds("task_create_await", 5_000, create_and_await),
    "yield_1": lambda: rounds("yield_1", 10_000, yield_1),
    "yield_1000": lambda: rounds("yield_1000", 20_000, yield_1000),
    "await_nested": lambda: rounds("await_nested", 200_000, await_nested),
    "queue_item": lambda: rounds("queue_item", 20_000, through_a_queue),
    "gather_1m": gather_crowd,
    "sleep_1m": sleep_crowd,
}


def main():
    loop_name, *cases = sys.argv[1:]
    if loop_name == "uvloop":
        import uvloop

        uvloop.install()
    for case in cases:
        asyncio.run(CASES[case]())


if __name__ == "__main__":
    main()
