# SPDX-License-Identifier: Apache-2.0
"""
Rows of access lists against nftables' bridge family, which gets the same rules: one after the other in a chain, and as an interval set
(a concatenation: the kernel's pipapo). A flow's frames come near a rule (its networks and protocol are the rule's, its port is not), so
that no classifier is done early, and pass in the end.
"""

import json
import random

from lab import run
from results import Line
from rows_control import api, ask, batch, command, timed, xbr
from rows_frames import K, alternate, enough, opened, unrest
from sides import Bridge, Floor, Lost, Xbr

ODD = 0x9e3779b1         # pattern.h
FLOWS = K                # that are established
EVER_NEW = 1 << 32       # so many that a frame is its flow's first
FREE, HIT = 40000, 1200  # ports: no rule has the first, all have the second
STATIONS = 2 * K         # behind each port
MORE = 20                # rules, one by one
DESTINATIONS = (8, 12, 16, 20, 24, 32)


class Rule:
    """Of 10.0.0.1 and on, a /24 each (frames.bpf.c), so that they overlap nowhere, which nftables' sets demand."""

    def __init__(self, number, draw):
        source = 0x0a000001 + (number << 8)
        destination = 0xac100000 | (number * ODD & 0xffffffff) >> 12
        self.src = prefix(source, draw.choice((24, 26, 28, 32, 32)))
        self.dst = prefix(destination, draw.choice(DESTINATIONS))
        self.ports = f"{draw.randint(1, HIT)}-{draw.randint(HIT, 10000)}"

    def words(self):
        return f"deny src_ip {self.src} dst_ip {self.dst} ip_proto udp dst_port {self.ports}"

    def statement(self):
        return f"ip saddr {self.src} ip daddr {self.dst} udp dport {self.ports} drop"

    def element(self):
        return f"{self.src} . {self.dst} . udp . {self.ports}"


def prefix(address, length):
    address &= 0xffffffff << (32 - length)
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0)) + (f"/{length}" if length < 32 else "")


def rules(number):
    draw = random.Random(number)
    return [Rule(n, draw) for n in range(number)]


# ---- sides ------------------------------------------------------------------------------------------------


class Nft(Bridge):
    """A bridge whose forward chain has the rules, in one of two ways."""

    trial = 100_000

    def load(self, wanted):
        """Seconds of nft -f, which replaces all there was in one transaction."""
        before = "table bridge bench\ndelete table bridge bench\ntable bridge bench {\n"
        return timed(self.nft, before + self.ruleset(wanted) + "}\n")

    def nft(self, text):
        command("nsenter", f"--net=/run/netns/{self.lab.ns}", "nft", "-f", batch(self, "ruleset", [text]))

    def close(self):
        run("nsenter", f"--net=/run/netns/{self.lab.ns}", "nft", "flush", "ruleset", check=False)
        super().close()


class Linear(Nft):
    name, trial = "nft bridge, rule by rule", 2000

    def ruleset(self, wanted):
        return "\n".join(["chain f {", "type filter hook forward priority 0; policy accept;", *[rule.statement() for rule in wanted], "}\n"])


class Sets(Nft):
    name = "nft bridge, pipapo set"

    def ruleset(self, wanted):
        elements = ",\n".join(rule.element() for rule in wanted)
        return (f"set s {{\ntype ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval;\nelements = {{ {elements} }}\n}}\n"
                "chain f {\ntype filter hook forward priority 0; policy accept;\n"
                "ip saddr . ip daddr . meta l4proto . udp dport @s drop\n}\n")

    def add(self, rule):
        self.nft(f"add element bridge bench s {{ {rule.element()} }}\n")


class Lists(Xbr):
    trial = 100_000

    def load(self, wanted):
        """Seconds of xbr acl replace; the list is bound where the frames come in."""
        path = batch(self, "rules", [rule.words() for rule in wanted])
        return timed(xbr, self, "acl", "replace", "bench", path)

    def bind(self):
        self.lab.xbr("acl bind bench dev v1 in")


class NoRules(Floor):
    trial = 100_000


