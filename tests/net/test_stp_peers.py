# SPDX-License-Identifier: Apache-2.0
"""
Spanning tree with Open vSwitch as the neighbour (RSTP and STP), a cut cable under a stream, what tshark thinks of our BPDUs, and a guest
that asks for an address the moment it is attached.
"""

import os
import shutil
import subprocess
import time

import pytest

from lab import run, wait_for
from peers import KernelPeer, OvsPeer
from test_stp import FAST, cabled, counters, roles, stp

needs_ovs = pytest.mark.skipif(not shutil.which("ovs-vswitchd"), reason="openvswitch-switch is not installed")
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


@needs_ovs
def test_open_vswitch_as_root_by_rstp(running):
    running.xbr(f"bridge add br0 {FAST}")
    peer = OvsPeer(running, "o", 2, priority=4096)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"oc1": ("root", "forwarding"), "oc2": ("alternate", "discarding")}, 40, "our roles")
    wait_for(lambda: peer.states() == {"c1": ("designated", "forwarding"), "c2": ("designated", "forwarding")}, 30, "its roles")
    assert counters(running, "oc1")["rx_rst"] > 0 and counters(running, "oc1")["rx_config"] == 0


@needs_ovs
def test_open_vswitch_below_us_by_rstp(running):
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    peer = OvsPeer(running, "o", 2)
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"oc1": ("designated", "forwarding"), "oc2": ("designated", "forwarding")}, 40, "our roles")
    wait_for(lambda: sorted(peer.states().values()) == [("alternate", "discarding"), ("root", "forwarding")], 30, "its roles")


# Which of its two ports Open vSwitch numbers first is its own affair.
@needs_ovs
@pytest.mark.parametrize("priority, ours, theirs", [
    (4096, [("alternate", "discarding"), ("root", "forwarding")], [("designated", "forwarding"), ("designated", "forwarding")]),
    (61440, [("designated", "forwarding"), ("designated", "forwarding")], [("alternate", "blocking"), ("root", "forwarding")])])
def test_open_vswitch_by_stp(running, priority, ours, theirs):
    running.xbr(f"bridge add br0 {FAST}")
    peer = OvsPeer(running, "o", 2, protocol="stp", priority=priority)
    cabled(running, peer)
    wait_for(lambda: sorted(roles(running).values()) == ours and sorted(peer.states().values()) == theirs, 90, "the roles of both")
    assert all(counters(running, port)["rx_rst"] == 0 for port in peer.ports)
    assert not any(port["rstp_neighbour"] for port in stp(running)["ports"])


def longest_gap(lines):
    """Seconds between two answers of `ping -D`, at the most."""
    times = [float(line.split("]")[0][1:]) for line in lines if line.startswith("[") and "bytes from" in line]
    return max(b - a for a, b in zip(times, times[1:])), len(times)


@needs_ovs
def test_a_cut_cable_is_made_good_within_a_second(running):
    """100 frames a second from a guest of ours to a host behind Open vSwitch, whose bridge is the root."""
    g1, = running.guests(1)
    g1.address()
    running.xbr(f"bridge add br0 {FAST}")
    running.xbr("link add v1 master br0")
    peer = OvsPeer(running, "o", 2, priority=4096)
    peer.host_in("10.0.0.200/16")
    cabled(running, peer)
    wait_for(lambda: roles(running).get("oc2") == ("alternate", "discarding"), 40, "our roles")
    wait_for(lambda: g1.ping("10.0.0.200", count=1), 30, "a way to the host")
    ping = g1.popen("ping", "-D", "-i", "0.01", "-c", "600", "-W", "1", "10.0.0.200", stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    run(f"ip -n {running.ns} link set oc1 down")
    out, _ = ping.communicate(timeout=60)
    gap, count = longest_gap(out.splitlines())
    assert roles(running)["oc2"] == ("root", "forwarding")
    assert gap < 1.0 and count > 480, (gap, count)


def complaints(lab, pcap):
    done = run("tshark", "-n", "-r", pcap, "-T", "fields", "-e", "frame.number", "-Y", "_ws.malformed || _ws.expert.severity >= 0x400000")
    return done.stdout.split()


@needs_tshark
@pytest.mark.parametrize("version, wanted", [("rstp", "stp.version == 2"), ("stp", "stp.version == 0"), ("mstp", "stp.version == 3")])
def test_tshark_reads_our_bpdus_without_complaint(running, version, wanted):
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} stp_version {version}")
    pcap = os.path.join(running.folder, "bpdus.pcap")
    dump = g1.popen("tcpdump", "-q", "-n", "-U", "-c", "3", "-w", pcap, "ether dst 01:80:c2:00:00:00", stderr=subprocess.DEVNULL)
    time.sleep(1)
    running.xbr("link add v1 master br0")
    dump.wait(20)
    read = run("tshark", "-n", "-r", pcap, "-Y", wanted, "-T", "fields", "-e", "frame.number").stdout.split()
    assert len(read) == 3
    assert complaints(running, pcap) == []


