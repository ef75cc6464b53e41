# SPDX-License-Identifier: Apache-2.0
"""
Spanning tree and guests: what the guards hold, the reason that is shown, and how a port comes back; BPDUs that must not leave; a guest that
asks for an address by DHCP the moment it is attached.
"""

import os
import re
import socket
import threading
import time

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lab import BUILD, mac_bytes, run, wait_for
from test_stp import FAST, bpdus, counters, roles, rst, stp, two_cables_to_the_root
from test_punt import counts, flood

BEST = dict(root=0x1000_0200_0000_0099, bridge=0x1000_0200_0000_0099)
WORST = dict(root=0xf000_0200_0000_0099, bridge=0xf000_0200_0000_0099, flags=0x0c)
TC = 0x01


class Neighbour:
    """A guest that speaks BPDUs once in half a second, until it falls silent."""

    def __init__(self, guest, **word):
        self.guest, self.frame, self.silent, self.sent = guest, rst(**word), threading.Event(), 0
        self.thread = threading.Thread(target=self.speak)

    def speak(self):
        while not self.silent.is_set():
            self.guest.send(self.frame)
            self.sent += 1
            self.silent.wait(0.5)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.silent.set()
        self.thread.join()


def held_by(lab, port):
    return stp(lab, port)["ports"][0]["held_by"]


def has_cause(lab, cause):
    return cause in [change["cause"] for change in stp(lab)["history"]]


def hears_the_root(running, *guards):
    """A guest that was v1's root until it fell silent."""
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr(" ".join(["link add v1 master br0 admin_edge off auto_edge off", *guards]))
    with Neighbour(g1, **BEST):
        wait_for(lambda: roles(running)["v1"] == ("root", "forwarding"), 20, "v1 as the root port")
    return g1


# ---- guards ----

def test_loop_guard_holds_a_port_whose_neighbour_fell_silent_until_it_speaks(running):
    g1 = hears_the_root(running, "loop_guard on")
    wait_for(lambda: held_by(running, "v1") == "loop_guard", 15, "the guard")
    assert roles(running)["v1"] == ("designated", "discarding") and has_cause(running, "loop_guard")
    time.sleep(5)  # longer than two forward delays: without the guard it would forward
    assert roles(running)["v1"] == ("designated", "discarding")
    with Neighbour(g1, **BEST):
        wait_for(lambda: roles(running)["v1"] == ("root", "forwarding"), 20, "v1 back")
        assert held_by(running, "v1") == ""


def test_without_loop_guard_a_port_whose_neighbour_fell_silent_forwards(running):
    hears_the_root(running)
    wait_for(lambda: roles(running)["v1"] == ("designated", "forwarding"), 20, "v1 designated")
    assert held_by(running, "v1") == ""


