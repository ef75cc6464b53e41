# SPDX-License-Identifier: Apache-2.0
"""Priorities from the command to the wire: what is trusted, what is remarked (octet by octet), skb->priority where it arrives, queues."""

import os
import re
import socket
import struct
import threading

import pytest

from lab import ethernet, inside
from test_acl import ipv4, udp

SO_RCVPRIORITY = 82  # include/uapi/asm-generic/socket.h, since Linux 6.14
ETH_P_ALL = 0x0003


def packet(dscp, payload=b"xbr", fragment=0):
    return ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 53, payload), dscp=dscp, fragment=fragment)


def frame(sender, receiver, dscp, **kwargs):
    return ethernet(receiver.mac, sender.mac, 0x0800, packet(dscp, **kwargs)).ljust(60, b"\0")


def arrives(lab, sender, receiver, sent, wanted):
    with lab.listen(receiver) as ears:
        sender.send(sent)
        return ears.copies(wanted)[receiver]


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_code_points_are_remarked_where_they_leave(pair, hook):
    lab, g1, g2 = pair
    g3 = lab.guest(3)
    lab.xbr(f"link add {g3.port} master br0")
    lab.wait_forwarding(g3.port)
    lab.xbr(f"link set dev {g1.port} xdp {hook} trust dscp")
    lab.xbr(f"link set dev {g2.port} xdp {hook} prio-dscp 0:46,5:8")
    assert arrives(lab, g1, g2, frame(g1, g2, 0), frame(g1, g2, 46)) == 1
    assert arrives(lab, g1, g2, frame(g1, g2, 40), frame(g1, g2, 8)) == 1
    assert arrives(lab, g1, g2, frame(g1, g2, 10), frame(g1, g2, 10)) == 1  # priority 1 has no pair
    for fragment in (0x2000, 0x2001, 7):
        assert arrives(lab, g1, g2, frame(g1, g2, 0, fragment=fragment), frame(g1, g2, 46, fragment=fragment)) == 1
    every = b"\xff" * 6 + frame(g1, g2, 0)[6:]
    marked = b"\xff" * 6 + frame(g1, g2, 46)[6:]
    with lab.listen(g2, g3) as ears:
        g1.send(every)
        heard = ears.everything()
    assert [heard[g2].count(marked), heard[g3].count(every), heard[g2].count(every)] == [1, 1, 0]


def priority_of(lab, sender, receiver, sent):
    """The priority of the packet that arrives."""
    with inside(receiver.ns):
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        ear.bind(("eth0", ETH_P_ALL))
    try:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVPRIORITY, 1)
    except OSError:
        ear.close()
        pytest.skip("this kernel has no SO_RCVPRIORITY")
    with ear:
        ear.settimeout(3)
        sender.send(sent)
        while True:
            data, controls, _flags, _address = ear.recvmsg(2048, 256)
            if data[6:12] == sent[6:12]:
                return next(struct.unpack("I", value)[0] for _level, kind, value in controls if kind == socket.SO_PRIORITY)


def test_packets_have_the_priority_that_is_trusted(pair):
    lab, g1, g2 = pair
    assert priority_of(lab, g1, g2, frame(g1, g2, 46)) == 0
    lab.xbr(f"link set dev {g1.port} trust dscp default-prio 2")
    assert priority_of(lab, g1, g2, frame(g1, g2, 46)) == 5
    assert priority_of(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b5)) == 2
    lab.xbr(f"link set dev {g1.port} dscp-prio 46:7,0:1")
    assert priority_of(lab, g1, g2, frame(g1, g2, 46)) == 7
    assert priority_of(lab, g1, g2, frame(g1, g2, 0)) == 1
    assert priority_of(lab, g1, g2, frame(g1, g2, 10)) == 1
    lab.xbr(f"link set dev {g1.port} trust none dscp-prio off")
    assert priority_of(lab, g1, g2, frame(g1, g2, 46)) == 2
    lab.xbr(f"link set dev {g1.port} trust pcp pcp-prio 6:4")
    assert priority_of(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x0800, packet(0), tags=((0x8100, 0x6005),))) == 3
    assert priority_of(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x0800, packet(0), tags=((0x8100, 0xc005),))) == 4
    lab.xbr(f"link set dev {g1.port} trust off")
    assert priority_of(lab, g1, g2, frame(g1, g2, 46)) == 0


def test_super_frames_are_remarked_whole(pair):
    """TCP over veth is super-frames; every octet arrives, and what arrives has the other code point."""
    lab, g1, g2 = pair
    lab.xbr(f"link set dev {g1.port} trust dscp")
    lab.xbr(f"link set dev {g2.port} prio-dscp 0:46")
    g1.address(), g2.address()
    data = os.urandom(4 << 20)
    with inside(g2.ns):
        server = socket.create_server((g2.ip, 7000))
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        ear.bind(("eth0", ETH_P_ALL))
    with inside(g1.ns):
        client = socket.socket()
    client.settimeout(20)
    client.connect((g2.ip, 7000))
    far, _address = server.accept()
    sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    sender.start()
    got = bytearray()
    while chunk := far.recv(1 << 20):
        got += chunk
    sender.join()
    longest, points = 0, set()
    ear.setblocking(False)
    try:
        while heard := ear.recv(65600):
            if heard[12:14] == b"\x08\x00" and heard[6:12] == bytes.fromhex(g1.mac.replace(":", "")):
                longest = max(longest, len(heard))
                points.add(heard[15] >> 2)
    except BlockingIOError:
        pass
    for each in (ear, far, client, server):
        each.close()
    assert bytes(got) == data and longest > 3000 and points == {46}


