# SPDX-License-Identifier: Apache-2.0
"""
Every ordered pair of edge modes, and every kind of frame, against a model (edge_model.py) that knows nothing of the datapath; and the same
frames through the kernel's macvlan, set up alike. All frames of a pair are sent at once: each has a number in its payload.
"""

import itertools
import select
import struct

import pytest

from edge_model import FAR, HOST, MODES, Model
from lab import BROADCAST, Lab, Raw, ethernet, inside, run

GROUP = "01:00:5e:00:00:fb"
LISTED, OTHER = "02:bb:00:00:00:01", "02:bb:00:00:00:02"  # stations outside; the first is on source lists
BRIDGE_MAC = "02:ff:00:00:00:01"
SETUPS = [(a, b, nodst) for a, b in itertools.product(MODES, repeat=2) for nodst in ((False, True) if "source" in (a, b) else (False,))]


class Places:
    """far, a, b and the host: where frames are sent and heard."""

    def __init__(self, far, a, b, host_mac):
        self.raws = {FAR: far, "a": a, "b": b}
        self.macs = {"a": "02:00:00:00:00:02", "b": "02:00:00:00:00:03", HOST: host_mac, "outside": OTHER, "listed": LISTED, "group": GROUP}

    def mac(self, who, number):
        return f"02:cc:00:00:00:{number:02x}" if who == "unknown" else self.macs[who]


def stimuli(with_host):
    """(where it is sent, whose source it has, to whom)."""
    for port, other in (("a", "b"), ("b", "a")):
        for to in (other, "unknown", "group", "outside") + ((HOST,) if with_host else ()):
            yield port, port, to
    for source in ("a", "b", "outside", "listed") + ((HOST,) if with_host else ()):
        for to in ("a", "b", "unknown", "group") + ((HOST,) if with_host else ()):
            if source != to:
                yield FAR, source, to
    for to in ("a", "b", "unknown", "group", "outside") if with_host else ():
        yield HOST, HOST, to


def expected(model, where, source, to):
    if where == FAR:
        return model.arrives(source, to)
    return model.sent_by_host(to) if where == HOST else model.sent_by_port(where, to)


class Round:
    """All stimuli through one setup: what came out where."""

    def __init__(self, places, stimuli):
        self.places, self.list = places, list(stimuli)

    def frame(self, number):
        _where, source, to = self.list[number]
        return ethernet(self.places.mac(to, number), self.places.mac(source, number), payload=struct.pack("!4sH", b"pair", number))

    def _drain(self, quiet):
        """(place, frame) of all that comes in until it has been quiet everywhere for a while."""
        sockets = {raw.socket: place for place, raw in self.places.raws.items()}
        found = []
        while ready := select.select(list(sockets), [], [], quiet)[0]:
            for place in (sockets[each] for each in ready):
                while (frame := self.places.raws[place].receive(0)) is not None:
                    found.append((place, frame))
        return found

    def run(self):
        self._drain(0.02)
        for number, (where, _source, _to) in enumerate(self.list):
            self.places.raws[where].send(self.frame(number))
        heard = {number: [] for number in range(len(self.list))}
        for place, frame in self._drain(0.15):
            if frame[14:18] == b"pair":
                number = struct.unpack("!H", frame[18:20])[0]
                assert frame == self.frame(number), "the copy is the frame"
                heard[number].append(place)
        return {self.list[number]: sorted(copies) for number, copies in heard.items()}


class XbrSide:
    def __init__(self, lab, xdp, flood):
        self.lab = lab
        far, a, b = lab.guests(3)
        lab.bridge([far, a, b], options=f"address {BRIDGE_MAC}", link_options=f"xdp {xdp} flood {flood}")
        lab.xbr("link set v1 role uplink flood on")
        self.places = Places(Raw(far.ns, "eth0"), Raw(a.ns, "eth0"), Raw(b.ns, "eth0"), BRIDGE_MAC)
        self.places.raws[HOST] = Raw(lab.ns, "br0")
        self.speak()

    def speak(self):
        for place, who in (("a", "a"), ("b", "b"), (FAR, "outside"), (FAR, "listed")):
            self.places.raws[place].send(ethernet(BROADCAST, self.places.macs[who]))

    def set(self, a, b, nodst):
        """One by one, from a state in which each step is possible. False: refused."""
        for port in ("v2", "v3"):
            self.lab.xbr(f"link set {port} mode bridge macaddr set {LISTED} nodst {'on' if nodst else 'off'}")
        for port, mode in (("v2", a), ("v3", b)):
            if self.lab.xbr(f"link set {port} mode {mode}", check=False).returncode:
                return False
        self.speak()
        return True


def model_of(a, b, nodst, **more):
    return Model({"a": a, "b": b}, sources={"a": {"listed"}, "b": {"listed"}}, nodst=frozenset("ab" if nodst else ""), **more)


