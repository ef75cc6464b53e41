# SPDX-License-Identifier: Apache-2.0
"""What xbr takes leave of looks exactly as it did before: devices, qdiscs, filters, offloads, programs, pins."""

import os
import re

import pytest

from lab import TC, ethernet, wait_for

# What changes by itself: timers, and what follows the carrier with some delay.
VOLATILE = re.compile(r"NO-CARRIER,|\bstate [A-Z]+|\w+_timer +[\d.]+")


def links(lab):
    return VOLATILE.sub("", lab.host("ip -d link show").stdout)


def outside(lab):
    """Everything about the host that anybody can see and xbr might have touched."""
    names = sorted(line.split(":")[1].split("@")[0].strip() for line in lab.host("ip -o link show").stdout.splitlines())
    return {
        "ip -d link": links(lab),
        "tc qdisc": lab.host("tc qdisc show").stdout,
        "tc filter": {(name, side): lab.host(f"tc filter show dev {name} {side}", check=False).stdout
                      for name in names for side in ("ingress", "egress")},
        "ethtool -k": {name: lab.host(f"ethtool -k {name}").stdout for name in names},
        "ethtool -k of guests": {guest.ns: guest.run("ethtool -k eth0").stdout for guest in lab.made},
        "bpftool net": lab.host("bpftool net show").stdout,
    }


def pins(lab):
    return sorted(os.path.relpath(os.path.join(folder, name), lab.bpffs)
                  for folder, folders, files in os.walk(lab.bpffs) for name in folders + files if not name.endswith(".debug"))


def assert_same(after, before):
    for what, seen in before.items():
        assert after[what] == seen, what


def in_the_end(lab, before):
    """Compares, with some patience for what the kernel does by itself, and then for good."""
    try:
        wait_for(lambda: outside(lab) == before, timeout=2)
    except AssertionError:
        assert_same(outside(lab), before)


HOOKS = ["auto", "off", "generic", "native"]


@pytest.mark.parametrize("xdp", HOOKS)
@pytest.mark.parametrize("tc", TC)
def test_a_port_taken_out_is_as_it_was(lab, tc, xdp):
    a, b, c = lab.guests(3)
    lab.agent.start("--tc", tc)
    lab.bridge([c])
    before, pinned = outside(lab), pins(lab)
    for guest in (a, b):
        lab.xbr(f"link add {guest.port} master br0 xdp {xdp}")
    lab.wait_forwarding(a.port, b.port)
    assert outside(lab) != before
    assert a.address() and b.address() and a.ping(b.ip)
    for guest in (a, b):
        lab.xbr(f"link del {guest.port}")
    # c's peer was armed to take XDP frames: that is given back only when c goes
    if xdp in ("generic", "native"):
        lab.xbr(f"link del {c.port}")
        lab.xbr(f"link add {c.port} master br0")
        lab.wait_forwarding(c.port)
    in_the_end(lab, before)
    assert pins(lab) == pinned


@pytest.mark.parametrize("tc", TC)
def test_changing_the_hook_back_leaves_nothing(lab, tc):
    a, b = lab.guests(2)
    lab.agent.start("--tc", tc)
    before = outside(lab)
    lab.bridge([a, b])
    for xdp in ("native", "generic", "native", "off", "auto"):
        lab.xbr(f"link set {a.port} xdp {xdp}")
    lab.xbr("bridge del br0")
    in_the_end(lab, before)


@pytest.mark.parametrize("xdp", ["auto", "native"])
@pytest.mark.parametrize("tc", TC)
def test_a_bridge_that_was_made_is_gone(lab, tc, xdp):
    guests = lab.guests(3)
    lab.agent.start("--tc", tc)
    before, pinned = outside(lab), pins(lab)
    lab.bridge(guests, link_options=f"xdp {xdp}")
    lab.xbr("fdb add 02:aa:00:00:00:01 dev br0 permanent")
    lab.xbr("bridge del br0")
    in_the_end(lab, before)
    assert pins(lab) == pinned
    assert lab.fdb() == {} and lab.show("bridge show") == [] and lab.xbr("save").stdout == ""


def kernel_bridge(lab, guests, name="br0"):
    lab.host(f"ip link add {name} type bridge ageing_time 12345 forward_delay 0 stp_state 0")
    lab.host(f"ip link set {name} up")
    for guest in guests:
        lab.host(f"ip link set {guest.port} master {name}")
        guest.address()


@pytest.mark.parametrize("tc", TC)
def test_a_kernel_bridge_that_was_adopted_carries_on(lab, tc):
    a, b = lab.guests(2)
    kernel_bridge(lab, [a, b])
    lab.host("ip addr add 10.0.9.9/16 dev br0")
    wait_for(lambda: a.ping(b.ip, count=1), what="the kernel's own forwarding")
    lab.agent.start("--tc", tc)
    lab.host("ip link set br0 address 02:bb:00:00:00:01")  # so that xbr's choice of it is no change
    before = outside(lab)
    lab.xbr("bridge add br0")
    lab.wait_forwarding(a.port, b.port)
    assert {link["origin"] for link in lab.show("link show")} == {"adopted"}
    assert a.ping(b.ip) and a.ping("10.0.9.9")
    assert lab.stats(a.port)["rx"]["packets"] > 0
    lab.xbr("bridge del br0")
    in_the_end(lab, before)
    assert a.ping(b.ip) and a.ping("10.0.9.9")


