# SPDX-License-Identifier: Apache-2.0
"""
Row B12: policing of 4094 virtual NICs, all that S-channels of one device can be. xbr has them as S-channels of v1, each a port with a meter of
its own: it takes a tag off each frame, too. nftables holds as many source addresses to a rate each, of untagged frames: its bridge has no channels.
"""

import os

from results import Line
from rows_acl import Nft
from rows_control import batch, xbr
from rows_cost import has_meters
from rows_frames import K, compare, opened
from sides import LONG, Floor, Xbr

VNICS = 4094
SOURCES = 4 * K
WORK = "policing, 4094 vNICs"


class Limits(Nft):
    name = "nft bridge, a limit per address"

    def police(self):
        self.nft("""table bridge bench {
set s { type ether_addr; size 65535; flags dynamic; }
chain f { type filter hook forward priority 0; policy accept; update @s { ether saddr limit rate over 1000 mbytes/second burst 100 mbytes } drop; }
}
""")


class Channels(Xbr):
    """v1 carries the channels, v2 is a port."""

    def make(self):
        self.lab.agent.start(*self.agent_options())
        lines = [f"bridge add br0 ageing_time {LONG}", "link add v2 master br0 xdp native"]
        for n in range(1, VNICS + 1):
            lines += [f"meter add m{n} rate 100gbit burst 100mb", f"link add c{n} type schannel dev v1 svid {n} master br0 xdp native police in m{n}"]
        xbr(self, "apply", batch(self, "channels", lines))
        self.lab.xbr("fdb add 02:02:00:00:00:00 dev v2 static")

    def xdp_program(self, port):
        """Of the device: there is one pinned link besides that of v2."""
        other = super().xdp_program(2)
        folder = f"{self.lab.agent.pins}/links"
        return next(f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith("-xdp") and f"{folder}/{name}" != other)


def b12(bench):
    if not has_meters():
        yield Line("B12", WORK, note="not built yet (issue 6)")
        return
    line = Line("B12", WORK, Limits.name, at_least=7, aim=10, note="xbr takes a tag off, too")
    with opened(lambda: Limits(2), lambda: Channels(2, counted=2, max_ports=8192), lambda: Floor(2)) as (its, ours, floor):
        its.police()
        its.add(2, "02:02:00:00:00:00")
        for side in (its, ours, floor):
            side.enter(1)
        ours.frames.tell("tags", VNICS)
        yield compare(bench, line, *[lambda frames, side=side: side.run("v1", frames, 64, "random", (1, SOURCES), (2, 1)) for side in (its, ours, floor)])
