# SPDX-License-Identifier: Apache-2.0
"""
The uplink's address filter: what is written into it, taken out, and left alone. The uplink is a macvlan in mode passthru, which has a filter as
a NIC has one, on a veth whose far end is a guest.
"""

import json

import pytest

from lab import BROADCAST, ethernet, run, wait_for

FOREIGN = "02:dd:00:00:00:01"  # somebody else's address in the same filter


@pytest.fixture
def nic(running):
    """Lab with far (beyond nic0), and two guests on v2 and v3; br0 has nic0 as its uplink."""
    far, a, b = running.guests(3)
    run(f"ip -n {running.ns} link add nic0 link v1 type macvlan mode passthru")
    run(f"ip -n {running.ns} link set nic0 up")
    run(f"bridge -n {running.ns} fdb add {FOREIGN} dev nic0 self")
    running.bridge([a, b], options="address 02:ff:00:00:00:01")
    running.xbr("link add nic0 master br0")
    running.wait_forwarding("nic0")
    running.far, running.a, running.b = far, a, b
    return running


def device(lab):
    return json.loads(run(f"ip -n {lab.ns} -d -j link show nic0").stdout)[0]


def written(lab):
    """Unicast addresses in the filter."""
    found = json.loads(run(f"bridge -n {lab.ns} -j fdb show dev nic0").stdout)
    return {entry["mac"] for entry in found if "self" in entry["flags"] and not int(entry["mac"][:2], 16) & 1}


def filter_of(lab):
    return lab.show("link show dev nic0")[0]["edge"]["filter"]


def speak(lab):
    for guest in (lab.a, lab.b):
        guest.send(ethernet(BROADCAST, guest.mac))


def test_no_filter_without_modes(nic):
    assert filter_of(nic) is None and device(nic)["master"] == "br0" and device(nic)["promiscuity"] == 1
    assert written(nic) == {FOREIGN}


def test_addresses_of_guests_are_written_and_taken_out(nic):
    nic.xbr("link set nic0 role uplink")
    nic.xbr("link set v2 mode vepa")
    assert filter_of(nic)["text"] == "promiscuous because no address behind v2 is known yet" or "v3" in filter_of(nic)["text"]
    assert device(nic)["promiscuity"] == 1 and "master" not in device(nic)
    speak(nic)
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    own = {"02:ff:00:00:00:01"} | {json.loads(run(f"ip -n {nic.ns} -j link show v{n}").stdout)[0]["address"] for n in (2, 3)}
    assert written(nic) == {FOREIGN, nic.a.mac, nic.b.mac} | own
    assert device(nic)["promiscuity"] == 0 and device(nic)["allmulti"] == 1
    assert filter_of(nic)["text"] == f"exact {len(own) + 2} of 4096"
    assert f"filter exact {len(own) + 2} of 4096 groups all because v" in nic.xbr("-d link show nic0").stdout
    assert nic.agent.read_log().count("the address filter of nic0 is exact") == 1
    nic.xbr("fdb add 02:cc:00:00:00:01 dev v2 static")
    assert "02:cc:00:00:00:01" in written(nic)
    nic.xbr("fdb del 02:cc:00:00:00:01 dev v2")
    wait_for(lambda: "02:cc:00:00:00:01" not in written(nic), what="withdrawn")
    nic.xbr("link del v3")
    wait_for(lambda: nic.b.mac not in written(nic), what="withdrawn")
    assert nic.a.mac in written(nic) and filter_of(nic)["exact"]
    nic.xbr("link set v2 mode bridge")
    nic.xbr("link set nic0 role auto")
    assert written(nic) == {FOREIGN} and filter_of(nic) is None
    assert device(nic)["master"] == "br0" and device(nic)["promiscuity"] == 1


def groups(lab):
    found = json.loads(run(f"bridge -n {lab.ns} -j fdb show dev nic0").stdout)
    return {entry["mac"] for entry in found if "self" in entry["flags"] and int(entry["mac"][:2], 16) & 1}


