# SPDX-License-Identifier: Apache-2.0
"""Ports that are a tag of a device: S-channels, E-TAG, VN-Tag. The device `v1` is the trunk; its far end is the wire, where tags are seen."""

import json
import struct
import subprocess
import time

import pytest

from lab import BROADCAST, Lab, ethernet, mac_bytes, wait_for

STAG, CTAG = 0x88a8, 0x8100

# A channel's tag as it is on the wire, by kind and number: written from 802.1Q 9.5, 802.1BR and the VN-Tag layout, not from the code.
WIRE = {
    "schannel": lambda n, **_: struct.pack("!HH", STAG, n),
    "etag": lambda n, source=0, **_: struct.pack("!HHHBB", 0x893f, source & 0xfff, (n >> 20 & 3) << 12 | n & 0xfff, source >> 12 & 0xff, n >> 12 & 0xff),
    "vntag-up": lambda n, **_: struct.pack("!HHH", 0x8926, 0, n),
    "vntag-down": lambda n, **_: struct.pack("!HHH", 0x8926, 0x8000 | n, 0),
}
WORD = {"schannel": "svid", "etag": "ecid", "vntag": "vif"}
NUMBERS = {"schannel": (100, 200, 300), "etag": (0x12345, 0x345, 0xfffff), "vntag": (0x123, 0x456, 0xfff)}
KINDS = list(WORD)


def tagged(kind, number, frame, direction="down"):
    """The frame as it is on the trunk's wire; direction: of a VN-Tag."""
    tag = WIRE[f"{kind}-{direction}" if kind == "vntag" else kind](number)
    return frame[:12] + tag + frame[12:]


def channel(kind, name, number, bridge="br0", dev="v1", options=""):
    return f"link add {name} type {kind} dev {dev} {WORD[kind]} {number} master {bridge} {options}"


def channels(lab, kind, names=("c1", "c2", "c3"), bridge="br0", options=""):
    for name, number in zip(names, NUMBERS[kind]):
        lab.xbr(channel(kind, name, number, bridge, options=options))
    lab.wait_forwarding(*names)


def trunk_and_guests(lab, count, mtu=1600):
    """A guest whose device is the trunk, and guests that are ports of br0."""
    trunk = lab.guest(mtu=mtu)
    guests = [lab.guest() for _ in range(count)]
    lab.bridge(guests)
    return trunk, guests


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_is_a_port(running, kind):
    wire, (a, b) = trunk_and_guests(running, 2)
    channels(running, kind)
    one, two, _ = NUMBERS[kind]
    up = ethernet(a.mac, "02:aa:00:00:00:01", payload=b"up")
    down = ethernet("02:aa:00:00:00:01", a.mac, payload=b"down")
    with running.listen(wire, a, b) as ears:
        a.send(ethernet(BROADCAST, a.mac))
        ears.everything()
        wire.send(tagged(kind, one, up, "up"))
        assert ears.copies(up) == {wire: 0, a: 1, b: 0}
        assert running.fdb()["02:aa:00:00:00:01"]["ifname"] == "c1"
        a.send(down)
        assert ears.everything() == {wire: [tagged(kind, one, down)], a: [], b: []}
        wire.send(tagged(kind, two, up, "up"))  # it moves to another channel
        assert ears.copies(up) == {wire: 0, a: 1, b: 0}
        a.send(down)
        assert ears.everything() == {wire: [tagged(kind, two, down)], a: [], b: []}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tags", [(), ((CTAG, 7 | 5 << 13),), ((CTAG, 7), (CTAG, 8))], ids=["plain", "ctag", "two-tags"])
def test_a_flood_is_one_copy_for_each_channel(running, kind, tags):
    wire, (a, b) = trunk_and_guests(running, 2)
    channels(running, kind)
    one, two, three = NUMBERS[kind]
    pcp = 5 << 13 if tags and tags[0][1] >> 13 == 5 else 0

    def with_pcp(number, frame):
        frame = bytearray(tagged(kind, number, frame))
        if kind != "vntag":
            frame[14] |= pcp >> 8
        return bytes(frame)

    with running.listen(wire, a, b) as ears:
        down = ethernet(BROADCAST, a.mac, tags=tags, payload=b"down")
        a.send(down)
        heard = ears.everything()
        assert sorted(heard[wire]) == sorted(with_pcp(n, down) for n in (one, two, three))
        assert (heard[a], heard[b]) == ([], [down])
        up = ethernet(BROADCAST, "02:aa:00:00:00:01", tags=tags, payload=b"up")
        wire.send(tagged(kind, two, up, "up"))  # from a channel to the others of its own device, too
        heard = ears.everything()
        assert sorted(heard[wire]) == sorted(with_pcp(n, up) for n in (one, three))
        assert (heard[a], heard[b]) == ([up], [up])


