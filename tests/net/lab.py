# SPDX-License-Identifier: Apache-2.0
"""
A laboratory of network namespaces for one test: a host with an agent of its own, and guests on veth pairs.

    lab = Lab("t12"); lab.agent.start()
    g1, g2 = lab.guests(2)              # namespaces t12-g1, t12-g2; host devices v1, v2 (up, not yet ports)
    lab.xbr("bridge add br0"); lab.xbr("link add v1 master br0")
    with lab.listen(g1, g2) as ears:    # raw sockets on the guests' ends
        g1.send(frame)
        assert ears.frames(g2) == [frame]

Everything is made under the laboratory's own prefix and taken away by close(), also after a failure. The host is a namespace entered
with setns(), not `ip netns exec`, which would hide the bpffs that is mounted for the pins. Processes are ended by pid.
"""

import contextlib
import ctypes
import itertools
import json
import os
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("XBR_BUILD", os.path.join(ROOT, "build"))
XBR = os.path.join(BUILD, "xbr")
XBRD = os.path.join(BUILD, "xbrd")

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
CLONE_NEWNET = 0x40000000

KERNEL = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
TC = ["tcx", "clsact"] if KERNEL >= (6, 6) else ["clsact"]  # ways to attach a TC program here; the first is what `auto` takes

_libc = ctypes.CDLL(None, use_errno=True)


def run(*words, check=True, **kwargs):
    """Runs a command (one string is split as a shell would), returns its CompletedProcess with text output."""
    argv = shlex.split(words[0]) if len(words) == 1 else list(words)
    done = subprocess.run(argv, capture_output=True, text=True, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition, timeout=5.0, what="the condition"):
    """Polls until condition() is true; returns its value. A generous bound, not a timing assertion."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


@contextlib.contextmanager
def inside(ns):
    """This thread in a namespace, for opening sockets there; they stay in it."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    try:
        if _libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {ns}")
        yield
    finally:
        _libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


