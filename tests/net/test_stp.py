# SPDX-License-Identifier: Apache-2.0
"""Spanning tree: the options, edge ports, guards, malformed BPDUs, and the kernel's bridge as the neighbour, in both orders."""

import json
import os
import signal
import subprocess
import time

import pytest

from lab import ethernet, run, wait_for
from peers import KernelPeer

FAST = "stp_state 1 hello_time 1s max_age 6s forward_delay 2s"
BPDU_ADDRESS = "01:80:c2:00:00:00"


def stp(lab, dev="br0"):
    return lab.show(f"stp show {dev}")[0]


def roles(lab):
    return {port["ifname"]: (port["role"], port["state"]) for port in stp(lab)["ports"]}


def counters(lab, port):
    return stp(lab, port)["ports"][0]["counters"]


def rst(flags=0x3C, root=0, bridge=0, port=0x8001, age=0, cost=0, source="02:00:00:00:99:01", version=2, length=None):
    """A frame with an RST BPDU."""
    octets = (b"\0\0" + bytes([version, 2, flags]) + root.to_bytes(8, "big") + cost.to_bytes(4, "big") + bridge.to_bytes(8, "big")
              + port.to_bytes(2, "big") + (age * 256).to_bytes(2, "big") + (20 * 256).to_bytes(2, "big") + (2 * 256).to_bytes(2, "big")
              + (15 * 256).to_bytes(2, "big") + b"\0")
    return frame_of(octets[:length], source)


def frame_of(bpdu, source="02:00:00:00:99:01"):
    body = b"\x42\x42\x03" + bpdu
    raw = bytes.fromhex(BPDU_ADDRESS.replace(":", "")) + bytes.fromhex(source.replace(":", "")) + len(body).to_bytes(2, "big") + body
    return raw + bytes(max(0, 60 - len(raw)))


def bpdus(ears, guest, seconds=2.5):
    """All BPDUs that come in at a guest in so many seconds: `ears.frames()` waits for silence, which there is none of."""
    end, raw, found = time.monotonic() + seconds, ears.raws[guest], []
    while (left := end - time.monotonic()) > 0:
        frame = raw.receive(left)
        if frame and frame[:6] == bytes.fromhex(BPDU_ADDRESS.replace(":", "")):
            found.append(frame)
    return found


def cabled(lab, peer, options="admin_edge off"):
    """The peer's cables as ports of br0."""
    for port in peer.ports:
        lab.xbr(f"link add {port} master br0 {options}")
    peer.plug()


# ---- options ----

def test_options_are_shown_saved_and_kept(running):
    g1, = running.guests(1)
    running.xbr("bridge add br0 stp_state 1 stp_version rstp priority 4096 hello_time 1s max_age 8s forward_delay 5s tx_hold_count 4")
    running.xbr("link add v1 master br0 cost 777 priority 16 bpdu_guard on root_block on loop_guard on auto_edge off admin_edge off "
                "point_to_point on restricted_tcn on bridge_assurance on")
    saved = running.xbr("save").stdout
    for words in ("stp_state 1", "priority 4096", "hello_time 100", "max_age 800", "forward_delay 500", "tx_hold_count 4", "cost 777",
                  "priority 16", "bpdu_guard on", "root_block on", "loop_guard on", "auto_edge off", "admin_edge off",
                  "point_to_point on", "restricted_tcn on", "bridge_assurance on"):
        assert words in saved, words
    data = running.show("bridge show")[0]["linkinfo"]["info_data"]
    assert data["priority"] == 4096 and data["stp_state"] == 1 and data["bridge_id"].startswith("1000.")
    port = stp(running)["ports"][0]
    assert port["cost"] == 777 and port["port_id"] == f"{(64 << 8) + running.show('link show')[0]['port']:#06x}"
    running.agent.kill9()
    running.agent.start()
    assert running.xbr("save").stdout == saved
    running.xbr("bridge set br0 stp_state 0")
    assert running.xbr("stp show br0", check=False).returncode != 0
    running.wait_forwarding("v1")


