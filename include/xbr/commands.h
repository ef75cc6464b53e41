/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one list of commands. Parsing, usage text, help and completion of `xbr`, and the meaning of a
 * configuration file, are made from it (cli/grammar*.c). The lists of bridge and link options carry the
 * ranges of docs/api.md.
 *
 * A parameter is X(words, key, KIND, value, min, max, FLAGS, help):
 *   words  what a user types in front of the value; "a|b": either; "": nothing, the value stands alone
 *   key    its name in the params of the JSON-RPC request, "guard.snoop": in an object there; NULL:
 * understood, but adds nothing to the request KIND   of enum xbr_param_kind value  what usage calls the
 * value, or the words that may stand there ("on|off") min, max  inclusive, for NUMBER, TIME (hundredths of a
 * second) and SECONDS; for MASK, max is the bits that may be set FLAGS  of enum xbr_param_flags
 *
 * A command is X(object, verb, method, FLAGS, help); its parameters are XBR_PARAMS_<object>_<verb>.
 */
#ifndef XBR_COMMANDS_H
#define XBR_COMMANDS_H

#include "xbr/offload.h"

enum xbr_param_kind {
	XBR_PARAM_DEV,     /* the name of a network device */
	XBR_PARAM_LLADDR,  /* an Ethernet address */
	XBR_PARAM_UNICAST, /* an Ethernet address of one station: no group bit, not zero */
	XBR_PARAM_BOOL,    /* on, off */
	XBR_PARAM_NUMBER,  /* decimal, or hexadecimal with 0x */
	XBR_PARAM_MASK,    /* the same, with forbidden bits */
	XBR_PARAM_TIME,    /* bare: hundredths of a second; with ms, s, m or h */
	XBR_PARAM_SECONDS, /* bare: seconds; with s, m or h */
	XBR_PARAM_CHOICE,  /* one of the words in `value` */
	XBR_PARAM_STATE,   /* the same, for the state of an fdb entry: `static sticky` is sticky, local is
			      permanent */
	XBR_PARAM_SET,     /* any number of the words in `value`; `all` is all of them */
	XBR_PARAM_STRING,  /* a file name, or a word of help */
	XBR_PARAM_MACADDR, /* one of the words in `value`, then Ethernet addresses, which go to `macaddr_list`
			    */
	XBR_PARAM_TAG,     /* a number, or auto: one is to be handed out */
	XBR_PARAM_FLAG,    /* no value: the word itself is meant */
	XBR_PARAM_VIDS,    /* VLAN IDs: 10, 10-20, 10-20,30, all */
	XBR_PARAM_REFUSED, /* a word of bridge(8) that is answered with `help` as the error */
	XBR_PARAM_ISOLATION, /* promiscuous, isolated, or the two words community N */
	XBR_PARAM_SWITCHES,  /* one of the words in `value`, then on or off; any number of times */
	XBR_PARAM_NAMES,     /* one of the words in `value`, then a name; any number of times */
	XBR_PARAM_RATES,     /* one of the words in `value`, then a rate; any number of times */
	XBR_PARAM_KINDS
};

enum xbr_param_flags {
	XBR_REQUIRED = 1 << 0,
	XBR_BARE = 1 << 1,    /* the value may stand without its word */
	XBR_ONE_OF = 1 << 2,  /* at least one of those so marked must be given */
	XBR_YIELDS = 1 << 3,  /* a bare value is that of the next parameter, if the word comes too */
	XBR_MAY_NOT = 1 << 4, /* `not` may stand in front of its word: its value begins with ! then */
};

enum xbr_command_flags {
	XBR_NEEDS_OPTION = 1 << 0, /* at least one parameter that is not required must be given */
	XBR_SHELL_ONLY = 1 << 1,   /* has no place in a file */
};

/* clang-format off */

/* Other names for verbs, as bridge(8) has them. */
#define XBR_VERB_ALIASES(X) \
	X(del,  "delete") \
	X(show, "list|lst")

#define XBR_FDB_STATES "static|sticky|dynamic|blackhole|permanent|local"

#define XBR_BRIDGE_OPTIONS(X) \
	X("ageing_time", "ageing_time", TIME, "TIME", 0, 100000000, 0, \
	  "forget a dynamic address not seen for this long; default 300s") \
	X("fdb_max_learned", "fdb_max_learned", NUMBER, "N", 0, 4294967295, 0, \
	  "dynamic addresses the bridge may hold; 0, the default: no limit") \
	X("group_fwd_mask", "group_fwd_mask", MASK, "MASK", 0, 0xfff8, 0, \
	  "bit n: relay frames to 01:80:c2:00:00:0n; default 0") \
	X("address", "address", UNICAST, "LLADDR", 0, 0, 0, \
	  "the address of the bridge; default: that of its device when it becomes a bridge") \
	X("vlan_filtering", "vlan_filtering", NUMBER, "0|1", 0, 1, 0, \
	  "1: frames are of VLANs, and ports members of VLANs; default 0") \
	X("vlan_protocol", "vlan_protocol", CHOICE, "802.1Q|802.1ad", 0, 0, 0, \
	  "which tags are its VLANs' own: C-tags or S-tags; default 802.1Q") \
	X("vlan_default_pvid", "vlan_default_pvid", NUMBER, "VID", 0, 4094, 0, \
	  "the VLAN that new ports are in, untagged; 0: none; default 1") \
	X("vlan_stats_enabled", "vlan_stats_enabled", NUMBER, "0|1", 0, 1, 0, \
	  "1, the default: count frames by port and VLAN") \
	X("vlan_stats_per_port", "vlan_stats_per_port", NUMBER, "0|1", 0, 1, 0, \
	  "1, the default: show the counts of each port, not of all together")

#define XBR_GUARD_WORDS "mac|ip|arp|nd|dhcp-server|ra"
#define XBR_SNOOP_WORDS "off|dhcp|nd|all"
#define XBR_STORM_WORDS "broadcast|multicast|unknown"

