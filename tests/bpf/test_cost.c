// SPDX-License-Identifier: Apache-2.0
/*
 * What the programs cost here and now, for the record: numbers are printed and never judged. A known unicast
 * frame in a table of 4 K addresses, run a million times by BPF_PROG_TEST_RUN.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "rows_words.h"
#include "skeleton.h"
#include "test.h"
#include "xbr/fdb_word.h"

#define ADDRESSES 4096
#define BUCKETS   2048 /* 4 K addresses in 10 K slots */
#define REPEAT    1000000

static struct lab lab;
static struct datapath dp;

static __u64 station(__u32 n)
{
	return 0x02 | (__u64)n << 16;
}

static void insert(__u32 n, __u32 fid)
{
	__u64 key = fdb_key(station(n), fid);
	struct xbr_fdb_bucket *bucket = &dp.tables.fdb[fdb_first(fdb_hash(key, DATAPATH_SEED), BUCKETS - 1)];
	__u32 data = fdb_data(n % 2 ? P2 : P1, ROW_GENERATION, XBR_FDB_DYNAMIC, 0);

	for (int way = 0; way < XBR_FDB_WAYS; way++) {
		if (bucket->data[way].kind != XBR_FDB_NONE)
			continue;
		memcpy(&bucket->key[way], &key, sizeof(key));
		memcpy(&bucket->data[way], &data, sizeof(data));
		return;
	}
}

/* From station 0, behind P1, to station 1, behind P2. */
static __u32 time_of(const struct bpf_program *program, void *context, __u32 context_size, __u32 *ret_code)
{
	__u8 frame[64] = {};
	__u64 to = station(1), from = station(0);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = context, .ctx_size_in = context_size, .repeat = REPEAT);

	memcpy(frame, &to, 6);
	memcpy(frame + 6, &from, 6);
	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	*ret_code = opts.retval;
	return opts.duration;
}

static void say(const struct bpf_program *program, __u32 ns)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	CU_ASSERT_EQUAL(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
	printf("cost: %s: %u ns a frame; verifier %u instructions; %u octets translated, %u as machine "
	       "code\n",
	       bpf_program__name(program), ns, info.verified_insns, info.xlated_prog_len,
	       info.jited_prog_len);
}

/* Both hooks, with what `row` says of the ports, and a table of 4 K addresses under `fid`. */
static void record(const struct row *row, __u32 fid)
{
	struct xdp_md xdp = {.data_end = 64};
	struct __sk_buff skb = {};
	__u32 ns, code;

	CU_ASSERT_EQUAL(row_prepare(row, &dp, &lab), 0);
	for (__u32 n = 0; n < ADDRESSES; n++)
		insert(n, fid);
	xdp.ingress_ifindex = skb.ifindex = lab.ifindex[P1];
	ns = time_of(dp.skeleton->progs.xbr_xdp, &xdp, sizeof(xdp), &code);
	CU_ASSERT_EQUAL(code, XDP_REDIRECT);
	say(dp.skeleton->progs.xbr_xdp, ns);
	ns = time_of(dp.skeleton->progs.xbr_tc_port, &skb, sizeof(skb), &code);
	CU_ASSERT_EQUAL(code, TC_ACT_REDIRECT);
	say(dp.skeleton->progs.xbr_tc_port, ns);
}

static void cost_of_a_known_unicast_frame_is_recorded(void)
{
	static const struct row usual;

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_XDP, BUCKETS), 0);
	record(&usual, ROW_FID);
	datapath_close(&dp);
	lab_close(&lab);
}

/* Untagged in VLAN 10 at both ports. */
#define IN_VLAN_10(more)                                                                                     \
	{                                                                                                    \
		.bridge = BRIDGE(.flags = XBR_BRIDGE_VLAN_FILTERING | (more), .vlan_tpid_be = 0x0081),       \
		.port[P1] = PORT(.pvid = 10), .vlans = {                                                     \
			{P1, 10, true},                                                                      \
			{P2, 10, true}                                                                       \
		}                                                                                            \
	}

static void cost_of_vlans_and_of_counting_by_them_is_recorded(void)
{
	static const struct row silent = IN_VLAN_10(0), counted = IN_VLAN_10(XBR_BRIDGE_VLAN_STATS);

	CU_ASSERT_EQUAL_FATAL(lab_open(&lab), 0);
	CU_ASSERT_EQUAL_FATAL(datapath_open(&dp, HOOK_XDP, BUCKETS), 0);
	printf("cost: in a VLAN\n");
	record(&silent, row_fid(10));
	printf("cost: in a VLAN, counted by it\n");
	record(&counted, row_fid(10));
	datapath_close(&dp);
	lab_close(&lab);
}

int test_cost_suite(void)
{
	static const struct test_case cases[] = {
		TEST(cost_of_a_known_unicast_frame_is_recorded),
		TEST(cost_of_vlans_and_of_counting_by_them_is_recorded),
		{NULL, NULL},
	};

	return test_suite_add("cost", cases);
}
