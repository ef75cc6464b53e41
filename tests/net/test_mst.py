# SPDX-License-Identifier: Apache-2.0
"""
Spanning tree instances: the words, the region, two bridges with two links that share VLANs between them, what a cut link and a topology
change do to the VLANs of one tree and not to those of another, regions, and agents that die.
"""

import json
import time

import pytest

from lab import BROADCAST, ethernet, run, wait_for
from peers import KernelPeer, OvsPeer
from test_stp import FAST, cabled, roles, stp
from test_stp_peers import complaints, needs_ovs, needs_tshark

MSTP = f"{FAST} stp_version mstp vlan_filtering 1"
REGION = "name town revision 7"


def mst(lab, dev):
    return lab.show(f"mst show {dev}")[0]


def instance(lab, bridge, msti):
    return next(each for each in mst(lab, bridge)["mst"] if each["msti"] == msti)


def states(lab, port):
    """{msti: (role, state)}"""
    return {each["msti"]: (each["role"], each["state"]) for each in mst(lab, port)["mst"]}


# ---- words ----

def test_instances_are_shown_saved_and_kept(running):
    running.guests(1)
    running.xbr(f"bridge add br0 {MSTP}")
    running.xbr("link add v1 master br0")
    running.xbr(f"mst set br br0 {REGION} max_hops 12")
    running.xbr("mst add br br0 msti 3 vid 10-20,30 priority 4096")
    running.xbr("mst add br0 msti 4094 vid 4094")
    running.xbr("mst set dev v1 msti 3 cost 77 priority 16")
    shown = mst(running, "br0")
    assert (shown["name"], shown["revision"], shown["max_hops"], shown["mst_enabled"]) == ("town", 7, 12, True)
    assert instance(running, "br0", 3)["vlans"] == [{"vlan": 10, "vlanEnd": 20}, {"vlan": 30}]
    assert instance(running, "br0", 3)["bridge_id"].startswith("1003.")
    assert instance(running, "br0", 0)["vlans"][0] == {"vlan": 1, "vlanEnd": 9}
    port = next(each for each in mst(running, "v1")["mst"] if each["msti"] == 3)
    assert (port["cost"], port["priority"], port["state"]) == (77, 16, "forwarding")
    saved = running.xbr("save").stdout
    for line in ("mst set br br0 name town revision 7 max_hops 12", "mst add br br0 msti 3 priority 4096", "mst set br br0 msti 3 vid 10-20",
                 "mst set br br0 msti 3 vid 30", "mst add br br0 msti 4094", "mst set dev v1 msti 3 cost 77 priority 16"):
        assert line in saved.splitlines(), line
    digest = shown["digest"]
    running.agent.kill9()
    running.agent.start()
    assert running.xbr("save").stdout == saved
    assert mst(running, "br0")["digest"] == digest
    path = f"{running.folder}/saved.conf"
    with open(path, "w") as conf:
        conf.write(saved)
    assert json.loads(running.xbr(f"-j apply {path}").stdout)["changed"] == 0
    running.xbr("mst del br br0 msti 3 vid 30")
    assert instance(running, "br0", 3)["vlans"] == [{"vlan": 10, "vlanEnd": 20}]
    assert mst(running, "br0")["digest"] != digest
    running.xbr("mst del br br0 msti 3")
    assert "msti 3 " not in running.xbr("save").stdout
    running.xbr(f"apply {path}")
    assert running.xbr("save").stdout == saved
    assert mst(running, "br0")["digest"] == digest
    text = running.xbr("mst show").stdout
    assert "msti 3 priority 4096 vid 10-20,30" in text and "state forwarding role designated cost 77" in text


def test_the_digest_of_no_instances_is_that_of_the_standard(running):
    """802.1Q-2018, table 13-2."""
    running.xbr(f"bridge add br0 {MSTP}")
    assert mst(running, "br0")["digest"] == "ac36177f50283cd4b83821d8ab26de62"
    assert mst(running, "br0")["name"].lower() == running.show("bridge show")[0]["address"]


def test_sixty_four_instances_and_no_more(running):
    running.guests(1)
    running.xbr(f"bridge add br0 {MSTP}")
    running.xbr("link add v1 master br0")
    path = f"{running.folder}/many"
    with open(path, "w") as lines:
        lines.writelines(f"mst add br br0 msti {n} vid {n * 10}-{n * 10 + 9}\n" for n in range(1, 65))
    running.xbr(f"-batch {path}")
    assert set(states(running, "v1")) == set(range(65)) and {s for s in states(running, "v1").values()} == {("designated", "forwarding")}
    done = running.xbr("mst add br br0 msti 65", check=False)
    assert done.returncode != 0 and "64" in done.stderr
    running.xbr("mst del br br0 msti 7")
    running.xbr("mst add br br0 msti 65 vid 70-79")
    assert states(running, "v1")[65] == ("designated", "forwarding")


