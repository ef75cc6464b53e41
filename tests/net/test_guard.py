# SPDX-License-Identifier: Apache-2.0
"""
A hostile guest's words, each with its guard and without: what its neighbour and an onlooker get, copy by copy and octet by octet, and
the reason that was counted. Frames are scapy's. g1 is the hostile one; it was given its MAC, its IPv4 address and fe80::1.
"""

import pytest
from scapy.all import (ARP, BOOTP, DHCP, Dot1AD, Dot1Q, Ether, ICMPv6DestUnreach, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS,
                       ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IP, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, LLC,
                       SNAP, TCP, UDP, Dot3, ICMPv6MLReport2, ICMPv6ND_Redirect, Raw)
from scapy.layers.dhcp6 import DHCP6_Advertise, DHCP6_Solicit

from lab import BROADCAST, wait_for

ME, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
STRANGER = "02:00:00:00:00:66"
MY_IP, OTHER_IP = "10.0.0.1", "10.0.0.2"
MY_V6, OTHER_V6, ALL_NODES = "fe80::1", "fe80::2", "ff02::1"

GUARDS = ("mac", "ip", "arp", "nd", "dhcp-server", "ra")


@pytest.fixture(params=["tc", "xdp"])
def world(request, running):
    """Three guests; the first is hostile, its port receives by TC or by XDP."""
    lab = running
    lab.g1, lab.g2, lab.g3 = lab.guests(3)
    lab.bridge([lab.g1, lab.g2, lab.g3])
    if request.param == "xdp":
        lab.xbr("link set v1 xdp native")
    lab.xbr(f"guard allow v1 mac {ME} ip {MY_IP}")
    lab.xbr(f"guard allow v1 mac {ME} ip {MY_V6}")
    lab.xbr(f"fdb add {OTHER} dev v2 master static")
    return lab


def ether(dst=OTHER, src=ME):
    return Ether(dst=dst, src=src)


def octets(packet):
    return bytes(packet).ljust(60, b"\0")


def tcp(source=MY_IP):
    return IP(src=source, dst=OTHER_IP) / TCP(dport=80)


def tcp6(source=MY_V6):
    return IPv6(src=source, dst=OTHER_V6) / TCP(dport=80)


def nd(message, source=MY_V6, dst=ALL_NODES):
    return IPv6(src=source, dst=dst, hlim=255) / message


RA = ICMPv6ND_RA() / ICMPv6NDOptSrcLLAddr(lladdr=ME)
SERVER = UDP(sport=67, dport=68) / BOOTP(op=2, chaddr=b"\x02\0\0\0\0\x02") / DHCP(options=[("message-type", "offer"), "end"])


def client(chaddr):
    return (ether(BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) /
            BOOTP(chaddr=bytes.fromhex(chaddr.replace(":", ""))) / DHCP(options=[("message-type", "discover"), "end"]))


def llc(payload, code):
    """802.3 with LLC and SNAP."""
    body = LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=code) / payload
    return Dot3(dst=OTHER, src=ME) / body


def fragments(first):
    """An IPv6 packet's first fragment, of more to come."""
    return IPv6(src=MY_V6, dst=ALL_NODES, hlim=255) / IPv6ExtHdrFragment(nh=58, m=1, id=7) / first


def baited(upper):
    """A first fragment that ends before its upper layer, and behind its end, where no receiver looks, an innocent one."""
    return IPv6(src=MY_V6, dst=ALL_NODES, hlim=255, plen=16) / IPv6ExtHdrFragment(nh=60, m=1, id=8) / IPv6ExtHdrDestOpt(nh=upper)


