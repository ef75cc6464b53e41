# SPDX-License-Identifier: Apache-2.0
"""Rows made of generated frames: how long does it take until a frame is where it should be?"""

import contextlib

from results import Line
from sides import BROADCAST, Bridge, Floor, Macvlan, Wire, Xbr

K, M = 1024, 1024 * 1024
TRIAL = 200_000      # frames of the run that finds out how many a round takes


@contextlib.contextmanager
def opened(*sides):
    """Side objects by functions that make them; all are closed, whatever happens."""
    with contextlib.ExitStack() as stack:
        made = []
        for make in sides:
            side = make()
            stack.callback(side.close)
            made.append(side)
        yield made


def enough(measure, seconds, trial=TRIAL):
    """A function without arguments that measures as many frames as take about so long: the first run finds out how many."""
    frames = max(1000, int(seconds * 1e9 / measure(trial)))
    return lambda: measure(frames)


def alternate(bench, *measures):
    """A B A B ...: a list of values for each measure."""
    values = [[] for _ in measures]
    for _ in range(bench.rounds):
        for found, measure in zip(values, measures):
            found.append(measure())
    return values


def compare(bench, line, its, ours, floor=None, trial=TRIAL):
    """its, ours, floor: functions of a number of frames that return ns for each. Fills the line in."""
    measures = [enough(measure, bench.seconds, trial) for measure in (its, ours, floor) if measure]
    line.its, line.ours, *rest = alternate(bench, *measures)
    line.floor = rest[0] if rest else []
    return line


def unicast(bench, line, number, **options):
    """Known unicast between two ports, half of `number` addresses behind each, every frame of random source and destination."""
    each = number // 2
    with opened(lambda: Bridge(2), lambda: Xbr(2, **options), lambda: Floor(2)) as sides:
        for side in sides[:2]:
            side.learn(1, each)
            side.learn(2, each)
        for side in sides:
            side.enter(1)
        return compare(bench, line, *[lambda frames, side=side: side.run("v1", frames, 60, "random", (1, each), (2, each)) for side in sides])


def b1(bench):
    yield unicast(bench, Line("B1", "known unicast, 60 octets, 4 K addresses", "kernel bridge", at_least=5, aim=6.5), 4 * K)


def b4(bench):
    yield unicast(bench, Line("B4", "1 M addresses, random source and destination", "kernel bridge", at_least=6.5, aim=11), M, fdb_size=M)


def b2(bench):
    for length in (60, 1500):
        line = Line("B2", f"veth to veth, {length} octets, 4 K addresses", "kernel bridge", at_least=4, aim=5)
        with opened(lambda: Bridge(2), lambda: Xbr(2), lambda: Floor(2)) as (its, ours, floor):
            for side in (its, ours):
                side.learn(1, 2 * K)
                side.learn(2, 2 * K)
                side.enter_veth(1)
            floor.enter(1)
            yield compare(bench, line, *[lambda frames, side=side: side.run("-", frames, length, "random", (1, 2 * K), (2, 2 * K))
                                         for side in (its, ours, floor)])


def b6(bench):
    """Each round into an empty table; to one static address, so that nothing is flooded."""
    line = Line("B6", "learning: a new source each frame, 512 K", "kernel bridge", at_least=6, aim=12)
    with opened(lambda: Bridge(2), lambda: Xbr(2, fdb_size=M), lambda: Floor(2)) as sides:
        for side in sides[:2]:
            side.add(2, "02:02:00:00:00:00")
        for side in sides:
            side.enter(1)

        def measure(side):
            if side is not sides[2]:
                side.forget()
            return side.run("v1", 512 * K, 60, "sequential", (1, 512 * K), (2, 1))
        line.its, line.ours, line.floor = alternate(bench, *[lambda side=side: measure(side) for side in sides])
        yield line


FLOODS = {3: (4, 5), 15: (3, 4), 63: (2.5, 3)}


def flood(bench, copies, dst, what):
    line = Line("B11", f"{what} to {copies} ports", "kernel bridge", at_least=FLOODS[copies][0], aim=FLOODS[copies][1])
    with opened(lambda: Bridge(copies + 1), lambda: Xbr(copies + 1), lambda: Floor(copies + 1)) as sides:
        for side in sides[:2]:
            side.enter(1)
        sides[2].enter_flood()
        return compare(bench, line, *[lambda frames, side=side: side.run("v1", frames, 60, "sequential", (1, 1), (dst, 1), copies)
                                      for side in sides], trial=TRIAL // (4 * copies))


def b11(bench):
    for copies in (15,) if bench.quick else FLOODS:
        yield flood(bench, copies, 0x7e, "unknown unicast")
        if not bench.quick:
            yield flood(bench, copies, BROADCAST, "broadcast")


def b17(bench):
    """Both sides as a user gets them: guests send by sockets, TC sinks count."""
    for length in (60, 1500):
        for peer, at_least, aim in ((Bridge, 1.3, 1.5), (Macvlan, None, None)):
            if peer is Macvlan and bench.quick:
                continue
            line = Line("B17", f"socket sender, {length} octets", peer.name, at_least=at_least, aim=aim)
            with opened(lambda: peer(2, sink="tc", napi=False), lambda: Xbr(2, sink="tc", link_options=""),
                        lambda: Wire(2, sink="tc")) as sides:
                for side in sides:
                    for port in (1, 2):
                        side.frames.tell("send", side.guests[port - 1].ns, "eth0", 1, 60, port, 3 - port)
                yield compare(bench, line, *[lambda frames, side=side: side.send(1, frames, length, 1, 2) for side in sides], trial=TRIAL // 4)
