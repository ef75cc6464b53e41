# SPDX-License-Identifier: Apache-2.0
"""What happens to devices by other hands, and how the agent follows."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from lab import BROADCAST, TC, XBR, Raw, ethernet, run, wait_for


def ports(lab):
    return {link["ifname"]: link for link in lab.show("link show")}


def wait_ports(lab, *names):
    wait_for(lambda: sorted(ports(lab)) == sorted(names), what=f"ports {names}")


def link_of(lab, name):
    return json.loads(lab.host(f"ip -j -d link show dev {name}").stdout)[0]


def hears(lab, guest, *others, quiet=0.2):
    """Which of others get a broadcast of guest."""
    frame = ethernet(BROADCAST, guest.mac, payload=os.urandom(8))
    with lab.listen(*others) as ears:
        guest.send(frame)
        copies = ears.copies(frame, quiet)
    assert set(copies.values()) <= {0, 1}, copies
    return {other for other, count in copies.items() if count}


def settled(lab):
    """The agent has read all events so far: one made now has come through."""
    lab.host("ip link add settled type bridge")
    lab.host("ip link set settled master br0", check=False)
    lab.host("ip link del settled")
    lab.xbr("version")


# ---- master -------------------------------------------------------------------------------------------


def test_whoever_is_enslaved_to_the_device_becomes_a_port(running):
    a, b, c = running.guests(3)
    running.bridge([a])
    running.host(f"ip link set {b.port} master br0")
    running.wait_forwarding(b.port)
    assert {name: port["origin"] for name, port in ports(running).items()} == {a.port: "user", b.port: "adopted"}
    assert hears(running, a, b, c) == {b}
    assert b.port not in running.xbr("save").stdout  # somebody else's is not ours to save
    running.host(f"ip link set {b.port} nomaster")
    wait_ports(running, a.port)
    assert hears(running, a, b, c) == set()
    assert "xbr" not in running.host(f"bpftool net show dev {b.port}").stdout


def test_a_users_port_stays_whatever_master_says(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.host(f"ip link set {b.port} nomaster")
    wait_for(lambda: "somebody took v2 out of br0" in running.agent.read_log(), what="the agent's sentence")
    assert hears(running, a, b) == {b}
    assert hears(running, b, a) == {a}
    running.agent.kill9()
    running.agent.start()
    assert sorted(ports(running)) == [a.port, b.port]
    assert hears(running, a, b) == {b}


def test_setting_an_adopted_port_makes_it_the_users(running):
    a, b = running.guests(2)
    running.bridge([a])
    running.host(f"ip link set {b.port} master br0")
    running.wait_forwarding(b.port)
    running.xbr(f"link set {b.port} isolated on")
    assert ports(running)[b.port]["origin"] == "user"
    running.host(f"ip link set {b.port} nomaster")
    wait_for(lambda: "master" not in link_of(running, b.port), what="nomaster")
    running.xbr("version")
    assert sorted(ports(running)) == [a.port, b.port]


def test_master_from_one_bridge_to_another(running):
    a, b, c = running.guests(3)
    running.bridge([a])
    running.bridge([b], name="br1")
    running.host(f"ip link set {c.port} master br0")
    running.wait_forwarding(c.port)
    running.host(f"ip link set {c.port} master br1")
    wait_for(lambda: ports(running).get(c.port, {}).get("master") == "br1", what="v3 in br1")
    running.wait_forwarding(c.port)
    assert hears(running, c, a, b) == {b}


def test_master_many_times_ends_as_the_last_word_was(running):
    a, b = running.guests(2)
    running.bridge([a])
    for last in (b.port, None):
        for _ in range(30):
            running.host(f"ip link set {b.port} master br0")
            running.host(f"ip link set {b.port} nomaster")
        if last:
            running.host(f"ip link set {b.port} master br0")
            running.wait_forwarding(b.port)
        else:
            wait_ports(running, a.port)


# ---- the device itself --------------------------------------------------------------------------------


def test_a_renamed_device_is_followed(running):
    a, b = running.guests(2)
    running.bridge([a, b], link_options="fdb_max_learned 5")
    number = ports(running)[b.port]["port"]
    running.host(f"ip link set {b.port} name uplink")
    wait_ports(running, a.port, "uplink")
    assert (ports(running)["uplink"]["port"], ports(running)["uplink"]["fdb_max_learned"]) == (number, 5)
    assert hears(running, a, b) == {b}
    assert "link add dev uplink master br0" in running.xbr("save").stdout
    running.agent.kill9()
    running.host("ip link set uplink name other")
    running.agent.start()
    assert ports(running)["other"]["port"] == number
    running.xbr("link del other")
    assert hears(running, a, b) == set()


def test_a_name_taken_over_by_another_device(running):
    """b is renamed away and c gets b's former name: c is no port, b stays one."""
    a, b, c = running.guests(3)
    running.bridge([a, b])
    running.host(f"ip link set {b.port} name away")
    running.host(f"ip link set {c.port} name {b.port}")
    wait_ports(running, a.port, "away")
    assert hears(running, a, b, c) == {b}


