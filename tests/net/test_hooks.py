# SPDX-License-Identifier: Apache-2.0
"""Which hook a port gets, what that changes on devices, what it leaves as it was, and whether frames notice."""

import ctypes
import os
import re
import socket
import struct

import pytest

from lab import BROADCAST, KERNEL, TC, XBRD, ethernet, inside, run, wait_for
from test_traffic import addressed, tcp_carries, udp_carries

PROGRAMS = """
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int stranger_xdp(struct xdp_md *xdp) { return XDP_PASS; }
SEC("xdp.frags") int stranger_long(struct xdp_md *xdp) { return XDP_PASS; }
SEC("tc") int stranger_tc(struct __sk_buff *skb) { return TC_ACT_UNSPEC; }
char _license[] SEC("license") = "GPL";
"""

BPF_OBJ_GET, BPF_PROG_ATTACH, BPF_TCX_INGRESS = 7, 8, 46
SYS_BPF = {"x86_64": 321, "aarch64": 280}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """An object file of programs that are not xbr's."""
    folder = tmp_path_factory.mktemp("strangers")
    (folder / "strangers.c").write_text(PROGRAMS)
    run("clang", "-O2", "-g", "-target", "bpf", f"-I/usr/include/{os.uname().machine}-linux-gnu", "-c", str(folder / "strangers.c"),
        "-o", str(folder / "strangers.o"))
    return str(folder / "strangers.o")


def hook(lab, port):
    return lab.show(f"link show dev {port}")[0]["hook"]


def pair(lab, number):
    """A veth pair with both ends in the host's namespace: port p1, far end q1."""
    run(f"ip -n {lab.ns} link add p{number} type veth peer name q{number} address 02:00:00:00:01:{number:02x}")
    for end in (f"p{number}", f"q{number}"):
        run(f"ip -n {lab.ns} link set {end} up")
    return (lab.ns, f"q{number}")


def features(lab, dev, ns=None):
    return run(f"nsenter --net=/run/netns/{ns or lab.ns} ethtool -k {dev}").stdout


def xdp_count(lab, port, what):
    """How often the driver's XDP path did something, by its own count."""
    lines = lab.host(f"ethtool -S {port}").stdout.splitlines()
    return sum(int(line.split()[-1]) for line in lines if re.match(rf"\s*(rx|tx)_queue_\d+_{what}:", line))


def learned(lab, *guests):
    for guest in guests:
        guest.send(ethernet(BROADCAST, guest.mac, payload=b"hello"))
    wait_for(lambda: {g.mac for g in guests} <= set(lab.fdb()), what="learned")


def test_what_each_word_gives(running):
    guests = running.guests(4)
    running.bridge([])
    for guest, word in zip(guests, ("native", "generic", "off", "auto")):
        running.xbr(f"link add {guest.port} master br0 xdp {word}")
    hooks = {word: hook(running, guest.port) for guest, word in zip(guests, ("native", "generic", "off", "auto"))}
    assert {word: h["xdp"] for word, h in hooks.items()} == {word: word for word in hooks}
    assert {word: h["rx"] for word, h in hooks.items()} == {"native": "xdp", "generic": "xdpgeneric", "off": "tc", "auto": "tc"}
    assert hooks["native"]["reason"] == hooks["generic"]["reason"] == "asked for"
    assert "off" in hooks["off"]["reason"] and "veth" in hooks["auto"]["reason"]
    assert {word: h["tx_xdp"] for word, h in hooks.items()} == {"native": True, "generic": True, "off": False, "auto": True}
    assert {h["redirect"] for h in hooks.values()} == {"peer"}
    text = running.xbr("-d link show dev v1").stdout
    assert "asked for" in text and "xdp" in text
    assert "xdp" in run(f"ip -n {running.ns} link show v1").stdout and "xdpgeneric" in run(f"ip -n {running.ns} link show v2").stdout


def test_redirect_word_of_a_peer_at_home(running):
    pair(running, 1)
    running.bridge([])
    running.xbr("link add p1 master br0")
    assert (hook(running, "p1")["redirect"], hook(running, "p1")["tc"]) == ("device", TC[0])