@pytest.mark.parametrize("command, sentence", [
    ("mst add br br0 msti 0", "msti"),
    ("mst add br br0 msti 4095", "msti"),
    ("mst add br br0 msti 1", "already"),
    ("mst add br br9 msti 1", "br9"),
    ("mst add br br0 msti 2 priority 5000", "4096"),
    ("mst set br br0 msti 2 vid 10", "no msti 2"),
    ("mst set br br0 vid 10", "which msti"),
    ("mst set br br0 msti 0 priority 4096", "common tree"),
    ("mst set br br0 msti 1 priority 65000", "61440"),
    ("mst set br br0 name 123456789012345678901234567890123", "name"),
    ("mst set br br0 max_hops 5", "max_hops"),
    ("mst set br br0 msti 1 cost 5", "of a port"),
    ("mst set br br0 dev v1 msti 1 cost 5", "either"),
    ("mst set dev v1 msti 1 vid 10", "of a bridge"),
    ("mst set dev v1 cost 5", "which msti"),
    ("mst set dev v1 msti 1 priority 5", "multiple of 4"),
    ("mst set dev v1 msti 1 priority 64", "0 to 60"),
    ("mst set dev v1 msti 2 cost 5", "no msti 2"),
    ("mst set dev v1 msti 1 state 3", "states are what"),
    ("mst set dev v9 msti 1 cost 5", "v9"),
    ("mst del br br0 msti 2", "no msti 2"),
    ("mst del br br0 msti 1 vid 11", "VLAN 11"),
    ("mst show dev v9", "v9"),
])
def test_nonsense_is_refused_with_a_sentence(running, command, sentence):
    running.guests(1)
    running.xbr(f"bridge add br0 {MSTP}")
    running.xbr("link add v1 master br0")
    running.xbr("mst add br br0 msti 1 vid 10")
    saved = running.xbr("save").stdout
    done = running.xbr(command, check=False)
    assert done.returncode != 0 and sentence in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert running.xbr("save").stdout == saved


# ---- two bridges, two links, two trees ----

class Town:
    """
    br0, the root of everything, and br1, joined by two links a1-b1 and a2-b2; a guest on each, in VLANs 1 (untagged), 10, 20. VLAN 10 is of
    instance 1, which goes by the first link, VLAN 20 of instance 2, which goes by the second.
    """

    def __init__(self, lab, regions=(REGION, REGION)):
        self.lab = lab
        self.g1, self.g2 = lab.guests(2)
        for bridge, priority, region in (("br0", 4096, regions[0]), ("br1", 32768, regions[1])):
            lab.xbr(f"bridge add {bridge} {MSTP} priority {priority}")
            lab.xbr(f"mst set br {bridge} {region}")
            for msti in (1, 2):
                lab.xbr(f"mst add br {bridge} msti {msti} vid {msti * 10} priority {priority}")
        for guest, bridge in ((self.g1, "br0"), (self.g2, "br1")):
            lab.xbr(f"link add {guest.port} master {bridge}")
            lab.xbr(f"vlan add vid 10,20 dev {guest.port}")
        for n in (1, 2):
            run(f"ip -n {lab.ns} link add a{n} type veth peer name b{n}")
            for port, bridge in ((f"a{n}", "br0"), (f"b{n}", "br1")):
                lab.xbr(f"link add {port} master {bridge} admin_edge off")
                lab.xbr(f"vlan add vid 10,20 dev {port}")
        lab.xbr("mst set dev b2 msti 2 cost 1")
        for port in ("a1", "b1", "a2", "b2"):
            run(f"ip -n {lab.ns} link set {port} up")

    def wait(self, first, second, what):
        """first, second: states of b1 and b2 by instance."""
        wait_for(lambda: states(self.lab, "b1") == first and states(self.lab, "b2") == second, 30, what)

    def frame(self, vid, payload, src=None, dst=BROADCAST):
        tags = [(0x8100, vid)] if vid > 1 else []
        return ethernet(dst, src or self.g1.mac, payload=payload, tags=tags)

    def sent_by(self, port):
        return self.lab.stats(port)["tx"]["packets"]


ROOT, ALTERNATE = ("root", "forwarding"), ("alternate", "blocking")


@pytest.fixture
def town(running):
    place = Town(running)
    place.wait({0: ROOT, 1: ROOT, 2: ALTERNATE}, {0: ALTERNATE, 1: ALTERNATE, 2: ROOT}, "the trees of br1")
    return place