# name: (guard, frame, reason)
ATTACKS = {
    "a spoofed MAC": ("mac", ether(src=STRANGER) / tcp(), "guard_mac"),
    "the neighbour's MAC": ("mac", ether(BROADCAST, OTHER) / tcp(), "guard_mac"),
    "a DHCP client of another hardware address": ("mac", client(STRANGER), "guard_dhcp_client"),
    "a spoofed IPv4 source": ("ip", ether() / tcp(OTHER_IP), "guard_ip"),
    "a spoofed IPv6 source": ("ip", ether() / tcp6(OTHER_V6), "guard_ip"),
    "a spoofed IPv4 source behind a tag": ("ip", ether() / Dot1Q(vlan=5) / tcp(OTHER_IP), "guard_ip"),
    "a spoofed IPv4 source behind two tags": ("ip", ether() / Dot1AD(vlan=5) / Dot1Q(vlan=6) / tcp(OTHER_IP), "guard_ip"),
    "a spoofed IPv4 source behind LLC/SNAP": ("ip", llc(tcp(OTHER_IP), 0x0800), "guard_ip"),
    "a later fragment of a spoofed IPv4 source": ("ip", ether() / IP(src=OTHER_IP, dst=OTHER_IP, frag=5, proto=17) / Raw(b"x" * 64), "guard_ip"),
    "a spoofed IPv6 source behind extension headers":
        ("ip", ether() / IPv6(src=OTHER_V6, dst=OTHER_V6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / TCP(), "guard_ip"),
    "a spoofed ARP reply": ("arp", ether() / ARP(op=2, hwsrc=ME, psrc=OTHER_IP, pdst="10.0.0.3", hwdst=OTHER), "guard_arp"),
    "a gratuitous ARP of the neighbour's": ("arp", ether(BROADCAST) / ARP(op=1, hwsrc=ME, psrc=OTHER_IP, pdst=OTHER_IP), "guard_arp"),
    "an ARP reply with another's MAC": ("arp", ether() / ARP(op=2, hwsrc=STRANGER, psrc=MY_IP, pdst=OTHER_IP), "guard_arp"),
    "a spoofed ARP reply behind a tag": ("arp", ether() / Dot1Q(vlan=0, prio=3) / ARP(op=2, hwsrc=ME, psrc=OTHER_IP), "guard_arp"),
    "a spoofed ARP reply behind LLC/SNAP": ("arp", llc(ARP(op=2, hwsrc=ME, psrc=OTHER_IP), 0x0806), "guard_arp"),
    "a spoofed neighbour advertisement":
        ("nd", ether() / nd(ICMPv6ND_NA(tgt=OTHER_V6) / ICMPv6NDOptDstLLAddr(lladdr=ME)), "guard_nd"),
    "an advertisement of another's MAC":
        ("nd", ether() / nd(ICMPv6ND_NA(tgt=MY_V6) / ICMPv6NDOptDstLLAddr(lladdr=OTHER)), "guard_nd"),
    "a solicitation that tells another's MAC":
        ("nd", ether() / nd(ICMPv6ND_NS(tgt=OTHER_V6) / ICMPv6NDOptSrcLLAddr(lladdr=OTHER)), "guard_nd"),
    "a spoofed advertisement behind a destination options header":
        ("nd", ether() / IPv6(src=MY_V6, dst=ALL_NODES, hlim=255) / IPv6ExtHdrDestOpt() / ICMPv6ND_NA(tgt=OTHER_V6), "guard_nd"),
    "a claim of the neighbour's address": ("nd", ether() / nd(ICMPv6ND_NS(tgt=OTHER_V6), "::"), "guard_nd"),
    "a neighbour advertisement in fragments": ("nd", ether() / fragments(ICMPv6ND_NA(tgt=OTHER_V6)), "guard_unparsed"),
    "a router advertisement": ("ra", ether() / nd(RA), "guard_ra"),
    "a redirect": ("ra", ether() / nd(ICMPv6ND_Redirect(tgt=MY_V6, dst=OTHER_V6)), "guard_ra"),
    "a router advertisement behind a hop-by-hop header":
        ("ra", ether() / IPv6(src=MY_V6, dst=ALL_NODES, hlim=255) / IPv6ExtHdrHopByHop() / RA, "guard_ra"),
    "a router advertisement in fragments": ("ra", ether() / fragments(RA), "guard_unparsed"),
    "a router advertisement behind two tags": ("ra", ether() / Dot1Q(vlan=0) / Dot1Q(vlan=0) / nd(RA), "guard_ra"),
    "a router advertisement behind LLC/SNAP": ("ra", llc(nd(RA), 0x86dd), "guard_ra"),
    "a router advertisement to come behind a bait": ("ra", ether() / baited(58) / Raw(b"\x80" + bytes(40)), "guard_unparsed"),
    "a DHCPv6 server to come behind a bait": ("dhcp-server", ether() / baited(17) / Raw(b"\x11\x11\x11\x11" + bytes(40)), "guard_unparsed"),
    "an advertisement to come behind a bait of headers":
        ("nd", ether() / baited(60) / Raw(b"\x06" + bytes(47)), "guard_unparsed"),
    "a DHCP server": ("dhcp-server", ether() / IP(src=MY_IP, dst=OTHER_IP) / SERVER, "guard_dhcp_server"),
    "a DHCP server behind a tag": ("dhcp-server", ether() / Dot1Q(vlan=0) / IP(src=MY_IP, dst=OTHER_IP) / SERVER, "guard_dhcp_server"),
    "a DHCP server in fragments":
        ("dhcp-server", ether() / IP(src=MY_IP, dst=OTHER_IP, flags="MF") / SERVER, "guard_dhcp_server"),
    "a DHCPv6 server":
        ("dhcp-server", ether() / IPv6(src=MY_V6, dst=OTHER_V6) / UDP(sport=547, dport=546) / DHCP6_Advertise(), "guard_dhcp_server"),
    "a DHCPv6 server behind an extension header":
        ("dhcp-server", ether() / IPv6(src=MY_V6, dst=OTHER_V6) / IPv6ExtHdrDestOpt() / UDP(sport=547, dport=546) / DHCP6_Advertise(),
         "guard_dhcp_server"),
    "nine tags": ("mac", ether() / Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) /
                  Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) / Dot1Q(vlan=1) / tcp(), "guard_unparsed"),
}

