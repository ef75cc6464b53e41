# SPDX-License-Identifier: Apache-2.0
"""The agent's lives and deaths: forwarding needs none, and the next one finds everything as it was."""

import glob
import json
import os
import random
import signal
import time

import pytest

from lab import BROADCAST, BUILD, ROOT, TC, ethernet, run, wait_for
from stream import Stream

STATIC = "02:aa:00:00:00:01"
STICKY = "02:aa:00:00:00:02"
BLACKHOLE = "02:aa:00:00:00:03"


def pinned(lab, name):
    """bpftool's dump of a pinned map of the newest set, as JSON values."""
    newest = max(glob.glob(f"{lab.agent.pins}/v*-*"), key=lambda path: int(path.rsplit("-", 1)[1]))
    return [entry["formatted"]["value"] if "formatted" in entry else entry["value"]
            for entry in json.loads(run(f"bpftool -j map dump pinned {newest}/{name}").stdout)]


def pinned_addresses(lab):
    """{mac: {"port", "fid", "kind", "age"}} of the table as bpftool names its fields (bit fields are hexadecimal strings)."""
    found = {}
    for bucket in pinned(lab, "fdb"):
        for key, data in zip(bucket["key"], bucket["data"]):
            entry = {name: int(data[name], 16) for name in ("port", "kind", "age")}
            if entry["kind"]:
                found[":".join(f"{octet:02x}" for octet in key["mac"])] = {**entry, "fid": key["fid"]}
    return found


def learn(*guests):
    """Makes every guest known to its bridge."""
    for guest in guests:
        guest.send(ethernet(BROADCAST, guest.mac))


def settings(lab):
    return sorted(lab.xbr("save").stdout.splitlines())


# ---- death --------------------------------------------------------------------------------------------


