# SPDX-License-Identifier: Apache-2.0
"""
Rows of the edge modes: frames that a port sends leave by the uplink, tagged for the switch there, which sends back what is for a neighbour.
No peer of this kernel's pushes a tag; they do less than xbr.
"""

from lab import Ears, ethernet, run, wait_for
from results import Line
from rows_frames import K, TRIAL, compare, opened
from sides import Bridge, Floor, Macvlan, Xbr

VID = 100
STATIONS = 2 * K   # behind each port
WORK = "VEPA: a guest's frames to the uplink, a tag pushed"


class Vepa(Xbr):
    """v1 is the uplink, v2 a guest's port in mode vepa, whose frames are tagged for the switch."""

    def make(self):
        super().make()
        for command in ("bridge set br0 vlan_filtering 1", "link set v1 role uplink", "link set v2 mode vepa", f"vlan add vid {VID} dev v1",
                        f"vlan add vid {VID} dev v2 pvid untagged"):
            self.lab.xbr(command)
        self.check()

    def check(self):
        """The tag is there: seen by one frame, before there are sinks."""
        frame = dict(dst="02:01:00:00:00:00", src="02:02:00:00:00:00")
        with Ears(self.guests[0]) as ears:
            self.guests[1].send(ethernet(**frame))
            wait_for(lambda: ethernet(**frame, tags=[(0x8100, VID)], length=64) in ears.frames(self.guests[0]), what="a tagged frame")


class MacvlanVepa(Macvlan):
    """The first guest is the uplink's far end; the second has a macvlan in mode vepa on its near end."""

    name = "macvlan vepa"

    def make(self):
        uplink, guest = self.guests
        run(f"ip -n {guest.ns} link del eth0")
        self.ip(f"link add link {uplink.port} name m2 type macvlan mode vepa")
        self.ip(f"link set m2 netns {guest.ns} name eth0")
        run(f"ip -n {guest.ns} link set eth0 up")


def hairpin(side):
    """Frames of v1 are reflected to it: every address is behind it."""
    side.enter(1)
    side.frames.tell("run", "v1", 2 * STATIONS, 60, "sequential", 1, 2 * STATIONS, 1, 1)


def reflection(bench):
    line = Line("B14", "reflection, 60 octets, 4 K addresses, no tag", "kernel bridge hairpin", at_least=4.5, aim=6)
    with opened(lambda: Bridge(1), lambda: Xbr(1, link_options="xdp native hairpin on"), lambda: Floor(1)) as sides:
        sides[0].ip("link set v1 type bridge_slave hairpin on")
        sides[2].enter(1)
        for side in sides[:2]:
            hairpin(side)
        return compare(bench, line, *[lambda frames, side=side: side.run("v1", frames, 60, "random", (1, 4 * K), (1, 4 * K)) for side in sides])


def tagged(bench):
    line = Line("B14", WORK, "kernel bridge hairpin", at_least=4.5, aim=6, note="the peer pushes no tag")
    with opened(lambda: Bridge(1), lambda: Vepa(2, counted=1), lambda: Floor(1)) as (its, ours, floor):
        its.ip("link set v1 type bridge_slave hairpin on")
        hairpin(its)
        floor.enter(1)
        ours.enter(2)
        return compare(bench, line, lambda frames: its.run("v1", frames, 60, "random", (1, 2 * STATIONS), (1, 2 * STATIONS)),
                       lambda frames: ours.run("v2", frames, 60, "random", (2, STATIONS), (1, STATIONS)),
                       lambda frames: floor.run("v1", frames, 60, "random", (2, STATIONS), (1, STATIONS)))


def tagged_by_socket(bench):
    """macvlan takes a guest's frames from its stack alone: both by sockets, xbr with the hooks it takes by itself."""
    line = Line("B14", f"{WORK}, socket sender", MacvlanVepa.name, note="the peer pushes no tag")
    with opened(lambda: MacvlanVepa(2, sink="tc", counted=1), lambda: Vepa(2, sink="tc", counted=1, link_options="")) as sides:
        return compare(bench, line, *[lambda frames, side=side: side.send(2, frames, 60, 2, 1) for side in sides], trial=TRIAL // 4)


def b14(bench):
    yield reflection(bench)
    yield tagged(bench)
    yield tagged_by_socket(bench)
