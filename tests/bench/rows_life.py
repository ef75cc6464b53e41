# SPDX-License-Identifier: Apache-2.0
"""Row B20: what changes under traffic cost in frames, and how soon a new rule is felt."""

import json
import os
import signal
import threading
import time

from results import Line
from rows_acl import EVER_NEW, FREE, Lists, Sets, rules
from rows_control import api, ask
from rows_frames import K, TRIAL, opened
from sides import Bridge, OpenVSwitch, Xbr

STATIONS = 2 * K    # behind each port
TIMES = 3
RULES = 10_000
SLOW = 50_000       # frames a second, for a peer that loses some at full speed ...
BURST = 1000        # ... so many at once
FEATURES = ("link set v3 isolated on", "link set v3 locked on", "bridge set br0 vlan_filtering 1")   # each the first that asks for its feature


def through(side, frames):
    return side.frames.tell("run", "-", frames, 60, "random", 1, STATIONS, 2, STATIONS)


def under_way(side, disturb):
    """
    How many frames from guest 1 to guest 2 are lost from before disturb() begins until after it has ended. They go as fast as one processor
    makes them, in runs of some tenths of a second, one upon the other.
    """
    frames = int(3e8 / min(through(side, TRIAL)["ns"] / TRIAL for _ in range(3)))
    runs, ended = [], threading.Event()

    def send():
        while not ended.is_set():
            runs.append(through(side, frames))
    sender = threading.Thread(target=send)
    sender.start()
    try:
        time.sleep(0.1)
        disturb()
        time.sleep(0.1)
    finally:
        ended.set()
        sender.join()
    return sum(result["frames"] - result["delivered"] for result in runs)


def losses(kind, disturb, ports=2):
    with opened(lambda: kind(ports, counted=2)) as (side,):
        for port in (1, 2):
            side.learn(port, STATIONS)
        side.enter_veth(1)
        return [under_way(side, lambda: disturb(side)) for _ in range(TIMES)]


# ---- the agent, programs, ports ---------------------------------------------------------------------------


def restart_agent(side):
    side.lab.agent.end()
    side.lab.agent.start(*side.agent_options())


def kill_agent(side):
    side.lab.agent.kill9()
    side.lab.agent.start(*side.agent_options())


def add_port(side):
    side.add_port(side.lab.guest())


def swap_programs(commands):
    """A setting that nobody had until now: programs with its feature take the place of those that run."""
    def disturb(side):
        before = side.lab.show("version")["features"]
        side.lab.xbr(next(commands))
        if side.lab.show("version")["features"] == before:
            raise AssertionError("the programs have not changed")
    return disturb


# ---- Open vSwitch ------------------------------------------------------------------------------------------


def restart_switch(side):
    """Killed, and started by the same words; its data base has the configuration."""
    os.kill(side.switch.pid, signal.SIGKILL)
    side.switch.wait()
    side.switch = side.daemon("ovs-vswitchd", side.socket)


def add_to_switch(side):
    guest = side.lab.guest()
    side.vsctl(f"add-port br0 {guest.port} -- set interface {guest.port} type=afxdp options:xdp-mode=native")


def slowly(side, disturb, seconds=4):
    """Frames lost of SLOW a second."""
    lost = []

    def send():
        start = time.monotonic()
        for number in range(int(seconds * SLOW / BURST)):
            result = side.frames.tell("run", "-", BURST, 60, "random", 1, 4, 2, 4)
            lost.append(result["frames"] - result["delivered"])
            time.sleep(max(0, start + (number + 1) * BURST / SLOW - time.monotonic()))
    sender = threading.Thread(target=send)
    sender.start()
    if disturb:
        time.sleep(0.5)
        disturb(side)
    sender.join()
    return sum(lost)


def slow_losses(disturb):
    """Less what is lost when nothing is disturbed."""
    with opened(lambda: OpenVSwitch(2)) as (side,):
        for port in (1, 2):
            side.hear(port, 4)
        side.enter_veth(1)
        usual = slowly(side, None)
        return [max(0, slowly(side, disturb) - usual) for _ in range(TIMES)]


