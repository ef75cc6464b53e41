# SPDX-License-Identifier: Apache-2.0
"""Edge modes: who hears whom, over real devices. The far end of the uplink is a guest, which sends back what a reflecting switch would."""

import itertools
import json
import time

import pytest

from lab import BROADCAST, ethernet, run, wait_for
from stream import Stream


MODES = ("bridge", "vepa", "private", "source", "passthru")


def edge_bridge(lab, modes, uplink_options=""):
    """A bridge whose port v1 is the uplink; the others have the modes given. Returns (the far end of the uplink, guests)."""
    guests = lab.guests(len(modes) + 1)
    lab.bridge(guests, link_options=uplink_options)
    lab.xbr("link set v1 role uplink")
    for guest, mode in zip(guests[1:], modes):
        lab.xbr(f"link set {guest.port} mode {mode}")
    return guests[0], guests[1:]


def speak(lab, places):
    """Every place says where it is; nobody listens yet."""
    for place in places:
        place.send(ethernet(BROADCAST, place.mac))
    lab.show("link show")


@pytest.mark.parametrize("xdp", ["off", "native"])
def test_vepa_sends_all_by_the_uplink_and_hears_it_only(running, xdp):
    far, (a, b) = edge_bridge(running, ["vepa", "vepa"], f"xdp {xdp}")
    with running.listen(far, a, b) as ears:
        speak(running, [far, a, b])
        ears.everything()
        frame = ethernet(b.mac, a.mac)
        a.send(frame)
        assert ears.copies(frame) == {far: 1, a: 0, b: 0}
        far.send(frame)  # reflected
        assert ears.copies(frame) == {far: 0, a: 0, b: 1}
        group = ethernet(BROADCAST, a.mac, payload=b"group")
        a.send(group)
        assert ears.copies(group) == {far: 1, a: 0, b: 0}
        far.send(group)  # reflected: to all but its sender
        assert ears.copies(group) == {far: 0, a: 0, b: 1}
    reasons = running.stats(a.port)["reasons"]
    assert reasons["uplink"] == 1
    assert running.fdb(ifname=a.port)[a.mac], "what came back did not move the address"


def reflect(lab, far):
    """The far end of the uplink becomes a switch that reflects: the kernel's bridge, hairpin on."""
    for family in ("ip", "ip6", "arp"):
        far.run("sysctl", "-qwe", f"net.bridge.bridge-nf-call-{family}tables=0")
    run(f"ip -n {far.ns} link add sw0 type bridge mcast_snooping 0 forward_delay 0")
    run(f"ip -n {far.ns} link set sw0 up")
    run(f"ip -n {far.ns} link set eth0 master sw0")
    run(f"bridge -n {far.ns} link set dev eth0 hairpin on")


def edge_options(lab, port):
    link = lab.show(f"link show dev {port}")[0]
    return {key: link[key] for key in ("mode", "role", "host_access", "nopromisc", "nodst", "macaddr_data")}


@pytest.mark.parametrize("mode", MODES)
def test_host_and_guest_talk_in_every_mode_unless_told_otherwise(running, mode):
    """P1: the host cannot talk to its macvlan guests. The far end reflects, and it does not come in that way either."""
    far, (a, _b) = edge_bridge(running, [mode, "bridge"])
    reflect(running, far)
    run(f"ip -n {running.ns} addr add 10.0.255.1/16 dev br0")
    ip = a.address()
    assert a.ping("10.0.255.1")
    assert running.host("ping", "-q", "-c", "3", "-i", "0.05", "-W", "1", ip, check=False).returncode == 0
    running.xbr(f"link set {a.port} host_access off")
    assert not a.ping("10.0.255.1", count=2)
    running.xbr(f"link set {a.port} host_access on")
    assert a.ping("10.0.255.1")


@pytest.mark.parametrize("modes, talk", [(("vepa", "vepa"), True), (("bridge", "vepa"), True), (("bridge", "bridge"), True),
                                         (("private", "vepa"), False), (("private", "private"), False), (("source", "vepa"), False)])
