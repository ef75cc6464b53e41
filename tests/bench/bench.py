#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The benchmark: xbr and what one would use instead, side by side on the same guests, alternating; docs/performance.md explains each row.

    bench.py [--quick] [--rows B1,B4] [--rounds N] [--json FILE] [--pictures DIR]

Rows that are not measured keep what the JSON file says of them, so the whole can be measured in pieces; beside it a table in markdown is made.
Exits with 1 if a row of --quick is under its "at least".
"""

import argparse
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "net")]

import pictures  # noqa: E402
import results  # noqa: E402
import rows_acl  # noqa: E402
import rows_control  # noqa: E402
import rows_cost  # noqa: E402
import rows_edge  # noqa: E402
import rows_frames  # noqa: E402
import rows_life  # noqa: E402
import rows_qos  # noqa: E402
import rows_scale  # noqa: E402
import rows_stack  # noqa: E402
from results import Line  # noqa: E402
from sides import BUILD  # noqa: E402


ROWS = {
    "B1": rows_frames.b1,
    "B2": rows_frames.b2,
    "B3": rows_frames.b3,
    "B4": rows_frames.b4,
    "B5": rows_frames.b5,
    "B6": rows_frames.b6,
    "B7": rows_control.b7,
    "B8": rows_acl.b8,
    "B9": rows_acl.b9,
    "B10": rows_acl.b10,
    "B11": rows_frames.b11,
    "B12": rows_qos.b12,
    "B14": rows_edge.b14,
    "B17": rows_frames.b17,
    "B18": rows_stack.b18,
    "B20": rows_life.b20,
    "B21": rows_frames.b21,
    "B22": rows_cost.b22,
    "B23": rows_control.b23,
    "curve": rows_frames.curve,
    "rules": rows_acl.cost,
    "storm": rows_scale.storms,
    "channels": rows_scale.channels,
    "vlans": rows_scale.vlans,
}
QUICK = ("B1", "B4", "B6", "B11", "B17")


class Bench:
    """How thoroughly to measure."""

    def __init__(self, options):
        self.quick = options.quick
        self.rounds = options.rounds or (5 if options.quick else 7)
        self.thorough = self.rounds >= 7
        self.seconds = 0.15 if options.quick else 0.3   # of a round of one side


def options_of(argv):
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, shorter, judged")
    parser.add_argument("--rows", type=lambda text: text.split(","), help="e.g. B1,B4")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", metavar="FILE", help="default build/bench/results.json, or quick.json there")
    parser.add_argument("--pictures", metavar="DIR", default=os.path.join(BUILD, "bench"))
    options = parser.parse_args(argv)
    options.json = options.json or os.path.join(BUILD, "bench", "quick.json" if options.quick else "results.json")
    options.rows = options.rows or (QUICK if options.quick else list(ROWS))
    unknown = [row for row in options.rows if row not in ROWS]
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return options


def measure(bench, row):
    """The lines of a row; a row that cannot be measured says why, and so does not pass in silence."""
    lines = []
    try:
        for line in ROWS[row](bench):
            lines.append(line)
            print(results.table([line]).splitlines()[1], flush=True)
    except Exception as error:
        traceback.print_exc()
        lines.append(Line(row, "not measured", note=f"failed: {error}", failed=True))
    return lines


def main(argv):
    options = options_of(argv)
    bench = Bench(options)
    machine = results.machine()
    lines = [line for row in options.rows for line in measure(bench, row)]
    print(results.table(lines))
    whole = sorted(lines + results.former(options.json, options.rows, ROWS), key=lambda line: list(ROWS).index(line.row))
    results.save(options.json, whole, machine, bench.rounds)
    pictures.draw(options.pictures, whole)
    bad = [line for line in lines if line.failed or (options.quick and line.short())]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