@pytest.mark.parametrize("command, sentence", [
    ("bridge set br0 hello_time 11s", "hello_time"),
    ("bridge set br0 max_age 5s", "max_age"),
    ("bridge set br0 tx_hold_count 11", "tx_hold_count"),
    ("bridge set br0 stp_version pvst", "stp_version"),
    ("link set v1 priority 5", "multiple of 4"),
    ("stp show v9", "v9"),
    ("stp mcheck v1", "spanning tree is off"),
])
def test_nonsense_is_refused_with_a_sentence(running, command, sentence):
    running.bridge(running.guests(1))
    done = running.xbr(command, check=False)
    assert done.returncode != 0 and sentence in done.stderr


def test_the_kernels_own_spanning_tree_is_off(running):
    run(f"ip -n {running.ns} link add br0 type bridge stp_state 1")
    running.xbr("bridge add br0 stp_state 1")
    details = json.loads(run(f"ip -n {running.ns} -j -d link show dev br0").stdout)[0]
    assert details["linkinfo"]["info_data"]["stp_state"] == 0


def test_the_cost_is_that_of_the_speed(running):
    running.guests(1)
    running.xbr("bridge add br0 stp_state 1")
    running.xbr("link add v1 master br0")
    assert stp(running)["ports"][0]["cost"] == 2000  # ethtool says 10 Gb/s of a veth


# ---- edge ports ----

def test_a_guest_is_forwarding_at_once(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST}")
    run(f"ip -n {running.ns} link set br0 up")
    running.xbr("link add v1 master br0")
    running.xbr("link add v2 master br0")
    assert roles(running) == {"v1": ("designated", "forwarding"), "v2": ("designated", "forwarding")}
    assert all(port["oper_edge"] for port in stp(running)["ports"])
    g1.address(), g2.address()
    assert g1.ping(g2.ip)


