// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * The entry points, and nothing else: where the kernel calls, and which stages answer. bpf/pipeline.h is the
 * way a frame goes.
 */
#include "tc.h"
#include "xdp.h"

char _license[] SEC("license") = "GPL";

/* Every frame that a port's driver receives, before it becomes an skb. */
SEC("xdp.frags")
int xbr_xdp(struct xdp_md *xdp)
{
	struct frame f = {};

	xdp_wipe_metadata(xdp);
	xdp_context(&f, xdp);
	xdp_decide(&f, xdp);
	return xdp_apply(xdp, &f);
}

/* Every frame that comes in by a port. */
SEC("tc")
int xbr_tc_port(struct __sk_buff *skb)
{
	struct frame f = {};

	tc_context(&f, skb);
	if (!tc_take_handoff(&f, skb))
		tc_decide(&f, skb);
	return tc_apply(skb, &f, true);
}

/* Every frame that the host sends by the bridge device. */
SEC("tc")
int xbr_tc_host(struct __sk_buff *skb)
{
	struct frame f = {};

	tc_context(&f, skb);
	tc_decide(&f, skb);
	return tc_apply(skb, &f, false);
}

/* Tells the agent what time the datapath goes by: the low 32 bits of jiffies, run by BPF_PROG_TEST_RUN. */
SEC("tc")
int xbr_clock(struct __sk_buff *skb)
{
	(void)skb;
	return (int)jiffies_now();
}
