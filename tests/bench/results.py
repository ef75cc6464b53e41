# SPDX-License-Identifier: Apache-2.0
"""What was measured: a line of a row, its ratio, its judgement, the table, and the JSON."""

import dataclasses
import json
import os
import statistics
import time

HEAD = ("row", "work", "peer", "its", "xbr", "floor", "ratio", "min", "max", "at least", "aim", "")


@dataclasses.dataclass
class Line:
    """One comparison. its, ours: a value for each round. more: larger is better (a rate), else smaller is (a time)."""
    row: str
    work: str
    peer: str = ""
    its: list = dataclasses.field(default_factory=list)
    ours: list = dataclasses.field(default_factory=list)
    floor: list = dataclasses.field(default_factory=list)
    unit: str = "ns"
    more: bool = False
    at_least: float = None
    aim: float = None
    limit: float = None    # where there is no ratio: the most that xbr's value may be
    note: str = ""
    failed: bool = False   # it could not be measured; the note says why

    def ratios(self):
        return [(our / its if self.more else its / our) for its, our in zip(self.its, self.ours) if our and its]

    def ratio(self):
        return statistics.median(self.ratios()) if self.ratios() else None

    def short(self):
        """Is it under its `at least`, or over its limit?"""
        if self.limit is not None and self.ours:
            return statistics.median(self.ours) > self.limit
        return bool(self.at_least and self.ratio() and self.ratio() < self.at_least)

    def goal_text(self):
        return f"<= {value_text(self.limit, self.unit)}" if self.limit is not None else number_text(self.at_least)

    def record(self):
        return {**dataclasses.asdict(self), "ratios": self.ratios(), "ratio": self.ratio(), "short": self.short()}

    def cells(self):
        ratios = self.ratios()
        numbers = [statistics.median(values) if values else None for values in (self.its, self.ours, self.floor)]
        spread = [self.ratio(), min(ratios), max(ratios)] if ratios else [None] * 3
        judged = "short" if self.short() else self.note
        return [self.row, self.work, self.peer, *[value_text(number, self.unit) for number in numbers], *map(number_text, spread),
                self.goal_text(), number_text(self.aim), f"short; {self.note}" if self.short() and self.note else judged]


def number_text(number):
    return "" if number is None else f"{number:.3g}" if number < 1000 else f"{number:.0f}"


def value_text(number, unit):
    return "" if number is None else f"{number_text(number)} {unit}"


def table(lines):
    rows = [list(HEAD)] + [line.cells() for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def markdown(lines):
    """The table of docs/performance.md."""
    rows = [HEAD[:5] + ("floor", "ratio", "from", "to", "goal", "aim", "")] + [line.cells() for line in lines]
    rows.insert(1, ["---"] * len(HEAD))
    return "".join("| " + " | ".join(cell.strip() for cell in row) + " |\n" for row in rows)


def former(path, rows, known_rows):
    """Lines of other rows that were measured before, in a file of save()."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        records = json.load(file)["lines"]
    known = {field.name for field in dataclasses.fields(Line)}
    return [Line(**{key: value for key, value in record.items() if key in known}) for record in records
            if record["row"] not in rows and record["row"] in known_rows]


def save(path, lines, machine, rounds):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as file:
        json.dump({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine, "rounds": rounds,
                   "lines": [line.record() for line in lines]}, file, indent=1)
        file.write("\n")
    with open(os.path.splitext(path)[0] + ".md", "w") as file:
        file.write(markdown(lines))


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    with open("/proc/loadavg") as file:
        load = file.read().split()[0]
    return {"kernel": os.uname().release, "cpu": model, "cpus": os.cpu_count(), "load": float(load)}
