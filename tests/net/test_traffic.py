# SPDX-License-Identifier: Apache-2.0
"""Real traffic with every offload left on: is it the same data at the other end, do super-frames stay whole, what becomes of what is too long?"""

import hashlib
import os
import socket
import threading

import pytest

from lab import BROADCAST, Raw, ethernet, inside, mac_bytes, run, wait_for

HOST_IP = "10.0.255.1"
HOST_MAC = "02:ff:00:00:00:01"
SO_RCVBUFFORCE = 33
UDP_SEGMENT = 103  # linux/udp.h: one send, many datagrams


class Host:
    """The host as an end of a conversation, like a Guest."""

    def __init__(self, lab):
        self.ns, self.ip, self.mac = lab.ns, HOST_IP, HOST_MAC

    def ping(self, ip):
        return run("ip", "netns", "exec", self.ns, "ping", "-q", "-c3", "-i0.05", "-W1", ip, check=False).returncode == 0


def addressed(lab, guests):
    """A bridge of these guests; they and the host have addresses. Returns the host."""
    lab.bridge(guests, options=f"address {HOST_MAC}")
    for guest in guests:
        guest.address()
    run(f"ip -n {lab.ns} addr add {HOST_IP}/16 dev br0")
    return Host(lab)


def tcp_pair(client, server):
    """Two connected sockets, one in each namespace."""
    with inside(server.ns):
        listener = socket.create_server((server.ip, 0))
    with inside(client.ns):
        near = socket.socket()
    with listener:
        near.settimeout(10)
        near.connect(listener.getsockname())
        far, _ = listener.accept()
    far.settimeout(10)
    return near, far


def tcp_carries(client, server, size=24 << 20):
    """Sends random octets from client to server and compares digests."""
    data = os.urandom(1 << 20) * (size >> 20)
    near, far = tcp_pair(client, server)
    digest = hashlib.sha256()

    def read():
        while piece := far.recv(1 << 20):
            digest.update(piece)

    with near, far:
        reader = threading.Thread(target=read)
        reader.start()
        near.sendall(data)
        near.shutdown(socket.SHUT_WR)
        reader.join(30)
    return digest.digest() == hashlib.sha256(data).digest()


def udp_socket(end, address=None):
    with inside(end.ns):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    made.settimeout(3)
    if address:
        made.bind((address, 0))
    return made


def udp_carries(sender, receiver, sizes, segment=0):
    """Sends datagrams of these sizes and compares what arrives."""
    with udp_socket(sender) as near, udp_socket(receiver, receiver.ip) as far:
        if segment:
            near.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, segment)
        sent = [os.urandom(size) for size in sizes]
        for datagram in sent:
            near.sendto(datagram, far.getsockname())
        step = segment or max(sizes)
        expected = [datagram[at:at + step] for datagram in sent for at in range(0, len(datagram), step)]
        return [far.recv(65536) for _ in expected] == expected


def set_mtu(lab, port, mtu):
    run(f"ip -n {lab.ns} link set {port} mtu {mtu}")
    wait_for(lambda: lab.show(f"link show dev {port}")[0]["mtu"] == mtu, what="the agent's knowledge of the MTU")


def mean_length(stats):
    return stats["bytes"] / max(stats["packets"], 1)


def test_everybody_reaches_everybody(running):
    a, b = running.guests(2)
    host = addressed(running, [a, b])
    assert a.ping(b.ip) and b.ping(a.ip)
    assert a.ping(host.ip) and host.ping(a.ip) and host.ping(b.ip)


@pytest.mark.parametrize("way", ["guest-guest", "guest-host", "host-guest"])
def test_tcp_is_intact_and_super_frames_stay_whole(running, way):
    a, b = running.guests(2)
    host = addressed(running, [a, b])
    client, server = {"guest-guest": (a, b), "guest-host": (a, host), "host-guest": (host, b)}[way]
    assert tcp_carries(client, server)
    port = {a: "v1", host: "br0"}[client]
    assert mean_length(running.stats(port)["rx"]) > 2 * 1500
    assert mean_length(running.stats("br0" if server is host else "v2")["tx"]) > 2 * 1500
    dropped = {r: n for r, n in running.stats(port)["reasons"].items() if n and r in ("egress_mtu", "no_receiver", "egress_down")}
    assert not dropped


