// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets as a world and frames in it, through the host build. An input is
 *
 *     6 ports of 8 octets      flags (low octet of enum xbr_port_flags), state, generation, mtu (2),
 * fdb_max_learned, group_fwd_mask (2) 2 bridges of 6 octets    flags (the highest: control frames are
 * punted), fdb_max_learned, ageing_epochs, group_fwd_mask (2), local port records                  first
 * octet 0x80 or more: 12 octets, key and data of an FDB slot that this octet chooses 0x70 to 0x7f: mode, edge
 * flags and uplink of a port (modulo 8), and an address for its source list 0x60 to 0x6f: a port's VLANs:
 * member (2), untagged (2), hairpin (2), a bit for each VID to 15, and its PVID 0x50 to 0x5f: a port's guards
 * (4) 0x40 to 0x4f: time goes on by so many epochs below: a frame by this port (modulo 8), length (2),
 * gso_size (1), its octets
 *
 * Numbers are little-endian; what is cut off is zero. Ports 1 to 4 and 6 are one bridge, 5 the other; port 7
 * is nothing, or the trunk of 3 and 4. Both bridges have VLANs 1 to 15. tests/fuzz/seeds.py writes this
 * format.
 */
#include <stdint.h>
#include <stdlib.h>

#include "host.h"
#include "xbr/fdb_word.h"

#define PORTS       6
#define TRUNK       7
#define BRIDGES     2
#define BUCKETS     8
#define VLAN_BLOCK  1
#define EPOCH_SHIFT 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static void require(int condition)
{
	if (!condition)
		abort();
}

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static uint16_t take16(struct input *in)
{
	uint8_t low = take(in);

	return (uint16_t)(low | take(in) << 8);
}

/* ---- the world ---- */

static void make_port(struct input *in, uint32_t number)
{
	struct xbr_port *port = &host.ports[number];

	port->ifindex = number;
	port->bridge = number == 5 ? 2 : 1;
	port->flags = take(in) | (number == 6 ? (uint32_t)XBR_PORT_LOCAL : 0);
	port->state = take(in) % 8;
	port->generation = take(in) & FDB_GENERATION_MASK;
	port->mtu = take16(in);
	port->fdb_max_learned = take(in);
	port->group_fwd_mask = take16(in);
	host.port_of[number] = number;
}

static void make_bridge(struct input *in, uint32_t number)
{
	struct xbr_bridge *bridge = &host.bridges[number];

	bridge->ifindex = number;
	bridge->fid = (uint16_t)number;
	bridge->flags = take(in);
	bridge->punt = bridge->flags & 0x80 ? ~0u : 0;
	bridge->fdb_max_learned = take(in);
	bridge->ageing_epochs = take(in);
	bridge->group_fwd_mask = take16(in);
	bridge->local_port = take(in);
	bridge->epoch_shift = EPOCH_SHIFT;
}

/* Of VLANs all ports of the bridge are on the list: membership is judged for each copy. */
static void make_vlans(void)
{
	for (uint32_t bridge = 1; bridge <= BRIDGES; bridge++) {
		uint32_t block = VLAN_BLOCK + bridge;

		host.bridge_vlans[bridge].block[0] = (uint16_t)block;
		host.bridges[bridge].vlan_tpid_be = host.bridges[bridge].flags & 0x40 ? 0xa888 : 0x0081;
		for (uint32_t vid = 1; vid < XBR_VLAN_BLOCK; vid++)
			host.vlans[block * XBR_VLAN_BLOCK + vid] = (struct xbr_vlan){
				.bridge = (uint16_t)bridge, .vid = (uint16_t)vid, .flood = (uint16_t)bridge};
	}
}

static void make_flood_lists(void)
{
	host.flood[1] = (struct host_flood_list){5, {1, 2, 3, 4, 6}};
	host.flood[2] = (struct host_flood_list){1, {5}};
}

