"""What later versions of asyncio do, for the Python that runs this.

aiocpp follows the latest CPython. An older one is brought up to its rules here, in our own words and by the numbers of
docs/semantics.md; each name says from which version on CPython's own is used.
"""

import asyncio
import sys

VERSION = sys.version_info[:2]


class QueueShutDown(Exception):
    """3.13"""


class _ShutDown:
    """Queue.shutdown (3.13; semantics 41): who waits looks again; a queue that is closed is never full or empty."""

    closed = False

    def shutdown(self, immediate=False):
        self.closed = True
        if immediate:
            while self.qsize():
                self._get()
                self.task_done()
        for waiters in (self._getters, self._putters):
            while waiters:
                self._wakeup_next(waiters)

    def full(self):
        return not self.closed and super().full()

    def empty(self):
        return not self.closed and super().empty()

    def put_nowait(self, item):
        if self.closed:
            raise QueueShutDown
        super().put_nowait(item)

    def get_nowait(self):
        if self.closed and not self.qsize():
            raise QueueShutDown
        return super().get_nowait()


class _Condition(asyncio.Condition):
    """Condition.wait (3.13; semantics 37): a wake that is lost to a cancellation goes to the next waiter."""

    async def wait(self):
        if not self.locked():
            raise RuntimeError
        woken = asyncio.get_running_loop().create_future()
        self.release()
        self._waiters.append(woken)
        error = None
        try:
            await woken
        except asyncio.CancelledError as cancelled:
            error = cancelled
        self._waiters.remove(woken)
        while True:
            try:
                await self.acquire()
                break
            except asyncio.CancelledError as cancelled:
                error = cancelled
        if error is None:
            return True
        if woken.done() and not woken.cancelled():
            next_one = next((waiter for waiter in self._waiters if not waiter.done()), None)
            if next_one:
                next_one.set_result(False)
        raise error


class _Task(asyncio.tasks._PyTask):
    """Task.uncancel (3.13; semantics 14): back at 0, a request that was not delivered is dropped."""

    def uncancel(self):
        left = super().uncancel()
        if left == 0:
            self._must_cancel = False
        return left


class _TaskGroup:
    """TaskGroup (3.13; semantics 24 to 27) with cancel() (3.15).

    The development version of 3.15 drops the body's own error when a cancellation from outside came as well; here, as
    for all other errors, the error is raised and the cancellation stays pending.
    """

    def __init__(self):
        self._tasks = set()
        self.errors = []
        self.exiting = self.aborted = self.cancelled_parent = False
        self.all_ended = None

    async def __aenter__(self):
        self.parent = asyncio.current_task()
        return self

    def create_task(self, coroutine):
        if self.aborted or self.exiting and not self._tasks:
            coroutine.close()
            raise RuntimeError
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _abort(self):
        self.aborted = True
        for task in self._tasks:
            task.cancel()

    def _cancel_parent(self):
        self.cancelled_parent = True
        self.parent.cancel()

    def _ended(self, task):
        self._tasks.discard(task)
        if not self._tasks and self.all_ended and not self.all_ended.done():
            self.all_ended.set_result(None)
        if task.cancelled() or not task.exception():
            return
        self.errors.append(task.exception())
        if not self.parent.done() and not self.aborted and not self.cancelled_parent:
            self._abort()
            self._cancel_parent()

    def cancel(self):
        if (self.exiting and not self._tasks) or self.aborted:
            return
        self._abort()
        if not self.cancelled_parent:
            self._cancel_parent()

    async def __aexit__(self, kind, error, traceback):
        self.exiting = True
        cancelled = isinstance(error, asyncio.CancelledError)
        passes_on = error if cancelled else None
        from_outside = None
        if error and not self.aborted:
            self._abort()
        while self._tasks:
            self.all_ended = asyncio.get_running_loop().create_future()
            try:
                await self.all_ended
            except asyncio.CancelledError as another:
                from_outside = another
                if not self.aborted:
                    passes_on = another
                    self._abort()
        if self.cancelled_parent:
            if self.parent.uncancel() == 0:
                passes_on = None
            elif passes_on is None and not error:
                passes_on = from_outside
        if passes_on and not self.errors:
            raise passes_on
        if error and not cancelled:
            self.errors.append(error)
        if not self.errors:
            return True
        if self.parent.cancelling():
            self.parent.uncancel()
            self.parent.cancel()
        raise BaseExceptionGroup("unhandled errors in a TaskGroup", self.errors)


