# SPDX-License-Identifier: Apache-2.0
"""
Rows of issue 4's figures: how true the rate of storm control is, and what a large configuration takes. No peer has these; each has a limit
instead.
"""

import time

from lab import Lab, run
from results import Line
from rows_control import batch, memory_mb, timed, xbr
from sides import BROADCAST, CPU, Frames, Xbr

CHANNELS = 10_000
PORTS = 256
RATES = (("100pps", 100, False), ("10kpps", 10_000, False), ("100kpps", 100_000, False),
         ("1mbit", 1e6, True), ("10mbit", 10e6, True), ("100mbit", 100e6, True), ("1gbit", 1e9, True))
SIZES = ((64, 0), (512, 0), (1500, 0), (2048, 240))  # octets, and of each segment's payload: that one is a super-frame
HEADERS = (94, 54)      # what bpf/storm.h takes for the headers of a super-frame: of the first segment at most, and of each other
SHORT, LONG = 0.1, 1.1  # seconds; what is let in by the long one and not by the short one is the rate, without the burst
PAUSE = 0.020           # what a meter saves up: a processor that is taken away for longer has offered less
TRIES = 4


# ---- storm control ------------------------------------------------------------------------------------------


def as_metered(length, gso_size):
    """Frames and octets that one frame stands for, as bpf/storm.h reckons them."""
    frames = -(-(length - HEADERS[0]) // gso_size) if gso_size else 1
    return frames, length + (frames - 1) * HEADERS[1]


class Storm:
    """The program of TC runs on one frame again and again, on one processor or two, from one moment to another: as fast as it is able to."""

    def __init__(self, cores):
        self.side = Xbr(2, sink=None)
        self.program = self.side.xdp_program(1).replace("-xdp", "-tc")
        self.frames = [self.side.frames] if cores == 1 else [self.side.frames, Frames(self.side.lab, cpu=(CPU + 1) % 2)]

    def limit(self, rate):
        self.side.lab.xbr(f"link set v1 storm_control broadcast {rate} storm_control unknown {rate}")

    def admitted(self):
        """Frames, by any length."""
        reasons = self.side.lab.stats("v1")["reasons"]
        return reasons["broadcast"] + reasons["unknown_unicast"]

    def run(self, length, gso_size, seconds):
        """What was offered, what was let in, and the longest pause."""
        time.sleep(0.05)  # what was let in before is paid for
        before = self.admitted()
        start = time.monotonic_ns() + 30_000_000
        for frames in self.frames:
            frames.start("hold", self.program, "v1", length, gso_size, 1, BROADCAST, start, start + int(seconds * 1e9))
        answers = [frames.answer() for frames in self.frames]
        return sum(answer["frames"] for answer in answers), self.admitted() - before, min(answer["pause_ns"] for answer in answers) / 1e9

    def error(self, rate, bits, length, gso_size):
        """Per cent by which what was let in differs from the rate; None: not so much could be offered."""
        frames, octets = as_metered(length, gso_size)
        wanted = rate / (8 * octets if bits else frames) * (LONG - SHORT)
        for _ in range(TRIES):
            short, long = self.run(length, gso_size, SHORT), self.run(length, gso_size, LONG)
            if long[0] < 1.3 * wanted * LONG / (LONG - SHORT):
                return None
            if max(short[2], long[2]) < PAUSE:
                break
        return 100 * ((long[1] - short[1]) / wanted - 1)


def storms(bench):
    for cores in (1, 2):
        storm = Storm(cores)
        try:
            for text, rate, bits in RATES:
                storm.limit(text)
                errors = [storm.error(rate, bits, *size) for size in SIZES]
                found = [error for error in errors if error is not None]
                yield Line("storm", f"broadcasts of 64, 512, 1500 octets and super-frames held to {text}, {cores} cores sending", "",
                           ours=[abs(error) for error in found], unit="%", limit=5, note=" ".join("-" if error is None else f"{error:+.2f}" for error in errors))
        finally:
            storm.side.close()


# ---- many channels, many VLANs ---------------------------------------------------------------------------------


def channels(bench):
    """All on one device, by one apply; then one frame to each, of which each must come out."""
    number = CHANNELS if bench.thorough else 1000
    lab = Lab()
    try:
        lab.agent.start("--max-ports", "16384")
        run(f"ip -n {lab.ns} link add trunk mtu 1600 type veth peer name far mtu 1600")
        lab.host("ip link set trunk up")
        lab.host("ip link set far up")
        side = type("Side", (), {"lab": lab})
        config = ["bridge add br0"] + [f"link add c{n} type etag dev trunk ecid {n} master br0" for n in range(1, number + 1)]
        file = batch(side, "channels", config)
        yield Line("channels", f"{number} E-TAG channels on one device, one apply", "", ours=[timed(xbr, side, "apply", file)], unit="s",
                   limit=5 * number / CHANNELS, note=f"agent {memory_mb(lab.agent.process.pid):.0f} MB")
        yield Line("channels", f"the same, changed: {number} of them isolated", "",
                   ours=[timed(xbr, side, "apply", batch(side, "changed", [config[0]] + [line + " isolated on" for line in config[1:]]))], unit="s")
        yield Line("channels", f"{number} channels taken out", "", ours=[timed(xbr, side, "apply", batch(side, "none", config[:1]))], unit="s")
    finally:
        lab.close()


def vlans(bench):
    lab = Lab()
    try:
        lab.agent.start("--max-ports", "300")
        names = [f"i{n}" for n in range(PORTS)]
        side = type("Side", (), {"lab": lab})
        run("ip", "-n", lab.ns, "-batch", batch(side, "devices", [f"link add {name} up type ifb" for name in names]))
        links = ["bridge add br0 vlan_filtering 1"] + [f"link add {name} master br0" for name in names]
        members = [f"vlan add vid 2-4094 dev {name}" for name in names]
        yield Line("vlans", f"{PORTS} ports", "", ours=[1000 * timed(xbr, side, "apply", batch(side, "links", links))], unit="ms")
        yield Line("vlans", f"4094 VLANs on {PORTS} ports, one apply", "", ours=[1000 * timed(xbr, side, "apply", batch(side, "all", links + members))],
                   unit="ms", limit=100, note="command and all")
        yield Line("vlans", "the same, adding one port more in all of them", "",
                   ours=[1000 * timed(xbr, side, "apply", batch(side, "fewer", links + members[:-1]))], unit="ms")
        yield Line("vlans", "to none and back", "", ours=[1000 * timed(xbr, side, "apply", batch(side, "links", links)),
                                                        1000 * timed(xbr, side, "apply", batch(side, "all", links + members))], unit="ms")
    finally:
        lab.close()
