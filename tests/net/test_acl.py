# SPDX-License-Identifier: Apache-2.0
"""Access lists, from the command to the wire: what a list denies is gone, what it permits is there, and what it says survives the agent."""

import json
import os
import socket
import struct

import pytest

from lab import BROADCAST, ethernet, mac_bytes


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, proto=17, payload=b"", fragment=0, options=b"", total=None, dscp=0):
    """An IPv4 packet; fragment: the field of flags and offset as it is on the wire."""
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, dscp << 2, length, 7, fragment, 64, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(sport, dport, payload=b"xbr"):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def tcp(sport, dport, flags=2):
    return struct.pack("!HHIIBBHHH", sport, dport, 0, 0, 0x50, flags, 1000, 0, 0)


def shown(lab, name):
    return next(each for each in lab.show(f"acl show {name}") if each["list"] == name)


def counts(lab, name):
    """{seq: frames}, and what no rule matched under 0."""
    each = shown(lab, name)
    return {rule["seq"]: rule["stats"]["packets"] for rule in each["rules"]} | {0: each["unmatched"]["packets"]}


@pytest.fixture
def pair(running):
    """Two guests on a bridge that know each other's address."""
    g1, g2 = running.guests(2)
    running.bridge([g1, g2])
    for guest in (g1, g2):
        running.xbr(f"fdb add {guest.mac} dev {guest.port} static")
    return running, g1, g2


def passes(lab, source, target, frame):
    """How many copies of the frame come out."""
    with lab.listen(target) as ears:
        source.send(frame)
        return ears.copies(frame)[target]


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_a_list_decides_what_comes_in(pair, hook):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev v1 xdp {hook}")
    lab.xbr("acl add guest permit ip_proto udp src_ip 10.0.0.0/24 dst_port 53")
    lab.xbr("acl add guest deny ip_proto udp")
    lab.xbr("acl add guest deny eth_type 0x88b6")
    lab.xbr("acl bind guest dev v1 in")

    def frame(packet):
        return ethernet(g2.mac, g1.mac, 0x0800, packet)
    assert passes(lab, g1, g2, frame(ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 53)))) == 1
    assert passes(lab, g1, g2, frame(ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 54)))) == 0
    assert passes(lab, g1, g2, frame(ipv4("10.1.0.1", "10.0.0.2", 17, udp(1000, 53)))) == 0
    assert passes(lab, g1, g2, frame(ipv4("10.1.0.1", "10.0.0.2", 6, tcp(1, 2)))) == 1
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b6)) == 0
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b5)) == 1
    assert passes(lab, g2, g1, ethernet(g1.mac, g2.mac, 0x88b6)) == 1  # the other way nothing is bound
    assert counts(lab, "guest") == {10: 1, 20: 2, 30: 1, 0: 2}
    assert lab.stats("v1")["reasons"]["acl_deny"] == 3


def test_lists_live_on_without_the_agent_and_come_back_with_it(pair):
    lab, g1, g2 = pair
    denied, permitted = ethernet(g2.mac, g1.mac, 0x88b6), ethernet(g2.mac, g1.mac, 0x88b5)
    lab.xbr("acl add guest seq 5 deny eth_type 0x88b6 log")
    lab.xbr("acl bind guest dev v1 in")
    before = lab.show("acl show")
    lab.agent.kill9()
    assert passes(lab, g1, g2, denied) == 0 and passes(lab, g1, g2, permitted) == 1
    lab.agent.start()
    assert passes(lab, g1, g2, denied) == 0 and passes(lab, g1, g2, permitted) == 1
    assert counts(lab, "guest") == {5: 2, 0: 2}
    after = lab.show("acl show")
    for each in before + after:
        each.pop("unmatched")
        for rule in each["rules"]:
            rule.pop("stats")
    assert before == after
    lab.xbr("acl unbind guest dev v1 in")
    assert passes(lab, g1, g2, denied) == 1
    lab.xbr("acl del guest")
    assert lab.show("acl show") == []


def test_what_leaves_is_asked_too_copy_by_copy(running):
    lab = running
    g1, g2, g3 = lab.guests(3)
    lab.bridge([g1, g2, g3])
    lab.xbr("acl add quiet deny eth_type 0x88b6")
    lab.xbr("acl bind quiet dev v2 out")
    with lab.listen(g2, g3) as ears:
        g1.send(ethernet(BROADCAST, g1.mac, 0x88b6))
        assert ears.copies(ethernet(BROADCAST, g1.mac, 0x88b6)) == {g2: 0, g3: 1}
        g1.send(ethernet(BROADCAST, g1.mac, 0x88b5))
        assert ears.copies(ethernet(BROADCAST, g1.mac, 0x88b5)) == {g2: 1, g3: 1}
    lab.xbr(f"fdb add {g2.mac} dev v2 static")
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b6)) == 0
    assert lab.stats("v2")["reasons"]["copy_acl"] == 1
    assert lab.stats("v1")["reasons"]["acl_deny_out"] == 1