@pytest.mark.parametrize("at_home", [False, True], ids=["peers in namespaces", "peers at home"])
def test_native_unicast_and_flood_go_by_xdp(running, at_home):
    places = [pair(running, n) for n in (1, 2, 3)] if at_home else running.guests(3)
    ports = [f"{'p' if at_home else 'v'}{n}" for n in (1, 2, 3)]
    macs = [f"02:00:00:00:0{1 if at_home else 0}:0{n}" for n in (1, 2, 3)]
    running.bridge([])
    for port in ports:
        running.xbr(f"link add {port} master br0 xdp native")
    running.wait_forwarding(*ports)
    first, answer, second = (ethernet(macs[1], macs[0], length=100), ethernet(macs[0], macs[1]), ethernet(macs[1], macs[0]))
    with running.listen(*places) as ears:
        def copies_from(place, frame):
            ears.raws[place].send(frame)
            return list(ears.copies(frame).values())
        assert copies_from(places[0], first) == [0, 1, 1]
        assert xdp_count(running, ports[0], "xdp_redirect") == 1, "an unknown unicast frame, which the host does not get"
        assert copies_from(places[1], answer) == [1, 0, 0]
        assert copies_from(places[0], second) == [0, 1, 0]
        assert (xdp_count(running, ports[0], "xdp_redirect"), xdp_count(running, ports[1], "xdp_redirect")) == (2, 1)
    stats = [running.stats(port) for port in ports]
    assert [s["rx"] for s in stats] == [{"packets": 2, "bytes": 160}, {"packets": 1, "bytes": 60}, {"packets": 0, "bytes": 0}]
    assert [s["tx"] for s in stats] == [{"packets": 1, "bytes": 60}, {"packets": 2, "bytes": 160}, {"packets": 1, "bytes": 100}]
    assert (stats[0]["reasons"]["unknown_unicast"], stats[0]["reasons"]["unicast"]) == (1, 1)


def test_native_hairpin(running):
    a, b = running.guests(2)
    running.bridge([a, b], link_options="xdp native hairpin on")
    learned(running, a, b)
    other = ethernet(BROADCAST, "02:bb:00:00:00:01")
    back = ethernet("02:bb:00:00:00:01", a.mac)
    with running.listen(a, b) as ears:
        a.send(other)
        assert ears.copies(other) == {a: 1, b: 1}
        a.send(back)
        assert ears.copies(back) == {a: 1, b: 0}
    stats = running.stats("v1")
    assert stats["reasons"]["reflected"] == 1
    assert xdp_count(running, "v1", "xdp_redirect") == 1


def test_lone_native_port_floods_to_nobody(running):
    a = running.guest()
    running.bridge([a], link_options="xdp native")
    a.send(ethernet("02:bb:00:00:00:01", a.mac))
    wait_for(lambda: running.stats("v1")["reasons"]["no_receiver"] == 1, what="no_receiver counted")
    assert running.stats("v1")["reasons"]["unknown_unicast"] == 0


@pytest.mark.parametrize("others", ["native", "off", "auto"])
def test_one_copy_each_from_a_native_port(running, others):
    """To native ports, TC ports and the host; by way of the hand-off where XDP cannot do all of it."""
    guests = running.guests(4)
    running.bridge(guests[:2], link_options="xdp native")
    for guest in guests[2:]:
        running.xbr(f"link add {guest.port} master br0 xdp {others}")
    running.wait_forwarding(*(g.port for g in guests))
    a, _, c, _ = guests
    host = (running.ns, "br0")
    with running.listen(*guests, host) as ears:
        for destination, at_host in ((BROADCAST, 1), ("01:00:5e:00:00:01", 1), ("02:bb:00:00:00:01", 0)):
            frame = ethernet(destination, a.mac)
            a.send(frame)
            assert list(ears.copies(frame).values()) == [0, 1, 1, 1, at_host]
        to_c = ethernet(c.mac, a.mac)
        c.send(ethernet(a.mac, c.mac))
        ears.frames(a)
        a.send(to_c)
        assert list(ears.copies(to_c).values()) == [0, 0, 1, 0, 0]
        up = ethernet(running.show("bridge show")[0]["address"], a.mac)
        a.send(up)
        assert list(ears.copies(up).values()) == [0, 0, 0, 0, 1]
    stats = running.stats("v1")
    assert stats["rx"] == {"packets": 5, "bytes": 300}
    assert {r: n for r, n in stats["reasons"].items() if n} == {"broadcast": 1, "multicast": 1, "unknown_unicast": 1, "unicast": 1,
                                                             "local": 1, "learned": 1}
    assert running.stats("v3")["tx"]["packets"] == 4


