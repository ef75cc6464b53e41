/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one list of reasons. Every frame ends in exactly one (verdict, reason); the reason is a per-port
 * counter, a line of `xbr stats show`, and an entry of xbr(8), all made from this list.
 *
 * A row is X(name, class, sentence): `name` is what a user sees, `class` is
 *   FORWARD  the frame left by one port        FLOOD  it left by every port that may have it
 *   DROP     it went nowhere                   PUNT   it went to the agent
 *   NOTE     no verdict: something else worth counting happened
 * Notes are counted beside the frame's own reason, never instead of it.
 *
 * The order is part of the ABI (the index is a counter's place in a pinned map): add rows at the end.
 */
#ifndef XBR_REASONS_H
#define XBR_REASONS_H

/* clang-format off */
#define XBR_REASONS(X) \
	X(none,             NOTE,    "no decision was made; never seen on a working bridge") \
	X(unicast,          FORWARD, "the destination is known: one port") \
	X(local,            FORWARD, "for the host: delivered to the bridge device") \
	X(reflected,        FORWARD, "sent back out of the port it came by (hairpin)") \
	X(unknown_unicast,  FLOOD,   "the destination is not known: a copy to every port with flood on") \
	X(multicast,        FLOOD,   "a group address: a copy to every port with mcast_flood on") \
	X(broadcast,        FLOOD,   "the broadcast address: a copy to every port with bcast_flood on") \
	X(runt,             DROP,    "shorter than an Ethernet header, or cut off inside a VLAN tag") \
	X(no_port,          DROP,    "came by a device that is not a port of any bridge") \
	X(port_down,        DROP,    "the ingress port is disabled, or has no carrier") \
	X(port_discarding,  DROP,    "the ingress port's state lets no data frame through") \
	X(source_group,     DROP,    "the source is a group address (802.3, 3.2.3)") \
	X(source_zero,      DROP,    "the source is 00:00:00:00:00:00") \
	X(pause,            DROP,    "MAC control (01:80:c2:00:00:01): never leaves the link (802.3, 31)") \
	X(reserved_group,   DROP,    "01:80:c2:00:00:0x is not relayed (802.1Q, 8.6.3); see group_fwd_mask") \
	X(blackhole,        DROP,    "a blackhole entry covers the source or the destination") \
	X(same_port,        DROP,    "the destination is behind the port the frame came by (hairpin off)") \
	X(isolated,         DROP,    "from an isolated port to an isolated port") \
	X(egress_down,      DROP,    "the destination's port does not forward now") \
	X(egress_mtu,       DROP,    "longer than the MTU of the port it would leave by") \
	X(no_receiver,      DROP,    "flooded, but no port may have a copy") \
	X(learned,          NOTE,    "a new source address was learned") \
	X(moved,            NOTE,    "a source address moved to this port from another") \
	X(learn_limit_port, NOTE,    "not learned: the port's fdb_max_learned is reached") \
	X(learn_limit_bridge, NOTE,  "not learned: the bridge's fdb_max_learned is reached") \
	X(learn_full,       NOTE,    "not learned: no room in either of the address's buckets, or in the table") \
	X(learn_pinned,     NOTE,    "not learned: a static or sticky entry ties the address to another port") \
	X(learn_own,        NOTE,    "a source address that is the bridge's own: a loop, or a forgery") \
	X(copy_mtu,         NOTE,    "a flooded copy was too long for this egress port") \
	X(copy_failed,      NOTE,    "the kernel refused a copy for this egress port") \
	X(uplink,           FORWARD, "an edge mode: what this port sends leaves by the uplink") \
	X(source,           FLOOD,   "the source is on the list of a port in mode source: a copy to it") \
	X(edge_mode,        DROP,    "the modes of the two ports let no frame pass between them") \
	X(edge_echo,        DROP,    "came back from the uplink to where it was sent, or is known already") \
	X(uplink_owned,     DROP,    "the uplink belongs to another port (mode passthru)") \
	X(source_unlisted,  DROP,    "the port is in mode source and has not this source address on its list") \
	X(host_access,      DROP,    "between the host and a port with host_access off") \
	X(reflection,       NOTE,    "from the uplink, and its source is known at another port: not learned") \
	X(no_pvid,          DROP,    "untagged or priority-tagged, and the ingress port has no PVID") \
	X(ingress_vlan,     DROP,    "of a VLAN that the ingress port is not a member of (802.1Q, 8.6.2)") \
	X(egress_vlan,      DROP,    "the destination's port is not a member of the frame's VLAN (802.1Q, 8.6.4)") \
	X(punted,           PUNT,    "a control frame that the agent asked for: handed to it") \
	X(punt_policed,     DROP,    "for the agent, but more of its kind came by this port than xbr punt lets in") \
	X(punt_lost,        NOTE,    "punted, but no agent listened") \
	X(guard_mac,        DROP,    "the source address is not allowed on this port (guard mac)") \
	X(guard_ip,         DROP,    "the IPv4 or IPv6 source is not bound to this port and MAC (guard ip)") \
	X(guard_arp,        DROP,    "the sender in ARP or RARP is not bound to this port (guard arp)") \
	X(guard_nd,         DROP,    "an address in neighbour discovery is not bound to this port (guard nd)") \
	X(guard_dhcp_server, DROP,   "a DHCP server's message from a port not trusted for it (guard dhcp-server)") \
	X(guard_dhcp_client, DROP,   "a DHCP client's message for a hardware address that is not its own (guard mac)") \
	X(guard_ra,         DROP,    "a router advertisement or redirect from a port not trusted for it (guard ra)") \
	X(guard_unparsed,   DROP,    "cannot be read to its end, and the port is guarded: the strictest reading counts") \
	X(no_channel,       DROP,    "tagged for a channel of the device that no port is") \
	X(channel_untagged, DROP,    "came without a channel's tag by a device that carries channels only") \
	X(channel_echo,     DROP,    "the tag says that the frame came from this very channel (802.1BR, VN-Tag)") \
	X(channel_failed,   DROP,    "the kernel refused to put on or take off the channel's tag") \
	X(to_reflect,       NOTE,    "left by this uplink for an edge port: only a switch that reflects sends it back") \
	X(acl_deny,         DROP,    "a rule of an access list denies it") \
	X(acl_unparsed,     DROP,    "an access list has a rule that would deny it, and it cannot be parsed far enough to rule that out") \
	X(acl_deny_out,     DROP,    "a rule of an access list denies it where it would leave") \
	X(acl_redirect,     FORWARD, "a rule of an access list sends it to another port") \
	X(copy_acl,         NOTE,    "an access list denied a flooded copy for this egress port") \
	X(locked,           DROP,    "the port is locked, and the source is not authorised behind it") \
	X(mac_limit,        DROP,    "a new source beyond the port's fdb_max_learned (fdb_max_learned_action)") \
	X(err_disabled,     DROP,    "a guard shut the port an instant ago") \
	X(storm_broadcast,  DROP,    "beyond the port's rate of broadcasts (storm_control)") \
	X(storm_multicast,  DROP,    "beyond the port's rate of multicasts (storm_control)") \
	X(storm_unknown,    DROP,    "beyond the port's rate of frames to unknown addresses (storm_control)") \
	X(move_damped,      NOTE,    "an address was not moved to this port: too many were lately (fdb_move_rate)") \
	X(acl_mirror,       NOTE,    "a copy that a rule of an access list made left by this port") \
	X(policed,          DROP,    "beyond the rate of a meter where it came in") \
	X(policed_out,      DROP,    "beyond the rate of a meter where it would leave") \
	X(copy_policed,     NOTE,    "a flooded copy was beyond the rate of a meter of this egress port") \
	X(conn_limit,       DROP,    "it would begin a connection, and its port has as many as it may, or there is no room")
/* clang-format on */

enum xbr_reason {
#define XBR_REASON_ENUM(name, class, sentence) XBR_REASON_##name,
	XBR_REASONS(XBR_REASON_ENUM)
#undef XBR_REASON_ENUM
		XBR_REASON_COUNT
};

/* Counters a port has for them: room for more, and a power of two. */
#define XBR_REASON_ROOM 128
_Static_assert(XBR_REASON_COUNT <= XBR_REASON_ROOM, "every reason has its counter");

enum xbr_verdict {
	XBR_VERDICT_DROP,
	XBR_VERDICT_FORWARD,
	XBR_VERDICT_FLOOD,
	XBR_VERDICT_PUNT,
	XBR_VERDICT_NOTE, /* a reason's class only; no frame ends with it */
};

#endif