/* Device 7 carries two channels, ports 3 and 4, of the kind that bits of bridge 2's flags say. */
static void make_channels(void)
{
	uint32_t kind = host.bridges[2].flags >> 4 & 3;

	if (!kind)
		return;
	host.ports[TRUNK] = (struct xbr_port){.ifindex = TRUNK};
	host.port_of[TRUNK] = TRUNK | (uint64_t)kind << XBR_DEVICE_ENCAP_SHIFT;
	for (uint32_t n = 0; n < 2; n++) {
		struct xbr_channel_key key = {TRUNK, kind << XBR_CHANNEL_KIND_SHIFT | (n + 1)};

		host.channels[n] = (struct host_channel){.key = key, .port = n + 3};
		host.ports[n + 3].encap = (uint8_t)kind;
		host.ports[n + 3].channel = n + 1;
	}
}

static void make_world(struct input *in)
{
	host_reset();
	settings = (struct xbr_settings){.fdb_seed = 1,
					 .fdb_mask = BUCKETS - 1,
					 .fdb_port_cap = 20,
					 .trace = 1,
					 .redirect_max = ~0u,
					 .features = XBR_FEATURES_ALL};
	for (uint32_t n = 1; n <= PORTS; n++)
		make_port(in, n);
	for (uint32_t n = 1; n <= BRIDGES; n++)
		make_bridge(in, n);
	make_flood_lists();
	make_channels();
	make_vlans();
}

/* ---- what must hold of every frame ---- */

/* Modes hold whatever the slots say: by the uplink only, and not between the host and who may not. */
static void check_edge(const struct xbr_port *in, const struct xbr_port *out)
{
	if (!(in->edge & XBR_EDGE_IN_PLAY))
		return;
	require(!(in->flags & XBR_PORT_LOCAL && out->edge & XBR_EDGE_NO_HOST));
	require(!(out->flags & XBR_PORT_LOCAL && !(in->flags & XBR_PORT_LOCAL) &&
		  in->edge & XBR_EDGE_NO_HOST));
	if ((in->flags | out->flags) & XBR_PORT_LOCAL || (in->edge | out->edge) & XBR_EDGE_UPLINK)
		return;
	require(in->mode == XBR_MODE_BRIDGE && out->mode == XBR_MODE_BRIDGE);
}

/* Is the port a member of the frame's VLAN, if it is of any? */
static void check_vlan(const struct frame *f, uint32_t out)
{
	if (f->tci)
		require(host.port_vlans[out].word[0].member >> (f->tci & 63) & 1);
}

static int may_return(const struct frame *f)
{
	uint64_t hairpin = f->tci ? host.port_vlans[f->in].word[0].hairpin >> (f->tci & 63) & 1 : 0;

	return host.ports[f->in].flags & XBR_PORT_HAIRPIN || hairpin;
}

static void check_forward(const struct frame *f)
{
	const struct xbr_port *out = &host.ports[f->out], *in = &host.ports[f->in];

	require(f->out <= PORTS && out->state == XBR_STATE_FORWARDING && out->bridge == in->bridge);
	require((f->out == f->in) == (f->reason == XBR_REASON_reflected));
	require(f->out != f->in || may_return(f));
	check_vlan(f, f->out);
	check_edge(in, out);
}

static void check_flood(const struct host_outcome *outcome)
{
	const struct frame *f = &outcome->frame;

	require(outcome->receivers != 0);
	for (uint32_t n = 0; n < HOST_PORTS; n++) {
		if (!(outcome->receivers >> n & 1))
			continue;
		require(n >= 1 && n <= PORTS && host.ports[n].bridge == host.ports[f->in].bridge);
		require(host.ports[n].state == XBR_STATE_FORWARDING);
		require(n != f->in || may_return(f));
		check_vlan(f, n);
		check_edge(&host.ports[f->in], &host.ports[n]);
	}
}

static void check_outcome(const struct host_outcome *outcome)
{
	require(outcome->frame.reason != XBR_REASON_none && outcome->frame.reason < XBR_REASON_COUNT);
	switch (outcome->frame.verdict) {
	case XBR_VERDICT_FORWARD:
		check_forward(&outcome->frame);
		break;
	case XBR_VERDICT_FLOOD:
		check_flood(outcome);
		break;
	case XBR_VERDICT_PUNT:
		require(outcome->frame.out < XBR_PUNT_COUNT && outcome->receivers == 0);
		break;
	default:
		require(outcome->frame.verdict == XBR_VERDICT_DROP && outcome->receivers == 0);
		break;
	}
}

