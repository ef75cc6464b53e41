# SPDX-License-Identifier: Apache-2.0
"""Many of everything: ports, bridges, addresses, and what is said when there is no room for more."""

import json
import os
import socket
import time

import pytest

from lab import BROADCAST, Raw, ethernet, run, wait_for


class Pairs:
    """Plain veth pairs of the laboratory's host: port pN (up), its far end eN in one guest namespace, without a namespace each."""

    def __init__(self, lab, count, start=0):
        self.lab, self.ns = lab, f"{lab.name}-far"
        self.numbers = range(start, start + count)
        if self.ns not in lab.namespaces:
            run(f"ip netns add {self.ns}")
            lab.namespaces.append(self.ns)
            run(f"ip netns exec {self.ns} sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        self.batch(lab.ns, *(f"link add p{n} type veth peer name e{n} netns {self.ns}" for n in self.numbers))
        self.batch(self.ns, *(f"link set e{n} up" for n in self.numbers))
        self.batch(lab.ns, *(f"link set p{n} up" for n in self.numbers))

    @staticmethod
    def batch(ns, *lines):
        run("ip", "-n", ns, "-batch", "-", input="\n".join(lines))

    def delete(self, *numbers):
        self.batch(self.lab.ns, *(f"link del p{n}" for n in numbers))

    def listen(self, *numbers):
        return self.lab.listen(*((self.ns, f"e{n}") for n in numbers))

    def send(self, number, *frames):
        raw = Raw(self.ns, f"e{number}", receive_buffer=4096)
        for frame in frames:
            raw.send(frame)
        raw.close()

    def forwarding(self):
        self.lab.wait_forwarding(*(f"p{n}" for n in self.numbers))


def apply(lab, *lines, check=True):
    return lab.xbr("apply -", check=check, input="\n".join(lines) + "\n")


def mac(number):
    return "02:01:" + ":".join(f"{number >> shift & 255:02x}" for shift in (24, 16, 8, 0))


def drain(ears):
    """{number of the far end: frames} of whatever came."""
    time.sleep(0.3)
    return {int(place[1][1:]): ears.frames(place, quiet=0) for place in ears.raws}


def test_a_flood_to_64_ports_is_one_copy_each(running):
    pairs = Pairs(running, 64)
    apply(running, "bridge add br0", *(f"link add p{n} master br0" for n in pairs.numbers))
    running.host("ip link set br0 up")
    pairs.forwarding()
    with pairs.listen(*pairs.numbers) as ears:
        for source in (0, 31, 63):
            frames = [ethernet(dst, mac(source), payload=os.urandom(8)) for dst in (BROADCAST, "01:00:5e:01:02:03", mac(999))]
            pairs.send(source, *frames)
            got = drain(ears)
            assert got.pop(source) == []
            assert all(sorted(heard) == sorted(frames) for heard in got.values()), {n: len(heard) for n, heard in got.items()}
    stats = {s["ifname"]: s for s in running.show("stats show")}
    assert all(stats[f"p{n}"]["tx"]["packets"] == (6 if n in (0, 31, 63) else 9) for n in pairs.numbers)


def test_16_bridges_do_not_hear_each_other(running):
    pairs = Pairs(running, 48)
    apply(running, *(f"bridge add br{b}" for b in range(16)), *(f"link add p{n} master br{n % 16}" for n in pairs.numbers))
    pairs.forwarding()
    same = mac(7)  # the same address lives in every bridge
    with pairs.listen(*pairs.numbers) as ears:
        for b in range(16):
            pairs.send(b, ethernet(BROADCAST, same, payload=bytes([b])))
        got = drain(ears)
        assert all(heard == ([] if n < 16 else [ethernet(BROADCAST, same, payload=bytes([n % 16]))]) for n, heard in got.items())
        for b in range(16):
            pairs.send(b + 16, ethernet(same, mac(100), payload=bytes([b])))
        got = drain(ears)
        assert all(heard == ([ethernet(same, mac(100), payload=bytes([n]))] if n < 16 else []) for n, heard in got.items())
    learned = [entry for entry in json.loads(running.xbr("-j fdb show").stdout) if entry["mac"] == same]
    assert {entry["master"]: entry["ifname"] for entry in learned} == {f"br{b}": f"p{b}" for b in range(16)}
    running.xbr("bridge del br3")
    assert len(running.show("link show")) == 45


def test_240_ports_in_one_transaction_and_back(running):
    pairs = Pairs(running, 240)
    config = ["bridge add br0", *(f"link add p{n} master br0 fdb_max_learned {n + 1}" for n in pairs.numbers)]
    refused = apply(running, *config, "link add p999 master br0", check=False)
    assert refused.returncode == 1 and "p999" in refused.stderr
    assert running.show("bridge show") == [] and running.show("link show") == []
    apply(running, *config)
    pairs.forwarding()
    links = running.show("link show")
    assert {link["ifname"]: link["fdb_max_learned"] for link in links} == {f"p{n}": n + 1 for n in pairs.numbers}
    assert len({link["port"] for link in links}) == 240
    saved = running.xbr("save").stdout
    assert json.loads(running.xbr("-j apply -", input=saved).stdout or "{}").get("changed", 0) == 0
    assert running.xbr("save").stdout == saved
    with pairs.listen(*pairs.numbers[1:]) as ears:
        pairs.send(0, ethernet(BROADCAST, mac(0)))
        assert {len(heard) for heard in drain(ears).values()} == {1}
    apply(running, "bridge add br0", "link add p7 master br0 fdb_max_learned 8")
    assert [link["ifname"] for link in running.show("link show")] == ["p7"]


def test_port_numbers_used_again_do_not_inherit(running):
    """A number's former life (addresses, counters, settings) does not show in its next, 70 lives long: generations have 6 bits."""
    a, b, c = running.guests(3)
    running.bridge([a])
    for life in range(70):
        former, next_ = (b, c) if life % 2 else (c, b)
        running.xbr(f"link add {former.port} master br0 hairpin on fdb_max_learned 9")
        former.send(ethernet(BROADCAST, mac(life)))
        running.xbr(f"link del {former.port}")
        running.xbr(f"link add {next_.port} master br0")
        link = running.show(f"link show dev {next_.port}")[0]
        assert (link["port"], link["hairpin"], link["fdb_max_learned"], link["fdb_n_learned"]) == (3, False, 0, 0)
        assert not [entry for entry in running.fdb().values() if entry["state"] == ""]
        assert running.stats(next_.port)["rx"]["packets"] == 0
        running.xbr(f"link del {next_.port}")


# ---- addresses ----------------------------------------------------------------------------------------


def learn_many(lab, guest, numbers):
    """A frame from each address, in batches that a loaded machine can follow."""
    for n in numbers:
        guest.send(ethernet("02:00:00:00:ff:ff", mac(n)))
    wait_for(lambda: lab.stats(guest.port)["rx"]["packets"] >= len(numbers), timeout=20, what="all frames seen")


def counts(lab):
    link = lab.show("link show dev v1")[0]
    bridge = lab.show("bridge show")[0]
    return link["fdb_n_learned"], bridge["linkinfo"]["info_data"]["fdb_n_learned"]


def test_20000_addresses(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    learn_many(running, a, range(20000))
    held = running.fdb(state="")
    assert set(held) == {mac(n) for n in range(20000)} and {entry["ifname"] for entry in held.values()} == {a.port}
    assert counts(running) == (20000, 20000)
    assert running.stats(a.port)["reasons"]["learned"] == 20000
    bridge = running.show("bridge show")[0]
    assert bridge["fdb_used"] == 20000 + len(running.fdb(state="permanent")) and bridge["fdb_size"] >= 131072
    assert len(running.fdb(state="permanent")) == 3
    running.agent.kill9()
    running.agent.start("--fdb-size", "30000")
    assert set(running.fdb(state="")) == set(held) and counts(running) == (20000, 20000)
    frame = ethernet(mac(19999), b.mac)
    with running.listen(a) as ears:
        b.send(frame)
        assert ears.copies(frame) == {a: 1}
    assert running.stats(b.port)["reasons"]["unknown_unicast"] == 0
    running.xbr("fdb flush br br0")
    assert running.fdb(state="") == {} and counts(running) == (0, 0)


def test_fdb_show_pages_by_cursor(running):
    """Whole pages through the socket: every address once, whatever the page's size."""

    a, = running.guests(1)
    running.bridge([a])
    learn_many(running, a, range(2000))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(running.agent.socket)
    answers = connection.makefile("rw")

    def ask(**params):
        answers.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "fdb.show", "params": params}) + "\n")
        answers.flush()
        return json.loads(answers.readline())["result"]

    for limit in (7, 500, 5000):
        seen, page, pages = [], ask(limit=limit, state="dynamic"), 1
        while page["next"] is not None:
            assert len(page["entries"]) >= limit
            seen += page["entries"]
            page, pages = ask(limit=limit, state="dynamic", cursor=page["next"]), pages + 1
        seen += page["entries"]
        assert sorted(entry["mac"] for entry in seen) == sorted(mac(n) for n in range(2000))
        assert pages >= 2000 // (limit + 5)
    connection.close()