def test_udp_of_every_size_is_intact(running):
    """Fragments, super-datagrams (UDP_SEGMENT) and checksums left to a device that never comes."""
    a, b = running.guests(2)
    host = addressed(running, [a, b])
    for sender, receiver in ((a, b), (b, a), (a, host), (host, b)):
        assert udp_carries(sender, receiver, [1, 18, 512, 1472, 1473, 9000, 60000] * 5)
        assert udp_carries(sender, receiver, [14000] * 20, segment=1400)
    for guest in (a, b):
        lines = [line.split() for line in guest.run("cat /proc/net/snmp").stdout.splitlines() if line.startswith("Udp:")]
        assert dict(zip(*lines))["InCsumErrors"] == "0"


def test_jumbo_frames(running):
    a, b = running.guests(2, mtu=9000)
    host = addressed(running, [a, b])
    assert running.show("bridge show")[0]["mtu"] == 9000
    assert a.run(f"ping -q -c2 -i0.05 -W1 -M do -s 8972 {b.ip}").returncode == 0
    assert a.run(f"ping -q -c2 -i0.05 -W1 -M do -s 8972 {host.ip}").returncode == 0
    assert tcp_carries(a, b) and tcp_carries(host, b)


def test_too_long_for_one_port_is_dropped_with_a_reason(running):
    long, short, other = running.guest(mtu=9000), running.guest(), running.guest(mtu=9000)
    running.bridge([long, short, other])
    short.send(ethernet(BROADCAST, short.mac))
    other.send(ethernet(BROADCAST, other.mac))
    fits = ethernet(short.mac, long.mac, length=1518)
    too_long = ethernet(short.mac, long.mac, length=1519)
    with running.listen(short, other) as ears:
        long.send(fits, too_long)
        assert ears.copies(fits) == {short: 1, other: 0}
        flood = ethernet(BROADCAST, long.mac, length=4000)
        long.send(flood)
        assert ears.copies(flood) == {short: 0, other: 1}
        longest = ethernet(other.mac, long.mac, length=9014)
        long.send(longest)
        assert ears.copies(longest) == {short: 0, other: 1}
    reasons = running.stats("v1")["reasons"]
    assert (reasons["egress_mtu"], reasons["unicast"], reasons["broadcast"]) == (1, 2, 1)
    assert running.stats("v2")["reasons"]["copy_mtu"] == 1
    assert running.stats("br0")["reasons"]["copy_mtu"] == 1  # the bridge device has the least MTU of its ports
    assert running.stats("v3")["reasons"]["copy_mtu"] == 0


def test_flood_that_no_port_has_room_for(running):
    long, short = running.guest(mtu=9000), running.guest()
    running.bridge([long, short])
    long.send(ethernet(BROADCAST, long.mac, length=4000))
    wait_for(lambda: running.stats("v1")["reasons"]["no_receiver"] == 1, what="no_receiver counted")
    assert running.stats("v1")["reasons"]["broadcast"] == 0
    assert running.stats("v2")["reasons"]["copy_mtu"] == 1