class Raw:
    """A packet socket on a device: sends bytes, receives frames with the VLAN tag put back from PACKET_AUXDATA."""

    def __init__(self, ns, dev, receive_buffer=8 << 20, promiscuous=True):
        with inside(ns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.socket.bind((dev, ETH_P_ALL))
            if not promiscuous:
                return
            index = socket.if_nametoindex(dev)
            self.socket.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b""))

    def send(self, frame):
        self.socket.send(bytes(frame))

    def receive(self, timeout):
        """The next frame that came in, or None."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            self.socket.settimeout(max(left, 0.0001))
            try:
                data, ancillary, _flags, address = self.socket.recvmsg(70000, 1024)
            except (socket.timeout, BlockingIOError):
                return None
            if address[2] != PACKET_OUTGOING:
                return _with_tag(data, ancillary)

    def close(self):
        self.socket.close()


def _with_tag(data, ancillary):
    for level, kind, value in ancillary:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _len, _snaplen, _mac, _net, tci, tpid = struct.unpack("IIIHHHH", value[:20])
        if status & TP_STATUS_VLAN_VALID:
            tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
            return data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    return data


class Guest:
    """A namespace with a device eth0, whose other end is a device of the host."""

    def __init__(self, lab, number, mtu, queues=1):
        self.lab, self.number = lab, number
        self.ns = f"{lab.name}-g{number}"
        self.port = f"v{number}"
        self.mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        self.ip = f"10.0.{number >> 8}.{number & 255}"
        run(f"ip netns add {self.ns}")
        lab.namespaces.append(self.ns)
        run(f"ip -n {lab.ns} link add {self.port} mtu {mtu} numtxqueues {queues} numrxqueues {queues} type veth peer name eth0 "
            f"netns {self.ns} mtu {mtu} address {self.mac} numtxqueues {queues} numrxqueues {queues}")
        self.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        run(f"ip -n {self.ns} link set lo up")
        run(f"ip -n {self.ns} link set eth0 up")
        run(f"ip -n {lab.ns} link set {self.port} up")
        self._raw = None

    def sysctl(self, name, value):
        self.run("sysctl", "-qw", f"{name}={value}")

    def address(self, prefix=16):
        """Gives the guest its IPv4 address; returns it."""
        run(f"ip -n {self.ns} addr replace {self.ip}/{prefix} dev eth0")
        return self.ip

    def run(self, *words, check=True, **kwargs):
        argv = shlex.split(words[0]) if len(words) == 1 else list(words)
        return run("ip", "netns", "exec", self.ns, *argv, check=check, **kwargs)

    def popen(self, *argv, **kwargs):
        process = subprocess.Popen(["ip", "netns", "exec", self.ns, *argv], **kwargs)
        self.lab.processes.append(process)
        return process

    def send(self, *frames):
        if self._raw is None:
            self._raw = Raw(self.ns, "eth0", receive_buffer=4096)
        for frame in frames:
            self._raw.send(frame)

    def ping(self, ip, count=3, interval=0.05, wait=1):
        """True if all echoes came back."""
        return self.run("ping", "-q", "-c", str(count), "-i", str(interval), "-W", str(wait), ip, check=False).returncode == 0

    def close(self):
        if self._raw:
            self._raw.close()


class Ears:
    """Raw sockets on several guests (or on (ns, device) pairs), to count copies and compare bytes."""

    def __init__(self, *places):
        self.raws = {place: Raw(*(place if isinstance(place, tuple) else (place.ns, "eth0"))) for place in places}

    def frames(self, place, quiet=0.25, match=None):
        """All frames that come in at a place until it has been quiet for a while."""
        found = []
        while (frame := self.raws[place].receive(quiet)) is not None:
            if match is None or match(frame):
                found.append(frame)
        return found

    def everything(self, quiet=0.25):
        """{place: all frames that come in there}, until it has been quiet everywhere for a while."""
        found = {place: [] for place in self.raws}
        places = {raw.socket: place for place, raw in self.raws.items()}
        while ready := select.select(list(places), [], [], quiet)[0]:
            for place in (places[each] for each in ready):
                frame = self.raws[place].receive(0)
                if frame is not None:
                    found[place].append(frame)
        return found

    def copies(self, frame, quiet=0.25):
        """{place: number of byte-for-byte copies of frame}."""
        return {place: frames.count(bytes(frame)) for place, frames in self.everything(quiet).items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for raw in self.raws.values():
            raw.close()


class Agent:
    """The laboratory's xbrd."""

    def __init__(self, lab):
        self.lab, self.process, self.config = lab, None, "/dev/null"
        self.wrapper = []  # words in front of the agent's own: a program that execs it, such as setpriv
        self.pins = os.path.join(lab.bpffs, "xbr")
        self.socket = os.path.join(lab.folder, "xbrd.sock")
        self.log = os.path.join(lab.folder, "xbrd.log")

    def argv(self, *options, binary=XBRD):
        return ["nsenter", f"--net=/run/netns/{self.lab.ns}", *self.wrapper, binary, "--pin-dir", self.pins, "--socket", self.socket,
                "--config", self.config, *options]

    def start(self, *options, wait=True, binary=XBRD, env=None):
        """nsenter execs, so the pid is the agent's own."""
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.argv(*options, binary=binary), stderr=log, stdout=log,
                                            env={**os.environ, **(env or {})})
        if wait:
            wait_for(self.answers, 20, "the agent's socket")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"xbrd ended with {self.process.returncode}: {self.read_log()}")
        return self.lab.xbr("version", check=False).returncode == 0

    def read_log(self):
        with open(self.log) as log:
            return log.read()

    def seconds(self):
        """Of processor time that it took so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            user, system = file.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, how)
            self.process.wait(10)
        self.process = None

    def kill9(self):
        self.end(signal.SIGKILL)

    def run(self, *options):
        """Runs xbrd to its end (e.g. --detach); returns its CompletedProcess."""
        return subprocess.run(self.argv(*options), capture_output=True, text=True, timeout=30)


class Lab:
    """See above. name: unique, at most 9 characters."""

    numbers = itertools.count()

    def __init__(self, name=None):
        self.name = name or f"x{os.getpid() % 0xfffff:x}{next(Lab.numbers) % 0xfff:03x}"
        self.ns = f"{self.name}-host"
        self.namespaces, self.processes, self.made = [], [], []
        self.folder = tempfile.mkdtemp(prefix=f"xbr-{self.name}-")
        self.bpffs = os.path.join(self.folder, "bpf")
        os.mkdir(self.bpffs)
        run(f"mount -t bpf bpf {self.bpffs}")
        run(f"ip netns add {self.ns}")
        self.namespaces.append(self.ns)
        self.host("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        run(f"ip -n {self.ns} link set lo up")
        self.agent = Agent(self)

    def guest(self, number=None, mtu=1500, queues=1):
        guest = Guest(self, number or len(self.made) + 1, mtu, queues)
        self.made.append(guest)
        return guest

    def guests(self, count, mtu=1500):
        return [self.guest(mtu=mtu) for _ in range(count)]

    def bridge(self, guests, name="br0", options="", link_options=""):
        """A bridge, up, with the guests' ports, all forwarding."""
        self.xbr(f"bridge add {name} {options}")
        run(f"ip -n {self.ns} link set {name} up")
        for guest in guests:
            self.xbr(f"link add {guest.port} master {name} {link_options}")
        self.wait_forwarding(*[guest.port for guest in guests])

    def wait_forwarding(self, *ports):
        def forwarding():
            states = {link["ifname"]: link["state"] for link in self.show("link show")}
            return all(states.get(port) == "forwarding" for port in ports)
        wait_for(forwarding, what=f"{ports} forwarding")

    def host(self, *words, check=True, **kwargs):
        """A command in the host's namespace (its /sys is the real one: bpffs is visible)."""
        argv = shlex.split(words[0]) if len(words) == 1 else list(words)
        return run("nsenter", f"--net=/run/netns/{self.ns}", *argv, check=check, **kwargs)

    def xbr(self, command, check=True, **kwargs):
        """The command xbr against this agent: one string, or a list of words."""
        words = shlex.split(command) if isinstance(command, str) else list(command)
        return run(XBR, "--socket", self.agent.socket, *words, check=check, **kwargs)

    def show(self, command):
        """xbr -j -d ..., parsed."""
        return json.loads(self.xbr(f"-j -d {command}").stdout)

    def refused(self, command, *words, beside=lambda: None):
        """The command fails, the sentence, which is returned, has these words, and nothing changed: neither what is saved nor beside()."""
        before = beside(), self.xbr("save").stdout
        done = self.xbr(command, check=False)
        assert done.returncode != 0, command
        for word in words:
            assert word in done.stderr, done.stderr
        assert (beside(), self.xbr("save").stdout) == before
        return done.stderr

    def fdb(self, **wanted):
        """Addresses as {mac: entry}, those whose keys have the wanted values."""
        entries = json.loads(self.xbr("-j -s fdb show").stdout)
        return {e["mac"]: e for e in entries if all(e.get(k) == v for k, v in wanted.items())}

    def stats(self, port):
        return self.show(f"stats show dev {port}")[0]

    def listen(self, *places):
        return Ears(*places)

    def close(self):
        self.agent.end()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for guest in self.made:
            guest.close()
        for ns in self.namespaces:
            run(f"ip netns del {ns}", check=False)
        run(f"umount {self.bpffs}", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def pinging(guest, ip):
    """Echoes all the while: not one may be missing, or come twice."""
    flow = guest.popen("ping", "-i", "0.02", ip, stdout=subprocess.PIPE, text=True)
    for _ in range(6):  # it is under way
        flow.stdout.readline()
    yield
    flow.send_signal(signal.SIGINT)
    report = flow.communicate(timeout=10)[0]
    assert " 0% packet loss" in report and "DUP" not in report, report


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(dst, src, ethertype=0x88b5, payload=b"xbr", tags=(), length=60):
    """A frame's bytes. tags: (tpid, tci) outermost first. Padded with zeros to length. 0x88b5: local experimental (802, 9.2.3)."""
    head = mac_bytes(dst) + mac_bytes(src) + b"".join(struct.pack("!HH", *tag) for tag in tags)
    return (head + struct.pack("!H", ethertype) + payload).ljust(length, b"\0")


BROADCAST = "ff:ff:ff:ff:ff:ff"