#define XBR_LINK_OPTIONS(X) \
	X("learning", "learning", BOOL, "on|off", 0, 0, 0, "learn source addresses; default on") \
	X("flood", "flood", BOOL, "on|off", 0, 0, 0, "send unknown unicast out of this port; default on") \
	X("mcast_flood", "mcast_flood", BOOL, "on|off", 0, 0, 0, "send multicast out of this port; default on") \
	X("bcast_flood", "bcast_flood", BOOL, "on|off", 0, 0, 0, "send broadcast out of this port; default on") \
	X("hairpin", "hairpin", BOOL, "on|off", 0, 0, 0, \
	  "a frame may leave by the port it came by; default off") \
	X("isolated", "isolated", BOOL, "on|off", 0, 0, 0, \
	  "no frames between two ports that have this on; default off") \
	X("group_fwd_mask", "group_fwd_mask", MASK, "MASK", 0, 0xfffd, 0, \
	  "bit n: relay frames to 01:80:c2:00:00:0n that come by this port; default 0") \
	X("fdb_max_learned", "fdb_max_learned", NUMBER, "N", 0, 4294967295, 0, \
	  "dynamic addresses the port may hold; 0, the default: no limit") \
	X("isolation", "isolation", ISOLATION, "promiscuous|isolated|community", 0, 4094, 0, \
	  "whom this port may reach: all, promiscuous ports, or those and its community N; default promiscuous") \
	X("locked", "locked", BOOL, "on|off", 0, 0, 0, \
	  "let in only frames whose source is authorised behind this port; default off") \
	X("mab", "mab", BOOL, "on|off", 0, 0, 0, \
	  "make locked entries of sources that are not (needs locked and learning); default off") \
	X("fdb_max_learned_action|action", "fdb_max_learned_action", CHOICE, "flood|drop|shutdown", 0, 0, 0, \
	  "what becomes of new sources beyond fdb_max_learned; default flood: forwarded, not learned") \
	X("fdb_move_rate", "fdb_move_rate", NUMBER, "N", 0, 1000000, 0, \
	  "addresses that may move to this port in a second; 0, the default: no limit") \
	X("recovery", "recovery", TIME, "TIME", 0, 100000000, 0, \
	  "a port that a guard shut comes back after this; 0, the default: by link recover only") \
	X("transparent", "transparent", STRING, "SET", 0, 0, 0, \
	  "for laboratories: relay what should stay on its link, a list of stp, lacp, dot1x, provider, lldp; or all, none") \
	X("guard", "guard", SWITCHES, XBR_GUARD_WORDS "|secure", 0, 0, 0, \
	  "a guard, as guard set has it; default off") \
	X("secure", "guard.secure", BOOL, "on|off", 0, 0, 0, "all guards, and snoop dhcp; default off") \
	X("snoop", "guard.snoop", CHOICE, XBR_SNOOP_WORDS, 0, 0, 0, \
	  "allow addresses that DHCP servers give, or that neighbour discovery claims first; default off") \
	X("storm_control", "storm_control", RATES, XBR_STORM_WORDS, 0, 0, 0, \
	  "what it may flood: frames a second such as 1000pps, or bits such as 10mbit; off, the default: any") \
	X("police", "police", NAMES, "in|out", 0, 0, 0, \
	  "the meter that what comes in, or leaves, is held to, as meter bind has it; off, the default: none") \
	X("shape", "shape", RATES, "min|max|device", 0, 0, 0, \
	  "what leaves waits: max a second at the most, min at the least where ports share a device, device for all of them; such as 10mbit, or off, the default") \
	X("trust", "trust", CHOICE, "off|none|pcp|dscp", 0, 0, 0, \
	  "what says the priority of frames that come in: nothing, their tag, their code point; default off: as they come") \
	X("default-prio", "default_prio", NUMBER, "PRIO", 0, 7, 0, "of frames that say none, with trust; default 0") \
	X("pcp-prio", "pcp_prio", STRING, "MAP", 0, 0, 0, \
	  "with trust pcp: priorities by PCP, pairs such as 1:0,5:6; off, the default: the PCP itself") \
	X("dscp-prio", "dscp_prio", STRING, "MAP", 0, 0, 0, \
	  "with trust dscp: priorities by code point; default: its first three bits") \
	X("prio-pcp", "prio_pcp", STRING, "MAP", 0, 0, 0, \
	  "PCP by priority in tags that leave by this port; default: the priority itself") \
	X("prio-dscp", "prio_dscp", STRING, "MAP", 0, 0, 0, \
	  "code point by priority of IP that leaves by this port; default: it stays") \
	X("prio-queue", "prio_queue", STRING, "MAP", 0, 0, 0, \
	  "transmit queue by priority, 0 to 253; default: as the kernel chooses") \
	X("dot1q_tunnel", "dot1q_tunnel", BOOL, "on|off", 0, 0, 0, \
	  "every tag that comes in is the customer's, and the VLAN's own stays inside; default off") \
	X("xdp", "xdp", CHOICE, "auto|native|generic|off", 0, 0, 0, \
	  "where XDP may receive this port's frames; default auto") \
	X("mode", "mode", CHOICE, "bridge|vepa|private|passthru|source", 0, 0, 0, \
	  "what becomes of frames that need not leave the host; default bridge") \
	X("role", "role", CHOICE, "auto|uplink|edge", 0, 0, 0, \
	  "uplink: the way to the rest of the network; default auto, by the kind of device") \
	X("host_access", "host_access", BOOL, "on|off", 0, 0, 0, \
	  "frames pass between this port and the host, in every mode; default on") \
	X("nopromisc", "nopromisc", BOOL, "on|off", 0, 0, 0, \
	  "mode passthru leaves the uplink's address filter on; default off") \
	X("macaddr", "macaddr", MACADDR, "add|del|set|flush", 0, 0, 0, \
	  "change the list of source addresses that mode source lets come here from the uplink") \
	X("nodst", "nodst", BOOL, "on|off", 0, 0, 0, \
	  "mode source: a listed source's frames come here only, not to their destination, too; default off")

#define XBR_STP_BRIDGE_OPTIONS(X) \
	X("stp_state", "stp_state", NUMBER, "0|1", 0, 1, 0, "spanning tree: 0, the default, off, 1 on") \
	X("stp_version", "stp_version", CHOICE, "stp|rstp|mstp", 0, 0, 0, "the highest version spoken; default rstp") \
	X("priority", "priority", NUMBER, "N", 0, 65535, 0, \
	  "of the bridge identifier, as a rule a multiple of 4096; default 32768") \
	X("hello_time", "hello_time", TIME, "TIME", 100, 1000, 0, "between two BPDUs; 1s to 10s, default 2s") \
	X("max_age", "max_age", TIME, "TIME", 600, 4000, 0, "how old the root's word may be; 6s to 40s, default 20s") \
	X("forward_delay", "forward_delay", TIME, "TIME", 200, 3000, 0, \
	  "in listening and in learning each, where a neighbour speaks STP only; 2s to 30s, default 15s") \
	X("tx_hold_count", "tx_hold_count", NUMBER, "N", 1, 10, 0, "BPDUs at once by a port; default 10")

