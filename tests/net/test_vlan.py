# SPDX-License-Identifier: Apache-2.0
"""
VLANs in namespaces. The truth table is generated: every tag that a frame can come with, by every kind of port and from the host, to every
kind of port and the host, against a model written independently (vlan_model.py), through TC and through XDP; as broadcast, and to an address
that is known. Where a guest's frame meets TC the kernel has taken its outer tag into metadata; in XDP, and in what the host sends, it is in
the bytes. Then the
words of bridge(8), what survives, and what is refused.
"""

import errno
import itertools
import json
import struct
import subprocess
import time

import pytest

import vlan_model
from lab import BROADCAST, Raw, ethernet, mac_bytes, run, wait_for
from stream import Stream
from vlan_model import C_TAG, S_TAG, Port

A, B = 10, 20  # two VLANs; 30 is in use by no port
UNTAGGED, TAGGED = True, False

# Every combination of PVID and membership that differs, and the modes.
PORTS = {
    "access A": Port(A, {A: UNTAGGED}),
    "pvid A, tagged": Port(A, {A: TAGGED}),
    "trunk A": Port(0, {A: TAGGED}),
    "hybrid": Port(B, {A: TAGGED, B: UNTAGGED}),
    "untagged without pvid": Port(0, {A: UNTAGGED}),
    "access B": Port(B, {B: UNTAGGED}),
    "none": Port(0, {}),
    "tunnel": Port(A, {A: UNTAGGED}, tunnel=True),
    "tunnel, selective": Port(B, {A: TAGGED, B: TAGGED}, tunnel=True, mapped={5: (A, None), 6: (A, 3)}),
    "tunnel without pvid": Port(0, {A: TAGGED}, tunnel=True, mapped={5: (A, None)}),
    "translated": Port(0, {A: TAGGED, B: TAGGED}, mapped={5: (A, None)}),
    "translated, marked": Port(B, {A: TAGGED, B: UNTAGGED}, mapped={5: (A, 6)}),
    "swapped": Port(0, {A: TAGGED, B: TAGGED}, mapped={A: (B, None), B: (A, None)}),
}

HOST_PORT = Port(B, {A: TAGGED, B: UNTAGGED})  # the bridge device
PLACES = {**PORTS, "host": HOST_PORT}

LEGACY = 0x9100  # of QinQ before 802.1ad: no tag to anybody here
PRIORITIES = (0x0000, 0x7000, 0xf000)  # PCP 0; PCP 3 and DEI; PCP 7 and DEI
VIDS = (0, A, B, 5, 6, 30, 4095)
TAGS = ([[]] + [[(tpid, priority | vid)] for tpid in (C_TAG, S_TAG) for priority in PRIORITIES for vid in VIDS]
        + [[(outer, 0x2000 | vid), (inner, 0x4005)] for outer, inner in itertools.product((C_TAG, S_TAG), repeat=2) for vid in (0, A, 5)]
        + [[(outer, 0x2000 | A), (C_TAG, 0x4005), (S_TAG, B)] for outer in (C_TAG, S_TAG)]
        + [[(LEGACY, A)], [(C_TAG, A), (LEGACY, A)], [(S_TAG, A), (LEGACY, A)]])


def configure(dev, port, self_=""):
    lines = [f"link set dev {dev} dot1q_tunnel on"] if port.tunnel else []
    lines += [f"vlan add vid {vid} dev {dev}{' pvid' if vid == port.pvid else ''}{' untagged' if untagged else ''}{self_}" for vid, untagged in port.members.items()]
    lines += [f"vlanmap add vid {vid} to {to} dev {dev}{'' if priority is None else f' priority {priority}'}" for vid, (to, priority) in port.mapped.items()]
    return lines


def batch(lab, lines):
    done = lab.xbr("-batch -", input="\n".join(lines) + "\n", check=False)
    assert done.returncode == 0, done.stderr