@pytest.mark.parametrize("flood", ["on", "off"])
@pytest.mark.parametrize("xdp", ["off", "native", "generic"])
def test_each_pair_of_modes_is_as_the_model_has_it(running, xdp, flood):
    side = XbrSide(running, xdp, flood)
    wrong = []
    for a, b, nodst in SETUPS:
        model = model_of(a, b, nodst, floods=flood == "on")
        assert side.set(a, b, nodst) == model.possible(), (a, b)
        if not model.possible():
            continue
        for (where, source, to), places in Round(side.places, stimuli(True)).run().items():
            want = sorted(expected(model, where, source, to))
            if places != want:
                wrong.append(f"{a}/{b}{' nodst' if nodst else ''}: at {where} from {source} to {to}: {places}, not {want}")
    assert not wrong, "\n".join(wrong)


# ---- the kernel's macvlan ----


class MacvlanSide:
    """The same places: two macvlans on a lower device, whose far end is the network. The host is not asked: it cannot talk to macvlans."""

    def __init__(self, lab):
        self.lab = lab
        self.guests = lab.guests(3)
        run(f"ip -n {lab.ns} link set v1 address {BRIDGE_MAC}")
        self.far = Raw(self.guests[0].ns, "eth0")
        self.places = None

    def close(self):
        for place in ("a", "b"):
            if self.places:
                self.places.raws[place].close()
            run(f"ip -n {self.lab.ns} link del mv{place}", check=False)
            run(f"ip -n {self.guests[1 if place == 'a' else 2].ns} link del mv{place}", check=False)
        self.places = None

    def add(self, place, guest, mode, flags=""):
        mac = "02:00:00:00:00:02" if place == "a" else "02:00:00:00:00:03"
        run(f"ip -n {self.lab.ns} link add mv{place} link v1 address {mac} type macvlan mode {mode}{flags}")
        if mode == "source":
            run(f"ip -n {self.lab.ns} link set mv{place} type macvlan macaddr add {LISTED}")
        run(f"ip -n {self.lab.ns} link set mv{place} netns {guest.ns}")
        run(f"ip -n {guest.ns} link set mv{place} up")
        return Raw(guest.ns, f"mv{place}")

    @staticmethod
    def _nodst(mode, nodst):
        return " nodst" if nodst and mode == "source" else ""

    def set(self, a, b, nodst):
        self.close()
        self.places = Places(self.far, self.add("a", self.guests[1], a, self._nodst(a, nodst)), self.add("b", self.guests[2], b, self._nodst(b, nodst)), BRIDGE_MAC)


def what_macvlan_does_else(a, b, where, source, to):
    """Where macvlan differs by intent from what the modes promise (docs/decisions/030), it says what it does; else None."""
    modes = {"a": a, "b": b}
    if where != FAR or source not in modes:
        return None
    if to == "group" and modes[source] in ("private", "source"):
        return [source]                       # comes back to its sender
    if to in modes and "private" in (modes[source], modes[to]) and modes[to] != "source":
        return [to]                           # a sibling's unicast reaches a private port when reflected
    return None


@pytest.mark.parametrize("nopromisc", [False, True])
def test_passthru_is_as_macvlan_has_it(lab, nopromisc):
    """Alone, as macvlan wants it: the station `b` is one of the network. The lower device takes the address of the macvlan."""
    side, wrong = MacvlanSide(lab), []
    side.places = Places(side.far, side.add("a", side.guests[1], "passthru", " nopromisc" if nopromisc else ""), Raw(side.guests[2].ns, "eth0"), BRIDGE_MAC)
    model = Model({"a": "passthru"}, floods=False)
    side.places.raws.pop("b")
    with_a = [stimulus for stimulus in stimuli(False) if stimulus[0] != "b"]
    for (where, source, to), places in Round(side.places, with_a).run().items():
        want = sorted(expected(model, where, source, to) - {HOST})
        if (where, source, to) == (FAR, "a", "group"):
            want = ["a"]  # comes back to its sender, as of private
        if nopromisc and where == FAR and to == "group":
            continue      # macvlan then has a filter of its own, for groups that were joined: xbr leaves that to the guest
        if places != want:
            wrong.append(f"at {where} from {source} to {to}: {places}, not {want}")
    assert not wrong, "\n".join(wrong)


def test_each_pair_of_modes_is_as_macvlan_has_it(lab):
    """flood off: macvlan knows all its addresses, and floods no unicast. What is refused by one of the two is left out: passthru with another."""
    side, wrong, by_intent = MacvlanSide(lab), [], 0
    for a, b, nodst in SETUPS:
        if "passthru" in (a, b):
            continue
        side.set(a, b, nodst)
        model = model_of(a, b, nodst, floods=False)
        for (where, source, to), places in Round(side.places, stimuli(False)).run().items():
            else_ = what_macvlan_does_else(a, b, where, source, to)
            want = sorted(expected(model, where, source, to) - {HOST}) if else_ is None else else_
            by_intent += else_ is not None and else_ != sorted(expected(model, where, source, to))
            if places != want:
                wrong.append(f"{a}/{b}{' nodst' if nodst else ''}: at {where} from {source} to {to}: {places}, not {want}")
    assert not wrong, "\n".join(wrong)
    assert by_intent > 0, "the differences are there"
