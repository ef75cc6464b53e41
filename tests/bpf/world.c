// SPDX-License-Identifier: Apache-2.0
/* A world that changes at random; see world.h. */
#include "world.h"

#include <string.h>

#include "xbr/fdb_word.h"

#define STATIONS       64
#define ALLOWED        24 /* of them, on a port each */
#define LISTED         16 /* of them, as sources */
#define CHANGE_EVERY   24
#define BRIDGE_A       1
#define BRIDGE_B       2
#define FID_A          11
#define FID_B          12
#define IFINDEX_UNUSED 0
#define VLANS          4 /* 1 to VLANS */
#define VLAN_BLOCK     2 /* of FIDs; that of bridge B's VLANs is the next */

/* ---- chance ---- */

/* splitmix64. */
static __u64 next(struct random *random)
{
	__u64 z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static __u32 below(struct random *random, __u32 limit)
{
	return (__u32)(next(random) >> 32) % limit;
}

/* ---- the beginning ---- */

static __u32 bridge_of(__u32 port)
{
	return port == P5 ? BRIDGE_B : BRIDGE_A;
}

static __u32 usual_flags(__u32 port)
{
	if (port == HOST)
		return XBR_PORT_LOCAL | XBR_PORT_ACL;
	return XBR_PORT_DEFAULT_FLAGS | XBR_PORT_XDP_IN | XBR_PORT_ACL | (port == P4 ? 0u : XBR_PORT_XDP_OUT);
}

static void prepare_bridges(const struct tables *t, const struct lab *lab)
{
	for (__u32 n = BRIDGE_A; n <= BRIDGE_B; n++)
		t->bridges[n] = (struct xbr_bridge){.ifindex = lab->ifindex[HOST],
						    .fid = n == BRIDGE_A ? FID_A : FID_B,
						    .local_port = n == BRIDGE_A ? HOST : XBR_PORT_NONE,
						    .flags = XBR_BRIDGE_HOST_UP,
						    .epoch_shift = 40, /* always epoch 0 */
						    .flood_mtu = 1500,
						    .vlan_tpid_be = n == BRIDGE_A ? 0x0081 : 0xa888,
						    .ageing_epochs = 10};
}

static void prepare_vlans(const struct tables *t)
{
	for (__u32 n = BRIDGE_A; n <= BRIDGE_B; n++) {
		__u32 block = VLAN_BLOCK + n - BRIDGE_A;

		t->bridge_vlans[n].block[0] = (__u16)block;
		for (__u16 vid = 1; vid <= VLANS; vid++)
			t->vlans[block * XBR_VLAN_BLOCK + vid] = (struct xbr_vlan){
				.bridge = (__u16)n, .vid = vid, .flood = n == BRIDGE_A ? FID_A : FID_B};
	}
}

static int prepare_ports(const struct datapath *dp, const struct lab *lab)
{
	int err = 0;
	__u64 fid;

	for (__u32 n = P1; n < LAB_PORTS && !err; n++) {
		dp->tables.ports[n] = (struct xbr_port){.ifindex = lab->ifindex[n],
							.bridge = (__u16)bridge_of(n),
							.state = XBR_STATE_FORWARDING,
							.flags = usual_flags(n),
							.mtu = 1500};
		fid = dp->tables.bridges[bridge_of(n)].fid;
		err = datapath_set_port_of(dp, lab->ifindex[n], n | fid << XBR_DEVICE_FID_SHIFT);
	}
	return err;
}

/* On the source list of P4; every other one as if P4 had nodst. */
static int list_station(const struct datapath *dp, __u8 n)
{
	__u32 nodst = n & 1 ? XBR_SOURCE_NODST : 0;
	__u64 mac = 0;
	int err;

	memcpy(&mac, (__u8[6]){0x02, 0, 0, 0, 0, n}, 6);
	err = datapath_set_source(dp, fdb_key(mac, P4), XBR_SOURCE_LISTED);
	if (err)
		return err;
	return datapath_set_source(dp, fdb_key(mac, XBR_SOURCE_BRIDGE | BRIDGE_A), XBR_SOURCE_LISTED | nodst);
}

/* A port for each station, and an IPv4 and an IPv6 address of four each. */
static int allow_station(const struct datapath *dp, __u8 n)
{
	struct xbr_allowed_key key = {.prefixlen = XBR_ALLOWED_FIXED, .port = P1 + n % (LAB_PORTS - P1)};
	struct xbr_allowed given = {.source = XBR_ALLOWED_GIVEN};
	int err;

	memcpy(&key.mac_vid, (__u8[8]){0x02, 0, 0, 0, 0, n}, 8);
	err = datapath_allow(dp, &key, &given);
	if (err)
		return err;
	key.family = n & 4 ? 4 : 6;
	key.prefixlen += key.family == 4 ? 32 : 128;
	memcpy(key.address, n & 4 ? "\x0a\x00\x00" : "\xfe\x80\x00", 3);
	key.address[key.family == 4 ? 3 : 15] = n & 3;
	return datapath_allow(dp, &key, &given);
}

/* By P1 comes in what list 1 lets in, by P4 leaves what list 2 lets out. No rule tells a header of IP that is
 * cut short from another type: TC gets some frames with another one. */
static int prepare_acls(const struct datapath *dp)
{
	int err = datapath_set_acl(dp, 1,
				   "deny src_mac 02:00:00:00:00:03\n"
				   "permit src_mac 02:00:00:00:00:05 redirect p4\n"
				   "deny eth_type 0xfffe\n");

	if (!err)
		err = datapath_set_acl(dp, 2, "deny eth_type 0xffff\n");
	dp->tables.ports[P1].acl_in = 1;
	dp->tables.ports[P4].acl_out = 2;
	return err;
}

int world_prepare(const struct datapath *dp, const struct lab *lab)
{
	static const __u32 members_a[] = {P1, P4, HOST};
	static const __u32 members_b[] = {P5};
	int err;

	datapath_clear(dp);
	prepare_bridges(&dp->tables, lab);
	prepare_vlans(&dp->tables);
	err = prepare_ports(dp, lab);
	if (!err)
		err = datapath_set_flood(dp, FID_A, members_a, sizeof(members_a) / sizeof(members_a[0]));
	for (__u32 n = 0; n < LISTED && !err; n++)
		err = list_station(dp, (__u8)n);
	for (__u32 n = 0; n < ALLOWED && !err; n++)
		err = allow_station(dp, (__u8)n);
	if (!err)
		err = datapath_set_flood(dp, FID_B, members_b, sizeof(members_b) / sizeof(members_b[0]));
	return err ? err : prepare_acls(dp);
}

/* ---- changes ---- */

bool world_change_next(struct random *random, struct world_change *ret_change)
{
	if (below(random, CHANGE_EVERY))
		return false;
	*ret_change = (struct world_change){.subject = (enum world_subject)below(random, WORLD_SUBJECTS),
					    .port = P1 + below(random, LAB_PORTS - P1),
					    .bridge = BRIDGE_A + below(random, 2),
					    .slot = below(random, WORLD_BUCKETS * XBR_FDB_WAYS),
					    .value = (__u32)next(random)};
	return true;
}

static bool is_held(const struct tables *t, const struct xbr_fdb_data *data)
{
	return fdb_kind_is_learned(data->kind) && data->generation == t->ports[data->port].generation;
}

static void no_longer_held(const struct tables *t, const struct xbr_fdb_data *data)
{
	if (!is_held(t, data))
		return;
	t->port_live[data->port].learned--;
	t->bridge_live[bridge_of(data->port)].learned--;
}

/* All that the port learned is void; entries that a former round of generations left are taken out, as the
 * agent's sweep does. */
static void flush(const struct tables *t, __u32 port)
{
	t->bridge_live[bridge_of(port)].learned -= t->port_live[port].learned;
	t->port_live[port].learned = 0;
	t->ports[port].generation = (t->ports[port].generation + 1) & FDB_GENERATION_MASK;
	for (__u32 i = 0; i < WORLD_BUCKETS * XBR_FDB_WAYS; i++) {
		struct xbr_fdb_data *data = &t->fdb[i / XBR_FDB_WAYS].data[i % XBR_FDB_WAYS];

		if (data->port == port && is_held(t, data))
			*data = (struct xbr_fdb_data){};
	}
}

static void age_all(const struct tables *t)
{
	for (__u32 i = 0; i < WORLD_BUCKETS * XBR_FDB_WAYS; i++) {
		struct xbr_fdb_data *data = &t->fdb[i / XBR_FDB_WAYS].data[i % XBR_FDB_WAYS];

		if (fdb_kind_is_learned(data->kind))
			data->age = (data->age - 1) & FDB_AGE_MASK;
	}
}

/* The entry of a slot becomes one of the kinds that no frame moves; at any port, also one of the other
 * bridge. */
static void pin(const struct tables *t, const struct world_change *change)
{
	static const __u8 kinds[] = {XBR_FDB_STATIC, XBR_FDB_STICKY, XBR_FDB_BLACKHOLE, XBR_FDB_LOCAL,
				     XBR_FDB_BUSY};
	struct xbr_fdb_data *data = &t->fdb[change->slot / XBR_FDB_WAYS].data[change->slot % XBR_FDB_WAYS];

	if (data->kind == XBR_FDB_NONE)
		return;
	no_longer_held(t, data);
	*data = (struct xbr_fdb_data){.port = change->port & FDB_PORT_MASK,
				      .kind = kinds[change->value % sizeof(kinds)] & FDB_KIND_MASK};
}

static void remove_entry(const struct tables *t, const struct world_change *change)
{
	struct xbr_fdb_bucket *bucket = &t->fdb[change->slot / XBR_FDB_WAYS];
	__u32 way = change->slot % XBR_FDB_WAYS;
	__u64 key;
	__u32 first;

	memcpy(&key, &bucket->key[way], sizeof(key));
	if (!key)
		return;
	first = fdb_first(fdb_hash(key, DATAPATH_SEED), WORLD_BUCKETS - 1);
	no_longer_held(t, &bucket->data[way]);
	bucket->key[way] = (struct xbr_fdb_key){};
	bucket->data[way] = (struct xbr_fdb_data){};
	if (bucket != &t->fdb[first])
		t->fdb[first].overflow--;
}

/* Half the time as it was at the beginning: a world in which nothing works shows little. */
static void change_flags(struct xbr_port *port, __u32 number, __u32 value)
{
	const __u32 free = XBR_PORT_LEARNING | XBR_PORT_FLOOD | XBR_PORT_MCAST_FLOOD | XBR_PORT_BCAST_FLOOD |
			   XBR_PORT_HAIRPIN | XBR_PORT_ISOLATED | XBR_PORT_TUNNEL;

	if (number != HOST)
		port->flags = value & 0x80000000u ? usual_flags(number)
						  : (usual_flags(number) & ~free) | (value & free);
}

/* Half the time out of play, so that plain switching is seen, too. P1 is the uplink mostly. */
static void change_edge(struct xbr_port *port, __u32 number, __u32 value)
{
	const __u32 free = XBR_EDGE_UPLINK | XBR_EDGE_NO_HOST | XBR_EDGE_SOURCES;
	const __u32 usual = number == P1 ? XBR_EDGE_UPLINK | XBR_EDGE_SOURCES : 0;
	__u32 flags = value & 6 ? usual : value >> 8 & free;

	port->edge = (__u8)(value & 1 ? XBR_EDGE_IN_PLAY | flags : 0);
	port->uplink = (__u16)(number == P1 ? (value >> 16 & 7 ? XBR_PORT_NONE : P4) : P1);
}

static void change_port(const struct world_change *change, struct xbr_port *port)
{
	static const __u8 states[] = {XBR_STATE_FORWARDING, XBR_STATE_FORWARDING, XBR_STATE_FORWARDING,
				      XBR_STATE_DISABLED,   XBR_STATE_LISTENING,  XBR_STATE_LEARNING,
				      XBR_STATE_BLOCKING,   XBR_STATE_FORWARDING};
	static const __u32 mtus[] = {0, 50, 100, 1500};
	static const __u32 limits[] = {0, 0, 1, 6};

	switch (change->subject) {
	case WORLD_FLAGS:
		change_flags(port, change->port, change->value);
		break;
	case WORLD_STATE:
		port->state = states[change->value % sizeof(states)];
		break;
	case WORLD_MTU:
		port->mtu = port->qos ? 0 : mtus[change->value % 4];
		break;
	case WORLD_PORT_LIMIT:
		port->fdb_max_learned = limits[change->value % 4];
		break;
	case WORLD_PVID:
		port->pvid = (__u16)(change->value % (VLANS + 1));
		break;
	case WORLD_PORT_MASK:
		port->group_fwd_mask = (__u16)(change->value & change->value >> 16);
		break;
	case WORLD_MODE:
		port->mode = (__u8)(change->port == P1 || change->port == HOST ? XBR_MODE_BRIDGE
									       : change->value % 5);
		break;
	case WORLD_EDGE:
		change_edge(port, change->port, change->value);
		break;
	case WORLD_PORT_PUNT:
		port->punt = change->value & change->value >> 16;
		break;
	default:
		port->ifindex = change->value % 4 ? change->port : IFINDEX_UNUSED;
		break;
	}
}

static void change_bridge(const struct world_change *change, struct xbr_bridge *bridge)
{
	static const __u32 limits[] = {0, 0, 0, 12};

	switch (change->subject) {
	case WORLD_BRIDGE_FLAGS:
		bridge->flags = (bridge->flags & XBR_BRIDGE_VLAN_FILTERING) |
				(change->value & (XBR_BRIDGE_HOST_UP | XBR_BRIDGE_XDP_FLOOD));
		break;
	case WORLD_FILTERING:
		bridge->flags ^= XBR_BRIDGE_VLAN_FILTERING;
		break;
	case WORLD_BRIDGE_LIMIT:
		bridge->fdb_max_learned = limits[change->value % 4];
		break;
	case WORLD_BRIDGE_MASK:
		bridge->group_fwd_mask = (__u16)(change->value & change->value >> 16);
		break;
	case WORLD_BRIDGE_PUNT:
		bridge->punt = change->value & change->value >> 16 & change->value >> 8;
		break;
	default:
		bridge->ageing_epochs = change->value % 8 ? (__u16)(change->value % 16) : 0;
		break;
	}
}

/* A meter has no time left for good, or no rate: whatever the clocks of the three are. */
static void change_guard(const struct tables *t, const struct world_change *change)
{
	const __u32 free = XBR_GUARD_ADDRESSES | XBR_GUARD_LOCKED | XBR_GUARD_MAB | XBR_GUARD_LIMIT_DROP |
			   XBR_GUARD_LIMIT_SHUTDOWN | XBR_GUARD_STORM;
	__u32 value = change->value;

	t->ports[change->port].guard = value & 3 ? 0 : value >> 8 & value >> 4 & free;
	t->guard_live[change->port].tripped = value & 4 ? XBR_SHUT_NOT : XBR_SHUT_MAC_LIMIT;
	for (int kind = 0; kind < XBR_STORM_KINDS; kind++) {
		t->guards[change->port].cost[kind] = (value >> (2 + kind) & 1) << 20;
		t->guard_live[change->port].until[kind] = 1ull << 63;
	}
}

/* Of what comes in; empty for good, or no meter at all. XDP leaves long frames of metered ports to TC: there
 * is no MTU then that they could be longer than. */
static void change_meter(const struct tables *t, const struct world_change *change)
{
	struct xbr_port *port = &t->ports[change->port];

	port->qos = change->value & 3 ? 0 : XBR_QOS_METER_IN;
	if (port->qos)
		port->mtu = 0;
	t->qos_ports[change->port].meter[XBR_WAY_IN] = change->value & 4 ? 1 : 2;
	t->meters[1].cost[XBR_BUCKET_C] = 1;
	t->meters[1].action[XBR_RED] = XBR_METER_DROP;
	t->meter_live[1].until[XBR_BUCKET_C] = 1ull << 63;
}

/* Half of the VLANs, and half of those untagged. */
static void change_membership(const struct world_change *change, struct xbr_port_vlans *vlans)
{
	const __u64 all = (1ull << (VLANS + 1)) - 2;

	vlans->word[0] = (struct xbr_vlan_word){.member = change->value & all,
						.untagged = change->value >> 8 & change->value & all,
						.hairpin = change->value >> 16 & change->value & all};
}

/* Full, or empty for good: whatever the clocks of the three are. */
static void change_bucket(const struct tables *t, const struct world_change *change)
{
	__u32 reason = change->value % XBR_PUNT_COUNT;

	t->punt_limits[reason] = (struct xbr_punt_limit){.interval_ns = 1, .burst_ns = 1ull << 60};
	t->punt_buckets[XBR_PUNT_BUCKET(change->port, reason)] = change->value & 0x80000000u ? ~0ull : 0;
}

void world_change_apply(const struct world_change *change, const struct tables *tables)
{
	switch (change->subject) {
	case WORLD_FLUSH:
		flush(tables, change->port);
		break;
	case WORLD_GUARD:
		change_guard(tables, change);
		break;
	case WORLD_METER:
		change_meter(tables, change);
		break;
	case WORLD_PORT_BUCKET:
		change_bucket(tables, change);
		break;
	case WORLD_AGE_ALL:
		age_all(tables);
		break;
	case WORLD_PIN:
		pin(tables, change);
		break;
	case WORLD_REMOVE:
		remove_entry(tables, change);
		break;
	case WORLD_MEMBER:
		change_membership(change, &tables->port_vlans[change->port]);
		break;
	case WORLD_FILTERING:
	case WORLD_BRIDGE_FLAGS:
	case WORLD_BRIDGE_LIMIT:
	case WORLD_BRIDGE_MASK:
	case WORLD_BRIDGE_PUNT:
	case WORLD_AGEING:
		change_bridge(change, &tables->bridges[change->bridge]);
		break;
	default:
		change_port(change, &tables->ports[change->port]);
		break;
	}
}

/* ---- frames ---- */

static void put_station(struct random *random, __u8 *mac)
{
	__u8 n = (__u8)below(random, STATIONS);

	memcpy(mac, (__u8[6]){0x02, 0, 0, 0, 0, n}, 6);
}

static void put_random(struct random *random, __u8 *mac, __u8 group_bit)
{
	__u64 bits = next(random);

	memcpy(mac, &bits, 6);
	mac[0] = (__u8)((mac[0] & 0xfe) | group_bit);
}

static void put_destination(struct random *random, __u8 *mac)
{
	switch (below(random, 16)) {
	case 0:
		memset(mac, 0xff, 6);
		break;
	case 1:
		put_random(random, mac, 1);
		break;
	case 2:
		memcpy(mac, (__u8[6]){0x01, 0x80, 0xc2, 0, 0, (__u8)below(random, 18)}, 6);
		break;
	case 3:
		put_random(random, mac, 0);
		break;
	case 4:
		memset(mac, 0, 6);
		break;
	default:
		put_station(random, mac);
		break;
	}
}

static void put_source(struct random *random, __u8 *mac)
{
	switch (below(random, 24)) {
	case 0:
		put_random(random, mac, 1);
		break;
	case 1:
		memset(mac, 0, 6);
		break;
	case 2:
		put_random(random, mac, 0);
		break;
	default:
		put_station(random, mac);
		break;
	}
}

/* Tags to a depth, of the world's VLANs for the most part, then a type, or a length that lies. */
static void put_types(struct random *random, __u8 *bytes)
{
	static const __u8 types[][2] = {{0x81, 0x00}, {0x88, 0xa8}, {0x81, 0x00}, {0x08, 0x00},
					{0x86, 0xdd}, {0x88, 0x08}, {0x05, 0xdc}, {0xff, 0xff}};
	__u64 bits = next(random);

	for (__u32 depth = 0; depth < 8; depth++, bits >>= 3) {
		memcpy(bytes + depth * 4, types[bits & 7], 2);
		if ((bits & 7) > 2)
			return;
		bytes[depth * 4 + 2] = (__u8)((bits >> 32 & 0xf0) | (bits >> 40 & 0xff ? 0 : 0xf));
		bytes[depth * 4 + 3] = (__u8)(bits >> 48 & 0x7f ? bits >> 48 & 7 : 0xff);
	}
}

/* One in sixteen ends within its header or just behind it. */
static __u32 random_length(struct random *random)
{
	switch (below(random, 32)) {
	case 0:
		return below(random, 14);
	case 1:
	case 2:
		return 14 + below(random, 8);
	case 3:
		return 60 + below(random, WORLD_FRAME_MAX - 60);
	default:
		return 46 + below(random, 82);
	}
}

/*
 * What guards look at: a type and its octets, with an address of one of four stations at some places. ARP,
 * IPv4 with TCP, a DHCP server, a DHCP client, IPv6 with an advertisement of a router and of a neighbour.
 */
static const struct statement {
	__u8 length;
	__u8 address_at[2];
	__u8 octets[86];
} statements[] = {
	{32, {19, 29}, {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0,    0, 0, 0,
			1,    0x0a, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x0a, 0, 0, 2}},
	{34, {17, 21}, {0x08, 0x00, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 0x0a, 0, 0, 1, 0x0a, 0, 0, 2}},
	{34, {17, 21}, {0x08, 0x00, 0x45, 0, 0, 40,   0, 1, 0, 0, 64, 17, 0,
			0,    0x0a, 0,    0, 1, 0x0a, 0, 0, 2, 0, 67, 0,  68}},
	{66, {21, 63}, {0x08, 0x00, 0x45, 0,   0,   64, 0,  1, 0,  0, 64, 17, 0, 0, 0, 0, 0,
			0,    255,  255,  255, 255, 0,  68, 0, 67, 0, 44, 0,  0, 1, 1, 6, 0}},
	{58, {25, 41}, {0x86, 0xdd, 0x60, 0, 0, 0, 0, 16, 58, 255, 0xfe, 0x80, 0,  0, 0,
			0,    0,    0,    0, 0, 0, 0, 0,  0,  0,   1,    0xff, 2,  0, 0,
			0,    0,    0,    0, 0, 0, 0, 0,  0,  0,   0,    1,    134}},
	{66, {25, 65}, {0x86, 0xdd, 0x60, 0, 0, 0, 0,   24, 58,   255, 0xfe, 0x80, 0, 0, 0,    0,   0, 0,
			0,    0,    0,    0, 0, 0, 0,   1,  0xff, 2,   0,    0,    0, 0, 0,    0,   0, 0,
			0,    0,    0,    0, 0, 1, 136, 0,  0,    0,   0,    0,    0, 0, 0xfe, 0x80}},
};

/* Now and then an octet is another one. */
static void put_statement(struct random *random, struct world_frame *frame)
{
	const struct statement *s = &statements[below(random, sizeof(statements) / sizeof(statements[0]))];

	memcpy(frame->bytes + 12, s->octets, s->length);
	for (int i = 0; i < 2; i++)
		frame->bytes[12 + s->address_at[i]] = (__u8)below(random, 4);
	memcpy(frame->bytes + 22, frame->bytes[13] == 6 ? frame->bytes + 6 : frame->bytes + 22, 6);
	if (!below(random, 8))
		frame->bytes[12 + below(random, s->length)] = (__u8)below(random, 256);
	if (frame->length < 100)
		frame->length = 12u + s->length;
}

void world_frame_next(struct random *random, struct world_frame *ret_frame)
{
	__u64 filling = next(random);

	ret_frame->in = below(random, 64) ? P1 + below(random, LAB_PORTS - P1) : NO_PORT;
	ret_frame->length = random_length(random);
	put_destination(random, ret_frame->bytes);
	put_source(random, ret_frame->bytes + 6);
	if (!below(random, 4)) {
		put_statement(random, ret_frame);
		return;
	}
	put_types(random, ret_frame->bytes + 12);
	memcpy(ret_frame->bytes + 46, &filling, sizeof(filling));
}
