#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
A reference for rules with `state`, which knows nothing of how connections are kept: it makes conversations at random, whole and broken
ones, follows each by itself, and prints what must come out. Frames are read as tests/bpf/acl_model.py reads them. tests/bpf/test_acl_model.c
asks the programs the same. usage: conn_model.py SEED LISTS FRAMES

    C limit          no connections, and so many for each port     T seconds       time goes by
    P port hex what seq    a frame that comes in by a port: permit, deny, unparsed or limit, by which rule
"""

import struct
import sys

from acl_model import Maker, Seen, decide, known, turned

LASTS = {"unreplied": 30, "replied": 120, "syn_sent": 30, "syn_received": 60, "established": 7440, "closing": 240, "closed": 60, "reset": 10}
ASKS = {(1, 8): (1, 0), (1, 13): (1, 14), (1, 17): (1, 18), (58, 128): (58, 129)}
ANSWERS = {answer: ask for ask, answer in ASKS.items()}
ERRORS = {1: {3, 4, 11, 12}, 58: {1, 2, 3, 4}}
FIN, SYN, RST, ACK = 1, 2, 4, 16


class Conversation:
    def __init__(self, port, phase, now):
        self.port, self.phase, self.seen, self.answered, self.fins = port, phase, now, False, set()

    def copy(self):
        other = Conversation(self.port, self.phase, self.seen)
        other.answered, other.fins, other.turned = self.answered, set(self.fins), getattr(self, "turned", False)
        return other


def names_of(octets, place, proto):
    """(what a packet's sender would call the conversation, whether it can begin one) by the header of the upper layer at a place."""
    if proto in (6, 17, 33, 132, 136):
        return struct.unpack("!HH", octets[place:place + 4]), True
    if proto in (1, 58):
        kind, ident = octets[place], octets[place + 4:place + 6]
        if (proto, kind) in ASKS:
            return ("asks", ident), True
        return (("answers", ident), False) if (proto, kind) in ANSWERS else (None, False)
    return (0, 0), True


def mirrored(name):
    src, dst, proto, what = name
    if proto in (1, 58):
        return dst, src, proto, ({"asks": "answers", "answers": "asks"}[what[0]], what[1])
    return dst, src, proto, (what[1], what[0])


class Table:
    """Conversations by the name that the first sender has for them."""

    def __init__(self, limit):
        self.limit, self.now, self.all = limit, 0.0, {}

    def living(self, name):
        """(the name it is kept under, it), whichever side named it."""
        for each in (name, mirrored(name)):
            found = self.all.get(each)
            if found and self.now - found.seen <= LASTS[found.phase]:
                return each, found
        return None, None

    def held(self, port):
        return sum(1 for each in self.all.values() if each.port == port and self.now - each.seen <= LASTS[each.phase])

    def look(self, seen, octets, port):
        """(state, what keeping it means, or None)."""
        if not seen.f.get("ip") or seen.lost:
            return "", None
        proto, place = seen.f["proto"], seen.upper_place
        if proto in (1, 58):
            kind = octets[place]
            if kind in ERRORS[proto]:
                return self.error(seen, octets[:min(len(octets), 192, seen.end)], place, proto), None
            if (proto, kind) not in ASKS and (proto, kind) not in ANSWERS:
                return "", None
            if place + 8 > min(seen.window, seen.end):
                return "invalid", None
        what, begins = names_of(octets, place, proto)
        name = (seen.f["src"], seen.f["dst"], proto, what)
        kept_as, found = self.living(name)
        if not found:
            if not begins or (proto == 6 and octets[place + 13] & (FIN | SYN | RST | ACK) != SYN):
                return "invalid", None
            return "new", (name, Conversation(port, "syn_sent" if proto == 6 else "unreplied", self.now))
        after = found.copy()
        from_first = kept_as == name
        state = self.tcp(after, from_first, octets[place + 13]) if proto == 6 else self.other(after, from_first)
        if state == "invalid":
            return state, None
        changed = (after.phase, after.answered, after.fins) != (found.phase, found.answered, found.fins) or getattr(after, "turned", False)
        if changed or (after.phase not in ("closed", "reset") and self.now - found.seen >= 1):
            after.seen = self.now
            if getattr(after, "turned", False):
                after.turned = False
                return state, (kept_as, None, mirrored(kept_as), after)
            return state, (kept_as, after)
        return state, None

    def error(self, seen, octets, place, proto):
        quoted = octets[place + 8:]
        if len(quoted) < 1 or quoted[0] >> 4 != (6 if proto == 58 else 4):
            return "invalid"
        head = 40 if proto == 58 else (quoted[0] & 15) * 4
        if head < 20 or len(quoted) < head + 8:
            return "invalid"
        if proto == 58:
            src, dst, inner = quoted[8:24], quoted[24:40], quoted[6]
        else:
            src, dst, inner = quoted[12:16], quoted[16:20], quoted[9]
            if struct.unpack("!H", quoted[6:8])[0] & 0x1fff:
                return "invalid"
        if inner in (1, 58) and inner != proto:
            return "invalid"
        what, _begins = names_of(quoted, head, inner)
        return "related" if what and self.living((src, dst, inner, what))[1] else "invalid"

    def other(self, found, from_first):
        if not from_first:
            found.phase, found.answered = "replied", True
        return "established" if found.answered else "new"

    def tcp(self, c, from_first, flags):
        flags &= FIN | SYN | RST | ACK
        if not flags or (flags & SYN and flags & (FIN | RST)):
            return "invalid"
        if flags & RST:
            c.phase = "reset"
            return "established" if c.answered or not from_first else "new"
        if flags == SYN:
            if c.phase in ("closed", "reset"):
                c.phase, c.answered, c.fins, c.turned = "syn_sent", False, set(), not from_first
                return "new"
            if c.phase == "syn_sent":
                return "new" if from_first else "invalid"
            return "established"
        if flags & SYN:
            if not from_first and c.phase == "syn_sent":
                c.phase, c.answered = "syn_received", True
            return "established" if c.answered else "invalid"
        if c.phase == "syn_sent":
            return "invalid"
        if c.phase == "syn_received" and from_first:
            c.phase = "established"
        if flags & FIN and c.phase != "reset":
            c.fins.add(from_first)
            c.phase = "closed" if len(c.fins) == 2 else "closing"
        return "established"

    def keep(self, change):
        if change[1] is None:
            _old, _none, name, after = change
            del self.all[change[0]]
            self.all[name] = after
        else:
            self.all[change[0]] = change[1]

    def has_room(self, change, port):
        return change[1] is None or change[0] in self.all and self.living(change[0])[1] or self.held(port) < self.limit


class SeenAt(Seen):
    """Also where the upper layer is."""

    def upper(self, place, proto):
        self.upper_place = place
        super().upper(place, proto)


class Talk(Maker):
    def rule(self, _sets):
        conditions, text = [], []
        if self.r.random() < 0.8:
            states = self.r.sample(["new", "established", "related", "invalid"], self.r.choice([1, 1, 2, 3, 4]))
            conditions.append(self.maybe_not("state " + ",".join(states), known("state", "l4")(lambda state: state in states)))
        if self.r.random() < 0.4:
            conditions.append(self.number("ip_proto", "proto", [1, 6, 17, 47, 58]))
            conditions.append(("", known("ip")(bool)))
        if self.r.random() < 0.1:
            conditions.append(self.number("eth_type", "eth_type", [0x0800, 0x0806, 0x86dd]))
            if conditions[-1][0].startswith("not") and len(conditions) > 2:
                return self.rule(_sets)
            if "0x0806" in conditions[-1][0] or "2054" in conditions[-1][0]:
                return self.rule(_sets)
        text = " ".join(words for words, _ask in conditions if words)
        return self.r.choice(["permit", "permit", "deny"]), text, [ask for _words, ask in conditions]

    def segment(self, flags):
        return struct.pack("!HHIIBBHHH", *self.ports, 1, 2, 0x50, flags, 9, 0, 0)

    def upper_of(self, six):
        self.ports = self.r.choice([(1000, 80), (80, 1000), (1001, 80), (80, 1001)])
        how = self.r.random()
        if how < 0.55:
            return 6, self.segment(self.r.choice([SYN] * 4 + [SYN | ACK] * 4 + [ACK] * 5 + [FIN | ACK] * 3 + [RST, RST | ACK, 0, SYN | FIN, FIN, 8]))
        if how < 0.7:
            return 17, struct.pack("!HHHH", *self.ports, 12, 0) + b"quic"
        if how < 0.85:
            proto = 58 if six else 1
            kind = self.r.choice([128, 129, 135, 143] if six else [8, 0, 13, 14, 5])
            return proto, struct.pack("!BBHHH", kind, 0, 0, self.r.choice([7, 8]), 1) + bytes(self.r.choice([0, 24]))
        if how < 0.9:
            return 47, bytes(8)
        return 6, self.segment(ACK)[:self.r.randint(0, 20)]

    def packet(self, six, src, dst, proto, body, fragment=0):
        if six:
            return struct.pack("!IHBB", 6 << 28, len(body), proto, 64) + src + dst + body
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, fragment, 64, proto, 0) + src + dst + body

    def talk(self):
        six = self.r.random() < 0.3
        hosts = [bytes([0x20, 1] + [0] * 13 + [n]) for n in (1, 2)] if six else [bytes([10, 0, 0, n]) for n in (1, 2)]
        side = self.r.random() < 0.5
        src, dst = hosts if side else hosts[::-1]
        proto, body = self.upper_of(six)
        if self.r.random() < 0.15:
            inner = self.packet(six, dst, src, proto, body, self.r.choice([0, 0, 0, 5]))
            if self.r.random() < 0.2:
                inner = inner[:self.r.randint(0, len(inner))]
            kind = self.r.choice([1, 2, 3, 4] if six else [3, 4, 11, 12])
            proto, body = 58 if six else 1, struct.pack("!BBHI", kind, 0, 0, 0) + inner
        fragment = self.r.choice([0] * 12 + [0x2000, 5])
        packet = self.packet(six, src, dst, proto, body, fragment)
        kind = 0x86dd if six else 0x0800
        if self.r.random() < 0.05:
            kind, packet = 0x0806, self.packet_arp()
        macs = [bytes([2, 0, 0, 0, 9, n]) for n in (1, 2)]
        frame = macs[side] + macs[not side] + struct.pack("!H", kind) + packet
        return (1 if side else 2), frame.ljust(60, b"\0")


def main():
    seed, lists, frames = (int(word) for word in sys.argv[1:4])
    maker = Talk(seed)
    for _ in range(lists):
        table = Table(maker.r.choice([3, 6, 1000]))
        print("L")
        rules, texts = [], []
        for n in range(maker.r.choice([1, 2, 4, 8])):
            action, words, asks = maker.rule(None)
            rules.append((10 * n + 10, action, asks))
            texts.append(words)
            print("R", 10 * n + 10, action, words)
        reads = any("state" in words for words in texts)
        print("C", table.limit)
        print("E")
        for _ in range(frames):
            if maker.r.random() < 0.03:
                seconds = maker.r.choice([1.3, 11.7, 31.9, 61.1, 130.3, 250.7, 7500.9])
                table.now += seconds
                print("T", seconds)
            port, frame = maker.talk()
            seen = SeenAt(frame)
            state, change = table.look(seen, frame, port)
            seen.f["state"] = state
            what, seq = decide(rules, seen)
            if what == "permit" and change:
                if table.has_room(change, port):
                    table.keep(change)
                elif reads:
                    what = "limit"
            print("P", port, frame.hex(), what, seq)


if __name__ == "__main__":
    main()
