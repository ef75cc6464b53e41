# SPDX-License-Identifier: Apache-2.0
"""
Addresses that ports learn to allow: from what DHCP servers give (snoop dhcp), from what guests claim first (snoop nd). g1 is guarded and
was given its MAC alone; g2 is a server's port, g3 another guest's. By TC, and with g1 and g2 received by XDP.
"""

import time

import pytest
from scapy.all import ARP, BOOTP, DHCP, Dot1Q, Ether, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IP, IPv6, TCP, UDP
from scapy.layers.dhcp6 import DHCP6_Reply, DHCP6OptIA_NA, DHCP6OptIAAddress, DHCP6OptServerId, DUID_LL

from lab import BROADCAST, Raw, mac_bytes, wait_for

CLIENT, SERVER, THIRD = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
LEASED, V6 = "10.0.0.77", "2001:db8::77"


@pytest.fixture(params=["tc", "xdp"])
def world(request, running):
    lab = running
    lab.g1, lab.g2, lab.g3 = lab.guests(3)
    lab.bridge([lab.g1, lab.g2, lab.g3])
    if request.param == "xdp":
        lab.xbr("link set v1 xdp native")
        lab.xbr("link set v2 xdp native")
    lab.xbr(f"guard allow v1 mac {CLIENT}")
    lab.xbr("link set v1 secure on")
    lab.xbr(f"fdb add {SERVER} dev v2 master static")
    return lab


def ack(client=CLIENT, address=LEASED, kind="ack", seconds=600, tags=(), dst=BROADCAST):
    frame = Ether(src=SERVER, dst=dst)
    for tag in tags:
        frame /= Dot1Q(vlan=tag)
    return bytes(frame / IP(src="10.0.0.254", dst="255.255.255.255") / UDP(sport=67, dport=68) /
                 BOOTP(op=2, yiaddr=address, chaddr=mac_bytes(client)) /
                 DHCP(options=[("message-type", kind), ("server_id", "10.0.0.254"), ("lease_time", seconds), ("subnet_mask", "255.255.0.0"), "end"]))


def tcp(source=LEASED, src=CLIENT):
    return bytes(Ether(src=src, dst=SERVER) / IP(src=source, dst="10.0.0.254") / TCP(dport=80)).ljust(60, b"\0")


def passes(lab, frame, guest=None):
    with lab.listen(lab.g2) as ears:
        (guest or lab.g1).send(frame)
        return ears.copies(frame, quiet=0.15)[lab.g2] == 1


def speak(lab):
    """The client is heard of, as by its DHCP discovery."""
    lab.g1.send(bytes(Ether(src=CLIENT, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) /
                      BOOTP(chaddr=mac_bytes(CLIENT)) / DHCP(options=[("message-type", "discover"), "end"])))


def table(lab, dev="v1"):
    return {(e["ip"], e["mac"], e["source"]): e.get("expires") for e in lab.show(f"guard show dev {dev}") if e["ip"]}


def test_a_lease_allows_its_address_until_it_ends(world):
    lab = world
    speak(lab)
    assert not passes(lab, tcp())
    lab.g2.send(ack(seconds=4))
    wait_for(lambda: (LEASED, CLIENT, "dhcp") in table(lab), what="learned")
    assert 0 < table(lab)[LEASED, CLIENT, "dhcp"] <= 4
    assert "dhcp" in lab.xbr("guard show v1").stdout
    assert passes(lab, tcp()) and not passes(lab, tcp("10.0.0.78"))
    assert passes(lab, bytes(Ether(src=CLIENT, dst=SERVER) / ARP(op=2, hwsrc=CLIENT, psrc=LEASED, pdst="10.0.0.254")).ljust(60, b"\0"))
    wait_for(lambda: not table(lab), timeout=20, what="ended")
    assert not passes(lab, tcp())


def test_only_an_ack_of_a_trusted_server_counts(world):
    lab = world
    speak(lab)
    lab.xbr("link set v3 guard dhcp-server on")
    lab.g2.send(ack(kind="offer"), ack(kind="nak"), ack(client=THIRD, address="10.0.0.79"), ack(address="0.0.0.0"))
    lab.g3.send(ack())
    lab.g1.send(ack())
    time.sleep(0.4)
    assert not table(lab) and not table(lab, "v3")
    lab.g2.send(ack())
    wait_for(lambda: (LEASED, CLIENT, "dhcp") in table(lab), what="learned")


