# SPDX-License-Identifier: Apache-2.0
"""Rows about configuring: filling, reading and emptying tables, and many ports. Commands against commands, sockets against sockets."""

import json
import os
import socket
import struct
import subprocess
import threading
import time

from lab import XBR, inside, run
from results import Line
from rows_frames import K, M, opened
from sides import Bridge, OpenVSwitch, Xbr

TEXT_PART = 20_000   # entries of `bridge -batch`, which takes half a minute for 1 M: scaled
REFUSED = 1e-5       # of the addresses, at the most: both their buckets are full
PORTS = 5000
VSCTL_PART = 500     # ports of ovs-vsctl, which takes minutes for all
BRIDGE_PORTS = 1000  # on each bridge: the kernel's takes 1023

# linux/netlink.h, linux/rtnetlink.h, linux/neighbour.h
NLMSG_DONE, RTM_NEWNEIGH, RTM_GETNEIGH = 3, 28, 30
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x300, 0x200, 0x400
PF_BRIDGE, NUD_NOARP, NTF_MASTER, NDA_LLADDR = 7, 0x40, 0x04, 2


def timed(function, *args, **kwargs):
    start = time.monotonic()
    function(*args, **kwargs)
    return time.monotonic() - start


def mac(number):
    return "02:02:" + ":".join(f"{octet:02x}" for octet in struct.pack("!I", number))


def command(*argv, refused=0):
    """Runs with its output thrown away, as to a file that nobody waits for. refused: how many lines of errors are borne."""
    with open(os.devnull, "w") as nowhere:
        done = subprocess.run(argv, stdout=nowhere, stderr=subprocess.PIPE, text=True)
    if done.returncode and not 0 < done.stderr.count("\n") <= refused:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr[:300]}")


def xbr(side, *words, **options):
    command(XBR, "--socket", side.lab.agent.socket, *words, **options)


def batch(side, name, lines):
    path = os.path.join(side.lab.folder, name)
    with open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return path


# ---- rtnetlink --------------------------------------------------------------------------------------------


def neighbour(index, number):
    """A message that adds a static entry; 40 octets, no answer asked for."""
    return struct.pack("=IHHII BBHiHBB HH6s2x", 40, RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL, 0, 0,
                       PF_BRIDGE, 0, 0, index, NUD_NOARP, NTF_MASTER, 0, 10, NDA_LLADDR, bytes.fromhex(mac(number).replace(":", "")))


def route_socket(side):
    with inside(side.lab.ns):
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def index_of(side, dev):
    return json.loads(side.ip(f"-j link show {dev}").stdout)[0]["ifindex"]


def netlink_install(side, number, at_once=1000):
    """Seconds; the messages are made before. The kernel has done its work when send() returns."""
    index = index_of(side, "v2")
    datagrams = [b"".join(neighbour(index, n) for n in range(first, min(first + at_once, number))) for first in range(0, number, at_once)]
    with route_socket(side) as sock:
        sock.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)  # SO_SNDBUFFORCE
        return timed(lambda: [sock.send(datagram) for datagram in datagrams])


def netlink_dump(side):
    request = struct.pack("=IHHII BBHiHBB", 28, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, 0, 0, PF_BRIDGE, 0, 0, 0, 0, 0, 0)

    def dump(sock):
        sock.send(request)
        while struct.unpack_from("=IH", sock.recv(1 << 16))[1] != NLMSG_DONE:
            pass
    with route_socket(side) as sock:
        return timed(dump, sock)


# ---- the control socket -----------------------------------------------------------------------------------


def ask(sock, requests, answers):
    """Sends all requests at once, and reads that many lines."""
    refused = answers * REFUSED
    sender = threading.Thread(target=sock.sendall, args=(requests,))
    sender.start()
    while answers:
        data = sock.recv(1 << 20)
        answers -= data.count(b"\n")
        refused -= data.count(b'"error"')
        if not data or refused < 0:
            raise AssertionError(f"the agent closed the connection, or refused: {data[:300]}")
    sender.join()


