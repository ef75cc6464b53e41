# SPDX-License-Identifier: Apache-2.0
"""
Row B22: what each feature costs a frame, by BPF_PROG_TEST_RUN of the program that is attached, now and in the last commit: its xbr is built
into build/bench/last and measured in the same rounds.
"""

import os
import subprocess

from lab import BUILD, ROOT, XBR, XBRD, run
from results import Line
from rows_acl import FREE, rules
from rows_control import batch
from rows_frames import alternate, opened
from sides import Xbr

XDP_REDIRECT = 4     # linux/bpf.h
RUNS = 2_000_000
LAST = os.path.join(BUILD, "bench", "last")
MINE, ITS = "02:01:00:00:00:00", "02:02:00:00:00:00"   # source and destination: the first of their sets


def git(*words):
    return subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, *words], capture_output=True, check=True).stdout


def last_commit():
    """(its hash, its xbrd); None where there is no history. What is not committed is compared with HEAD, a clean tree with the one before."""
    try:
        changed = git("status", "--porcelain", "--untracked-files=no").strip()
        commit = git("rev-parse", "--short", "HEAD" if changed else "HEAD~1").decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    folder = os.path.join(LAST, commit)
    if not os.path.exists(os.path.join(folder, "build", "xbrd")):
        run("rm", "-rf", LAST)
        os.makedirs(folder)
        subprocess.run(["tar", "-x", "-C", folder], input=git("archive", commit), check=True)
        run("make", "-C", folder, f"-j{os.cpu_count()}", "all")
    return commit, os.path.join(folder, "build", "xbrd")


class Costed(Xbr):
    """options: binary, of an agent; feature, a function that configures it."""

    def configure(self, feature):
        feature(self)
        for port, mac in ((1, MINE), (2, ITS)):
            self.lab.xbr(f"fdb add {mac} dev v{port} static")
        said = self.cost(self.xdp_program(1))["verdict"]
        if said != XDP_REDIRECT or not RUNS <= self.unicast() < RUNS + 100:
            raise AssertionError(f"{feature.__name__}: the frame went another way: {self.lab.stats('v1')['reasons']}")

    def unicast(self):
        return self.lab.stats("v1")["reasons"].get("unicast", 0)

    def cost(self, pin):
        return self.frames.tell("cost", pin, "v1", 60, 1, 2, RUNS)

    def cost_ns(self):
        return self.cost(self.xdp_program(1))["ns"]

    def nothing_ns(self):
        return self.cost("-")["ns"]


# ---- features ---------------------------------------------------------------------------------------------


def base(_side):
    """Known unicast, nothing configured."""


def vlan(side):
    side.lab.xbr("bridge set br0 vlan_filtering 1")


def acl(side):
    """The decision cache has the flow."""
    side.lab.xbr(["acl", "replace", "bench", batch(side, "rules", [rule.words() for rule in rules(1000)])])
    side.lab.xbr("acl bind bench dev v1 in")
    side.frames.tell("flows", 1, 1000, FREE)


def guard(side):
    side.lab.xbr(f"guard allow v1 mac {MINE}")
    side.lab.xbr("guard set v1 mac on")


def has_meters():
    return run(XBR, "meter", "help", check=False).returncode == 0


def policer(side):
    """One that lets everything by."""
    side.lab.xbr("meter add wide rate 1000gbit burst 1000mb")
    side.lab.xbr("link set v1 police in wide")


def everything(side):
    """All at once; what concerns other ports than the frame's is loaded, and is not in its way."""
    for feature in (vlan, acl, guard) + ((policer,) if has_meters() else ()):
        feature(side)
    guest = side.lab.guest()
    side.lab.xbr("link set v3 isolated on")
    side.lab.xbr(f"link add channel type schannel dev {guest.port} svid 7 master br0")
    side.lab.xbr("bridge set br0 stp_state 1")


FEATURES = (("base: known unicast, 2 stations", base, 12), ("VLAN filtering, more than base", vlan, 3),
            ("access list, a flow that was seen, more than base", acl, 10), ("policer, more than base", policer, 30),
            ("guard of source addresses, more than base", guard, None), ("all features", everything, 90))


# ---- the row ----------------------------------------------------------------------------------------------


def differences(bench, binaries, feature, more):
    """For each xbr a list of ns: with the feature, less without it (more) or less what a program takes that redirects to nowhere."""
    makes = [lambda binary=binary: Costed(3, binary=binary) for binary in binaries]
    with opened(*makes, *(makes if more else ())) as sides:
        featured, plain = sides[:len(binaries)], sides[len(binaries):]
        for side in featured:
            side.configure(feature)
        for side in plain:
            side.configure(base)
        measures = [side.cost_ns for side in featured] + [side.cost_ns for side in plain or featured]
        if not more:
            measures[len(binaries):] = [side.nothing_ns for side in featured]
        values = alternate(bench, *measures)
    return [[with_it - without for with_it, without in zip(values[n], values[len(binaries) + n])] for n in range(len(binaries))]


def compared(bench, last, feature, more):
    """[ours, the last commit's]; of the last only what it had."""
    try:
        return differences(bench, [XBRD, last[1]], feature, more) if last else differences(bench, [XBRD], feature, more) + [[]]
    except AssertionError:
        return differences(bench, [XBRD], feature, more) + [[]]


def b22(bench):
    last = last_commit()
    for work, feature, limit in FEATURES:
        line = Line("B22", f"program run: {work}", f"commit {last[0]}" if last else "", limit=limit)
        if feature is policer and not has_meters():
            line.note = "not built yet (issue 6)"
        else:
            line.ours, line.its = compared(bench, last, feature, "more than" in work)
            line.note = "" if line.its else "the last commit has no such feature" if last else "there is no history here"
        yield line