# ---- replication groups ----

GROUPS = {"etag": ("ecid 0x1000aa", lambda source: WIRE["etag"](0x1000aa, source)),
          "vntag": ("list 7", lambda source: struct.pack("!HHH", 0x8926, 0xc007, 0x8000 | source if source else 0))}


@pytest.mark.parametrize("kind", GROUPS)
def test_a_group_gets_one_copy_and_is_told_the_source(running, kind):
    wire, (a, b) = trunk_and_guests(running, 2)
    word, wire_tag = GROUPS[kind]
    channels(running, kind)
    running.xbr(f"link add g type {kind} dev v1 {word} master br0")
    running.wait_forwarding("g")
    one = NUMBERS[kind][0]
    with running.listen(wire, a, b) as ears:
        down = ethernet(BROADCAST, a.mac, payload=b"down")
        a.send(down)
        assert ears.everything() == {wire: [down[:12] + wire_tag(0) + down[12:]], a: [], b: [down]}
        up = ethernet(BROADCAST, "02:aa:00:00:00:01", payload=b"up")
        wire.send(tagged(kind, one, up, "up"))
        assert ears.everything() == {wire: [up[:12] + wire_tag(one) + up[12:]], a: [up], b: [up]}
        running.xbr("link set c2 mcast_flood off")  # now one of them must not have everything: a copy each
        a.send(down)
        assert sorted(ears.everything()[wire]) == sorted(tagged(kind, n, down) for n in NUMBERS[kind])
        wire.send(down[:6] + mac_bytes("02:aa:00:00:00:09") + wire_tag(0) + down[12:])  # nobody sends as a group
        assert ears.everything() == {wire: [], a: [], b: []}
    assert running.stats("v1")["reasons"]["no_channel"] == 1


# ---- hooks ----

def use_xdp(lab, wire, mode):
    """What the far end sends must be complete where a program sees it: that is the agent's to arrange."""
    lab.xbr(f"link set c1 xdp {mode}")
    shown = lab.show("link show dev c1")[0]["hook"]["rx"]
    assert shown == {"native": "xdp", "generic": "xdpgeneric", "off": "tc"}[mode]


