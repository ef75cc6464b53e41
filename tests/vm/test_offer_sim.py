# SPDX-License-Identifier: Apache-2.0
"""
What the switch in a NIC is offered, on the kernel's simulator netdevsim with the table of vm/netdevsim-flower.h: four filters
a device, each of which counts one frame of 64 octets whenever it is asked. No frame passes there: what is seen is what the
kernel and the driver were told, and what is made of their answers.
"""

import json

import pytest

from lab import wait_for
from test_offload_sim import nic, pytestmark  # noqa: F401

MACS = ("02:00:00:00:01:01", "02:00:00:00:02:02")


def filters(lab, dev):
    """tc(8)'s words on flower filters of a device, by priority."""
    told = json.loads(lab.host(f"tc -j filter show dev {dev} ingress").stdout or "[]")
    return [each for each in told if each["kind"] == "flower" and "options" in each]


@pytest.fixture
def ports(running, nic):  # noqa: F811
    """The representors of two virtual functions, on a bridge."""
    nic.vfs(2)
    running.xbr("offload set dev pf0 eswitch switchdev")
    names = [vf["representor"] for vf in running.show("vf show dev pf0")]
    running.bridge([])
    for name in names:
        running.host(f"ip link set {name} up")
        running.xbr(f"offload set dev {name} hw-tc-offload on")
        running.xbr(f"link add {name} master br0")
        running.wait_forwarding(name)
    return running, names


def rules(lab, name="guest"):
    return {rule["seq"]: rule for rule in lab.show(f"acl show {name}")[0]["rules"]}


def offloaded(lab):
    return [seq for seq, rule in rules(lab).items() if rule.get("offloaded")]


def test_first_rules_of_a_list_are_the_devices(ports):
    lab, (one, two) = ports
    lab.xbr("acl add guest seq 10 deny ip_proto tcp src_ip 10.1.0.0/16 dst_port 25")
    lab.xbr("acl add guest seq 20 deny src_mac 02:00:00:00:00:05 eth_type 0x0806")
    lab.xbr("acl add guest seq 30 permit ip_proto udp")
    lab.xbr("acl add guest seq 40 deny ip_proto udp")
    assert not offloaded(lab)
    lab.xbr(f"acl bind guest dev {one} in")
    assert offloaded(lab) == [10, 20]
    told = filters(lab, one)
    assert [each["protocol"] for each in told] == ["ip", "arp"]
    keys = told[0]["options"]["keys"]
    assert (keys["ip_proto"], keys["src_ip"], keys["dst_port"]) == ("tcp", "10.1.0.0/16", 25)
    assert told[1]["options"]["keys"]["src_mac"] == "02:00:00:00:00:05"
    assert all(each["options"]["skip_sw"] and each["options"]["in_hw"] for each in told)
    assert "offloaded" in lab.xbr("acl show guest").stdout
    before = rules(lab)[10]["stats"]
    after = rules(lab)[10]["stats"]
    assert after["packets"] > before["packets"] > 0 and after["bytes"] == 64 * after["packets"]
    assert rules(lab)[30]["stats"]["packets"] == 0
    lab.xbr("acl add guest seq 5 permit src_ip 10.1.0.9")  # now no rule may be done before this one
    assert not offloaded(lab) and not filters(lab, one)
    assert rules(lab)[10]["stats"]["packets"] >= after["packets"]
    lab.xbr("acl del guest seq 5")
    assert offloaded(lab) == [10, 20]
    lab.xbr(f"acl unbind guest dev {one} in")
    assert not offloaded(lab) and not filters(lab, one) and not filters(lab, two)


def test_what_the_device_has_no_room_for_is_done_in_software(ports):
    lab, (one, _two) = ports
    for number in range(1, 7):
        lab.xbr(f"acl add guest seq {number} deny src_ip 10.1.0.{number}")
    lab.xbr(f"acl bind guest dev {one} in")
    assert offloaded(lab) == [1, 2, 3, 4] and len(rules(lab)) == 6
    assert lab.show(f"link show dev {one}")[0]["state"] == "forwarding"


def test_a_device_that_takes_no_filters_loses_nothing(ports):
    """And is asked again when it does."""
    lab, (one, _two) = ports
    lab.xbr(f"offload set dev {one} hw-tc-offload off")
    lab.xbr("acl add guest seq 10 deny src_ip 10.1.0.1")
    lab.xbr(f"acl bind guest dev {one} in")
    assert not offloaded(lab) and not filters(lab, one)
    lab.xbr(f"offload set dev {one} hw-tc-offload on")
    wait_for(lambda: offloaded(lab) == [10], 10, "the offer")


def known(lab, number):
    return next(each for each in lab.show("-s fdb show") if each["mac"] == MACS[number])


def test_static_addresses_are_the_devices(ports):
    lab, names = ports
    for mac, name in zip(MACS, names):
        lab.xbr(f"fdb add {mac} dev {name} static")
    for number in (0, 1):
        entry = known(lab, number)
        assert "offloaded" in entry["flags"]
        (told,) = filters(lab, names[1 - number])  # where frames to it come in
        assert told["options"]["keys"]["dst_mac"] == MACS[number] and told["options"]["keys"]["src_mac"] == MACS[1 - number]
        assert told["options"]["actions"][0]["to_dev"] == names[number] and told["options"]["in_hw"]
        assert known(lab, number)["offloaded"]["packets"] > entry["offloaded"]["packets"] > 0
    assert "offloaded" in lab.xbr("fdb show").stdout
    lab.xbr(f"link set dev {names[0]} isolated on")  # a word on its frames that the device does not know
    assert not filters(lab, names[0]) and not filters(lab, names[1]) and "offloaded" not in known(lab, 0)
    lab.xbr(f"link set dev {names[0]} isolated off")
    assert "offloaded" in known(lab, 0)["flags"]
    lab.xbr(f"fdb del {MACS[0]} dev {names[0]}")
    assert not filters(lab, names[1])
    assert "offloaded" not in known(lab, 1)


def test_offers_outlive_the_agent_and_go_with_the_port(ports):
    lab, (one, two) = ports
    lab.xbr("acl add guest seq 10 deny src_ip 10.1.0.1")
    lab.xbr(f"acl bind guest dev {one} in")
    lab.agent.kill9()
    assert len(filters(lab, one)) == 1
    lab.agent.start()
    assert offloaded(lab) == [10] and len(filters(lab, one)) == 1
    others = lab.show(f"link show dev {one}")[0]["hook"]["others"]
    assert not others, others
    lab.xbr("bridge del br0")
    assert not filters(lab, one)
    assert "clsact" not in lab.host(f"tc qdisc show dev {one}").stdout