def test_bridge_assurance_holds_a_port_that_hears_nobody_until_it_does(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 0")
    running.xbr("link add v1 master br0 admin_edge off auto_edge off bridge_assurance on")
    wait_for(lambda: held_by(running, "v1") == "bridge_assurance", 15, "the guard")
    assert roles(running)["v1"] == ("designated", "discarding")
    with Neighbour(g1, **WORST):
        wait_for(lambda: roles(running)["v1"] == ("designated", "forwarding"), 20, "v1 forwarding")
        assert held_by(running, "v1") == ""
    wait_for(lambda: held_by(running, "v1") == "bridge_assurance", 15, "the guard again")
    assert roles(running)["v1"] == ("designated", "discarding") and has_cause(running, "bridge_assurance")


@pytest.mark.parametrize("restricted, told", [("on", False), ("off", True)])
def test_restricted_tcn_keeps_a_guests_topology_changes_where_they_are(running, restricted, told):
    g1, _ = running.guests(2)
    running.xbr(f"bridge add br0 {FAST} priority 0")
    for port in ("v1", "v2"):
        running.xbr(f"link add {port} master br0 admin_edge off auto_edge off")
    running.xbr(f"link set dev v1 restricted_tcn {restricted}")
    wait_for(lambda: set(roles(running).values()) == {("designated", "forwarding")}, 20, "both forwarding")
    time.sleep(3)  # the change of the start has been told
    before = counters(running, "v2")["tx_tc"]
    g1.send(rst(**(WORST | {"flags": 0x08 | TC})))  # a root port's
    wait_for(lambda: counters(running, "v1")["rx_tc"] == 1, what="the change")
    time.sleep(1.5)
    assert (counters(running, "v2")["tx_tc"] > before) == told
    running.xbr("link set dev v1 restricted_tcn off")
    time.sleep(3)
    before = counters(running, "v2")["tx_tc"]
    g1.send(rst(**(WORST | {"flags": 0x08 | TC})))
    wait_for(lambda: counters(running, "v2")["tx_tc"] > before, what="the change at v2, now that it may leave")


def test_a_port_that_root_guard_holds_comes_back_when_its_guest_claims_no_more(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0 root_block on")
    with Neighbour(g1, **BEST):
        wait_for(lambda: roles(running)["v1"] == ("alternate", "discarding"), what="v1 alternate")
        time.sleep(2)
        assert roles(running)["v1"] == ("alternate", "discarding") and stp(running)["root_id"] == stp(running)["bridge_id"]
        assert has_cause(running, "bpdu")
    wait_for(lambda: roles(running)["v1"] == ("designated", "forwarding"), 20, "v1 back")


def test_a_port_hears_and_speaks_again_without_bpdu_filter(running):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add v1 master br0 bpdu_filter on")
    with running.listen(g1) as ears:
        assert bpdus(ears, g1) == []
        running.xbr("link set dev v1 bpdu_filter off")
        assert bpdus(ears, g1) != []
    g1.send(rst(**WORST))
    wait_for(lambda: counters(running, "v1")["rx_rst"] == 1, what="the BPDU")


def test_a_guest_that_begins_to_speak_bpdus_is_an_edge_again_after_it_fell_silent(running):
    g1, g2 = running.guests(2)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add v1 master br0 auto_edge on")
    running.wait_forwarding("v1")
    g1.send(rst(**WORST))
    wait_for(lambda: not stp(running, "v1")["ports"][0]["oper_edge"], what="v1 no edge")
    run(f"ip -n {g1.ns} link set eth0 down")
    wait_for(lambda: running.show("link show dev v1")[0]["state"] == "disabled", what="v1 without carrier")
    run(f"ip -n {g1.ns} link set eth0 up")
    wait_for(lambda: stp(running, "v1")["ports"][0]["oper_edge"], what="v1 an edge again")
    assert g2


# ---- BPDUs and uplinks ----

@pytest.mark.parametrize("options", ["", "stp_state 1"])
def test_a_guests_bpdus_leave_by_no_uplink(running, options):
    guest, uplink = running.guests(2)
    running.xbr(f"bridge add br0 {options}")
    running.xbr(f"link add {guest.port} master br0")
    running.xbr(f"link add {uplink.port} master br0 role uplink")
    running.wait_forwarding(guest.port, uplink.port)
    frame = rst(**BEST)
    with running.listen(uplink) as ears:
        guest.send(*[frame] * 20)
        assert not [f for f in bpdus(ears, uplink, 1) if f[6:12] == frame[6:12]]


# ---- a flood by one guest, the BPDUs of another ----

def test_a_guest_that_floods_bpdus_does_not_cost_a_neighbour_its_place(running):
    """The root's BPDUs come by one port, as many as the kernel can send by the other: nothing changes, and none of the root's is lost."""
    bad, root = running.guests(2)
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr(f"link add {root.port} master br0 admin_edge off auto_edge off")
    running.xbr(f"link add {bad.port} master br0 admin_edge off auto_edge off")
    with Neighbour(root, **BEST) as neighbour:
        wait_for(lambda: roles(running)[root.port] == ("root", "forwarding") and roles(running)[bad.port][1] == "forwarding", 30, "roles")
        history = len(stp(running)["history"])
        sent = int(flood(bad, rst(**WORST), 4).communicate(timeout=60)[0])
        assert len(stp(running)["history"]) == history
    assert neighbour.sent >= 8
    wait_for(lambda: counters(running, root.port)["rx_rst"] == neighbour.sent, what="every BPDU of the root")
    found = counts(running, "stp", bad.port)
    assert counts(running, "stp", root.port)["policed"] == 0
    assert found["accepted"] < sent / 10 and counters(running, bad.port)["rx_rst"] <= found["accepted"]


# ---- life and death ----

def test_an_agent_that_was_gone_for_longer_than_max_age_makes_no_loop(running):
    """Two cables to the kernel's bridge: a broadcast every 20 ms, before, while and after; each comes to the host behind it at most once."""
    g1, peer = two_cables_to_the_root(running)
    host = peer.host_in("10.0.0.200/16")
    done = threading.Event()
    sent = []

    def speak():
        while not done.is_set():
            sent.append(b"%08d" % len(sent))
            g1.send(mac_bytes("ff:ff:ff:ff:ff:ff") + mac_bytes(g1.mac) + b"\x88\xb5xbr " + sent[-1] + bytes(34))
            done.wait(0.02)

    thread = threading.Thread(target=speak)
    with running.listen(g1) as ears:
        thread.start()
        time.sleep(1)
        running.agent.kill9()
        time.sleep(8)
        running.agent.start()
        wait_for(lambda: roles(running).get("kc1") == ("root", "forwarding"), 40, "roles")
        time.sleep(1)
        done.set()
        thread.join()
        back = [f for f in ears.frames(g1, match=lambda f: f[12:18] == b"\x88\xb5xbr ")]
    assert back == [] and len(sent) > 400  # a circle would bring them back to their sender
    assert "takes part anew" in running.agent.read_log()
    assert host


# ---- DHCP ----

def dhcp(source, xid, kind, **fields):
    bootp = BOOTP(chaddr=source, xid=xid, **fields) / DHCP(options=[("message-type", kind), "end"])
    ports = UDP(sport=67, dport=68) if kind == "offer" else UDP(sport=68, dport=67)
    return bytes(Ether(src=source, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / ports / bootp)


def dhcp_kind(frame):
    packet = Ether(frame)
    return (dict(o for o in packet[DHCP].options if isinstance(o, tuple))["message-type"], packet[BOOTP].xid) if DHCP in packet else None


def serve(ears, server, end):
    """Answers one DISCOVER with an OFFER."""
    while time.monotonic() < end:
        frame = ears.raws[server].receive(0.05)
        told = frame and dhcp_kind(frame)
        if told and told[0] == 1:
            server.send(dhcp(server.mac, told[1], "offer", op=2, yiaddr="10.0.0.99"))
            return


@pytest.mark.parametrize("stp_version", ["rstp", "stp"])
def test_a_guest_that_asks_by_dhcp_the_moment_it_is_attached_is_answered_within_a_second(running, stp_version):
    """One DISCOVER, with the standard's timers: it is not repeated, so it must not be lost."""
    server, guest = running.guests(2)
    running.xbr(f"bridge add br0 stp_state 1 stp_version {stp_version}")
    running.xbr(f"link add {server.port} master br0")
    running.wait_forwarding(server.port)
    discover = dhcp(guest.mac, 0x1234, "discover", flags=0x8000)
    with running.listen(server, guest) as ears:
        thread = threading.Thread(target=serve, args=(ears, server, time.monotonic() + 10))
        thread.start()
        running.xbr(f"link add {guest.port} master br0")
        asked = time.monotonic()
        guest.send(discover)
        answered = None
        while answered is None and time.monotonic() < asked + 5:
            frame = ears.raws[guest].receive(0.1)
            if frame and dhcp_kind(frame) == (2, 0x1234):
                answered = time.monotonic()
        thread.join()
    assert answered and answered - asked < 1.0, answered and answered - asked
    assert roles(running)[guest.port] == ("designated", "forwarding")


# ---- the unit ----

def test_the_watchdog_is_shorter_than_what_neighbours_wait():
    """Three hello times are 6 s by default; the last BPDU may be one hello time old when the agent dies, and a start takes its time."""
    with open(os.path.join(os.path.dirname(BUILD), "agent/systemd/xbrd.service"), encoding="utf-8") as file:
        text = file.read()
    watchdog = int(re.search(r"^WatchdogSec=(\d+)s$", text, re.M).group(1))
    restart = int(re.search(r"^RestartSec=(\d+)ms$", text, re.M).group(1))
    assert 2 + watchdog + restart / 1000 + 0.5 < 6 and "Restart=on-failure" in text


def test_a_long_transaction_tells_the_watchdog_of_itself(lab):
    """The loop stands still meanwhile: each sixteenth step is a sign of life."""
    path = os.path.join(lab.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(0.5)
        lab.agent.start(env={"NOTIFY_SOCKET": path})
        signs = []

        def hear():
            try:
                while True:
                    signs.append(notify.recv(256))
            except TimeoutError:
                pass

        hear()
        assert b"READY=1" in signs and b"WATCHDOG=1" not in signs  # no WATCHDOG_USEC: nobody asked the loop for them
        vlans = "\n".join(f"vlan add vid {vid} dev v{port}" for vid in range(2, 12) for port in range(1, 9))
        config = os.path.join(lab.folder, "many.conf")
        lab.guests(8)
        with open(config, "w", encoding="utf-8") as file:
            file.write("bridge add br0 vlan_filtering 1\n" + "\n".join(f"link add v{port} master br0" for port in range(1, 9)) + "\n" + vlans + "\n")
        lab.xbr(f"apply {config}")
        hear()
        assert b"WATCHDOG=1" in signs
