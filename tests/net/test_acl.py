# SPDX-License-Identifier: Apache-2.0
"""Access lists, from the command to the wire: what a list denies is gone, what it permits is there, and what it says survives the agent."""

import json
import os
import select
import socket
import struct
import subprocess
import time

import pytest

from lab import XBR, BROADCAST, ethernet
from stream import Stream


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, proto=17, payload=b"", fragment=0, options=b"", total=None, dscp=0):
    """An IPv4 packet; fragment: the field of flags and offset as it is on the wire."""
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, dscp << 2, length, 7, fragment, 64, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(sport, dport, payload=b"xbr"):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def tcp(sport, dport, flags=2):
    return struct.pack("!HHIIBBHHH", sport, dport, 0, 0, 0x50, flags, 1000, 0, 0)


def shown(lab, name):
    return next(each for each in lab.show(f"acl show {name}") if each["list"] == name)


def counts(lab, name):
    """{seq: frames}, and what no rule matched under 0."""
    each = shown(lab, name)
    return {rule["seq"]: rule["stats"]["packets"] for rule in each["rules"]} | {0: each["unmatched"]["packets"]}


def passes(lab, source, target, frame):
    """How many copies of the frame come out."""
    with lab.listen(target) as ears:
        source.send(frame)
        return ears.copies(frame)[target]


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_a_list_decides_what_comes_in(pair, hook):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev v1 xdp {hook}")
    lab.xbr("acl add guest permit ip_proto udp src_ip 10.0.0.0/24 dst_port 53")
    lab.xbr("acl add guest deny ip_proto udp")
    lab.xbr("acl add guest deny eth_type 0x88b6")
    lab.xbr("acl bind guest dev v1 in")

    def frame(packet):
        return ethernet(g2.mac, g1.mac, 0x0800, packet)
    assert passes(lab, g1, g2, frame(ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 53)))) == 1
    assert passes(lab, g1, g2, frame(ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 54)))) == 0
    assert passes(lab, g1, g2, frame(ipv4("10.1.0.1", "10.0.0.2", 17, udp(1000, 53)))) == 0
    assert passes(lab, g1, g2, frame(ipv4("10.1.0.1", "10.0.0.2", 6, tcp(1, 2)))) == 1
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b6)) == 0
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b5)) == 1
    assert passes(lab, g2, g1, ethernet(g1.mac, g2.mac, 0x88b6)) == 1  # the other way nothing is bound
    assert counts(lab, "guest") == {10: 1, 20: 2, 30: 1, 0: 2}
    assert lab.stats("v1")["reasons"]["acl_deny"] == 3


def test_lists_live_on_without_the_agent_and_come_back_with_it(pair):
    lab, g1, g2 = pair
    denied, permitted = ethernet(g2.mac, g1.mac, 0x88b6), ethernet(g2.mac, g1.mac, 0x88b5)
    lab.xbr("acl add guest seq 5 deny eth_type 0x88b6 log")
    lab.xbr("acl bind guest dev v1 in")
    before = lab.show("acl show")
    lab.agent.kill9()
    assert passes(lab, g1, g2, denied) == 0 and passes(lab, g1, g2, permitted) == 1
    lab.agent.start()
    assert passes(lab, g1, g2, denied) == 0 and passes(lab, g1, g2, permitted) == 1
    assert counts(lab, "guest") == {5: 2, 0: 2}
    after = lab.show("acl show")
    for each in before + after:
        each.pop("unmatched")
        for rule in each["rules"]:
            rule.pop("stats")
    assert before == after
    lab.xbr("acl unbind guest dev v1 in")
    assert passes(lab, g1, g2, denied) == 1
    lab.xbr("acl del guest")
    assert lab.show("acl show") == []


