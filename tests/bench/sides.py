# SPDX-License-Identifier: Apache-2.0
"""
What is compared: the same guests around an xbr, a kernel bridge, macvlans, an Open vSwitch, or nothing but a wire.

A side is a laboratory (tests/net/lab.py) with a bridge `br0` and the program build/bench/frames in it, which makes the frames and counts
them where they come out. Ports are v1, v2, ...; behind each is eth0 of a guest. Every address of set N is behind port vN.
"""

import json
import os
import subprocess

from lab import BUILD, XBRD, Lab, run, wait_for

FRAMES = os.path.join(BUILD, "bench", "frames")
CPU = os.cpu_count() - 1   # where frames are made; what else a peer needs goes on the others
DELIVERED = 0.999          # of the frames made, at least
LONG = 100_000_000         # ageing time in hundredths of a second: nothing ages during a run
BROADCAST = 0xff           # pattern.h


class Lost(Exception):
    """Too few of the frames came out: nothing can be said about the time."""


class Frames:
    """build/bench/frames in the namespace of a side, on one CPU."""

    def __init__(self, lab, cpu=CPU, devices=1):
        self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{lab.ns}", FRAMES, str(cpu), str(devices)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.processes.append(self.process)

    def start(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def answer(self):
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"frames: {answer['error']}")
        return answer

    def tell(self, *words):
        self.start(*words)
        return self.answer()


class Side:
    """A host and its guests. Subclasses make the bridge, in make()."""

    name = "none"

    def __init__(self, ports, sink="xdp", counted=None, **options):
        """sink: what drops and counts the frames that come out at the first `counted` guests (all): xdp, tc, or None."""
        self.lab = Lab()
        try:
            self.guests = self.lab.guests(ports)
            self.options = options
            self.make()
            self.frames = Frames(self.lab, devices=max(1, ports - 1))
            for guest in self.guests[:counted] if sink else ():
                self.frames.tell("sink", guest.ns, "eth0", sink)
        except BaseException:
            self.close()
            raise

    def make(self):
        """A side of nothing: frames that are not forwarded by anything, the floor of the harness."""

    def ip(self, command):
        return run(f"ip -n {self.lab.ns} {command}")

    # ---- frames ----

    def enter(self, port):
        """From now on generated frames come in by a port as from its driver."""
        self.frames.tell("next", self.xdp_program(port) or "pass")

    def enter_veth(self, port):
        """From now on generated frames go into the far end of a veth port: its driver receives them."""
        self.frames.tell("out", 0, self.guests[port - 1].ns, "eth0")
        self.frames.tell("next", "out")

    def xdp_program(self, port):
        return None

    def run(self, dev, frames, length, order, src, dst, copies=1):
        """Generates frames; src and dst: (set, number). Returns ns for each frame."""
        result = self.frames.tell("run", dev, int(frames), length, order, *src, *dst)
        return self.judge(result, copies)

    def send(self, port, frames, length, src, dst):
        """Sends frames by a socket of the guest behind a port; src and dst: sets."""
        return self.judge(self.frames.tell("send", self.guests[port - 1].ns, "eth0", int(frames), length, src, dst))

    def judge(self, result, copies=1):
        wanted = result["frames"] * copies
        if not wanted * DELIVERED <= result["delivered"] <= wanted / DELIVERED:
            raise Lost(f"{self.name}: {result['delivered']} of {wanted} frames came out")
        return result["ns"] / result["frames"]

    def learn(self, port, number=1):
        """The bridge hears of the addresses of a port: number of them, each a source once, to one of the same port (nothing is flooded)."""
        self.enter(port)
        for frames in (1, number):
            self.frames.tell("run", f"v{port}", frames, 60, "sequential", port, number, port, 1)

    def hear(self, port, number):
        """The same by frames through the veth, for a switch that hears no other."""
        self.enter_veth(port)
        self.frames.tell("run", "-", number, 60, "sequential", port, number, BROADCAST, 1)

    def close(self):
        self.lab.close()


class Floor(Side):
    """The harness alone: a frame is generated, redirected to the last veth (or all), and dropped behind it."""

    name = "floor"

    def enter(self, port):
        self.frames.tell("out", 0, ".", f"v{len(self.guests)}")
        self.frames.tell("next", "out")

    def enter_flood(self):
        for slot, guest in enumerate(self.guests[1:]):
            self.frames.tell("out", slot, ".", guest.port)
        self.frames.tell("next", "flood")

    def run(self, dev, *args, **kwargs):
        return super().run("-", *args, **kwargs)


