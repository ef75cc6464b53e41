# SPDX-License-Identifier: Apache-2.0
"""
Scripts for bridge(8) after s/bridge/xbr/: the same lines are run by bridge(8) on a bridge of the kernel's and by xbr on one of xbr's, with
the same device names, each in a host of its own; then both are shown as JSON and compared.
"""

import json

import pytest

from lab import Lab

MAC = "02:00:00:00:cc:0{}".format


class Pair:
    """Two hosts with veth devices v1..v3 in br0: one has the kernel's bridge, the other has xbr."""

    def __init__(self, running):
        self.ours, self.kernel = running, Lab(running.name + "k")
        for lab in (self.ours, self.kernel):
            for n in (1, 2, 3):
                lab.host(f"ip link add v{n} type veth peer name w{n}")
        self.ours.xbr("bridge add br0")
        self.kernel.host("ip link add br0 type bridge mcast_snooping 0")
        for n in (1, 2, 3):
            self.ours.xbr(f"link add v{n} master br0")
            self.kernel.host(f"ip link set v{n} master br0")
        for lab in (self.ours, self.kernel):
            for dev in ("br0", "v1", "v2", "v3", "w1", "w2", "w3"):
                lab.host(f"ip link set {dev} up")
        self.ours.wait_forwarding("v1", "v2", "v3")

    def both(self, words):
        """Runs `bridge WORDS` there and `xbr WORDS` here; returns both."""
        return self.kernel.host(f"bridge {words}", check=False), self.ours.xbr(words, check=False)

    def run(self, script):
        for words in script:
            theirs, ours = self.both(words)
            assert (ours.returncode == 0) == (theirs.returncode == 0), (words, theirs.stderr, ours.stderr)

    def links(self):
        keys = ("hairpin", "learning", "flood", "mcast_flood", "bcast_flood", "isolated", "state", "master", "mtu", "flags")
        return [{link["ifname"]: {key: link[key] for key in keys} for link in shown}
                for shown in (json.loads(self.kernel.host("bridge -j -d link show").stdout), json.loads(self.ours.xbr("-j -d link show").stdout))]

    def fdb(self, words=""):
        """What was added by hand, of both: {(mac, ifname): (state, flags)}."""
        shown = self.both(f"-j fdb show {words}")
        assert all(done.returncode == 0 for done in shown), shown
        # bridge(8) leaves the ifname out where the user named the port
        return [{(entry["mac"], None if "brport" in words else entry["ifname"]): (entry["state"], entry["flags"]) for entry in json.loads(done.stdout)
                 if entry["mac"].startswith("02:00:00:00:cc")} for done in shown]


@pytest.fixture
def pair(running):
    hosts = Pair(running)
    yield hosts
    hosts.kernel.close()


LINK_SCRIPT = [
    "link set dev v1 learning off", "link set dev v1 flood off mcast_flood off", "link set dev v1 bcast_flood off", "link set dev v2 hairpin on",
    "link set dev v2 isolated on learning off flood on", "link set dev v3 hairpin on isolated on", "link set dev v3 hairpin off",
    "link set dev nosuch hairpin on", "link set dev v3 hairpin", "link set dev v3 frobnicate on", "link set dev v3 hairpin maybe", "link show",
    "link show dev v1", "link", "link list", "-d link show dev v2",
]


def test_link_words(pair):
    for words in LINK_SCRIPT:
        pair.run([words])
        theirs, ours = pair.links()
        assert ours == theirs, words


FDB_SCRIPT = [
    f"fdb add {MAC(1)} dev v1 master static", f"fdb add {MAC(2)} dev v1 master dynamic", f"fdb add {MAC(3)} dev v1 master sticky static",
    f"fdb add {MAC(3)} dev v1 master static", f"fdb add to {MAC(4)} dev v2 master static", f"fdb replace {MAC(4)} dev v1 master static",
    f"fdb replace {MAC(5)} dev v2 master static", f"fdb add {MAC(6)} dev v2 master local", f"fdb del {MAC(1)} dev v2 master",
    f"fdb del {MAC(1)} dev v1 master", f"fdb del {MAC(1)} dev v1 master", f"fdb delete {MAC(2)} dev v1 master",
    f"fdb add 00:00:00:00:00:00 dev v1 master static", f"fdb add {MAC(7)} dev nosuch master static", f"fdb add {MAC(7)} dev v1 master frobnicate",
    "fdb add 02:00:00:00:cc dev v1 master static", f"fdb add {MAC(8)} dev v3 master static", f"fdb add {MAC(9)} dev v3 master dynamic",
]