@pytest.mark.parametrize("who", ["guest", "host"])
def test_a_port_without_carrier_is_disabled_and_forgets(running, who):
    a, b, c = running.guests(3)
    running.bridge([a, b, c])
    running.xbr(f"fdb add 02:aa:00:00:00:01 dev {b.port} static")
    hears(running, b, a)
    wait_for(lambda: b.mac in running.fdb(), what="b learned")
    turn = (lambda how: b.run(f"ip link set eth0 {how}")) if who == "guest" else (lambda how: running.host(f"ip link set {b.port} {how}"))
    turn("down")
    wait_for(lambda: ports(running)[b.port]["state"] == "disabled", what="disabled")
    assert b.mac not in running.fdb() and "02:aa:00:00:00:01" in running.fdb()
    assert hears(running, a, c) == {c}
    turn("up")
    running.wait_forwarding(b.port)
    assert hears(running, a, b, c) == {b, c}


def test_a_changed_mtu_is_followed(running):
    a, b = running.guests(2, mtu=3000)
    running.bridge([a, b])
    hears(running, b, a)
    frame = ethernet(b.mac, a.mac, length=2900)
    with running.listen(b) as ears:
        a.send(frame)
        assert ears.copies(frame) == {b: 1}
        running.host(f"ip link set {b.port} mtu 1500")
        wait_for(lambda: ports(running)[b.port]["mtu"] == 1500, what="the new MTU")
        a.send(frame)
        assert ears.copies(frame) == {b: 0}
    assert running.stats(a.port)["reasons"]["egress_mtu"] == 1


@contextlib.contextmanager
def traffic(guest, *frames):
    """Sends as fast as it can in a thread; a device that is gone does not end it."""
    stop = threading.Event()

    def send():
        while not stop.is_set():
            for frame in frames:
                try:
                    guest.send(frame)
                except OSError:
                    time.sleep(0.01)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def new_device(lab, guest, index=None):
    """guest.port again, of the same name (and ifindex, if given)."""
    lab.host(f"ip link add {guest.port} {f'index {index}' if index else ''} type veth peer name eth0 netns {guest.ns} address {guest.mac}")
    guest.run("ip link set eth0 up")
    lab.host(f"ip link set {guest.port} up")
    guest.close()
    guest._raw = None


def test_a_device_deleted_under_traffic_and_made_again(running):
    a, b, c = running.guests(3)
    running.bridge([a, b, c], link_options="fdb_max_learned 9")
    hears(running, b, a)
    with traffic(a, ethernet(b.mac, a.mac), ethernet(BROADCAST, a.mac)):
        for _ in range(5):
            running.host(f"ip link del {b.port}")
            wait_for(lambda: not ports(running)[b.port]["present"], what="the port waits")
            assert "ifindex" not in ports(running)[b.port] and ports(running)[b.port]["state"] == "disabled"
            new_device(running, b)
            running.wait_forwarding(b.port)
    assert ports(running)[b.port]["fdb_max_learned"] == 9 and link_of(running, b.port)["master"] == "br0"
    assert hears(running, a, b, c) == {b, c} and hears(running, b, a, c) == {a, c}