class Table:
    """A bridge with one port of each kind, and the host. A frame carries its number, so that all can be sent before any is looked at."""

    def __init__(self, lab, protocol, xdp):
        self.lab, self.protocol = lab, protocol
        self.guests = dict(zip(PORTS, lab.guests(len(PORTS))))
        word = {C_TAG: "802.1Q", S_TAG: "802.1ad"}[protocol]
        lab.xbr(f"bridge add br0 vlan_filtering 1 vlan_default_pvid 0 vlan_protocol {word}")
        run(f"ip -n {lab.ns} link set br0 up")
        batch(lab, [f"link add {guest.port} master br0 xdp {xdp} learning off" for guest in self.guests.values()])
        for name, guest in self.guests.items():
            batch(lab, configure(guest.port, PORTS[name]))
        batch(lab, configure("br0", HOST_PORT, " self"))
        lab.wait_forwarding(*[guest.port for guest in self.guests.values()])
        self.macs = {name: guest.mac for name, guest in self.guests.items()} | {"host": lab.show("bridge show br0")[0]["address"]}

    def run(self, cases, destination):
        """cases: (sender, tags). {case's number: {receiver: [tags]}} of all that came out."""
        raws = {name: Raw(guest.ns, "eth0") for name, guest in self.guests.items()}
        raws["host"] = Raw(self.lab.ns, "br0", promiscuous=False)
        found = {number: {} for number in range(len(cases))}
        for number, (sender, tags) in enumerate(cases):
            frame = ethernet(destination(sender), self.macs[sender], payload=struct.pack("!I", number), tags=tags, length=74)
            try:
                raws[sender].send(frame)
            except OSError as error:  # the host is told when its frame is dropped
                assert sender == "host" and error.errno == errno.ENOBUFS
        for name, raw in raws.items():
            while (frame := raw.receive(0.3)) is not None:
                number, tags = self.read(frame)
                if number is not None:
                    found[number].setdefault(name, []).append(tags)
            raw.close()
        return found

    def read(self, frame):
        tags, at = [], 12
        while struct.unpack_from("!H", frame, at)[0] in (C_TAG, S_TAG, LEGACY):
            tags.append(struct.unpack_from("!HH", frame, at))
            at += 4
        if struct.unpack_from("!H", frame, at)[0] != 0x88b5:
            return None, None
        return struct.unpack_from("!I", frame, at + 2)[0], tags


def expect(cases, found, expected):
    wrong = []
    for number, (sender, tags) in enumerate(cases):
        got = {name: copies for name, copies in found[number].items()}
        want = {name: [[tuple(tag) for tag in copy]] for name, copy in expected(sender, tags).items()}
        if got != want:
            wrong.append(f"from {sender!r} with {[(hex(tpid), hex(tci)) for tpid, tci in tags]}: {got} instead of {want}")
    assert not wrong, f"{len(wrong)} of {len(cases)} wrong:\n" + "\n".join(wrong[:10])


HOOKS = ["off", "native"]


@pytest.mark.parametrize("xdp", HOOKS)
@pytest.mark.parametrize("protocol", [C_TAG, S_TAG], ids=["8021q", "8021ad"])
def test_floods_are_those_of_the_model(running, protocol, xdp):
    table = Table(running, protocol, xdp)
    cases = [(sender, tags) for sender in PLACES for tags in TAGS]
    found = {}
    for start in range(0, len(cases), 200):
        part = cases[start:start + 200]
        found.update({start + number: copies for number, copies in table.run(part, lambda sender: BROADCAST).items()})
    expect(cases, found, lambda sender, tags: vlan_model.flood(protocol, PLACES, sender, tags))


@pytest.mark.parametrize("xdp", HOOKS)
@pytest.mark.parametrize("protocol", [C_TAG, S_TAG], ids=["8021q", "8021ad"])
def test_frames_to_a_known_address_are_those_of_the_model(running, protocol, xdp):
    """One receiver after the other has the address, tied to it in every VLAN that it is in; elsewhere it is unknown, and flooded."""
    table = Table(running, protocol, xdp)
    cases = [(sender, tags) for sender in PLACES for tags in TAGS[:8] + TAGS[-17:]]
    for receiver in ("access A", "trunk A", "hybrid", "tunnel, selective", "swapped"):
        mac, port = "02:00:00:00:aa:01", table.guests[receiver].port
        running.xbr(f"fdb replace {mac} dev {port} static")

        def expected(sender, tags):
            classified = vlan_model.classify(protocol, PLACES[sender], tags)
            copies = vlan_model.flood(protocol, PLACES, sender, tags)
            copies.pop("host", None)  # what is for nobody known is not for the host
            if classified and classified[0] & vlan_model.VID in PORTS[receiver].members:
                return {name: copy for name, copy in copies.items() if name == receiver}
            return copies
        expect(cases, table.run(cases, lambda sender: mac), expected)
        running.xbr(f"fdb del {mac} dev {port}")