def test_fdb_words(pair):
    for words in FDB_SCRIPT:
        pair.run([words])
        theirs, ours = pair.fdb()
        assert ours == theirs, words
    for selection in ("br br0", "brport v1", "brport v3", "br br0 brport v3", "state static", "state permanent"):
        theirs, ours = pair.fdb(selection)
        assert ours == theirs, selection
    # bridge(8) shows static entries as dynamic ones too: its filter only leaves out permanent ones
    assert all(shown == ("", []) for shown in pair.fdb("dynamic")[1].values())


def test_fdb_get(pair):
    pair.run([f"fdb add {MAC(1)} dev v1 master static"])
    for words in (f"fdb get {MAC(1)} br br0", f"fdb get to {MAC(1)} br br0", f"fdb get {MAC(1)} brport v1", f"fdb get {MAC(1)} dev v1 master"):
        theirs, ours = pair.both(words)
        assert (ours.returncode, ours.stdout.split()) == (theirs.returncode, theirs.stdout.split()), (words, theirs.stderr, ours.stderr)
        theirs, ours = (json.loads(done.stdout) for done in pair.both("-j " + words))
        assert ours == theirs, words
    pair.run([f"fdb get {MAC(2)} br br0", f"fdb get {MAC(1)} br nosuch", "fdb get"])


def test_fdb_flush(pair):
    """
    iproute2 6.1 has no flush yet; what bridge(8) of later versions says of it is held against the list itself: a flush
    without a state forgets dynamic entries here, all but permanent ones there.
    """
    filled = {(MAC(1), "v1"): "static", (MAC(2), "v1"): "", (MAC(3), "v3"): "static", (MAC(4), "v3"): ""}

    def left(words):
        for (mac, dev), state in filled.items():
            pair.ours.xbr(f"fdb replace {mac} dev {dev} master {state or 'dynamic'}")
        done = pair.ours.xbr(f"fdb flush {words}", check=False)
        return done.returncode, set(pair.fdb()[1])

    everything, dynamic = set(filled), {key for key, state in filled.items() if not state}
    assert left("dev br0") == (0, everything - dynamic)
    assert left("dev br0 dynamic") == (0, everything - dynamic)
    assert left("dev br0 brport v1") == (0, everything - {(MAC(2), "v1")})
    assert left("dev br0 static") == (0, dynamic)
    assert left("dev br0 brport v3 static") == (0, everything - {(MAC(3), "v3")})
    assert left("dev br0 permanent") == (0, everything)
    assert left("dev nosuch") == (1, everything)
    assert left("") == (2, everything)


BRIDGE_OPTIONS = [("ageing_time", "6000"), ("ageing_time", "0"), ("group_fwd_mask", "0x4000"), ("group_fwd_mask", "8"), ("group_fwd_mask", "7"),
                  ("address", "02:00:00:00:aa:01")]


@pytest.mark.parametrize("option, value", BRIDGE_OPTIONS)
def test_options_of_a_bridge_are_those_of_ip(pair, option, value):
    words = f"{option} {value}"
    theirs = pair.kernel.host(f"ip link set dev br0 {words if option == 'address' else 'type bridge ' + words}", check=False)
    ours = pair.ours.xbr(f"bridge set dev br0 {words}", check=False)
    assert (ours.returncode == 0) == (theirs.returncode == 0), (theirs.stderr, ours.stderr)
    theirs = json.loads(pair.kernel.host("ip -j -d link show dev br0").stdout)[0]
    ours = pair.ours.show("bridge show dev br0")[0]
    if option == "address":
        assert ours["address"] == theirs["address"] == value
        return
    ours, theirs = ours["linkinfo"]["info_data"][option], theirs["linkinfo"]["info_data"][option]
    assert int(str(ours), 0) == int(str(theirs), 0)


def test_options_of_a_port_are_those_of_ip(pair):
    for value in ("0x4000", "1", "0", "2"):
        theirs = pair.kernel.host(f"ip link set dev v1 type bridge_slave group_fwd_mask {value}", check=False)
        ours = pair.ours.xbr(f"link set dev v1 group_fwd_mask {value}", check=False)
        assert (ours.returncode == 0) == (theirs.returncode == 0), (value, theirs.stderr, ours.stderr)
        slave = json.loads(pair.kernel.host("ip -j -d link show dev v1").stdout)[0]["linkinfo"]["info_slave_data"]
        assert int(pair.ours.show("link show v1")[0]["group_fwd_mask"], 0) == int(slave["group_fwd_mask"], 0), value