@pytest.mark.parametrize("words", [("native", "native"), ("native", "off"), ("native", "auto")])
def test_tcp_and_udp_through_native_ports(running, words):
    """Out of the box: what XDP would lose the peers are told not to send."""
    a, b = running.guests(2)
    host = addressed(running, [a, b])
    for guest, word in zip((a, b), words):
        running.xbr(f"link set dev {guest.port} xdp {word}")
    assert tcp_carries(a, b, 4 << 20) and tcp_carries(b, a, 4 << 20)
    assert tcp_carries(a, host, 4 << 20) and tcp_carries(host, a, 4 << 20)
    assert udp_carries(a, b, [1, 1472, 1473, 9000] * 3) and udp_carries(b, a, [1, 1472, 1473, 9000] * 3)
    assert udp_carries(a, host, [1, 9000]) and udp_carries(host, a, [1, 9000])
    assert xdp_count(running, "v1", "xdp_packets") > 1000


def test_jumbo_frames_through_native_ports(running):
    a, b = running.guests(2, mtu=9000)
    host = addressed(running, [a, b])
    for guest in (a, b):
        running.xbr(f"link set dev {guest.port} xdp native")
    assert hook(running, "v1")["rx"] == "xdp"
    assert a.run(f"ping -q -c2 -i0.05 -W1 -M do -s 8972 {b.ip}").returncode == 0
    assert a.run(f"ping -q -c2 -i0.05 -W1 -M do -s 8972 {host.ip}").returncode == 0
    assert tcp_carries(a, b, 4 << 20) and tcp_carries(b, a, 4 << 20)
    flood = ethernet(BROADCAST, a.mac, length=9000)
    with running.listen(b, (running.ns, "br0")) as ears:
        a.send(flood)
        assert list(ears.copies(flood).values()) == [1, 1]
    too_long = running.guest(mtu=1500)
    running.xbr(f"link add {too_long.port} master br0 xdp native")
    running.wait_forwarding(too_long.port)
    with running.listen(b, too_long) as ears:
        unknown = ethernet("02:bb:00:00:00:01", a.mac, length=5000)
        a.send(unknown)
        assert ears.copies(unknown) == {b: 1, too_long: 0}
    assert running.stats(too_long.port)["reasons"]["copy_mtu"] == 1


@pytest.mark.parametrize("words", [("native", "native"), ("native", "off"), ("off", "native"), ("generic", "native")])
@pytest.mark.parametrize("tags", [[(0x8100, 5)], [(0x88a8, 9), (0x8100, 5)], [(0x8100, 0xe000)]], ids=["C", "S+C", "priority"])
def test_tags_through_native_ports(running, words, tags):
    a, b = running.guests(2)
    host = (running.ns, "br0")
    running.bridge([a, b])
    for guest, word in zip((a, b), words):
        running.xbr(f"link set dev {guest.port} xdp {word}")
    flood = ethernet(BROADCAST, a.mac, tags=tags)
    answer = ethernet(a.mac, b.mac, tags=tags)
    with running.listen(a, b, host) as ears:
        a.send(flood)
        assert list(ears.copies(flood).values()) == [0, 1, 1]
        b.send(answer)
        assert list(ears.copies(answer).values()) == [1, 0, 0]
        a.send(ethernet(b.mac, a.mac, tags=tags))
        assert ears.frames(b) == [ethernet(b.mac, a.mac, tags=tags)]