def test_mtu_follows_the_device(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    b.send(ethernet(BROADCAST, b.mac))
    frame = ethernet(b.mac, a.mac, length=1500)
    set_mtu(running, "v2", 1400)
    with running.listen(b) as ears:
        a.send(frame)
        assert ears.copies(frame) == {b: 0}
        set_mtu(running, "v2", 1500)
        a.send(frame)
        assert ears.copies(frame) == {b: 1}
    assert running.stats("v1")["reasons"]["egress_mtu"] == 1


def test_tcp_between_different_mtus(running):
    """TCP agrees on the lesser segment and works; what is too long for a port in the middle is counted, not lost in silence."""
    a, b = running.guest(mtu=9000), running.guest()
    addressed(running, [a, b])
    assert tcp_carries(a, b) and tcp_carries(b, a)
    assert running.stats("v1")["reasons"]["egress_mtu"] == 0
    set_mtu(running, "v2", 1300)
    near, far = tcp_pair(a, b)
    with near, far:
        near.send(bytes(100000))
        wait_for(lambda: running.stats("v1")["reasons"]["egress_mtu"] >= 2, what="super-frames of too long segments counted")


C_TAG, S_TAG = 0x8100, 0x88a8


@pytest.mark.parametrize("tags", [[(C_TAG, 5)], [(C_TAG, 0x6000)], [(C_TAG, 0xffff)], [(C_TAG, 4095)], [(S_TAG, 100)], [(S_TAG, 100), (C_TAG, 5)],
                                  [(C_TAG, 7), (C_TAG, 5)], [(S_TAG, 1), (S_TAG, 2), (C_TAG, 3)], [(0x9100, 9)]],
                         ids=lambda tags: "+".join(f"{tpid:x}.{tci:x}" for tpid, tci in tags))
def test_tags_are_payload(running, tags):
    """To one, to all, from and to the host. With a C-tag outermost a full frame has 1518 octets, else no device takes that many."""
    full = 1518 if tags[0][0] == C_TAG else 1514
    a, b = running.guests(2)
    running.bridge([a, b], options=f"address {HOST_MAC}")
    host = (running.ns, "br0")
    flood = ethernet(BROADCAST, a.mac, tags=tags, length=full)
    answer = ethernet(a.mac, b.mac, tags=tags)
    with running.listen(a, b, host) as ears:
        a.send(flood)
        assert ears.copies(flood) == {a: 0, b: 1, host: 1}
        b.send(answer)
        assert ears.copies(answer, quiet=0.1) == {a: 1, b: 0, host: 0}
        down, up = ethernet(b.mac, HOST_MAC, tags=tags), ethernet(HOST_MAC, b.mac, tags=tags)
        ears.raws[host].send(down)
        b.send(up)
        assert ears.copies(up, quiet=0.1)[host] == 1
    assert running.stats("v2")["tx"] == {"packets": 2, "bytes": full + len(down)}


def test_shortest_frames(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    head = mac_bytes(BROADCAST) + mac_bytes(a.mac)
    shortest, empty_tag = head + b"\x88\xb5", head + b"\x81\x00\x00\x05\x88\xb5"
    with running.listen(b) as ears:
        a.send(shortest, empty_tag)
        assert ears.frames(b) == [shortest]  # what is cut off behind a tag the kernel drops before any bridge


def test_counters_are_exact(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c], options=f"address {HOST_MAC}")
    sent = [ethernet(b.mac, a.mac, length=length) for length in range(60, 160)]  # unknown: to b and c
    answers = [ethernet(a.mac, b.mac, length=200)] * 50
    known = [ethernet(b.mac, a.mac, tags=[(C_TAG, 5)], length=1518)] * 30
    groups = [ethernet(BROADCAST, c.mac, length=64)] * 7 + [ethernet("01:00:5e:00:00:01", c.mac, length=65)] * 3
    wrong = [ethernet(a.mac, "01:00:00:00:00:01")] * 5 + [ethernet("01:80:c2:00:00:0e", c.mac)] * 2 + [ethernet(c.mac, c.mac)] * 4
    up = [ethernet(HOST_MAC, a.mac, length=100)] * 6
    down = [ethernet(a.mac, HOST_MAC, length=333)] * 9
    ends = {"v1": [sent, known, up], "v2": [answers], "v3": [groups, wrong]}
    for guest in (a, b, c):
        for batch in ends[guest.port][:1]:
            guest.send(*batch)
    a.send(*known, *up)
    c.send(*wrong)
    host = Raw(running.ns, "br0", promiscuous=False)
    for frame in down:
        host.send(frame)
    host.close()

    def total(*batches):
        frames = [frame for batch in batches for frame in batch]
        return {"packets": len(frames), "bytes": sum(map(len, frames))}

    came_in = {**{port: total(*batches) for port, batches in ends.items()}, "br0": total(down)}
    wait_for(lambda: all(running.stats(port)["rx"] == rx for port, rx in came_in.items()), what=f"received {came_in}")
    stats = {port: running.stats(port) for port in came_in}
    assert {p: s["tx"] for p, s in stats.items()} == {
        "v1": total(answers, groups, down), "v2": total(sent, known, groups), "v3": total(sent), "br0": total(groups, up)}
    notes = {r["name"] for r in running.show("reasons show") if r["class"] == "note"}
    counted = {p: {r: n for r, n in s["reasons"].items() if n and r not in notes} for p, s in stats.items()}
    assert counted == {"v1": {"unknown_unicast": 100, "unicast": 30, "local": 6}, "v2": {"unicast": 50},
                       "v3": {"broadcast": 7, "multicast": 3, "source_group": 5, "reserved_group": 2, "same_port": 4},
                       "br0": {"unicast": 9}}