# ---- access lists -----------------------------------------------------------------------------------------


def load_under_way(side):
    """Frames lost while 10 K rules, which let them pass, take the place of 10 K others, which did too."""
    wanted = rules(RULES)
    side.load(wanted)
    if isinstance(side, Lists):
        side.bind()
    side.frames.tell("flows", EVER_NEW, RULES, FREE)
    side.enter_veth(1)
    return [under_way(side, lambda: side.load(wanted)) for _ in range(TIMES)]


def list_losses(kind):
    with opened(lambda: kind(2, counted=2)) as (side,):
        for port in (1, 2):
            side.learn(port, STATIONS)
        return load_under_way(side)


def one_more(side, sock):
    """Milliseconds from the request of a rule to the last frame that it denies."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "acl.add",
               "params": {"list": "bench", "seq": 5, "action": "deny", "ip_proto": "udp", "dst_port": str(FREE)}}
    asked = []

    def disturb():
        asked.append(time.monotonic_ns())
        ask(sock, json.dumps(request).encode() + b"\n", 1)
    lost = under_way(side, disturb)
    side.lab.xbr("acl del bench seq 5")
    if not lost:
        raise AssertionError("the rule was never felt")
    return (side.frames.tell("times")["last"][0] - asked[0]) / 1e6


class Sources:
    """A rule that denies flow 0, or all others."""

    def __init__(self, first):
        self.said = f"{'deny' if first else 'permit'} src_ip 10.0.0.1"

    def words(self):
        return self.said


class Rest:
    def words(self):
        return "deny ip_proto udp"


def turned(side, former, later):
    """Milliseconds from the last frame of a flow that only the former rules let pass to the first of one that only the later do."""
    side.load(former)
    through(side, TRIAL)
    side.frames.tell("times")
    under_way(side, lambda: side.load(later))
    times = side.frames.tell("times")
    return (times["first"][1] - times["last"][0]) / 1e6


def rule_felt():
    """Of two flows one is denied: first the other one, then this one."""
    plain = rules(RULES)
    former, later = [Sources(False), Rest(), *plain[2:]], [Sources(True), *plain[1:]]
    with opened(lambda: Lists(2, sink="clock", counted=2)) as (side,):
        for port in (1, 2):
            side.learn(port, STATIONS)
        side.load(plain)
        side.bind()
        side.enter_veth(1)
        side.frames.tell("flows", 1, RULES, FREE)
        with api(side) as sock:
            one = [one_more(side, sock) for _ in range(TIMES)]
        side.frames.tell("flows", 2, RULES, FREE)
        all_of_them = [turned(side, former, later) for _ in range(TIMES)]
    yield Line("B20", "one rule more of 10 K: from the request to the last frame it denies", ours=one, unit="ms", limit=1)
    yield Line("B20", "10 K rules replaced: from the last frame by the old ones to the first by the new ones", ours=all_of_them, unit="ms", limit=1)


# ---- the row ----------------------------------------------------------------------------------------------


def b20(_bench):
    for what, disturb, theirs in (("agent ended and restarted, programs swapped", restart_agent, None),
                                  ("agent killed by SIGKILL and restarted", kill_agent, restart_switch)):
        line = Line("B20", f"frames lost: {what}", ours=losses(Xbr, disturb), unit="frames", limit=0)
        if theirs:
            line.peer, line.its, line.note = OpenVSwitch.name, slow_losses(theirs), f"the peer at {SLOW} frames a second, xbr at full speed"
        yield line
    yield Line("B20", "frames lost: programs swapped for a new feature", ours=losses(Xbr, swap_programs(iter(FEATURES)), ports=3), unit="frames", limit=0)
    yield Line("B20", "frames lost: a port added", Bridge.name, losses(Bridge, add_port), losses(Xbr, add_port), unit="frames", limit=0)
    yield Line("B20", "frames lost: 10 K rules replaced", Sets.name, list_losses(Sets), list_losses(Lists), unit="frames", limit=0)
    yield from rule_felt()
