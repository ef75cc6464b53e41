// SPDX-License-Identifier: Apache-2.0
/*
 * Channels' tags, frame by frame: rows of what is on the wire of the trunk and what the guest has, through
 * XDP, TC and the host build. P1's device carries two channels, P2 is a plain port; all are of one bridge.
 * The octets are those of the standards and of real captures, not of the code.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "datapath.h"
#include "host.h"
#include "rows.h"
#include "test.h"
#include "xbr/fdb_word.h"

#define FIRST  20 /* the channels' numbers */
#define SECOND 21

#define MAC_A     "\x02\x00\x00\x00\x00\x0a" /* behind the channel FIRST */
#define MAC_B     "\x02\x00\x00\x00\x00\x0b" /* behind P2 */
#define MAC_C     "\x02\x00\x00\x00\x00\x0c" /* behind the channel SECOND */
#define MAC_ALL   "\xff\xff\xff\xff\xff\xff"
#define IP        "\x08\x00"
#define CTAG      "\x81\x00\xa0\x07" /* PCP 5, VID 7 */
#define TEXT      "forty-six octets, the least that 802.3 allows."
#define B_FROM_A  MAC_B MAC_A
#define A_FROM_B  MAC_A MAC_B
#define CAPTURED  MAC_ALL "\x00\x20\xd2\x5a\xfb\x3f" /* tcpdump's 802.1ad_QinQ.pcap */
#define STAG(tci) "\x88\xa8" tci

#define OF(string)                                                                                           \
	{                                                                                                    \
		string, sizeof(string) - 1                                                                   \
	}

struct channel_row {
	const char *name;
	const char *clause;
	__u8 encap;
	__u8 flags;      /* of both channels */
	__u32 number[2]; /* of both channels; 0: there is none */
	__u32 in;        /* the device it comes by: P1 or P2 */
	struct bytes frame;

	__u32 port; /* whose frame it is found to be */
	__u8 verdict;
	__u8 reason;
	__u32 out;
	int xdp;
	struct bytes left;  /* the frame as it leaves; at NULL: unchanged */
	bool learns;        /* its source is not known yet */
	bool metadata;      /* in TC the channel's tag is not in the bytes: they are the guest's */
	struct bytes guest; /* the guest's frame where the two differ */
};

#define S(first, second) .encap = XBR_ENCAP_SCHANNEL, .number = {first, second}
#define E(first, second) .encap = XBR_ENCAP_ETAG, .number = {first, second}
#define V(first, second) .encap = XBR_ENCAP_VNTAG, .number = {first, second}
#define TO(where)                                                                                            \
	.verdict = XBR_VERDICT_FORWARD, .reason = XBR_REASON_unicast, .out = (where), .xdp = XDP_REDIRECT
/* Nobody's: XDP leaves it to TC, which sees tags in metadata, too. */
#define REFUSED(why) .verdict = XBR_VERDICT_DROP, .reason = XBR_REASON_##why, .xdp = XDP_PASS

