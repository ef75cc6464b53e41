# SPDX-License-Identifier: Apache-2.0
"""
The punt path: control frames from every kind of port reach the agent as they were, the agent's frames leave by every kind of port as
they are, a flood costs who floods, and death and restart of the agent harm nobody. `xbr punt tap` is the consumer here.
"""

import json
import os
import re
import select
import signal
import subprocess
import time

import pytest

from lab import BROADCAST, KERNEL, XBR, XBRD, Agent, ethernet, pinging, run, wait_for

PAUSE = 1
CONTROL = [n for n in range(16) if n != PAUSE]
REASONS = ["stp", "pause", "slow", "pae", "group_4", "group_5", "group_6", "group_7", "provider_stp", "group_9", "group_a", "group_b",
           "group_c", "provider_mvrp", "lldp", "group_f"]
FRAME_MAX = 3520


def control(n, source="02:00:00:00:00:01", **more):
    return ethernet(f"01:80:c2:00:00:{n:02x}", source, **{"ethertype": 0x0026, "payload": b"\x42\x42\x03" + bytes([n]), **more})


class Tap:
    """xbr -j punt tap, its events as they come."""

    def __init__(self, lab):
        self.lab = lab
        self.process = subprocess.Popen([XBR, "--socket", lab.agent.socket, "-j", "punt", "tap"], stdout=subprocess.PIPE, bufsize=0)
        self.rest = b""
        wait_for(lambda: all(lab.show("punt show")["socket"][key] for key in ("open", "device")), what="the punt path open")
        wait_for(lambda: "punt" in json.loads(lab.xbr("-j version").stdout)["features"], timeout=20, what="programs that punt")

    def events(self, count, timeout=10):
        """The next `count` events, or those that came in time."""
        found, end = [], time.monotonic() + timeout
        while len(found) < count:
            while b"\n" not in self.rest:
                if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                    return found
                octets = os.read(self.process.stdout.fileno(), 1 << 20)
                if not octets:
                    return found
                self.rest += octets
            line, self.rest = self.rest.split(b"\n", 1)
            found.append(json.loads(line))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def told(events):
    return [(event["event"], event["ifname"], event["reason"], bytes.fromhex(event["frame"])) for event in events]


def counts(lab, reason, port):
    row = next(row for row in lab.show("punt show")["reasons"] if row["reason"] == reason)
    return next((each for each in row["ports"] if each["ifname"] == port), {"accepted": 0, "policed": 0, "lost": 0, "sent": 0})


def pair(lab):
    """{name: ifindex} of the devices of punt paths in the host's namespace."""
    links = json.loads(run(f"ip -n {lab.ns} -j link show").stdout)
    return {link["ifname"]: link["ifindex"] for link in links if re.fullmatch(r"xbr\d+-(punt|agent)", link["ifname"])}


@pytest.fixture
def kinds(running):
    """Guests whose ports receive by native XDP, by generic XDP and by TC, on one bridge."""
    native, generic, plain = running.guests(3)
    running.bridge([native, generic, plain])
    running.xbr(f"link set {native.port} xdp native")
    running.xbr(f"link set {generic.port} xdp generic")
    return native, generic, plain


# ---- to the agent ------------------------------------------------------------------------------------------------------


def test_each_kind_of_port_punts_each_reserved_address_as_it_came(running, kinds):
    frames = {n: control(n) for n in range(16)}
    with Tap(running) as tap, running.listen(*kinds) as ears:
        for guest in kinds:
            guest.send(*frames.values())
            expected = [("received", guest.port, REASONS[n], frames[n]) for n in CONTROL]
            assert told(tap.events(len(expected))) == expected
        assert not tap.events(1, 0.3)
        assert not any(ears.everything().values())
    for guest in kinds:
        stats = running.stats(guest.port)
        assert stats["reasons"]["punted"] == len(CONTROL) and stats["reasons"]["pause"] == 1
        assert stats["rx"]["packets"] >= 16


@pytest.mark.parametrize("tags", [[(0x8100, 0xe000)], [(0x8100, 0xe005)], [(0x88a8, 0x2064)], [(0x88a8, 0x0064), (0x8100, 0x6001)]])
def test_tags_are_where_they_were(running, kinds, tags):
    frame = control(0, tags=tags)
    with Tap(running) as tap:
        for guest in kinds:
            guest.send(frame)
        events = tap.events(3)
    assert sorted(told(events)) == sorted(("received", guest.port, "stp", frame) for guest in kinds)
    assert {event["vlan"] for event in events} == {tags[0][1] & 0xfff}


def test_long_frames_come_whole_or_say_how_long_they_were(running):
    guest = running.guest(mtu=9000)
    running.bridge([guest])
    with Tap(running) as tap:
        for length in (14, 1514, FRAME_MAX, FRAME_MAX + 1, 9014):
            frame = control(14, payload=bytes(n & 0xff for n in range(length - 14)), length=length)
            guest.send(frame)
            event = tap.events(1)[0]
            assert bytes.fromhex(event["frame"]) == frame[:FRAME_MAX] and event["length"] == length


@pytest.mark.parametrize("mode", ["native", "generic", "off"])
def test_packet_sockets_of_the_host_hear_what_is_punted(running, mode):
    """Decision 009: lldpd goes on hearing, whatever the agent has."""
    guest = running.guest()
    running.bridge([guest])
    running.xbr(f"link set {guest.port} xdp {mode}")
    with Tap(running) as tap, running.listen((running.ns, guest.port)) as ears:
        guest.send(control(14))
        assert len(tap.events(1)) == 1
        assert ears.copies(control(14)) == {(running.ns, guest.port): 1}


def test_frames_that_are_relayed_as_asked_are_left_alone_by_a_tap(running):
    a, b = running.guests(2)
    running.bridge([a, b], options="group_fwd_mask 0x4000")
    with Tap(running) as tap, running.listen(b) as ears:
        a.send(control(14), control(0))
        assert told(tap.events(1)) == [("received", a.port, "stp", control(0))]
        assert ears.copies(control(14)) == {b: 1}


