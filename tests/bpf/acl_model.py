#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
A reference for access lists that knows nothing of how they are compiled: it makes rule sets and frames at random, reads each frame
from its first octet to its last, holds it against every rule in turn, and prints what must come out. tests/bpf/test_acl_model.c asks
the programs the same. usage: acl_model.py SEED LISTS FRAMES (frames a list)

    L               a new list          M set family bits hex   a member of a set      R seq words...   a rule
    F hex what seq  a frame, and what becomes of it: permit, deny, unparsed, or over (its rule's meter m2 never has room, m1 always),
                    by which rule (0: none matched)
"""

import ipaddress
import random
import struct
import sys

TAGS = {0x8100: 4, 0x88a8: 4, 0x9100: 4, 0x9200: 4, 0x9300: 4, 0x8926: 6, 0x893f: 8}
EXTENSIONS = {0, 43, 60, 135, 139, 140}
PORTS = {6, 17, 33, 132, 136}


class Unknown(Exception):
    """The frame does not tell."""


class Seen:
    """What a frame says, field by field; a field that it should have and that cannot be read is Unknown."""

    def __init__(self, octets):
        self.f, self.lost = {}, set()
        self.octets, self.end = octets, len(octets)
        self.window = min(len(octets), 192)
        self.f["dst_mac"], self.f["src_mac"] = octets[:6], octets[6:12]
        tci = struct.unpack("!H", octets[14:16])[0] if octets[12:14] in (b"\x81\x00", b"\x88\xa8") else 0
        self.f["vlan_id"], self.f["vlan_prio"] = tci & 0xfff, tci >> 13
        try:
            self.link(12)
        except Unknown:
            self.lose("eth_type", "ip", "src", "dst", "proto", "dscp", "frag", "arp_op", "sha", "tha", "l4")

    def lose(self, *names):
        self.lost.update(names)

    def at(self, place, count):
        if place + count > min(self.window, self.end):
            raise Unknown
        return self.octets[place:place + count]

    def number(self, place, count=2):
        return int.from_bytes(self.at(place, count), "big")

    def link(self, place):
        for _ in range(9):
            kind = self.number(place)
            if kind in TAGS:
                place += TAGS[kind]
            elif kind > 1500:
                return self.network(kind, place + 2)
            else:
                if kind < 3 or place + 2 + kind > self.end:
                    raise Unknown
                self.at(place, 5)
                self.end = place + 2 + kind
                if self.octets[place + 2:place + 4] == b"\xaa\xaa":
                    self.at(place, 10)
                    if self.octets[place + 4] == 3 and self.octets[place + 5:place + 8] in (b"\0\0\0", b"\0\0\xf8"):
                        place += 8
                        continue
                return self.network(4, place + 2)
        raise Unknown

    def network(self, kind, place):
        self.f["eth_type"], self.f["ip"] = kind, kind in (0x0800, 0x86dd)
        try:
            if kind == 0x0800:
                self.ipv4(place)
            elif kind == 0x86dd:
                self.ipv6(place)
            elif kind == 0x0806:
                self.arp(place)
        except Unknown:
            self.lose("src", "dst", "proto", "dscp", "frag", "arp_op", "sha", "tha", "l4")

    def arp(self, place):
        head = self.at(place, 28)
        if head[:6] != b"\0\1\x08\0\6\4":
            raise Unknown
        self.f |= {"arp_op": self.number(place + 6), "sha": head[8:14], "src": head[14:18], "tha": head[18:24], "dst": head[24:28]}

    def ipv4(self, place):
        head = self.at(place, 20)
        words = head[0] & 15
        if head[0] >> 4 != 4 or words < 5:
            raise Unknown
        total, fragment = struct.unpack("!H", head[2:4])[0], struct.unpack("!H", head[6:8])[0]
        self.f |= {"dscp": head[1] >> 2, "proto": head[9], "src": head[12:16], "dst": head[16:20]}
        self.f["frag"] = "later" if fragment & 0x1fff else "first" if fragment & 0x2000 else "no"
        if total < words * 4 or total > self.end - place or fragment & 0x1fff:
            self.lose("l4")
            if head[9] == 51:
                self.lose("proto")
            return
        self.end = place + total
        self.headers(place + words * 4, head[9], False)

    def ipv6(self, place):
        head = self.at(place, 40)
        if head[0] >> 4 != 6:
            raise Unknown
        payload = struct.unpack("!H", head[4:6])[0]
        self.f |= {"dscp": (struct.unpack("!H", head[:2])[0] >> 6) & 63, "src": head[8:24], "dst": head[24:40], "frag": "no"}
        if payload > self.end - place - 40 or (not payload and head[6] == 0):
            self.lose("proto", "l4")
            return
        self.end = place + 40 + payload
        self.headers(place + 40, head[6], True)

    def headers(self, place, proto, is_ipv6):
        try:
            for _ in range(9):
                if proto == 51:
                    length = (self.at(place, 8)[1] + 2) * 4
                elif is_ipv6 and proto == 44:
                    if self.number(place + 2) & 0xfff8 if self.at(place, 8) else 0:
                        self.f["frag"] = "later"
                        raise Unknown
                    self.f["frag"], length = "first", 8
                elif is_ipv6 and proto in EXTENSIONS:
                    length = (self.at(place, 8)[1] + 1) * 8
                else:
                    self.f["proto"] = proto
                    return self.upper(place, proto)
                proto, place = self.octets[place], place + length
            raise Unknown
        except Unknown:
            self.lose("proto", "l4")

    def upper(self, place, proto):
        try:
            if proto == 6:
                head = self.at(place, 20)
                if head[12] >> 4 < 5 or (head[12] >> 4) * 4 > self.end - place:
                    raise Unknown
                self.f["tcp_flags"] = head[13]
            elif proto in (17, 136):
                length = struct.unpack("!H", self.at(place, 8)[4:6])[0]
                if proto == 17 and self.f["frag"] == "no" and not 8 <= length <= self.end - place:
                    raise Unknown
            elif proto in (33, 132):
                self.at(place, 12)
            elif proto in (1, 58):
                has_target = proto == 58 and place < 256 and self.octets[place:place + 1] in (b"\x87", b"\x88", b"\x89")
                head = self.at(place, 24 if has_target else 4)
                self.f |= {"icmp_type": head[0], "icmp_code": head[1]}
                if has_target:
                    self.f["nd"] = head[8:24]
            if proto in PORTS:
                self.f |= {"sport": self.number(place), "dport": self.number(place + 2)}
        except Unknown:
            self.lose("l4")


# ---- conditions: each says yes, no, or (None) that the frame does not tell ----


def known(field, group=None):
    """Makes a test of a value into one of a frame."""
    def of(test):
        def ask(seen):
            if (group or field) in seen.lost:
                return None
            return field in seen.f and test(seen.f[field])
        return ask
    return of


def turned(ask):
    def asked(seen):
        answer = ask(seen)
        return None if answer is None else not answer
    return asked


def within(network):
    def test(octets):
        return len(octets) == network.max_prefixlen // 8 and ipaddress.ip_address(octets) in network
    return test


def under(value, mask):
    return lambda octets: all(a & m == b & m for a, b, m in zip(octets, value, mask))


def mac_text(octets):
    return ":".join(f"{octet:02x}" for octet in octets)


# A condition is (words, what it asks, what else it asks of the frame). Few values, so that frames meet them.

V4 = [bytes([10, a, 0, b]) for a in (0, 1) for b in (1, 2, 3)]
V6 = [bytes.fromhex(f"20010db80000000{a}000000000000000{b}") for a in (0, 1) for b in (1, 2, 3)]
MACS = [bytes([2, 0, 0, 0, a, b]) for a in (0, 1) for b in (1, 2)]
NUMBERS = [0, 21, 53, 80, 81, 443, 1023, 1024, 8080, 65535]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def network(self, six):
        address = self.r.choice(V6 if six else V4)
        bits = self.r.choice([0, 33, 48, 64, 125, 127, 128] if six else [0, 8, 12, 16, 24, 30, 31, 32])
        return ipaddress.ip_network((address, bits), strict=False)

    def maybe_not(self, words, ask, chance=0.2):
        if self.r.random() < chance:
            return f"not {words}", turned(ask)
        return words, ask

    def mac(self, word, field, group=None):
        value = self.r.choice(MACS)
        mask = self.r.choice([b"\xff" * 6, b"\xff" * 5 + b"\0", b"\xff\xff\xff\0\0\0", bytes([0, 0, 0, 0, 0, 1])])
        masked = bytes(a & m for a, m in zip(value, mask))
        return self.maybe_not(f"{word} {mac_text(masked)}/{mac_text(mask)}", known(field, group)(under(masked, mask)))

    def number(self, word, field, values, group=None):
        value = self.r.choice(values)
        return self.maybe_not(f"{word} {value}", known(field, group)(lambda n: n == value))

    def address(self, word, field, six, sets):
        if sets and self.r.random() < 0.2:
            members = sets["a1"]
            return self.maybe_not(f"{word} @a1", known(field)(lambda o: any(within(n)(o) for n in members)))
        network = self.network(six)
        words = f"{word} {network}"
        if not network.prefixlen:  # any address of its family
            return words, lambda seen: True
        return self.maybe_not(words, known(field)(within(network)))

    def port(self, word, field, sets):
        if sets and self.r.random() < 0.2:
            members = sets["p1"]
            return self.maybe_not(f"{word} @p1", known(field, "l4")(lambda n: any(a <= n <= b for a, b in members)))
        low, high = sorted(self.r.choices(NUMBERS, k=2)) if self.r.random() < 0.5 else [self.r.choice(NUMBERS)] * 2
        text = f"{low}-{high}" if low != high else f"{low}"
        return self.maybe_not(f"{word} {text}", known(field, "l4")(lambda n: low <= n <= high))

    def upper(self, conditions, sets):
        proto = self.r.choice([6, 17, 6, 17, 132, 1, 58, 47])
        conditions.append((f"ip_proto {proto}", known("proto")(lambda n: n == proto)))
        if proto in PORTS:
            for word, field in (("src_port", "sport"), ("dst_port", "dport")):
                if self.r.random() < 0.5:
                    conditions.append(self.port(word, field, sets))
        if proto == 6 and self.r.random() < 0.3:
            flags, mask = self.r.choice([(2, 18), (16, 16), (0, 4), (18, 18)])
            conditions.append(self.maybe_not(f"tcp_flags {flags}/{mask}", known("tcp_flags", "l4")(lambda n: n & mask == flags)))
        if proto in (1, 58):
            for word in ("icmp_type", "icmp_code"):
                if self.r.random() < 0.5:
                    conditions.append(self.number(word, word, [0, 8, 135, 136], "l4"))

    def ip(self, conditions, sets):
        six = self.r.random() < 0.4
        addressed, before = False, len(conditions)
        for word, field in (("src_ip", "src"), ("dst_ip", "dst")):
            if self.r.random() < 0.5:
                conditions.append(self.address(word, field, six, sets))
                addressed = addressed or "@" not in conditions[-1][0]
        if self.r.random() < 0.2:
            conditions.append(self.number("dscp", "dscp", [0, 8, 46]))
        if self.r.random() < 0.2:
            value = self.r.choice(["no", "first", "later", "any"])
            conditions.append(self.maybe_not(f"frag {value}", known("frag")(
                lambda f: f != "no" if value == "any" else f == value)))
        if self.r.random() < 0.5:
            self.upper(conditions, sets)
        if addressed:
            kind = 0x86dd if six else 0x0800
            conditions.append(("", known("eth_type")(lambda n: n == kind)))
        else:
            if len(conditions) == before:
                conditions.append(("dscp 0", known("dscp")(lambda n: n == 0)))
            conditions.append(("", known("ip")(bool)))

    def arp(self, conditions):
        makers = [lambda: self.number("arp_op", "arp_op", [1, 2]), lambda: self.mac("arp_sha", "sha"),
                  lambda: self.mac("arp_tha", "tha"), lambda: self.address("arp_sip", "src", False, None),
                  lambda: self.address("arp_tip", "dst", False, None)]
        for make in self.r.sample(makers, self.r.randint(1, 3)):
            conditions.append(make())
        conditions.append(("", known("eth_type")(lambda n: n == 0x0806)))

    def neighbour(self, conditions):
        network = self.network(True)
        ask = known("nd", "l4")(within(network))
        conditions.append(self.maybe_not(f"nd_target {network}", ask) if network.prefixlen else (f"nd_target {network}", lambda s: True))
        conditions.append(("", known("eth_type")(lambda n: n == 0x86dd)))
        conditions.append(("", known("proto")(lambda n: n == 58)))

    def rule(self, sets):
        conditions = []
        if self.r.random() < 0.2:
            conditions.append(self.mac("src_mac", "src_mac"))
        if self.r.random() < 0.1:
            conditions.append(self.mac("dst_mac", "dst_mac"))
        if self.r.random() < 0.1:
            conditions.append(self.number("vlan_id", "vlan_id", [0, 5, 6]))
        if self.r.random() < 0.05:
            conditions.append(self.number("vlan_prio", "vlan_prio", [0, 3]))
        kind = self.r.random()
        if kind < 0.65:
            self.ip(conditions, sets)
        elif kind < 0.75:
            self.arp(conditions)
        elif kind < 0.8:
            self.neighbour(conditions)
        elif kind < 0.95:
            conditions.append(self.number("eth_type", "eth_type", [0x0800, 0x0806, 0x86dd, 0x88b5, 4]))
        words = " ".join(text for text, _ask in conditions if text)
        action, asks = self.r.choice(["permit", "deny", "deny"]), [ask for _text, ask in conditions]
        if action == "permit" and self.r.random() < 0.3:
            meter = self.r.choice(["m1", "m2"])
            return "over" if meter == "m2" else "permit", f"permit {words} police {meter}", asks
        return action, f"{action} {words}", asks

    # ---- frames ----

    def tcp(self):
        offset = self.r.choice([5, 5, 5, 6, 4, 15])
        return struct.pack("!HHIIBBHHH", self.r.choice(NUMBERS), self.r.choice(NUMBERS), 1, 2, offset << 4,
                           self.r.choice([2, 16, 18, 4]), 9, 0, 0) + b"\0" * self.r.choice([0, 4, 4, 20])

    def udp(self):
        body = b"x" * self.r.choice([0, 3, 12])
        length = self.r.choice([8 + len(body)] * 5 + [7, 0, 999])
        return struct.pack("!HHHH", self.r.choice(NUMBERS), self.r.choice(NUMBERS), length, 0) + body

    def icmp(self):
        return bytes([self.r.choice([0, 8, 135, 136, 137]), self.r.choice([0, 8])]) + b"\0" * 6 + self.r.choice(V6) + b"\0" * 4

    def payload(self):
        proto, body = self.r.choice([(6, self.tcp()), (17, self.udp()), (136, self.udp()), (1, self.icmp()), (58, self.icmp()),
                                     (132, self.tcp()), (47, b"\0" * 8)])
        return proto, body[:self.r.randint(0, len(body))] if self.r.random() < 0.1 else body

    def authenticated(self, proto, body):
        return 51, struct.pack("!BBHII", proto, 4, 0, 1, 1) + b"\0" * 12 + body

    def packet4(self):
        proto, body = self.payload()
        if self.r.random() < 0.1:
            proto, body = self.authenticated(proto, body)
        options = b"\1" * self.r.choice([0, 0, 0, 4, 40])
        fragment = self.r.choice([0] * 6 + [0x4000, 0x2000, 0x2001, 1, 185])
        words = 5 + len(options) // 4
        total = words * 4 + len(body)
        total = self.r.choice([total] * 8 + [total + 1, 20, 0, 65535, max(total - 1, 0)])
        first = (self.r.choice([4] * 15 + [6]) << 4) | self.r.choice([words] * 15 + [4, 15])
        return struct.pack("!BBHHHBBH", first, self.r.choice([0, 32, 184]), total, 1, fragment, 64, proto,
                           0) + self.r.choice(V4) + self.r.choice(V4) + options + body

    def packet6(self):
        proto, body = self.payload()
        for _ in range(self.r.choice([0] * 6 + [1, 1, 2, 3, 9])):
            kind = self.r.choice([0, 43, 60, 135, 44, 51])
            if kind == 44:
                body = struct.pack("!BBHI", proto, 0, self.r.choice([0, 1, 8, 9]), 1) + body
            elif kind == 51:
                kind, body = self.authenticated(proto, body)
            else:
                size = self.r.choice([0, 0, 1, 2, 31])
                body = bytes([proto, size]) + b"\0" * (6 + 8 * self.r.choice([size] * 7 + [0])) + body
            proto = kind
        length = self.r.choice([len(body)] * 8 + [len(body) + 1, 0, 65535, max(len(body) - 1, 0)])
        head = struct.pack("!IHBB", (self.r.choice([6] * 15 + [4]) << 28) | self.r.choice([0, 32, 184]) << 20, length, proto, 64)
        return head + self.r.choice(V6) + self.r.choice(V6) + body

    def packet_arp(self):
        head = self.r.choice([b"\0\1\x08\0\6\4"] * 7 + [b"\0\1\x08\0\6\5"])
        return head + struct.pack("!H", self.r.choice([1, 2, 9])) + self.r.choice(MACS) + self.r.choice(V4) + \
            self.r.choice(MACS) + self.r.choice(V4)

    def frame(self):
        kind, body = self.r.choice([(0x0800, self.packet4()), (0x0800, self.packet4()), (0x86dd, self.packet6()),
                                    (0x0806, self.packet_arp()), (0x88b5, b"experimental")])
        body = struct.pack("!H", kind) + body
        layers = self.r.choice([0] * 8 + [1, 1, 1, 2, 3, 9])
        for _ in range(layers):
            how = self.r.random()
            if how < 0.6:
                body = struct.pack("!HH", self.r.choice([0x8100, 0x88a8, 0x9100]), self.r.choice([0, 5, 6, 0x6005, 0x7006])) + body
            elif how < 0.9:
                oui = self.r.choice([b"\0\0\0", b"\0\0\xf8", b"\0\0\x0c"])
                length = self.r.choice([6 + len(body)] * 6 + [6 + len(body) + 40, 2, 4])
                if length <= 1500:
                    body = struct.pack("!H", length) + b"\xaa\xaa\3" + oui + body
            else:
                body = struct.pack("!HH", 0x893f, 0) + b"\0" * 4 + body
        frame = self.r.choice(MACS) + self.r.choice(MACS) + body
        if self.r.random() < 0.1:
            frame = frame[:self.r.randint(20, len(frame))] if len(frame) > 20 else frame
        return frame.ljust(60, b"\0") if self.r.random() < 0.8 else frame.ljust(20, b"\0")


def decide(rules, seen):
    """First match wins; a rule that may match and denies is the stricter outcome."""
    for seq, action, asks in rules:
        answers = [ask(seen) for ask in asks]
        if all(answers):
            return action, seq
        if action == "deny" and False not in answers:
            return "unparsed", seq
    return "permit", 0


def sets_of(maker):
    return {"a1": [maker.network(maker.r.random() < 0.4) for _ in range(3)],
            "p1": [tuple(sorted(maker.r.choices(NUMBERS, k=2))) for _ in range(2)]}


def blocks(low, high):
    """A range of ports as aligned blocks, largest first where they begin."""
    while low <= high:
        size = low & -low or 65536
        while low + size - 1 > high:
            size //= 2
        yield low, size
        low += size


def print_sets(sets):
    for network in dict.fromkeys(sets["a1"]):
        print("M 1", network.version, network.prefixlen, network.network_address.packed.hex())
    for low, size in dict.fromkeys(block for each in sets["p1"] for block in blocks(*each)):
        print("M 2 0", 16 - (size.bit_length() - 1), low.to_bytes(2, "big").hex())


def main():
    seed, lists, frames = (int(word) for word in sys.argv[1:4])
    maker = Maker(seed)
    for _ in range(lists):
        print("L")
        sets = sets_of(maker)
        print_sets(sets)
        rules = []
        for n in range(maker.r.choice([1, 3, 10, 40])):
            action, words, asks = maker.rule(sets)
            rules.append((10 * n + 10, action, asks))
            print("R", 10 * n + 10, words)
        print("E")
        for _ in range(frames):
            frame = maker.frame()
            print("F", frame.hex(), *decide(rules, Seen(frame)))


if __name__ == "__main__":
    main()
