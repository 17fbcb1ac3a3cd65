"""Reading programs: the text of generate.py as a tree of statements."""

from dataclasses import dataclass, field

BLOCKS = {"try", "timeout", "group", "lock", "sem", "condition"}
CONTINUED = {"catch", "finally"}


@dataclass
class Statement:
    text: str
    name: str
    numbers: list
    body: list = field(default_factory=list)
    catches: str = ""  # a try's: error, cancel, any
    handler: list = field(default_factory=list)
    last: list = field(default_factory=list)  # a try's finally


@dataclass
class Program:
    sizes: list = field(default_factory=lambda: [1, 1, 0, 0, 0, 2])
    bodies: dict = field(default_factory=dict)  # number: (result, statements)
    callbacks: dict = field(default_factory=dict)


def parse(lines):
    program = Program()
    lines = iter(lines)
    for line in lines:
        words = line.split()
        if words[0] == "objects":
            program.sizes = [int(word) for word in words[1:]]
        elif words[0] == "body":
            program.bodies[int(words[1])] = (int(words[2]), _block(lines)[0])
        elif words[0] == "callback":
            program.callbacks[int(words[1])] = _block(lines)[0]
    return program


def _block(lines):
    """The statements up to the line that ends them, and that line's words."""
    statements = []
    for line in lines:
        words = line.split()
        if words[0] == "end" or words[0] in CONTINUED:
            return statements, words
        statement = Statement(line.strip(), words[0], [int(word) for word in words[1:]])
        if statement.name in BLOCKS:
            statement.body, closing = _block(lines)
            if closing[0] == "catch":
                statement.catches = closing[1]
                statement.handler, closing = _block(lines)
            if closing[0] == "finally":
                statement.last, closing = _block(lines)
        statements.append(statement)
    return statements, ["end"]