#define XBR_STP_LINK_OPTIONS(X) \
	X("cost", "cost", NUMBER, "N", 0, 200000000, 0, "of the way by this port; 0, the default: by its speed") \
	X("priority", "priority", NUMBER, "N", 0, 60, 0, \
	  "of the port identifier, a multiple of 4; default 32") \
	X("bpdu_guard", "bpdu_guard", BOOL, "on|off", 0, 0, 0, \
	  "a BPDU shuts the port, in bridge(8) guard on; default off") \
	X("bpdu_filter", "bpdu_filter", BOOL, "on|off", 0, 0, 0, "no BPDUs in or out; default off") \
	X("root_block|restricted_role", "root_block", BOOL, "on|off", 0, 0, 0, \
	  "root guard: the way to the root is never by this port; default off") \
	X("loop_guard", "loop_guard", BOOL, "on|off", 0, 0, 0, \
	  "a port that heard BPDUs does not forward when they stop; default off") \
	X("bridge_assurance|network", "bridge_assurance", BOOL, "on|off", 0, 0, 0, \
	  "BPDUs go and must come all the time, whatever the roles: for links between bridges that both have it; default off") \
	X("restricted_tcn", "restricted_tcn", BOOL, "on|off", 0, 0, 0, \
	  "topology changes heard here are not passed on; default off") \
	X("admin_edge", "admin_edge", CHOICE, "auto|on|off", 0, 0, 0, \
	  "no bridge behind it: forwards at once, until a BPDU comes; auto, the default: veth and tap are") \
	X("auto_edge", "auto_edge", BOOL, "on|off", 0, 0, 0, "an edge port when no BPDU comes for 3s; default on") \
	X("point_to_point", "point_to_point", CHOICE, "auto|on|off", 0, 0, 0, \
	  "one bridge at the most behind it; auto, the default: if it is full duplex")

#define XBR_PARAM_BRIDGE(X, FLAGS) \
	X("dev|name", "bridge", DEV, "BR", 0, 0, XBR_BARE | FLAGS, "the bridge device")
#define XBR_PARAM_LINK(X, FLAGS) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_BARE | FLAGS, "the device of the port")
#define XBR_PARAM_LLADDR(X) \
	X("to", "lladdr", LLADDR, "LLADDR", 0, 0, XBR_BARE | XBR_REQUIRED, "an Ethernet address")
#define XBR_PARAM_PORT(X, FLAGS) \
	X("dev|brport", "dev", DEV, "DEV", 0, 0, FLAGS, "the port the address is behind; for permanent, the bridge")
#define XBR_PARAM_BR(X, FLAGS) \
	X("br", "master", DEV, "BR", 0, 0, FLAGS, "entries of this bridge")
#define XBR_PARAM_VLAN(X) \
	X("vlan", "vlan", NUMBER, "VID", 1, 4094, 0, "of this VLAN; else of all VLANs of the port")
#define XBR_PARAM_MASTER_SELF(X) \
	X("master", NULL, FLAG, "", 0, 0, 0, "the table of the bridge is meant, as always") \
	X("self", NULL, REFUSED, "", 0, 0, 0, \
	  "self concerns the device's own filter, not the bridge: use bridge(8) for it, or leave the word out")

#define XBR_PARAMS_bridge_add(X) XBR_PARAM_BRIDGE(X, XBR_REQUIRED) XBR_BRIDGE_OPTIONS(X) XBR_STP_BRIDGE_OPTIONS(X)
#define XBR_PARAMS_bridge_set(X) XBR_PARAM_BRIDGE(X, XBR_REQUIRED) XBR_BRIDGE_OPTIONS(X) XBR_STP_BRIDGE_OPTIONS(X)
#define XBR_PARAMS_bridge_del(X) XBR_PARAM_BRIDGE(X, XBR_REQUIRED)
#define XBR_PARAMS_bridge_show(X) XBR_PARAM_BRIDGE(X, 0)

#define XBR_CHANNEL_OPTIONS(X) \
	X("name", "name", DEV, "NAME", 0, 0, 0, "a channel's own name; it may stand in front of dev without the word") \
	X("type", "type", CHOICE, "schannel|etag|vntag|vf", 0, 0, 0, \
	  "a channel of the device, told by an S-tag (802.1Qbg), an E-TAG (802.1BR) or a VN-Tag; vf: one of its virtual functions") \
	X("vf", "vf", NUMBER, "N", 0, 4095, 0, "of type vf: which one; the port is its representor") \
	X("svid", "svid", TAG, "SVID|auto", 1, 4094, 0, "of an schannel: its S-VID; 1, the default S-channel, is untagged") \
	X("ecid", "ecid", TAG, "ECID|auto", 1, 4194303, 0, \
	  "of an etag: its E-CID, 1 to 0xfffff; or a replication group, with GRP in bits 20 and 21") \
	X("vif", "vif", TAG, "VIF|auto", 1, 4095, 0, "of a vntag: its virtual interface") \
	X("list", "list", NUMBER, "LIST", 1, 16383, 0, "of a vntag: a list of virtual interfaces, the replication group") \
	X("side", "side", CHOICE, "bridge|station", 0, 0, 0, \
	  "of a vntag: which end of the link this is; default bridge")

#define XBR_PARAMS_link_add(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_BARE | XBR_REQUIRED | XBR_YIELDS, "the device of the port") \
	XBR_CHANNEL_OPTIONS(X) \
	X("master", "master", DEV, "BR", 0, 0, XBR_REQUIRED, "the bridge it becomes a port of") \
	XBR_LINK_OPTIONS(X) XBR_STP_LINK_OPTIONS(X)
#define XBR_PARAMS_link_set(X) XBR_PARAM_LINK(X, XBR_REQUIRED) XBR_LINK_OPTIONS(X) XBR_STP_LINK_OPTIONS(X) \
	X("mcheck", "mcheck", FLAG, "", 0, 0, 0, "try RSTP again where a neighbour spoke STP, as xbr stp mcheck") \
	X("type", NULL, CHOICE, "bridge_slave", 0, 0, 0, "as ip(8) has it in front of options of ports") \
	X("master", NULL, FLAG, "", 0, 0, 0, "the port of the bridge is meant, as always") \
	X("self", NULL, REFUSED, "", 0, 0, 0, \
	  "self concerns the device, not the port: use bridge(8) for it, or leave the word out") \
	X("nomaster", NULL, REFUSED, "", 0, 0, 0, "a port leaves its bridge by link del DEV")
#define XBR_PARAMS_link_del(X) XBR_PARAM_LINK(X, XBR_REQUIRED)
#define XBR_PARAMS_link_recover(X) XBR_PARAM_LINK(X, XBR_REQUIRED)
#define XBR_PARAMS_link_show(X) XBR_PARAM_LINK(X, 0) \
	X("master", "master", DEV, "BR", 0, 0, 0, "ports of this bridge")