def test_a_port_that_is_no_edge_waits_and_carries_nothing(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    running.xbr("link add v2 master br0 admin_edge off auto_edge off")
    with running.listen(g1, g2) as ears:
        g2.send(ethernet("ff:ff:ff:ff:ff:ff", g2.mac))
        g1.send(ethernet("ff:ff:ff:ff:ff:ff", g1.mac))
        assert not [f for f in ears.frames(g1) if f[6:12] == bytes.fromhex(g2.mac.replace(":", ""))]
        assert not [f for f in ears.frames(g2) if f[6:12] == bytes.fromhex(g1.mac.replace(":", ""))]
    assert running.stats("v2")["reasons"]["port_discarding"] >= 1
    assert g2.mac not in running.fdb()


def test_an_edge_port_that_hears_a_bpdu_is_none_any_more(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    for port in ("v1", "v2"):
        running.xbr(f"link add {port} master br0")
    g1.send(rst(root=0x8000_0200_0000_0099, bridge=0x8000_0200_0000_0099))
    wait_for(lambda: not stp(running, "v1")["ports"][0]["oper_edge"], what="v1 no edge")
    assert stp(running, "v2")["ports"][0]["oper_edge"]
    assert counters(running, "v1")["rx_rst"] == 1


def test_a_guests_bpdus_do_not_leave_by_another_port(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    for port in ("v1", "v2"):
        running.xbr(f"link add {port} master br0")
    frame = rst(root=0x8000_0200_0000_0099, bridge=0x8000_0200_0000_0099)
    with running.listen(g2) as ears:
        g1.send(frame)
        heard = ears.frames(g2, quiet=0.5)
    assert frame not in heard
    assert all(f[6:12] != frame[6:12] for f in heard)


# ---- guards ----

def test_bpdu_guard_shuts_the_port_until_its_link_went(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0 bpdu_guard on")
    running.wait_forwarding("v1")
    g1.send(rst(root=1, bridge=1))
    wait_for(lambda: stp(running, "v1")["ports"][0]["held_by"] == "bpdu_guard", what="the guard")
    assert roles(running)["v1"][1] == "discarding"
    assert stp(running)["history"][0]["cause"] == "bpdu_guard"
    assert stp(running)["root_id"] == stp(running)["bridge_id"]
    run(f"ip -n {g1.ns} link set eth0 down")
    wait_for(lambda: running.show("link show dev v1")[0]["state"] == "disabled", what="v1 without carrier")
    run(f"ip -n {g1.ns} link set eth0 up")
    running.wait_forwarding("v1")


def test_root_guard_keeps_a_guest_from_becoming_the_root(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0 root_block on")
    g1.send(rst(root=1, bridge=1))
    wait_for(lambda: roles(running)["v1"] == ("alternate", "discarding"), what="v1 alternate")
    assert stp(running)["root_id"] == stp(running)["bridge_id"]


def test_bpdu_filter_hears_and_says_nothing(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0 bpdu_filter on")
    with running.listen(g1) as ears:
        g1.send(rst(root=1, bridge=1))
        assert not [f for f in ears.frames(g1, quiet=2.5) if f[:6] == bytes.fromhex("0180c2000000") and f[6:12] != b"\x02\0\0\0\x99\x01"]
    assert counters(running, "v1")["rx_filtered"] == 1
    assert roles(running)["v1"] == ("designated", "forwarding")


# ---- what strangers send ----

def test_malformed_bpdus_are_counted_and_nothing_else(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    running.wait_forwarding("v1")
    before = stp(running)
    g1.send(rst(length=20), frame_of(b"\0\1\2\2" + bytes(40)), frame_of(b"\0\0\0"), rst(age=21), frame_of(b"\0\0\0\x55" + bytes(40)))
    wait_for(lambda: counters(running, "v1")["rx_malformed"] == 4, what="four malformed BPDUs")
    assert counters(running, "v1")["rx_old"] == 1
    after = stp(running)
    assert after["ports"][0]["oper_edge"] and len(after["history"]) == len(before["history"])
    assert after["topology_changes"] == before["topology_changes"]


def test_an_own_bpdu_that_comes_back_is_counted_and_nothing_else(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    with running.listen(g1) as ears:
        own = bpdus(ears, g1)[0]
    g1.send(own)
    wait_for(lambda: counters(running, "v1")["rx_own"] == 1, what="the own BPDU")
    assert stp(running, "v1")["ports"][0]["oper_edge"]


def test_a_thousand_tcns_are_policed(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    flushes = running.show("stp show br0")[0]["topology_changes"]
    g1.send(*[frame_of(b"\0\0\0\x80")] * 1000)
    wait_for(lambda: counters(running, "v1")["rx_tcn"] >= 50, what="TCNs counted")
    assert stp(running)["topology_changes"] - flushes <= 3


# ---- the kernel's bridge ----

@pytest.mark.parametrize("version", ["rstp", "stp"])
def test_the_kernels_bridge_as_root(running, version):
    running.xbr(f"bridge add br0 {FAST} stp_version {version}")
    peer = KernelPeer(running, "k", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "our roles")
    assert peer.is_root()
    assert stp(running)["root_id"].lower() == peer.details()["root_id"].lower()
    wait_for(lambda: set(peer.states().values()) == {"forwarding"}, 20, "the peer's ports")
    assert counters(running, "kc1")["rx_config"] > 0


@pytest.mark.parametrize("version", ["rstp", "stp"])
def test_the_kernels_bridge_below_us(running, version):
    running.xbr(f"bridge add br0 {FAST} stp_version {version} priority 4096")
    peer = KernelPeer(running, "k", 2)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("designated", "forwarding"), "kc2": ("designated", "forwarding")}, 40, "our roles")
    wait_for(lambda: sorted(peer.states().values()) == ["blocking", "forwarding"], 40, "one of the peer's ports blocked")
    assert not peer.is_root()
    assert counters(running, "kc1")["tx_config"] > 0
    peer.cable(1, up=False)
    wait_for(lambda: peer.states()["c2"] == "forwarding", 40, "the other one forwards")


def test_no_storm_in_a_circle_with_the_kernels_bridge(running):
    """A broadcast sent once is seen a bounded number of times while the circle is being closed."""
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add v1 master br0")
    peer = KernelPeer(running, "k", 2)
    cabled(running, peer)
    with running.listen(g1) as ears:
        for _ in range(60):
            g1.send(ethernet("ff:ff:ff:ff:ff:ff", g1.mac, payload=b"once"))
            time.sleep(0.1)
        heard = [f for f in ears.frames(g1) if f[6:12] == bytes.fromhex(g1.mac.replace(":", ""))]
    assert len(heard) <= 60


# ---- life and death ----

def quiet(lab, port):
    """No BPDU of the last two seconds and more told of a topology change."""
    before = counters(lab, port)["rx_tc"]
    time.sleep(2.5)
    return counters(lab, port)["rx_tc"] == before


def two_cables_to_the_root(running):
    """A guest, and the kernel's bridge, which is the root, at the end of two cables, one of which forwards."""
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    peer = KernelPeer(running, "k", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running).get("kc1") == ("root", "forwarding") and roles(running)["kc2"] == ("alternate", "discarding"), 40, "roles")
    return g1, peer


def beside_the_root(running):
    """A guest with a way to a host behind the kernel's bridge, which is the root, by one of two cables; all has settled."""
    g1, peer = two_cables_to_the_root(running)
    host = peer.host_in("10.0.0.200/16")
    g1.address()
    wait_for(lambda: g1.ping("10.0.0.200", count=1), 30, "a way to the host")
    wait_for(lambda: quiet(running, "kc1"), 40, "the end of the last topology change")
    return g1, host


def test_a_killed_agent_comes_back_without_a_topology_change(running):
    g1, host = beside_the_root(running)
    ping = g1.popen("ping", "-q", "-i", "0.02", "-c", "400", "10.0.0.200", stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    running.agent.kill9()
    time.sleep(0.5)
    running.agent.start()
    out, _ = ping.communicate(timeout=30)
    assert "400 received" in out, out
    after = stp(running)
    assert after["topology_changes"] == 0 and not after["history"]
    for port in ("kc1", "kc2", "v1"):
        sent = counters(running, port)
        assert sent["tx_tcn"] == sent["tx_tc"] == 0, port
    assert roles(running)["kc1"] == ("root", "forwarding") and roles(running)["kc2"] == ("alternate", "discarding")
    assert host


def test_a_stopped_agent_does_not_flap(running):
    running.xbr(f"bridge add br0 {FAST}")
    peer = KernelPeer(running, "k", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "roles")
    time.sleep(1)
    before = len(stp(running)["history"])
    os.kill(running.agent.process.pid, signal.SIGSTOP)
    time.sleep(1)
    os.kill(running.agent.process.pid, signal.SIGCONT)
    time.sleep(3)
    assert len(stp(running)["history"]) == before


def test_an_agent_that_was_gone_for_longer_than_max_age_takes_part_anew(running):
    running.xbr(f"bridge add br0 {FAST}")
    peer = KernelPeer(running, "k", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "roles")
    running.agent.kill9()
    time.sleep(8)
    running.agent.start()
    assert "takes part anew" in running.agent.read_log()
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "roles")


def test_several_bridges_have_trees_of_their_own(running):
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr(f"bridge add br1 {FAST}")
    for n in (1, 2):
        run(f"ip -n {running.ns} link add a{n} type veth peer name b{n}")
        running.xbr(f"link add a{n} master br0 admin_edge off")
        running.xbr(f"link add b{n} master br1 admin_edge off")
        run(f"ip -n {running.ns} link set a{n} up")
        run(f"ip -n {running.ns} link set b{n} up")
    def settled():
        states = {p["ifname"]: (p["role"], p["state"]) for bridge in running.show("stp show") for p in bridge["ports"]}
        return states == {"a1": ("designated", "forwarding"), "a2": ("designated", "forwarding"), "b1": ("root", "forwarding"),
                          "b2": ("alternate", "discarding")}
    wait_for(settled, 20, "the two trees")
    run(f"ip -n {running.ns} link set a1 down")
    wait_for(lambda: {p["ifname"]: p["state"] for p in stp(running, "br1")["ports"]}["b2"] == "forwarding", 10, "b2 forwarding")


# ---- shut by a BPDU, and back ----

def shut_by_bpdu(lab, guest, options=""):
    lab.xbr(f"bridge add br0 {FAST}")
    lab.xbr(f"link add {guest.port} master br0 bpdu_guard on {options}")
    lab.wait_forwarding(guest.port)
    guest.send(rst(root=1, bridge=1))
    wait_for(lambda: lab.show(f"link show dev {guest.port}")[0].get("err_disabled") == "bpdu-guard", what="the port err-disabled")
    assert lab.show(f"link show dev {guest.port}")[0]["state"] == "disabled"


def test_a_port_that_bpdu_guard_shut_comes_back_by_command(running):
    g1, = running.guests(1)
    shut_by_bpdu(running, g1)
    saved = running.xbr("save").stdout
    running.agent.kill9()
    running.agent.start()
    assert running.show("link show dev v1")[0]["err_disabled"] == "bpdu-guard" and running.xbr("save").stdout == saved
    assert stp(running, "v1")["ports"][0]["held_by"] == "bpdu_guard"
    running.xbr("link recover dev v1")
    running.wait_forwarding("v1")
    assert "err_disabled" not in running.show("link show dev v1")[0]
    g1.send(rst(root=1, bridge=1))
    wait_for(lambda: "err_disabled" in running.show("link show dev v1")[0], what="shut again")
    running.xbr("link set dev v1 bpdu_guard off")
    running.wait_forwarding("v1")


def test_a_port_that_bpdu_guard_shut_comes_back_after_its_recovery_time(running):
    g1, = running.guests(1)
    shut_by_bpdu(running, g1, "recovery 2s")
    running.wait_forwarding("v1")
    assert counters(running, "v1")["guarded"] == 1


def test_restricted_role_network_and_mcheck_are_words_of_a_link(running):
    running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0 restricted_role on network on")
    assert "root_block on" in running.xbr("save").stdout and "bridge_assurance on" in running.xbr("save").stdout
    running.xbr("link set dev v1 mcheck")
    running.xbr("link set dev v1 mcheck network off")
    assert "bridge_assurance" not in running.xbr("save").stdout
    running.xbr("bridge set br0 stp_state 0")
    done = running.xbr("link set dev v1 mcheck", check=False)
    assert done.returncode != 0 and "spanning tree is off" in done.stderr


# ---- BPDUs on other kinds of ports ----

def test_bpdus_of_vlan_aware_bridges_are_untagged_and_tagged_ones_are_none(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST} vlan_filtering 1 priority 4096")
    for port in ("v1", "v2"):
        running.xbr(f"link add {port} master br0")
        running.xbr(f"vlan add vid 10 dev {port}")
    running.xbr("vlan del vid 1 dev v1")  # no PVID: untagged frames are dropped, BPDUs are not
    running.wait_forwarding("v1", "v2")
    with running.listen(g1) as ears:
        own = bpdus(ears, g1)
        assert own and all(f[12:14] != b"\x81\0" for f in own)
    frame = rst(root=0x8000_0200_0000_0099, bridge=0x8000_0200_0000_0099)
    with running.listen(g2) as ears:
        for tci in (0x0000, 0xe000, 0x000a):
            g1.send(frame[:12] + b"\x81\0" + tci.to_bytes(2, "big") + frame[12:])
        wait_for(lambda: counters(running, "v1")["rx_malformed"] == 3, what="three frames that are no BPDUs")
        assert stp(running, "v1")["ports"][0]["oper_edge"]
        g1.send(frame)
        wait_for(lambda: counters(running, "v1")["rx_rst"] == 1, what="the BPDU")
        assert not stp(running, "v1")["ports"][0]["oper_edge"]
        assert not [f for f in bpdus(ears, g2, 0.5) if f[6:12] == frame[6:12]]


def test_channels_have_spanning_tree_of_their_own(running):
    """S-channels: the far side of each hears its BPDUs behind its tag, and the untagged ones of the default channel."""
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add c1 type schannel dev v1 svid 1 master br0")
    running.xbr("link add c2 type schannel dev v1 svid 20 master br0")
    running.wait_forwarding("c1", "c2")
    with running.listen(g1) as ears:
        heard = {f[12:16] for f in bpdus(ears, g1)}
    assert b"\x88\xa8\x00\x14" in heard and any(f[:2] not in (b"\x88\xa8", b"\x81\0") for f in heard), heard
    frame = rst(root=0x8000_0200_0000_0099, bridge=0x8000_0200_0000_0099)
    g1.send(frame[:12] + b"\x88\xa8\x00\x14" + frame[12:])
    wait_for(lambda: counters(running, "c2")["rx_rst"] == 1, what="the BPDU of channel 20")
    assert counters(running, "c1")["rx_rst"] == 0 and stp(running, "c1")["ports"][0]["oper_edge"]
    g1.send(frame)
    wait_for(lambda: counters(running, "c1")["rx_rst"] == 1, what="the BPDU of the default channel")
    assert counters(running, "c2")["rx_rst"] == 1


# ---- more of what strangers send ----

def test_a_version_to_come_and_unknown_tails_are_read_as_what_is_known(running):
    """802.1Q, 14.4: a BPDU of version 5 is one of version 3, and of 2 where it is no whole MST BPDU; what follows is not looked at."""
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add v1 master br0")
    running.wait_forwarding("v1")
    worse = dict(root=0xf000_0200_0000_0099, bridge=0xf000_0200_0000_0099, flags=0x0c)  # one that carries nothing: no dispute
    g1.send(rst(version=5, **worse))
    wait_for(lambda: counters(running, "v1")["rx_rst"] == 1, what="version 5")
    bpdu = rst(**worse)[17:17 + 36]
    for tail in (b"\xff" * 8, b"\x00\x40" + b"\xee" * 60, b"\x7f\xff" + b"\x01\x02" * 300):
        g1.send(frame_of(bpdu + tail))
    wait_for(lambda: counters(running, "v1")["rx_rst"] == 4, what="unknown tails")
    assert counters(running, "v1")["rx_malformed"] == counters(running, "v1")["rx_mst"] == 0
    assert roles(running)["v1"] == ("designated", "forwarding") and stp(running)["root_id"] == stp(running)["bridge_id"]


# ---- another build ----

def test_another_build_takes_over_without_a_topology_change(running):
    """Another size of the maps is another set of them: everything is carried over."""
    g1, _host = beside_the_root(running)
    ping = g1.popen("ping", "-q", "-i", "0.02", "-c", "300", "10.0.0.200", stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    running.agent.end()
    running.agent.start("--max-ports", "2000")
    out, _ = ping.communicate(timeout=30)
    assert "300 received" in out, out
    assert not stp(running)["history"] and stp(running)["topology_changes"] == 0
    assert all(counters(running, port)["tx_tcn"] == counters(running, port)["tx_tc"] == 0 for port in ("kc1", "kc2", "v1"))