def test_ports_added_to_an_adopted_bridge_leave_it_again(lab):
    a, b, c = lab.guests(3)
    kernel_bridge(lab, [a])
    lab.host("ip link set br0 address 02:bb:00:00:00:01")
    lab.agent.start()
    before = outside(lab)
    lab.xbr("bridge add br0")
    lab.xbr(f"link add {b.port} master br0")
    lab.xbr(f"link set {a.port} hairpin on")  # the user's from now on
    lab.wait_forwarding(a.port, b.port)
    lab.xbr("bridge del br0")
    in_the_end(lab, before)


def test_an_adopted_port_that_the_user_takes_out_leaves_the_device_too(running):
    a, b = running.guests(2)
    running.bridge([b])
    before = outside(running)
    running.host(f"ip link set {a.port} master br0")
    running.wait_forwarding(a.port)
    running.xbr(f"link del {a.port}")
    in_the_end(running, before)
    assert [link["ifname"] for link in running.show("link show")] == [b.port]


@pytest.mark.parametrize("xdp", ["auto", "native"])
@pytest.mark.parametrize("tc", TC)
def test_detach_after_a_kill_takes_everything_away(lab, tc, xdp):
    a, b, c = lab.guests(3)
    kernel_bridge(lab, [c], "kbr")
    lab.host("ip link set kbr address 02:bb:00:00:00:01")
    before = outside(lab)
    lab.agent.start("--tc", tc)
    lab.bridge([a, b], link_options=f"xdp {xdp}")
    lab.xbr("bridge add kbr")
    lab.wait_forwarding(c.port)
    lab.agent.kill9()
    done = lab.agent.run("--tc", tc, "--detach")
    assert done.returncode == 0, done.stderr
    in_the_end(lab, before)
    assert pins(lab) == []


def test_detach_works_without_being_told_how_it_was_attached(lab):
    a, b = lab.guests(2)
    before = outside(lab)
    lab.agent.start("--tc", "clsact", "--fdb-size", "1000", "--max-ports", "64")
    lab.bridge([a, b])
    lab.agent.end()
    assert lab.agent.run("--detach").returncode == 0
    in_the_end(lab, before)
    assert pins(lab) == []


def test_detach_where_nothing_is_does_nothing(lab):
    before = outside(lab)
    done = lab.agent.run("--detach")
    assert done.returncode == 0, done.stderr
    assert outside(lab) == before and pins(lab) == []


def test_detach_after_the_devices_changed(lab):
    """While no agent ran one port was deleted, one renamed, and one moved away."""
    a, b, c, d = lab.guests(4)
    lab.agent.start()
    lab.bridge([a, b, c, d])
    lab.agent.kill9()
    lab.host(f"ip link del {a.port}")
    lab.host(f"ip link set {b.port} name renamed")
    lab.host(f"ip link set {c.port} netns {d.ns}")
    done = lab.agent.run("--detach")
    assert done.returncode == 0, done.stderr
    assert lab.host("ip -o link show master br0", check=False).stdout == ""
    assert sorted(line.split(":")[1].split("@")[0].strip() for line in lab.host("ip -o link show").stdout.splitlines()) == \
        sorted(["lo", "renamed", d.port])
    assert "xbr" not in lab.host("bpftool net show").stdout
    assert "xbr" not in d.run("bpftool net show").stdout
    assert pins(lab) == []


# ---- other people's programs --------------------------------------------------------------------------


def test_a_clsact_qdisc_of_somebody_else_stays(lab):
    a, b = lab.guests(2)
    lab.host(f"tc qdisc add dev {a.port} clsact")
    lab.host(f"tc filter add dev {a.port} ingress protocol 0x88cc bpf bytecode '1,6 0 0 0,'")
    lab.agent.start("--tc", "clsact")
    before = outside(lab)
    lab.bridge([a, b])
    lab.xbr("bridge del br0")
    in_the_end(lab, before)


def test_a_filter_that_somebody_hung_on_our_qdisc_stays(lab):
    a, b = lab.guests(2)
    lab.agent.start("--tc", "clsact")
    lab.bridge([a, b])
    lab.host(f"tc filter add dev {a.port} egress protocol 0x88cc bpf bytecode '1,6 0 0 0,'")
    theirs = lab.host(f"tc filter show dev {a.port} egress").stdout
    lab.xbr("bridge del br0")
    assert lab.host(f"tc filter show dev {a.port} egress").stdout == theirs
    assert "xbr" not in lab.host(f"tc filter show dev {a.port} ingress").stdout


def test_a_frame_never_takes_the_kernels_way_while_a_port_leaves(running):
    """Both ports of a made bridge leave, under traffic: what b hears came by xbr, and its table is the only one that learned."""
    a, b = running.guests(2)
    running.bridge([a, b])
    for _ in range(20):
        a.send(ethernet(b.mac, a.mac))
    learned = running.host("bridge fdb show br br0 dynamic").stdout
    assert a.mac not in learned and b.mac not in learned