#define XBR_PARAMS_fdb_add(X) XBR_PARAM_LLADDR(X) XBR_PARAM_PORT(X, XBR_REQUIRED) XBR_PARAM_MASTER_SELF(X) \
	XBR_PARAM_VLAN(X) \
	X("", "state", STATE, XBR_FDB_STATES, 0, 0, XBR_BARE, "what kind of entry; default static")
#define XBR_PARAMS_fdb_load(X) \
	X("file", "file", STRING, "FILE", 0, 0, XBR_BARE | XBR_REQUIRED, "an address on each line; -: standard input") \
	XBR_PARAM_PORT(X, XBR_REQUIRED) XBR_PARAM_VLAN(X) \
	X("", "state", STATE, XBR_FDB_STATES, 0, 0, XBR_BARE, "what kind of entries; default static")
#define XBR_PARAMS_fdb_replace(X) XBR_PARAMS_fdb_add(X)
#define XBR_PARAMS_fdb_del(X) XBR_PARAM_LLADDR(X) XBR_PARAM_PORT(X, XBR_REQUIRED) XBR_PARAM_MASTER_SELF(X) \
	XBR_PARAM_VLAN(X)
#define XBR_PARAMS_fdb_get(X) XBR_PARAM_LLADDR(X) XBR_PARAM_BR(X, 0) XBR_PARAM_PORT(X, 0) \
	XBR_PARAM_MASTER_SELF(X) XBR_PARAM_VLAN(X)
#define XBR_PARAMS_fdb_show(X) XBR_PARAM_BR(X, 0) XBR_PARAM_PORT(X, 0) XBR_PARAM_VLAN(X) \
	X("state", "state", STATE, XBR_FDB_STATES, 0, 0, XBR_BARE, "entries of this kind; default all")
#define XBR_PARAMS_fdb_flush(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_ONE_OF, "addresses behind this port, or of this bridge") \
	XBR_PARAM_BR(X, XBR_ONE_OF) \
	X("brport", "brport", DEV, "DEV", 0, 0, XBR_ONE_OF, "of the bridge named by dev or br, only those behind this port") \
	XBR_PARAM_MASTER_SELF(X) XBR_PARAM_VLAN(X) \
	X("state", "state", STATE, XBR_FDB_STATES, 0, 0, XBR_BARE, "entries of this kind; default dynamic") \
	X("older_than", "older_than", TIME, "TIME", 0, 100000000, 0, "only those not seen for this long")

#define XBR_GUARD_SWITCH(X, word, key, help) X(word, key, BOOL, "on|off", 0, 0, 0, help)
#define XBR_PARAMS_guard_set(X) XBR_PARAM_LINK(X, XBR_REQUIRED) \
	XBR_GUARD_SWITCH(X, "mac", "mac", "only allowed source addresses, also in DHCP; default off") \
	XBR_GUARD_SWITCH(X, "ip", "ip", "only allowed IPv4 and IPv6 sources; default off") \
	XBR_GUARD_SWITCH(X, "arp", "arp", "only allowed senders in ARP; default off") \
	XBR_GUARD_SWITCH(X, "nd", "nd", "only allowed addresses in neighbour discovery; default off") \
	XBR_GUARD_SWITCH(X, "dhcp-server", "dhcp_server", "no DHCP server behind this port; default off") \
	XBR_GUARD_SWITCH(X, "ra", "ra", "no IPv6 router behind this port; default off") \
	XBR_GUARD_SWITCH(X, "secure", "secure", "all of them, and snoop dhcp") \
	X("snoop", "snoop", CHOICE, XBR_SNOOP_WORDS, 0, 0, 0, \
	  "allow addresses that DHCP servers give, or that neighbour discovery claims first; default off")
#define XBR_PARAMS_guard_allow(X) XBR_PARAM_LINK(X, XBR_REQUIRED) \
	X("mac", "mac", UNICAST, "LLADDR", 0, 0, XBR_ONE_OF, "this source address; without: whichever") \
	X("ip", "ip", STRING, "PREFIX", 0, 0, XBR_ONE_OF, "these addresses of IPv4 or IPv6 with it") \
	X("vlan", "vlan", NUMBER, "VID", 1, 4094, 0, "in this VLAN only")
#define XBR_PARAMS_guard_del(X) XBR_PARAMS_guard_allow(X)
#define XBR_PARAMS_guard_show(X) XBR_PARAM_LINK(X, 0)
#define XBR_STORM_RATE(X, word) \
	X(word, word, STRING, "RATE", 0, 0, 0, "frames a second such as 1000pps, or bits such as 10mbit; off, the default: any")
#define XBR_PARAMS_storm_control_set(X) XBR_PARAM_LINK(X, XBR_REQUIRED) \
	XBR_STORM_RATE(X, "broadcast") XBR_STORM_RATE(X, "multicast") XBR_STORM_RATE(X, "unknown")
#define XBR_PARAM_VID(X) X("vid", "vid", VIDS, "VIDS", 0, 0, XBR_REQUIRED, "VLANs: 10, 10-20, 10-20,30, or all")
#define XBR_PARAM_SELF(X) \
	X("self", "self", FLAG, "", 0, 0, 0, "DEV is a bridge, and the VLANs of the device itself are meant") \
	X("master", NULL, FLAG, "", 0, 0, 0, "DEV is a port, as always")
#define XBR_PARAMS_vlan_add(X) XBR_PARAM_VID(X) XBR_PARAM_LINK(X, XBR_REQUIRED) \
	X("pvid", "pvid", FLAG, "", 0, 0, 0, "untagged frames that come in are of this VLAN") \
	X("untagged", "untagged", FLAG, "", 0, 0, 0, "frames leave without the VLAN's tag") \
	X("hairpin", "hairpin", FLAG, "", 0, 0, 0, "a frame of the VLAN may leave by the port it came by") \
	XBR_PARAM_SELF(X)
#define XBR_PARAMS_vlan_set(X) XBR_PARAMS_vlan_add(X)
#define XBR_PARAMS_vlan_del(X) XBR_PARAMS_vlan_add(X)
#define XBR_PARAMS_vlan_show(X) XBR_PARAM_LINK(X, 0) \
	X("vid", "vid", NUMBER, "VID", 1, 4094, 0, "only this VLAN")
#define XBR_PARAMS_vlanmap_add(X) \
	X("vid", "vid", VIDS, "VIDS", 0, 0, XBR_REQUIRED, "VIDs on the wire; on a tunnel port, the customer's") \
	X("to", "to", NUMBER, "VLAN", 1, 4094, XBR_REQUIRED, "the VLAN that they are") \
	XBR_PARAM_LINK(X, XBR_REQUIRED) \
	X("priority", "priority", NUMBER, "PCP", 0, 7, 0, "of frames that come in; default: as it is")
