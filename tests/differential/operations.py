"""What each statement of a program does on asyncio. operations.cpp does the same on aiocpp.

A statement that waits is a coroutine function here, the others are plain; what it returns stands in the trace.
"""

import asyncio

import later

MAX_TASKS = 30  # beyond, nothing is spawned
WAITS_FOR_TASKS = {"await", "gather", "gatherkeep", "wait", "waitfor", "shield", "waitforshield"}
USES_TASKS = WAITS_FOR_TASKS | {"cancel", "cancelmsg", "ondone"}
SPAWNS = {"spawn", "groupspawn", "gatherbodies", "gatherbodieskeep", "waitforbody"}
WHEN = [asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION]


class Boom(Exception):
    pass


def describe(error):
    if isinstance(error, asyncio.CancelledError):
        return "Cancelled" + "".join(f"({text})" for text in error.args if text)
    if isinstance(error, Boom):
        return f"Boom {error.args[0]}"
    if isinstance(error, BaseExceptionGroup):
        return "Group[" + ", ".join(map(describe, error.exceptions)) + "]"
    return type(error).__name__


def state_of(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return describe(error) if error else str(future.result())


def limit_of(number):
    return None if number < 0 else number


def listed(results):
    """What gather(return_exceptions=True) gave."""
    return " ".join(describe(result) if isinstance(result, BaseException) else str(result) for result in results)


class NewestFirst:
    """In place of a TaskGroup's set of tasks (group-order)."""

    def __init__(self):
        self.tasks = {}

    def __iter__(self):
        return reversed(list(self.tasks))

    def __len__(self):
        return len(self.tasks)

    def add(self, task):
        self.tasks[task] = None

    def discard(self, task):
        self.tasks.pop(task, None)


def end_with_the_last(gathering, children):
    """A cancelled gather that ends when all its children have (gather-cancel)."""
    end = gathering.set_exception

    def set_exception(error):
        if gathering._cancel_requested:
            if not all(child.done() for child in children):
                return
            failures = [child.exception() for child in children if not child.cancelled() and child.exception()]
            error = failures[0] if failures else error
        end(error)

    gathering.set_exception = set_exception


class Operations:
    def skips(self, statement, frame):
        """Why the statement is not to be carried out, or None."""
        name, numbers = statement.name, statement.numbers
        if name in SPAWNS and self.numbers >= MAX_TASKS:
            return "full"
        if name in ("groupspawn", "groupcancel") and not frame.group or name == "reschedule" and not frame.timeout:
            return "none"
        if name == "handlecancel" and numbers[0] not in self.handles:
            return "none"
        if name not in USES_TASKS:
            return None
        slots = self.slots_of(statement)
        if any(slot not in self.tasks for slot in slots):
            return "none"
        tasks = [self.tasks[slot] for slot in slots]
        if name in WAITS_FOR_TASKS:
            return self.skips_waiting(tasks, frame)
        return None

    def skips_waiting(self, tasks, frame):
        differs = self.differences
        if "await-cycle" in differs and any(self.number_of[task] <= frame.task for task in tasks):
            return "older"
        return None

    @staticmethod
    def slots_of(statement):
        if statement.name == "wait":
            return statement.numbers[2:]
        if statement.name in ("waitfor", "waitforshield"):
            return statement.numbers[1:]
        if statement.name in ("cancelmsg", "ondone"):
            return statement.numbers[:1]
        return statement.numbers

    def tasks_of(self, statement):
        return [self.tasks[slot] for slot in self.slots_of(statement)]

    # --- time and blocks ----------------------------------------------------------------------------------

    async def do_sleep(self, statement, frame):
        await asyncio.sleep(statement.numbers[0])

    async def do_yield(self, statement, frame):
        await asyncio.sleep(0)

    async def do_tick(self, statement, frame):
        for number in range(statement.numbers[0]):
            await asyncio.sleep(0)
            self.log(f"T{frame.task}", f"tick {number}")

    async def do_try(self, statement, frame):
        error = None
        try:
            await self.block(statement.body, frame)
        except (Exception, asyncio.CancelledError) as thrown:
            error = thrown
        if error and statement.catches:
            cancelled = isinstance(error, asyncio.CancelledError)
            if statement.catches == "any" or (statement.catches == "cancel") == cancelled:
                self.log(f"T{frame.task}", f"caught {describe(error)}")
                error = None
                try:
                    await self.block(statement.handler, frame)
                except (Exception, asyncio.CancelledError) as thrown:
                    error = thrown
        await self.block(statement.last, frame)
        if error:
            raise error

    async def do_timeout(self, statement, frame):
        async with later.timeout(limit_of(statement.numbers[0])) as timeout:
            await self.block(statement.body, frame.inside(timeout=timeout))

    def do_reschedule(self, statement, frame):
        limit = limit_of(statement.numbers[0])
        frame.timeout.reschedule(None if limit is None else self.loop.time() + limit)

    async def do_group(self, statement, frame):
        group = later.TaskGroup()
        if "group-order" in self.differences:
            group._tasks = NewestFirst()
        async with group:
            await self.block(statement.body, frame.inside(group=group))

    def do_groupcancel(self, statement, frame):
        frame.group.cancel()

    def do_fail(self, statement, frame):
        raise Boom(statement.numbers[0])

    def do_state(self, statement, frame):
        tasks = [f"T{number} {state_of(task)}" for number, task in self.spawned]
        counters = [queue.qsize() for queue in self.queues]
        return f"{asyncio.current_task().cancelling()} {', '.join(tasks)}, {counters} {self.counter}"

    # --- tasks and futures --------------------------------------------------------------------------------

    def do_spawn(self, statement, frame):
        slot, body = statement.numbers
        coroutine, number = self.new_task(body)
        self.tasks[slot] = self.loop.create_task(coroutine)
        self.remember(self.tasks[slot], number)
        return f"T{number}"

    def do_groupspawn(self, statement, frame):
        slot, body = statement.numbers
        coroutine, number = self.new_task(body, frame.group)
        self.tasks[slot] = frame.group.create_task(coroutine)
        self.remember(self.tasks[slot], number)
        return f"T{number}"

    async def do_call(self, statement, frame):
        return await self.body(statement.numbers[0], frame)

    async def do_await(self, statement, frame):
        return await self.tasks[statement.numbers[0]]

    async def do_awaitfuture(self, statement, frame):
        return await self.futures[statement.numbers[0]]

    def do_cancel(self, statement, frame):
        return int(self.tasks[statement.numbers[0]].cancel())

    def do_cancelmsg(self, statement, frame):
        slot, text = statement.numbers
        return int(self.tasks[slot].cancel(f"m{text}"))

    def do_cancelme(self, statement, frame):
        asyncio.current_task().cancel()

    def do_uncancel(self, statement, frame):
        return asyncio.current_task().uncancel()

    def do_futureset(self, statement, frame):
        future, value = statement.numbers
        self.futures[future].set_result(value)

    def do_futurefail(self, statement, frame):
        future, value = statement.numbers
        self.futures[future].set_exception(Boom(value))

    def do_futurecancel(self, statement, frame):
        return int(self.futures[statement.numbers[0]].cancel())

    def gathering(self, children, keep):
        children = [asyncio.ensure_future(child) for child in children]
        future = later.gather(children, keep)
        if "gather-cancel" in self.differences and not keep:
            end_with_the_last(future, children)
        return future

    async def do_gather(self, statement, frame):
        return listed(await self.gathering(self.tasks_of(statement), False))

    async def do_gatherkeep(self, statement, frame):
        return listed(await self.gathering(self.tasks_of(statement), True))

    async def do_gatherbodies(self, statement, frame):
        return listed(await self.gathering([self.new_task(body)[0] for body in statement.numbers], False))

    async def do_gatherbodieskeep(self, statement, frame):
        return listed(await self.gathering([self.new_task(body)[0] for body in statement.numbers], True))

    async def do_wait(self, statement, frame):
        when, limit = statement.numbers[:2]
        done, pending = await asyncio.wait(self.tasks_of(statement), timeout=limit_of(limit), return_when=WHEN[when])
        numbers = [sorted(self.number_of[task] for task in tasks) for tasks in (done, pending)]
        return " ".join(map(str, numbers[0] + ["|"] + numbers[1]))

    async def do_waitfor(self, statement, frame):
        limit, slot = statement.numbers
        return await later.wait_for(self.tasks[slot], limit_of(limit))

    async def do_waitforbody(self, statement, frame):
        limit, body = statement.numbers
        return await later.wait_for(self.new_task(body)[0], limit_of(limit))

    async def do_waitforfuture(self, statement, frame):
        limit, future = statement.numbers
        return await later.wait_for(self.futures[future], limit_of(limit))

    async def do_shield(self, statement, frame):
        return await asyncio.shield(self.tasks[statement.numbers[0]])

    async def do_waitforshield(self, statement, frame):
        limit, slot = statement.numbers
        return await later.wait_for(asyncio.shield(self.tasks[slot]), limit_of(limit))

    # --- callbacks ----------------------------------------------------------------------------------------

    def do_soon(self, statement, frame):
        handle, callback = statement.numbers
        self.handles[handle] = self.loop.call_soon(self.call_back, callback)

    def do_later(self, statement, frame):
        handle, delay, callback = statement.numbers
        self.handles[handle] = self.loop.call_later(delay, self.call_back, callback)

    def do_handlecancel(self, statement, frame):
        self.handles[statement.numbers[0]].cancel()

    def do_ondone(self, statement, frame):
        slot, callback = statement.numbers
        self.tasks[slot].add_done_callback(lambda _: self.call_back(callback))

    def do_onfuture(self, statement, frame):
        future, callback = statement.numbers
        self.futures[future].add_done_callback(lambda _: self.call_back(callback))
