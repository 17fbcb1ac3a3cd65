"""An event loop of asyncio on a virtual clock: time passes when nothing is ready, at once."""

import asyncio
import heapq
import itertools


class _OrderedTimer(asyncio.TimerHandle):
    """One of two timers that are due together comes before the other if it was set before (timer-order)."""

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class _Nothing:
    """In place of a selector: nothing ever happens outside, so that waiting ends with the clock moved."""

    def __init__(self, loop):
        self.loop = loop

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("the loop waits for ever")
        self.loop.now += timeout
        return []

    def close(self):
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    """The clock counts whole milliseconds, from 0."""

    def __init__(self, timers_in_order=True):
        super().__init__()
        self.now = 0
        self.timers_in_order = timers_in_order
        self.numbers = itertools.count()
        self._clock_resolution = 0.5
        self._selector = _Nothing(self)

    def time(self):
        return self.now

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def call_at(self, when, callback, *args, context=None):
        if not self.timers_in_order:
            return super().call_at(when, callback, *args, context=context)
        timer = _OrderedTimer(when, callback, args, self, context)
        timer.number = next(self.numbers)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer
