# SPDX-License-Identifier: Apache-2.0
"""How addresses come and go: ageing, flushing, limits, and what ties them down."""

import time

import pytest

from lab import BROADCAST, ethernet, wait_for

NOWHERE = "02:00:00:00:ff:ff"


def station(number):
    return f"02:05:00:00:{number >> 8:02x}:{number & 255:02x}"


def speak(guest, *sources):
    for source in sources or (guest.mac,):
        guest.send(ethernet(NOWHERE, source))


def learned(lab, *guests):
    wait_for(lambda: all(guest.mac in lab.fdb() for guest in guests), what="learned")


def wait_gone(lab, *addresses):
    wait_for(lambda: not set(addresses) & set(lab.fdb()), timeout=15, what=f"{addresses} gone")


def heard(lab, guest, frame, *others):
    with lab.listen(*others) as ears:
        guest.send(frame)
        copies = ears.copies(frame, quiet=0.15)
    assert set(copies.values()) <= {0, 1}
    return {other for other, count in copies.items() if count}


def n_learned(lab, port=None):
    if port:
        return lab.show(f"link show dev {port}")[0]["fdb_n_learned"]
    return lab.show("bridge show")[0]["linkinfo"]["info_data"]["fdb_n_learned"]


# ---- ageing -------------------------------------------------------------------------------------------


def test_an_address_goes_after_the_ageing_time_and_static_ones_stay(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c], options="ageing_time 2s")
    running.xbr(f"fdb add {station(1)} dev {a.port} static")
    running.xbr(f"fdb add {station(2)} dev {a.port} sticky")
    running.xbr(f"fdb add {station(3)} dev {a.port} dynamic")
    start = time.monotonic()
    speak(a)
    learned(running, a)
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a}
    wait_gone(running, a.mac, station(3))
    assert time.monotonic() - start >= 1.8
    wait_for(lambda: n_learned(running, a.port) == 0, what="counted no more")
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a, c}  # unknown again
    assert {station(1), station(2)} <= set(running.fdb())


def test_ageing_needs_no_agent_to_be_felt(running):
    """An entry that is too old is not used, whether or not somebody took it out."""
    a, b, c = running.guests(3)
    running.bridge([a, b, c], options="ageing_time 1s")
    speak(a)
    learned(running, a)
    running.agent.kill9()
    wait_for(lambda: heard(running, b, ethernet(a.mac, b.mac), a, c) == {a, c}, timeout=10, what="unknown again")


def test_the_source_refreshes_and_the_destination_does_not(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c], options="ageing_time 2s")
    speak(a), speak(b)
    learned(running, a, b)
    end = time.monotonic() + 4
    while time.monotonic() < end:  # to a, from b: only b is kept
        b.send(ethernet(a.mac, b.mac))
        time.sleep(0.1)
    held = running.fdb()
    assert b.mac in held and a.mac not in held


def test_ageing_time_zero_learns_nothing(running):
    """As the kernel's: 0 is no time at all, every frame floods."""
    a, b, c = running.guests(3)
    running.bridge([a, b, c], options="ageing_time 0")
    running.xbr(f"fdb add {station(1)} dev {a.port} static")
    speak(a)
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a, c}
    assert heard(running, b, ethernet(station(1), b.mac), a, c) == {a}
    assert not running.fdb(state="")
    running.xbr("bridge set br0 ageing_time 300s")
    speak(a)
    learned(running, a)
    running.xbr("bridge set br0 ageing_time 0")
    wait_gone(running, a.mac)
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a, c}


@pytest.mark.parametrize("times", [(2, 300), (300, 2), (3, 100000), (100000, 3), (2, 40)])
def test_a_changed_ageing_time_keeps_how_old_addresses_are(running, times):
    former, later = times
    a, b = running.guests(2)
    running.bridge([a, b], options=f"ageing_time {former}s")
    speak(a)
    learned(running, a)
    time.sleep(1)
    running.xbr(f"bridge set br0 ageing_time {later}s")
    entry = running.fdb()[a.mac]
    # an epoch's rounding each way: a sixteenth of short times, a second of middle ones, 1/200 of long ones
    assert 0 <= entry["used"] <= 3 + max(times) / 150
    if later > former:
        time.sleep(former + 1)
        assert a.mac in running.fdb()
    else:
        wait_gone(running, a.mac)