static const struct channel_row channel_rows[] = {
	{"an S-tag tells the channel", "802.1Q, 9.5; 802.1Qbg", S(100, 200), .in = P1,
	 .frame = OF(B_FROM_A STAG("\x00\x64") IP TEXT), .port = FIRST, TO(P2), .left = OF(B_FROM_A IP TEXT)},
	{"priority of an S-tag does not tell", "802.1Q, 9.6", S(100, 200), .in = P1,
	 .frame = OF(B_FROM_A STAG("\xf0\x64") IP TEXT), .port = FIRST, TO(P2), .left = OF(B_FROM_A IP TEXT)},
	{"a C-tag behind the S-tag is the guest's", "802.1Qbg", S(100, 200), .in = P1,
	 .frame = OF(B_FROM_A STAG("\x00\x64") CTAG IP TEXT), .port = FIRST, TO(P2),
	 .left = OF(B_FROM_A CTAG IP TEXT), .metadata = true, .guest = OF(B_FROM_A IP TEXT)},
	{"no S-tag is the default S-channel's", "802.1Qbg: SVID 1", S(100, 1), .in = P1,
	 .frame = OF(MAC_B MAC_C IP TEXT), .port = SECOND, TO(P2)},
	{"S-VID 0 is the default S-channel's", "802.1Q, table 9-2", S(100, 1), .in = P1,
	 .frame = OF(MAC_B MAC_C STAG("\xe0\x00") IP TEXT), .port = SECOND, TO(P2),
	 .left = OF(MAC_B MAC_C IP TEXT)},
	{"a C-tag alone is the default S-channel's", "802.1Qbg: SVID 1", S(100, 1), .in = P1,
	 .frame = OF(MAC_B MAC_C CTAG IP TEXT), .port = SECOND, TO(P2)},
	{"an S-VID that no port has", "802.1Qbg", S(100, 200), .in = P1,
	 .frame = OF(B_FROM_A STAG("\x00\x65") IP TEXT), .port = P1, REFUSED(no_channel)},
	{"no S-tag where nobody is the default S-channel", "802.1Qbg", S(100, 200), .in = P1,
	 .frame = OF(B_FROM_A IP TEXT), .port = P1, REFUSED(channel_untagged)},
	{"S-VID 200 with C-VID 2001, as captured", "802.1ad_QinQ.pcap", S(200, 0), .in = P1,
	 .frame = OF(CAPTURED STAG("\x00\xc8") "\x81\x00\x07\xd1\x08\x06" TEXT), .port = FIRST,
	 .verdict = XBR_VERDICT_FLOOD, .reason = XBR_REASON_broadcast, .xdp = XDP_PASS, .learns = true,
	 .metadata = true, .guest = OF(CAPTURED "\x08\x06" TEXT)},
	{"an S-tag is put on", "802.1Q, 9.5", S(100, 200), .in = P2, .frame = OF(A_FROM_B IP TEXT),
	 .port = P2, TO(FIRST), .left = OF(A_FROM_B STAG("\x00\x64") IP TEXT), .metadata = true,
	 .guest = OF(A_FROM_B IP TEXT)},
	{"the default S-channel gets none", "802.1Qbg: SVID 1", S(100, 1), .in = P2,
	 .frame = OF(MAC_C MAC_B IP TEXT), .port = P2, TO(SECOND)},
	{"from one S-channel to another", "802.1Qbg", S(100, 200), .in = P1,
	 .frame = OF(MAC_C MAC_A STAG("\x00\x64") IP TEXT), .port = FIRST, TO(SECOND),
	 .left = OF(MAC_C MAC_A STAG("\x00\xc8") IP TEXT), .metadata = true,
	 .guest = OF(MAC_C MAC_A IP TEXT)},

	{"an E-TAG tells the channel: PCP 5, E-CID 0x12345", "802.1BR", E(0x12345, 0x345), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x3f\xa0\x00\x03\x45\x00\x12" IP TEXT), .port = FIRST, TO(P2),
	 .left = OF(B_FROM_A IP TEXT)},
	{"an E-TAG's extension tells, too", "802.1BR", E(0x12345, 0x345), .in = P1,
	 .frame = OF(MAC_B MAC_C "\x89\x3f\x00\x00\x03\x45\x00\x00" IP TEXT), .port = SECOND, TO(P2),
	 .left = OF(MAC_B MAC_C IP TEXT)},
	{"a replication group is nobody's source: GRP 1, base 0x0aa", "802.1BR", E(0xaa, 0x345), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x3f\x00\x05\x10\xaa\x00\x00\x81\x00\x00\x07" IP TEXT), .port = P1,
	 REFUSED(no_channel)},
	{"an E-TAG with the channel's own E-CID as its ingress", "802.1BR, Ingress_E-CID", E(0x12345, 0x345),
	 .in = P1, .frame = OF(B_FROM_A "\x89\x3f\x03\x45\x03\x45\x12\x12" IP TEXT), .port = FIRST,
	 REFUSED(channel_echo)},
	{"an E-TAG cut off", "802.1BR", E(0x12345, 0x345), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x3f\xa0\x00\x03\x45\x00\x12\x08"), .port = P1, REFUSED(channel_untagged)},
	{"an S-tag where E-TAGs are", "802.1BR", E(0x12345, 0x345), .in = P1,
	 .frame = OF(B_FROM_A STAG("\x03\x45") IP TEXT), .port = P1, REFUSED(channel_untagged)},
	{"an E-TAG is put on", "802.1BR", E(0x12345, 0x345), .in = P2, .frame = OF(A_FROM_B IP TEXT),
	 .port = P2, TO(FIRST), .left = OF(A_FROM_B "\x89\x3f\x00\x00\x03\x45\x00\x12" IP TEXT)},
	{"from one E-CID to another", "802.1BR", E(0x12345, 0x345), .in = P1,
	 .frame = OF(MAC_C MAC_A "\x89\x3f\x00\x00\x03\x45\x00\x12" IP TEXT), .port = FIRST, TO(SECOND),
	 .left = OF(MAC_C MAC_A "\x89\x3f\x00\x00\x03\x45\x00\x00" IP TEXT)},

	{"a VN-Tag going up tells its source: 0x123", "VN-Tag", V(0x123, 0x456), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x26\x00\x00\x01\x23" IP TEXT), .port = FIRST, TO(P2),
	 .left = OF(B_FROM_A IP TEXT)},
	{"a VN-Tag going down tells its destination: 0x1234", "VN-Tag", V(0x1234, 0x456), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x26\x92\x34\x00\x00" IP TEXT), .port = FIRST, TO(P2),
	 .left = OF(B_FROM_A IP TEXT)},
	{"a VN-Tag looped to its own source", "VN-Tag, looped", V(0x123, 0x456), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x26\x81\x23\x81\x23" IP TEXT), .port = FIRST, REFUSED(channel_echo)},
	{"a VN-Tag for a list is nobody's: list 7, looped, source 0x123", "VN-Tag, ptr", V(0x7, 0x123),
	 .in = P1, .frame = OF(B_FROM_A "\x89\x26\xc0\x07\x81\x23" IP TEXT), .port = P1, REFUSED(no_channel)},
	{"a VN-Tag of another version", "VN-Tag, version 0", V(0x123, 0x456), .in = P1,
	 .frame = OF(B_FROM_A "\x89\x26\x00\x00\x11\x23" IP TEXT), .port = P1, REFUSED(channel_untagged)},
	{"a VN-Tag is put on, down", "VN-Tag", V(0x1234, 0x456), .in = P2, .frame = OF(A_FROM_B IP TEXT),
	 .port = P2, TO(FIRST), .left = OF(A_FROM_B "\x89\x26\x92\x34\x00\x00" IP TEXT)},
	{"a VN-Tag is put on, up", "VN-Tag", V(0x123, 0x456), .flags = XBR_CHANNEL_STATION, .in = P2,
	 .frame = OF(A_FROM_B IP TEXT), .port = P2, TO(FIRST),
	 .left = OF(A_FROM_B "\x89\x26\x00\x00\x01\x23" IP TEXT)},
};

static struct lab lab;

/* ---- the state ---- */

static __u64 mac_of(const char *octets)
{
	__u64 mac = 0;

	memcpy(&mac, octets, 6);
	return mac;
}

static void know(const struct datapath *dp, const char *mac, __u16 port)
{
	__u64 key = fdb_key(mac_of(mac), ROW_FID);
	struct xbr_fdb_bucket *bucket =
		&dp->tables.fdb[fdb_first(fdb_hash(key, DATAPATH_SEED), dp->buckets - 1)];
	__u32 data = fdb_data(port, 0, XBR_FDB_STATIC, 0);
	int way = 0;

	while (bucket->data[way].kind != XBR_FDB_NONE)
		way++;
	memcpy(&bucket->key[way], &key, sizeof(key));
	memcpy(&bucket->data[way], &data, sizeof(data));
}

static struct xbr_port plain_port(__u32 ifindex)
{
	return (struct xbr_port){.ifindex = ifindex,
				 .bridge = ROW_BRIDGE,
				 .state = XBR_STATE_FORWARDING,
				 .flags = XBR_PORT_DEFAULT_FLAGS | XBR_PORT_XDP_IN | XBR_PORT_XDP_OUT,
				 .mtu = 1500};
}

static int set_channel(const struct datapath *dp, const struct channel_row *row, __u32 port, __u32 number)
{
	struct xbr_channel_key key = {.ifindex = lab.ifindex[P1],
				      .channel = (__u32)row->encap << XBR_CHANNEL_KIND_SHIFT | number};

	if (!number)
		return 0;
	dp->tables.ports[port] = plain_port(lab.ifindex[P1]);
	dp->tables.ports[port].encap = row->encap;
	dp->tables.ports[port].channel = number;
	dp->tables.ports[port].channel_flags = row->flags;
	return datapath_set_channel(dp, &key, port) ?: datapath_set_xdp_port(dp, port, lab.ifindex[P1]);
}

static int prepare(const struct datapath *dp, const struct channel_row *row)
{
	static const __u32 members[] = {P2, FIRST};
	int err;

	datapath_clear(dp);
	dp->tables.bridges[ROW_BRIDGE] = (struct xbr_bridge){
		.ifindex = lab.ifindex[HOST], .fid = ROW_FID, .epoch_shift = 40, .ageing_epochs = 10};
	dp->tables.ports[P1] = (struct xbr_port){.ifindex = lab.ifindex[P1]};
	dp->tables.ports[P2] = plain_port(lab.ifindex[P2]);
	know(dp, MAC_A, FIRST);
	know(dp, MAC_B, P2);
	know(dp, MAC_C, SECOND);
	err = datapath_set_port_of(dp, lab.ifindex[P1], P1 | (__u64)row->encap << XBR_DEVICE_ENCAP_SHIFT);
	if (!err)
		err = datapath_set_port_of(dp, lab.ifindex[P2], P2);
	if (!err)
		err = datapath_set_xdp_port(dp, P2, lab.ifindex[P2]);
	if (!err)
		err = datapath_set_flood(dp, ROW_FID, members, 2);
	if (!err)
		err = set_channel(dp, row, FIRST, row->number[0]);
	return err ? err : set_channel(dp, row, SECOND, row->number[1]);
}

/* ---- what must come of it ---- */

struct channel_run {
	const struct channel_row *row;
	const struct datapath *dp;
	struct departure left;
	struct xbr_counters before[HOST_PORTS];
};

static void check(const struct channel_run *run, bool holds, const char *what)
{
	char sentence[512];

	if (holds)
		return;
	snprintf(sentence, sizeof(sentence), "%s: %s (%s): %s", run->dp->name, run->row->name,
		 run->row->clause, what);
	CU_assertImplementation(CU_FALSE, 0, sentence, __FILE__, "", CU_FALSE);
}

static const struct bytes *expected_bytes(const struct channel_run *run)
{
	const struct channel_row *row = run->row;
	bool passed = run->dp->hook == HOOK_XDP && row->xdp == XDP_PASS;

	if (passed || (!row->left.at && !row->metadata) || run->dp->hook == HOOK_HOST)
		return &row->frame; /* XDP gives it to TC as it came, whatever it did with it before */
	return run->dp->hook == HOOK_TC && row->metadata ? &row->guest : &row->left;
}

static void check_frame(const struct channel_run *run)
{
	const struct bytes *expected = expected_bytes(run);
	bool same = run->left.length == expected->length &&
		    !memcmp(run->left.bytes, expected->at, expected->length);

	/* what TC drops it may have taken the tag off */
	check(run, same || (run->dp->hook == HOOK_TC && run->row->verdict == XBR_VERDICT_DROP),
	      "the octets that leave");
}

static __u32 guest_octets(const struct channel_row *row)
{
	bool tagged = row->in == P1 && row->port != P1;
	__u32 octets = 0;

	if (tagged && row->encap == XBR_ENCAP_SCHANNEL)
		octets = memcmp(row->frame.at + 12, "\x88\xa8", 2) ? 0 : 4;
	else if (tagged)
		octets = row->encap == XBR_ENCAP_ETAG ? 8 : 6;
	return row->frame.length - octets;
}

static void check_decision(const struct channel_run *run)
{
	const struct xbr_trace *trace = run->dp->tables.trace;
	const struct channel_row *row = run->row;
	bool refused = row->verdict == XBR_VERDICT_DROP;

	if (run->dp->hook == HOOK_XDP) {
		check(run, run->left.code == row->xdp, "what XDP returns");
		check(run, run->left.has_handoff == (row->xdp == XDP_PASS && !refused), "the hand-off");
		if (refused)
			return;
	}
	check(run, trace->frames == 1 && trace->in == row->port, "the ingress port");
	check(run, trace->verdict == row->verdict && trace->reason == row->reason, "verdict and reason");
	check(run, trace->out == row->out, "the egress port");
}

static void check_counters(const struct channel_run *run)
{
	const struct channel_row *row = run->row;
	bool counted = run->dp->hook != HOOK_XDP || row->xdp != XDP_PASS;
	struct xbr_counters now;

	for (__u32 port = 0; port < HOST_PORTS; port++) {
		struct xbr_counters expected = run->before[port];

		if (row->learns && port == row->port)
			expected.reason[XBR_REASON_learned]++;
		if (counted && port == row->port) {
			expected.rx_frames++;
			expected.rx_bytes += guest_octets(row);
			expected.reason[row->reason]++;
		}
		if (counted && port == (row->verdict == XBR_VERDICT_FLOOD ? P2 : row->out) && port) {
			expected.tx_frames++;
			expected.tx_bytes += guest_octets(row);
		}
		check(run, !datapath_counters(run->dp, port, &now) && !memcmp(&now, &expected, sizeof(now)),
		      "counters");
	}
}

static void run_row(const struct datapath *dp, const struct channel_row *row)
{
	struct channel_run run = {.row = row, .dp = dp};
	struct arrival arrival = {
		.bytes = row->frame.at, .length = row->frame.length, .ifindex = lab.ifindex[row->in]};

	check(&run, !prepare(dp, row), "the state can be made");
	for (__u32 port = 0; port < HOST_PORTS; port++)
		check(&run, !datapath_counters(dp, port, &run.before[port]), "counters can be read");
	check(&run, !datapath_run(dp, &arrival, &run.left), "the frame can be run");
	check_decision(&run);
	check_frame(&run);
	check_counters(&run);
}

static void run_rows(enum hook hook)
{
	struct datapath dp;

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	if (datapath_open(&dp, hook, ROW_BUCKETS) == 0) {
		for (size_t i = 0; i < sizeof(channel_rows) / sizeof(channel_rows[0]); i++)
			run_row(&dp, &channel_rows[i]);
		datapath_close(&dp);
	} else {
		CU_FAIL("the datapath cannot be opened");
	}
	lab_close(&lab);
}

static void channels_in_the_host_build(void)
{
	run_rows(HOOK_HOST);
}

static void channels_in_xdp(void)
{
	run_rows(HOOK_XDP);
}

static void channels_in_tc(void)
{
	run_rows(HOOK_TC);
}

int test_channels_suite(void)
{
	static const struct test_case cases[] = {
		TEST(channels_in_the_host_build),
		TEST(channels_in_xdp),
		TEST(channels_in_tc),
		{NULL, NULL},
	};

	return test_suite_add("channels", cases);
}
