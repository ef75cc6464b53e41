# SPDX-License-Identifier: Apache-2.0
"""Edge modes: who hears whom, over real devices. The far end of the uplink is a guest, which sends back what a reflecting switch would."""

import pytest

from lab import BROADCAST, ethernet


def edge_bridge(lab, modes, uplink_options=""):
    """A bridge whose port v1 is the uplink; the others have the modes given. Returns (the far end of the uplink, guests)."""
    guests = lab.guests(len(modes) + 1)
    lab.bridge(guests, link_options=uplink_options)
    lab.xbr("link set v1 role uplink")
    for guest, mode in zip(guests[1:], modes):
        lab.xbr(f"link set {guest.port} mode {mode}")
    return guests[0], guests[1:]


def speak(lab, places):
    """Every place says where it is; nobody listens yet."""
    for place in places:
        place.send(ethernet(BROADCAST, place.mac))
    lab.show("link show")


@pytest.mark.parametrize("xdp", ["off", "native"])
def test_vepa_sends_all_by_the_uplink_and_hears_it_only(running, xdp):
    far, (a, b) = edge_bridge(running, ["vepa", "vepa"], f"xdp {xdp}")
    with running.listen(far, a, b) as ears:
        speak(running, [far, a, b])
        ears.everything()
        frame = ethernet(b.mac, a.mac)
        a.send(frame)
        assert ears.copies(frame) == {far: 1, a: 0, b: 0}
        far.send(frame)  # reflected
        assert ears.copies(frame) == {far: 0, a: 0, b: 1}
        group = ethernet(BROADCAST, a.mac, payload=b"group")
        a.send(group)
        assert ears.copies(group) == {far: 1, a: 0, b: 0}
        far.send(group)  # reflected: to all but its sender
        assert ears.copies(group) == {far: 0, a: 0, b: 1}
    reasons = running.stats(a.port)["reasons"]
    assert reasons["uplink"] == 1
    assert running.fdb(ifname=a.port)[a.mac], "what came back did not move the address"