def test_a_waiting_port_is_kept_by_a_restart_and_bound_when_its_device_came_meanwhile(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.xbr(f"fdb add 02:aa:00:00:00:01 dev {b.port} static")
    running.host(f"ip link del {b.port}")
    wait_for(lambda: not ports(running)[b.port]["present"], what="the port waits")
    saved = running.xbr("save").stdout
    running.agent.kill9()
    running.agent.start()
    assert running.xbr("save").stdout == saved and not ports(running)[b.port]["present"]
    running.agent.kill9()
    new_device(running, b)
    running.agent.start()
    running.wait_forwarding(b.port)
    assert hears(running, a, b) == {b}


def test_an_adopted_port_goes_with_its_device(running):
    a, b = running.guests(2)
    running.bridge([a])
    running.host(f"ip link set {b.port} master br0")
    running.wait_forwarding(b.port)
    running.host(f"ip link del {b.port}")
    wait_ports(running, a.port)
    new_device(running, b)
    running.xbr("version")
    assert sorted(ports(running)) == [a.port]


@pytest.mark.parametrize("while_dead", [False, True], ids=["agent", "no agent"])
def test_an_ifindex_used_again_by_another_device(running, while_dead):
    """The device goes, and a stranger gets its number: the stranger is no port, and b's addresses do not lead to it."""
    a, b, c = running.guests(3)
    running.bridge([a, b])
    hears(running, b, a)
    index = link_of(running, b.port)["ifindex"]
    if while_dead:
        running.agent.kill9()
    running.host(f"ip link del {b.port}")
    run(f"ip -n {running.ns} link add stranger index {index} type veth peer name eth1 netns {c.ns}")
    run(f"ip -n {running.ns} link set stranger up")
    c.run("ip link set eth1 up")
    if while_dead:
        running.agent.start()
    wait_for(lambda: not ports(running)[b.port]["present"], what="b's port waits")
    assert link_of(running, "stranger")["ifindex"] == index
    with running.listen((c.ns, "eth1")) as ears:
        for frame in (ethernet(b.mac, a.mac), ethernet(BROADCAST, a.mac)):
            a.send(frame)
            assert list(ears.copies(frame).values()) == [0]
    new_device(running, b)
    running.wait_forwarding(b.port)
    assert hears(running, a, b) == {b}


@pytest.mark.parametrize("while_dead", [False, True], ids=["agent", "no agent"])
def test_the_same_name_and_ifindex_on_a_new_device(running, while_dead):
    a, b = running.guests(2)
    running.bridge([a, b])
    hears(running, b, a)
    index = link_of(running, b.port)["ifindex"]
    if while_dead:
        running.agent.kill9()
    running.host(f"ip link del {b.port}")
    new_device(running, b, index)
    if while_dead:
        running.agent.start()
    running.wait_forwarding(b.port)
    wait_for(lambda: hears(running, a, b) == {b}, what="b hears")
    assert hears(running, b, a) == {a}


@pytest.mark.parametrize("tc", TC)
@pytest.mark.parametrize("xdp", ["auto", "native", "generic"])
def test_a_device_moved_to_another_namespace_is_free(lab, tc, xdp):
    a, b, c, d = lab.guests(4)
    lab.agent.start("--tc", tc)
    lab.bridge([a, b, c], link_options=f"xdp {xdp}")
    lab.host(f"ip link set {b.port} netns {d.ns}")
    wait_for(lambda: not ports(lab)[b.port]["present"], what="the port waits")
    assert hears(lab, a, b, c) == {c}
    assert hears(lab, b, a, c) == set()
    d.run(f"ip link set {b.port} up")
    assert "xbr" not in d.run("bpftool net show").stdout
    # it can be used there: a bridge of the kernel's own, with d's other device
    d.run("ip link add kbr type bridge forward_delay 0")
    d.run(f"ip link set {b.port} master kbr")
    d.run("ip link set kbr up")
    d.run("ip addr add 10.9.0.1/24 dev kbr")
    b.run("ip addr add 10.9.0.2/24 dev eth0")
    wait_for(lambda: b.ping("10.9.0.1", count=1), what="b reaches its new place")
    # and it can come back
    d.run(f"ip link set {b.port} netns {lab.ns}")
    lab.host(f"ip link set {b.port} up")
    lab.wait_forwarding(b.port)
    wait_for(lambda: hears(lab, a, b, c) == {b, c}, what="b hears again")


def test_a_device_moved_away_while_no_agent_ran_is_let_go(running):
    a, b, c = running.guests(3)
    running.bridge([a, b])
    running.agent.kill9()
    running.host(f"ip link set {b.port} netns {c.ns}")
    running.agent.start()
    assert not ports(running)[b.port]["present"]
    assert "xbr" not in c.run("bpftool net show").stdout


# ---- the bridge device --------------------------------------------------------------------------------


def test_the_bridge_device_deleted_by_somebody_frees_its_ports(running):
    a, b, c = running.guests(3)
    running.bridge([a, b])
    running.bridge([c], name="br1")
    running.host("ip link del br0")
    wait_ports(running, c.port)
    assert [bridge["ifname"] for bridge in running.show("bridge show")] == ["br1"]
    assert hears(running, a, b, c) == set()
    assert "xbr" not in running.host(f"bpftool net show dev {a.port}").stdout
    running.bridge([a, b])
    assert hears(running, a, b, c) == {b}


def test_the_bridge_device_deleted_while_no_agent_ran(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.agent.kill9()
    running.host("ip link del br0")
    running.agent.start()
    assert running.show("bridge show") == [] and ports(running) == {}
    running.bridge([a, b])
    assert hears(running, a, b) == {b}


def test_the_bridge_device_renamed(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    running.host("ip link set br0 name lan")
    wait_for(lambda: [bridge["ifname"] for bridge in running.show("bridge show")] == ["lan"], what="the new name")
    assert {port["master"] for port in ports(running).values()} == {"lan"}
    assert hears(running, a, b) == {b}
    running.xbr(f"link del {b.port}")
    running.xbr("bridge del lan")
    assert running.host("ip link show lan", check=False).returncode != 0


def test_a_bridge_that_is_down_switches_for_its_guests_but_not_for_the_host(running):
    """As the kernel's bridge does not: it stops all. xbr's ports go on; only the host's own port is shut."""
    a, b = running.guests(2)
    running.bridge([a, b])
    running.host("ip addr add 10.0.9.9/16 dev br0")
    a.address(), b.address()
    assert a.ping("10.0.9.9") and a.ping(b.ip)
    running.host("ip link set br0 down")
    wait_for(lambda: "UP" not in running.show("bridge show")[0]["flags"], what="br0 down")
    assert a.ping(b.ip) and not a.ping("10.0.9.9", count=1, wait=0.2)
    running.host("ip link set br0 up")
    wait_for(lambda: a.ping("10.0.9.9", count=1), what="the host again")


def test_the_bridges_address_does_not_change_when_ports_come_and_go(running):
    guests = running.guests(3)
    for number, guest in enumerate(guests):
        running.host(f"ip link set {guest.port} address 00:00:0{number}:00:00:01")  # lower than any random one
    running.xbr("bridge add br0")
    address = link_of(running, "br0")["address"]
    for guest in guests:
        running.xbr(f"link add {guest.port} master br0")
        assert link_of(running, "br0")["address"] == address
    for guest in guests:
        running.xbr(f"link del {guest.port}")
        assert link_of(running, "br0")["address"] == address
    running.host(f"ip link set {guests[0].port} master br0")
    running.wait_forwarding(guests[0].port)
    assert link_of(running, "br0")["address"] == address == running.show("bridge show")[0]["address"]


def test_the_bridges_address_changed_by_somebody_is_followed(running):
    a, = running.guests(1)
    running.bridge([a])
    former = link_of(running, "br0")["address"]
    running.host("ip link set br0 address 02:cc:00:00:00:01")
    wait_for(lambda: running.fdb().get("02:cc:00:00:00:01", {}).get("state") == "permanent", what="the new address")
    assert former not in running.fdb()
    running.host("ip addr add 10.0.9.9/16 dev br0")
    a.address()
    assert a.ping("10.0.9.9")


# ---- many ---------------------------------------------------------------------------------------------


def batch(lab, *lines):
    run("ip", "-n", lab.ns, "-force", "-batch", "-", input="\n".join(lines), check=False)


def consistent(lab, wanted):
    """The agent's ports, their states, and the kernel's word agree."""
    there = {link["ifname"]: link for link in json.loads(lab.host("ip -j -d link show").stdout)}
    now = ports(lab)
    return sorted(now) == sorted(wanted) and all(
        port["present"] and port["ifindex"] == there[name]["ifindex"] and there[name].get("master") == "br0"
        for name, port in now.items())


def test_many_devices_made_and_deleted_at_once(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    pairs = range(150)
    for _ in range(2):
        batch(running, *(f"link add x{n} type veth peer name y{n}" for n in pairs), *(f"link set x{n} up master br0" for n in pairs),
              *(f"link set y{n} up" for n in pairs))
        wait_for(lambda: consistent(running, [a.port, b.port, *(f"x{n}" for n in pairs)]), timeout=20, what="all there")
        batch(running, *(f"link del x{n}" for n in pairs))
        wait_for(lambda: consistent(running, [a.port, b.port]), timeout=20, what="all gone")
    assert hears(running, a, b) == {b}
    assert len(os.listdir(f"{running.agent.pins}/links")) == 3


def test_events_that_the_kernel_dropped_are_made_up_for(running):
    """The agent sleeps over more events than its socket holds; among them its ports' devices are exchanged under their numbers."""
    a, b, c, d = running.guests(4)
    running.bridge([a, b, c])
    indexes = {guest: link_of(running, guest.port)["ifindex"] for guest in (b, c)}
    os.kill(running.agent.process.pid, signal.SIGSTOP)
    try:
        batch(running, *(line for n in range(60) for line in (
            f"link add x{n} type veth peer name y{n}", *(f"link set {side}{n} {how}" for how in ("up", "down") * 10 for side in "xy"))))
        running.host(f"ip link del {b.port}")
        running.host(f"ip link del {c.port}")
        new_device(running, b, indexes[c])
        new_device(running, c, indexes[b])
        running.host(f"ip link set {d.port} master br0")
        batch(running, *(f"link set x{n} master br0" for n in range(5)), *(f"link del x{n}" for n in range(5, 60)))
    finally:
        os.kill(running.agent.process.pid, signal.SIGCONT)
    wait_for(lambda: consistent(running, [a.port, b.port, c.port, d.port, *(f"x{n}" for n in range(5))]), timeout=20, what="consistent")
    assert "dropped link events" in running.agent.read_log()
    running.wait_forwarding(a.port, b.port, c.port, d.port)
    assert hears(running, a, b, c, d) == {b, c, d} and hears(running, c, a, b, d) == {a, b, d}


# ---- xbr monitor --------------------------------------------------------------------------------------


class Monitor:
    def __init__(self, lab, *words):
        self.path = os.path.join(lab.folder, f"monitor{len(lab.processes)}")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen([XBR, "--socket", lab.agent.socket, *words], stdout=out)
        lab.processes.append(self.process)
        self.lab = lab

    def text(self):
        with open(self.path) as file:
            return file.read()

    def events(self):
        return [json.loads(line) for line in self.text().splitlines() if line.strip()]


def is_listening(lab, monitor):
    """A monitor tells of something made after it began."""
    for n in range(100):
        lab.xbr(f"bridge add probe{n}")
        lab.xbr(f"bridge del probe{n}")
        time.sleep(0.02)
        if "probe" in monitor.text():
            return
    raise AssertionError("the monitor says nothing")


def find(monitor, **wanted):
    def there():
        return [e for e in monitor.events() if all(e.get(key) == value for key, value in wanted.items())]
    return wait_for(there, what=f"an event {wanted}, not only {monitor.text()}")


def test_monitor_tells_what_happens_in_json(running):
    a, b = running.guests(2)
    running.bridge([a])
    monitor = Monitor(running, "-j", "monitor", "all")
    is_listening(running, monitor)
    running.xbr(f"link add {b.port} master br0")
    find(monitor, object="link", event="add", ifname=b.port, master="br0")
    running.xbr(f"link set {b.port} hairpin on")
    assert find(monitor, object="link", event="set", ifname=b.port, hairpin=True)
    running.wait_forwarding(b.port)
    running.xbr(f"link set {b.port} hairpin off")
    a.send(ethernet(BROADCAST, a.mac))
    find(monitor, object="fdb", event="add", mac=a.mac, ifname=a.port, state="")
    b.send(ethernet(BROADCAST, a.mac))
    assert find(monitor, object="fdb", event="move", mac=a.mac, ifname=b.port)[0]["from"] == a.port
    running.xbr(f"fdb flush dev {b.port} older_than 0")
    running.xbr(f"fdb add 02:aa:00:00:00:01 dev {a.port} static")
    find(monitor, object="fdb", event="add", mac="02:aa:00:00:00:01", state="static")
    running.xbr(f"fdb del 02:aa:00:00:00:01 dev {a.port}")
    find(monitor, object="fdb", event="del", mac="02:aa:00:00:00:01")
    a.send(ethernet(BROADCAST, a.mac))
    wait_for(lambda: a.mac in running.fdb(), what="a learned again")
    running.xbr("fdb flush br br0")
    find(monitor, object="fdb", event="flush")
    running.host(f"ip link set {b.port} down")
    find(monitor, object="link", event="set", ifname=b.port, state="disabled")
    running.xbr(f"link del {b.port}")
    find(monitor, object="link", event="del", ifname=b.port)
    numbers = [event["seq"] for event in monitor.events()]
    assert numbers == sorted(set(numbers))


def test_monitor_tells_only_of_what_was_asked(running):
    a, = running.guests(1)
    running.bridge([a])
    every, fdb = Monitor(running, "-j", "monitor"), Monitor(running, "-j", "monitor", "fdb")
    is_listening(running, every)
    time.sleep(0.2)
    running.xbr(f"link set {a.port} hairpin on")
    running.xbr(f"fdb add 02:aa:00:00:00:01 dev {a.port} static")
    find(fdb, event="add", mac="02:aa:00:00:00:01")
    find(every, object="link", event="set", ifname=a.port)
    assert {event["object"] for event in fdb.events()} == {"fdb"}


def test_monitor_in_words(running):
    a, b = running.guests(2)
    running.bridge([a, b])
    monitor = Monitor(running, "monitor")
    is_listening(running, monitor)
    a.send(ethernet(BROADCAST, a.mac))
    wait_for(lambda: f"{a.mac} dev {a.port}" in monitor.text(), what=f"the address in {monitor.text()}")
    running.xbr(f"fdb add 02:aa:00:00:00:01 dev {b.port} static")
    running.xbr(f"fdb del 02:aa:00:00:00:01 dev {b.port}")
    wait_for(lambda: "Deleted 02:aa:00:00:00:01" in monitor.text() or "[FDB]Deleted" in monitor.text(), what="the deletion")
    running.xbr(f"link del {b.port}")
    wait_for(lambda: b.port in monitor.text().splitlines()[-1] or "Deleted" in monitor.text(), what="the port's end")


def test_an_aged_out_address_is_told(running):
    a, b = running.guests(2)
    running.bridge([a, b], options="ageing_time 1s")
    monitor = Monitor(running, "-j", "monitor", "fdb", "bridge")
    is_listening(running, monitor)
    a.send(ethernet(BROADCAST, a.mac))
    find(monitor, object="fdb", event="add", mac=a.mac)
    find(monitor, object="fdb", event="del", mac=a.mac)