def test_what_leaves_is_asked_too_copy_by_copy(running):
    lab = running
    g1, g2, g3 = lab.guests(3)
    lab.bridge([g1, g2, g3])
    lab.xbr("acl add quiet deny eth_type 0x88b6")
    lab.xbr("acl bind quiet dev v2 out")
    with lab.listen(g2, g3) as ears:
        g1.send(ethernet(BROADCAST, g1.mac, 0x88b6))
        assert ears.copies(ethernet(BROADCAST, g1.mac, 0x88b6)) == {g2: 0, g3: 1}
        g1.send(ethernet(BROADCAST, g1.mac, 0x88b5))
        assert ears.copies(ethernet(BROADCAST, g1.mac, 0x88b5)) == {g2: 1, g3: 1}
    lab.xbr(f"fdb add {g2.mac} dev v2 static")
    assert passes(lab, g1, g2, ethernet(g2.mac, g1.mac, 0x88b6)) == 0
    assert lab.stats("v2")["reasons"]["copy_acl"] == 1
    assert lab.stats("v1")["reasons"]["acl_deny_out"] == 1


RICH = """\
aclset add web addresses
aclset add web 10.0.0.0/24
aclset add web 2001:db8::/32
aclset add ports ports
aclset add ports 80
aclset add ports 8000-8100
acl add guest seq 10 permit src_mac 02:00:00:00:00:00/ff:ff:ff:00:00:00 vlan_id 5 vlan_prio 3 eth_type 0x88b5
acl add guest seq 20 deny src_ip @web ip_proto tcp not dst_port @ports tcp_flags syn/syn,ack log
acl add guest seq 30 deny dst_ip 2001:db8::/64 ip_proto udp src_port 1-1023
acl add guest seq 40 permit arp_op request not arp_sip 10.0.0.0/8 arp_sha 02:00:00:00:00:01
acl add guest seq 50 deny nd_target fe80::/10
acl add guest seq 60 permit ip_proto icmp icmp_type 8 icmp_code 0 dscp 46 frag no
acl add guest seq 70 permit eth_type 0x88b6 redirect v2
acl add guest seq 75 deny state invalid
acl add guest seq 76 permit not state new,related ip_proto tcp
acl add guest seq 80 permit eth_type 0x88b7 mirror v2 mark 4294967295 set_vlan_prio 0 set_dscp 46
acl add other seq 10 deny
acl bind guest dev v1 in
acl bind other vlan 7 br br0 out
acl bind other br br0 in
"""


def write(lab, text, name="acl.conf"):
    path = os.path.join(lab.folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def test_a_configuration_has_its_lists(pair):
    """What save prints is what apply makes, and making it again changes nothing."""
    lab, _g1, _g2 = pair
    plain = lab.xbr("save").stdout
    lab.xbr(["apply", write(lab, plain + RICH)])
    saved = lab.xbr("save").stdout
    assert [line for line in saved.splitlines() if line.startswith("acl")].sort() == RICH.splitlines().sort()
    assert json.loads(lab.xbr(["-j", "apply", write(lab, saved)]).stdout)["changed"] == 0
    lab.agent.kill9()
    lab.agent.start()
    assert lab.xbr("save").stdout == saved
    lab.xbr(["apply", write(lab, plain)])
    assert lab.xbr("save").stdout == plain and lab.show("acl show") == [] and lab.show("aclset show") == []


def test_a_set_changes_at_once_and_by_one_write(pair):
    lab, g1, g2 = pair
    frame = ethernet(g2.mac, g1.mac, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, udp(1, 2)))
    lab.xbr("aclset add bad 192.0.2.0/24")
    lab.xbr("acl add guest deny src_ip @bad")
    lab.xbr("acl bind guest dev v1 in")
    assert passes(lab, g1, g2, frame) == 1
    lab.xbr("aclset add bad 10.0.0.1")
    assert passes(lab, g1, g2, frame) == 0
    lab.xbr("aclset del bad 10.0.0.1")
    assert passes(lab, g1, g2, frame) == 1


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_rules_mirror_and_change(running, hook):
    lab = running
    g1, g2, g3 = lab.guests(3)
    lab.bridge([g1, g2, g3])
    for guest in (g1, g2):
        lab.xbr(f"fdb add {guest.mac} dev {guest.port} static")
    lab.xbr(f"link set dev v1 xdp {hook}")
    lab.xbr("acl add guest permit ip_proto udp dst_port 53 set_dscp 46 mirror v3 mark 7")
    lab.xbr("acl add guest deny ip_proto udp dst_port 54 mirror v3")
    lab.xbr("acl add guest permit vlan_id 5 set_vlan_prio 6")
    lab.xbr("acl bind guest dev v1 in")

    def frame(port, dscp=0):
        return ethernet(g2.mac, g1.mac, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, port), dscp=dscp))

    def tagged(priority):
        return ethernet(g2.mac, g1.mac, 0x8100, struct.pack("!HH", priority << 13 | 5, 0x88b5) + bytes(50))
    with lab.listen(g2, g3) as ears:
        g1.send(frame(53), frame(54), frame(55), tagged(1))
        heard = ears.everything()
    counted = {name: [heard[guest].count(each) for guest in (g2, g3)] for name, each in {
        "changed": frame(53, dscp=46), "as it came": frame(53), "denied": frame(54), "other": frame(55), "priority": tagged(6)}.items()}
    assert counted == {"changed": [1, 0], "as it came": [0, 1], "denied": [0, 1], "other": [1, 0], "priority": [1, 0]}
    assert lab.stats("v3")["reasons"]["acl_mirror"] == 2
    assert "done where they come in" in lab.xbr("acl bind guest dev v2 out", check=False).stderr


