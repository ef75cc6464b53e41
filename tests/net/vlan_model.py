# SPDX-License-Identifier: Apache-2.0
"""
What a VLAN-aware bridge does with a frame, written from 802.1Q (6.9, 8.6.1, 8.6.2, 8.6.4) and the behaviour of the kernel's
br_vlan.c, and from nothing of the datapath: frames are lists of tags, outermost first, and ports are what a user sets.
"""

from dataclasses import dataclass, field

C_TAG, S_TAG = 0x8100, 0x88a8
VID, PRIORITY = 0x0fff, 0xf000


@dataclass
class Port:
    pvid: int = 0
    members: dict = field(default_factory=dict)  # vid: leaves untagged?
    tunnel: bool = False
    mapped: dict = field(default_factory=dict)   # vid on the wire (a tunnel: the customer's): (vlan, priority or None)


def _remark(tci, vlan, priority):
    return vlan | (tci & PRIORITY if priority is None else priority << 13)


def _wire_vlan(port, tci):
    """Translation: the VLAN that a VID on this wire is; None: nobody's."""
    if tci & VID in port.mapped:
        return _remark(tci, *port.mapped[tci & VID])
    if tci & VID in [vlan for vlan, _ in port.mapped.values()]:
        return None
    return tci


def classify(protocol, port, tags):
    """(priority and VLAN as a TCI, the tags inside the VLAN's), or None: the frame may not come in."""
    if port.tunnel:
        inside, tci = tags, 0
        if tags:
            tci = tags[0][1] & PRIORITY
            if tags[0][0] == C_TAG and tags[0][1] & VID in port.mapped:
                tci = _remark(tags[0][1], *port.mapped[tags[0][1] & VID])
    elif tags and tags[0][0] == protocol:
        inside, tci = tags[1:], tags[0][1]
        if tci & VID:
            tci = _wire_vlan(port, tci)
            if tci is None:
                return None
    else:
        inside, tci = tags, 0
    if not tci & VID:
        tci |= port.pvid
    return (tci, inside) if tci & VID in port.members else None


def leave(protocol, port, tci, inside):
    """The tags of the copy for a member."""
    vlan = tci & VID
    if port.tunnel or port.members[vlan]:
        return inside
    for vid, (to, _) in port.mapped.items():
        if to == vlan:
            tci = tci & PRIORITY | vid
    return [(protocol, tci), *inside]


def flood(protocol, ports, sender, tags):
    """{port: tags of its copy} of a broadcast."""
    found = classify(protocol, ports[sender], tags)
    if found is None:
        return {}
    tci, inside = found
    return {name: leave(protocol, port, tci, inside) for name, port in ports.items()
            if name != sender and tci & VID in port.members}
