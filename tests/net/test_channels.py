# SPDX-License-Identifier: Apache-2.0
"""Ports that are a tag of a device: S-channels, E-TAG, VN-Tag. The device `v1` is the trunk; its far end is the wire, where tags are seen."""

import json
import os
import struct
import subprocess
import time

import pytest

from lab import BROADCAST, Raw, ethernet, mac_bytes, run, wait_for

STAG, CTAG = 0x88a8, 0x8100

# A channel's tag as it is on the wire, by kind and number: written from 802.1Q 9.5, 802.1BR and the VN-Tag layout, not from the code.
WIRE = {
    "schannel": lambda n, **_: struct.pack("!HH", STAG, n),
    "etag": lambda n, source=0, **_: struct.pack("!HHHBB", 0x893f, source & 0xfff, (n >> 20 & 3) << 12 | n & 0xfff, source >> 12 & 0xff, n >> 12 & 0xff),
    "vntag-up": lambda n, **_: struct.pack("!HHH", 0x8926, 0, n),
    "vntag-down": lambda n, **_: struct.pack("!HHH", 0x8926, 0x8000 | n, 0),
}
WORD = {"schannel": "svid", "etag": "ecid", "vntag": "vif"}
NUMBERS = {"schannel": (100, 200, 300), "etag": (0x12345, 0x345, 0xfffff), "vntag": (0x123, 0x456, 0xfff)}
KINDS = list(WORD)


def tagged(kind, number, frame, direction="down"):
    """The frame as it is on the trunk's wire; direction: of a VN-Tag."""
    tag = WIRE[f"{kind}-{direction}" if kind == "vntag" else kind](number)
    return frame[:12] + tag + frame[12:]


def channel(kind, name, number, bridge="br0", dev="v1", options=""):
    return f"link add {name} type {kind} dev {dev} {WORD[kind]} {number} master {bridge} {options}"


def channels(lab, kind, names=("c1", "c2", "c3"), bridge="br0", options=""):
    for name, number in zip(names, NUMBERS[kind]):
        lab.xbr(channel(kind, name, number, bridge, options=options))
    lab.wait_forwarding(*names)


def trunk_and_guests(lab, count, mtu=1600):
    """A guest whose device is the trunk, and guests that are ports of br0."""
    trunk = lab.guest(mtu=mtu)
    guests = [lab.guest() for _ in range(count)]
    lab.bridge(guests)
    return trunk, guests


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_is_a_port(running, kind):
    wire, (a, b) = trunk_and_guests(running, 2)
    channels(running, kind)
    one, two, _ = NUMBERS[kind]
    up = ethernet(a.mac, "02:aa:00:00:00:01", payload=b"up")
    down = ethernet("02:aa:00:00:00:01", a.mac, payload=b"down")
    with running.listen(wire, a, b) as ears:
        a.send(ethernet(BROADCAST, a.mac))
        ears.everything()
        wire.send(tagged(kind, one, up, "up"))
        assert ears.copies(up) == {wire: 0, a: 1, b: 0}
        assert running.fdb()["02:aa:00:00:00:01"]["ifname"] == "c1"
        a.send(down)
        assert ears.everything() == {wire: [tagged(kind, one, down)], a: [], b: []}
        wire.send(tagged(kind, two, up, "up"))  # it moves to another channel
        assert ears.copies(up) == {wire: 0, a: 1, b: 0}
        a.send(down)
        assert ears.everything() == {wire: [tagged(kind, two, down)], a: [], b: []}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tags", [(), ((CTAG, 7 | 5 << 13),), ((CTAG, 7), (CTAG, 8))], ids=["plain", "ctag", "two-tags"])
def test_a_flood_is_one_copy_for_each_channel(running, kind, tags):
    wire, (a, b) = trunk_and_guests(running, 2)
    channels(running, kind)
    one, two, three = NUMBERS[kind]
    pcp = 5 << 13 if tags and tags[0][1] >> 13 == 5 else 0

    def with_pcp(number, frame):
        frame = bytearray(tagged(kind, number, frame))
        if kind != "vntag":
            frame[14] |= pcp >> 8
        return bytes(frame)

    with running.listen(wire, a, b) as ears:
        down = ethernet(BROADCAST, a.mac, tags=tags, payload=b"down")
        a.send(down)
        heard = ears.everything()
        assert sorted(heard[wire]) == sorted(with_pcp(n, down) for n in (one, two, three))
        assert (heard[a], heard[b]) == ([], [down])
        up = ethernet(BROADCAST, "02:aa:00:00:00:01", tags=tags, payload=b"up")
        wire.send(tagged(kind, two, up, "up"))  # from a channel to the others of its own device, too
        heard = ears.everything()
        assert sorted(heard[wire]) == sorted(with_pcp(n, up) for n in (one, three))
        assert (heard[a], heard[b]) == ([up], [up])