@pytest.mark.parametrize("how", ["link del", "bridge del", "xdp off", "agent --detach"])
def test_features_come_back(running, how):
    a, b = running.guests(2)
    places = [("v1", None), ("v2", None), ("eth0", a.ns), ("eth0", b.ns)]
    before = [features(running, *place) for place in places]
    running.bridge([a, b], link_options="xdp native")
    during = [features(running, *place) for place in places]
    assert all(one != other for one, other in zip(before, during)), "XDP asks for changes everywhere"
    assert "tx-checksum-ip-generic: off" in during[2]
    changed = hook(running, "v1")["changed"]
    assert "peer tx-checksum-ip-generic off" in changed and "peer rx-gro on" in changed
    if how == "link del":
        running.xbr("link del v1")
        running.xbr("link del v2")
    elif how == "bridge del":
        running.xbr("bridge del br0")
    elif how == "xdp off":
        running.xbr("link set dev v1 xdp off")
        running.xbr("link set dev v2 xdp off")
        assert hook(running, "v1")["changed"] == []
    else:
        running.agent.end()
        assert running.agent.run("--detach").returncode == 0
    assert [features(running, *place) for place in places] == before


def xdp_mode(lab, port):
    return run(f"ip -n {lab.ns} -d link show {port}").stdout


@pytest.mark.parametrize("mode", ["xdpgeneric", "xdpdrv"])
def test_a_strangers_xdp_program_stays(running, strangers, mode):
    a, b = running.guests(2)
    run(f"ip -n {running.ns} link set dev v1 {mode} obj {strangers} sec xdp")
    program = re.search(r"prog/xdp id (\d+)", xdp_mode(running, "v1")).group(1)
    running.bridge([])
    refused = running.xbr("link add v1 master br0 xdp native", check=False)
    assert refused.returncode == 1 and "stranger_xdp" in refused.stderr and f"id {program}" in refused.stderr
    assert running.show("link show") == []
    assert f"prog/xdp id {program}" in xdp_mode(running, "v1")
    running.xbr("link add v1 master br0")
    refused = running.xbr("link set dev v1 xdp native", check=False)
    assert refused.returncode == 1 and "stranger_xdp" in refused.stderr
    found = hook(running, "v1")
    assert (found["xdp"], found["rx"]) == ("auto", "tc")
    assert any("stranger_xdp" in line and program in line for line in found["others"])
    running.xbr("bridge del br0")
    assert f"prog/xdp id {program}" in xdp_mode(running, "v1")


@pytest.mark.parametrize("mode, section", [
    ("xdpdrv", "xdp"), ("xdpgeneric", "xdp"), ("xdpdrv", "xdp.frags"),
    ("xdpgeneric", "xdp.frags")])
def test_frames_pass_behind_a_strangers_program(running, strangers, mode, section):
    a, b = running.guests(2)
    run(f"ip -n {running.ns} link set dev v1 {mode} obj {strangers} sec {section}")
    addressed(running, [a, b])
    assert a.ping(b.ip) and b.ping(a.ip)


