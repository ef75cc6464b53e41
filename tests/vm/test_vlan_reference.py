# SPDX-License-Identifier: Apache-2.0
"""
The VLAN truth table through the kernel's own VLAN-filtering bridge beside xbr's: the same frames, the same copies. Both are held against
the model of tests/net too, so that a mistake shared by two of the three is seen.
"""

import json

import pytest

import vlan_model
from lab import BROADCAST, Lab, run
from test_vlan import HOST_PORT, PORTS, TAGS, Table, configure, expect
from vlan_model import C_TAG, S_TAG

# Tunnels and translation are xbr's own.
GUESTS = {name: port for name, port in PORTS.items() if not port.tunnel and not port.mapped}
KINDS = {**GUESTS, "host": HOST_PORT}


class KernelTable(Table):
    """The same ports on a bridge of the kernel."""

    def __init__(self, lab, protocol):
        self.lab, self.protocol = lab, protocol
        self.guests = dict(zip(GUESTS, lab.guests(len(GUESTS))))
        word = {C_TAG: "802.1Q", S_TAG: "802.1ad"}[protocol]
        run(f"ip -n {lab.ns} link add br0 type bridge mcast_snooping 0 vlan_filtering 1 vlan_default_pvid 0 vlan_protocol {word}")
        run(f"ip -n {lab.ns} link set br0 up")
        for name, guest in self.guests.items():
            run(f"ip -n {lab.ns} link set {guest.port} master br0")
            run(f"bridge -n {lab.ns} link set dev {guest.port} learning off")
            self.configure(guest.port, GUESTS[name])
        self.configure("br0", HOST_PORT, " self")
        self.macs = {name: guest.mac for name, guest in self.guests.items()}
        self.macs["host"] = json.loads(run(f"ip -n {lab.ns} -j link show br0").stdout)[0]["address"]

    def configure(self, *port):
        for words in configure(*port):
            run(f"bridge -n {self.lab.ns} {words}")


@pytest.fixture
def kernel():
    lab = Lab()
    yield lab
    lab.close()


def in_parts(table, cases, size=100):
    """No more at a time than the rings of a veth hold."""
    found = {}
    for start in range(0, len(cases), size):
        part = table.run(cases[start:start + size], lambda sender: BROADCAST)
        found.update({start + number: copies for number, copies in part.items()})
    return found


@pytest.mark.parametrize("xdp", ["off", "native"])
@pytest.mark.parametrize("protocol", [C_TAG, S_TAG], ids=["8021q", "8021ad"])
def test_floods_are_those_of_the_kernels_bridge(running, kernel, protocol, xdp):
    tables = Table(running, protocol, xdp), KernelTable(kernel, protocol)
    cases = [(sender, tags) for sender in KINDS for tags in TAGS]
    ours, theirs = (in_parts(table, cases) for table in tables)
    alike = [{name: copies for name, copies in ours[number].items() if name in KINDS} == theirs[number] for number in range(len(cases))]
    wrong = [f"{cases[number]}: {ours[number]}, the kernel {theirs[number]}" for number, same in enumerate(alike) if not same]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:10])
    expect(cases, theirs, lambda sender, tags: vlan_model.flood(protocol, KINDS, sender, tags))