# What an honest guest says, with every guard on.
HONEST = {
    "TCP on IPv4": ether() / tcp(),
    "TCP on IPv6": ether() / tcp6(),
    "behind a priority tag": ether() / Dot1Q(vlan=0, prio=5) / tcp(),
    "a fragment": ether() / IP(src=MY_IP, dst=OTHER_IP, frag=5, proto=17) / Raw(b"x" * 64),
    "an ARP request": ether(BROADCAST) / ARP(op=1, hwsrc=ME, psrc=MY_IP, pdst=OTHER_IP),
    "an ARP probe": ether(BROADCAST) / ARP(op=1, hwsrc=ME, psrc="0.0.0.0", pdst=MY_IP),
    "a DHCP client": client(ME),
    "a DHCPv6 client": ether() / IPv6(src=MY_V6, dst=OTHER_V6) / UDP(sport=546, dport=547) / DHCP6_Solicit(),
    "duplicate address detection": ether() / nd(ICMPv6ND_NS(tgt=MY_V6), "::"),
    "a neighbour solicitation": ether() / nd(ICMPv6ND_NS(tgt=OTHER_V6) / ICMPv6NDOptSrcLLAddr(lladdr=ME)),
    "a neighbour advertisement": ether() / nd(ICMPv6ND_NA(tgt=MY_V6) / ICMPv6NDOptDstLLAddr(lladdr=ME)),
    "who asks for routers": ether() / nd(ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=ME)),
    "a report of groups": ether() / nd(ICMPv6MLReport2(), "::"),
    "an ICMPv6 error": ether() / nd(ICMPv6DestUnreach() / bytes(tcp6())),
    "an IPv6 fragment": ether() / IPv6(src=MY_V6, dst=OTHER_V6) / IPv6ExtHdrFragment(nh=17, m=1, id=9) / UDP(sport=53, dport=53) / Raw(b"x" * 32),
    "something that is no IP": Ether(dst=OTHER, src=ME, type=0x88b5) / Raw(b"x" * 60),
}


def copies(world, frame):
    """What g2 and g3 get of it."""
    with world.listen(world.g2, world.g3) as ears:
        world.g1.send(octets(frame))
        found = ears.copies(octets(frame), quiet=0.15)
    return found[world.g2], found[world.g3]