def test_leases_outlive_the_agent_and_are_no_configuration(world):
    lab = world
    speak(lab)
    lab.g2.send(ack())
    wait_for(lambda: (LEASED, CLIENT, "dhcp") in table(lab), what="learned")
    assert LEASED not in lab.xbr("save").stdout
    lab.agent.kill9()
    assert passes(lab, tcp())
    lab.agent.start()
    assert (LEASED, CLIENT, "dhcp") in table(lab) and passes(lab, tcp())
    lab.g2.send(ack(address="10.0.0.80"))
    wait_for(lambda: ("10.0.0.80", CLIENT, "dhcp") in table(lab), what="the next agent learns")


def test_what_was_given_by_hand_is_not_overwritten(world):
    lab = world
    speak(lab)
    lab.xbr(f"guard allow v1 mac {CLIENT} ip {LEASED}")
    lab.g2.send(ack(seconds=2), ack(address="10.0.0.81"))
    wait_for(lambda: ("10.0.0.81", CLIENT, "dhcp") in table(lab), what="learned")
    assert table(lab)[LEASED, CLIENT, "given"] is None


def test_an_address_leased_anew_is_the_former_clients_no_longer(world):
    lab = world
    speak(lab)
    lab.xbr("link set v3 snoop dhcp guard ip on")
    lab.g3.send(bytes(Ether(src=THIRD, dst=BROADCAST, type=0x88b5) / (b"x" * 46)))
    lab.g2.send(ack())
    wait_for(lambda: (LEASED, CLIENT, "dhcp") in table(lab), what="learned")
    lab.g2.send(ack(client=THIRD))
    wait_for(lambda: (LEASED, THIRD, "dhcp") in table(lab, "v3"), what="moved")
    assert not table(lab)


def test_leases_of_dhcpv6_and_of_the_hosts_own_server(world):
    lab = world
    speak(lab)
    reply = bytes(Ether(src=SERVER, dst=CLIENT) / IPv6(src="fe80::2", dst="fe80::1") / UDP(sport=547, dport=546) / DHCP6_Reply() /
                  DHCP6OptServerId(duid=DUID_LL()) /
                  DHCP6OptIA_NA(iaid=1, ianaopts=[DHCP6OptIAAddress(addr=V6, preflft=300, validlft=600)]))
    lab.g2.send(reply)
    wait_for(lambda: (V6, CLIENT, "dhcp") in table(lab), what="learned")
    host = Raw(lab.ns, "br0")
    host.send(ack(address="10.0.0.90"))
    host.close()
    wait_for(lambda: ("10.0.0.90", CLIENT, "dhcp") in table(lab), what="from the host")


def test_in_a_vlan_a_lease_is_bound_to_it(world):
    lab = world
    lab.xbr("bridge set br0 vlan_filtering 1")
    for words in ("vlan add vid 10 dev v1 pvid untagged", "vlan add vid 10 dev v2", "vlan add vid 20 dev v1"):
        lab.xbr(words)
    speak(lab)
    lab.g2.send(ack(tags=(10,)))
    wait_for(lambda: (LEASED, CLIENT, "dhcp") in table(lab), what="learned")
    assert [e["vlan"] for e in lab.show("guard show dev v1") if e["ip"]] == [10]


def claim(address, src=CLIENT):
    return bytes(Ether(src=src, dst="33:33:ff:00:00:77") / IPv6(src="::", dst="ff02::1:ff00:77", hlim=255) / ICMPv6ND_NS(tgt=address))


def test_who_claims_an_address_first_has_it(world):
    lab = world
    lab.xbr("link set v1 snoop nd")
    lab.xbr("link set v3 guard nd on snoop nd")
    lab.xbr(f"guard allow v3 mac {THIRD}")
    lab.g1.send(claim("fe80::77"))
    wait_for(lambda: ("fe80::77", CLIENT, "nd") in table(lab), what="claimed")
    lab.g3.send(claim("fe80::77", THIRD), claim("fe80::78", THIRD))
    wait_for(lambda: ("fe80::78", THIRD, "nd") in table(lab, "v3"), what="another")
    assert ("fe80::77", THIRD, "nd") not in table(lab, "v3")

    def advertisement(address, src):
        return bytes(Ether(src=src, dst=SERVER) / IPv6(src=address, dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=address) / ICMPv6NDOptDstLLAddr(lladdr=src))
    assert passes(lab, advertisement("fe80::77", CLIENT))
    assert not passes(lab, advertisement("fe80::77", THIRD), lab.g3)
    assert not passes(lab, advertisement("fe80::79", CLIENT))


def test_a_guest_cannot_claim_without_end(world):
    lab = world
    lab.xbr("link set v1 snoop nd")
    for n in range(120):
        lab.g1.send(claim(f"fe80::1:{n:x}"))
        time.sleep(0.005)
    wait_for(lambda: len(table(lab)) == 64, what="as many as are taken")