def test_without_anybody_who_asks_nothing_is_made_and_nothing_punted(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    a.send(control(0))
    wait_for(lambda: running.stats(a.port)["reasons"]["reserved_group"] == 1, what="a drop as reserved_group")
    assert pair(running) == {} and running.stats(a.port)["reasons"]["punted"] == 0
    assert "punt" not in json.loads(running.xbr("-j version").stdout)["features"]


# ---- from the agent ----------------------------------------------------------------------------------------------------


def test_frames_leave_by_each_kind_of_port(running, kinds):
    tagged = control(0, tags=[(0x8100, 0xe005)])
    with running.listen(*kinds) as ears:
        for guest in kinds:
            for frame in (control(0), tagged, control(2, payload=bytes(1400), length=1514)):
                running.xbr(f"punt send {guest.port} {frame.hex()}")
                assert ears.copies(frame) == {each: int(each is guest) for each in kinds}
    assert [counts(running, "stp", guest.port)["sent"] for guest in kinds] == [2, 2, 2]
    assert running.fdb(state="") == {}, "nothing is learned from what is sent"


def test_a_frame_for_the_host_arrives_there(running):
    a, = running.guests(1)
    running.bridge([a])
    with running.listen((running.ns, "br0"), a) as ears:
        running.xbr(f"punt send br0 {control(14).hex()}")
        assert ears.copies(control(14)) == {(running.ns, "br0"): 1, a: 0}


def test_frames_as_if_received_go_the_whole_way(running, kinds):
    frame = ethernet(BROADCAST, "02:bb:00:00:00:09")
    with running.listen(*kinds) as ears:
        running.xbr(f"punt send {kinds[2].port} {frame.hex()} received")
        assert ears.copies(frame) == {kinds[0]: 1, kinds[1]: 1, kinds[2]: 0}
        back = ethernet("02:bb:00:00:00:09", kinds[0].mac)
        kinds[0].send(back)
        assert ears.copies(back) == {kinds[0]: 0, kinds[1]: 0, kinds[2]: 1}
    assert running.fdb(ifname=kinds[2].port, state="").keys() == {"02:bb:00:00:00:09"}
    assert running.stats(kinds[2].port)["reasons"]["broadcast"] == 1


def test_a_control_frame_as_if_received_does_not_come_back(running):
    guest = running.guest()
    running.bridge([guest])
    with Tap(running) as tap:
        running.xbr(f"punt send {guest.port} {control(0).hex()} received")
        assert [event["event"] for event in tap.events(2, 1)] == ["injected"]
    assert running.stats(guest.port)["reasons"]["reserved_group"] == 1


@pytest.mark.parametrize("words, sentence", [
    ("nobody 0180c2000000020000000001002642", "nobody is not a port"),
    ("v1 0180c200000", "frame must be pairs"),
    ("v1 0180c2000000020000000001", "frame must be pairs"),
    ("v1 zz80c2000000020000000001002642", "frame must be pairs"),
    ("v1 " + "00" * (FRAME_MAX + 1), "frame must be pairs"),
])
def test_what_cannot_be_sent_is_refused(running, words, sentence):
    running.bridge(running.guests(1))
    done = running.xbr(f"punt send {words}", check=False)
    assert done.returncode == 1 and sentence in done.stderr


# ---- how many ----------------------------------------------------------------------------------------------------------

FLOODER = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
frame, end, n = bytes.fromhex(sys.argv[1]), time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    for _ in range(256):
        s.send(frame)
    n += 256
print(n)
"""


def flood(guest, frame, seconds):
    return guest.popen("python3", "-c", FLOODER, frame.hex(), str(seconds), stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("mode", ["native", "off"])
def test_a_flood_of_control_frames_costs_nobody_else_one(running, mode):
    """What the agent is handed is bounded by the bucket, whatever comes; the other port's frames all arrive."""
    bad, good = running.guests(2)
    running.bridge([bad, good])
    running.xbr(f"link set {bad.port} xdp {mode}")
    running.xbr("punt set stp rate 50 burst 20")
    with Tap(running) as tap:
        start = time.monotonic()
        process = flood(bad, control(0), 3)
        for n in range(40):
            good.send(control(0, payload=b"\x42\x42\x03" + n.to_bytes(2, "big")))
            time.sleep(0.05)
        sent = int(process.communicate(timeout=60)[0])
        seconds = time.monotonic() - start + 0.1
        wait_for(lambda: sum(counts(running, "stp", bad.port)[k] for k in ("accepted", "policed")) >= sent, what="all counted")
        heard = told(tap.events(1 << 20, 1))
    mine = [frame for _, ifname, _, frame in heard if ifname == good.port]
    assert mine == [control(0, payload=b"\x42\x42\x03" + n.to_bytes(2, "big")) for n in range(40)]
    found = counts(running, "stp", bad.port)
    assert found["accepted"] + found["policed"] == sent and 20 <= found["accepted"] <= 20 + 50 * seconds
    assert len(heard) - 40 == found["accepted"]
    assert counts(running, "stp", good.port)["policed"] == 0
    assert running.stats(bad.port)["reasons"]["punt_policed"] == found["policed"]
    assert running.show("punt show")["socket"]["rx_full"] == 0


def test_floods_of_arp_and_igmp_do_not_reach_the_agent(running):
    bad, good = running.guests(2)
    running.bridge([bad, good])
    igmp = ethernet("01:00:5e:00:00:16", bad.mac, 0x0800, bytes.fromhex("46c000280000400001020000") + bytes(28))
    with Tap(running) as tap:
        for frame in (ethernet(BROADCAST, bad.mac, 0x0806, bytes(28)), igmp):
            process = flood(bad, frame, 1)
            good.send(control(0))
            assert int(process.communicate(timeout=60)[0]) > 0
        assert told(tap.events(3, 1)) == 2 * [("received", good.port, "stp", control(0))]
    assert running.show("punt show")["socket"]["received"] == 2


def test_limits_are_configuration(running):
    running.xbr("punt set lldp rate 7")
    running.xbr("punt set stp rate 0 burst 3")
    assert {"punt set lldp rate 7", "punt set stp rate 0 burst 3"} <= set(running.xbr("save").stdout.splitlines())
    saved = os.path.join(running.folder, "saved.conf")
    running.xbr(f"save {saved}")
    running.agent.kill9()
    running.agent.start()
    limits = {row["reason"]: (row["rate"], row["burst"]) for row in running.show("punt show")["reasons"]}
    assert limits["lldp"] == (7, 100) and limits["stp"] == (0, 3) and limits["pae"] == (100, 100)
    running.xbr("punt set all rate 9 burst 9")
    running.xbr(f"apply {saved}")
    assert {row["reason"]: (row["rate"], row["burst"]) for row in running.show("punt show")["reasons"]} == limits
    for wrong in ("punt set lldp rate 1000001", "punt set lldp burst 0", "punt set lldp", "punt set nothing rate 1"):
        assert running.xbr(wrong, check=False).returncode == 2
    assert running.xbr("-s punt show").stdout.count("rate 7 burst 100") == 1


def test_no_limit_is_no_limit(running):
    guest = running.guest()
    running.bridge([guest])
    running.xbr("punt set stp rate 0")
    with Tap(running) as tap:
        for _ in range(10):
            guest.send(*[control(0)] * 30)
            assert len(tap.events(30)) == 30
    assert counts(running, "stp", guest.port) == {"ifname": guest.port, "reason": "stp", "accepted": 300, "policed": 0, "lost": 0, "sent": 0}


# ---- read by a person --------------------------------------------------------------------------------------------------


def tshark(path):
    done = run("tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-e", "frame.interface_name", "-e", "frame.comment",
               "-e", "eth.dst", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.packet_flags_direction")
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("by_pipe", [False, True])
def test_tap_writes_pcapng(running, by_pipe):
    a, = running.guests(1)
    b = running.guest(mtu=9000)
    running.bridge([a, b])
    path = os.path.join(running.folder, "tap.pcapng")
    with open(path if by_pipe else os.devnull, "wb") as out:
        process = subprocess.Popen([XBR, "--socket", running.agent.socket, "punt", "tap", "-w", "-" if by_pipe else path, "count", "4"],
                                   stdout=out)
        wait_for(lambda: running.show("punt show")["socket"]["open"], what="the punt path open")
        a.send(control(0))
        wait_for(lambda: counts(running, "stp", a.port)["accepted"] == 1, what="the first")
        b.send(control(14, payload=bytes(6000), length=6014))
        wait_for(lambda: counts(running, "lldp", b.port)["accepted"] == 1, what="the second")
        running.xbr(f"punt send {a.port} {control(2).hex()}")
        running.xbr(f"punt send {b.port} {control(2).hex()} received")
        assert process.wait(10) == 0
    assert tshark(path) == [
        [a.port, "xbr: received, reason stp", "01:80:c2:00:00:00", "60", "60", "0x00000001"],
        [b.port, "xbr: received, reason lldp", "01:80:c2:00:00:0e", "6014", str(FRAME_MAX), "0x00000001"],
        [a.port, "xbr: sent, reason slow", "01:80:c2:00:00:02", "60", "60", "0x00000002"],
        [b.port, "xbr: injected, reason slow", "01:80:c2:00:00:02", "60", "60", "0x00000001"]]


def test_a_tap_that_ends_takes_its_wishes_back(running):
    guest = running.guest()
    running.bridge([guest])
    with Tap(running) as tap:
        guest.send(control(0))
        assert tap.events(1)

    def dropped():
        guest.send(control(0))
        return running.stats(guest.port)["reasons"]["reserved_group"]
    wait_for(dropped, what="a control frame that is nobody's again")
    wait_for(lambda: "punt" not in json.loads(running.xbr("-j version").stdout)["features"], 60, "programs that do not punt")


def test_a_tap_to_where_nothing_can_be_written_says_so(running):
    done = running.xbr(f"punt tap -w {running.folder}/no/such/folder", check=False)
    assert done.returncode == 1 and "cannot write" in done.stderr
    running.bridge(running.guests(1))
    process = subprocess.Popen([XBR, "--socket", running.agent.socket, "punt", "tap", "-w", "/dev/full"], stderr=subprocess.PIPE, text=True)
    assert process.wait(10) == 1 and "cannot write /dev/full" in process.stderr.read()
    process.stderr.close()


# ---- life and death ----------------------------------------------------------------------------------------------------


def test_an_agent_that_dies_loses_its_own_frames_only(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    for guest in (a, b):
        guest.address()
    with Tap(running) as tap:
        a.send(control(0))
        assert tap.events(1)
    with Tap(running), pinging(a, b.ip):
        was = pair(running)
        before = running.stats(a.port)["reasons"]["punt_lost"]
        running.agent.kill9()
        a.send(*[control(0)] * 5)
        running.agent.start()
    assert pair(running) == was
    assert running.stats(a.port)["reasons"]["punt_lost"] == before + 5
    with Tap(running) as tap, running.listen(b) as ears:
        assert pair(running) == was, "the pair is adopted"
        b.send(control(3))
        assert told(tap.events(1)) == [("received", b.port, "pae", control(3))]
        running.xbr(f"punt send {b.port} {control(2).hex()}")
        assert ears.copies(control(2)) == {b: 1}


def test_many_restarts(running):
    guest = running.guest()
    running.bridge([guest])
    for n in CONTROL[:5]:
        with Tap(running) as tap:
            guest.send(control(n))
            assert told(tap.events(1)) == [("received", guest.port, REASONS[n], control(n))]
        running.agent.kill9()
        running.agent.start()
    assert len(pair(running)) == 2


def test_programs_are_swapped_under_the_pair(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    with Tap(running) as tap, running.listen(b) as ears:
        for word in ("on", "off", "on"):
            running.xbr(f"link set {a.port} isolated {word}")  # another feature: other programs
            a.send(control(0))
            assert told(tap.events(1)) == [("received", a.port, "stp", control(0))]
            running.xbr(f"punt send {b.port} {control(2).hex()}")
            assert told(tap.events(1)) == [("sent", b.port, "slow", control(2))]
            assert ears.copies(control(2)) == {b: 1}


def test_a_pair_that_somebody_deletes_is_made_again(running):
    guest = running.guest()
    running.bridge([guest])
    with Tap(running) as tap:
        was = pair(running)
        run(f"ip -n {running.ns} link del {next(iter(was))}")
        wait_for(lambda: len(pair(running)) == 2 and set(pair(running).values()).isdisjoint(was.values()), what="another pair")
        wait_for(lambda: running.show("punt show")["socket"]["open"], what="the punt path open")
        guest.send(control(0))
        assert told(tap.events(1)) == [("received", guest.port, "stp", control(0))]


def test_a_pair_that_somebody_takes_down_is_taken_up(running):
    guest = running.guest()
    running.bridge([guest])
    with Tap(running) as tap:
        for name in pair(running):
            run(f"ip -n {running.ns} link set {name} down")
            wait_for(lambda: "UP" in json.loads(run(f"ip -n {running.ns} -j link show {name}").stdout)[0]["flags"], what=f"{name} up")
        guest.send(control(0))
        assert told(tap.events(1)) == [("received", guest.port, "stp", control(0))]


def test_an_agent_that_sleeps_loses_what_its_ring_does_not_hold(running):
    """Stopped while control frames come without a limit: what overflows is counted, and it goes on when it wakes."""
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr("punt set stp rate 0")
    for guest in (a, b):
        guest.address()
    with Tap(running) as tap, pinging(a, b.ip):
        os.kill(running.agent.process.pid, signal.SIGSTOP)
        a.send(*[control(0)] * 3000)
        os.kill(running.agent.process.pid, signal.SIGCONT)
        heard = len(tap.events(3000, 3))
        socket = running.show("punt show")["socket"]
        assert 0 < heard == socket["received"] < 3000 and heard + socket["rx_full"] == 3000
        a.send(control(3))
        assert told(tap.events(1)) == [("received", a.port, "pae", control(3))]


def test_a_flood_of_frames_from_the_agent_is_bounded_and_sent(running):
    """More at once than the ring holds: all go out, or are refused with a reason."""
    guest = running.guest()
    running.bridge([guest])
    with running.listen(guest) as ears:
        lines = os.path.join(running.folder, "batch")
        with open(lines, "w") as file:
            file.write(f"punt send {guest.port} {control(2).hex()}\n" * 2000)
        done = running.xbr(f"-force -batch {lines}", check=False)
        refused = done.stderr.count("No buffer space")
        assert len(ears.frames(guest)) == 2000 - refused
        socket = running.show("punt show")["socket"]
        assert socket["sent"] == 2000 - refused and socket["tx_full"] == refused


def test_an_agent_that_dies_at_any_moment_leaves_no_pair_behind(running):
    guest = running.guest()
    running.bridge([guest])
    for n in range(12):
        sender = subprocess.Popen([XBR, "--socket", running.agent.socket, "punt", "send", guest.port, control(0).hex()],
                                  stderr=subprocess.DEVNULL)
        time.sleep(n / 400)
        running.agent.kill9()
        sender.wait(10)
        assert len(pair(running)) in (0, 2)
        if n % 3 == 2 and pair(running):
            run(f"ip -n {running.ns} link del {next(iter(pair(running)))}")
        running.agent.start()
    running.agent.end()
    assert running.agent.run("--detach").returncode == 0
    assert pair(running) == {}


def test_the_pair_is_nobodys_port(running):
    """Not to be had as one, whoever enslaves it, and guests hear nothing of it."""
    guest = running.guest()
    running.bridge([guest])
    with Tap(running), running.listen(guest) as ears:
        for name in pair(running):
            refused = running.xbr(f"link add {name} master br0", check=False)
            assert refused.returncode == 1 and "punt path" in refused.stderr
            run(f"ip -n {running.ns} link set {name} master br0")
        time.sleep(0.5)
        assert [link["ifname"] for link in running.show("link show")] == [guest.port]
        assert ears.everything()[guest] == []
        links = json.loads(run(f"ip -n {running.ns} -j -d link show").stdout)
        assert all("xbrd" in link["ifalias"] for link in links if link["ifname"] in pair(running))


def test_detach_takes_the_pair_away(running):
    guest = running.guest()
    running.bridge([guest])
    with Tap(running):
        assert len(pair(running)) == 2
    running.agent.kill9()
    assert running.agent.run("--detach").returncode == 0
    assert pair(running) == {}


def test_two_agents_in_one_namespace(running):
    a, b = running.guests(2)
    other = Agent(running)
    other.pins, other.socket = running.agent.pins + "2", running.agent.socket + "2"

    try:
        other.process = subprocess.Popen(other.argv(), stderr=subprocess.DEVNULL)
        wait_for(lambda: run(XBR, "--socket", other.socket, "version", check=False).returncode == 0, 20, "the other agent")
        running.bridge([a])
        run(XBR, "--socket", other.socket, "bridge", "add", "br1")
        run(XBR, "--socket", other.socket, "link", "add", b.port, "master", "br1")
        with Tap(running) as tap:
            for frame in (control(0), control(2)):
                run(XBR, "--socket", other.socket, "punt", "send", b.port, frame.hex())
            assert sorted(pair(running)) == ["xbr0-agent", "xbr0-punt", "xbr1-agent", "xbr1-punt"]
            a.send(control(0))
            assert told(tap.events(1)) == [("received", a.port, "stp", control(0))]
        os.kill(other.process.pid, 15)
        other.process.wait(10)
        assert subprocess.run(other.argv("--detach"), check=False, timeout=30).returncode == 0
        assert sorted(pair(running)) == ["xbr0-agent", "xbr0-punt"]
    finally:
        if other.process.poll() is None:
            other.process.kill()
            other.process.wait()


@pytest.mark.parametrize("memory", [64 << 10, 8 << 20])
def test_an_agent_of_an_ordinary_user_who_may_lock_little_memory(lab, memory):
    capabilities = "+bpf,+net_admin,+net_raw" if KERNEL >= (6, 8) else "+bpf,+net_admin,+net_raw,+perfmon"
    lab.agent.wrapper = ["prlimit", f"--memlock={memory}:{memory}", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                         "--inh-caps", capabilities, "--ambient-caps", capabilities, "--bounding-set", "-all," + capabilities]
    for folder in (lab.folder, lab.bpffs):
        os.chown(folder, 65534, 65534)
    xbrd = os.path.join(lab.folder, "xbrd")
    run("install", "-m", "755", XBRD, xbrd)
    lab.agent.start(binary=xbrd)
    guest = lab.guest()
    lab.bridge([guest])
    for _ in range(2):
        with Tap(lab) as tap, lab.listen(guest) as ears:
            for _ in range(20):
                guest.send(control(0))
                assert told(tap.events(1)) == [("received", guest.port, "stp", control(0))]
                lab.xbr(f"punt send {guest.port} {control(2).hex()}")
                assert told(tap.events(1)) == [("sent", guest.port, "slow", control(2))]
            assert ears.copies(control(2)) == {guest: 20}
        lab.agent.kill9()
        lab.agent.start(binary=xbrd)


def test_clsact(lab):
    """Kernels without tcx."""
    lab.agent.start("--tc", "clsact")
    guest = lab.guest()
    lab.bridge([guest])
    for _ in range(2):
        with Tap(lab) as tap, lab.listen(guest) as ears:
            guest.send(control(0))
            assert told(tap.events(1)) == [("received", guest.port, "stp", control(0))]
            lab.xbr(f"punt send {guest.port} {control(2).hex()}")
            assert ears.copies(control(2)) == {guest: 1}
        lab.agent.kill9()
        lab.agent.start("--tc", "clsact")