def is_group(frame):
    return bytes(frame)[0] & 1


def expected(frame):
    return (1, 1) if is_group(frame) else (1, 0)


def test_each_attack_with_its_guard_and_without(world):
    wrong = []
    for name, (_guard, frame, _reason) in ATTACKS.items():
        if copies(world, frame) != expected(frame):
            wrong.append(f"{name}: does not pass without a guard")
        world.xbr(f"fdb replace {OTHER} dev v2 master static")
    for name, (guard, frame, reason) in ATTACKS.items():
        world.xbr(f"guard set v1 {guard} on")
        before = world.stats("v1")["reasons"]
        found = copies(world, frame)
        after = world.stats("v1")["reasons"]
        world.xbr(f"guard set v1 {guard} off")
        if found != (0, 0) or after[reason] != before[reason] + 1:
            wrong.append(f"{name}: {found}, {[key for key in after if after[key] != before[key]]} instead of {reason}")
    assert not wrong, "\n".join(wrong)


def test_an_honest_guest_is_not_hindered(world):
    world.xbr("guard set v1 secure on")
    assert [name for name, frame in HONEST.items() if copies(world, frame) != expected(frame)] == []


def test_guests_talk_through_all_guards(world):
    world.xbr("guard set v1 secure on")
    world.g1.address()
    assert world.g1.ping(world.g2.address())


def test_guards_and_allowances_survive_the_agent(world):
    lab = world
    lab.xbr("guard set v1 secure on")
    lab.xbr("guard allow v2 ip 10.0.0.0/24 vlan 7")
    shown, saved = lab.show("guard show"), lab.xbr("save").stdout
    lab.agent.kill9()
    assert copies(lab, ether(src=STRANGER) / tcp()) == (0, 0)
    assert copies(lab, ether() / tcp()) == (1, 0)
    lab.agent.start()
    assert (lab.show("guard show"), lab.xbr("save").stdout) == (shown, saved)
    assert copies(lab, ether(src=STRANGER) / tcp()) == (0, 0)
    assert copies(lab, ether() / tcp()) == (1, 0)


def test_apply_restores_what_save_printed(world, tmp_path):
    lab, file = world, tmp_path / "conf"
    lab.xbr("guard set v1 secure on snoop nd")
    lab.xbr(f"guard allow v2 mac {OTHER} vlan 9")
    saved = lab.xbr("save").stdout
    file.write_text(saved)
    lab.xbr("guard set v1 secure off")
    lab.xbr(f"guard del v2 mac {OTHER} vlan 9")
    lab.xbr(f"guard allow v3 mac {STRANGER}")
    lab.xbr(f"apply {file}")
    assert lab.xbr("save").stdout == saved
    assert '"changed": 0' in lab.xbr(f"-j -p apply {file}").stdout


def told(lab, port):
    shown = lab.show(f"link show dev {port}")[0]
    return set(shown["guards"]), shown["secure"], shown["snoop"]


def test_guards_are_options_of_a_port_as_well(world):
    """`link set DEV guard mac on`, `secure on`: the same settings as `guard set`."""
    world.xbr("link set v1 guard mac on guard dhcp-server on")
    assert told(world, "v1") == ({"mac", "dhcp-server"}, False, "off")
    assert copies(world, ether(src=STRANGER) / tcp()) == (0, 0)
    assert copies(world, ether() / tcp(OTHER_IP)) == (1, 0)
    world.xbr("link set dev v1 secure on snoop nd")
    assert told(world, "v1") == (set(GUARDS), True, "nd")
    assert "guard mac,ip,arp,nd,dhcp-server,ra secure on snoop nd" in world.xbr("-d link show v1").stdout
    assert copies(world, ether() / tcp(OTHER_IP)) == (0, 0)
    world.xbr("guard set v1 ip off")
    assert told(world, "v1") == (set(GUARDS) - {"ip"}, False, "nd")
    world.xbr("link set v1 guard secure off")
    assert told(world, "v1") == (set(), False, "off")
    assert copies(world, ether(src=STRANGER) / tcp()) == (1, 0)
    world.xbr("link set v1 guard on")  # bridge(8)'s word for the guard against BPDUs
    assert world.show("link show dev v1")[0]["guard"] is True and told(world, "v1") == (set(), False, "off")
    world.xbr("link add v3 master br0 guard ra on", check=False)
    assert told(world, "v3") == (set(), False, "off")
    world.xbr("link del v3")
    world.xbr("link add v3 master br0 guard ra on storm_control unknown 10mbit fdb_max_learned 5 action drop")
    shown = world.show("link show dev v3")[0]
    assert shown["guards"] == ["ra"] and shown["storm_control"] == {"broadcast": "off", "multicast": "off", "unknown": "10mbit"}
    assert (shown["fdb_max_learned"], shown["fdb_max_learned_action"]) == (5, "drop")
    assert "link set dev v3 guard ra on storm_control unknown 10mbit" in world.xbr("save").stdout.splitlines()


