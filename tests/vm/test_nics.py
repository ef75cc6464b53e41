# SPDX-License-Identifier: Apache-2.0
"""
NICs with drivers of their own as uplinks: virtio-net, which has native XDP, and e1000e, which has none. vm/run gives a guest a pair of
each, the two ends of a wire: one is the host's, the other a station's out on the wire.
"""

import json

import pytest

from lab import BROADCAST, Guest, ethernet, run, wait_for
from stream import Stream
from test_devices import End
from test_traffic import tcp_carries

# What `xdp auto` comes to.
AUTO = {"virtio_net": "xdp", "e1000e": "tc"}
DRIVERS = {"virtio_net": "52:54:00:00:01", "e1000e": "52:54:00:00:02"}


def take_nic(driver, end, ns, name):
    address = f"{DRIVERS[driver]}:{end:02x}"

    def found():
        return [link["ifname"] for link in json.loads(run("ip -j link show").stdout) if link.get("address") == address]
    run(f"ip link set {wait_for(found, what=f'the NIC {address}')[0]} netns {ns} name {name}")
    run(f"ip -n {ns} link set {name} up")


class Far(Guest):
    """A station at the other end of the wire: a Guest whose eth0 is a NIC."""

    def __init__(self, lab, driver):
        self.lab, self._raw, self.ns, self.port, self.mac, self.ip = lab, None, f"{lab.name}-far", "nic0", "02:00:00:00:99:01", "10.0.0.99"
        run(f"ip netns add {self.ns}")
        lab.namespaces.append(self.ns)
        take_nic(driver, 2, self.ns, "eth0")
        run(f"ip -n {self.ns} link set eth0 address {self.mac}")


@pytest.fixture(params=list(DRIVERS))
def wire(request, running):
    """(driver, a guest, the far station): a bridge with nic0 as its uplink. The NICs go back before the namespaces do."""
    run(f"modprobe {request.param}")
    (guest,) = running.guests(1)
    take_nic(request.param, 1, running.ns, "nic0")
    far = Far(running, request.param)
    yield request.param, guest, far
    running.agent.run("--detach")
    for ns, name in ((running.ns, "nic0"), (far.ns, "eth0")):
        address = f"{DRIVERS[request.param]}:{1 if name == 'nic0' else 2:02x}"
        run(f"ip -n {ns} link set {name} down address {address}")
        run(f"ip -n {ns} link set {name} netns 1 name {address.replace(':', '')}")


def plug(lab, guest, far, xdp="auto"):
    lab.bridge([guest])
    lab.xbr(f"link add nic0 master br0 role uplink xdp {xdp}")
    lab.wait_forwarding("nic0")
    ends = End(guest.ns, "eth0", guest.ip), End(far.ns, "eth0", far.ip)
    wait_for(lambda: guest.ping(far.ip, count=1), timeout=10, what="the first echo")
    return ends


@pytest.mark.parametrize("xdp", ["auto", "generic", "off"])
def test_traffic_goes_by_any_hook(running, wire, xdp):
    driver, guest, far = wire
    near, away = plug(running, guest, far, xdp)
    hook = running.show("link show dev nic0")[0]["hook"]
    assert hook["rx"] == {"auto": AUTO[driver], "generic": "xdpgeneric", "off": "tc"}[xdp], hook
    assert tcp_carries(near, away, 4 << 20) and tcp_carries(away, near, 4 << 20)
    with running.listen(far, guest) as ears:
        frame = ethernet(BROADCAST, guest.mac, tags=[(0x8100, 5)])
        guest.send(frame)
        assert ears.copies(frame) == {far: 1, guest: 0}


def test_a_driver_without_xdp_is_refused_what_it_has_not(running, wire):
    driver, guest, far = wire
    running.xbr("bridge add br0")
    done = running.xbr("link add nic0 master br0 xdp native", check=False)
    if driver == "virtio_net":
        assert done.returncode == 0
    else:
        assert done.returncode == 1 and "nic0" in done.stderr and "native" in done.stderr, done.stderr


def test_hooks_change_under_traffic(running, wire):
    """Between the ways that do not make the driver start its queues anew."""
    driver, guest, far = wire
    plug(running, guest, far, "off")
    with Stream(guest, far, rate=200) as stream:
        for xdp in ("generic", "off", "generic"):
            running.xbr(f"link set dev nic0 xdp {xdp}")
    stream.assert_whole(at_least=20)


def test_the_filter_holds_the_guests_addresses(running, wire):
    """An uplink for ports in mode vepa alone is not promiscuous: the NIC passes what its filter has."""
    driver, guest, far = wire
    running.bridge([])
    running.xbr("link add nic0 master br0 role uplink")
    running.xbr(f"link add {guest.port} master br0 mode vepa")
    running.xbr(f"fdb add {guest.mac} dev {guest.port} static")
    running.wait_forwarding("nic0")
    End(guest.ns, "eth0", guest.ip), End(far.ns, "eth0", far.ip)
    wait_for(lambda: guest.ping(far.ip, count=1), timeout=10, what="the first echo")
    wait_for(lambda: running.show("link show dev nic0")[0]["edge"]["filter"]["exact"], what="an exact filter")
    link = json.loads(run(f"ip -n {running.ns} -d -j link show nic0").stdout)[0]
    assert link["promiscuity"] == 0 and "PROMISC" not in link["flags"], link
    assert guest.mac in run(f"bridge -n {running.ns} fdb show dev nic0").stdout
    assert guest.ping(far.ip)