def learn(*sides):
    for side in sides:
        for port in (1, 2):
            side.learn(port, STATIONS)


def ready(side, wanted):
    """Rules are loaded, and what they deny does not pass. xbr has other programs since a list is bound: frames enter by those."""
    side.load(wanted)
    side.enter(1)
    side.frames.tell("flows", 1, len(wanted), HIT)
    try:
        side.run("v1", 64, 60, "random", (1, STATIONS), (2, STATIONS))
        raise AssertionError(f"{side.name} lets pass what a rule of {len(wanted)} denies")
    except Lost:
        pass

def measure_of(side):
    return lambda frames: side.run("v1", frames, 60, "random", (1, STATIONS), (2, STATIONS))


# ---- rows -------------------------------------------------------------------------------------------------


def compare(bench, peer, number, line_of):
    """One number of rules, one way of the peer. line_of: {flows: a line to fill in}."""
    wanted = rules(number)
    with opened(lambda: peer(2), lambda: Lists(2), lambda: NoRules(2)) as sides:
        learn(*sides[:2])
        sides[2].enter(1)
        sides[1].load(wanted)
        sides[1].bind()
        for side in sides[:2]:
            ready(side, wanted)
        for flows, line in line_of.items():
            for side in sides:
                side.frames.tell("flows", flows, number, FREE)
            line.its, line.ours, line.floor = alternate(bench, *[enough(measure_of(side), bench.seconds, side.trial) for side in sides])
            line.note = unrest(line.floor)
            yield line


def b8(bench):
    yield from compare(bench, Linear, 10_000, {FLOWS: Line("B8", "10 K rules, 1 K established flows", Linear.name, at_least=500, aim=1500)})


def b9(bench):
    for number, what, at_least, aim in ((10_000, "10 K", 6, 10), (100_000, "100 K", 25, 40)):
        yield from compare(bench, Sets, number, {FLOWS: Line("B9", f"{what} rules, 1 K established flows", Sets.name, at_least=at_least, aim=aim)})
    yield from changes()


def b10(bench):
    for peer, at_least, aim in ((Sets, 1.3, 2.5), (Linear, 150, 400)):
        yield from compare(bench, peer, 10_000, {EVER_NEW: Line("B10", "10 K rules, every frame a new flow", peer.name, at_least=at_least, aim=aim)})


def cost(bench):
    """Not a row of its own: a frame's cost by the number of rules, for the picture. Rule by rule, 100 K take nft a millisecond a frame."""
    for number, what in ((10, "10"), (100, "100"), (1000, "1 K"), (10_000, "10 K"), (100_000, "100 K")):
        for peer in (Linear, Sets) if number <= 10_000 else (Sets,):
            yield from compare(bench, peer, number, {FLOWS: Line("rules", f"{what} rules, established flows", peer.name),
                                                     EVER_NEW: Line("rules", f"{what} rules, new flows", peer.name)})


# ---- changes ----------------------------------------------------------------------------------------------


def add_one(sock, number):
    """The agent's seconds for one rule more, asked and answered on its socket."""
    request = {"jsonrpc": "2.0", "id": number, "method": "acl.add",
               "params": {"list": "bench", "action": "deny", "src_ip": f"192.0.2.{number}", "ip_proto": "udp", "dst_port": "1-10"}}
    return timed(ask, sock, json.dumps(request).encode() + b"\n", 1)


def changes():
    with opened(lambda: Sets(2), lambda: Lists(2)) as (its, ours):
        for number, what, limit in ((10_000, "10 K", 1), (100_000, "100 K", None)):
            wanted = rules(number)
            yield Line("B9", f"load {what} rules", "nft -f", [its.load(wanted)], [ours.load(wanted)], unit="s", limit=limit)
        ours.bind()
        theirs = [1000 * timed(its.add, rule) for rule in rules(100_000 + MORE)[100_000:]]
        with api(ours) as sock:
            mine = [1000 * add_one(sock, number) for number in range(MORE)]
        yield Line("B9", "one rule more to 100 K, the agent's time", "nft add element", theirs, mine, unit="ms", limit=100)
