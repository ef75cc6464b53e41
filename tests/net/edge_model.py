# SPDX-License-Identifier: Apache-2.0
"""
Who gets a frame when ports have edge modes: written down from what the modes promise (xbr-link(8), EDGE MODES), not from how the
datapath goes about it. A bridge here has one uplink ("far" is what is beyond it), a host, and edge ports by name.

A frame is sent by an edge port, by the host, or arrives from far; what arrives has a source address: a port's (it was reflected), the
host's, or that of a station outside. A destination is a port, "host", "outside" (a station known beyond the uplink), "unknown" or "group".
"""

import dataclasses

FAR, HOST = "far", "host"
MODES = ("bridge", "vepa", "private", "passthru", "source")


@dataclasses.dataclass
class Model:
    modes: dict                                             # edge port: mode
    sources: dict = dataclasses.field(default_factory=dict)  # edge port: who is on its source list
    nodst: frozenset = frozenset()                           # edge ports that have it
    no_host: frozenset = frozenset()                         # edge ports with host_access off
    floods: bool = True                                      # unknown unicast goes out of edge ports

    @property
    def owner(self):
        return next((port for port, mode in self.modes.items() if mode == "passthru"), None)

    def possible(self):
        """passthru is alone, but for ports that need no uplink."""
        modes = list(self.modes.values())
        return "passthru" not in modes or (modes.count("passthru") == 1 and set(modes) <= {"passthru", "bridge"})

    def _uplink(self, port):
        return {FAR} if self.owner in (None, port) else set()

    def _neighbours(self, port):
        """With whom the port is switched locally."""
        return {p for p, mode in self.modes.items() if p != port and mode == self.modes[port] == "bridge"}

    def sent_by_port(self, port, to):
        host = set() if port in self.no_host else {HOST}
        near = self._neighbours(port)
        if to == "group":
            return near | host | self._uplink(port)
        if self.modes[port] != "bridge":
            return host if to == HOST and host else self._uplink(port)
        if to == "unknown":
            return (near if self.floods else set()) | self._uplink(port)
        if to == HOST:
            return host
        return {to} if to in near else self._uplink(port)

    def sent_by_host(self, to):
        edge = set(self.modes) - self.no_host
        if to == "group":
            return edge | {FAR}
        if to == "unknown":
            return (edge if self.floods else set()) | {FAR}
        return {FAR} if to == "outside" else {to} & edge

    def _chosen(self, source):
        """Ports whose list says that a frame of this source is for them."""
        return {port for port, listed in self.sources.items() if self.modes[port] == "source" and source in listed}

    def arrives(self, source, to):
        """By the uplink."""
        if self.owner:
            return self._arrives_at_owner(source, to)
        chosen = self._chosen(source) - {source}
        if self._chosen(source) & self.nodst:
            return chosen
        return chosen | self._arrives_by_destination(source, to)

    def _arrives_at_owner(self, source, to):
        if to != "group":
            return {self.owner}
        if source == self.owner:
            return set()
        return {self.owner} if source == HOST or source in self.modes else {self.owner, HOST}  # the host had it

    def _arrives_by_destination(self, source, to):
        plain = {port for port, mode in self.modes.items() if mode != "source"}
        if source == HOST:
            return set()                                     # everybody had it when the host sent it
        if source in self.modes:
            return self._reflected(source, to, plain)
        if to == "group":
            return plain | {HOST}
        if to == "unknown":
            return plain if self.floods else set()
        return {to} & (plain | {HOST})

    def _reflected(self, source, to, plain):
        mode = self.modes[source]
        others = {p for p in plain if p != source and "private" not in (mode, self.modes[p])}
        if to == HOST:
            return set() if source in self.no_host else {HOST}
        if to in self.modes:
            return {to} & others
        if mode == "source" or (to == "unknown" and not self.floods):
            return set()
        return {p for p in others if not mode == self.modes[p] == "bridge"}