static int ends_a_frame(uint32_t reason)
{
	static const uint8_t classes[] = {
#define CLASS(name, class, sentence) XBR_VERDICT_##class,
		XBR_REASONS(CLASS)
#undef CLASS
	};

	return classes[reason] != XBR_VERDICT_NOTE;
}

/* Each frame has one reason of its own. */
static void check_counters(uint64_t frames)
{
	uint64_t received = 0, ended = 0;

	for (uint32_t n = 0; n < HOST_PORTS; n++) {
		received += host_counters[n].rx_frames;
		for (uint32_t reason = 0; reason < XBR_REASON_COUNT; reason++)
			ended += ends_a_frame(reason) ? host_counters[n].reason[reason] : 0;
	}
	require(received == frames && ended == frames);
}

/* ---- records ---- */

static void send_frame(struct input *in, uint8_t port)
{
	struct host_outcome outcome;
	size_t length = take16(in);
	uint32_t gso_size = take(in);
	uint8_t *octets;

	if (length > in->left)
		length = in->left;
	octets = malloc(length + 1); /* of its own, so that a read past its end is seen */
	require(octets != NULL);
	for (size_t i = 0; i < length; i++)
		octets[i] = take(in);
	octets = realloc(octets, length ? length : 1);
	host_frame(octets, length, port % 8, gso_size, &outcome);
	check_outcome(&outcome);
	free(octets);
}

static void write_slot(struct input *in, uint8_t slot)
{
	struct xbr_fdb_bucket *bucket = &host.fdb[slot / XBR_FDB_WAYS % BUCKETS];
	uint8_t octets[12];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = take(in);
	memcpy(&bucket->key[slot % XBR_FDB_WAYS], octets, 8);
	memcpy(&bucket->data[slot % XBR_FDB_WAYS], octets + 8, 4);
	bucket->overflow = 1;
}

static void list_source(struct input *in, uint32_t port)
{
	static uint32_t next;
	uint64_t mac = 0;

	for (size_t i = 0; i < 6; i++)
		mac |= (uint64_t)take(in) << i * 8;
	host.sources[next++ % HOST_SOURCES] = (struct host_source){fdb_key(mac, port), XBR_SOURCE_LISTED};
	host.sources[next++ % HOST_SOURCES] =
		(struct host_source){fdb_key(mac, XBR_SOURCE_BRIDGE | host.ports[port].bridge),
				     XBR_SOURCE_LISTED | (mac >> 40 & 1 ? XBR_SOURCE_NODST : 0)};
}

/* Anything at all, also what the agent never writes. */
static void set_edge(struct input *in, uint32_t number)
{
	struct xbr_port *port = &host.ports[number];

	port->mode = take(in) % (XBR_MODE_SOURCE + 1);
	port->edge = take(in) & 0xf;
	port->uplink = take(in) % 8;
	list_source(in, number);
}

static void set_vlans(struct input *in, uint32_t number)
{
	struct xbr_vlan_word *word = &host.port_vlans[number].word[0];

	word->member = take16(in) & ~1u;
	word->untagged = take16(in);
	word->hairpin = take16(in);
	host.ports[number].pvid = take(in) % XBR_VLAN_BLOCK;
}

static void set_guards(struct input *in, uint32_t number)
{
	host.ports[number].guard = take16(in);
	host.ports[number].guard |= (uint32_t)take16(in) << 16;
	for (int meter = 0; meter < XBR_METERS; meter++)
		host.guards[number].cost[meter] = (uint64_t)host.ports[number].guard << (8 * meter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t frames = 0;

	make_world(&in);
	while (in.left) {
		uint8_t what = take(&in);

		if (what >= 0x80) {
			write_slot(&in, what & 0x7f);
		} else if (what >= 0x70) {
			set_edge(&in, what & 7);
		} else if (what >= 0x60) {
			set_vlans(&in, what & 7);
		} else if (what >= 0x50) {
			set_guards(&in, what & 7);
		} else if (what >= 0x40) {
			host.jiffies += (uint64_t)(what & 0xf) << EPOCH_SHIFT;
		} else {
			send_frame(&in, what);
			frames++;
		}
	}
	check_counters(frames);
	return 0;
}
