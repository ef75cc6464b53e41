// SPDX-License-Identifier: Apache-2.0
/*
 * The generator and the sinks of the benchmark. `generate` runs by BPF_PROG_RUN with live frames: it writes a
 * pair of addresses into each, and then calls what is in `next`, as a driver calls the program of its device.
 * With nothing there the frame goes to the stack as if received by the device of the run's context.
 */
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "pattern.h"

#define ETH_HEADER_LEN 14
#define FLOW_SRC       0x0a000001

struct pattern pattern;
struct pattern_times times[2];
__u64 number;     /* frames generated */
__u64 start_ns;   /* CLOCK_MONOTONIC of the first one */
__u64 random = 1; /* state of xorshift64, never 0 */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} next SEC(".maps");

/* Exactly sized before loading: a broadcast walks all of it. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally);
} delivered SEC(".maps");

static __always_inline __u64 draw(void)
{
	if (!pattern.random)
		return number * 0x100000001ull; /* the same index for source and destination */
	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

static __always_inline void write_mac(void *to, __u64 mac)
{
	*(__u32 *)to = (__u32)mac;
	*(__u16 *)(to + 4) = (__u16)(mac >> 32);
}

static __always_inline void count(void)
{
	__u32 zero = 0;
	struct tally *tally = bpf_map_lookup_elem(&delivered, &zero);

	if (tally && !(++tally->frames % TALLY_EVERY))
		tally->at_ns = bpf_ktime_get_ns();
}

static __always_inline void count_made(void)
{
	if (!number++)
		start_ns = bpf_ktime_get_ns();
}

SEC("xdp.frags")
int generate(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data;
	__u64 drawn = draw();

	if (data + ETH_HEADER_LEN > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	write_mac(data, pattern_mac(pattern.dst, (__u32)(drawn >> 32)));
	write_mac(data + 6, pattern_mac(pattern.src, (__u32)drawn));
	count_made();
	bpf_tail_call(xdp, &next, 0);
	return XDP_PASS;
}

/* An index of 32 bits that has nothing to do with those of source and destination. */
static __always_inline __u32 flow_index(__u64 drawn)
{
	__u32 index = (__u32)((drawn ^ drawn >> 29) * 0xbf58476d1ce4e5b9ull >> 32);

	return (index & pattern.flow_mask) * PATTERN_ODD;
}

static __always_inline void write_flow(struct iphdr *ip, struct udphdr *udp, __u32 index)
{
	__u32 rule = (__u32)((__u64)index * pattern.rules >> 32);

	ip->saddr = bpf_htonl(FLOW_SRC + (rule << 8));
	ip->daddr = bpf_htonl(0xac100000 | rule * PATTERN_ODD >> 12);
	udp->source = (__u16)index;
	udp->dest = bpf_htons((__u16)pattern.port);
}

/* The same with a flow in each frame. */
SEC("xdp.frags")
int generate_flows(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data;
	struct iphdr *ip = data + ETH_HEADER_LEN;
	__u64 drawn = draw();

	if ((void *)ip + sizeof(*ip) + sizeof(struct udphdr) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	write_mac(data, pattern_mac(pattern.dst, (__u32)(drawn >> 32)));
	write_mac(data + 6, pattern_mac(pattern.src, (__u32)drawn));
	write_flow(ip, (struct udphdr *)(ip + 1), flow_index(drawn));
	count_made();
	bpf_tail_call(xdp, &next, 0);
	return XDP_PASS;
}

/* The same with an S-tag, whose VID goes with the source. */
SEC("xdp.frags")
int generate_tags(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data;
	__u64 drawn = draw();

	if (data + ETH_HEADER_LEN + 4 > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	write_mac(data, pattern_mac(pattern.dst, (__u32)(drawn >> 32)));
	write_mac(data + 6, pattern_mac(pattern.src, (__u32)drawn));
	*(__u16 *)(data + ETH_HEADER_LEN) =
		bpf_htons((__u16)(1 + ((__u32)drawn & pattern.src.mask) % pattern.tags));
	count_made();
	bpf_tail_call(xdp, &next, 0);
	return XDP_PASS;
}

/* The harness's floor, and the way into a veth: out by the first device. */
SEC("xdp.frags")
int forward(struct xdp_md *xdp)
{
	(void)xdp;
	return (int)bpf_redirect_map(&out, 0, XDP_DROP);
}

/* The floor of a flood: a copy to every device. */
SEC("xdp.frags")
int flood(struct xdp_md *xdp)
{
	(void)xdp;
	return (int)bpf_redirect_map(&out, 0, BPF_F_BROADCAST);
}

SEC("xdp.frags")
int sink_xdp(struct xdp_md *xdp)
{
	(void)xdp;
	count();
	return XDP_DROP;
}

/* The same where it matters when the first and the last one came: of flow 0, and of all others. */
SEC("xdp.frags")
int sink_clock(struct xdp_md *xdp)
{
	struct iphdr *ip = (void *)(long)xdp->data + ETH_HEADER_LEN;
	struct pattern_times *of;

	count();
	if ((void *)(ip + 1) > (void *)(long)xdp->data_end)
		return XDP_DROP;
	of = &times[ip->saddr != bpf_htonl(FLOW_SRC)];
	of->last_ns = bpf_ktime_get_ns();
	if (!of->first_ns)
		of->first_ns = of->last_ns;
	return XDP_DROP;
}

SEC("tc")
int sink_tc(struct __sk_buff *skb)
{
	(void)skb;
	count();
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Apache-2.0";
