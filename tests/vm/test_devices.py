# SPDX-License-Identifier: Apache-2.0
"""Devices that a port, or what is behind it, may be: 802.1Q sub-interfaces, bonds, netkit, macvtap."""

import contextlib
import fcntl
import json
import os
import socket
import struct

import pytest

from lab import BROADCAST, KERNEL, ethernet, inside, run, wait_for
from test_traffic import addressed, tcp_carries


class End:
    """A device of a namespace with an address, as an end of a conversation."""

    def __init__(self, ns, dev, ip):
        self.ns, self.ip = ns, ip
        run(f"ip -n {ns} addr add {ip}/24 dev {dev}")


def modules(*names):
    for name in names:
        run(f"modprobe {name}", check=False)


@pytest.mark.parametrize("xdp", ["off", "native"])
def test_sub_interfaces_meet_on_their_vlans(running, xdp):
    """The guests' kernels put the tags on and take them off, as metadata of the frames where they may."""
    modules("8021q")
    guests = running.guests(2)
    running.bridge(guests, options="vlan_filtering 1 vlan_default_pvid 0", link_options=f"xdp {xdp}")
    running.xbr("vlan add vid 10,20 dev v1")
    running.xbr("vlan add vid 10 dev v2")
    ends = {}
    for guest in guests:
        for vid in (10, 20):
            run(f"ip -n {guest.ns} link add link eth0 name eth0.{vid} up type vlan id {vid}")
            ends[guest, vid] = End(guest.ns, f"eth0.{vid}", f"10.{vid}.0.{guest.number}")
    a, b = guests
    assert a.ping("10.10.0.2")
    assert not a.ping("10.20.0.2", count=1)
    assert tcp_carries(ends[a, 10], ends[b, 10]) and tcp_carries(ends[b, 10], ends[a, 10])


def test_the_host_has_a_vlan_by_a_sub_interface_of_the_bridge(running):
    modules("8021q")
    (a,) = guests = running.guests(1)
    running.bridge(guests, options="vlan_filtering 1 vlan_default_pvid 0")
    running.xbr("vlan add vid 10 dev v1 pvid untagged")
    running.xbr("vlan add vid 10 dev br0 self")
    run(f"ip -n {running.ns} link add link br0 name br0.10 up type vlan id 10")
    host, guest = End(running.ns, "br0.10", "10.10.0.254"), End(a.ns, "eth0", "10.10.0.1")
    assert a.ping(host.ip)
    assert tcp_carries(guest, host) and tcp_carries(host, guest)


# ---- bonds ----


def bond(ns, name, links):
    run(f"ip -n {ns} link add {name} type bond mode active-backup miimon 50")
    for link in links:
        run(f"ip -n {ns} link set {link} down")
        run(f"ip -n {ns} link set {link} master {name}")
    run(f"ip -n {ns} link set {name} up")


def test_a_bond_is_a_port_and_fails_over(running):
    """An active-backup bond of the host, to a bond at the far end of two wires: one is cut while echoes go."""
    modules("bonding")
    guest, far = running.guests(2)
    run(f"ip -n {running.ns} link add w2 type veth peer name eth1 netns {far.ns}")
    bond(far.ns, "bond0", ("eth0", "eth1"))
    bond(running.ns, "uplink", ("v2", "w2"))
    running.bridge([guest])
    running.xbr("link add uplink master br0 role uplink")
    running.wait_forwarding("uplink")
    near, away = End(guest.ns, "eth0", "10.0.0.1"), End(far.ns, "bond0", "10.0.0.2")
    wait_for(lambda: guest.ping(away.ip, count=1), what="the first echo")
    assert tcp_carries(near, away) and tcp_carries(away, near)
    run(f"ip -n {running.ns} link set v2 down")
    wait_for(lambda: guest.ping(away.ip, count=1), what="an echo by the other wire")
    assert tcp_carries(near, away)
    assert running.show("link show dev uplink")[0]["state"] == "forwarding"


# ---- netkit ----


RTM_NEWLINK, NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL = 16, 1, 4, 0x400, 0x200
IFLA_IFNAME, IFLA_LINKINFO, IFLA_NET_NS_FD, IFLA_INFO_KIND, IFLA_INFO_DATA = 3, 18, 28, 1, 2
IFLA_NETKIT_PEER_INFO, IFLA_NETKIT_MODE, NETKIT_L2 = 1, 5, 0


