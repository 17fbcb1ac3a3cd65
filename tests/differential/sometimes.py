"""Rare paths that the random programs must reach sometimes, by name: each is a pattern of one line of a trace.

A generator that no longer reaches them compares less than it seems to. report() prints how often each was reached.
"""

import re

SOMETIMES = {
    "a group ends with two errors": r"group ! Group\[Boom \d+, Boom \d+",
    "a group inside a group fails": r"group ! Group\[.*Group\[",
    "a group that is being cancelled refuses a task": r"groupspawn .* ! RuntimeError",
    "a cancellation is caught and the task continues": r"caught Cancelled",
    "a cancellation carries its message": r"! Cancelled\(m\d+\)",
    "a task is cancelled although it was done": r"cancel \d+ = 0",
    "a timeout of a block expires": r"timeout \d+ ! TimeoutError",
    "an expired timeout is rescheduled": r"reschedule -?\d+ ! RuntimeError",
    "wait_for ends with the error of what it waited for": r"waitfor\w* -?\d+ \d+ ! Boom",
    "wait_for expires": r"waitfor\w* \d+ \d+ ! TimeoutError",
    "wait_for(shield) expires": r"waitforshield \d+ \d+ ! TimeoutError",
    "a shielded task fails": r"shield \d+ ! Boom",
    "gather ends with an error": r"gather\w* [\d ]+ ! Boom",
    "gather is cancelled": r"gather\w* [\d ]+ ! Cancelled",
    "gather keeps an error": r"gather\w*keep [\d ]+ = .*Boom",
    "gather keeps a cancellation": r"gather\w*keep [\d ]+ = .*Cancelled",
    "wait returns with tasks pending": r"wait \d -?\d+ [\d ]+ = .*\| \d",
    "a lock is released that nobody holds": r"release \d ! RuntimeError",
    "a lock was released by somebody else": r"lock \d ! RuntimeError",
    "a bounded semaphore is released too often": r"semrelease \d ! ValueError",
    "a condition is notified without its lock": r"notify(all| \d) ! RuntimeError",
    "a notification arrives": r"conditionwait = ok",
    "a wait for a condition is cancelled": r"conditionwait ! Cancelled",
    "a getter is told that the queue was shut down": r" get \d ! QueueShutDown",
    "a putter is told that the queue was shut down": r" put \d \d+ ! QueueShutDown",
    "a full queue refuses an item": r"putnowait \d \d+ ! QueueFull",
    "task_done is called too often": r"taskdone \d ! ValueError",
    "a join is cancelled": r"join \d ! Cancelled",
    "a barrier lets its parties pass": r"barrierwait = [1-9]",
    "a barrier breaks": r"barrierwait ! BrokenBarrierError",
    "a future is set twice": r"futureset \d \d+ ! InvalidStateError",
    "something is blocked until the end": r"^200 T\d",
    "a task resists the last cancellation": r"^end T\d+ \d+ [1-9]",
}


def report(traces):
    """Prints how many lines reached each path, rarest first; how many paths were not reached."""
    lines = [line for trace in traces for line in trace]
    reached = {name: sum(1 for line in lines if re.search(pattern, line)) for name, pattern in SOMETIMES.items()}
    for name, times in sorted(reached.items(), key=lambda entry: entry[1]):
        print(f"{times or 'NEVER':>7}  {name}")
    return sum(1 for times in reached.values() if not times)