def test_a_table_too_small_says_so(lab):
    """Not learned for want of room is counted, half the table stays open to other ports, and a static entry is refused with a sentence."""
    a, b = lab.guests(2)
    lab.agent.start("--fdb-size", "64")
    lab.bridge([a, b])
    size = lab.show("bridge show")[0]["fdb_size"]
    learn_many(lab, a, range(4 * size))
    reasons = lab.stats(a.port)["reasons"]
    held = counts(lab)[0]
    assert reasons["learn_full"] > 0 and reasons["learned"] == held == len(lab.fdb(state="")) and size <= held and 2 * held <= 5 * size  # five slots a bucket
    assert reasons["learned"] + reasons["learn_full"] == 4 * size
    b.send(*(ethernet("02:00:00:00:ff:ff", mac(100000 + n)) for n in range(20)))
    wait_for(lambda: lab.stats(b.port)["rx"]["packets"] >= 20, what="b's frames")
    assert len(lab.fdb(ifname=b.port, state="")) > 5  # what a holds does not shut b out
    refusals = [lab.xbr(f"fdb add {mac(200000 + n)} dev {b.port} static", check=False) for n in range(4 * size)]
    refused = [done for done in refusals if done.returncode]
    assert refused and all(done.returncode == 1 and "no room for the address" in done.stderr and "--fdb-size" in done.stderr for done in refused)


