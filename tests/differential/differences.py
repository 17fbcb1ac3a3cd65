"""The differences between CPython's asyncio and aiocpp that the comparison allows: these, and no others.

A difference is handled in one of three ways. `skip`: before the operation both players check whether it would show the
difference; if so, they skip it and the trace says so. `play`: player.py plays the operation as aiocpp does it.
`compare`: compare.py ignores it in a line of the trace. compare.py --lift NAME drops the difference, to see whether it is
still there.

What later versions of CPython do, and the running one does not, is no difference: later.py adds it.
"""

DIFFERENCES = {
    # name: (how, reason)
    "await-cycle": (
        "skip",
        "Tasks that await each other: cancelling one ends in RecursionError in CPython. Tasks await younger ones only.",
    ),
    "cancel-wave": (
        "compare",
        "Requests that a group, a gather or run() makes together count once per wait on their way: how often a task that "
        "ended cancelled had been asked may be smaller here.",
    ),
    "gather-cancel": (
        "play",
        "A cancelled gather() ends with its first cancelled child in CPython; here it waits for all children, which may "
        "refer to the caller's frame.",
    ),
    "cancel-message": (
        "compare",
        "Of a task that was cancelled with a message, CPython tells it to the first that asks, and to no shield() and "
        "no gather(return_exceptions); here all are told.",
    ),
    "lock-order": (
        "play",
        "A waiter that is cancelled leaves a lock's line at once here. In CPython it stays until its task runs, which then "
        "wakes the next one in line: a pass later.",
    ),
    "group-order": (
        "play",
        "A failing TaskGroup cancels its tasks in the order of a set in CPython, which differs from run to run; here the "
        "newest first.",
    ),
    "timer-order": (
        "play",
        "Timers that are due together fire in the order of a heap in CPython, here in the order in which they were set.",
    ),
}
