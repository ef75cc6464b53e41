# SPDX-License-Identifier: Apache-2.0
"""
A virtual machine on a tap of a laboratory's host: a kernel of its own, by vm/run, with this machine's files.

    with Machine(lab, 1) as one, Machine(lab, 2) as two:   # taps t1 and t2 of the host, not yet ports
        one.run("ping -c1 10.0.0.2")
        waiting = two.start("iperf3 -s -1"); one.run("iperf3 -c 10.0.0.2"); waiting()
"""

import os
import shutil
import signal
import subprocess
import tempfile

from lab import ROOT, run, wait_for

BOOT_SECONDS = 120  # without KVM, beside others


class Machine:
    def __init__(self, lab, number, kernel="6.12", queues=2):
        self.lab, self.number, self.kernel, self.queues = lab, number, kernel, queues
        self.port, self.mac, self.ip = f"t{number}", f"02:00:00:00:77:{number:02x}", f"10.0.0.{number}"
        self.folder = self.process = None
        run(f"ip -n {lab.ns} tuntap add dev {self.port} mode tap multi_queue vnet_hdr")
        run(f"ip -n {lab.ns} link set {self.port} up")

    def boot(self):
        """qemu starts; ready() waits for the guest."""
        self.folder, self.asked = tempfile.mkdtemp(prefix="xbr-machine-"), 0
        argv = ["nsenter", f"--net=/run/netns/{self.lab.ns}", f"{ROOT}/vm/run", "-k", self.kernel, "-m", "700", "-o", self.folder,
                "-n", f"{self.port},{self.mac},{self.queues}", "vm/obey", self.mac]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.lab.processes.append(self.process)
        return self

    def ready(self):
        wait_for(lambda: os.path.exists(f"{self.folder}/ready") or self.process.poll() is not None, BOOT_SECONDS, "the guest")
        assert self.process.poll() is None, f"the guest ended with {self.process.returncode}"
        self.run(f"ip addr add {self.ip}/24 dev eth0")
        return self

    def start(self, script, timeout=60):
        """Runs a script in the guest; returns what waits for its end, and gives its CompletedProcess."""
        number, self.asked = self.asked, self.asked + 1
        with open(f"{self.folder}/new", "w") as new:
            new.write(script + "\n")
        os.rename(f"{self.folder}/new", f"{self.folder}/do.{number}")

        def ended():
            wait_for(lambda: os.path.exists(f"{self.folder}/status.{number}"), timeout, f"the end of {script!r} in the guest")
            with open(f"{self.folder}/status.{number}") as status, open(f"{self.folder}/said.{number}") as said:
                return subprocess.CompletedProcess(script, int(status.read()), said.read())
        return ended

    def run(self, script, check=True, timeout=60):
        done = self.start(script, timeout)()
        assert done.returncode == 0 or not check, f"{script}: exit {done.returncode}\n{done.stdout}"
        return done

    def ping(self, ip, count=3):
        return self.run(f"ping -q -c {count} -i 0.2 -W 2 {ip}", check=False).returncode == 0

    def end(self):
        """As if the power went."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)  # the shell, and qemu
            self.process.wait(20)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = self.process = None

    def __enter__(self):
        return self.boot()

    def __exit__(self, *_):
        self.end()