def queue_packets(lab, dev):
    told = lab.host("tc", "-s", "class", "show", "dev", dev).stdout
    return [int(count) for count in re.findall(r"Sent \d+ bytes (\d+) pkt", told)]


def test_classes_have_meters(pair):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev {g1.port} trust dscp")
    lab.xbr("meter add voice rate 1kbit burst 5000")
    lab.xbr(f"meter bind voice dev {g1.port} class 5 in")
    payload = bytes(958)
    voice, rest = frame(g1, g2, 46, payload=payload), frame(g1, g2, 0, payload=payload)
    with lab.listen(g2) as ears:
        g1.send(*[voice, rest] * 20)
        heard = ears.everything()[g2]
    assert [heard.count(voice), heard.count(rest)] == [5, 20]
    assert lab.show("meter show voice")[0]["bound"] == [{"dev": g1.port, "direction": "in", "class": 5}]
    saved = lab.xbr("save").stdout
    assert f"meter bind voice dev {g1.port} class 5 in" in saved
    assert "in use by port" in lab.xbr("meter del voice", check=False).stderr
    assert "not bound there" in lab.xbr(f"meter unbind voice dev {g1.port} class 4 in", check=False).stderr
    lab.agent.kill9()
    lab.agent.start()
    assert lab.xbr("save").stdout == saved
    lab.xbr(f"meter unbind voice dev {g1.port} class 5 in")
    lab.xbr("meter del voice")


WORDS = "trust dscp default-prio 3 pcp-prio 1:0,5:6 dscp-prio 0:1,46:7,63:2 prio-pcp 7:5 prio-dscp 0:10,7:46 prio-queue 7:1"


def test_maps_are_saved_applied_and_taken_over(pair, tmp_path):
    lab, g1, _g2 = pair
    empty = lab.xbr("save").stdout
    lab.xbr(f"link set dev {g1.port} {WORDS}")
    full = lab.xbr("save").stdout
    assert f" {WORDS}" in full
    shown = lab.show(f"link show {g1.port}")[0]
    assert shown["trust"] == "dscp" and shown["default_prio"] == 3 and shown["dscp_prio"] == "0:1,46:7,63:2"
    (tmp_path / "empty").write_text(empty)
    (tmp_path / "full").write_text(full)
    lab.xbr(f"apply {tmp_path}/empty")
    assert lab.xbr("save").stdout == empty
    lab.xbr(f"apply {tmp_path}/full")
    lab.agent.kill9()
    lab.agent.start()
    assert lab.xbr("save").stdout == full
    lab.xbr(f"link set dev {g1.port} dscp-prio 1:1 prio-queue off")
    shown = lab.show(f"link show {g1.port}")[0]
    assert shown["dscp_prio"] == "1:1" and "prio_queue" not in shown


@pytest.mark.parametrize("words, sentence", [
    ("pcp-prio 8:0", "pairs such as"), ("pcp-prio 0:8", "pairs such as"),
    ("dscp-prio 64:0", "pairs such as"), ("prio-dscp 0:64", "pairs such as"), ("prio-queue 0:254", "pairs such as"),
    ("prio-pcp 1:1,1:2", "each key once"), ("prio-pcp 1", "pairs such as"), ("prio-pcp 1:", "pairs such as"), ("prio-pcp a:b", "not \"a:b\"")])
def test_bad_maps_are_refused_with_a_sentence(pair, words, sentence):
    lab, g1, _g2 = pair
    before = lab.xbr("save").stdout
    done = lab.xbr(f"link set dev {g1.port} {words}", check=False)
    assert done.returncode != 0 and sentence in done.stderr and done.stderr.count("\n") == 1
    assert lab.xbr("save").stdout == before


def test_a_priority_chooses_the_queue(running):
    """Where a port's other end is in the same namespace its frames go by the device's queues."""
    lab = running
    g1 = lab.guest(1)
    lab.host("ip", "link", "add", "q1", "numtxqueues", "4", "numrxqueues", "4", "type", "veth", "peer", "name", "q1p", "numtxqueues", "4", "numrxqueues", "4")
    for dev in ("q1", "q1p"):
        lab.host("ip", "link", "set", dev, "up")
    lab.xbr("bridge add br0")
    for port in (g1.port, "q1"):
        lab.xbr(f"link add {port} master br0")
        lab.wait_forwarding(port)
    lab.host("tc", "qdisc", "replace", "dev", "q1", "root", "handle", "1:", "mq")
    lab.xbr("fdb add 02:00:00:00:00:99 dev q1 static")
    lab.xbr(f"link set dev {g1.port} trust dscp")
    lab.xbr("link set dev q1 prio-queue 5:3,0:1")
    before = queue_packets(lab, "q1")
    for dscp, count in ((46, 30), (0, 20)):
        sent = ethernet("02:00:00:00:00:99", g1.mac, 0x0800, packet(dscp)).ljust(60, b"\0")
        g1.send(*[sent] * count)
    after = queue_packets(lab, "q1")
    assert [late - early for early, late in zip(before, after)][1] >= 20 and [late - early for early, late in zip(before, after)][3] >= 30