def bpf(command, attributes):
    """bpf(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"))
    result = libc.syscall(SYS_BPF[os.uname().machine], command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command})")
    return result


def attach_tcx(lab, dev, objects, pin):
    """bpftool of Debian 12 knows no tcx."""
    path = os.path.join(lab.bpffs, pin)
    run(f"bpftool prog loadall {objects} {path}")
    name = ctypes.create_string_buffer(os.path.join(path, "stranger_tc").encode())
    fd = bpf(BPF_OBJ_GET, struct.pack("QII", ctypes.addressof(name), 0, 0))
    with inside(lab.ns):
        bpf(BPF_PROG_ATTACH, struct.pack("IIII", socket.if_nametoindex(dev), fd, BPF_TCX_INGRESS, 0))
    os.close(fd)


@pytest.mark.skipif("tcx" not in TC, reason="a kernel before 6.6 has no tcx")
def test_strangers_tc_programs_stay_and_are_named(running, strangers):
    a, b = running.guests(2)
    ns = running.ns
    run(f"tc -n {ns} qdisc add dev v1 clsact")
    run(f"tc -n {ns} filter add dev v1 ingress bpf da obj {strangers} sec tc")
    run(f"tc -n {ns} filter add dev v1 ingress prio 7 protocol ip u32 match u32 0 0 action mirred egress redirect dev lo")
    attach_tcx(running, "v1", strangers, "first")
    addressed(running, [a, b])
    attach_tcx(running, "v1", strangers, "last")
    others = hook(running, "v1")["others"]
    assert sum("stranger_tc" in line and "runs before" in line for line in others) == 1
    assert sum("stranger_tc" in line and "comes after" in line for line in others) == 1
    assert sum("strangers.o" in line and "on clsact" in line for line in others) == 1
    assert any("u32" in line and "on clsact" in line for line in others)
    assert not any("xbr_" in line for line in others)
    assert a.ping(b.ip), "what comes after xbr sees no frame"
    running.xbr("bridge del br0")
    left = run(f"tc -n {ns} filter show dev v1 ingress").stdout
    assert "stranger_tc" in left and "u32" in left and "xbr" not in left


SETPRIV = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]


def test_a_namespace_that_cannot_be_entered(lab):
    """No CAP_SYS_ADMIN: peers elsewhere cannot be armed, so there is no XDP towards them, and the sentence says so; TC still works."""
    lab.agent.wrapper = SETPRIV
    lab.agent.start()
    pair(lab, 1)
    a, b = lab.guests(2)
    addressed(lab, [a, b])
    lab.xbr("link add p1 master br0 xdp native")
    assert hook(lab, "p1")["rx"] == "xdp"
    found = hook(lab, "v1")
    assert found["tx_xdp"] is False and "namespace" in found["tx_reason"]
    refused = lab.xbr("link set dev v1 xdp native", check=False)
    assert refused.returncode == 1 and "namespace" in refused.stderr
    assert a.ping(b.ip)
    flood = ethernet(BROADCAST, "02:bb:00:00:00:01")
    far = (lab.ns, "q1")
    with lab.listen(a, b, far) as ears:
        ears.raws[far].send(flood)
        assert ears.copies(flood) == {a: 1, b: 1, far: 0}


@pytest.mark.parametrize("capabilities, mask", [
    ("+bpf,+net_admin,+net_raw", "8000003000") if KERNEL >= (6, 8) else ("+bpf,+net_admin,+net_raw,+perfmon", "c000003000")])
def test_an_agent_of_an_ordinary_user(lab, capabilities, mask):
    """A user of its own with a pin directory: load, attach, pin, forward, come back, detach."""
    lab.agent.wrapper = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", capabilities,
                         "--ambient-caps", capabilities, "--bounding-set", "-all," + capabilities]
    for folder in (lab.folder, lab.bpffs):
        os.chown(folder, 65534, 65534)
    xbrd = os.path.join(lab.folder, "xbrd")  # the tree may lie where only root looks
    run("install", "-m", "755", XBRD, xbrd)
    lab.agent.start(binary=xbrd)
    status = open(f"/proc/{lab.agent.process.pid}/status").read()
    assert re.search(r"^Uid:\t65534\t65534", status, re.M) and re.search(rf"^CapEff:\t0*{mask}$", status, re.M)
    a, b = lab.guests(2)
    host = addressed(lab, [a, b])
    assert a.ping(b.ip) and a.ping(host.ip) and host.ping(b.ip)
    lab.agent.kill9()
    assert a.ping(b.ip)
    lab.agent.start(binary=xbrd)
    assert set(lab.fdb(ifname="v1")) >= {a.mac}
    assert a.ping(b.ip)
    lab.xbr("bridge del br0")
    assert "br0" not in run(f"ip -n {lab.ns} link show").stdout