def test_too_many_ports_are_refused_and_the_rest_stays(lab):
    guests = lab.guests(4)
    lab.agent.start("--max-ports", "4")  # numbers 1 to 3: the bridge's own and two more
    lab.bridge(guests[:2])
    refused = lab.xbr(f"link add {guests[2].port} master br0", check=False)
    assert refused.returncode == 1 and "all 3 port numbers are taken" in refused.stderr and "--max-ports" in refused.stderr
    refused = lab.xbr("bridge add br1", check=False)
    assert refused.returncode == 1 and "all 3 port numbers are taken" in refused.stderr
    assert lab.host("ip link show br1", check=False).returncode != 0
    refused = apply(lab, "bridge add br0", *(f"link add {guest.port} master br0" for guest in guests), check=False)
    assert refused.returncode == 1
    lab.host(f"ip link set {guests[3].port} master br0")
    wait_for(lambda: f"{guests[3].port} stays with the kernel's bridge: all 3 port numbers" in lab.agent.read_log(), what="the sentence")
    assert [link["ifname"] for link in lab.show("link show")] == [guest.port for guest in guests[:2]]
    frame = ethernet(BROADCAST, guests[0].mac)
    with lab.listen(*guests[:2]) as ears:
        guests[0].send(frame)
        assert ears.copies(frame) == {guests[0]: 0, guests[1]: 1}


@pytest.mark.parametrize("option, value", [("--max-ports", "1"), ("--max-ports", "16385"), ("--fdb-size", "63"), ("--fdb-size", "x")])
def test_sizes_out_of_range_are_refused_with_the_range(lab, option, value):
    done = lab.agent.run(option, value)
    assert done.returncode == 2 and f'{option} takes a number from' in done.stderr and f'not "{value}"' in done.stderr
