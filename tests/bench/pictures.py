# SPDX-License-Identifier: Apache-2.0
"""SVG pictures of what was measured: a bar for each line against its goal, and what a frame costs as the table grows."""

import html
import math
import os
import statistics

WIDTH, LEFT, RIGHT, TOP, STEP = 1000, 520, 70, 56, 26
INK, FAINT, GOOD, SHORT, GOAL = "#222", "#bbb", "#2a7f62", "#c0563b", "#1f4e9c"
FONT = 'font-family="sans-serif" font-size="13"'

GROUPS = {
    "forwarding": ("Forwarding: how many times as fast as the peer", ("B1", "B2", "B3", "B4", "B5", "B6", "B14")),
    "policy": ("Access lists and policing: how many times as fast as the peer", ("B8", "B9", "B10", "B12")),
    "copies": ("Floods: how many times as fast as the peer", ("B11",)),
    "containers": ("Guests with sockets: how many times as fast as the peer", ("B17", "B18")),
    "control": ("Tables and ports: how many times as fast as the peer", ("B7", "B23")),
    "processors": ("Two processors: how many times as much as one", ("B21",)),
}


def text(x, y, words, anchor="start", color=INK):
    return f'<text x="{x:.0f}" y="{y:.0f}" {FONT} fill="{color}" text-anchor="{anchor}">{html.escape(words)}</text>'


def rect(x, y, width, height, color):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{color}"/>'


def stroke(x1, y1, x2, y2, color, width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"/>'


def document(height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
            + rect(0, 0, WIDTH, height, "#fff") + "\n" + "\n".join(parts) + "\n</svg>\n")


class Scale:
    """A logarithmic axis from low to high on x from LEFT to WIDTH - RIGHT."""

    def __init__(self, low, high):
        self.low, self.high = low, max(high, 2 * low)

    def share(self, value):
        return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)

    def x(self, value):
        return LEFT + self.share(value) * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        for power in range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1):
            for digit in (1, 2, 5):
                if self.low <= digit * 10 ** power <= self.high:
                    yield digit * 10 ** power


def bar(line, scale, y):
    ratio, ratios = line.ratio(), line.ratios()
    parts = [text(LEFT - 8, y + 14, f"{line.row}  {line.work} / {line.peer}", "end"),
             rect(scale.x(scale.low), y + 3, scale.x(ratio) - scale.x(scale.low), 15, SHORT if line.short() else GOOD),
             stroke(scale.x(min(ratios)), y + 10.5, scale.x(max(ratios)), y + 10.5, INK),
             text(WIDTH - RIGHT + 10, y + 15, f"{ratio:.3g}")]
    if line.at_least:
        parts.append(stroke(scale.x(line.at_least), y, scale.x(line.at_least), y + 21, GOAL, 2))
    return parts


def bars(title, lines):
    values = [value for line in lines for value in (*line.ratios(), line.at_least or 1, 1)]
    scale = Scale(min(0.5, *values), 1.3 * max(values))
    height = TOP + STEP * len(lines) + 40
    parts = [text(12, 24, title), text(12, 42, "bar: median, line: from the least to the greatest of the rounds, blue: the goal; "
                                               "logarithmic", color="#666")]
    for tick in scale.ticks():
        parts += [stroke(scale.x(tick), TOP - 4, scale.x(tick), height - 34, FAINT), text(scale.x(tick), height - 16, f"{tick:g}", "middle")]
    for number, line in enumerate(lines):
        parts += bar(line, scale, TOP + STEP * number)
    return document(height, parts)


def curve(title, points, series):
    """points: names of the x axis; series: {name: (color, values)} in ns, a value for each of the first points. The y axis is logarithmic."""
    height, bottom = 400, 360
    everything = [value for _, values in series.values() for value in values]
    scale = Scale(0.8 * min(everything), 1.2 * max(everything))

    def at(index, value):
        return 90 + index * (WIDTH - 330) / max(1, len(points) - 1), bottom - (bottom - TOP) * scale.share(value)
    parts = [text(12, 24, title)]
    for value in scale.ticks():
        parts += [stroke(90, at(0, value)[1], WIDTH - 240, at(0, value)[1], FAINT), text(82, at(0, value)[1] + 4, f"{value:.0f} ns", "end")]
    parts += [text(at(index, 0)[0], bottom + 20, name, "middle") for index, name in enumerate(points)]
    for name, (color, values) in series.items():
        places = [at(index, value) for index, value in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(text(places[-1][0] + 8, places[-1][1] + 4, f"{name} {values[-1]:.0f}", color=color))
    return document(height, parts)


def table_curve(lines):
    """What a frame costs by the number of addresses: row `curve` of the benchmark."""
    series = {"kernel bridge": (SHORT, [statistics.median(line.its) for line in lines]),
              "xbr": (GOOD, [statistics.median(line.ours) for line in lines]),
              "floor": (INK, [statistics.median(line.floor) for line in lines])}
    return curve("A frame of 60 octets by the number of addresses, random source and destination", [line.work for line in lines], series)


RULES = {("nft bridge, rule by rule", "established flows"): ("nft, rule by rule", SHORT), ("nft bridge, pipapo set", "established flows"): ("nft, a set", "#d99a2b")}
OURS = {"established flows": ("xbr, established", GOOD), "new flows": ("xbr, new flows", GOAL)}


def rules_curve(lines):
    """What a frame costs by the number of rules: row `rules`. nftables asks all rules of every frame, whether its flow is new or not."""
    points, series = list(dict.fromkeys(line.work.split(" rules")[0] for line in lines)), {}
    for line in lines:
        which = line.work.split(", ")[1]
        for found, values in ((RULES.get((line.peer, which)), line.its), (OURS[which] if "set" in line.peer else None, line.ours)):
            if found:
                series.setdefault(found[0], (found[1], []))[1].append(statistics.median(values))
    return curve("A frame of 60 octets by the number of rules of an access list", points, series)


CURVES = {"curve": ("addresses", table_curve), "rules": ("rules", rules_curve)}


def draw(folder, lines):
    os.makedirs(folder, exist_ok=True)
    pictures = {}
    for name, (title, rows) in GROUPS.items():
        chosen = [line for line in lines if line.row in rows and line.ratios()]
        if chosen:
            pictures[name] = bars(title, chosen)
    for row, (name, make) in CURVES.items():
        chosen = [line for line in lines if line.row == row and line.ratios()]
        if chosen:
            pictures[name] = make(chosen)
    for name, picture in pictures.items():
        with open(os.path.join(folder, f"{name}.svg"), "w") as file:
            file.write(picture)