def attribute(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def netkit_add(ns, name, peer_ns):
    """A pair of layer 2, which the iproute2 of Debian 12 cannot make: `name` in ns, nk0 in peer_ns."""
    with inside(ns):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    link = struct.pack("BBHiII", 0, 0, 0, 0, 0, 0)
    with open(f"/run/netns/{peer_ns}") as there, netlink:
        peer = link + attribute(IFLA_IFNAME, b"nk0\0") + attribute(IFLA_NET_NS_FD, struct.pack("I", there.fileno()))
        data = attribute(IFLA_NETKIT_MODE, struct.pack("I", NETKIT_L2)) + attribute(IFLA_NETKIT_PEER_INFO, peer)
        info = attribute(IFLA_INFO_KIND, b"netkit\0") + attribute(IFLA_INFO_DATA, data)
        body = link + attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_LINKINFO, info)
        netlink.send(struct.pack("IHHII", 16 + len(body), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 1, 0) + body)
        error = -struct.unpack_from("i", netlink.recv(4096), 16)[0]
    assert error == 0, os.strerror(error)


def test_a_netkit_device_is_a_port(running):
    """As container runtimes make them since 6.7: layer 2, the peer in the container."""
    if KERNEL < (6, 7):
        pytest.skip("netkit came with 6.7")
    (a,) = guests = running.guests(1)
    box = f"{running.name}-box"
    run(f"ip netns add {box}")
    running.namespaces.append(box)
    netkit_add(running.ns, "nk1", box)
    run(f"ip -n {running.ns} link set nk1 up")
    run(f"ip -n {box} link set nk0 up")
    running.bridge(guests)
    running.xbr("link add nk1 master br0")
    running.wait_forwarding("nk1")
    near, boxed = End(a.ns, "eth0", "10.0.0.1"), End(box, "nk0", "10.0.0.2")
    assert a.ping(boxed.ip)
    assert tcp_carries(near, boxed) and tcp_carries(boxed, near)
    with running.listen(a) as ears:
        run("ip", "netns", "exec", box, "ping", "-c1", "-W1", "10.0.0.77", check=False)
        assert ears.frames(a, match=lambda frame: frame[12:14] == b"\x08\x06" and frame[38:42] == bytes([10, 0, 0, 77]))


# ---- macvtap ----


@contextlib.contextmanager
def tap_of(ns, dev):
    """The character device of a macvtap, opened raw (IFF_TAP, no header)."""
    index = json.loads(run(f"ip -n {ns} -j link show {dev}").stdout)[0]["ifindex"]
    major, minor = map(int, run("ip", "netns", "exec", ns, "cat", f"/sys/class/net/{dev}/tap{index}/dev").stdout.split(":"))
    node = f"/tmp/tap{index}"
    os.mknod(node, 0o600 | 0o020000, os.makedev(major, minor))
    fd = os.open(node, os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"", 0x0002 | 0x1000))  # TUNSETIFF, IFF_TAP | IFF_NO_PI
    try:
        yield fd
    finally:
        os.close(fd)
        os.unlink(node)


def test_a_machine_behind_a_macvtap(running):
    """A machine that libvirt attached with macvtap to the far end of a port: what it writes comes to the bridge as it is."""
    modules("macvtap")
    a, b = guests = running.guests(2)
    running.bridge(guests)
    run(f"ip -n {a.ns} link add link eth0 name mvt0 address 02:aa:00:00:00:01 up type macvtap mode bridge")
    frame = ethernet(BROADCAST, "02:aa:00:00:00:01")
    with tap_of(a.ns, "mvt0") as tap, running.listen(b) as ears:
        os.write(tap, frame)
        assert ears.copies(frame) == {b: 1}
        back = ethernet("02:aa:00:00:00:01", b.mac)
        b.send(back)
        got = []
        os.set_blocking(tap, False)

        def read():
            with contextlib.suppress(BlockingIOError):
                got.append(os.read(tap, 2000))
            return back in got
        wait_for(read, what="the frame for the machine")
        assert got.count(back) == 1