def crosses(town, vid, payload):
    """How many copies of a broadcast the other guest gets."""
    with town.lab.listen(town.g2) as ears:
        frame = town.frame(vid, payload)
        town.g1.send(frame)
        return ears.copies(frame)[town.g2]


def seen_on(lab, port, payload, send):
    with lab.listen((lab.ns, port)) as ears:
        send()
        return any(payload in frame for frame in ears.frames((lab.ns, port)))


def test_each_vlan_goes_by_the_link_of_its_tree(running, town):
    assert instance(running, "br1", 1)["root_port"] == "b1" and instance(running, "br1", 2)["root_port"] == "b2"
    assert instance(running, "br1", 1)["regional_root"] == instance(running, "br0", 1)["bridge_id"]
    for vid in (1, 10, 20):
        assert crosses(town, vid, b"once %d" % vid) == 1, vid
    assert running.show("link show dev b2")[0]["state"] == "blocking"
    # and the addresses: VLAN 20's is behind b2
    entries = json.loads(running.xbr("-j fdb show br br1").stdout)
    where = {(e["mac"], e.get("vlan")): e["ifname"] for e in entries}
    assert (where[town.g1.mac, 10], where[town.g1.mac, 20], where[town.g1.mac, 1]) == ("b1", "b2", "b1")


def test_no_frame_of_a_tree_passes_a_port_that_is_blocked_in_it(running, town):
    """What comes in by b1 in VLAN 20 goes nowhere, and is not learned."""
    stranger = "02:00:00:00:77:01"
    before = running.stats("b1")["reasons"]
    with running.listen(town.g2) as ears:
        with running.listen((running.ns, "a1")) as raw:
            frame = ethernet(BROADCAST, stranger, payload=b"no way", tags=[(0x8100, 20)])
            raw.raws[running.ns, "a1"].send(frame)  # on the wire to b1, past br0
        assert frame not in ears.frames(town.g2)
    assert running.stats("b1")["reasons"].get("port_discarding", 0) > before.get("port_discarding", 0)
    assert stranger not in running.fdb()


