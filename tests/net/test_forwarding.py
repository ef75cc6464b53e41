# SPDX-License-Identifier: Apache-2.0
"""Frames through a bridge: who gets copies, and are they the same bytes."""

from lab import BROADCAST, ethernet


def test_unknown_then_known_unicast(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    first = ethernet(b.mac, a.mac, payload=b"first")
    answer = ethernet(a.mac, b.mac, payload=b"answer")
    with running.listen(a, b, c) as ears:
        a.send(first)
        assert ears.copies(first) == {a: 0, b: 1, c: 1}
        b.send(answer)
        assert ears.copies(answer) == {a: 1, b: 0, c: 0}
        a.send(first)
        assert ears.copies(first) == {a: 0, b: 1, c: 0}
    assert running.fdb()[a.mac]["ifname"] == a.port


def test_broadcast_reaches_every_port_but_its_own_once(running):
    guests = running.guests(4)
    running.bridge(guests)
    frame = ethernet(BROADCAST, guests[0].mac)
    with running.listen(*guests) as ears:
        guests[0].send(frame)
        assert list(ears.copies(frame).values()) == [0, 1, 1, 1]
