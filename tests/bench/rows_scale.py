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
RATES = (("1000pps", 1000, False), ("100000pps", 100_000, False), ("10mbit", 10e6, True), ("1gbit", 1e9, True))
LENGTHS = (60, 512, 1500)
TRIAL = 20_000
PATIENCE = 0.02  # of tests/bench/frames.c: what nobody gets is waited for so long


# ---- storm control ------------------------------------------------------------------------------------------


class Storm:
    """As many frames as the processors make, by v1 to nobody in particular; they come out at v2."""

    def __init__(self, cores):
        self.side = Xbr(2, sink=None)
        self.frames = [self.side.frames] if cores == 1 else [self.side.frames, Frames(self.side.lab, cpu=(CPU + 1) % 2)]

    def limit(self, rate):
        """The first one has other programs loaded: what generated frames meet is looked up after it."""
        self.side.lab.xbr(f"link set v1 storm_control broadcast {rate} storm_control unknown {rate}")
        for frames in self.frames:
            frames.tell("next", self.side.xdp_program(1))

    def admitted(self):
        reasons = self.side.lab.stats("v1")["reasons"]
        return reasons["broadcast"] + reasons["unknown_unicast"]

    def run(self, length, number):
        """Seconds from the first frame of anybody to the last of everybody."""
        start = time.monotonic()
        for frames in self.frames:
            frames.start("run", "v1", number, length, "sequential", 1, 1, BROADCAST, 1)
        for frames in self.frames:
            frames.answer()
        return time.monotonic() - start - PATIENCE

    def let_in(self, length, number):
        time.sleep(0.05)  # what was let in before is paid for
        before = self.admitted()
        took = self.run(length, number)
        return took, self.admitted() - before

    def error(self, rate, bits, length, seconds):
        """
        Per cent by which what was let in differs from the rate; None: not so many could be sent. A long run less a short one: the kernel
        takes a tenth of a second to begin and end either.
        """
        number = int(TRIAL * seconds / self.run(length, TRIAL))
        short, long = self.let_in(length, number // 4), self.let_in(length, number + number // 4)
        wanted = rate / (8 * length if bits else 1) * (long[0] - short[0])
        if len(self.frames) * number < 1.5 * wanted:
            return None
        return 100 * ((long[1] - short[1]) / wanted - 1)


def storms(bench):
    for cores in (1, 2):
        storm = Storm(cores)
        try:
            for text, rate, bits in RATES:
                storm.limit(text)
                errors = [storm.error(rate, bits, length, 1.0 if bench.thorough else 0.5) for length in LENGTHS]
                found = [error for error in errors if error is not None]
                yield Line("storm", f"broadcasts of 60, 512, 1500 octets held to {text}, {cores} cores sending", "", ours=[abs(error) for error in found], unit="%", limit=5,
                           note=" ".join("-" if error is None else f"{error:+.2f}" for error in errors))
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