class Xbr(Side):
    """link_options: of every port. fdb_size: addresses. binary: the agent's. tc: how TC programs are attached."""

    name = "xbr"

    def make(self):
        self.link_options = self.options.get("link_options", "xdp native")
        self.lab.agent.start(*self.agent_options(), binary=self.options.get("binary", XBRD))
        self.lab.bridge(self.guests, options=f"ageing_time {LONG}", link_options=self.link_options)

    def agent_options(self):
        return ("--fdb-size", str(self.options.get("fdb_size", 131072)), "--max-ports", str(self.options.get("max_ports", 1024)),
                "--tc", self.options.get("tc", "auto"))

    def add_port(self, guest):
        self.lab.xbr(f"link add {guest.port} master br0 {self.link_options}")

    def xdp_program(self, port):
        ports = {link["ifname"]: link["port"] for link in self.lab.show("link show")}
        pin = f"{self.lab.agent.pins}/links/p{ports[f'v{port}']}-xdp"
        return pin if os.path.exists(pin) else None

    def add(self, port, mac):
        self.lab.xbr(f"fdb add {mac} dev v{port} static")

    def learn(self, port, number=1):
        """A table as full as it may be finds no room for a few (they are flooded from then on, which is against us)."""
        before = self.learned()
        super().learn(port, number)
        if self.learned() - before < number * DELIVERED:
            raise AssertionError(f"xbr learned {self.learned() - before} of {number} addresses")

    def learned(self):
        return self.lab.show("bridge show")[0]["linkinfo"]["info_data"]["fdb_n_learned"]

    def known(self):
        return self.lab.show("bridge show")[0]["fdb_used"]

    def forget(self):
        """Takes all dynamic addresses out of the table: not only void, as a flush leaves them at first."""
        self.lab.xbr("fdb flush br br0")
        wait_for(lambda: self.known() < 64, 30, "an empty table")

    def forget_static(self):
        self.lab.xbr("fdb flush br br0 static")
        wait_for(lambda: self.known() < 64, 30, "an empty table")


class Bridge(Side):
    """The kernel bridge at its best: no netfilter, no snooping, NAPI on its ports."""

    name = "kernel bridge"

    def make(self):
        self.ip(f"link add br0 type bridge mcast_snooping 0 ageing_time {LONG}")
        for table in ("iptables", "ip6tables", "arptables"):
            self.lab.host(f"sysctl -qw net.bridge.bridge-nf-call-{table}=0")
        self.ip("link set br0 up")
        for guest in self.guests:
            self.add_port(guest)

    def add_port(self, guest):
        if self.options.get("napi", True):
            self.lab.host(f"ethtool -K {guest.port} gro on")
        self.ip(f"link set {guest.port} master br0")

    def add(self, port, mac):
        run(f"bridge -n {self.lab.ns} fdb add {mac} dev v{port} master static")

    def forget(self):
        self.ip("link set br0 type bridge fdb_flush")


class Macvlan(Side):
    """Guests on macvlans of one device, in the mode given."""

    name = "macvlan bridge"

    def make(self):
        self.ip("link add trunk type veth peer name trunk-far")
        self.ip("link set trunk up")
        self.ip("link set trunk-far up")
        for number, guest in enumerate(self.guests, 1):
            run(f"ip -n {guest.ns} link del eth0")
            mac = f"02:{number:02x}:00:00:00:00"
            self.ip(f"link add link trunk name m{number} address {mac} type macvlan mode bridge")
            self.ip(f"link set m{number} netns {guest.ns} name eth0")
            run(f"ip -n {guest.ns} link set eth0 up")


class Wire(Side):
    """Two guests on the two ends of one veth pair: the ceiling."""

    name = "direct veth"

    def make(self):
        a, b = self.guests
        for guest in self.guests:
            run(f"ip -n {guest.ns} link del eth0")
        run(f"ip -n {a.ns} link add eth0 type veth peer name eth0 netns {b.ns}")
        for guest in self.guests:
            run(f"ip -n {guest.ns} link set eth0 up")


class OpenVSwitch(Side):
    """
    The user-space switch on AF_XDP; its poll thread has a CPU of its own. Frames come faster than it takes them, and it loses the rest in
    the rings before it: what counts is the rate of those that come out.
    """

    name = "Open vSwitch afxdp"

    def make(self):
        folder = os.path.join(self.lab.folder, "ovs")
        os.mkdir(folder)
        self.folder = folder
        db, self.socket = f"{folder}/conf.db", f"unix:{folder}/db.sock"
        self.environment = {**os.environ, "OVS_RUNDIR": folder, "OVS_DBDIR": folder, "OVS_LOGDIR": folder}
        run("ovsdb-tool", "create", db, "/usr/share/openvswitch/vswitch.ovsschema", env=self.environment)
        self.daemon("ovsdb-server", db, f"--remote=p{self.socket}")
        wait_for(lambda: os.path.exists(f"{folder}/db.sock"), what="ovsdb-server's socket")
        self.vsctl("--no-wait init")
        self.vsctl("--no-wait set Open_vSwitch . other_config:pmd-cpu-mask=1")
        self.switch = self.daemon("ovs-vswitchd", self.socket)
        self.vsctl("add-br br0 -- set bridge br0 datapath_type=netdev")
        for guest in self.guests:
            self.vsctl(f"add-port br0 {guest.port} -- set interface {guest.port} type=afxdp options:xdp-mode=native")
            error = self.vsctl(f"get interface {guest.port} error").stdout.strip()
            if error != "[]":
                raise AssertionError(f"Open vSwitch: {guest.port}: {error}")

    def judge(self, result, copies=1):
        if not result["delivered"]:
            raise Lost(f"{self.name}: none of {result['frames']} frames came out")
        return result["ns"] / result["delivered"]

    def daemon(self, *argv):
        with open(f"{self.folder}/{argv[0]}.out", "w") as out:
            process = subprocess.Popen(["nice", "-n", "-20", "nsenter", f"--net=/run/netns/{self.lab.ns}", *argv, f"--log-file={self.folder}/{argv[0]}.log"],
                                       env=self.environment, stdout=out, stderr=out)
        self.lab.processes.append(process)
        return process

    def vsctl(self, command):
        return self.lab.host(f"ovs-vsctl --timeout=300 --db={self.socket} {command}", env=self.environment)