#define XBR_PARAMS_vlanmap_del(X) XBR_PARAM_VID(X) XBR_PARAM_LINK(X, XBR_REQUIRED)
#define XBR_PARAMS_vlanmap_show(X) XBR_PARAM_LINK(X, 0)
#define XBR_PARAM_LIST(X, FLAGS) X("list", "list", STRING, "LIST", 0, 0, XBR_BARE | FLAGS, "the name of an access list")
#define XBR_ACL_WORD(X, word, value, help) X(word, word, STRING, value, 0, 0, XBR_MAY_NOT, help)
#define XBR_ACL_RULE(X) \
	X("seq", "seq", NUMBER, "N", 1, 4294967294, 0, "its place in the list; default behind the last, by tens") \
	X("", "action", CHOICE, "permit|deny", 0, 0, XBR_BARE, "what becomes of a frame that it matches; default permit") \
	XBR_ACL_WORD(X, "dst_mac", "LLADDR[/MASK]", "destination address") \
	XBR_ACL_WORD(X, "src_mac", "LLADDR[/MASK]", "source address") \
	XBR_ACL_WORD(X, "vlan_id", "VID", "VLAN; 0: of none") \
	XBR_ACL_WORD(X, "vlan_prio", "PCP", "priority of the outermost tag") \
	XBR_ACL_WORD(X, "eth_type", "TYPE", "EtherType behind all tags, LLC and SNAP: ipv4, ipv6, arp, 0x88b5, ...") \
	XBR_ACL_WORD(X, "src_ip", "PREFIX|@SET", "IPv4 or IPv6 source") \
	XBR_ACL_WORD(X, "dst_ip", "PREFIX|@SET", "IPv4 or IPv6 destination") \
	XBR_ACL_WORD(X, "ip_proto", "PROTO", "upper layer behind all headers: tcp, udp, icmp, icmpv6, ..., or its number") \
	XBR_ACL_WORD(X, "dscp", "DSCP", "code point, 0 to 63") \
	XBR_ACL_WORD(X, "frag", "no|first|later|any", "fragments") \
	XBR_ACL_WORD(X, "src_port", "PORT[-PORT]|@SET", "source port; needs ip_proto") \
	XBR_ACL_WORD(X, "dst_port", "PORT[-PORT]|@SET", "destination port; needs ip_proto") \
	XBR_ACL_WORD(X, "tcp_flags", "FLAGS[/MASK]", "such as syn, or syn/syn,ack") \
	XBR_ACL_WORD(X, "icmp_type", "N", "ICMP type; needs ip_proto icmp or icmpv6") \
	XBR_ACL_WORD(X, "icmp_code", "N", "ICMP code") \
	XBR_ACL_WORD(X, "arp_op", "request|reply|N", "ARP operation") \
	XBR_ACL_WORD(X, "arp_sip", "PREFIX", "ARP sender's IPv4 address") \
	XBR_ACL_WORD(X, "arp_tip", "PREFIX", "ARP target's IPv4 address") \
	XBR_ACL_WORD(X, "arp_sha", "LLADDR[/MASK]", "ARP sender's Ethernet address") \
	XBR_ACL_WORD(X, "arp_tha", "LLADDR[/MASK]", "ARP target's Ethernet address") \
	XBR_ACL_WORD(X, "nd_target", "PREFIX", "target of a neighbour solicitation, advertisement or redirect") \
	XBR_ACL_WORD(X, "state", "STATES", "of its connection: new, established, related, invalid, with commas") \
	X("redirect", "redirect", DEV, "DEV", 0, 0, 0, "send it to this port, whatever the fdb says") \
	X("mirror", "mirror", DEV, "DEV", 0, 0, 0, "a copy, as the frame came in, leaves by this port") \
	X("mark", "mark", STRING, "MARK", 0, 0, 0, "mark of the packet in the host (fwmark), 1 to 0xffffffff") \
	X("set_vlan_prio", "set_vlan_prio", STRING, "PCP", 0, 0, 0, "priority in the tag of its VLAN") \
	X("set_dscp", "set_dscp", STRING, "DSCP", 0, 0, 0, "code point") \
	X("police", "police", STRING, "METER", 0, 0, 0, "hold it to the rate of this meter") \
	X("log", "log", FLAG, "", 0, 0, 0, "tell of it by an event (xbr monitor acl), a few in a second at most")
#define XBR_PARAM_BOUND_TO(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, 0, "a port, or a bridge device: frames of the host") \
	X("vlan", "vlan", NUMBER, "VID", 1, 4094, 0, "a VLAN; of the bridge br, else of all") \
	X("br", "br", DEV, "BR", 0, 0, 0, "a bridge: frames of all its ports") \
	X("", "direction", CHOICE, "in|out", 0, 0, XBR_BARE | XBR_REQUIRED, "where frames come in, or where they leave")
#define XBR_PARAM_SET_NAME(X) X("set", "set", STRING, "SET", 0, 0, XBR_BARE | XBR_REQUIRED, "the name of a set")

#define XBR_PARAMS_acl_add(X) XBR_PARAM_LIST(X, XBR_REQUIRED) XBR_ACL_RULE(X)
#define XBR_PARAMS_acl_del(X) XBR_PARAM_LIST(X, XBR_REQUIRED) \
	X("seq", "seq", NUMBER, "N", 1, 4294967294, 0, "the rule; default: the whole list")
#define XBR_PARAMS_acl_bind(X) XBR_PARAM_LIST(X, XBR_REQUIRED) XBR_PARAM_BOUND_TO(X)
#define XBR_PARAMS_acl_unbind(X) XBR_PARAMS_acl_bind(X)
#define XBR_PARAMS_acl_show(X) XBR_PARAM_LIST(X, 0)
#define XBR_PARAMS_acl_lint(X) XBR_PARAM_LIST(X, XBR_REQUIRED)
#define XBR_PARAMS_acl_replace(X) XBR_PARAM_LIST(X, XBR_REQUIRED) \
	X("file", "file", STRING, "FILE", 0, 0, XBR_BARE | XBR_REQUIRED, "a rule in each line; -: standard input")

#define XBR_PARAMS_conn_show(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, 0, "only those that were begun by this port")
#define XBR_PARAMS_conn_flush(X) XBR_PARAMS_conn_show(X)

#define XBR_PARAMS_aclset_add(X) XBR_PARAM_SET_NAME(X) \
	X("member", "member", STRING, "MEMBER", 0, 0, XBR_BARE | XBR_REQUIRED, \
	  "an address, a prefix, a port, a range of ports; addresses or ports: the set alone")