def test_guests_talk_by_a_reflecting_switch_or_not_at_all(running, modes, talk):
    far, (a, b) = edge_bridge(running, modes)
    reflect(running, far)
    a.address(), b.address()
    assert a.ping(b.ip, count=2) == talk
    run(f"ip -n {running.ns} addr add 10.0.255.1/16 dev br0")
    assert a.ping("10.0.255.1", count=2)


@pytest.mark.parametrize("xdp", ["off", "native"])
def test_modes_change_under_traffic_and_nothing_is_lost(running, xdp):
    """10,000 frames a second between two guests, by the bridge itself or by the reflecting switch, while their modes change."""
    far, (a, b, _c) = edge_bridge(running, ["bridge", "bridge", "vepa"], f"xdp {xdp}")
    reflect(running, far)
    for _ in range(2):
        b.send(ethernet(BROADCAST, b.mac)), a.send(ethernet(BROADCAST, a.mac))
        time.sleep(0.2)
    with Stream(a, b, rate=10000) as stream:
        for mode in ("vepa", "bridge") * 20:
            for port in (a.port, b.port):
                running.xbr(f"link set {port} mode {mode}")
                time.sleep(0.01)
    stream.assert_whole(at_least=5000)
    assert running.stats(a.port)["reasons"]["uplink"] > 100 and running.stats(a.port)["reasons"]["unicast"] > 100
    assert running.show(f"link show dev {a.port}")[0]["state"] == "forwarding"


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("xdp", ["off", "native"])
def test_every_ordered_pair_of_modes_is_switched_under_traffic(running, xdp, way):
    """10,000 frames a second between a guest and a station outside, which pass in every mode: none is lost, and no link flaps."""
    far, (a, _b) = edge_bridge(running, ["bridge", "bridge"], f"xdp {xdp}")
    running.xbr(f"link set {a.port} macaddr add {far.mac}")
    speak(running, [far, a])
    speak(running, [far, a])

    def changes():
        shown = json.loads(run(f"ip -n {running.ns} -s -s -j link show dev {a.port}").stdout)[0]
        return shown["stats64"]["tx"]["carrier_changes"], shown["flags"]
    before = changes()
    with Stream(*((a, far) if way == "up" else (far, a)), rate=10000) as stream:
        for first, second in itertools.permutations(MODES, 2):
            for mode in (first, second):
                running.xbr(f"link set {a.port} mode {mode}")
                time.sleep(0.01)
    stream.assert_whole(at_least=5000)
    assert changes() == before