def test_twenty_kills_lose_and_double_nothing(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    learn(b)
    wait_for(lambda: b.mac in running.fdb(), what="b learned")
    with Stream(a, b, rate=10000) as stream:
        for _ in range(20):
            running.agent.kill9()
            time.sleep(random.uniform(0, 0.1))
            running.agent.start()
            time.sleep(random.uniform(0, 0.1))
    stream.assert_whole(at_least=20000)


def test_kills_in_the_middle_of_a_start_or_a_migration_lose_nothing(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    learn(b)
    wait_for(lambda: b.mac in running.fdb(), what="b learned")
    with Stream(a, b, rate=10000) as stream:
        for attempt in range(24):
            running.agent.kill9()
            running.agent.start("--fdb-size", ("131072", "1000")[attempt % 2], wait=False)
            time.sleep(0.01 * attempt)
        running.agent.kill9()
        running.agent.start()
    stream.assert_whole(at_least=5000)
    assert running.fdb()[b.mac]["ifname"] == b.port
    assert len(glob.glob(f"{running.agent.pins}/v*-*")) == 1


def test_floods_lose_nothing_while_agents_come_and_go(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    with Stream(a, b, rate=2000, dst=BROADCAST) as stream:
        for _ in range(5):
            running.agent.kill9()
            running.agent.start()
    stream.assert_whole(at_least=200)


def test_a_host_that_comes_while_the_agent_is_dead_is_learned(lab):
    lab.agent.start("--fdb-size", "200")  # bpftool takes half a minute over the default's 65536 buckets
    a, b, c = lab.guests(3)
    lab.bridge([a, b])
    lab.xbr(f"link add {c.port} master br0")
    lab.wait_forwarding(c.port)
    lab.agent.kill9()
    assert b.mac not in pinned_addresses(lab)
    with lab.listen(a, b, c) as ears:
        hello = ethernet(BROADCAST, b.mac, payload=b"hello")
        b.send(hello)
        assert ears.copies(hello) == {a: 1, b: 0, c: 1}
        answer = ethernet(b.mac, a.mac, payload=b"answer")
        a.send(answer)
        assert ears.copies(answer) == {a: 0, b: 1, c: 0}
    numbers = {port["ifindex"]: number for number, port in enumerate(pinned(lab, "ports"))}
    index = json.loads(lab.host(f"ip -j link show dev {b.port}").stdout)[0]["ifindex"]
    entry = pinned_addresses(lab)[b.mac]
    assert (entry["port"], entry["kind"], entry["fid"]) == (numbers[index], 1, pinned(lab, "bridges")[1]["fid"])
    lab.agent.start("--fdb-size", "200")
    assert lab.fdb()[b.mac]["ifname"] == b.port


def test_pinned_ports_have_named_fields(running):
    a, = running.guests(1)
    running.bridge([a], link_options="fdb_max_learned 77 hairpin on")
    running.agent.kill9()
    port = next(port for port in pinned(running, "ports") if port["fdb_max_learned"] == 77)
    assert (port["bridge"], port["state"], port["mtu"], port["flags"] & 16) == (1, 3, 1500, 16)


def test_guests_reach_each_other_and_the_host_without_an_agent(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.host("ip addr add 10.0.9.9/16 dev br0")
    a.address(), b.address()
    running.agent.kill9()
    assert a.ping(b.ip) and a.ping("10.0.9.9") and b.ping("10.0.9.9")


# ---- coming back --------------------------------------------------------------------------------------


def furnish(lab, guests):
    """A bridge with something of everything on it; returns what must still be there afterwards."""
    lab.bridge(guests, options="ageing_time 200s fdb_max_learned 1000 group_fwd_mask 16384")
    a, b = guests[:2]
    lab.xbr(f"link set {a.port} hairpin on flood off isolated on learning on group_fwd_mask 8 fdb_max_learned 50")
    lab.xbr(f"fdb add {STATIC} dev {a.port} static")
    lab.xbr(f"fdb add {STICKY} dev {b.port} sticky")
    lab.xbr(f"fdb add {BLACKHOLE} dev {b.port} blackhole")
    learn(*guests)
    wait_for(lambda: all(guest.mac in lab.fdb() for guest in guests), what="all learned")
    return state(lab)


def state(lab):
    addresses = {mac: (e["ifname"], e["state"], e["flags"]) for mac, e in lab.fdb().items()}
    links = {link["ifname"]: (link["port"], link["state"], link["fdb_n_learned"], link["origin"]) for link in lab.show("link show")}
    frames = {s["ifname"]: (s["rx"], s["tx"], s["reasons"]) for s in lab.show("stats show") if s["ifname"] and s["ifname"] != "br0"}
    return addresses, links, frames, settings(lab), lab.show("bridge show")[0]["linkinfo"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_restart_keeps_addresses_counters_and_settings(running, how):
    guests = running.guests(3)
    before = furnish(running, guests)
    running.agent.end(how)
    running.agent.start()
    assert state(running) == before
    with running.listen(*guests) as ears:
        frame = ethernet(guests[1].mac, guests[2].mac)
        guests[2].send(frame)
        assert ears.copies(frame) == {guests[0]: 0, guests[1]: 1, guests[2]: 0}


@pytest.mark.parametrize("options", [("--fdb-size", "500"), ("--fdb-size", "1000000"), ("--max-ports", "16"), ("--max-ports", "9000"),
                                     ("--fdb-size", "4096", "--max-ports", "64")], ids=" ".join)
def test_other_sizes_migrate(running, options):
    guests = running.guests(4)
    before = furnish(running, guests[:3])
    running.agent.kill9()
    running.agent.start(*options)
    assert state(running) == before
    assert len(os.listdir(running.agent.pins)) == 2  # links, and one set
    running.xbr(f"link add {guests[3].port} master br0")
    running.wait_forwarding(guests[3].port)


def test_a_migration_loses_nothing_of_a_stream(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    learn(b)
    wait_for(lambda: b.mac in running.fdb(), what="b learned")
    with Stream(a, b) as stream:
        for options in (["--fdb-size", "1000"], ["--max-ports", "64"], ["--fdb-size", "300000", "--max-ports", "2000"], []):
            running.agent.kill9()
            running.agent.start(*options)
    stream.assert_whole(at_least=1000)


def test_max_ports_too_small_for_what_is_there_is_refused(running):
    guests = running.guests(4)
    before = furnish(running, guests)
    running.agent.end()
    done = running.agent.run("--max-ports", "4")
    assert (done.returncode, done.stderr) == (1, "xbrd: what is in use does not fit --max-ports 4 and --fdb-size 131072\n")
    running.agent.start()
    assert state(running) == before


def test_port_numbers_given_back_do_not_stand_in_the_way_of_fewer(running):
    guests = running.guests(6)
    running.bridge(guests)
    for guest in guests[2:]:
        running.xbr(f"link del {guest.port}")
    running.agent.end()
    running.agent.start("--max-ports", "5")
    assert len(running.show("link show")) == 2


def test_learned_addresses_that_a_smaller_table_has_no_room_for_are_no_hindrance(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr(f"fdb add {STATIC} dev {a.port} static")
    for n in range(2000):
        b.send(ethernet(BROADCAST, f"02:07:00:00:{n >> 8:02x}:{n & 255:02x}"))
    wait_for(lambda: len(running.fdb(state="")) == 2000, what="all learned")
    running.agent.end()
    running.agent.start("--fdb-size", "64")
    assert STATIC in running.fdb()
    held = len(running.fdb(state=""))
    assert 64 <= held < 2000
    wait_for(lambda: running.show(f"link show dev {b.port}")[0]["fdb_n_learned"] == held, what="counted right")


@pytest.fixture(scope="module")
def newer_xbrd(tmp_path_factory):
    """An xbrd of the next layout of maps: the same source with another XBR_ABI_VERSION."""
    folder = tmp_path_factory.mktemp("newer")
    sources = [source for pattern in ("agent/*.c", "agent/*/*.c", "cli/grammar*.c")
               for source in glob.glob(os.path.join(ROOT, pattern))]
    run("gcc", "-std=gnu17", "-O0", f"-I{ROOT}/include", f"-I{ROOT}/agent", f"-I{BUILD}", "-D_GNU_SOURCE=", "-DXBR_ABI_VERSION=1000",
        '-DXBR_VERSION="0.2.0"', "-o", str(folder / "xbrd"), *sources, "-lbpf", "-lmnl", "-lsystemd", "-ljansson")
    return str(folder / "xbrd")


def test_a_newer_agent_migrates_an_older_layout_under_traffic(running, newer_xbrd):
    a, b, c = guests = running.guests(3)
    before = furnish(running, guests)
    running.xbr(f"link set {a.port} isolated off")
    before = state(running)[:2] + state(running)[3:]
    with Stream(a, b) as stream:
        running.agent.kill9()
        running.agent.start(binary=newer_xbrd)
        time.sleep(0.3)
    stream.assert_whole(at_least=2000)
    after = state(running)
    assert after[:2] + after[3:] == before
    assert running.show("version")["abi"] == 1000
    assert sorted(os.listdir(running.agent.pins)) == ["links", "v1000-1"]


def test_what_a_dying_agent_left_half_made_is_cleaned(running):
    guests = running.guests(2)
    before = furnish(running, guests)
    running.agent.kill9()
    sets = [name for name in os.listdir(running.agent.pins) if name.startswith("v")]
    half = f"{running.agent.pins}/v2-7"
    os.mkdir(half)
    run(f"bpftool map create {half}/ports type array key 4 value 64 entries 4 name ports")
    os.mkdir(f"{running.agent.pins}/v2-8")
    running.agent.start()
    assert sorted(os.listdir(running.agent.pins)) == sorted(["links", *sets])
    assert state(running) == before


# ---- two agents ---------------------------------------------------------------------------------------


def test_a_second_agent_on_the_same_pins_is_refused(running):
    guests = running.guests(2)
    before = furnish(running, guests)
    for options in ((), ("--detach",)):
        second = running.agent.run("--socket", f"{running.folder}/second.sock", *options)
        assert second.returncode == 1
        assert f"another xbrd is using the pin directory {running.agent.pins}" in second.stderr
        assert state(running) == before


def test_a_second_agent_on_the_same_socket_is_refused(running):
    second = running.agent.run("--pin-dir", f"{running.bpffs}/second")
    assert second.returncode == 1 and running.agent.socket in second.stderr
    assert running.agent.answers()


# ---- configuration ------------------------------------------------------------------------------------


def write(lab, name, *lines):
    path = os.path.join(lab.folder, name)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def bridge_line(guests, name="br0", options=""):
    return [f"bridge add {name} {options}", *(f"link add {guest.port} master {name}" for guest in guests)]


def test_another_configuration_converges_and_leaves_the_rest_alone(lab):
    a, b, c, d = lab.guests(4)
    lab.agent.config = write(lab, "one.conf", *bridge_line([a, b, c]), f"fdb add {STATIC} dev {a.port} static")
    lab.agent.start()
    lab.wait_forwarding(a.port, b.port, c.port)
    learn(b)
    wait_for(lambda: b.mac in lab.fdb(), what="b learned")
    numbers = {link["ifname"]: link["port"] for link in lab.show("link show")}
    with Stream(a, b) as stream:
        lab.agent.kill9()
        lab.agent.config = write(lab, "two.conf", *bridge_line([a, b, d], options="ageing_time 100s"), "bridge add br1",
                                 f"link set {a.port} hairpin on", f"fdb add {STICKY} dev {d.port} sticky")
        lab.agent.start()
        lab.wait_forwarding(a.port, b.port, d.port)
    stream.assert_whole(at_least=500)
    links = {link["ifname"]: link for link in lab.show("link show")}
    assert sorted(links) == [a.port, b.port, d.port]
    assert links[a.port]["hairpin"] and not links[b.port]["hairpin"]
    assert {name: links[name]["port"] for name in (a.port, b.port)} == {name: numbers[name] for name in (a.port, b.port)}
    assert {bridge["ifname"] for bridge in lab.show("bridge show")} == {"br0", "br1"}
    assert STICKY in lab.fdb() and STATIC not in lab.fdb() and lab.fdb()[b.mac]["ifname"] == b.port
    assert "master" not in json.loads(lab.host(f"ip -j link show dev {c.port}").stdout)[0]


def test_the_same_configuration_keeps_what_was_changed_since(lab):
    a, b = lab.guests(2)
    lab.agent.config = write(lab, "xbr.conf", *bridge_line([a, b]))
    lab.agent.start()
    lab.xbr(f"link set {a.port} hairpin on")
    lab.xbr(f"link del {b.port}")
    lab.agent.end()
    lab.agent.start()
    links = {link["ifname"]: link for link in lab.show("link show")}
    assert list(links) == [a.port] and links[a.port]["hairpin"]


def test_a_configured_port_waits_for_its_device(lab):
    a, = lab.guests(1)
    lab.agent.config = write(lab, "xbr.conf", *bridge_line([a]), "link add v2 master br0 isolated on")
    lab.agent.start()
    assert not lab.show("link show dev v2")[0]["present"]
    b, = lab.guests(1)
    lab.wait_forwarding(a.port, b.port)
    assert lab.show("link show dev v2")[0]["isolated"]


@pytest.mark.parametrize("lines, where", [
    (["bridge add br0", "link add v1 master br0 haripin on"], "2:24:"),
    (["bridge add br0", "", "fdb add 02:00 dev v1"], "3:9:"),
    (["bridge add br0", "link add v1 master br1"], "2:1:"),
    (["bridge add br0 ageing_time 'x"], "1:"),
], ids=["word", "value", "reference", "quote"])
def test_a_broken_configuration_is_told_by_its_place_and_changes_nothing(running, lines, where):
    a, b = guests = running.guests(2)
    before = furnish(running, guests)
    running.agent.end()
    broken = write(running, "broken.conf", *lines)
    running.agent.config = broken
    running.agent.start(wait=False)
    wait_for(lambda: f"{broken}:{where}" in running.agent.read_log(), what="the sentence with the place")
    with running.listen(a, b) as ears:
        frame = ethernet(b.mac, a.mac, payload=b"still here")
        a.send(frame)
        # a is isolated, b is not
        assert ears.copies(frame) == {a: 0, b: 1}
    running.agent.end()
    running.agent.config = "/dev/null"
    running.agent.start()
    after = state(running)
    assert after[0] == before[0] and after[3:] == before[3:]


def test_an_agent_with_a_broken_configuration_and_nothing_to_adopt_ends_with_a_sentence(lab):
    broken = write(lab, "broken.conf", "bridge add br0", "bridge del br0")
    lab.agent.config = broken
    done = lab.agent.run()
    assert done.returncode == 1 and f"{broken}:2:1: " in done.stderr
    lab.agent.config = os.path.join(lab.folder, "nowhere.conf")
    done = lab.agent.run()
    assert done.returncode == 1 and "nowhere.conf: No such file or directory" in done.stderr


@pytest.mark.skipif("tcx" not in TC, reason="a kernel before 6.6 has one way only")
@pytest.mark.parametrize("first, then", [("tcx", "clsact"), ("clsact", "tcx")])
def test_a_restart_with_another_way_to_attach_stays_with_the_one_that_is(lab, first, then):
    a, b = guests = lab.guests(2)
    lab.agent.start("--tc", first)
    before = furnish(lab, guests)
    lab.agent.kill9()
    lab.agent.start("--tc", then)
    assert state(lab) == before
    with lab.listen(a, b) as ears:
        frame = ethernet(b.mac, a.mac, payload=b"the same hook")
        a.send(frame)
        assert ears.copies(frame) == {a: 0, b: 1}
    assert lab.show(f"link show dev {a.port}")[0]["hook"]["tc"] == first
