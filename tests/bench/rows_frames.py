# SPDX-License-Identifier: Apache-2.0
"""Rows made of generated frames: how long does it take until a frame is where it should be?"""

import contextlib
import statistics

from results import Line
from sides import BROADCAST, Bridge, Floor, Frames, Macvlan, OpenVSwitch, Wire, Xbr

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
    frames = max(trial, int(seconds * 1e9 / measure(trial)))
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
    line.note = "; ".join(note for note in (line.note, unrest(line.floor)) if note)
    return line


def unrest(floor):
    """A sentence when the machine was busy with other things: its own floor moved by more than a tenth."""
    moved = (max(floor) - min(floor)) / statistics.median(floor) if floor else 0
    return f"noisy: the floor moved by {100 * moved:.0f} %" if moved > 0.1 else ""


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


def curve(bench):
    """Not a row of its own: what a frame costs as the table grows, for the picture."""
    for number, what in ((8, "8"), (512, "512"), (4 * K, "4 K"), (32 * K, "32 K"), (256 * K, "256 K"), (M, "1 M")):
        yield unicast(bench, Line("curve", what, "kernel bridge"), number, fdb_size=max(number, 131072))


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
    """Unknown unicast is for the ports alone; a broadcast is for the host too, whose bridge device is up."""
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


POLLS = "the peer takes a second processor whole"


def against_ovs(bench, line, number, trial):
    """From one veth to another, `number` addresses behind each. Open vSwitch polls on a processor of its own: it gets two, we one."""
    with opened(lambda: OpenVSwitch(2), lambda: Xbr(2), lambda: Floor(2)) as sides:
        for side in sides[:2]:
            for port in (1, 2):
                side.hear(port, number)
            side.enter_veth(1)
        sides[2].enter(1)
        return compare(bench, line, *[lambda frames, side=side: side.run("-", frames, 60, "random", (1, number), (2, number)) for side in sides],
                       trial=trial)


def b3(bench):
    yield against_ovs(bench, Line("B3", "veth to veth, 60 octets, 4 x 4 pairs", OpenVSwitch.name, at_least=8, aim=12, note=POLLS), 4, 10 * TRIAL)


def b5(bench):
    """Rounds of a second: Open vSwitch makes a flow for each pair, and the rounds before must not have made most of them."""
    yield against_ovs(bench, Line("B5", "veth to veth, 60 octets, 2048 x 2048 pairs", OpenVSwitch.name, at_least=80, aim=150, note=POLLS), 2 * K, 50 * TRIAL)


# ---- two processors ---------------------------------------------------------------------------------------


def both(side, other, words):
    """Frames by both processors at once; returns millions of frames a second together."""
    side.frames.start(*words(1))
    other.start(*words(3))
    return sum(1000 / side.judge(frames.answer()) for frames in (side.frames, other))


def scaling(bench, line, number, **options):
    """Ports 1 to 2 on the last processor, 3 to 4 on the first; each with a half of the addresses."""
    each = number // 4
    with opened(lambda: Xbr(4, counted=2, **options)) as (side,):
        other = Frames(side.lab, cpu=0)
        for port in (1, 2, 3, 4):
            side.learn(port, each)
        for guest in side.guests[2:]:
            other.tell("sink", guest.ns, "eth0", "xdp")
        side.enter(1)
        other.tell("next", side.xdp_program(3))

        def words(port, frames):
            return "run", f"v{port}", frames, 60, "random", port, each, port + 1, each

        def alone(frames):
            return [1000 / side.judge(made.tell(*words(port, frames))) for made, port in ((side.frames, 1), (other, 3))]
        frames = int(bench.seconds * 1e6 * min(alone(TRIAL)))
        line.its, line.ours = alternate(bench, lambda: sum(alone(frames)) / 2, lambda: both(side, other, lambda port: words(port, frames)))
        return line


def b21(bench):
    for number, what, options in ((4 * K, "4 K", {}), (M, "1 M", {"fdb_size": 2 * M})):
        yield scaling(bench, Line("B21", f"two processors, {what} addresses", "itself on one", unit="Mpps", more=True, at_least=1.85, aim=1.95),
                      number, **options)