def test_a_cut_link_moves_its_trees_and_no_other(running, town):
    g1, g2 = town.g1, town.g2
    for guest in (g1, g2):
        for vid in (10, 20):
            guest.run(f"sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    payloads = {10: 0, 20: 0}
    with running.listen(g2) as ears:
        for n in range(60):
            for vid in payloads:
                g1.send(town.frame(vid, b"n%04d" % n))
            if n == 20:
                run(f"ip -n {running.ns} link set a1 down")
            time.sleep(0.02)
        heard = ears.frames(g2, quiet=0.5)
    for vid in payloads:
        payloads[vid] = sum(1 for frame in heard if frame[6:12] == bytes.fromhex(g1.mac.replace(":", ""))
                            and frame[12:16] == bytes([0x81, 0, 0, vid]))
    assert payloads[20] == 60, payloads        # its tree has not changed
    assert 40 <= payloads[10] <= 60, payloads  # well under a second
    town.wait({0: ("disabled", "disabled"), 1: ("disabled", "disabled"), 2: ("disabled", "disabled")}, {0: ROOT, 1: ROOT, 2: ROOT}, "all by b2")
    run(f"ip -n {running.ns} link set a1 up")
    town.wait({0: ROOT, 1: ROOT, 2: ALTERNATE}, {0: ALTERNATE, 1: ALTERNATE, 2: ROOT}, "as before")
    for vid in (1, 10, 20):
        assert crosses(town, vid, b"again %d" % vid) == 1, vid


def test_a_topology_change_flushes_the_vlans_of_its_tree_alone(running, town):
    """Instance 2 of br1 gets another root port: what was learned in VLAN 20 is void, in VLAN 10 it is not."""
    for vid in (10, 20):
        town.g1.send(town.frame(vid, b"learn"))
        town.g2.send(town.frame(vid, b"learn", src=town.g2.mac))
    key = lambda: {(e["mac"], e.get("vlan"), e["ifname"]) for e in json.loads(running.xbr("-j fdb show br br1").stdout)}
    wait_for(lambda: (town.g1.mac, 10, "b1") in key() and (town.g1.mac, 20, "b2") in key(), what="addresses")
    changes = instance(running, "br1", 1)["topology_changes"]
    running.xbr("mst set dev b2 msti 2 cost 100000")
    wait_for(lambda: states(running, "b1")[2] == ROOT, 20, "the other link")
    now = key()
    assert (town.g1.mac, 20, "b2") not in now and (town.g1.mac, 10, "b1") in now
    assert instance(running, "br1", 1)["topology_changes"] == changes
    assert crosses(town, 20, b"the other way") == 1
    wait_for(lambda: (town.g1.mac, 20, "b1") in key(), what="the address behind b1")


def test_a_killed_agent_goes_on_in_all_trees(running, town):
    time.sleep(3)  # what changed is told by now
    frames = {10: 0, 20: 0}
    with running.listen(town.g2) as ears:
        for n in range(150):
            for vid in frames:
                town.g1.send(town.frame(vid, b"n%04d" % n))
            if n == 20:
                running.agent.kill9()
            if n == 60:
                running.agent.start(wait=False)
            time.sleep(0.01)
        wait_for(running.agent.answers, 20, "the agent")
        heard = ears.frames(town.g2, quiet=0.5)
    for vid in frames:
        frames[vid] = sum(1 for frame in heard if frame[12:16] == bytes([0x81, 0, 0, vid]) and frame[18:19] == b"n")
    assert frames == {10: 150, 20: 150}
    assert states(running, "b1") == {0: ROOT, 1: ROOT, 2: ALTERNATE} and states(running, "b2") == {0: ALTERNATE, 1: ALTERNATE, 2: ROOT}
    time.sleep(3.5)  # three hello times
    assert not stp(running, "br1")["history"]
    assert all(instance(running, "br1", msti)["topology_changes"] == 0 for msti in (0, 1, 2))


def test_two_regions_are_one_tree_at_their_boundary(running):
    """Another revision: both instances follow the common tree there, and one link of two forwards, for all VLANs."""
    town = Town(running, (REGION, "name town revision 8"))
    master = ("master", "forwarding")
    town.wait({0: ROOT, 1: master, 2: master}, {0: ALTERNATE, 1: ALTERNATE, 2: ALTERNATE}, "the boundary")
    for vid in (1, 10, 20):
        assert crosses(town, vid, b"once %d" % vid) == 1, vid


def test_a_region_beside_the_kernels_bridge(running):
    """STP of the kernel's bridge: a region of its own."""
    running.xbr(f"bridge add br0 {MSTP}")
    running.xbr("mst add br br0 msti 1 vid 10")
    peer = KernelPeer(running, "k", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "our roles")
    assert states(running, "kc1")[1] == ("master", "forwarding") and states(running, "kc2")[1] == ALTERNATE


@needs_ovs
def test_a_region_beside_open_vswitch(running):
    running.xbr(f"bridge add br0 {MSTP}")
    running.xbr("mst add br br0 msti 1 vid 10")
    peer = OvsPeer(running, "o", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"oc1": ("root", "forwarding"), "oc2": ("alternate", "discarding")}, 40, "our roles")
    wait_for(lambda: states(running, "oc1")[1] == ("master", "forwarding"), 20, "instance 1")
    assert states(running, "oc2")[1] == ALTERNATE


def test_instances_are_in_force_with_mstp_and_vlans_only(running):
    town = Town(running)
    town.wait({0: ROOT, 1: ROOT, 2: ALTERNATE}, {0: ALTERNATE, 1: ALTERNATE, 2: ROOT}, "the trees of br1")
    for bridge in ("br0", "br1"):
        running.xbr(f"bridge set {bridge} stp_version rstp")
    assert not mst(running, "br1")["mst_enabled"]
    wait_for(lambda: roles(running) and running.show("link show dev b1")[0]["state"] == "forwarding"
             and running.show("link show dev b2")[0]["state"] == "blocking", 20, "one tree")
    for vid in (1, 10, 20):
        assert crosses(town, vid, b"one tree %d" % vid) == 1, vid
    for bridge in ("br0", "br1"):
        running.xbr(f"bridge set {bridge} stp_version mstp")
    town.wait({0: ROOT, 1: ROOT, 2: ALTERNATE}, {0: ALTERNATE, 1: ALTERNATE, 2: ROOT}, "three trees")
    for vid in (1, 10, 20):
        assert crosses(town, vid, b"three trees %d" % vid) == 1, vid


# ---- what tshark thinks of them ----

@needs_tshark
def test_tshark_reads_bpdus_with_instances_without_complaint(running, town):
    pcap = f"{running.folder}/mst.pcap"
    dump = running.host("timeout", "20", "tcpdump", "-q", "-n", "-U", "-i", "b1", "-c", "4", "-w", pcap, "ether dst 01:80:c2:00:00:00", check=False)
    assert dump.returncode == 0, dump.stderr
    names = run("tshark", "-n", "-r", pcap, "-T", "fields", "-e", "mstp.cist_internal_root_path_cost", "-e", "mstp.config_name", "-e", "mstp.msti.bridge_priority").stdout
    assert "town" in names, names
    assert complaints(running, pcap) == []