def test_a_guest_that_asks_at_once_is_answered_at_once(running):
    """A broadcast the moment the port is there, as DHCP DISCOVER is: no frame of it is lost to spanning tree."""
    g1, g2 = running.guests(2)
    g1.address(), g2.address()
    running.xbr("bridge add br0 stp_state 1")
    running.xbr("link add v1 master br0")
    running.wait_forwarding("v1")
    ask = g2.popen("ping", "-D", "-i", "0.05", "-c", "40", "-W", "1", g1.ip, stdout=subprocess.PIPE, text=True)
    running.xbr("link add v2 master br0")
    attached = time.time()
    out, _ = ask.communicate(timeout=30)
    first = min(float(line.split("]")[0][1:]) for line in out.splitlines() if "bytes from" in line)
    assert first - attached < 1.5, first - attached
    assert roles(running)["v2"] == ("designated", "forwarding")


def test_both_at_once(running):
    """Edge guests, the kernel's bridge and Open vSwitch on one bridge: one tree."""
    if not shutil.which("ovs-vswitchd"):
        pytest.skip("openvswitch-switch is not installed")
    g1, = running.guests(1)
    running.xbr(f"bridge add br0 {FAST} priority 4096")
    running.xbr("link add v1 master br0")
    kernel, ovs = KernelPeer(running, "k", 2), OvsPeer(running, "o", 2)
    cabled(running, kernel)
    cabled(running, ovs)
    wait_for(lambda: all(role == "designated" and state == "forwarding" for role, state in roles(running).values()), 40, "our roles")
    wait_for(lambda: sorted(kernel.states().values()) == ["blocking", "forwarding"], 40, "the kernel's bridge")
    wait_for(lambda: sorted(ovs.states().values()) == [("alternate", "discarding"), ("root", "forwarding")], 30, "Open vSwitch")
    assert stp(running)["root_id"] == stp(running)["bridge_id"]


@needs_tshark
def test_tshark_reads_our_topology_change_notifications_without_complaint(running):
    """Towards a root that speaks STP, a change below us is told by TCNs."""
    running.xbr(f"bridge add br0 {FAST}")
    peer = KernelPeer(running, "k", 2, priority=4096)
    pcap = os.path.join(running.folder, "tcn.pcap")
    cabled(running, peer)
    wait_for(lambda: roles(running) == {"kc1": ("root", "forwarding"), "kc2": ("alternate", "discarding")}, 40, "our roles")
    dump = subprocess.Popen(["ip", "netns", "exec", peer.ns, "timeout", "60", "tcpdump", "-q", "-n", "-U", "-i", "c2", "-c", "1", "-w", pcap,
                             "ether dst 01:80:c2:00:00:00 and ether[20] == 0x80"], stderr=subprocess.DEVNULL)
    running.processes.append(dump)
    for _ in range(4):  # the root port goes and comes: changes
        for change, root in (("down", "kc2"), ("up", "kc1")):
            run(f"ip -n {running.ns} link set kc1 {change}")
            wait_for(lambda: roles(running)[root] == ("root", "forwarding"), 20, f"{root} as the root port")
            time.sleep(1)
        if dump.poll() is not None:
            break
    assert dump.wait(1) == 0
    assert run("tshark", "-n", "-r", pcap, "-Y", "stp.type == 0x80", "-T", "fields", "-e", "frame.number").stdout.split() == ["1"]
    assert complaints(running, pcap) == []