@pytest.mark.parametrize("command, sentence", [
    ("acl add guest deny dst_port 80", "a port needs ip_proto"),
    ("acl add guest deny src_ip 10.0.0.1 dst_ip 2001:db8::1", "no frame has both"),
    ("acl add guest deny eth_type ipv6 src_ip 10.0.0.1", "contradicts the eth_type"),
    ("acl add guest deny src_ip @nowhere", "no set of addresses with the name nowhere"),
    ("acl add guest deny src_ip 10.0.0.300", "not \"10.0.0.300\""),
    ("acl add guest deny not redirect v1", "cannot be turned round"),
    ("acl add guest deny redirect v1", "cannot be redirected"),
    ("acl add guest permit redirect v9", "v9 is not a port"),
    ("acl add guest permit mirror v9", "v9 is not a port"),
    ("acl add guest deny state old", "new, established, related, invalid"),
    ("acl add guest deny mark 3", "cannot be marked or changed"),
    ("acl add guest permit mark 0", "a number from 1"),
    ("acl add guest permit set_dscp 64", "a code point from 0 to 63"),
    ("acl add guest permit not set_vlan_prio 3", "cannot be turned round"),
    ("acl add guest police gold", "no meter gold"),
    ("acl add guest deny police tin", "cannot be policed"),
    ("acl add guest not police tin", "cannot be turned round"),
    ("meter del tin", "in use by the access list used"),
    ("acl add used seq 10 deny", "has a rule with seq 10 already"),
    ("acl del used", "bound to dev v1 in"),
    ("acl del used seq 11", "no rule with seq 11"),
    ("acl del nowhere", "no access list nowhere"),
    ("acl bind used dev v1 in", "bound to dev v1 in already"),
    ("acl bind used dev v9 in", "v9 is not a port"),
    ("acl bind nowhere dev v1 out", "no access list nowhere"),
    ("acl bind used in", "dev DEV, vlan VID or br BR"),
    ("acl unbind used dev v2 in", "is not bound to dev v2 in"),
    ("aclset add web 1-2-3", "no address, prefix, port"),
])
def test_bad_input_is_refused_with_a_sentence(pair, command, sentence):
    lab, _g1, _g2 = pair
    lab.xbr("meter add tin rate 1mbit")
    lab.xbr("acl add used seq 10 permit")
    lab.xbr("acl add used seq 20 police tin")
    lab.xbr("acl bind used dev v1 in")
    before = lab.xbr("save").stdout
    done = lab.xbr(command, check=False)
    assert done.returncode in (1, 2) and sentence in done.stderr and done.stderr.count("\n") == 1
    assert lab.xbr("save").stdout == before


