"""The differences between CPython's asyncio and aiocpp that the comparison allows: these, and no others.

A difference is handled in one of two ways. `skip`: both players look, right before the operation, whether it would show
the difference, and skip the operation then; the trace says so. `play`: player.py plays the operation as aiocpp does it.
compare.py --lift NAME drops the difference, to see whether it is still there.
"""

DIFFERENCES = {
    # name: (how, reason)
    "await-cycle": (
        "skip",
        "Tasks that wait for each other: cancelling one ends CPython in RecursionError. Tasks wait for younger ones only.",
    ),
    "gather-cancel": (
        "play",
        "A cancelled gather() ends with its first child in CPython; here it waits for all of them, whose frames may be "
        "referred to (docs/asyncio-map.md).",
    ),
    "gather-done": (
        "skip",
        "gather() of children that are done already: CPython does not suspend since 3.12.",
    ),
    "shield-done": (
        "skip",
        "shield() of what is done already is that future itself in CPython.",
    ),
    "wait-done": (
        "skip",
        "wait() suspends in CPython even if its condition holds already.",
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