def api(side):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(side.lab.agent.socket)
    return sock


def api_install(side, number, at_once=100_000):
    """Seconds by fdb.load; the requests are made before, as the peer's messages are."""
    requests = "".join(json.dumps({"jsonrpc": "2.0", "id": first, "method": "fdb.load", "params": {
        "dev": "v2", "lladdrs": "".join(mac(n).replace(":", "") for n in range(first, min(first + at_once, number)))}}) + "\n"
                       for first in range(0, number, at_once)).encode()
    with api(side) as sock:
        took = timed(ask, sock, requests, -(-number // at_once))
    if side.known() < number * (1 - REFUSED):
        raise AssertionError(f"xbr has {side.known()} of {number} addresses")
    return took


# ---- rows -------------------------------------------------------------------------------------------------


def install_by_command(its, ours, number, what):
    lines = [f"fdb add {mac(n)} dev v2 master static" for n in range(TEXT_PART)]
    ported = [f"fdb add {mac(n)} dev v2 static" for n in range(TEXT_PART)]
    theirs = timed(command, "bridge", "-n", its.lab.ns, "-batch", batch(its, "bridge.batch", lines)) * number / TEXT_PART
    mine = timed(xbr, ours, "-force", "-batch", batch(ours, "xbr.batch", ported)) * number / TEXT_PART
    yield Line("B7", f"install {what}, a command each", "bridge -batch", [theirs], [mine], unit="s", note=f"both from {TEXT_PART}")
    ours.forget_static()
    mine = timed(xbr, ours, "fdb", "load", batch(ours, "addresses", (mac(n) for n in range(number))), "dev", "v2", refused=number * REFUSED + 1)
    yield Line("B7", f"install {what} from a file, fdb load", "bridge -batch", [theirs], [mine], unit="s", at_least=100, aim=600,
               note=f"the peer's from {TEXT_PART}")


def b7(bench):
    number = 1_000_000 if bench.thorough else 100_000
    what = f"{number // 1000} K static addresses"
    with opened(lambda: Bridge(2), lambda: Xbr(2, fdb_size=2 * M)) as (its, ours):
        yield from install_by_command(its, ours, number, what)
    with opened(lambda: Bridge(2), lambda: Xbr(2, fdb_size=2 * M)) as (its, ours):
        yield Line("B7", f"install {what} by socket", "rtnetlink", [netlink_install(its, number)], [api_install(ours, number)],
                   unit="s", at_least=10)
    with opened(lambda: Bridge(2), lambda: Xbr(2, fdb_size=M)) as (its, ours):
        for side in (its, ours):
            side.learn(2, 512 * K)
        yield Line("B7", "dump 512 K addresses by command", "bridge fdb show", [timed(command, "bridge", "-n", its.lab.ns, "fdb", "show")],
                   [timed(xbr, ours, "fdb", "show")], unit="s", at_least=100, aim=1000)
        yield Line("B7", "dump 512 K addresses by command", "rtnetlink", [netlink_dump(its)], [timed(xbr, ours, "fdb", "show")], unit="s",
                   at_least=10)
        yield Line("B7", "flush 512 K addresses", "ip link set type bridge fdb_flush", [timed(its.forget)],
                   [timed(xbr, ours, "fdb", "flush", "br", "br0")], unit="s", note="void at once, taken out by the agent later")


def memory_mb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean", "Private_Dirty", "Shared_Dirty"))) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_share(side, work):
    """Per cent of one processor that the agent takes while work() goes on."""
    before, start = cpu_seconds(side.lab.agent.process.pid), time.monotonic()
    work()
    return 100 * (cpu_seconds(side.lab.agent.process.pid) - before) / (time.monotonic() - start)


def learn_steadily(side, seconds=4, at_once=8 * K, rate=100_000):
    """New addresses at that rate, a set of its own each time."""
    side.enter(1)
    start = time.monotonic()
    for number in range(int(seconds * rate / at_once)):
        side.frames.tell("run", "v1", at_once, 60, "sequential", 0x80 + number, at_once, 1, 1)
        time.sleep(max(0, start + (number + 1) * at_once / rate - time.monotonic()))


def make_devices(side, number):
    """ifb devices: one each, where a veth is two."""
    lines = [f"link add i{n} type ifb" for n in range(number)] + [f"link set i{n} up" for n in range(number)]
    run("ip", "-n", side.lab.ns, "-batch", batch(side, "devices", lines))


def by_xbr(side, number):
    """Seconds of one transaction that makes so many ports more, on bridges of BRIDGE_PORTS each."""
    make_devices(side, number)
    bridges = [f"many{n}" for n in range(-(-number // BRIDGE_PORTS))]
    config = side.lab.xbr("save").stdout.splitlines()
    config += [f"bridge add {bridge}" for bridge in bridges] + [f"link add i{n} master {bridges[n // BRIDGE_PORTS]}" for n in range(number)]
    return timed(xbr, side, "apply", batch(side, "config", config))


def by_ip(side, number):
    make_devices(side, number)
    bridges = [f"br{n}" for n in range(-(-number // BRIDGE_PORTS))]
    config = [f"link add {bridge} type bridge" for bridge in bridges[1:]] + [f"link set i{n} master {bridges[n // BRIDGE_PORTS]}" for n in range(number)]
    return timed(run, "ip", "-n", side.lab.ns, "-batch", batch(side, "config", config))


def by_vsctl(side, number):
    """From a part, scaled in the peer's favour: twice as many take more than twice as long."""
    part = min(number, VSCTL_PART)
    make_devices(side, part)
    return timed(side.vsctl, " -- ".join(f"add-port br0 i{n}" for n in range(part))) * number / part


def ports(number):
    """With the hooks that xbr takes by itself, and with TC programs as filters."""
    work, limit = f"{number} ports in one transaction", 5 * number / PORTS
    took = []
    for make, by in ((lambda: Bridge(2), by_ip), (lambda: OpenVSwitch(2), by_vsctl), (lambda: Xbr(2, max_ports=16384), by_xbr),
                     (lambda: Xbr(2, max_ports=16384, tc="clsact"), by_xbr)):
        with opened(make) as (side,):
            took.append(by(side, number))
    batch_time, vsctl_time, auto, clsact = took
    yield Line("B23", work, "ip -batch", [batch_time], [auto], unit="s", limit=limit, aim=1)
    yield Line("B23", work, "ovs-vsctl", [vsctl_time], [auto], unit="s", note=f"the peer's from {min(number, VSCTL_PART)}")
    yield Line("B23", f"{work}, --tc clsact", "ip -batch", [batch_time], [clsact], unit="s", limit=limit, aim=1)


def b23(bench):
    yield from ports(PORTS if bench.thorough else 200)
    many, what = (10_000, "10,000") if bench.thorough else (200, "200")
    with opened(lambda: Xbr(2, fdb_size=M, max_ports=16384, tc="clsact")) as (side,):
        by_xbr(side, many)
        for port in (1, 2):
            side.learn(port, 512 * K)
        yield Line("B23", f"the agent's memory, 1 M addresses, {what} ports", "", ours=[memory_mb(side.lab.agent.process.pid)], unit="MB", limit=256)
        yield Line("B23", f"the agent's processor time, idle, 1 M addresses, {what} ports", "", ours=[cpu_share(side, lambda: time.sleep(5))],
                   unit="%", limit=1)
    with opened(lambda: Xbr(2, fdb_size=M)) as (side,):
        side.learn(1)
        yield Line("B23", "the agent's processor time at 100 K new addresses a second", "", ours=[cpu_share(side, lambda: learn_steadily(side))],
                   unit="%")