@pytest.mark.parametrize("xdp", HOOKS)
@pytest.mark.parametrize("tpid, protocol", [(C_TAG, "802.1Q"), (S_TAG, "802.1ad")])
def test_a_tag_that_is_cut_off_goes_nowhere(running, tpid, protocol, xdp):
    a, b = running.guests(2)
    running.bridge([a, b], options=f"vlan_filtering 1 vlan_protocol {protocol}", link_options=f"xdp {xdp}")
    batch(running, ["vlan add vid 10 dev v1", "vlan add vid 10 dev v2"])
    whole = ethernet(BROADCAST, a.mac, tags=[(tpid, 10)])[:20]  # the least that the kernel of the receiver takes
    with running.listen(b) as ears:
        for length in (*range(14, 18), 20):
            a.send(whole[:length])
        assert ears.frames(b, match=lambda frame: frame[6:12] == mac_bytes(a.mac)) == [whole]


# ---- golden frames ----


def test_the_captured_qinq_frame_goes_through_a_provider_bridge(running):
    """ff*6 00:20:d2:5a:fb:3f 88a8 00c8 8100 07d1: S-VID 200, C-VID 2001 (802.1ad_QinQ.pcap of tcpdump)."""
    trunk, customer, other = running.guests(3)
    running.xbr("bridge add br0 vlan_filtering 1 vlan_protocol 802.1ad vlan_default_pvid 0")
    for guest in (trunk, customer, other):
        running.xbr(f"link add {guest.port} master br0")
    batch(running, [f"vlan add vid 200 dev {trunk.port}", f"vlan add vid 200 dev {customer.port} pvid untagged",
                    f"vlan add vid 201 dev {other.port} pvid untagged"])
    running.wait_forwarding(trunk.port, customer.port, other.port)
    golden = bytes.fromhex("ffffffffffff0020d25afb3f88a800c8810007d1080600010800060400010020d25afb3fac154f61000000000000ac154f64") + bytes(14)
    with running.listen(customer, other) as ears:
        trunk.send(golden)
        assert ears.everything() == {customer: [golden[:12] + golden[16:]], other: []}
    with running.listen(trunk, other) as ears:
        customer.send(golden[:12] + golden[16:])
        assert ears.everything() == {trunk: [golden], other: []}


# Of tcpdump's tests: the frames with a C-tag of rpvstp-trunk-native-vid5.pcap (2: PCP 7, VLAN 1; 11) and various_gre.pcap (1, 10).
CAPTURED = [
    "01000ccccccd001f6d96ec048100e0010032aaaa0300000c010b000002020e8001001f6d96ec00000000008001001f6d96ec0080040000140002000f0000000000020001",
    "01000ccccccc001f6d96ec04810000010055aaaa0300000c200301010005636973636f000000000000000000000000000000000000000000000000000000000000029b0125"
    "07393330333031303030393030fb393cf67014e50aa79c7c5b193f6fe10101000200",
    "01000ccccccdaabbcc000310810004bd0032aaaa0300000c010b000000000084bdaabbcc0003000000000084bdaabbcc00030080020000140002000f00000000000204bd",
    "aabbcc000100aabbcc000200810004bd080045c0004000a40000ff2f24c60aac40070aac40062000890900000028080001010001000045c0001c00a30000ff2f24eb0aac40060aac"
    "40072000000000000028",
]


@pytest.mark.parametrize("xdp", HOOKS)
def test_captured_frames_with_a_tag_go_through_a_customer_bridge(running, xdp):
    """From trunk to trunk as they are; to an access port without the tag; from there with one of PCP 0; into a tunnel with a second one."""
    trunk, other, access, provider = guests = running.guests(4)
    running.bridge(guests, options="vlan_filtering 1 vlan_default_pvid 0", link_options=f"xdp {xdp}")
    batch(running, ["vlan add vid 1,1213 dev v1", "vlan add vid 1,1213 dev v2", "vlan add vid 300 dev v4"])
    for golden in map(bytes.fromhex, CAPTURED):
        vid, plain = struct.unpack_from("!H", golden, 14)[0] & 0xfff, golden[:12] + golden[16:]
        batch(running, [f"vlan add vid {vid} dev v3 pvid untagged"])
        with running.listen(*guests) as ears:
            trunk.send(golden)
            assert ears.everything() == {trunk: [], other: [golden], access: [plain], provider: []}
            access.send(plain)
            tagged = golden[:14] + struct.pack("!H", vid) + golden[16:]
            assert ears.everything() == {trunk: [tagged], other: [tagged], access: [], provider: []}
            batch(running, [f"vlan del vid {vid} dev v3", "vlan add vid 300 dev v3 pvid untagged", "link set v3 dot1q_tunnel on"])
            access.send(golden)
            service = struct.pack("!HH", C_TAG, struct.unpack_from("!H", golden, 14)[0] & 0xf000 | 300)
            assert ears.everything() == {trunk: [], other: [], access: [], provider: [golden[:12] + service + golden[12:]]}
            provider.send(golden[:12] + service + golden[12:])
            assert ears.everything() == {trunk: [], other: [], access: [golden], provider: []}
        batch(running, ["link set v3 dot1q_tunnel off", "vlan del vid 300 dev v3", "fdb flush br br0"])