@pytest.mark.parametrize("mode", ["native", "generic", "off"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_hook_says_the_same(running, kind, mode):
    """Known, unknown and group frames, from and to channels and between two of one device; tags of the guest's own, too."""
    wire, (a, b) = trunk_and_guests(running, 2)
    channels(running, kind)
    use_xdp(running, wire, mode)
    one, two, three = NUMBERS[kind]
    x, y = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
    with running.listen(wire, a, b) as ears:
        for mac, number in ((x, one), (y, two)):
            wire.send(tagged(kind, number, ethernet(BROADCAST, mac), "up"))
        a.send(ethernet(BROADCAST, a.mac))
        ears.everything()
        for tags in ((), ((CTAG, 7),)):
            up, across = ethernet(a.mac, x, tags=tags, payload=b"up"), ethernet(y, x, tags=tags, payload=b"across")
            down, flood = ethernet(x, a.mac, tags=tags, payload=b"down"), ethernet(BROADCAST, x, tags=tags, payload=b"flood")
            wire.send(tagged(kind, one, up, "up"))
            assert ears.everything() == {wire: [], a: [up], b: []}
            wire.send(tagged(kind, one, across, "up"))
            assert ears.everything() == {wire: [tagged(kind, two, across)], a: [], b: []}
            a.send(down)
            assert ears.everything() == {wire: [tagged(kind, one, down)], a: [], b: []}
            wire.send(tagged(kind, one, flood, "up"))
            heard = ears.everything()
            assert sorted(heard.pop(wire)) == sorted(tagged(kind, n, flood) for n in (two, three))
            assert heard == {a: [flood], b: [flood]}
        wire.send(tagged(kind, one + 1, up, "up"), up)
        assert ears.everything() == {wire: [], a: [], b: []}
    reasons = running.stats("v1")["reasons"]
    assert (reasons["no_channel"], reasons["channel_untagged"]) == (1, 1)
    c1 = running.stats("c1")
    assert c1["reasons"]["unicast"] == 4 and c1["rx"]["packets"] == 7
    assert c1["rx"]["bytes"] == 7 * 60  # what is behind the tag


# ---- TCP ----

def tcp(server, client, octets=32 << 20):
    """Octets that the server got of a stream of zeros from the client, over real sockets with all offloads the devices have."""
    receive = ("import socket,sys\ns=socket.create_server(('0.0.0.0',5001)); print('ready',flush=True); c=s.accept()[0]; n=0\n"
               "while d:=c.recv(1<<20): n+=len(d); assert not any(d[::4096])\nprint(n)")
    send = (f"import socket\ns=socket.create_connection(('{server.ip}',5001),timeout=60); b=bytes(1<<16)\n"
            f"for _ in range({octets >> 16}): s.sendall(b)\ns.close()")
    listener = server.popen("/usr/bin/python3", "-c", receive, stdout=subprocess.PIPE, text=True)
    assert listener.stdout.readline() == "ready\n"
    client.run("/usr/bin/python3", "-c", send, timeout=90)
    return int(listener.communicate(timeout=60)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_tcp_passes_two_bridges_whose_trunks_are_one_wire(running, kind):
    """
    Guest a - br1 - channel ==v8=v9== channel - br2 - guest b: each frame is tagged by one bridge and untagged by the other, super-frames
    and partial checksums too. The trunk's wire is captured: not one frame crosses it without the tag.
    """
    a, b = running.guests(2)
    running.host("ip link add v8 mtu 1600 type veth peer name v9 mtu 1600")
    for dev in ("v8", "v9"):
        running.host(f"ip link set {dev} up")
    for guest, bridge, dev, side in ((a, "br1", "v8", "bridge"), (b, "br2", "v9", "station")):
        running.bridge([guest], name=bridge)
        running.xbr(channel(kind, f"c-{dev}", NUMBERS[kind][0], bridge, dev, f"side {side}" if kind == "vntag" else ""))
        guest.address()
    running.wait_forwarding("c-v8", "c-v9")
    assert a.ping(b.ip, wait=5)
    with running.listen((running.ns, "v9")) as ears:
        assert tcp(b, a) == 32 << 20
        assert tcp(a, b) == 32 << 20
        crossed = [frame for frame in ears.everything(quiet=0.1)[(running.ns, "v9")]]
    tpid = {"schannel": b"\x88\xa8", "etag": b"\x89\x3f", "vntag": b"\x89\x26"}[kind]
    assert crossed and all(frame[12:14] == tpid for frame in crossed)
    assert max(map(len, crossed)) > 1700  # super-frames crossed it whole
    for dev in ("v8", "v9"):
        assert sum(running.stats(dev)["reasons"].values()) == 0


# ---- life ----

@pytest.mark.parametrize("kind", KINDS)
def test_channels_outlive_the_agent(running, kind):
    wire, (a,) = trunk_and_guests(running, 1)
    channels(running, kind, options="xdp native")
    one = NUMBERS[kind][0]
    saved, up = running.xbr("save").stdout, ethernet(a.mac, "02:aa:00:00:00:01", payload=b"up")
    with running.listen(wire, a) as ears:
        a.send(ethernet(BROADCAST, a.mac))
        ears.everything()
        running.agent.kill9()
        wire.send(tagged(kind, one, up, "up"))
        assert ears.everything() == {wire: [], a: [up]}
        running.agent.start()
        assert running.xbr("save").stdout == saved
        assert {link["ifname"]: link["hook"]["rx"] for link in running.show("link show")}["c1"] == "xdp"
        wire.send(tagged(kind, one, up, "up"))
        assert ears.everything() == {wire: [], a: [up]}
        running.xbr("link del c1")
        wire.send(tagged(kind, one, up, "up"))
        assert ears.everything() == {wire: [], a: []}
    assert "PROMISC" in running.host("ip link show v1").stdout
    running.xbr("link del c2")
    running.xbr("link del c3")
    assert "PROMISC" not in running.host("ip link show v1").stdout
    assert running.host("ip -d link show v1").stdout.count("xdp") == 0


def test_channels_wait_for_their_device_and_follow_it(running):
    wire, (a,) = trunk_and_guests(running, 1)
    channels(running, "schannel")
    links = {link["ifname"]: link for link in running.show("link show")}
    assert links["c1"]["mtu"] == 1596 and links["c1"]["link"] == "v1" and "ifindex" not in links["c1"]
    assert links["c1"]["linkinfo"] == {"info_kind": "schannel", "info_data": {"svid": 100}}
    running.host("ip link set v1 down")
    wait_for(lambda: running.show("link show dev c1")[0]["state"] == "disabled")
    running.host("ip link set v1 name trunk up")
    running.wait_forwarding("c1", "c2", "c3")
    assert "dev trunk svid 100" in running.xbr("save").stdout
    running.host("ip link del trunk")
    wait_for(lambda: not running.show("link show dev c1")[0]["present"])
    running.host(f"ip link add trunk mtu 1504 type veth peer name eth1 netns {wire.ns}")
    running.host("ip link set trunk up")
    wire.run("ip link set eth1 up")
    running.wait_forwarding("c1", "c2", "c3")
    assert running.show("link show dev c1")[0]["mtu"] == 1500


def test_a_device_goes_from_port_to_trunk_and_back_in_one_transaction(running):
    _, (a,) = trunk_and_guests(running, 1)
    as_port = "bridge add br0\nlink add v1 master br0\nlink add v2 master br0\n"
    as_trunk = "bridge add br0\nlink add name c1 type schannel dev v1 svid 5 master br0\nlink add v2 master br0\n"
    swapped = "bridge add br0\nlink add name c2 type schannel dev v1 svid 5 master br0\nlink add v2 master br0\n"
    for config, ports in ((as_port, {"v1", "v2"}), (as_trunk, {"c1", "v2"}), (swapped, {"c2", "v2"}), (as_port, {"v1", "v2"})):
        running.xbr("apply -", input=config)
        assert {link["ifname"] for link in running.show("link show")} == ports
        running.wait_forwarding(*ports)
        assert json.loads(running.xbr("-j apply -", input=running.xbr("save").stdout).stdout or "{}").get("changed", 0) == 0


# ---- bridges apart ----

def test_the_same_address_on_channels_of_different_bridges(running):
    wire, guests = running.guest(mtu=1600), running.guests(2)
    twin = "02:aa:00:00:00:01"
    for guest, bridge, name, svid in zip(guests, ("br1", "br2"), ("c1", "c2"), (100, 200)):
        running.bridge([guest], name=bridge)
        running.xbr(channel("schannel", name, svid, bridge))
    running.wait_forwarding("c1", "c2")
    with running.listen(wire, *guests) as ears:
        for svid in (100, 200):
            wire.send(tagged("schannel", svid, ethernet(BROADCAST, twin)))
        ears.everything()
        for guest, svid in zip(guests, (100, 200)):
            down = ethernet(twin, guest.mac)
            guest.send(down)
            assert ears.everything()[wire] == [tagged("schannel", svid, down)]
    entries = json.loads(running.xbr("-j fdb show").stdout)
    assert {(e["master"], e["ifname"]) for e in entries if e["mac"] == twin} == {("br1", "c1"), ("br2", "c2")}
    assert all(running.stats(name)["reasons"]["moved"] == 0 for name in ("c1", "c2"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_address_on_channels_of_one_bridge(running, kind):
    """Each in a VLAN of its own: they stay apart, and nothing moves."""
    wire, guests = running.guest(mtu=1600), running.guests(2)
    twin = "02:aa:00:00:00:01"
    running.bridge(guests, options="vlan_filtering 1 vlan_default_pvid 0")
    channels(running, kind, ("c1", "c2"))
    for vid, guest, name in zip((10, 20), guests, ("c1", "c2")):
        running.xbr(f"vlan add vid {vid} dev {guest.port} pvid untagged")
        running.xbr(f"vlan add vid {vid} dev {name} pvid untagged")
    with running.listen(wire, *guests) as ears:
        for number in NUMBERS[kind][:2]:
            wire.send(tagged(kind, number, ethernet(BROADCAST, twin), "up"))
        ears.everything()
        for number, guest in zip(NUMBERS[kind], guests):
            down = ethernet(twin, guest.mac)
            guest.send(down)
            assert ears.everything()[wire] == [tagged(kind, number, down)]
    assert {(e["vlan"], e["ifname"]) for e in json.loads(running.xbr("-j fdb show").stdout) if e["mac"] == twin} == {(10, "c1"), (20, "c2")}
    assert all(running.stats(name)["reasons"]["moved"] == 0 for name in ("c1", "c2"))


def test_the_default_s_channel_is_untagged(running):
    wire, (a,) = trunk_and_guests(running, 1)
    running.xbr(channel("schannel", "c1", 1))
    running.xbr(channel("schannel", "c9", 9))
    running.wait_forwarding("c1", "c9")
    up, down = ethernet(BROADCAST, "02:aa:00:00:00:01"), ethernet(BROADCAST, a.mac)
    with running.listen(wire, a) as ears:
        for frame in (up, tagged("schannel", 1, up), tagged("schannel", 0, up)):
            wire.send(frame)
            assert ears.everything() == {wire: [tagged("schannel", 9, up)], a: [up]}
        a.send(down)
        assert sorted(ears.everything()[wire]) == sorted([down, tagged("schannel", 9, down)])
    assert running.stats("c1")["rx"]["packets"] == 3


def test_the_host_speaks_by_channels(running):
    wire, (a,) = trunk_and_guests(running, 1)
    channels(running, "etag")
    running.host("ip addr add 10.9.0.1/24 dev br0")
    with running.listen(wire) as ears:
        running.host("ping -c 1 -W 0.1 10.9.0.2", check=False)
        asked = ears.frames(wire)
    own = json.loads(running.host("ip -j link show br0").stdout)[0]["address"]
    for number in NUMBERS["etag"]:
        assert any(frame[12:20] == WIRE["etag"](number) and frame[6:12] == mac_bytes(own) for frame in asked)


# ---- tags handed out ----

def numbers(lab):
    return {link["ifname"]: next(iter(link["linkinfo"]["info_data"].values())) for link in lab.show("link show") if "linkinfo" in link}


def test_tags_are_handed_out_and_rest(lab):
    lab.agent.start("--tag-quarantine", "3600")
    lab.guest()
    lab.xbr("bridge add br0")
    for name in ("a", "b", "c"):
        lab.xbr(channel("schannel", name, "auto"))
    assert numbers(lab) == {"a": 2, "b": 3, "c": 4}
    assert "svid 3" in lab.xbr("save").stdout
    lab.xbr("link del b")
    lab.agent.kill9()
    lab.agent.start("--tag-quarantine", "3600")
    lab.xbr(channel("schannel", "d", "auto"))
    assert numbers(lab) == {"a": 2, "c": 4, "d": 5}  # 3 rests, also for the agent that comes after
    lab.xbr(channel("schannel", "e", 3))  # who names it gets it
    lab.xbr("link del e")
    lab.agent.end()
    lab.agent.start("--tag-quarantine", "0")
    lab.xbr(channel("schannel", "f", "auto"))
    assert numbers(lab)["f"] == 3
    config = "bridge add br0\n" + "".join(f"link add name {n} type schannel dev v1 svid auto master br0\n" for n in "acdfg")
    before = numbers(lab)
    lab.xbr("apply -", input=config)
    assert {n: v for n, v in numbers(lab).items() if n != "g"} == before  # ports keep theirs
    assert numbers(lab)["g"] not in before.values()


def test_all_tags_of_a_device_are_taken(lab):
    lab.agent.start("--max-ports", "5000")
    lab.guest()
    lab.xbr("bridge add br0")
    lines = ["bridge add br0"] + [f"link add name p{i} type vntag dev v1 vif auto master br0" for i in range(4095)]
    lab.xbr("apply -", input="\n".join(lines) + "\n")
    assert sorted(numbers(lab).values()) == list(range(1, 4096))
    refused = lab.xbr("link add q type vntag dev v1 vif auto master br0", check=False)
    assert refused.returncode and "no vif of v1 is free" in refused.stderr


# ---- many ----

def test_ten_thousand_channels_on_one_device(lab):
    lab.agent.start("--max-ports", "12000")
    wire, a = lab.guest(mtu=1600), lab.guest()
    lines = ["bridge add br0", "link add v2 master br0"]
    lines += [f"link add name p{i} type etag dev v1 ecid {i} master br0" for i in range(1, 10001)]
    start = time.monotonic()
    lab.xbr("apply -", input="\n".join(lines) + "\n")
    took = time.monotonic() - start
    print(f"10,000 channels in one transaction: {took:.2f} s")
    wait_for(lambda: lab.show("link show dev p10000")[0]["state"] == "forwarding", 30)
    with lab.listen(wire, a) as ears:
        a.send(ethernet(BROADCAST, a.mac))
        heard = ears.frames(wire)  # the kernel's queue between the two ends of a veth has room for a thousand
        assert len(set(heard)) == len(heard) >= 1000
        for number in (1, 5000, 10000):
            up = ethernet(a.mac, f"02:aa:00:00:{number >> 8:02x}:{number & 255:02x}", payload=b"up")
            wire.send(tagged("etag", number, up))
            assert ears.copies(up) == {wire: 0, a: 1}
            assert lab.fdb()[up[6:12].hex(":")]["ifname"] == f"p{number}"
            down = up[6:12] + up[:6] + up[12:]
            a.send(down)
            assert ears.everything() == {wire: [tagged("etag", number, down)], a: []}
    stats = [lab.stats(f"p{number}") for number in (1, 2, 5000, 10000)]
    assert [s["tx"]["packets"] + s["reasons"]["copy_failed"] for s in stats] == [2, 1, 2, 2]
    assert json.loads(lab.xbr("-j apply -", input="\n".join(lines) + "\n").stdout or "{}").get("changed", 0) == 0
    lab.agent.kill9()
    lab.agent.start("--max-ports", "12000")
    assert len(lab.show("link show")) == 10001


# ---- what is refused ----

REFUSALS = [
    ("link add c9 type schannel dev v1 svid 0 master br0", "out of range"),
    ("link add c9 type schannel dev v1 svid 4095 master br0", "out of range"),
    ("link add c9 type etag dev v1 ecid 0x100000 master br0", "ecid 0x100000 is out of range"),
    ("link add c9 type etag dev v1 ecid 0x400000 master br0", "out of range"),
    ("link add c9 type vntag dev v1 vif 0x1000 master br0", "out of range"),
    ("link add c9 type vntag dev v1 list 16384 master br0", "out of range"),
    ("link add c9 type schannel dev v1 svid 100 master br0", "svid 100 of v1 is already that of c1"),
    ("link add c1 type schannel dev v1 svid 101 master br0", "c1 is already a port of br0"),
    ("link add c9 type schannel dev v2 svid 100 master br0", "v2 is itself a port of br0"),
    ("link add c9 type schannel dev nosuch svid 100 master br0", "there is no device nosuch"),
    ("link add c9 type schannel dev lo svid 100 master br0", "lo is the loopback device"),
    ("link add c9 type schannel dev br0 svid 100 master br0", "br0 is a bridge"),
    ("link add c9 type schannel dev c1 svid 100 master br0", "c1 is a channel itself"),
    ("link add c9 type schannel dev v1 svid 100 master nosuch", "nosuch is not a bridge"),
    ("link add c9 type etag dev v1 ecid 5 master br0", "v1 carries S-channels: it cannot carry E-TAG channels"),
    ("link add v1 master br0", "v1 carries channels"),
    ("link add v2 type schannel dev v1 svid 7 master br0", "v2 is already a port"),
    ("link add v3 type schannel dev v1 svid 7 master br0", "there is a device v3"),
    ("link add v1 type schannel dev v1 svid 7 master br0", "v1 needs a name of its own"),
    ("link add c9 type schannel dev v1 ecid 7 master br0", "type schannel takes one svid"),
    ("link add c9 type schannel dev v1 master br0", "type schannel takes one svid"),
    ("link add c9 type schannel dev v1 svid 7 side station master br0", "side belongs to type vntag"),
    ("link add dev v1 type schannel svid 7 master br0", "a channel has a name of its own"),
    ("link add dev v3 svid 7 master br0", "say type, too"),
    ("link add c9 type schannel dev v3 svid 7 master br0 xdp native dev v1", "given twice"),
    ("link add c9 type schannel dev v1 svid 7 xdp generic master br0", "c1 asks for xdp native already"),
]


@pytest.fixture(scope="module")
def refusing():
    lab = Lab()
    lab.agent.start()
    trunk_and_guests(lab, 1)
    lab.guest()
    lab.xbr(channel("schannel", "c1", 100, options="xdp native"))
    yield lab
    lab.close()


@pytest.mark.parametrize("command, why", REFUSALS, ids=[why.replace(" ", "-") + str(i) for i, (_, why) in enumerate(REFUSALS)])
def test_what_is_refused_changes_nothing(refusing, command, why):
    before = refusing.xbr("save").stdout, refusing.xbr("-j link show").stdout
    refused = refusing.xbr(command, check=False)
    assert refused.returncode != 0 and why in refused.stderr and len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert (refusing.xbr("save").stdout, refusing.xbr("-j link show").stdout) == before


# ---- VLANs of the guests, inside of channels ----

@pytest.mark.parametrize("mode", ["native", "off"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_has_vlans_of_its_own(running, kind, mode):
    """c1 is tagged in VLAN 10, c2 is untagged in it, c3 and c4 are of another VLAN; a is untagged in 10, b in 20."""
    wire, a, b = running.guest(mtu=1600), *running.guests(2)
    running.bridge([a, b], options="vlan_filtering 1")
    channels(running, kind)
    running.xbr(channel(kind, "c4", 99))
    use_xdp(running, wire, mode)
    for dev, vid, how in (("v2", 10, "pvid untagged"), ("v3", 20, "pvid untagged"), ("c1", 10, ""), ("c2", 10, "pvid untagged"),
                          ("c3", 20, "pvid untagged"), ("c4", 20, "pvid untagged")):
        running.xbr(f"vlan del vid 1 dev {dev}")
        running.xbr(f"vlan add vid {vid} dev {dev} {how}")
    one, two, three = NUMBERS[kind]
    tag = ((CTAG, 10),)
    with running.listen(wire, a, b) as ears:
        down, down_tagged = (ethernet(BROADCAST, a.mac, tags=t, payload=b"down", length=n) for t, n in (((), 60), (tag, 64)))
        for host in ("up", "down"):  # without the host's copy XDP would flood by itself, were it not for channels
            running.host(f"ip link set br0 {host}")
            a.send(down)
            heard = ears.everything()
            assert sorted(heard.pop(wire)) == sorted([tagged(kind, one, down_tagged), tagged(kind, two, down)])
            assert heard == {a: [], b: []}
        x = "02:aa:00:00:00:01"
        up, up_tagged = (ethernet(a.mac, x, tags=t, payload=b"up", length=n) for t, n in (((), 60), (tag, 64)))
        wire.send(tagged(kind, one, up_tagged, "up"))
        assert ears.everything() == {wire: [], a: [up], b: []}
        group = down_tagged[:6] + mac_bytes(x) + down_tagged[12:]
        wire.send(tagged(kind, one, group, "up"))
        assert ears.everything() == {wire: [tagged(kind, two, group[:12] + group[16:])], a: [group[:12] + group[16:]], b: []}
        wire.send(tagged(kind, two, up, "up"))
        assert ears.everything() == {wire: [], a: [up], b: []}
        wire.send(tagged(kind, one, up, "up"))  # no PVID there
        wire.send(tagged(kind, three, up_tagged, "up"))  # not a member
        assert ears.everything() == {wire: [], a: [], b: []}
        across = ethernet(x, "02:aa:00:00:00:03", tags=tag, payload=b"across", length=64)
        wire.send(tagged(kind, one, across, "up"))  # to x, behind c2 now: another tag outside, none inside
        assert ears.everything() == {wire: [tagged(kind, two, across[:12] + across[16:])], a: [], b: []}
        wire.send(tagged(kind, three, group[:12] + group[16:], "up"))  # all of this VLAN are alike: but for c4 XDP would flood
        assert ears.everything() == {wire: [tagged(kind, 99, group[:12] + group[16:])], a: [], b: [group[:12] + group[16:]]}
    assert running.stats("c1")["reasons"]["no_pvid"] == 1 and running.stats("c3")["reasons"]["ingress_vlan"] == 1
