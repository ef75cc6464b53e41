# SPDX-License-Identifier: Apache-2.0
"""
Other people's bridges, in namespaces of their own, on cables to xbr's host: the kernel's bridge with its STP, and Open vSwitch with
RSTP or STP (userspace datapath, no kernel module).

    peer = KernelPeer(lab, "p1", cables=2, priority=4096)      # host devices p1c1, p1c2; the peer's ends are c1, c2 in its bridge
    peer.states()                                              # {"c1": "forwarding", "c2": "blocking"}
    peer.cable(1, up=False)                                    # pulls a cable out
"""

import json
import os

from lab import run, wait_for


class Peer:
    def __init__(self, lab, name, cables):
        self.lab, self.name, self.ns = lab, name, f"{lab.name}-{name}"
        self.ends = [f"c{n + 1}" for n in range(cables)]
        self.ports = [f"{name}{end}" for end in self.ends]
        run(f"ip netns add {self.ns}")
        lab.namespaces.append(self.ns)
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        for end, port in zip(self.ends, self.ports):
            run(f"ip -n {lab.ns} link add {port} type veth peer name {end} netns {self.ns}")
            run(f"ip -n {self.ns} link set {end} up")

    def plug(self):
        """All cables in: nothing is sent before the test wants it."""
        for port in self.ports:
            run(f"ip -n {self.lab.ns} link set {port} up")

    def cable(self, number, up):
        run(f"ip -n {self.ns} link set c{number} {'up' if up else 'down'}")

    def run(self, *argv, check=True, **kwargs):
        return run("ip", "netns", "exec", self.ns, *argv, check=check, **kwargs)

    def host_in(self, address):
        """A host behind the peer: a namespace with eth0 in the peer's bridge."""
        ns = f"{self.ns}h"
        run(f"ip netns add {ns}")
        self.lab.namespaces.append(ns)
        run(f"ip -n {self.ns} link add h1 type veth peer name eth0 netns {ns}")
        run(f"ip -n {ns} addr add {address} dev eth0")
        run(f"ip -n {ns} link set eth0 up")
        run(f"ip -n {self.ns} link set h1 up")
        self.enslave("h1", edge=True)
        return ns


class KernelPeer(Peer):
    """Timers as short as the kernel lets them be: 2 s of forward delay."""

    def __init__(self, lab, name, cables, priority=32768):
        super().__init__(lab, name, cables)
        run(f"ip -n {self.ns} link add br0 type bridge stp_state 1 forward_delay 200 hello_time 100 max_age 600 priority {priority}")
        for end in self.ends:
            self.enslave(end)
        run(f"ip -n {self.ns} link set br0 up")

    def enslave(self, dev, edge=False):
        run(f"ip -n {self.ns} link set {dev} master br0")

    def details(self):
        return json.loads(run(f"ip -n {self.ns} -j -d link show dev br0").stdout)[0]["linkinfo"]["info_data"]

    def is_root(self):
        return self.details()["root_port"] == 0

    def states(self):
        links = json.loads(self.run("bridge", "-j", "link", "show").stdout)
        return {link["ifname"]: link["state"] for link in links if link["ifname"] in self.ends}


class OvsPeer(Peer):
    def __init__(self, lab, name, cables, protocol="rstp", priority=32768):
        super().__init__(lab, name, cables)
        self.protocol = protocol
        self.folder = os.path.join(lab.folder, name)
        os.mkdir(self.folder)
        db = f"{self.folder}/conf.db"
        self.socket = f"unix:{self.folder}/db.sock"
        self.environment = {**os.environ, "OVS_RUNDIR": self.folder, "OVS_DBDIR": self.folder, "OVS_LOGDIR": self.folder}
        run("ovsdb-tool", "create", db, "/usr/share/openvswitch/vswitch.ovsschema", env=self.environment)
        self.daemon("ovsdb-server", db, f"--remote=p{self.socket}")
        wait_for(lambda: os.path.exists(f"{self.folder}/db.sock"), 20, "ovsdb-server's socket")
        self.vsctl("--no-wait init")
        self.daemon("ovs-vswitchd", self.socket)
        other = f"other_config:{protocol}-priority={priority}"
        self.vsctl(f"add-br br0 -- set bridge br0 datapath_type=netdev {protocol}_enable=true {other}")
        if protocol == "stp":
            self.vsctl("set bridge br0 other_config:stp-hello-time=1 other_config:stp-forward-delay=4 other_config:stp-max-age=6")
        for end in self.ends:
            self.enslave(end)

    def daemon(self, *argv):
        import subprocess
        with open(f"{self.folder}/{argv[0]}.out", "w") as out:
            process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.ns}", *argv, f"--log-file={self.folder}/{argv[0]}.log"],
                                       env=self.environment, stdout=out, stderr=out)
        self.lab.processes.append(process)

    def vsctl(self, command):
        return run(f"nsenter --net=/run/netns/{self.ns} ovs-vsctl --timeout=30 --db={self.socket} {command}", env=self.environment)

    def enslave(self, dev, edge=False):
        more = f" other_config:{self.protocol}-port-admin-edge=true" if edge and self.protocol == "rstp" else ""
        self.vsctl(f"add-port br0 {dev} -- set port {dev} other_config:{self.protocol}-enable={'false' if edge and not more else 'true'}{more}")

    def states(self):
        """{"c1": ("Root", "Forwarding")}, in Open vSwitch's words in lower case."""
        result = {}
        for end in self.ends:
            column = "rstp_status" if self.protocol == "rstp" else "status"
            status = self.vsctl(f"get port {end} {column}").stdout
            pairs = dict(item.split("=", 1) for item in status.strip().strip("{}").split(", ") if "=" in item)
            role = pairs.get(f"{self.protocol}_port_role", pairs.get("stp_role", "")).strip('"').lower()
            state = pairs.get(f"{self.protocol}_port_state", pairs.get("stp_state", "")).strip('"').lower()
            result[end] = (role, state)
        return result
