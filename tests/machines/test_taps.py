# SPDX-License-Identifier: Apache-2.0
"""
Machines with kernels of their own, by virtio-net on taps with vnet_hdr and two queues, as KVM's users have them: super-frames both ways,
checksums that nobody has filled in yet, VLANs of the guests' own, a machine that goes and comes back.
"""

import pytest

from test_traffic import mean_length

MEBI = 1 << 20


def carries(client, server, ip=None, size=16 * MEBI):
    """Random octets by TCP; the digests of both ends."""
    serving = server.start("/usr/bin/python3 tests/machines/carry.py serve")
    sent = client.run(f"/usr/bin/python3 tests/machines/carry.py send {ip or server.ip} {size}")
    return serving().stdout == sent.stdout


@pytest.mark.parametrize("xdp", ["auto", "generic"])
def test_machines_talk_by_any_hook(bridge, xdp):
    lab, one, two = bridge(link_options=f"xdp {xdp}")
    assert lab.show("link show dev t1")[0]["hook"]["rx"] == {"auto": "tc", "generic": "xdpgeneric"}[xdp]
    assert one.ping(two.ip) and two.ping(one.ip)
    assert carries(one, two) and carries(two, one)


def test_super_frames_stay_whole(bridge):
    """The guest segments nothing: what it leaves to the NIC (virtio's GSO) the other machine gets in one piece."""
    lab, one, two = bridge()
    assert carries(one, two)
    assert mean_length(lab.stats("t1")["rx"]) > 2 * 1500 and mean_length(lab.stats("t2")["tx"]) > 2 * 1500


def test_the_guest_has_its_queues(bridge):
    _lab, one, two = bridge()
    one.run("ethtool -L eth0 combined 2")
    assert "Combined:\t2" in one.run("ethtool -l eth0").stdout.split("Current", 1)[1].replace(" ", "")
    assert carries(two, one) and carries(one, two)


def test_vlans_of_a_guest(bridge):
    """One machine has VLAN 10 as a sub-interface, the other is in it without knowing."""
    lab, one, two = bridge(options="vlan_filtering 1 vlan_default_pvid 0")
    lab.xbr("vlan add vid 10 dev t1")
    lab.xbr("vlan add vid 10 dev t2 pvid untagged")
    one.run("ip link add link eth0 name eth0.10 up type vlan id 10; ip addr add 10.10.0.1/24 dev eth0.10")
    two.run("ip addr add 10.10.0.2/24 dev eth0")
    try:
        assert one.ping("10.10.0.2")
        assert carries(one, two, "10.10.0.2") and carries(two, one, "10.10.0.1")
    finally:
        one.run("ip link del eth0.10")
        two.run("ip addr del 10.10.0.2/24 dev eth0")


def test_a_machine_that_goes_and_comes_back(bridge):
    lab, one, two = bridge()
    assert two.mac in lab.fdb()
    two.end()
    lab.xbr("link show dev t2")
    assert not one.ping(two.ip, count=1)
    two.boot().ready()
    assert one.ping(two.ip) and two.ping(one.ip)
