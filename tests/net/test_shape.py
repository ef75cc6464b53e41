# SPDX-License-Identifier: Apache-2.0
"""
Rates towards devices. What comes out in a second is counted where it comes out; a class's burst, and what a busy machine does to a
sender, are within the tolerances. What the kernel has is read with tc(8).
"""

import json
import os
import subprocess
import sys
import time

import pytest

from lab import ethernet, wait_for

HANDLE = "7862:"
SENDER = """
import socket, sys, time
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
frame = bytes.fromhex(sys.argv[1])
print("ready", flush=True)
rate, until, sent, start = float(sys.argv[2]), time.monotonic() + float(sys.argv[3]), 0, time.monotonic()
while time.monotonic() < until:
    while sent < (time.monotonic() - start) * rate and time.monotonic() < until:
        try:
            sock.send(frame)
        except OSError:
            pass
        sent += 1
    time.sleep(0.001)
"""


def tc(lab, *words):
    return lab.host("tc", *words).stdout


def roots(lab, dev):
    return [line.split()[1:3] for line in tc(lab, "qdisc", "show", "dev", dev).splitlines() if " root " in line]


def octets_in(guest):
    return int(guest.run("cat", "/sys/class/net/eth0/statistics/rx_bytes").stdout)


def send(guest, frame, packets, seconds):
    process = guest.popen(sys.executable, "-c", SENDER, frame.hex(), str(packets), str(seconds), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def rate_at(guest, seconds):
    """Bits a second that come in, from when the burst is over."""
    time.sleep(0.5)
    begin, before = time.monotonic(), octets_in(guest)
    time.sleep(seconds)
    return 8 * (octets_in(guest) - before) / (time.monotonic() - begin)


@pytest.mark.parametrize("hook", ["auto", "generic"])
@pytest.mark.parametrize("length", [64, 1500])
def test_what_leaves_keeps_to_the_rate(pair, hook, length):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev v1 xdp {hook}")
    lab.xbr(f"link set dev {g2.port} shape max 2mbit")
    assert roots(lab, g2.port) == [["htb", HANDLE]]
    frame = ethernet(g2.mac, g1.mac, payload=b"x").ljust(length, b"\0")
    sender = send(g1, frame, 4_000_000 / 8 / length, 4)
    rate = rate_at(g2, 3)
    sender.wait()
    assert 0.9 * 2e6 < rate < 1.02 * 2e6
    assert lab.show(f"link show {g2.port}")[0]["shape"] == {"max": "2mbit", "by": "htb"}
    lab.xbr(f"link set dev {g2.port} shape max off")
    assert roots(lab, g2.port) != [["htb", HANDLE]] and lab.show(f"link show {g2.port}")[0]["shape"] == {}


def iperf(lab, client, server, *words):
    """Bits a second of TCP that the server got."""
    command = server.popen("iperf3", "-s", "-1", "-J", stdout=subprocess.PIPE, text=True)
    wait_for(lambda: ":5201" in server.run("ss", "-Hltn").stdout, what="iperf3")
    client.run("iperf3", "-c", server.ip, "-t", "4", "-O", "1", *words, timeout=30)
    return json.loads(command.communicate(timeout=30)[0])["end"]["sum_received"]["bits_per_second"]


def test_tcp_and_its_super_frames_keep_to_the_rate(pair):
    lab, g1, g2 = pair
    g1.address(), g2.address()
    lab.xbr(f"link set dev {g2.port} shape max 50mbit")
    assert 0.88 * 50e6 < iperf(lab, g1, g2) < 1.01 * 50e6  # without the headers


def channels_of_one_device(lab, rates):
    """Guests g1 to g3 send to channels c1 to c3, whose wire is the trunk's far end: frames there are told apart by their tags."""
    trunk = lab.guest(mtu=1600)
    guests = lab.guests(3)
    lab.bridge(guests)
    for n, rate in enumerate(rates, 1):
        lab.xbr(f"link add c{n} type schannel dev {trunk.port} svid {n * 100} master br0 {rate}")
    lab.wait_forwarding("c1", "c2", "c3")
    for n in (1, 2, 3):
        lab.xbr(f"fdb add 02:00:00:00:aa:0{n} dev c{n} static")
    return trunk, guests


COUNTER = """
import collections, json, socket, struct, sys, time
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.bind(("eth0", 3))
sock.setsockopt(263, 8, 1)
sock.settimeout(0.2)
octets, begin = collections.Counter(), time.monotonic() + float(sys.argv[1])
print("ready", flush=True)
while time.monotonic() < begin + float(sys.argv[2]):
    try:
        frame = sock.recv(2048)
    except socket.timeout:
        continue
    if time.monotonic() > begin and frame[4:5] == b"\\xaa":
        octets[frame[5]] += len(frame)
print(json.dumps({str(n): 8 * octets[n] / float(sys.argv[2]) for n in (1, 2, 3)}))
"""


def shares(lab, trunk, guests, seconds=4, packets=(1000, 1000, 1000)):
    """Bits a second that came out by each channel, while all send 1500 octets, so many a second."""
    counter = trunk.popen(sys.executable, "-c", COUNTER, "1", str(seconds), stdout=subprocess.PIPE, text=True)
    assert counter.stdout.readline() == "ready\n"
    senders = [send(guest, ethernet(f"02:00:00:00:aa:0{n}", guest.mac).ljust(1500, b"\0"), rate, seconds + 2)
               for n, (guest, rate) in enumerate(zip(guests, packets), 1)]
    counted = json.loads(counter.communicate(timeout=60)[0])
    for sender in senders:
        sender.wait()
    return [counted[str(n)] for n in (1, 2, 3)]


def test_siblings_get_fair_parts_of_their_device(running):
    """One sends four times as much as each of the others, all of them more than there is: Jain's index is 0.98 at the least."""
    trunk, guests = channels_of_one_device(running, ["shape device 6mbit", "shape max 1gbit", "shape max 1gbit"])
    got = shares(running, trunk, guests, packets=(2000, 500, 500))
    assert sum(got) ** 2 / (3 * sum(each ** 2 for each in got)) >= 0.98, got
    assert 0.9 * 6e6 < sum(got) < 1.03 * 6e6


def test_each_gets_its_minimum_and_none_more_than_its_maximum(running):
    trunk, guests = channels_of_one_device(running, ["shape device 6mbit shape min 3mbit", "shape min 1mbit", "shape max 500kbit"])
    got = shares(running, trunk, guests)
    assert got[0] > 0.92 * 3e6 and got[1] > 0.92 * 1e6 and got[2] < 1.04 * 500e3 and 0.9 * 6e6 < sum(got) < 1.03 * 6e6, got


def classes(lab, dev):
    return sorted(line.split()[2].split(":")[1] for line in tc(lab, "class", "show", "dev", dev).splitlines())


def test_a_class_comes_and_goes_with_its_channel(running):
    lab = running
    trunk, _guests = channels_of_one_device(lab, ["shape max 1mbit", "shape max 2mbit", ""])
    number = {name: f"{lab.show(f'link show {name}')[0]['port']:x}" for name in ("c1", "c2", "c3")}
    assert classes(lab, trunk.port) == sorted([number["c1"], number["c2"], "fffd", "fffe"])
    lab.xbr("link set dev c3 shape min 1mbit")
    lab.xbr("link set dev c2 shape max off")
    assert classes(lab, trunk.port) == sorted([number["c1"], number["c3"], "fffd", "fffe"])
    lab.xbr("link del c1")
    assert classes(lab, trunk.port) == sorted([number["c3"], "fffd", "fffe"])
    lab.xbr("link del c3")
    assert classes(lab, trunk.port) == [] and roots(lab, trunk.port) != [["htb", HANDLE]]


@pytest.mark.parametrize("ending", ["link del v2", "bridge del br0"])
def test_it_goes_with_the_port(pair, ending):
    lab, _g1, _g2 = pair
    before = roots(lab, "v2")
    lab.xbr("link set dev v2 shape max 5mbit")
    assert roots(lab, "v2") == [["htb", HANDLE]]
    lab.xbr(ending)
    assert roots(lab, "v2") == before


def test_it_goes_with_detach(pair):
    lab, _g1, _g2 = pair
    before = roots(lab, "v2")
    lab.xbr("link set dev v2 shape max 5mbit")
    lab.agent.end()
    assert roots(lab, "v2") == [["htb", HANDLE]]
    lab.agent.run("--detach")
    assert roots(lab, "v2") == before


def test_a_dead_agent_s_rates_hold_and_the_next_one_adopts_them(pair):
    lab, g1, g2 = pair
    lab.xbr(f"link set dev {g2.port} shape max 2mbit shape min 1mbit")
    saved, shown = lab.xbr("save").stdout, tc(lab, "class", "show", "dev", g2.port)
    assert "shape min 1mbit shape max 2mbit" in saved
    lab.agent.kill9()
    sender = send(g1, ethernet(g2.mac, g1.mac).ljust(1500, b"\0"), 400, 4)
    rate = rate_at(g2, 2)
    lab.agent.start()
    sender.wait()
    assert 0.9 * 2e6 < rate < 1.02 * 2e6
    assert lab.xbr("save").stdout == saved and tc(lab, "class", "show", "dev", g2.port) == shown
    lab.xbr(f"link set dev {g2.port} shape max off shape min off")
    assert roots(lab, g2.port) != [["htb", HANDLE]]


def test_a_configuration_has_it(pair):
    lab, _g1, _g2 = pair
    plain = lab.xbr("save").stdout
    lab.xbr("link set dev v1 shape min 100kbit shape max 1gbit shape device 2gbit")
    saved = lab.xbr("save").stdout
    for text, there in ((plain, False), (saved, True), (plain, False)):
        path = os.path.join(lab.folder, "conf")
        with open(path, "w") as file:
            file.write(text)
        lab.xbr(["apply", path])
        assert lab.xbr("save").stdout == text and (roots(lab, "v1") == [["htb", HANDLE]]) == there


def test_a_qdisc_of_somebody_else_s_is_left_alone(pair):
    lab, _g1, _g2 = pair
    tc(lab, "qdisc", "add", "dev", "v2", "root", "handle", "5:", "tbf", "rate", "1mbit", "burst", "10kb", "latency", "50ms")
    before, saved = tc(lab, "qdisc", "show", "dev", "v2"), lab.xbr("save").stdout
    done = lab.xbr("link set dev v2 shape max 5mbit", check=False)
    assert done.returncode and "v2 has a qdisc of its own (tbf 5:)" in done.stderr
    assert tc(lab, "qdisc", "show", "dev", "v2") == before and lab.xbr("save").stdout == saved
    lab.xbr("link del v2")
    assert tc(lab, "qdisc", "show", "dev", "v2") == before
    done = lab.xbr("link add v2 master br0 shape max 5mbit", check=False)
    assert done.returncode and "qdisc of its own" in done.stderr and tc(lab, "qdisc", "show", "dev", "v2") == before


@pytest.mark.parametrize("words, sentence", [
    ("shape max 5kpps", "8kbit to 1tbit"),
    ("shape max 7kbit", "8kbit to 1tbit"),
    ("shape max fast", "fast"),
    ("shape most 5mbit", "most"),
    ("shape min 5mbit shape max 4mbit", "shape min is more than shape max"),
])
def test_bad_input_is_refused_with_a_sentence(pair, words, sentence):
    lab, _g1, _g2 = pair
    before = lab.xbr("save").stdout
    done = lab.xbr(f"link set dev v1 {words}", check=False)
    assert done.returncode in (1, 2) and sentence in done.stderr and done.stderr.count("\n") == 1
    assert lab.xbr("save").stdout == before and roots(lab, "v1") != [["htb", HANDLE]]


def test_xdp_leaves_frames_for_a_shaped_port_to_its_queue(pair):
    lab, g1, g2 = pair
    for guest in (g1, g2):
        lab.xbr(f"link set dev {guest.port} xdp native")
    lab.xbr(f"link set dev {g2.port} shape max 2mbit")
    hook = lab.show(f"link show {g2.port}")[0]["hook"]
    assert hook["tx_xdp"] is False and hook["tx_reason"].startswith("it is shaped")
    sender = send(g1, ethernet(g2.mac, g1.mac).ljust(1000, b"\0"), 600, 4)
    rate = rate_at(g2, 3)
    sender.wait()
    assert 0.9 * 2e6 < rate < 1.02 * 2e6
