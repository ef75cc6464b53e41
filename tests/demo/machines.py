# SPDX-License-Identifier: Apache-2.0
"""
`make demo-vm`: two virtual machines, each with a kernel of its own, on taps joined by xbr in a namespace of the host: a bridge, VLANs, VEPA by a
reflecting switch, and TCP from machine to machine beside the kernel's bridge. Every claim is checked; one that does not hold ends the demo.
"""

import json
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "net"), os.path.join(HERE, "..", "machines")]

from lab import Lab, run, wait_for  # noqa: E402
from machine import Machine  # noqa: E402

KERNEL, ROUNDS, ROUND_SECONDS = os.environ.get("KERNEL", "6.12"), 3, 2


def heading(text):
    print(f"\n{text}", flush=True)


def claim(text, holds):
    print(f"  => {text}", flush=True)
    if not holds:
        sys.exit(f"demo-vm: that does not hold: {text}")


def show(lab, command):
    print(f"    host# xbr {command}")
    done = lab.xbr(command)
    print("".join(f"         {line}\n" for line in done.stdout.splitlines() if line), end="", flush=True)


def throughput(client, server):
    """Gbit/s of one TCP stream."""
    wait_for(lambda: client.ping(server.ip, count=1), 20, "an echo")
    serving = server.start("timeout 40 iperf3 -s -1 >/dev/null")
    client.run("sleep 1")  # the server comes up
    report = json.loads(client.run(f"iperf3 -J -t {ROUND_SECONDS} -c {server.ip}").stdout)
    serving()
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


def kernel_bridge(lab, devices):
    run(f"ip -n {lab.ns} link add kbr0 up type bridge forward_delay 0 mcast_snooping 0")
    for dev in devices:
        run(f"ip -n {lab.ns} link set {dev} master kbr0")


def plain(lab, one, two):
    heading("A bridge of xbr's")
    show(lab, "bridge add br0")
    run(f"ip -n {lab.ns} link set br0 up")
    for machine in (one, two):
        show(lab, f"link add {machine.port} master br0")
    lab.wait_forwarding(one.port, two.port)
    wait_for(lambda: one.ping(two.ip, count=1), 20, "the first echo")
    show(lab, "-d link show dev t1")
    show(lab, "fdb show dynamic")
    claim("the machines reach each other", one.ping(two.ip) and two.ping(one.ip))


def compare(lab, one, two):
    heading(f"TCP from machine to machine, {ROUNDS} rounds of {ROUND_SECONDS} s, turn and turn about with the kernel's bridge")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(throughput(one, two))
        lab.xbr("bridge del br0")
        kernel_bridge(lab, (one.port, two.port))
        theirs.append(throughput(one, two))
        run(f"ip -n {lab.ns} link del kbr0")
        lab.bridge([one, two])
    for name, figures in (("xbr", ours), ("kernel's bridge", theirs)):
        print(f"    {name:16} {'  '.join(f'{figure:.2f}' for figure in figures)}  Gbit/s, median {statistics.median(figures):.2f}")
    print(f"    ratio {statistics.median(ours) / statistics.median(theirs):.2f} (machines without KVM spend their time elsewhere)", flush=True)


def vlans(lab, one, two):
    heading("VLANs: t1 is a trunk, t2 is in VLAN 10 without knowing")
    lab.xbr("bridge del br0")
    lab.bridge([one, two], options="vlan_filtering 1 vlan_default_pvid 0")
    show(lab, "vlan add vid 10 dev t1")
    show(lab, "vlan add vid 10 dev t2 pvid untagged")
    one.run("ip link add link eth0 name eth0.10 up type vlan id 10; ip addr add 10.10.0.1/24 dev eth0.10")
    two.run("ip addr add 10.10.0.2/24 dev eth0")
    claim("through VLAN 10 they reach each other", one.ping("10.10.0.2"))
    claim("and without a tag they do not", not one.ping(two.ip, count=1))
    show(lab, "vlan show")
    one.run("ip link del eth0.10")
    two.run("ip addr del 10.10.0.2/24 dev eth0")
    lab.xbr("bridge del br0")


def vepa(lab, one, two):
    heading("VEPA: everything goes by the uplink, and a switch beyond it reflects")
    switch = f"{lab.name}-switch"
    run(f"ip netns add {switch}")
    lab.namespaces.append(switch)
    run(f"ip -n {lab.ns} link add up0 up type veth peer name port netns {switch}")
    run(f"ip -n {switch} link add sw0 up type bridge forward_delay 0 mcast_snooping 0")
    run(f"ip -n {switch} link set port up master sw0")
    run(f"bridge -n {switch} link set dev port hairpin off")
    lab.bridge([])
    for command in ("link add up0 master br0 role uplink", "link add t1 master br0 mode vepa", "link add t2 master br0 mode vepa"):
        show(lab, command)
    lab.wait_forwarding("up0", "t1", "t2")
    claim("while the switch does not reflect they do not meet", not one.ping(two.ip, count=1))
    run(f"bridge -n {switch} link set dev port hairpin on")
    claim("once it does they meet", one.ping(two.ip))
    show(lab, "stats show dev up0")


def main():
    lab = Lab()
    try:
        heading(f"Two machines boot Linux {KERNEL}")
        lab.agent.start()
        with Machine(lab, 1, KERNEL) as one, Machine(lab, 2, KERNEL) as two:
            for machine in (one, two):
                version = machine.ready().run("uname -r").stdout.strip()
                print(f"    {machine.port}: Linux {version}, {machine.mac}, {machine.ip}, {machine.queues} queues", flush=True)
            plain(lab, one, two)
            compare(lab, one, two)
            vlans(lab, one, two)
            vepa(lab, one, two)
    finally:
        lab.close()
    print("\nEverything held.")


main()