def test_rates_of_storm_control_have_the_units_of_meters(world):
    """But a bare number is frames."""
    for word, shown in (("500", "500pps"), ("1000pps", "1000pps"), ("10kpps", "10000pps"), ("500kbps", "4mbit"), ("1MBit", "1mbit"), ("0", "off"), ("off", "off")):
        world.xbr(f"storm_control set v1 broadcast {word}")
        assert world.show("link show dev v1")[0]["storm_control"]["broadcast"] == shown, word


def test_show_has_the_table(world):
    assert {(e["ifname"], e["mac"], e["ip"], e["source"]) for e in world.show("guard show dev v1")} == {
        ("v1", ME, MY_IP, "given"), ("v1", ME, MY_V6, "given")}
    assert world.xbr("guard show v1").stdout.count("\n") == 2


BAD = [
    ("guard allow v1", "needs"), ("guard allow v1 ip 10.0.0.256", "no address"), ("guard allow v1 ip 10.0.0.0/33", "0 to 32"),
    ("guard allow v1 ip fe80::/129", "0 to 128"), ("guard allow v1 mac 01:00:5e:00:00:01", "unicast"), ("guard allow nosuch mac 02::1", "Ethernet"),
    (f"guard allow nosuch mac {ME}", "nosuch"), (f"guard allow v1 mac {ME} vlan 0", "1 to 4094"), (f"guard allow v1 mac {ME} vlan 4095", "4094"),
    (f"guard del v1 mac {STRANGER}", "not among"), ("guard set v1", "nothing to set"), ("guard set v1 mac maybe", "maybe"),
    ("guard set nosuch mac on", "nosuch"), ("link set v1 mab on", "locked"), ("link set v1 locked on learning off mab on", "learning"),
    ("link set v1 fdb_max_learned_action drop", "fdb_max_learned"), ("link set v1 isolation community", "number"),
    ("link set v1 isolation community 0", "1 to 4094"), ("link set v1 isolation community 4095", "1 to 4094"),
    ("link set v1 isolated on isolation isolated", "one of them"), ("link set v1 transparent pause", "PAUSE"),
    ("link set v1 guard lan on", "no value of guard"), ("link set v1 guard mac", "on|off"), ("link set v1 guard mac on guard mac off", "twice"),
    ("link set v1 storm_control arp 5", "no value of storm_control"), ("link set v1 storm_control unknown fast", "no rate"),
    ("link set v1 mode vepa guard ra on", "uplink"), ("link set nosuch secure on", "nosuch"),
    ("storm_control set v1 broadcast fast", "no rate"), ("storm_control set v1 broadcast 10bit", "range"), ("storm_control set v1", "nothing to set"),
]


def test_bad_input_gets_a_sentence_and_changes_nothing(world):
    saved = world.xbr("save").stdout
    for words, sentence in BAD:
        done = world.xbr(words, check=False)
        assert done.returncode != 0 and sentence in done.stderr, (words, done.stderr)
    assert world.xbr("save").stdout == saved
    wait_for(lambda: world.show("link show dev v1"), what="the agent")