def test_an_error_in_line_9999_is_told_and_changes_nothing(pair):
    lab, _g1, _g2 = pair
    lab.xbr("acl add guest deny eth_type 0x88b6")
    lines = [f"deny src_ip 10.{n >> 8}.{n & 255}.0/24" for n in range(10000)]
    lab.xbr(["acl", "replace", "guest", write(lab, "\n".join(lines) + "\n", "rules")])
    assert shown(lab, "guest")["count"] == 10000
    before = lab.xbr("save").stdout
    lines[9998] = "deny src_ip 10.0.0.0/8 dst_port 80"
    path = write(lab, "\n".join(lines) + "\n", "rules")
    done = lab.xbr(["acl", "replace", "guest", path], check=False)
    assert done.returncode != 0 and f"{path}:9999:1: a port needs ip_proto" in done.stderr
    lines[9998] = "deny src_ip 10.0.0.0/8 dst_prt 80"
    done = lab.xbr(["acl", "replace", "guest", write(lab, "\n".join(lines), "rules")], check=False)
    assert f"{path}:9999:24: 'dst_prt'" in done.stderr
    assert lab.xbr("save").stdout == before


def test_lint_names_what_no_frame_can_reach(running):
    lab = running
    rules = """\
permit src_ip 10.0.0.0/8
deny src_ip 10.1.0.0/16
permit src_ip 10.2.0.0/16
deny src_ip 10.0.0.0/8
permit src_ip 10.0.0.0/8
permit ip_proto tcp dst_port 1000-2000
deny ip_proto tcp dst_port 1500
deny ip_proto udp not dst_port 0-65535
deny not src_mac 02:00:00:00:00:01
deny src_mac 02:00:00:00:00:01
"""
    lab.xbr(["acl", "replace", "x", write(lab, rules, "rules")])
    assert lab.show("acl lint x") == [
        {"seq": 20, "finding": "shadowed", "by": 10}, {"seq": 30, "finding": "redundant", "by": 10},
        {"seq": 40, "finding": "contradicts", "by": 10}, {"seq": 50, "finding": "duplicate", "by": 10},
        {"seq": 70, "finding": "shadowed", "by": 60}, {"seq": 80, "finding": "never"}]