#define XBR_PARAMS_aclset_del(X) XBR_PARAM_SET_NAME(X) \
	X("member", "member", STRING, "MEMBER", 0, 0, XBR_BARE, "as it is shown; default: the whole set")
#define XBR_PARAMS_aclset_show(X) X("set", "set", STRING, "SET", 0, 0, XBR_BARE, "the name of a set")

#define XBR_OFFLOAD_SWITCH(X, id, words, key, name, help) X(words, key, BOOL, "on|off", 0, 0, 0, help)
#define XBR_OFFLOAD_WORD(X, id, words, key, name, help) key "|"
#define XBR_PARAM_DEVICE(X, FLAGS, help) X("dev", "dev", DEV, "DEV", 0, 0, XBR_BARE | FLAGS, help)
#define XBR_PARAM_VF(X, FLAGS) X("vf", "vf", NUMBER, "N", 0, 4095, FLAGS, "which of its virtual functions")
#define XBR_PARAMS_offload_show(X) \
	XBR_PARAM_DEVICE(X, 0, "the device; default: NICs, and what something is set of")
#define XBR_PARAMS_offload_set(X) XBR_PARAM_DEVICE(X, XBR_REQUIRED, "the device, a port or not") \
	XBR_NET_FEATURES(XBR_OFFLOAD_SWITCH, X) \
	X("rx-queues", "rx-queues", NUMBER, "N", 1, 65535, 0, "channels that only receive") \
	X("tx-queues", "tx-queues", NUMBER, "N", 1, 65535, 0, "channels that only send") \
	X("combined", "combined", NUMBER, "N", 1, 65535, 0, "channels that do both") \
	X("hwmode", "hwmode", CHOICE, "veb|vepa", 0, 0, 0, \
	  "what the NIC does with frames between its functions: switch them, or send them out") \
	X("eswitch", "eswitch", CHOICE, "legacy|switchdev", 0, 0, 0, \
	  "how the switch in the NIC is run; switchdev: a representor for each virtual function")
#define XBR_PARAMS_offload_unset(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_REQUIRED, "the device") \
	X("", "attributes", SET, XBR_NET_FEATURES(XBR_OFFLOAD_WORD, X) "rx-queues|tx-queues|combined|hwmode|eswitch|all", \
	  0, 0, XBR_BARE, "what to give back; default all")
#define XBR_PARAMS_vf_show(X) XBR_PARAM_DEVICE(X, 0, "the physical function; default: all that have virtual ones") \
	XBR_PARAM_VF(X, 0)
#define XBR_PARAMS_vf_set(X) XBR_PARAM_DEVICE(X, XBR_REQUIRED, "the physical function") \
	XBR_PARAM_VF(X, XBR_REQUIRED) \
	X("mac", "mac", LLADDR, "LLADDR", 0, 0, 0, "its address; zeros: it chooses itself") \
	X("vlan", "vlan", NUMBER, "VID", 0, 4094, 0, "its frames are of this VLAN, which it does not see; 0: none") \
	X("qos", "qos", NUMBER, "PCP", 0, 7, 0, "priority of that VLAN's tag; default 0") \
	X("proto", "proto", CHOICE, "802.1Q|802.1ad", 0, 0, 0, "kind of that tag; default 802.1Q") \
	X("spoofchk", "spoofchk", BOOL, "on|off", 0, 0, 0, "only frames from its own address leave it") \
	X("trust", "trust", BOOL, "on|off", 0, 0, 0, "it may be promiscuous, and choose its address") \
	X("max_tx_rate|rate", "max_tx_rate", NUMBER, "MBPS", 0, 4294967295, 0, "sends at most so much, in Mb/s; 0: no bound") \
	X("min_tx_rate", "min_tx_rate", NUMBER, "MBPS", 0, 4294967295, 0, "may always send so much, in Mb/s; 0: nothing promised") \
	X("state", "state", CHOICE, "auto|enable|disable", 0, 0, 0, "its link; auto: as that of the NIC")
#define XBR_PARAMS_vf_unset(X) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_REQUIRED, "the physical function") \
	XBR_PARAM_VF(X, XBR_REQUIRED) \
	X("", "attributes", SET, "mac|vlan|rate|spoofchk|trust|state|all", 0, 0, XBR_BARE, "what to give back; default all")
#define XBR_PARAM_METER(X, FLAGS) X("name", "name", STRING, "METER", 0, 0, XBR_BARE | FLAGS, "the name of a meter")
#define XBR_METER_TEXT(X, word, value, help) X(word, word, STRING, value, 0, 0, 0, help)
#define XBR_PARAMS_meter_add(X) XBR_PARAM_METER(X, XBR_REQUIRED) \
	XBR_METER_TEXT(X, "rate", "RATE", "bits such as 10mbit, octets such as 500kbps, or packets such as 10kpps a second") \
	XBR_METER_TEXT(X, "burst", "SIZE", "octets, or packets, at once; default what rate lets by in 100 ms") \
	XBR_METER_TEXT(X, "cir", "RATE", "instead of rate, for three colours: the committed rate") \
	XBR_METER_TEXT(X, "cbs", "SIZE", "what is green at once") \
	XBR_METER_TEXT(X, "ebs", "SIZE", "what is yellow at once beyond cbs (RFC 2697)") \
	XBR_METER_TEXT(X, "pir", "RATE", "beyond this it is red (RFC 2698)") \
	XBR_METER_TEXT(X, "pbs", "SIZE", "what is not red at once") \
	X("color-aware", "color_aware", FLAG, "", 0, 0, 0, "a frame that an earlier meter made yellow gets no greener") \
	X("color-blind", "color_blind", FLAG, "", 0, 0, 0, "every frame comes as green; the default") \
	XBR_METER_TEXT(X, "parent", "METER", "what is within this one must be within that one, too; off: none") \
	XBR_METER_TEXT(X, "exceed", "drop|pass", "what becomes of frames beyond rate; of yellow ones; default drop, for yellow pass") \
	XBR_METER_TEXT(X, "violate", "drop|pass", "what becomes of red frames of three colours; default drop") \
	X("overhead", "overhead", NUMBER, "N", 0, 64, 0, "octets that a frame counts more than it has: 24 for what the wire adds; default 0")
#define XBR_PARAMS_meter_set(X) XBR_PARAMS_meter_add(X)
#define XBR_PARAMS_meter_del(X) XBR_PARAM_METER(X, XBR_REQUIRED)
#define XBR_PARAMS_meter_bind(X) XBR_PARAM_METER(X, XBR_REQUIRED) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_REQUIRED, "a port") \
	X("class", "class", NUMBER, "PRIO", 0, 7, 0, "only its frames of this priority") \
	X("", "direction", CHOICE, "in|out", 0, 0, XBR_BARE | XBR_REQUIRED, "where frames come in, or where they leave")