def test_modes_and_source_lists_outlive_the_agent(running):
    far, (a, b, c) = edge_bridge(running, ["source", "private", "vepa"])
    listed = [f"02:bb:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(3000)]
    for i in range(0, len(listed), 500):
        running.xbr(["link", "set", a.port, "macaddr", "add", *listed[i:i + 500]])
    running.xbr(f"link set {a.port} nodst on host_access off")
    running.xbr(f"link set {b.port} nopromisc on")
    before, saved = [edge_options(running, f"v{n}") for n in range(1, 5)], running.xbr("save").stdout
    assert before[1] == {"mode": "source", "role": "auto", "host_access": False, "nopromisc": False, "nodst": True, "macaddr_data": listed}
    frame, other = ethernet(c.mac, listed[2999]), ethernet(c.mac, "02:bb:00:00:ff:ff")

    def check():
        with running.listen(far, a, b, c) as ears:
            far.send(frame, other)
            heard = ears.everything()
            assert heard[a].count(frame) == 1 and heard[c].count(frame) == 0, "nodst"
            assert heard[a].count(other) == 0 and heard[c].count(other) == 1, "not listed"
    check()
    running.agent.kill9()
    check()
    running.agent.start()
    assert [edge_options(running, f"v{n}") for n in range(1, 5)] == before and running.xbr("save").stdout == saved
    check()
    path = f"{running.folder}/saved.conf"
    with open(path, "w") as file:
        file.write(saved)
    assert running.xbr(f"apply {path} dry-run").stdout == running.xbr(f"apply {path}").stdout
    check()
    running.agent.kill9()
    running.agent.start("--fdb-size", "2048")  # a new set of maps, filled from the former
    assert [edge_options(running, f"v{n}") for n in range(1, 5)] == before
    check()
    running.xbr(f"link del {a.port}")
    running.xbr(f"link add {a.port} master br0 mode source")
    assert edge_options(running, a.port)["macaddr_data"] == []
    running.xbr(f"apply {path}")
    running.wait_forwarding(a.port)
    check()


def test_source_lists_are_changed_as_said(running):
    edge_bridge(running, ["source"])
    one, two, three = (f"02:bb:00:00:00:0{n}" for n in (1, 2, 3))

    def listed():
        return edge_options(running, "v2")["macaddr_data"]
    running.xbr(f"link set v2 macaddr add {one} {two}")
    running.xbr(f"link set v2 macaddr add {two} {three} nodst on")
    assert listed() == [one, two, three] and edge_options(running, "v2")["nodst"]
    running.xbr(f"link set v2 macaddr del {one} {three}")
    assert listed() == [two]
    running.xbr(f"link set v2 macaddr set {three} {one}")
    assert listed() == [one, three]
    before = running.xbr("save").stdout
    for words, sentence in [(f"macaddr del {two}", "an address is not on the source list of v2"),
                            ("macaddr add", "needs an address"), ("macaddr add nodst on", "macaddr add needs an address"),
                            (f"macaddr flush {one}", "takes no address"),
                            ("macaddr add 01:00:5e:00:00:01", "must be unicast"), ("macaddr get", "is no value of macaddr")]:
        refused = running.xbr(f"link set v2 {words}", check=False)
        assert refused.returncode and sentence in refused.stderr, (words, refused.stderr)
    assert running.xbr("save").stdout == before
    running.xbr("link set v2 macaddr flush")
    assert listed() == []


def test_thousands_of_sources(running):
    far, (a, b) = edge_bridge(running, ["source", "bridge"])
    sources = [f"02:bb:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:01" for n in range(5000)]
    lines = [f"link set {a.port} macaddr add {' '.join(sources[at:at + 100])}" for at in range(0, len(sources), 100)]
    running.xbr("-batch -", input="\n".join(lines) + "\n")
    assert sorted(edge_options(running, a.port)["macaddr_data"]) == sources
    with running.listen(a, b) as ears:
        for source in (sources[0], sources[2500], sources[-1], "02:cc:00:00:00:01"):
            far.send(ethernet(BROADCAST, source))
        assert [frame[6:12].hex(":") for frame in ears.frames(a)] == [sources[0], sources[2500], sources[-1]]


def test_what_cannot_be_is_refused_with_a_sentence(running):
    guests = running.guests(4)
    running.bridge(guests)
    before = running.xbr("save").stdout

    def refused(command, *sentences):
        done = running.xbr(command, check=False)
        assert done.returncode and all(sentence in done.stderr for sentence in sentences), done.stderr
        assert running.xbr("save").stdout == before
    refused("link set v2 mode vepa", "mode vepa of v2 needs an uplink, and br0 has none", "role uplink")
    refused("link set v2 mode vepa role uplink", "v2 cannot be the uplink and in mode vepa")
    running.xbr("link set v1 role uplink")
    before = running.xbr("save").stdout
    refused("link set v2 role uplink", "v1 and v2 cannot both be the uplink of br0")
    refused("link set v1 mode private", "v1 cannot be the uplink and in mode private")
    running.xbr("link set v2 mode passthru")
    before = running.xbr("save").stdout
    refused("link set v3 mode passthru", "v2 and v3 cannot both be in mode passthru")
    refused("link set v3 mode vepa", "v3 is in mode vepa, which needs the uplink of br0", "passthru of v2")
    refused("link del v1", "mode passthru of v2 needs an uplink, and br0 has none")
    refused("link set v1 role edge", "mode passthru of v2 needs an uplink, and br0 has none")
    refused("link set v2 mode macvtap", "macvtap")
    bridge = json.loads(running.xbr("-j link show dev v2").stdout)[0]
    assert bridge["edge"] == {"is": "edge", "reason": "it has a mode", "uplink": "v1", "filter": None}
    text = running.xbr("-d link show").stdout
    assert "role uplink: uplink (as asked for)" in text and "role auto: edge (it has a mode) uplink v1" in text
    assert "role auto: edge (v1 is named as the uplink)" in text


@pytest.mark.parametrize("reflecting", [True, False])
def test_a_switch_that_does_not_reflect_is_told(running, reflecting):
    """P45: VEPA is dead without one."""
    far, (a, b) = edge_bridge(running, ["vepa", "vepa"])
    if reflecting:
        reflect(running, far)

    def known():
        speak(running, [b])
        a.send(*[ethernet(b.mac, a.mac)] * 8)
        return running.show("link show dev v1")[0]["edge"]["filter"]["reflects"]
    wait_for(lambda: known() is not None, timeout=30, what="known")
    assert known() == reflecting
    assert ("does not reflect" in running.agent.read_log()) != reflecting
    assert f"reflects {'on' if reflecting else 'off'}" in running.xbr("-d link show v1").stdout


def test_a_port_starts_in_its_mode(running):
    """Not one frame of a guest is switched locally when its port is made."""
    far, (a, b) = edge_bridge(running, ["vepa", "vepa"])
    b.send(ethernet(BROADCAST, b.mac))
    with running.listen(far, b) as ears, Stream(a, b, dst=b.mac, rate=2000) as stream:
        running.xbr(f"link del {a.port}")
        running.xbr(f"link add {a.port} master br0 mode vepa")
        time.sleep(0.5)
        stream.stop()
        stray = [frame for frame in ears.frames(b) if b"xbr-stream" in frame]
        assert not stray and any(b"xbr-stream" in frame for frame in ears.frames(far))


@pytest.mark.parametrize("xdp", ["off", "native"])
def test_reflective_relay_in_one_vlan_alone(running, xdp):
    """Two stations behind one port, as behind a VEPA: the bridge sends back what one sends the other, in the VLANs that say so."""
    a, b = running.guests(2)
    running.bridge([a, b], options="vlan_filtering 1", link_options=f"xdp {xdp}")
    running.xbr(f"vlan add vid 10-11 dev {a.port} hairpin")
    running.xbr(f"vlan add vid 20 dev {a.port}")
    running.xbr(f"vlan add vid 10-20 dev {b.port}")
    one, two = "02:bb:00:00:00:01", "02:bb:00:00:00:02"

    def frame(dst, src, vid):
        return ethernet(dst, src, tags=[(0x8100, vid)])

    def check():
        with running.listen(a, b) as ears:
            for vid in (10, 20):
                a.send(frame(BROADCAST, one, vid), frame(BROADCAST, two, vid))
            ears.everything()
            a.send(frame(two, one, 10), frame(two, one, 20))
            heard = ears.everything()
            assert heard[a].count(frame(two, one, 10)) == 1 and heard[a].count(frame(two, one, 20)) == 0 and heard[b] == []
            a.send(frame(BROADCAST, one, 10), frame(BROADCAST, one, 20))
            heard = ears.everything()
            assert heard[a].count(frame(BROADCAST, one, 10)) == 1 and heard[a].count(frame(BROADCAST, one, 20)) == 0
            assert heard[b].count(frame(BROADCAST, one, 10)) == heard[b].count(frame(BROADCAST, one, 20)) == 1
    check()
    saved = running.xbr("save").stdout
    assert f"vlan add vid 10-11 dev {a.port} hairpin" in saved
    running.agent.kill9()
    check()
    running.agent.start()
    assert running.xbr("save").stdout == saved
    check()
    vlans = {entry["vlan"]: entry.get("flags", []) for entry in running.show(f"vlan show dev {a.port}")[0]["vlans"]}
    assert "Hairpin" in vlans[10] and "Hairpin" not in vlans[20]
    running.xbr(f"vlan set vid 10-11 dev {a.port}")
    with running.listen(a) as ears:
        a.send(frame(two, one, 10))
        assert ears.frames(a) == []
