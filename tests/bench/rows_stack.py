# SPDX-License-Identifier: Apache-2.0
"""Rows that use the guests' own IP stacks: streams and round trips. Every side as a user gets it, offloads on."""

import json
import os
import re
import statistics

from lab import wait_for
from results import Line
from rows_frames import alternate, opened
from sides import CPU, Bridge, Macvlan, Wire, Xbr

PORT = "11111"
SOCKPERF = {"TCP_RR": ["--tcp"], "UDP_RR": []}


def on_cpu(cpu):
    return "nice", "-n", "-20", "taskset", "-c", str(cpu)


def listening(guest, port, kind):
    return port in guest.run("ss", "-Hln", f"-{kind}", f"sport = :{port}").stdout


def serve(side):
    """iperf3 on the first processor, sockperf on the client's: a wake-up across processors of a virtual machine costs more than any bridge."""
    guest = side.guests[1]
    side.ip_of_server = guest.address()
    side.guests[0].address()
    quiet = {"stdout": open(os.devnull, "w"), "stderr": open(os.devnull, "w")}
    guest.popen(*on_cpu(0), "iperf3", "-s", **quiet)
    for options in SOCKPERF.values():
        guest.popen(*on_cpu(CPU), "sockperf", "server", "-i", side.ip_of_server, "-p", PORT, *options, **quiet)
    for port, kind in (("5201", "t"), (PORT, "t"), (PORT, "u")):
        wait_for(lambda port=port, kind=kind: listening(guest, port, kind), what=f"a server on port {port}")


def client(side, *argv):
    return side.guests[0].run(*on_cpu(CPU), *argv, timeout=30).stdout


def stream(side, streams, seconds):
    """Gb/s received."""
    answer = json.loads(client(side, "iperf3", "-J", "-c", side.ip_of_server, "-t", str(seconds), "-P", str(streams)))
    return answer["end"]["sum_received"]["bits_per_second"] / 1e9


def round_trip(side, kind, seconds):
    """The median in microseconds; sockperf tells half of it."""
    said = client(side, "sockperf", "ping-pong", "-i", side.ip_of_server, "-p", PORT, "-t", str(seconds), *SOCKPERF[kind])
    return 2 * float(re.search(r"percentile 50.000 =\s*([0-9.]+)", said)[1])


def added(line):
    """How much of the latency that the peer adds to that of a wire xbr adds."""
    wire, its, ours = (statistics.median(values) for values in (line.floor, line.its, line.ours))
    return f"adds {ours - wire:+.2f} us to a wire, the peer {its - wire:+.2f}"


def b18(bench):
    seconds = 2 if bench.thorough else 1
    makes = [lambda: Bridge(2, sink=None, napi=False), lambda: Macvlan(2, sink=None), lambda: Xbr(2, sink=None, link_options=""),
             lambda: Wire(2, sink=None)]
    with opened(*makes) as sides:
        for side in sides:
            serve(side)
        for streams in (1, 8):
            values = alternate(bench, *[lambda side=side: stream(side, streams, seconds) for side in sides])
            for peer, its in zip(sides[:2], values):
                yield Line("B18", f"TCP stream, {streams} at a time", peer.name, its, values[2], values[3], "Gb/s", more=True, at_least=0.98)
        for kind in SOCKPERF:
            values = alternate(bench, *[lambda side=side: round_trip(side, kind, seconds) for side in sides])
            for peer, its in zip(sides[:2], values):
                line = Line("B18", kind, peer.name, its, values[2], values[3], "us", at_least=0.98)
                line.note = added(line)
                yield line
