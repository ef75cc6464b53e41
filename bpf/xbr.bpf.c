// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * The entry points, and nothing else: where the kernel calls, and which stages answer. bpf/pipeline.h is the
 * way a frame goes.
 */
#include "tc.h"
#include "xdp.h"
#include "xdp_short.h"

char _license[] SEC("license") = "GPL";

/* Every frame that a port's driver receives, before it becomes an skb. */
SEC("xdp.frags")
int xbr_xdp(struct xdp_md *xdp)
{
	struct xdp_frame x = {};
	struct frame *f = &x.f;
	int action = xdp_short(xdp, &x);

	if (action)
		return action;
	xdp_wipe_metadata(xdp);
	if (!f->len) /* the short way has not asked */
		xdp_context(f, xdp);
	if (!xdp_strip(f, xdp))
		return XDP_PASS;
	if (xdp_leaves_super(f))
		return xdp_leave_undecided(xdp, f);
	xdp_decide(f, xdp);
	if (!xdp_police(f, xdp))
		return xdp_leave_undecided(xdp, f);
	return xdp_apply(xdp, f);
}

/* Every frame that comes in by a port, and what the agent sends by the punt pair. */
SEC("tc")
int xbr_tc_port(struct __sk_buff *skb)
{
	struct frame f = {};

	tc_context(&f, skb);
	if (f.in == XBR_PORT_NONE && tc_take_injected(skb, &f))
		return tc_send_out(skb, &f);
	if (f.injected || !tc_take_handoff(&f, skb)) {
		tc_decide(&f, skb);
		tc_police(&f, skb);
	}
	return tc_apply(skb, &f, true);
}

/* Every frame that the host sends by the bridge device. */
SEC("tc")
int xbr_tc_host(struct __sk_buff *skb)
{
	struct frame f = {};

	tc_context(&f, skb);
	tc_decide(&f, skb);
	tc_police(&f, skb);
	return tc_apply(skb, &f, false);
}

/* Punted frames, on the agent's end of the pair. */
SEC("xdp.frags")
int xbr_xdp_punt(struct xdp_md *xdp)
{
	return xdp_to_agent(xdp);
}

/* The agent's frames, on the datapath's end of the pair, on their way to xbr_tc_port(). */
SEC("xdp.frags")
int xbr_xdp_inject(struct xdp_md *xdp)
{
	return xdp_inject(xdp);
}

/* Tells the agent what time the datapath goes by: the low 32 bits of jiffies, run by BPF_PROG_TEST_RUN. */
SEC("tc")
int xbr_clock(struct __sk_buff *skb)
{
	(void)skb;
	return (int)jiffies_now();
}