def test_a_rule_with_log_tells(pair):
    lab, g1, g2 = pair
    lab.xbr("acl add guest deny ip_proto udp dst_port 53 log")
    lab.xbr("acl bind guest dev v1 in")
    with subprocess.Popen([XBR, "--socket", lab.agent.socket, "-j", "monitor", "acl"], stdout=subprocess.PIPE, text=True) as monitor:
        try:
            deadline = time.monotonic() + 20
            told = None
            while not told and time.monotonic() < deadline:  # until the monitor listens
                g1.send(ethernet(g2.mac, g1.mac, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, 53))))
                if select.select([monitor.stdout], [], [], 0.2)[0]:
                    told = json.loads(monitor.stdout.readline())
        finally:
            monitor.kill()
    wanted = {"object": "acl", "event": "deny", "list": "guest", "seq": 10, "ifname": "v1", "src_mac": g1.mac, "dst_mac": g2.mac,
              "eth_type": "ipv4", "src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "ip_proto": "udp", "src_port": "1000", "dst_port": "53"}
    assert told and {key: told.get(key) for key in wanted} == wanted


BAD, GOOD = 0x88b7, 0x88b6  # X and Y


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("place", ["port", "vlan", "bridge"])
def test_no_frame_meets_a_list_that_is_half_there(pair, place, direction):
    """Lists are swapped and changed all the while, 10,000 frames a second; all of them deny X and permit Y: no X comes through, no Y is lost."""
    lab, g1, g2 = pair
    where = {"port": f"dev {'v1' if direction == 'in' else 'v2'}", "vlan": "vlan 1 br br0", "bridge": "br br0"}[place]

    def rules(turn):
        filler = [f"deny src_ip 10.{turn}.{n}.0/24 ip_proto udp dst_port {n + 1}" for n in range(200)]
        return "\n".join(filler[:100] + [f"deny eth_type {BAD:#x}"] + filler[100:] + [f"permit eth_type {GOOD:#x}", "deny"]) + "\n"
    paths = [write(lab, rules(turn), f"rules{turn}") for turn in (0, 1)]
    lab.xbr("bridge set dev br0 vlan_filtering 1")
    for guest in (g1, g2):
        lab.xbr(f"fdb replace {guest.mac} dev {guest.port} vlan 1 static")
    lab.xbr(["acl", "replace", "guest", paths[0]])
    lab.xbr(f"acl bind guest {where} {direction}")
    with Stream(g1, g2, rate=5000, ethertype=BAD) as bad, Stream(g1, g2, rate=5000, ethertype=GOOD) as good:
        for turn in range(25):
            lab.xbr(["acl", "replace", "guest", paths[turn % 2]])
            lab.xbr("acl add guest seq 5 permit src_mac 02:00:00:00:00:77")
            lab.xbr("acl del guest seq 5")
    good.assert_whole(at_least=1000)
    assert bad.outcome.sent > 1000 and bad.outcome.lost == bad.outcome.sent
    reason = "acl_deny" if direction == "in" else "acl_deny_out"
    assert lab.stats("v1")["reasons"][reason] == bad.outcome.sent


def test_another_list_takes_a_binding_over_between_two_frames(pair):
    """An unbound place passes all: the one list that denies goes only when the other is there."""
    lab, g1, g2 = pair
    for name in ("one", "two"):
        lab.xbr(f"acl add {name} deny eth_type {BAD:#x}")
    lab.xbr("acl bind one dev v1 in")
    done = lab.xbr("acl bind two dev v1 in", check=False)
    assert done.returncode and "one" in done.stderr
    path = write(lab, lab.xbr("save").stdout.replace("acl bind one dev v1 in", "acl bind two dev v1 in"))
    with Stream(g1, g2, rate=5000, ethertype=BAD) as bad, Stream(g1, g2, rate=5000, ethertype=GOOD) as good:
        lab.xbr(["apply", path])
        time.sleep(0.3)
    good.assert_whole(at_least=500)
    assert bad.outcome.lost == bad.outcome.sent > 500 and "acl bind two dev v1 in" in lab.xbr("save").stdout


@pytest.mark.parametrize("kind, rule", [
    ("tuples", lambda n: f"deny src_ip 10.{n % 64}.{n >> 6 & 255}.0/{n % 24 + 8} dst_ip 10.{n % 61}.0.{n & 255}/{n % 23 + 9} ip_proto tcp"
     + (f" src_mac 02:00:00:00:{n >> 8 & 255:02x}:{n & 255:02x}" if n & 1 else "") + (f" vlan_id {n % 4000}" if n & 2 else "")
     + (f" dscp {n % 64}" if n & 4 else "") + (f" dst_port {n % 60000 + 1}" if n & 8 else "") + (" frag no" if n & 16 else "")
     + (f" src_port {n % 50000 + 1}-{n % 50000 + 9}" if n & 32 else "")),
    ("masks", lambda n: f"deny src_mac {mac_of(n * 0x9e3779b97f4b & (mask := n * 0xd1342543de83 + 1))}/{mac_of(mask)}"),
    ("ranges", lambda n: f"deny ip_proto udp dst_port {n * 31 % 65000 + 1}-{n * 31 % 65000 + n % 17 + 2}")])
def test_lists_made_to_blow_up_are_compiled_in_a_second(running, kind, rule):
    """By the agent's own time, which a busy machine does not change."""
    lab = running
    path = write(lab, "\n".join(rule(n) for n in range(10000)) + "\n", "rules")
    before = lab.agent.seconds()
    lab.xbr(["acl", "replace", "big", path])
    spent = lab.agent.seconds() - before
    print(f"10,000 rules, {kind}: {spent:.2f} s of the agent, {shown(lab, 'big')['tables']} tables, longest chain {shown(lab, 'big')['longest']}")
    assert spent < 1.0 and shown(lab, "big")["longest"] <= 500


def mac_of(number):
    return ":".join(f"{number >> shift & 255:02x}" for shift in (40, 32, 24, 16, 8, 0))


def test_one_rule_more_at_a_hundred_thousand(running):
    """It is there at once; nothing is compiled anew (generous bounds: a machine may be busy)."""
    lab = running
    lines = [f"deny src_ip 10.{n >> 16}.{n >> 8 & 255}.{n & 255} ip_proto tcp dst_port {n % 5000 + 1}" for n in range(100000)]
    begin = time.monotonic()
    lab.xbr(["acl", "replace", "big", write(lab, "\n".join(lines) + "\n", "rules")])
    whole = time.monotonic() - begin
    before = lab.agent.seconds()
    for n in range(20):
        lab.xbr(f"acl add big seq {10 * n + 5} permit src_ip 192.0.2.{n}")
    one = (lab.agent.seconds() - before) / 20
    print(f"100,000 rules: {whole:.2f} s; one more: {1000 * one:.1f} ms of the agent")
    assert whole < 60 and one < 0.1


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_answers_pass_and_strangers_do_not(pair, hook):
    """What g1 begins is answered, nothing else reaches it; and so it stays when the agent is killed."""
    lab, g1, g2 = pair
    lab.xbr(f"link set dev v1 xdp {hook}")
    lab.xbr(f"link set dev v2 xdp {hook}")
    lab.xbr("acl add guard permit state established,related")
    lab.xbr("acl add guard deny ip_proto udp")
    lab.xbr("acl add guard deny ip_proto tcp")
    lab.xbr("acl bind guard dev v1 out")

    def there(sport, dport):
        return ethernet(g2.mac, g1.mac, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, udp(sport, dport)))

    def back(sport, dport):
        return ethernet(g1.mac, g2.mac, 0x0800, ipv4("10.0.0.2", "10.0.0.1", 17, udp(sport, dport)))
    assert passes(lab, g2, g1, back(53, 1000)) == 0
    assert passes(lab, g1, g2, there(1001, 53)) == 1
    assert passes(lab, g2, g1, back(53, 1001)) == 1
    assert passes(lab, g2, g1, back(53, 1002)) == 0
    shown_conns = lab.show("conn show")
    assert [(each["ifname"], each["src_ip"], each["src_port"], each["dst_port"], each["phase"]) for each in shown_conns] == [
        ("v1", "10.0.0.1", 1001, 53, "replied")]
    lab.agent.kill9()
    assert passes(lab, g2, g1, back(53, 1001)) == 1 and passes(lab, g2, g1, back(53, 1003)) == 0
    assert passes(lab, g1, g2, there(1004, 53)) == 1
    lab.agent.start()
    assert passes(lab, g2, g1, back(53, 1004)) == 1 and passes(lab, g2, g1, back(53, 1005)) == 0
    assert len(lab.show("conn show dev v1")) == 2 and lab.show("conn show dev v2") == []
    assert json.loads(lab.xbr(["-j", "conn", "flush", "dev", "v1"]).stdout)["flushed"] == 2
    assert lab.show("conn show") == [] and passes(lab, g2, g1, back(53, 1004)) == 0
    assert "acl add guard seq 10 permit state established,related" in lab.xbr("save").stdout
    assert "v9 is not a port" in lab.xbr("conn show dev v9", check=False).stderr


def test_one_guest_cannot_fill_the_table(pair):
    """It is refused more than its share, and others begin connections all the same."""
    lab, g1, g2 = pair
    lab.xbr("acl add guard permit state new,established")
    lab.xbr("acl bind guard br br0 in")
    for low in range(0, 5000, 100):
        g1.send(*(ethernet(g2.mac, g1.mac, 0x0800, ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000 + low + n, 53))) for n in range(100)))
    assert lab.stats("v1")["reasons"]["conn_limit"] == 5000 - 4096
    other = ethernet(g1.mac, g2.mac, 0x0800, ipv4("10.0.0.2", "10.0.0.1", 17, udp(9, 9)))
    assert passes(lab, g2, g1, other) == 1
    assert len(lab.show("conn show dev v1")) == 4096