def test_used_tells_the_time_since_it_was_seen(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    speak(a)
    learned(running, a)
    wait_for(lambda: running.fdb()[a.mac]["used"] >= 2, timeout=10, what="two seconds old")
    speak(a)
    wait_for(lambda: running.fdb()[a.mac]["used"] <= 1, what="fresh again")


# ---- flushing -----------------------------------------------------------------------------------------


@pytest.fixture
def full(running):
    """Two bridges: br0 with a and b, br1 with c; a learned and a static address on each port."""
    guests = running.guests(3)
    running.bridge(guests[:2])
    running.bridge(guests[2:], name="br1")
    for guest in guests:
        running.xbr(f"fdb add {station(guest.number)} dev {guest.port} static")
        speak(guest)
    learned(running, *guests)
    running.three = guests
    return running


def addresses(lab):
    return set(lab.fdb(state="")) | set(lab.fdb(state="static"))


def test_flush_by_bridge_port_and_state(full):
    a, b, c = full.three
    everything = addresses(full)
    assert everything == {guest.mac for guest in full.three} | {station(n) for n in (1, 2, 3)}
    full.xbr(f"fdb flush dev {a.port} master")
    assert addresses(full) == everything - {a.mac}
    assert (n_learned(full, a.port), n_learned(full, b.port)) == (0, 1)
    full.xbr("fdb flush br br0 static")
    assert addresses(full) == everything - {a.mac, station(1), station(2)}
    full.xbr("fdb flush br br0")
    assert addresses(full) == {c.mac, station(3)}
    assert len(full.fdb(state="permanent")) == 5  # the devices' own are nobody's to flush
    full.xbr(f"fdb flush brport {c.port} static")
    assert addresses(full) == {c.mac}


def test_flush_of_what_is_older(full):
    a, b, c = full.three
    wait_for(lambda: full.fdb()[a.mac]["used"] >= 3, timeout=10, what="some seconds")
    speak(a)
    wait_for(lambda: full.fdb()[a.mac]["used"] <= 1, what="a fresh")
    full.xbr("fdb flush br br0 older_than 2s")
    assert a.mac in full.fdb() and b.mac not in full.fdb() and c.mac in full.fdb() and station(2) in full.fdb()


def test_flushed_addresses_are_learned_again_and_never_come_back_by_themselves(full):
    """More flushes than there are generations, faster than the sweep."""
    a, b, c = full.three
    for _ in range(130):
        full.xbr(f"fdb flush dev {a.port}")
        assert a.mac not in full.fdb()
    speak(a)
    learned(full, a)
    assert n_learned(full, a.port) == 1


# ---- limits -------------------------------------------------------------------------------------------


def test_a_ports_limit_is_kept_counted_and_gives_room_again(running):
    a, b = running.guests(2)
    running.bridge([a, b], options="ageing_time 300s")
    running.xbr(f"link set {a.port} fdb_max_learned 3")
    speak(a, *(station(n) for n in range(10)))
    wait_for(lambda: running.stats(a.port)["rx"]["packets"] >= 10, what="all seen")
    assert set(running.fdb(state="")) == {station(n) for n in range(3)}
    assert running.stats(a.port)["reasons"]["learn_limit_port"] == 7
    assert n_learned(running, a.port) == 3
    speak(b, *(station(n) for n in range(100, 110)))
    wait_for(lambda: n_learned(running, b.port) == 10, what="b's are not a's")
    speak(a, station(0))  # one that is held goes on
    running.xbr(f"fdb del {station(1)} dev {a.port}")
    speak(a, station(7), station(8))
    wait_for(lambda: station(7) in running.fdb(), what="the room that was made is taken")
    assert station(8) not in running.fdb() and n_learned(running, a.port) == 3
    running.xbr(f"fdb flush dev {a.port}")
    speak(a, *(station(n) for n in range(20, 25)))
    wait_for(lambda: set(running.fdb(ifname=a.port, state="")) == {station(20), station(21), station(22)}, what="three new ones")


def test_a_bridges_limit_is_kept_counted_and_gives_room_again(running):
    a, b = running.guests(2)
    running.bridge([a, b], options="ageing_time 300s fdb_max_learned 4")
    speak(a, *(station(n) for n in range(3)))
    wait_for(lambda: n_learned(running) == 3, what="three of a")
    speak(b, *(station(n) for n in range(10, 13)))
    wait_for(lambda: running.stats(b.port)["reasons"]["learn_limit_bridge"] == 2, what="two of b refused")
    assert n_learned(running) == 4 and (n_learned(running, a.port), n_learned(running, b.port)) == (3, 1)
    running.xbr("bridge set br0 ageing_time 1s")
    wait_for(lambda: n_learned(running) == 0, timeout=10, what="all aged out")
    running.xbr("bridge set br0 ageing_time 300s")
    speak(b, *(station(n) for n in range(10, 15)))
    wait_for(lambda: n_learned(running, b.port) == 4, what="room again")


def test_static_addresses_do_not_count(running):
    a, b = running.guests(2)
    running.bridge([a, b], options="fdb_max_learned 2", link_options="fdb_max_learned 2")
    for n in range(5):
        running.xbr(f"fdb add {station(n)} dev {a.port} static")
    speak(a, station(10), station(11), station(12))
    wait_for(lambda: running.stats(a.port)["reasons"]["learn_limit_port"] == 1, what="the third refused")
    assert n_learned(running, a.port) == n_learned(running) == 2


def test_one_port_cannot_push_out_anothers_addresses(lab):
    a, b = lab.guests(2)
    lab.agent.start("--fdb-size", "64")
    lab.bridge([a, b])
    mine = {station(n) for n in range(10)}
    speak(b, *sorted(mine))
    wait_for(lambda: mine <= set(lab.fdb()), what="b's learned")
    speak(a, *(station(n) for n in range(1000, 4000)))
    wait_for(lambda: lab.stats(a.port)["rx"]["packets"] >= 3000, what="all seen")
    assert mine <= set(lab.fdb(ifname=b.port)) and lab.stats(a.port)["reasons"]["learn_full"] > 0
    assert lab.stats(b.port)["reasons"]["learn_full"] == 0


def test_a_limit_holds_when_addresses_move(running):
    """The mover's new port must have room, too; where it has none the address stays where it was."""
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr(f"link set {b.port} fdb_max_learned 1")
    speak(a, station(1), station(2))
    speak(b, station(2))
    wait_for(lambda: running.fdb().get(station(2), {}).get("ifname") == b.port, what="moved")
    speak(b, station(1))
    wait_for(lambda: running.stats(b.port)["reasons"]["learn_limit_port"] == 1, what="no room for another")
    assert running.fdb()[station(1)]["ifname"] == a.port
    assert (n_learned(running, a.port), n_learned(running, b.port), n_learned(running)) == (1, 1, 2)


# ---- moving and not moving ----------------------------------------------------------------------------


def test_learning_off(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    running.xbr(f"link set {a.port} learning off")
    speak(a)
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a, c}
    assert a.mac not in running.fdb()
    running.xbr(f"link set {a.port} learning on")
    speak(a)
    learned(running, a)
    assert heard(running, b, ethernet(a.mac, b.mac), a, c) == {a}


def test_an_address_moves_with_its_station(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    speak(a, station(1))
    wait_for(lambda: station(1) in running.fdb(), what="learned")
    for to, from_ in ((b, a), (a, b)) * 5:
        speak(to, station(1))
        wait_for(lambda: running.fdb()[station(1)]["ifname"] == to.port, what="moved")
        assert heard(running, c, ethernet(station(1), c.mac), a, b) == {to}
        assert (n_learned(running, to.port), n_learned(running, from_.port)) == (1, 0)
    assert running.stats(b.port)["reasons"]["moved"] == 5


@pytest.mark.parametrize("state", ["static", "sticky"])
def test_what_is_tied_down_is_not_moved(running, state):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    running.xbr(f"fdb add {station(1)} dev {a.port} {state}")
    speak(b, station(1))
    wait_for(lambda: running.stats(b.port)["reasons"]["learn_pinned"] == 1, what="counted")
    assert heard(running, c, ethernet(station(1), c.mac), a, b) == {a}
    assert running.fdb()[station(1)]["ifname"] == a.port


def test_a_blackhole_swallows_by_source_and_by_destination(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr(f"fdb add {station(1)} dev {a.port} blackhole")
    assert heard(running, b, ethernet(station(1), b.mac), a) == set()
    assert heard(running, b, ethernet(a.mac, station(1)), a) == set()
    assert heard(running, a, ethernet(BROADCAST, station(1)), b) == set()
    assert (running.stats(a.port)["reasons"]["blackhole"], running.stats(b.port)["reasons"]["blackhole"]) == (1, 2)
    running.xbr(f"fdb del {station(1)} dev {a.port}")
    assert heard(running, a, ethernet(BROADCAST, station(1)), b) == {b}


def test_the_bridges_own_address_is_not_learned_elsewhere(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    own = running.show("bridge show")[0]["address"]
    speak(a, own)
    wait_for(lambda: running.stats(a.port)["reasons"]["learn_own"] == 1, what="counted")
    assert running.fdb()[own]["ifname"] == "br0"


def test_a_learned_address_that_is_tied_down_is_counted_no_more(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    speak(a)
    learned(running, a)
    running.xbr(f"fdb replace {a.mac} dev {b.port} static")
    assert (n_learned(running, a.port), n_learned(running)) == (0, 0)
    assert heard(running, a, ethernet(a.mac, station(9)), b) == {b}
    running.xbr(f"fdb replace {a.mac} dev {a.port} dynamic")
    assert (n_learned(running, a.port), n_learned(running)) == (2, 2)  # and station(9)
