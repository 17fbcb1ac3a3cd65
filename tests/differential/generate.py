"""Random programs over the public names of asyncio, for the two players.

A program is text, one statement a line, and the same text is what the players read and what a person reads when they
differ. Objects are numbered: tasks and timers live in slots, futures, locks, queues... exist from the beginning.
A body refers to later bodies only, so that every program ends; the players end what is blocked (player.py).
"""

import random

SLOTS = 5  # tasks
FUTURES = 3
HANDLES = 2  # of call_soon and call_later
LOCKS = EVENTS = SEMAPHORES = 2  # semaphore 1 is bounded
QUEUES = 3  # fifo, lifo, priority

# (weight, statements). Words in capitals stand for a random number of their kind; one with a digit, such as TASK1, for
# the same number each time.
SIMPLE = [
    (4, "spawn TASK1 BODY; spawn TASK2 BODY; gather TASK1 TASK2"),
    (4, "spawn TASK1 BODY; spawn TASK2 BODY; sleep DELAY; gatherkeep TASK1 TASK2"),
    (4, "spawn TASK1 BODY; spawn TASK2 BODY; wait WHEN LIMIT TASK1 TASK2"),
    (4, "spawn TASK1 BODY; shield TASK1"),
    (4, "spawn TASK1 BODY; waitforshield LIMIT TASK1; await TASK1"),
    (4, "spawn TASK1 BODY; waitfor LIMIT TASK1"),
    (3, "spawn TASK1 BODY; yield; cancel TASK1; cancelmsg TASK1 COUNT; await TASK1"),
    (5, "group; groupspawn TASK1 BODY; groupspawn TASK2 BODY; sleep DELAY; end"),
    (4, "group; groupspawn TASK BODY; groupspawn TASK BODY; tick COUNT; groupspawn TASK BODY; fail VALUE; end"),
    (3, "group; groupspawn TASK1 BODY; groupcancel; yield; end"),
    (1, "group; groupspawn TASK1 BODY; groupcancel; groupspawn TASK2 BODY; end"),
    (3, "spawn TASK1 BODY; spawn TASK2 BODY; yield; cancel TASK1; gatherkeep TASK1 TASK2"),
    (2, "timeout LIMIT; sleep DELAY; reschedule LIMIT; sleep DELAY; end"),
    (2, "timeout 1; try; sleep 4; finally; reschedule LIMIT; end; end"),
    (3, "put QUEUE1 VALUE; put QUEUE1 VALUE; join QUEUE1"),
    (3, "get QUEUE1; taskdone QUEUE1"),
    (4, "barrierwait; barrierwait"),
    (4, "condition; conditionwait; end"),
    (4, "condition; increment; notify COUNT; end"),
    (1, "notify COUNT"),
    (8, "sleep DELAY"),
    (4, "yield"),
    (3, "tick COUNT"),
    (9, "spawn TASK BODY"),
    (3, "groupspawn TASK BODY"),
    (3, "call BODY"),
    (5, "await TASK"),
    (3, "awaitfuture FUTURE"),
    (5, "cancel TASK"),
    (2, "cancelmsg TASK COUNT"),
    (2, "cancelme"),
    (2, "uncancel"),
    (2, "futurecancel FUTURE"),
    (2, "futureset FUTURE VALUE"),
    (1, "futurefail FUTURE VALUE"),
    (2, "gather TASK TASK"),
    (2, "gather TASK TASK TASK"),
    (2, "gatherkeep TASK TASK"),
    (3, "gatherbodies BODY BODY"),
    (2, "gatherbodieskeep BODY BODY"),
    (3, "wait WHEN LIMIT TASK TASK"),
    (2, "wait WHEN LIMIT TASK TASK TASK"),
    (3, "waitfor LIMIT TASK"),
    (3, "waitforbody LIMIT BODY"),
    (2, "waitforfuture LIMIT FUTURE"),
    (3, "shield TASK"),
    (2, "waitforshield LIMIT TASK"),
    (2, "reschedule LIMIT"),
    (1, "groupcancel"),
    (1, "acquire LOCK"),
    (1, "release LOCK"),
    (3, "semacquire SEMAPHORE"),
    (2, "semrelease SEMAPHORE"),
    (3, "eventwait EVENT"),
    (4, "eventset EVENT"),
    (2, "eventclear EVENT"),
    (4, "put QUEUE VALUE"),
    (5, "get QUEUE"),
    (2, "putnowait QUEUE VALUE"),
    (1, "getnowait QUEUE"),
    (1, "taskdone QUEUE"),
    (2, "join QUEUE"),
    (1, "shutdown QUEUE FLAG"),
    (3, "barrierwait"),
    (1, "barrierreset"),
    (1, "barrierabort"),
    (2, "soon HANDLE CALLBACK"),
    (3, "later HANDLE DELAY CALLBACK"),
    (1, "handlecancel HANDLE"),
    (2, "ondone TASK CALLBACK"),
    (1, "onfuture FUTURE CALLBACK"),
    (2, "fail VALUE"),
    (1, "state"),
]
IN_CONDITION = [
    (4, "conditionwait"),
    (3, "conditionwaitfor COUNT"),
    (3, "notify COUNT"),
    (2, "notifyall"),
    (2, "increment"),
]
BLOCKS = [(5, "try"), (3, "timeout LIMIT"), (3, "group"), (3, "lock LOCK"), (2, "sem SEMAPHORE"), (3, "condition")]
BLOCK_HEADS = ("try", "finally", "timeout", "group", "condition")
# What a callback may do: nothing that waits.
IN_CALLBACK = [
    (3, "cancel TASK"),
    (3, "futureset FUTURE VALUE"),
    (1, "futurefail FUTURE VALUE"),
    (2, "futurecancel FUTURE"),
    (3, "eventset EVENT"),
    (1, "eventclear EVENT"),
    (2, "putnowait QUEUE VALUE"),
    (1, "getnowait QUEUE"),
    (2, "semrelease SEMAPHORE"),
    (2, "release LOCK"),
    (2, "spawn TASK BODY"),
    (1, "soon HANDLE CALLBACK"),
    (1, "later HANDLE DELAY CALLBACK"),
    (1, "handlecancel HANDLE"),
    (1, "ondone TASK CALLBACK"),
    (1, "shutdown QUEUE FLAG"),
    (1, "fail VALUE"),
]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.bodies = self.random.randrange(3, 8)
        self.callbacks = 3
        self.numbers = {}  # of the words with digits

    def program(self):
        pick = self.random.randrange
        sizes = [pick(0, 3), pick(1, 3), pick(0, 3), pick(0, 3), pick(0, 3), pick(1, 4)]
        # semaphores, queues (0: any number of items), parties of the barrier
        self.lines = ["objects " + " ".join(map(str, sizes))]
        for body in range(self.bodies):
            self.lines.append(f"body {body} {100 + body}")
            if body == 0:
                for slot in range(pick(1, 4)):
                    self.lines.append(f"  spawn {slot} {pick(1, self.bodies)}")
            self.block(1, body + 1, pick(2, 8) if body else pick(4, 10), False)
            if body and self.random.random() < 0.2:
                self.statement(1, [(1, "fail VALUE")], body + 1, 0)
            self.lines.append("end")
        for callback in range(self.callbacks):
            self.lines.append(f"callback {callback}")
            for _ in range(pick(1, 3)):
                self.statement(1, IN_CALLBACK, self.bodies - 1, callback + 1)
            self.lines.append("end")
        return self.lines

    def block(self, depth, later, length, in_condition):
        """`length` statements, which may start bodies from `later` on."""
        for _ in range(length):
            if depth < 4 and self.random.random() < 0.22:
                self.nested(depth, later, in_condition)
            elif in_condition and self.random.random() < 0.5:
                self.statement(depth, IN_CONDITION, later, 0)
            else:
                self.statement(depth, SIMPLE, later, 0)

    def nested(self, depth, later, in_condition):
        head = self.choose(BLOCKS)
        indent = "  " * depth
        self.lines.append(indent + self.fill(head, later, 0))
        in_condition = in_condition or head == "condition"
        self.block(depth + 1, later, self.random.randrange(1, 5), in_condition)
        if head == "try":
            what = self.random.choice(["error", "error", "cancel", "any", "none"])
            if what != "none":
                self.lines.append(indent + f"catch {what}")
                self.block(depth + 1, later, self.random.randrange(0, 3), in_condition)
            if what == "none" or self.random.random() < 0.3:
                self.lines.append(indent + "finally")
                self.block(depth + 1, later, self.random.randrange(1, 3), in_condition)
        self.lines.append(indent + "end")

    def choose(self, table):
        return self.random.choices([entry[1] for entry in table], [entry[0] for entry in table])[0]

    def statement(self, depth, table, later, callback):
        while True:
            pattern = self.choose(table)
            if not ("BODY" in pattern and later >= self.bodies or "CALLBACK" in pattern and callback >= self.callbacks):
                break
        guarded = table is SIMPLE and self.random.random() < 0.3
        if guarded:
            self.lines.append("  " * depth + "try")
            depth += 1
        self.numbers = {}
        for line in pattern.split("; "):
            depth -= line in ("end", "finally")
            self.lines.append("  " * depth + self.fill(line, later, callback))
            depth += line.split()[0] in BLOCK_HEADS
        if guarded:
            self.lines += ["  " * (depth - 1) + line for line in ("catch error", "end")]

    def fill(self, pattern, later, callback):
        """`pattern` with numbers for its words in capitals."""
        return " ".join(str(self.number(word, later, callback)) for word in pattern.split())

    def number(self, word, later, callback):
        if word[-1].isdigit() and word[0].isupper():
            if word not in self.numbers:
                self.numbers[word] = self.number(word[:-1], later, callback)
            return self.numbers[word]
        if word == "BODY":
            return self.random.randrange(later, self.bodies)
        if word == "CALLBACK":
            return self.random.randrange(callback, self.callbacks)
        if word == "LIMIT":
            return self.random.choice([-1, 0, 1, 2, 3, 4, 5, 8])  # -1: none
        return self.random.randrange(*RANGES[word]) if word in RANGES else word


RANGES = {
    "DELAY": (0, 8),
    "COUNT": (1, 4),
    "TASK": (0, SLOTS),
    "FUTURE": (0, FUTURES),
    "VALUE": (0, 10),
    "WHEN": (0, 3),  # ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION
    "LOCK": (0, LOCKS),
    "SEMAPHORE": (0, SEMAPHORES),
    "EVENT": (0, EVENTS),
    "QUEUE": (0, QUEUES),
    "FLAG": (0, 2),
    "HANDLE": (0, HANDLES),
}


def program(seed):
    """The lines of the program of this seed."""
    return Generator(seed).program()
