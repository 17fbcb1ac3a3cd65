"""Tables in Markdown, aligned so that they also read well in a terminal."""

from dataclasses import dataclass, field

ABSENT = "–"


@dataclass
class Outcome:
    """What a section hands back: a table, how many bars it missed, and every sample for results.json."""

    header: list
    rows: list = field(default_factory=list)
    missed: int = 0
    samples: dict = field(default_factory=dict)

    def judge(self, figure, bar):
        """The verdict's cell; a bar of None is not judged, nor is a figure that is absent."""
        if figure is None or bar is None:
            return ABSENT
        if figure <= bar:
            return "pass"
        self.missed += 1
        return "MISS"


def number(value):
    """Three significant digits, or whole from 100 upward."""
    if value is None:
        return ABSENT
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(figure, limit):
    return None if figure is None or not limit else figure / limit


def times(value):
    return ABSENT if value is None else f"{value:.2f}×"


def print_table(header, rows):
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for at, row in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |", flush=True)
        if at == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