#define XBR_PARAMS_meter_unbind(X) XBR_PARAMS_meter_bind(X)
#define XBR_PARAMS_meter_show(X) XBR_PARAM_METER(X, 0)

#define XBR_PARAMS_stats_show(X) XBR_PARAM_LINK(X, 0)
#define XBR_PARAMS_reasons_show(X)
#define XBR_PARAMS_monitor_(X) \
	X("", "objects", SET, "bridge|link|fdb|acl|offload|all", 0, 0, XBR_BARE, "what to tell of; default all")

#define XBR_PUNT_WORDS \
	"stp|slow|pae|group_4|group_5|group_6|group_7|provider_stp|group_9|group_a|group_b|group_c|provider_mvrp|" \
	"lldp|group_f|all"

#define XBR_PARAMS_punt_show(X)
#define XBR_PARAMS_punt_set(X) \
	X("reason", "reason", CHOICE, XBR_PUNT_WORDS, 0, 0, XBR_BARE | XBR_REQUIRED, \
	  "which control frames; all: each of them") \
	X("rate", "rate", NUMBER, "N", 0, 1000000, 0, "frames a second that the agent takes from each port; 0: no limit") \
	X("burst", "burst", NUMBER, "N", 1, 1000000, 0, "frames at once")
#define XBR_PARAMS_punt_send(X) XBR_PARAM_LINK(X, XBR_REQUIRED) \
	X("frame", "frame", STRING, "HEX", 0, 0, XBR_BARE | XBR_REQUIRED, "its octets, from the destination on, in hexadecimal") \
	X("received", "received", FLAG, "", 0, 0, 0, "as if received on the port, instead of out of it")
#define XBR_PARAMS_punt_tap(X) \
	X("-w|write", "write", STRING, "FILE", 0, 0, 0, "as pcapng, for tshark and wireshark; -: to standard output") \
	X("count", "count", NUMBER, "N", 1, 4294967295, 0, "end after so many frames; default 1000000")

#define XBR_PARAMS_stp_show(X) X("dev", "dev", DEV, "DEV", 0, 0, XBR_BARE, "a bridge, or one of its ports; default all bridges")
#define XBR_PARAMS_stp_mcheck(X) XBR_PARAM_LINK(X, XBR_REQUIRED)

#define XBR_PARAM_MST_BR(X, FLAGS) X("br|bridge", "bridge", DEV, "BR", 0, 0, FLAGS, "the bridge")
#define XBR_PARAM_MST_VID(X, help) X("vid", "vid", VIDS, "VIDS", 0, 0, 0, help)
#define XBR_PARAM_MST_PRIORITY(X, help) X("priority", "priority", NUMBER, "N", 0, 61440, 0, help)
#define XBR_PARAMS_mst_add(X) XBR_PARAM_MST_BR(X, XBR_BARE | XBR_REQUIRED) \
	X("msti", "msti", NUMBER, "N", 1, 4094, XBR_REQUIRED, "its number") \
	XBR_PARAM_MST_VID(X, "VLANs that are of it: 10, 10-20, 10-20,30, or all") \
	XBR_PARAM_MST_PRIORITY(X, "of the bridge in it, a multiple of 4096; default 32768")
#define XBR_PARAMS_mst_set(X) XBR_PARAM_MST_BR(X, XBR_ONE_OF) \
	X("dev", "dev", DEV, "DEV", 0, 0, XBR_ONE_OF, "a port") \
	X("msti", "msti", NUMBER, "N", 0, 4094, 0, "the instance; 0: the common tree, for vid") \
	X("name", "name", STRING, "NAME", 0, 0, 0, "of the region, at most 32 characters; default the address of the bridge") \
	X("revision", "revision", NUMBER, "N", 0, 65535, 0, "of the region; default 0") \
	X("max_hops", "max_hops", NUMBER, "N", 6, 40, 0, "bridges that a BPDU may pass within the region; default 20") \
	XBR_PARAM_MST_PRIORITY(X, "of a bridge, a multiple of 4096; of a port, 0 to 60, a multiple of 4, default 32") \
	X("cost", "cost", NUMBER, "N", 0, 200000000, 0, "of the way by the port; 0, the default: as in the common tree") \
	XBR_PARAM_MST_VID(X, "VLANs that are of it from now on") \
	X("state", NULL, REFUSED, "", 0, 0, 0, "states are what spanning tree says: set cost and priority instead")
#define XBR_PARAMS_mst_del(X) XBR_PARAM_MST_BR(X, XBR_BARE | XBR_REQUIRED) \
	X("msti", "msti", NUMBER, "N", 1, 4094, XBR_REQUIRED, "the instance") \
	XBR_PARAM_MST_VID(X, "only these VLANs of it, which are of the common tree then")
#define XBR_PARAMS_mst_show(X) X("dev", "dev", DEV, "DEV", 0, 0, XBR_BARE, "a port, or a bridge") \
	XBR_PARAM_MST_BR(X, 0)

#define XBR_PARAMS_apply_(X) \
	X("file", "file", STRING, "FILE", 0, 0, XBR_BARE | XBR_REQUIRED, "the configuration; -: standard input") \
	X("confirm", "confirm", SECONDS, "SECONDS", 1, 86400, 0, \
	  "go back to the former configuration unless xbr confirm is given in time") \
	X("dry-run", "dry_run", FLAG, "", 0, 0, 0, "check everything, change nothing")
#define XBR_PARAMS_confirm_(X)
#define XBR_PARAMS_save_(X) \
	X("file", "file", STRING, "FILE", 0, 0, XBR_BARE, "where to; default: standard output")
#define XBR_PARAMS_version_(X)
#define XBR_PARAMS_help_(X) \
	X("", "object", STRING, "OBJECT", 0, 0, XBR_BARE, "an object, such as fdb") \
	X("", "verb", STRING, "VERB", 0, 0, XBR_BARE, "one of its verbs, such as add")
#define XBR_PARAMS_completion_(X) \
	X("", "shell", CHOICE, "bash", 0, 0, XBR_BARE | XBR_REQUIRED, "for this shell")