def test_groups_are_written_where_only_the_host_gets_them(nic):
    """While a port is to get groups all are heard; then the host's alone, which come and go as it joins and leaves."""
    before = groups(nic)
    nic.xbr("link set nic0 role uplink")
    speak(nic)
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    assert device(nic)["allmulti"] == 1 and filter_of(nic)["groups"]["text"].endswith("takes them (mcast_flood on)")
    nic.xbr("link set v2 mcast_flood off")
    nic.xbr("link set v3 mcast_flood off")
    run(f"ip -n {nic.ns} maddr add 01:00:5e:01:02:03 dev br0")
    wait_for(lambda: "01:00:5e:01:02:03" in groups(nic), what="the host's group")
    assert device(nic)["allmulti"] == 0 and device(nic)["promiscuity"] == 0
    assert {"01:80:c2:00:00:00", "01:80:c2:00:00:0e"} <= groups(nic) and "01:80:c2:00:00:01" not in groups(nic)
    shown = filter_of(nic)
    assert shown["groups"]["exact"] and shown["groups"]["text"] == f"exact {shown['groups']['addresses']}" and "of 4096" in shown["text"]
    with nic.listen((nic.ns, "br0")) as ears:
        for group in ("01:00:5e:01:02:03", "01:00:5e:01:02:04", BROADCAST):
            nic.far.send(ethernet(group, nic.far.mac))
        found = [frame[:6].hex() for frame in ears.frames((nic.ns, "br0"), match=lambda f: f[12:14] == b"\x88\xb5")]
        assert found == ["01005e010203", "ffffffffffff"]
    nic.agent.kill9()
    run(f"ip -n {nic.ns} maddr del 01:00:5e:01:02:03 dev br0")
    nic.agent.start()
    wait_for(lambda: "01:00:5e:01:02:03" not in groups(nic), what="withdrawn")
    assert device(nic)["allmulti"] == 0
    nic.xbr("link set v3 mcast_flood on")
    wait_for(lambda: device(nic)["allmulti"] == 1, what="all groups")
    wait_for(lambda: groups(nic) == before, what="no group left behind")
    nic.xbr("link set v3 mcast_flood off")
    wait_for(lambda: device(nic)["allmulti"] == 0, what="exact")
    assert nic.agent.end() is None and nic.agent.run("--detach").returncode == 0
    assert groups(nic) == before and not device(nic).get("allmulti")


def test_a_new_address_of_a_guest_is_written_when_it_speaks(nic):
    nic.xbr("link set nic0 role uplink")
    speak(nic)
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    with nic.listen(nic.far, nic.a) as ears:
        nic.a.send(ethernet(BROADCAST, "02:cc:00:00:00:02"))
        wait_for(lambda: "02:cc:00:00:00:02" in written(nic), what="written")
        frame = ethernet("02:cc:00:00:00:02", nic.far.mac)
        nic.far.send(frame)
        assert ears.copies(frame)[nic.a] == 1


def test_a_silent_guest_stays_reachable(nic):
    """Its address ages out of the table, and stays in the filter as long as its port is up."""
    nic.xbr("link set nic0 role uplink")
    speak(nic)
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    nic.xbr("bridge set br0 ageing_time 2s")
    wait_for(lambda: not nic.fdb(mac=nic.a.mac), timeout=20, what="aged out")
    assert nic.a.mac in written(nic) and filter_of(nic)["exact"]
    nic.xbr("fdb flush dev v2")
    wait_for(lambda: nic.a.mac not in written(nic), what="withdrawn")
    assert "no address behind v2" in filter_of(nic)["text"] or "no address behind v3" in filter_of(nic)["text"]


def test_the_filter_outlives_the_agent_and_detach_takes_it_away(nic):
    nic.xbr("link set nic0 role uplink")
    speak(nic)
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    before = written(nic)
    nic.agent.kill9()
    assert written(nic) == before and device(nic)["promiscuity"] == 0
    run(f"ip -n {nic.ns} link del v3")
    nic.agent.start()
    wait_for(lambda: nic.b.mac not in written(nic), what="of a guest that went meanwhile")
    assert {FOREIGN, nic.a.mac} <= written(nic) and device(nic)["promiscuity"] == 0
    nic.agent.end()
    assert nic.a.mac in written(nic)
    assert nic.agent.run("--detach").returncode == 0
    assert written(nic) == {FOREIGN} and device(nic)["promiscuity"] == 0 and not device(nic).get("allmulti")


def test_passthru_is_promiscuous_unless_nopromisc(nic):
    nic.xbr("link del v3")
    nic.xbr("link set nic0 role uplink")
    nic.xbr("link set v2 mode passthru")
    speak(nic)
    wait_for(lambda: filter_of(nic)["text"] == "promiscuous because v2 is in mode passthru", what="promiscuous")
    assert device(nic)["promiscuity"] == 1
    nic.xbr("link set v2 nopromisc on")
    wait_for(lambda: filter_of(nic)["exact"], what="exact")
    assert device(nic)["promiscuity"] == 0


def test_a_driver_without_a_filter_is_told(running):
    """veth: the kernel itself turns it promiscuous at its first address."""
    far, a = running.guests(2)
    running.bridge([far, a])
    running.xbr("link set v1 role uplink")
    a.send(ethernet(BROADCAST, a.mac))
    wait_for(lambda: "the kernel has it so" in running.show("link show dev v1")[0]["edge"]["filter"]["text"], what="told")
    assert "v1 is promiscuous: " in running.agent.read_log()