# ---- hosts, learning, switching on and off ----


@pytest.fixture
def pair(running):
    """v1: access 10; v2: trunk 10, 20; v3: access 20."""
    guests = running.guests(3)
    running.bridge(guests, options="vlan_filtering 1 vlan_default_pvid 0")
    batch(running, ["vlan add vid 10 dev v1 pvid untagged", "vlan add vid 10,20 dev v2", "vlan add vid 20 dev v3 pvid untagged"])
    return running, guests


def test_addresses_are_known_by_vlan(pair):
    lab, (a, b, c) = pair
    same = "02:00:00:00:bb:01"
    a.send(ethernet(BROADCAST, same))
    c.send(ethernet(BROADCAST, same))
    wait_for(lambda: len(json.loads(lab.xbr("-j fdb show dynamic").stdout)) == 2, what="both learned")
    entries = json.loads(lab.xbr("-j fdb show dynamic").stdout)
    assert sorted((e["mac"], e["vlan"], e["ifname"]) for e in entries) == [(same, 10, "v1"), (same, 20, "v3")]
    assert [e["ifname"] for e in json.loads(lab.xbr("-j fdb show vlan 20 dynamic").stdout)] == ["v3"]
    assert json.loads(lab.xbr(f"-j fdb get {same} br br0 vlan 10").stdout)[0]["ifname"] == "v1"
    with lab.listen(a, c) as ears:
        b.send(ethernet(same, b.mac, tags=[(C_TAG, 10)]))
        assert {guest: len(frames) for guest, frames in ears.everything().items()} == {a: 1, c: 0}
    lab.xbr("fdb flush br br0 vlan 20")
    assert [e["vlan"] for e in json.loads(lab.xbr("-j fdb show dynamic").stdout) if e["mac"] == same] == [10]
    lab.xbr("vlan del vid 10 dev v1")
    assert not [e for e in json.loads(lab.xbr("-j fdb show dynamic").stdout) if e["ifname"] == "v1"]


def test_a_static_address_without_vlan_holds_in_all_vlans_of_its_port(pair):
    lab, (a, b, c) = pair
    lab.xbr("vlan add vid 20 dev v1")
    mac = "02:00:00:00:bb:02"
    a.send(ethernet(BROADCAST, mac))  # learned first; then tied to another
    wait_for(lambda: mac in lab.fdb(), what="learned")
    lab.xbr(f"fdb add {mac} dev v2 static")
    a.send(ethernet(BROADCAST, mac))
    wait_for(lambda: lab.stats("v1")["reasons"]["learn_pinned"] == 1, what="pinned")
    with lab.listen(a, b, c) as ears:
        a.send(ethernet(mac, a.mac))
        c.send(ethernet(mac, c.mac))
        frames = ears.everything()
        assert sorted(frame[14:16] for frame in frames[b]) == [b"\0\x0a", b"\0\x14"] and not frames[a] and not frames[c]
    lab.xbr(f"fdb add 02:00:00:00:bb:03 dev v2 vlan 20 blackhole")
    with lab.listen(b) as ears:
        c.send(ethernet("02:00:00:00:bb:03", c.mac))
        a.send(ethernet("02:00:00:00:bb:03", a.mac))
        assert len(ears.frames(b)) == 1


