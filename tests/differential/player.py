#!/usr/bin/env python3
"""Plays programs of generate.py on CPython's asyncio, and prints what happens: player.py < PROGRAMS > TRACES.

Its counterpart is player.cpp; one line of the trace is the time, the task, the statement and its outcome:

    3 T1 await 0 = 102
    5 T0 sleep 8 ! Cancelled

Whatever is left after SWEEP milliseconds is cancelled, in order of age; after END the program is over, and the trace
closes with the state of each task.
"""

import asyncio
import inspect
import os
import sys

import later
from operations import Operations, describe, state_of
from program import parse
from sync_operations import SyncOperations
from virtual_loop import VirtualLoop

SWEEP = 200
END = 400
MAX_STATEMENTS = 3000


class Frame:
    """What a statement sees: the task it is in, and the innermost group and timeout."""

    def __init__(self, task, group=None, timeout=None):
        self.task = task
        self.group = group
        self.timeout = timeout

    def inside(self, group=None, timeout=None):
        return Frame(self.task, group or self.group, timeout or self.timeout)


class Player(Operations, SyncOperations):
    def __init__(self, program, differences, out):
        self.program = program
        self.differences = differences
        self.out = out
        self.loop = VirtualLoop("timer-order" in differences)
        later.use_tasks(self.loop)
        self.loop.set_exception_handler(lambda loop, context: None)
        self.spawned = []  # (number, task)
        self.numbers = 0
        self.left = MAX_STATEMENTS
        self.over = False

    def play(self):
        asyncio._set_running_loop(self.loop)  # futures and queues are made for it
        sizes = self.program.sizes
        self.tasks = {}
        self.number_of = {}  # of a task
        self.futures = [self.loop.create_future() for _ in range(3)]
        self.handles = {}
        new_lock = later.PromptLock if "lock-order" in self.differences else asyncio.Lock
        self.locks = [new_lock() for _ in range(2)]
        self.events = [asyncio.Event() for _ in range(2)]
        self.semaphores = [asyncio.Semaphore(sizes[0]), asyncio.BoundedSemaphore(sizes[1])]
        self.queues = [later.Queue(sizes[2]), later.LifoQueue(sizes[3]), later.PriorityQueue(sizes[4])]
        self.barrier = later.barrier(sizes[5], new_lock())
        self.condition = later.Condition(new_lock())
        self.counter = 0
        asyncio._set_running_loop(None)
        self.remember(self.loop.create_task(self.body(0, Frame(0))), 0)
        self.loop.call_later(SWEEP, self.sweep)
        self.loop.call_later(END, self.loop.stop)
        self.loop.run_forever()
        self.over = True
        for number, task in self.spawned:
            self.out.append(f"end T{number} {state_of(task)} {task.cancelling()}")

    def sweep(self):
        self.log("loop", "sweep")
        for _, task in self.spawned:
            task.cancel()

    def log(self, who, text):
        if not self.over:
            self.out.append(f"{self.loop.now} {who} {text}")

    # --- bodies and blocks --------------------------------------------------------------------------------

    def new_task(self, body, group=None):
        """A coroutine of `body` that will run as a task of its own, and its number."""
        self.numbers += 1
        return self.body(body, Frame(self.numbers, group)), self.numbers

    def remember(self, task, number):
        self.spawned.append((number, task))
        self.number_of[task] = number

    async def body(self, number, frame):
        result, statements = self.program.bodies[number]
        await self.block(statements, frame)
        return result

    async def block(self, statements, frame):
        for statement in statements:
            await self.statement(statement, frame)

    async def statement(self, statement, frame):
        who = f"T{frame.task}"
        self.left -= 1
        if self.left < 0:
            return
        reason = self.skips(statement, frame)
        if reason:
            return self.log(who, f"{statement.text} - {reason}")
        operation = getattr(self, "do_" + statement.name)
        try:
            if inspect.iscoroutinefunction(operation):
                self.log(who, statement.text + " ...")
                outcome = await operation(statement, frame)
            else:
                outcome = operation(statement, frame)
            self.log(who, f"{statement.text} = {'ok' if outcome is None else outcome}")
        except (Exception, asyncio.CancelledError) as error:
            self.log(who, f"{statement.text} ! {describe(error)}")
            raise

    def call_back(self, number):
        if self.over:
            return
        for statement in self.program.callbacks[number]:
            reason = self.skips(statement, None)
            if reason:
                self.log("loop", f"{statement.text} - {reason}")
                continue
            try:
                outcome = getattr(self, "do_" + statement.name)(statement, None)
                self.log("loop", f"{statement.text} = {'ok' if outcome is None else outcome}")
            except Exception as error:
                self.log("loop", f"{statement.text} ! {describe(error)}")
                raise


def main():
    differences = frozenset(sys.argv[1:])
    players = []
    for text in sys.stdin.read().split("program ")[1:]:
        name, *lines = text.splitlines()
        out = [f"program {name}"]
        players.append(Player(parse(lines), differences, out))
        try:
            players[-1].play()
        except Exception as error:
            out.append(f"the player failed: {error!r}")
        print("\n".join(out))
    sys.stdout.flush()
    os._exit(0)  # tasks that are left are not to run their last blocks


main()
