/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * short_police: the usual meter on the short way (xdp_short.h): one of one bucket, without a parent, where
 * the frame came in. As police.h has it; others go the whole way.
 */
#ifndef XBR_SHORT_POLICE_H
#define XBR_SHORT_POLICE_H

#include "police.h"

#define SHORT_NO_METERS (XBR_METER_SR_TCM | XBR_METER_TR_TCM | XBR_METER_HAS_SHARE)

/* ret_meter: its number, 0: none has a word on the frame. False: the frame goes the whole way. in, out: the
 * ports `number`, and where it leaves. */
STAGE bool short_meter_find(const struct xbr_port *in, const struct xbr_port *out, __u32 number, __u32 len,
			    __u16 *ret_meter)
{
	const struct xbr_meter_config *c;
	const struct xbr_qos *qos;

	if (!(in->qos | out->qos))
		return true;
	if (out->qos & XBR_QOS_COPIES || in->qos & (XBR_QOS_TRUST | XBR_QOS_CLASS_IN))
		return false;
	if (!(in->qos & XBR_QOS_METER_IN))
		return true;
	qos = qos_get(number);
	if (!qos || !qos->meter[XBR_WAY_IN] || (in->mtu && len > in->mtu + ETH_HEADER_LEN))
		return false;
	*ret_meter = qos->meter[XBR_WAY_IN];
	c = meter_config_get(*ret_meter);
	return c && c->cost[XBR_BUCKET_C] && !c->parent && !(c->flags & SHORT_NO_METERS);
}

/* What the frame takes of its meter, counted. False: it is too much, and such frames are dropped. */
PART bool short_meter_admits(__u32 meter, __u32 len)
{
	const struct xbr_meter_config *c = meter_config_get(meter);
	struct xbr_meter_live *live = meter_live_get(meter);
	struct xbr_meter_counts *counts = meter_counts_get(meter);
	__u64 octets, cost;

	if (!c || !live || !counts)
		return true;
	octets = len + c->overhead;
	cost = (c->flags & XBR_METER_PACKETS ? 1 : octets) * c->cost[XBR_BUCKET_C] >> XBR_COST_SHIFT;
	if (meter_take(&live->until[XBR_BUCKET_C], cost, cost, c->burst[XBR_BUCKET_C], meter_now())) {
		counts->packets[XBR_GREEN]++;
		counts->octets[XBR_GREEN] += octets;
		PIN_PATH(counts, XBR_GREEN);
		return true;
	}
	counts->packets[XBR_RED]++;
	counts->octets[XBR_RED] += octets;
	if (c->action[XBR_RED] != XBR_METER_DROP)
		return true;
	PIN_PATH(counts, XBR_DROPPED);
	counts->packets[XBR_DROPPED]++;
	counts->octets[XBR_DROPPED] += octets;
	return false;
}

#endif