#define XBR_COMMANDS(X) \
	X(bridge, add,     "bridge.add",  0, "make a bridge, and its device if there is none") \
	X(bridge, set,     "bridge.set",  XBR_NEEDS_OPTION, "change options of a bridge") \
	X(bridge, del,     "bridge.del",  0, "end a bridge and all its ports") \
	X(bridge, show,    "bridge.show", 0, "list bridges") \
	X(link,   add,     "link.add",    0, "make a device a port of a bridge") \
	X(link,   set,     "link.set",    XBR_NEEDS_OPTION, "change options of a port") \
	X(link,   del,     "link.del",    0, "take a port out of its bridge") \
	X(link,   recover, "link.recover", 0, "bring a port back that a guard shut") \
	X(link,   show,    "link.show",   0, "list ports, and which hook each of them got and why") \
	X(fdb,    add,     "fdb.add",     0, "add an entry; one that exists is an error") \
	X(fdb,    load,    "fdb.load",    0, "add an entry for each line of a file, quickly") \
	X(fdb,    replace, "fdb.replace", 0, "add an entry, or change the one that exists") \
	X(fdb,    del,     "fdb.del",     0, "delete an entry") \
	X(fdb,    get,     "fdb.get",     0, "look one address up") \
	X(fdb,    show,    "fdb.show",    0, "list entries") \
	X(fdb,    flush,   "fdb.flush",   0, "forget entries") \
	X(guard,  set,     "guard.set",   XBR_NEEDS_OPTION, "turn guards of a port on or off") \
	X(guard,  allow,   "guard.allow", 0, "allow a port an address") \
	X(guard,  del,     "guard.del",   0, "allow it no longer") \
	X(guard,  show,    "guard.show",  0, "list what ports are allowed, and how it was learned") \
	X(storm_control, set, "storm_control.set", XBR_NEEDS_OPTION, "limit what a port may flood") \
	X(vlan,   add,     "vlan.add",    0, "make a port a member of VLANs") \
	X(vlan,   set,     "vlan.set",    0, "say anew how a port is a member of VLANs that it is in") \
	X(vlan,   del,     "vlan.del",    0, "take a port out of VLANs") \
	X(vlan,   show,    "vlan.show",   0, "list the VLANs of ports") \
	X(vlanmap, add,    "vlanmap.add", 0, "say which VLAN a VID is at a port: translation, or a tunnel's choice") \
	X(vlanmap, del,    "vlanmap.del", 0, "a VID at a port is that VLAN again") \
	X(vlanmap, show,   "vlanmap.show", 0, "list such mappings") \
	X(acl,    add,     "acl.add",     0, "add a rule to an access list, which is made by its first") \
	X(acl,    del,     "acl.del",     0, "delete a rule, or a list that is not bound") \
	X(acl,    bind,    "acl.bind",    0, "have frames of a port, VLAN or bridge asked by a list") \
	X(acl,    unbind,  "acl.unbind",  0, "no longer") \
	X(acl,    show,    "acl.show",    0, "list access lists, their rules, and with -s what they counted") \
	X(acl,    lint,    "acl.lint",    0, "name rules that no frame can reach, duplicates, contradictions") \
	X(acl,    replace, "acl.replace", 0, "give a list the rules of a file and no others, from one frame to the next") \
	X(conn,   show,    "conn.show",   0, "list the connections that rules with state go by") \
	X(conn,   flush,   "conn.flush",  0, "forget connections") \
	X(aclset, add,     "aclset.add",  0, "add to a named set, which is made by its first") \
	X(aclset, del,     "aclset.del",  0, "delete a member of a set, or a set that no rule asks") \
	X(aclset, show,    "aclset.show", 0, "list named sets") \
	X(offload, show,   "offload.show", 0, "what devices can do by themselves, and what of it is on") \
	X(offload, set,    "offload.set", XBR_NEEDS_OPTION, "turn what a device does by itself; it is given back by unset") \
	X(offload, unset,  "offload.unset", 0, "a device does again what it did before") \
	X(vf,     show,    "vf.show",     0, "list virtual functions of NICs") \
	X(vf,     set,     "vf.set",      XBR_NEEDS_OPTION, "say what a virtual function may do") \
	X(vf,     unset,   "vf.unset",    0, "as it was before") \
	X(meter,  add,     "meter.add",   0, "make a meter: a rate that places and rules can hold frames to") \
	X(meter,  set,     "meter.set",   XBR_NEEDS_OPTION, "change a meter; what it let by so far stays counted") \
	X(meter,  del,     "meter.del",   0, "delete a meter that nothing uses") \
	X(meter,  bind,    "meter.bind",  0, "hold frames of a port to a meter") \
	X(meter,  unbind,  "meter.unbind", 0, "no longer") \
	X(meter,  show,    "meter.show",  0, "list meters, where they are bound, and with -s what they counted") \
	X(stats,  show,    "stats.show",  0, "frames and octets of each port, and what became of them") \
	X(reasons, show,   "reasons",     0, "list the reasons by which frames are counted") \
	X(punt,   show,    "punt.show",   0, "control frames handed to the agent, and what bounds them") \
	X(punt,   set,     "punt.set",    XBR_NEEDS_OPTION, "change how many control frames each port may have handed over") \
	X(punt,   send,    "punt.send",   0, "send one frame out of a port, or as if it had been received there") \
	X(punt,   tap,     "punt.tap",    XBR_SHELL_ONLY, "show control frames as they come and go") \
	X(stp,    show,    "stp.show",    0, "spanning tree: roles, states, timers, counters, and what changed why") \
	X(stp,    mcheck,  "stp.mcheck",  0, "try RSTP again where a neighbour spoke STP") \
	X(mst,    add,     "mst.add",     0, "make a spanning tree instance: VLANs that have a tree of their own") \
	X(mst,    set,     "mst.set",     XBR_NEEDS_OPTION, "change the region, an instance, or a port in it") \
	X(mst,    del,     "mst.del",     0, "end an instance, or take VLANs out of it") \
	X(mst,    show,    "mst.show",    0, "list instances, and the states of ports in them") \
	X(monitor, ,       "monitor",     XBR_SHELL_ONLY, "tell of changes as they happen") \
	X(apply,  ,        "apply",       0, "make the running configuration equal to a file, or change nothing") \
	X(confirm, ,       "confirm",     0, "keep what apply with confirm did") \
	X(save,   ,        "save",        0, "print the commands that restore the running configuration") \
	X(version, ,       "version",     0, "tell the versions of the command and of the agent") \
	X(help,   ,        "help",        XBR_SHELL_ONLY, "explain a command") \
	X(completion, ,    "completion",  XBR_SHELL_ONLY, "print the completion script of a shell")

/* clang-format on */

struct xbr_param {
	const char *words;
	const char *key;
	enum xbr_param_kind kind;
	const char *value;
	long long min, max;
	unsigned int flags; /* enum xbr_param_flags */
	const char *help;
};

struct xbr_command {
	const char *object;
	const char *verb;   /* "": the object alone is the command */
	const char *method; /* of the request */
	unsigned int flags; /* enum xbr_command_flags */
	const char *help;
	const struct xbr_param *params; /* ends with words NULL; at most 64 */
};

#endif