def test_the_host_is_in_the_vlans_of_its_own(pair):
    lab, (a, b, c) = pair
    own = lab.show("bridge show br0")[0]["address"]
    with lab.listen((lab.ns, "br0")) as ears:
        a.send(ethernet(own, a.mac), ethernet(BROADCAST, a.mac))
        assert not ears.frames((lab.ns, "br0"), match=lambda f: f[12:14] == b"\x88\xb5")
    lab.xbr("vlan add vid 10 dev br0 pvid untagged self")
    lab.xbr("vlan add vid 20 dev br0 self")
    with lab.listen((lab.ns, "br0")) as ears:
        a.send(ethernet(own, a.mac))
        c.send(ethernet(own, c.mac))
        frames = ears.frames((lab.ns, "br0"), match=lambda f: f[6:12] in (mac_bytes(a.mac), mac_bytes(c.mac)))
        assert sorted(frame[12:16] for frame in frames) == [b"\x81\0\0\x14", b"\x88\xb5xb"]
    lab.host("ip addr add 10.0.0.254/16 dev br0")
    a.address()
    assert a.ping("10.0.0.254")
    lab.xbr("vlan del vid 10 dev br0 self")
    assert not a.ping("10.0.0.254", count=1)


def test_filtering_is_turned_while_frames_go_and_none_is_lost(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    with Stream(a, b) as stream:
        for turn in (1, 0, 1, 0, 1):
            running.xbr(f"bridge set br0 vlan_filtering {turn}")
            time.sleep(0.1)
    stream.assert_whole(at_least=1000)
    entries = json.loads(running.xbr("-j fdb show dynamic").stdout)
    assert entries and {entry.get("vlan") for entry in entries} == {1}


def test_all_survives_a_kill_under_traffic(pair):
    lab, (a, b, c) = pair
    batch(lab, ["vlan add vid 100-200 dev v2", "link set v3 dot1q_tunnel on", "vlanmap add vid 5-9 to 20 dev v3 priority 4", "vlan add vid 10 dev v3 untagged",
                "vlan add vid 11 dev br0 self", "fdb add 02:00:00:00:bb:04 dev v2 vlan 20 static", "bridge set br0 vlan_stats_enabled 0"])
    before = lab.xbr("save").stdout, lab.xbr("-j vlan show").stdout, lab.xbr("-j vlanmap show").stdout
    assert "vlanmap add vid 5-9 dev v3 to 20 priority 4" in before[0] and "vlan add vid 11 dev br0 self" in before[0]
    with Stream(a, c) as stream:
        lab.agent.kill9()
        lab.agent.start()
        time.sleep(0.2)
    stream.assert_whole(at_least=1000)
    assert (lab.xbr("save").stdout, lab.xbr("-j vlan show").stdout, lab.xbr("-j vlanmap show").stdout) == before
    with lab.listen(b) as ears:
        c.send(ethernet(BROADCAST, c.mac, tags=[(C_TAG, 7)]))
        assert [frame[12:20] for frame in ears.frames(b)] == [bytes.fromhex("8100801481000007")]


def test_a_saved_configuration_is_applied_as_it_was(pair, tmp_path):
    lab, _ = pair
    batch(lab, ["bridge set br0 vlan_default_pvid 7 vlan_stats_per_port 0", "vlan add vid all dev v3", "vlan del vid 20 dev v3"])
    file = tmp_path / "saved.conf"
    file.write_text(lab.xbr("save").stdout)
    assert "changed 0" in lab.xbr(f"apply {file}").stdout
    batch(lab, ["vlan del vid 10 dev v1", "vlan add vid 99 dev v2 pvid", "bridge set br0 vlan_filtering 0 vlan_default_pvid 1"])
    lab.xbr(f"apply {file}")
    assert lab.xbr("save").stdout == file.read_text()
    assert "changed 0" in lab.xbr(f"apply {file}").stdout


# ---- streams ----


@pytest.mark.parametrize("mtu", [1500, 9000])
@pytest.mark.parametrize("protocol", ["802.1Q", "802.1ad"])
def test_streams_cross_tagged_links_and_translation_in_large_frames(running, protocol, mtu):
    """Two bridges and a trunk between them, VLAN 10 there and 20 here: TCP with super-frames and checksums left to whoever sends last."""
    lab = running
    a, b = lab.guests(2, mtu=mtu)
    run(f"ip -n {lab.ns} link add t1 mtu {mtu} type veth peer name t2 mtu {mtu}")
    for name, guest, trunk, vid in (("br1", a, "t1", 10), ("br2", b, "t2", 20)):
        lab.host(f"ip link set {trunk} up")
        lab.xbr(f"bridge add {name} vlan_filtering 1 vlan_protocol {protocol} vlan_default_pvid 0")
        batch(lab, [f"link add {guest.port} master {name}", f"link add {trunk} master {name}", f"vlan add vid {vid} dev {guest.port} pvid untagged",
                    f"vlan add vid {vid} dev {trunk}"])
    lab.xbr("vlanmap add vid 10 to 20 dev t2 priority 3")
    lab.wait_forwarding(a.port, b.port, "t1", "t2")
    a.address()
    assert b.address() and a.ping(b.ip)
    assert a.run("ping", "-q", "-c1", "-W2", "-Mdo", "-s", str(mtu - 28), b.ip, check=False).returncode == 0
    before = lab.stats("t2")
    server = b.popen("iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_for(lambda: b.run("ss", "-Hltn", "sport", "=", "5201").stdout, what="the server")
    sent = json.loads(a.run("iperf3", "-J", "-n", "64M", "-c", b.ip).stdout)["end"]["sum_received"]["bytes"]
    server.wait(10)
    after = lab.stats("t2")
    assert sent >= 32 << 20
    frames = after["rx"]["packets"] - before["rx"]["packets"]
    assert sent / frames > 2 * mtu, f"super-frames were cut on their way: {sent} octets in {frames} frames"


# ---- words ----


def test_vlan_show_is_that_of_bridge_8(pair):
    lab, _ = pair
    batch(lab, ["vlan add vid 100-102 dev v2", "vlan add vid 103 dev v2 untagged", "vlan del vid 98-99 dev v2"])  # of which it is in none: no error there, either
    shown = {port["ifname"]: port["vlans"] for port in json.loads(lab.xbr("-j vlan show").stdout)}
    assert shown == {"v1": [{"vlan": 10, "flags": ["PVID", "Egress Untagged"]}], "v3": [{"vlan": 20, "flags": ["PVID", "Egress Untagged"]}],
                     "v2": [{"vlan": vid} for vid in (10, 20, 100, 101, 102)] + [{"vlan": 103, "flags": ["Egress Untagged"]}]}
    shown = json.loads(lab.xbr("-c -j vlan show dev v2").stdout)[0]["vlans"]
    assert shown == [{"vlan": 10}, {"vlan": 20}, {"vlan": 100, "vlanEnd": 102}, {"vlan": 103, "flags": ["Egress Untagged"]}]
    assert json.loads(lab.xbr("-j vlan show vid 20").stdout) == [{"ifname": "v2", "vlans": [{"vlan": 20}]},
                                                                 {"ifname": "v3", "vlans": [{"vlan": 20, "flags": ["PVID", "Egress Untagged"]}]}]
    text = lab.xbr("-compressvlans vlan show dev v2").stdout.splitlines()
    assert text[0].split() == ["port", "vlan-id"] and text[1].split() == ["v2", "10"] and text[3].split() == ["100-102"]


def test_counters_by_port_and_vlan(pair):
    lab, (a, b, c) = pair
    frame = ethernet(BROADCAST, a.mac)
    with lab.listen(b) as ears:
        a.send(frame, frame)
        assert len(ears.frames(b)) == 2

    def stats(dev, vid):
        return json.loads(lab.xbr(f"-j -s vlan show dev {dev} vid {vid}").stdout)[0]["vlans"][0]
    assert stats("v1", 10) == {"vid": 10, "flags": ["PVID", "Egress Untagged"], "rx_bytes": 120, "rx_packets": 2, "tx_bytes": 0, "tx_packets": 0}
    assert (stats("v2", 10)["tx_packets"], stats("v2", 10)["tx_bytes"], stats("v2", 20)["tx_packets"]) == (2, 128, 0)
    lab.xbr("bridge set br0 vlan_stats_per_port 0")  # all ports of the VLAN together
    assert (stats("v2", 10)["rx_packets"], stats("v2", 10)["tx_packets"]) == (2, 2)
    lab.xbr("bridge set br0 vlan_stats_enabled 0")
    assert stats("v2", 10)["rx_packets"] == 0
    a.send(frame)
    lab.xbr("bridge set br0 vlan_stats_enabled 1 vlan_stats_per_port 1")
    a.send(frame)
    wait_for(lambda: stats("v1", 10)["rx_packets"] == 1, what="counted again, from nothing")


REFUSED = [
    ("vlan add vid 0 dev v1", 2, "0 is no VLAN ID: 1 to 4094 are"),
    ("vlan add vid 4095 dev v1", 2, "4095 is no VLAN ID"),
    ("vlan add vid 20-10 dev v1", 2, "20-10 is no range: it goes backwards"),
    ("vlan add vid 10-20,15-30 dev v1", 2, "VLAN ID 15 is given twice: ranges overlap"),
    ("vlan add vid ten dev v1", 2, "'ten' is no VLAN ID"),
    ("vlan add vid 10-11 dev v1 pvid", 1, "pvid is one VLAN, not 2 of them"),
    ("vlan add vid 10 dev nosuch", 1, "nosuch is not a port of any bridge of xbr"),
    ("vlan add vid 10 dev br0", 1, "br0 is a bridge: say self for the VLANs of the device itself"),
    ("vlan add vid 10 dev v1 self", 1, "v1 is not a bridge of xbr"),
    ("vlan del vid 99 dev nosuch", 1, "nosuch is not a port"),
    ("vlan set vid 99 dev v1 untagged", 1, "v1 is not in VLAN 99"),
    ("vlanmap add vid 5 to 0 dev v1", 2, "to takes 1 to 4094"),
    ("vlanmap add vid 5-6 to 10 dev v2", 1, "only on a dot1q_tunnel port many may go into one"),
    ("vlanmap del vid 5 dev v1", 1, "VID 5 is not mapped on v1"),
    ("vlanmap add vid 5 to 10 dev v1 priority 8", 2, "priority takes 0 to 7"),
    ("fdb add 02:00:00:00:00:99 dev v1 vlan 77", 1, "v1 is not in VLAN 77"),
    ("bridge set br0 vlan_default_pvid 4095", 2, "vlan_default_pvid takes 0 to 4094"),
    ("bridge set br0 vlan_protocol 802.1x", 2, "'802.1x' is no value of vlan_protocol"),
    ("bridge set br0 vlan_filtering 2", 2, "vlan_filtering takes 0 to 1"),
]


def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(pair):
    lab, _ = pair
    before = lab.xbr("save").stdout
    for command, status, sentence in REFUSED:
        done = lab.xbr(command, check=False)
        assert done.returncode == status and sentence in done.stderr and len(done.stderr.splitlines()) == 1, (command, done)
    assert lab.xbr("save").stdout == before


# ---- many ----


def test_all_vlans_on_256_ports_in_one_transaction(lab, tmp_path):
    """The time is printed; that it is all there, and that floods in the last of them are right, is asserted."""
    lab.agent.start("--max-ports", "300")
    ends = lab.guests(2)
    names = [f"p{n}" for n in range(254)]
    script = tmp_path / "links"
    script.write_text("".join(f"link add {name} type veth peer name q{name}\nlink set {name} up\nlink set q{name} up\n" for name in names))
    run(f"ip -n {lab.ns} -batch {script}")
    ports = [guest.port for guest in ends] + names
    lines = ["bridge add br0 vlan_filtering 1"] + [f"link add dev {name} master br0" for name in ports]
    file = tmp_path / "many.conf"
    file.write_text("\n".join(lines) + "\n")
    lab.xbr(f"apply {file}")
    file.write_text("\n".join(lines + [f"vlan add vid 2-4094 dev {name}" for name in ports]) + "\n")
    start = time.monotonic()
    assert "changed 256" in lab.xbr(f"apply {file}").stdout
    print(f"4094 VLANs on 256 ports: {(time.monotonic() - start) * 1000:.0f} ms, command and all")
    assert len(json.loads(lab.xbr("-j vlan show dev p253").stdout)[0]["vlans"]) == 4094
    frame = ethernet(BROADCAST, ends[0].mac, tags=[(C_TAG, 4094)])
    lab.wait_forwarding(*[guest.port for guest in ends])
    with lab.listen(ends[1], (lab.ns, "qp253")) as ears:
        ends[0].send(frame)
        assert ears.copies(frame) == {ends[1]: 1, (lab.ns, "qp253"): 1}
    lab.xbr("vlan del vid 4000-4094 dev p253")
    with lab.listen(ends[1], (lab.ns, "qp253")) as ears:
        ends[0].send(frame)
        assert ears.copies(frame) == {ends[1]: 1, (lab.ns, "qp253"): 0}
