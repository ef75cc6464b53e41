# SPDX-License-Identifier: Apache-2.0
"""
Meters and policers, from the command to the wire. What a burst lets pass is counted to the frame where the rate is so low that
nothing comes back meanwhile; rates are compared with generous bounds, for others may compute here as well.
"""

import time

import pytest

from lab import BROADCAST, ethernet, wait_for
from test_acl import ipv4, udp


def meter(lab, name):
    return lab.show(f"meter show {name}")[0]


def send_and_count(lab, sender, receiver, count, length=1000, dst=None, tags=()):
    """How many of `count` frames came to the receiver."""
    frame = ethernet(dst or receiver.mac, sender.mac, length=length, tags=tags)
    with lab.listen(receiver) as ears:
        sender.send(*[frame] * count)
        return len(ears.frames(receiver, match=lambda got: got[-8:] == frame[-8:]))


SLOW = "rate 1kbit"  # an octet in 8 ms: nothing comes back while a test runs


def test_a_bucket_lets_its_burst_pass_and_no_frame_more(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add gold {SLOW} burst 10000")
    lab.xbr(f"link set dev {g1.port} police in gold")
    before = lab.stats(g1.port)["reasons"].get("policed", 0)
    assert send_and_count(lab, g1, g2, 30) == 10
    assert lab.stats(g1.port)["reasons"]["policed"] - before == 20
    stats = meter(lab, "gold")["stats"]
    assert stats["green"] == {"packets": 10, "bytes": 10000}
    assert stats["red"]["packets"] == stats["dropped"] == 20
    assert send_and_count(lab, g2, g1, 30) == 30  # the other way is not policed


def test_packets_are_counted_by_a_meter_of_packets(pair):
    lab, g1, g2 = pair
    lab.xbr("meter add few rate 1pps burst 5")
    lab.xbr(f"meter bind few dev {g1.port} in")
    assert send_and_count(lab, g1, g2, 20, length=60) in (5, 6)


def test_where_it_leaves_it_is_policed_too_and_floods_copy_by_copy(pair):
    lab, g1, g2 = pair
    g3 = lab.guest(3)
    lab.xbr(f"link add {g3.port} master br0")
    lab.wait_forwarding(g3.port)
    lab.xbr(f"meter add gold {SLOW} burst 5000")
    lab.xbr(f"link set dev {g2.port} police out gold")
    assert send_and_count(lab, g1, g2, 20) == 5
    assert lab.stats(g1.port)["reasons"]["policed_out"] == 15
    frame = ethernet(BROADCAST, g1.mac, length=1000)
    with lab.listen(g2, g3) as ears:
        g1.send(*[frame] * 5)
        assert len(ears.frames(g3, match=lambda got: got == frame)) == 5
        assert ears.frames(g2, match=lambda got: got == frame) == []
    assert lab.stats(g2.port)["reasons"]["copy_policed"] == 5


def test_control_frames_are_never_policed(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add gold {SLOW} burst 1514")
    lab.xbr(f"link set dev {g1.port} police in gold group_fwd_mask 0x4000")
    assert send_and_count(lab, g1, g2, 20) == 1
    assert send_and_count(lab, g1, g2, 20, dst="01:80:c2:00:00:0e", length=300) == 20


def test_two_ports_share_a_meter(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add gold {SLOW} burst 10000")
    for guest in (g1, g2):
        lab.xbr(f"link set dev {guest.port} police in gold")
    assert send_and_count(lab, g1, g2, 6) + send_and_count(lab, g2, g1, 6) == 10


def test_what_is_within_a_guests_rate_must_be_within_its_tenants(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add tenant {SLOW} burst 8000")
    lab.xbr(f"meter add guest {SLOW} burst 20000 parent tenant")
    lab.xbr(f"link set dev {g1.port} police in guest")
    assert 4 <= send_and_count(lab, g1, g2, 30) <= 8  # half of it is the siblings', were there any
    stats = meter(lab, "guest")["stats"]
    assert stats["dropped"] >= 22 and stats["red"]["packets"] == 0


def test_colours_of_a_single_rate(pair):
    lab, g1, g2 = pair
    lab.xbr("meter add srtcm cir 1kbit cbs 5000 ebs 8000 exceed pass violate drop")
    lab.xbr(f"link set dev {g1.port} police in srtcm")
    assert send_and_count(lab, g1, g2, 30) == 13
    stats = meter(lab, "srtcm")["stats"]
    assert [stats[colour]["packets"] for colour in ("green", "yellow", "red")] == [5, 8, 17]


def test_colours_of_two_rates(pair):
    lab, g1, g2 = pair
    lab.xbr("meter add trtcm cir 1kbit cbs 5000 pir 2kbit pbs 12000 exceed drop")
    lab.xbr(f"link set dev {g1.port} police in trtcm")
    assert send_and_count(lab, g1, g2, 30) == 5
    stats = meter(lab, "trtcm")["stats"]
    assert [stats[colour]["packets"] for colour in ("green", "yellow", "red")] == [5, 7, 18]


def test_a_restart_fills_no_bucket(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add gold {SLOW} burst 10000")
    lab.xbr(f"link set dev {g1.port} police in gold")
    assert send_and_count(lab, g1, g2, 30) == 10
    saved = lab.xbr("save").stdout
    lab.agent.kill9()
    assert send_and_count(lab, g1, g2, 10) == 0
    lab.agent.start()
    assert send_and_count(lab, g1, g2, 10) == 0
    assert lab.xbr("save").stdout == saved
    assert "meter add gold rate 1kbit burst 10000" in saved
    assert f"meter bind gold dev {g1.port} in" in saved


def test_what_is_saved_can_be_applied_and_a_whole_configuration_takes_the_rest_away(pair, tmp_path):
    lab, g1, g2 = pair
    empty = lab.xbr("save").stdout
    lab.xbr("meter add top rate 10mbit burst 20000")
    lab.xbr("meter add a.child rate 5mbit burst 20000 parent top overhead 24")
    lab.xbr("meter add three cir 1mbit cbs 3000 pir 2mbit pbs 6000 color-aware exceed drop violate pass")
    lab.xbr(f"link set dev {g1.port} police in a.child police out three")
    full = lab.xbr("save").stdout
    (tmp_path / "empty").write_text(empty)
    (tmp_path / "full").write_text(full)
    lab.xbr(f"apply {tmp_path}/empty")
    assert lab.show("meter show") == []
    lab.xbr(f"apply {tmp_path}/full")
    assert lab.xbr("save").stdout == full
    assert lab.show(f"link show {g1.port}")[0]["police"] == {"in": "a.child", "out": "three"}


REFUSED = [
    ("meter add x", "needs a rate"),
    ("meter add x rate 0", "out of range"),
    ("meter add x rate 10furlongs", "10furlongs is no rate"),
    ("meter add x rate 1mbit burst 1000", "must hold one frame of 1514"),
    ("meter add x rate 1pps burst 0", "holds no packet"),
    ("meter add x rate 1mbit cir 1mbit", "one bucket"),
    ("meter add x cir 2mbit pir 1mbit", "less than its cir"),
    ("meter add x cir 2mbit pir 1kpps", "do not count the same"),
    ("meter add x rate 1mbit parent nobody", "no meter nobody"),
    ("meter add x rate 1kpps parent a", "do not count the same"),
    ("meter add x rate 1mbit parent c", "level"),
    ("meter add a rate 1mbit", "already a meter a"),
    ("meter add 'x y' rate 1mbit", "the name of a meter"),
    ("meter add x rate 1mbit color-aware color-blind", "not both"),
    ("meter set a rate 0", "out of range"),
    ("meter set a parent b", "above"),
    ("meter set a parent a", "above"),
    ("meter set nobody rate 1mbit", "no meter nobody"),
    ("meter del a", "parent of b"),
    ("meter del c", "in use by port"),
    ("meter bind nobody dev v1 in", "no meter nobody"),
    ("meter bind a dev nowhere in", "not a port"),
    ("meter unbind a dev v1 in", "not bound there"),
    ("link set dev v1 police in nobody", "no meter nobody"),
]


def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(pair):
    lab, g1, _g2 = pair
    lab.xbr("meter add a rate 1mbit")
    lab.xbr("meter add b rate 1mbit parent a")
    lab.xbr("meter add c rate 1mbit parent b")
    lab.xbr(f"link set dev {g1.port} police in c")
    before = lab.xbr("save").stdout
    for command, sentence in REFUSED:
        done = lab.xbr(command, check=False)
        assert done.returncode != 0 and sentence in done.stderr, (command, done.stderr)
        assert done.stderr.count("\n") == 1, command
    assert lab.xbr("save").stdout == before


def test_a_meter_can_be_deleted_once_nothing_uses_it(pair):
    lab, g1, g2 = pair
    lab.xbr(f"meter add gold {SLOW} burst 5000")
    lab.xbr(f"link set dev {g1.port} police in gold")
    assert send_and_count(lab, g1, g2, 10) == 5
    lab.xbr(f"link set dev {g1.port} police in off")
    lab.xbr("meter del gold")
    assert lab.show("meter show") == []
    assert send_and_count(lab, g1, g2, 10) == 10


def poured(lab, g1, name, frame, duration):
    """For how long the frame was sent as fast as it goes, and how many passed the meter."""
    start = time.monotonic()
    while time.monotonic() - start < duration:
        g1.send(*[frame] * 20)
    seconds = time.monotonic() - start
    return seconds, wait_for(lambda: meter(lab, name)["stats"]["green"]["packets"])


def test_a_rate_holds_within_wide_bounds(pair):
    lab, g1, g2 = pair
    lab.xbr("meter add gold rate 800kbit burst 20000")
    lab.xbr(f"link set dev {g1.port} police in gold")
    seconds, passed = poured(lab, g1, "gold", ethernet(g2.mac, g1.mac, length=1000), 1)
    assert 0.8 * 100 * seconds < passed < 1.2 * (100 * seconds + 20)


def udp_frame(sender, receiver, port, length=1000):
    packet = ipv4("10.0.0.1", "10.0.0.2", 17, udp(1000, port))
    return ethernet(receiver.mac, sender.mac, 0x0800, packet.ljust(length - 14, b"x"))


@pytest.mark.parametrize("hook", ["off", "generic"])
def test_a_rule_polices_what_it_matches_and_nothing_else(pair, hook):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev {g1.port} xdp {hook}")
    lab.xbr(f"meter add dns {SLOW} burst 10000")
    lab.xbr("acl add guest permit ip_proto udp dst_port 53 police dns")
    lab.xbr(f"acl bind guest dev {g1.port} in")
    policed, other = udp_frame(g1, g2, 53), udp_frame(g1, g2, 54)
    with lab.listen(g2) as ears:
        g1.send(*[policed, other] * 30)
        heard = ears.everything()[g2]
    assert [heard.count(policed), heard.count(other)] == [10, 30]
    stats = meter(lab, "dns")["stats"]
    assert stats["green"] == {"packets": 10, "bytes": 10000} and stats["dropped"] == 20
    shown = lab.show("acl show guest")[0]
    assert shown["rules"][0]["stats"] == {"packets": 30, "bytes": 30000} and shown["unmatched"]["packets"] == 30
    assert shown["rules"][0]["rule"] == "permit ip_proto udp dst_port 53 police dns" and shown["rules"][0]["police"] == "dns"
    assert lab.stats(g1.port)["reasons"]["policed"] == 20
    assert meter(lab, "dns")["bound"] == [{"list": "guest", "seq": 10}]


def test_rules_with_meters_are_saved_applied_and_taken_over(pair, tmp_path):
    lab, g1, g2 = pair
    empty = lab.xbr("save").stdout
    lab.xbr("meter add tin rate 1mbit")
    lab.xbr(f"meter add dns {SLOW} burst 5000 parent tin")
    lab.xbr("acl add guest permit ip_proto udp police dns")
    lab.xbr("acl add guest permit eth_type arp police tin")
    lab.xbr(f"acl bind guest dev {g1.port} in")
    assert "done where they come in" in lab.xbr(f"acl bind guest dev {g2.port} out", check=False).stderr
    full = lab.xbr("save").stdout
    assert "acl add guest seq 10 permit ip_proto udp police dns" in full
    (tmp_path / "empty").write_text(empty)
    (tmp_path / "full").write_text(full)
    lab.xbr(f"apply {tmp_path}/empty")
    assert lab.show("meter show") == [] and lab.show("acl show") == []
    lab.xbr(f"apply {tmp_path}/full")
    assert lab.xbr("save").stdout == full
    frame = udp_frame(g1, g2, 53)
    with lab.listen(g2) as ears:
        g1.send(*[frame] * 10)
        assert ears.copies(frame)[g2] == 5
    lab.agent.kill9()
    lab.agent.start()
    assert lab.xbr("save").stdout == full
    assert "in use by the access list guest" in lab.xbr("meter del dns", check=False).stderr
    lab.xbr("acl del guest seq 20")
    lab.xbr("acl del guest seq 10")
    lab.xbr("meter del dns")
    lab.xbr("meter del tin")


def test_a_rules_rate_is_kept_and_never_exceeded(pair):
    lab, g1, g2 = pair
    lab.xbr("meter add dns rate 800kbit burst 20000")
    lab.xbr("acl add guest permit ip_proto udp dst_port 53 police dns")
    lab.xbr(f"acl bind guest dev {g1.port} in")
    seconds, passed = poured(lab, g1, "dns", udp_frame(g1, g2, 53), 2)
    assert 0.95 * 100 * seconds < passed < 1.01 * (100 * seconds + 20)