class _Timeout:
    """timeout (semantics 28): the first releases of 3.11 forgot cancellations from before the block."""

    def __init__(self, when):
        self.when = when
        self.timer = None
        self.active = self.expired = False

    async def __aenter__(self):
        self.task = asyncio.current_task()
        self.before = self.task.cancelling()
        self.active = True
        self.reschedule(self.when)
        return self

    def reschedule(self, when):
        if self.expired or not self.active:
            raise RuntimeError
        loop = asyncio.get_running_loop()
        if self.timer:
            self.timer.cancel()
        self.when, self.timer = when, None
        if when is not None:
            self.timer = loop.call_soon(self._expire) if when <= loop.time() else loop.call_at(when, self._expire)

    def _expire(self):
        self.task.cancel()
        self.expired, self.timer = True, None

    async def __aexit__(self, kind, error, traceback):
        self.active = False
        if self.timer:
            self.timer.cancel()
        if self.expired and self.task.uncancel() <= self.before and kind is asyncio.CancelledError:
            raise TimeoutError from error


def _timeout(delay):
    return _Timeout(None if delay is None else asyncio.get_running_loop().time() + delay)


async def _wait_for(awaitable, timeout):
    """wait_for (3.12; semantics 21): a timeout around an await; out of time at once, it cancels and waits."""
    if timeout is None or timeout > 0:
        async with _timeout(timeout):
            return await awaitable
    future = asyncio.ensure_future(awaitable)
    if future.done():
        return future.result()
    ended = asyncio.get_running_loop().create_future()

    def end(_):
        if not ended.done():
            ended.set_result(None)

    future.add_done_callback(end)
    future.cancel()
    try:
        await ended
    finally:
        future.remove_done_callback(end)
    try:
        return future.result()
    except asyncio.CancelledError as cancelled:
        raise TimeoutError from cancelled


def gather(children, return_exceptions):
    """gather (3.12; semantics 19): what is done already is counted at once, so that a gather of such is done itself."""
    if VERSION >= (3, 12):
        return asyncio.gather(*children, return_exceptions=return_exceptions)
    loop, counted = asyncio.get_running_loop(), []
    loop.call_soon = lambda callback, *arguments, context=None: counted.append((callback, arguments))
    try:
        gathering = asyncio.gather(*children, return_exceptions=return_exceptions)
    finally:
        del loop.call_soon
    for callback, arguments in counted:
        callback(*arguments)
    return gathering


if VERSION >= (3, 13):
    from asyncio import Condition, LifoQueue, PriorityQueue, Queue, QueueShutDown

    def use_tasks(loop):
        pass

else:
    Condition = _Condition

    class Queue(_ShutDown, asyncio.Queue):
        pass

    class LifoQueue(_ShutDown, asyncio.LifoQueue):
        pass

    class PriorityQueue(_ShutDown, asyncio.PriorityQueue):
        pass

    def use_tasks(loop):
        loop.set_task_factory(lambda loop, coroutine, **options: _Task(coroutine, loop=loop, **options))


timeout = asyncio.timeout if VERSION >= (3, 12) else _timeout
wait_for = asyncio.wait_for if VERSION >= (3, 12) else _wait_for
TaskGroup = asyncio.TaskGroup if hasattr(asyncio.TaskGroup, "cancel") else _TaskGroup


class PromptLock(asyncio.Lock):
    """A lock whose cancelled waiters stand in nobody's way: the difference lock-order."""

    def _wake_up_first(self):
        first = next((waiter for waiter in self._waiters or () if not waiter.cancelled()), None)
        if first and not first.done():
            first.set_result(True)


def barrier(parties, lock):
    """A Barrier, over the Condition of above."""
    made = asyncio.Barrier(parties)
    made._cond = Condition(lock)
    return made
