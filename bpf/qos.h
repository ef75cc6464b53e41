/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * qos: the priority of a frame that comes in, by what its port trusts (802.1Q, 6.9.3 and 6.9.4; RFC 2474);
 * meters of classes and queues go by it. In a VLAN it becomes that of the VLAN's tag, so that a copy that
 * leaves with one tells it on; a bridge without VLANs changes no tag. Where it leaves, a port's own maps may
 * give it another PCP, another code point, and a queue.
 */
#ifndef XBR_QOS_STAGE_H
#define XBR_QOS_STAGE_H

#include "remark.h"
#include "vlan.h"

/* Of the tag that says it: the VLAN's own, or on a bridge without VLANs the outermost one. */
STAGE __u32 qos_pcp(const struct frame *f)
{
	return (__u32)(vlan_is_aware(f) ? f->tci : f->tag.tci) >> TCI_PCP_SHIFT;
}

/* Did a tag say it? */
STAGE bool qos_has_pcp(const struct frame *f)
{
	return vlan_is_aware(f) ? f->vlan_tag : f->tag.tpid_be;
}

STAGE __u32 qos_by_pcp(const struct frame *f, const struct xbr_qos *qos)
{
	const struct xbr_qos_maps *maps = qos_maps_get(f->in);
	__u32 pcp = qos_pcp(f), entry = maps ? maps->pcp_prio[pcp & (XBR_PRIORITIES - 1)] : 0;

	if (!qos_has_pcp(f))
		return qos->priority;
	return entry ? entry - 1 : pcp;
}

GLOBAL int qos_by_dscp(__u32 port, __u32 dscp, __u32 otherwise)
{
	const struct xbr_qos_maps *map = qos_maps_get(port);
	__u32 entry = map && dscp ? map->dscp_prio[dscp & (XBR_DSCPS - 1)] : 0;

	if (!dscp)
		return (int)otherwise;
	return (int)(entry ? entry - 1 : (dscp & (XBR_DSCPS - 1)) >> 3);
}

STAGE __u32 qos_trusted(const struct frame *f, const struct xbr_qos *qos, const struct octets *octets)
{
	switch (qos->trust) {
	case XBR_TRUST_PCP:
		return qos_by_pcp(f, qos);
	case XBR_TRUST_DSCP:
		return (__u32)qos_by_dscp(f->in, remark_read(octets), qos->priority);
	default:
		return qos->priority;
	}
}

/* A function of its own for its stack. */
#define QOS_OF(hook, context_, octets_)                                                                      \
	GLOBAL int qos_look_##hook(context_ *context, struct frame *f)                                       \
	{                                                                                                    \
		const struct octets octets = octets_(context);                                               \
		const struct xbr_port *port = f ? port_get(f->in) : NULL;                                    \
		const struct xbr_qos *qos = port && port->qos & XBR_QOS_TRUST ? qos_get(f->in) : NULL;       \
                                                                                                             \
		if (!f)                                                                                      \
			return 0;                                                                            \
		f->priority = (__u8)qos_pcp(f);                                                              \
		if (!qos)                                                                                    \
			return 0;                                                                            \
		f->priority = qos_trusted(f, qos, &octets) & (XBR_PRIORITIES - 1);                           \
		if (vlan_is_aware(f))                                                                        \
			f->tci = tag_with_pcp(f->tci, f->priority);                                          \
		return 0;                                                                                    \
	}
EACH_HOOK(QOS_OF)

/* Its priority, wherever a meter or a port may ask for it. */
STAGE void qos(struct frame *f, const struct octets *octets)
{
	if (feature_on(XBR_FEATURE_qos))
		BY_HOOK(octets, qos_look, f);
}

/* A function of its own, where no path knows the priority: see FDB_EACH_WAY. */
GLOBAL int qos_by_priority(__u32 port, __u32 priority)
{
	const struct xbr_qos_maps *maps = qos_maps_get(port);

	return maps ? maps->prio_dscp[priority & (XBR_PRIORITIES - 1)] : 0;
}

/* What a copy for this port is to be remarked to: XBR_DEED | code point; 0: it keeps what it has. What a rule
 * has set stays; what another port's copy got is taken back. */
STAGE __u32 qos_dscp_out(const struct frame *f, const struct xbr_port *out, __u32 number)
{
	__u32 entry;

	if (!feature_on(XBR_FEATURE_qos) || (feature_on(XBR_FEATURE_acl) && f->deeds.dscp))
		return 0;
	entry = out->qos & XBR_QOS_DSCP ? (__u32)qos_by_priority(number, f->priority) : 0;
	return entry ? XBR_DEED | (entry - 1) : f->dscp;
}

#endif
