/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * storm: is a flood within what its ingress port may flood? Broadcast, multicast and unknown unicast have a
 * rate each, of frames or of octets. A super-frame counts as the frames it stands for.
 */
#ifndef XBR_STORM_H
#define XBR_STORM_H

#include "meter.h"

#define STORM_HEADERS_MOST                                                                                   \
	94 /* Ethernet, IPv6, TCP with timestamps: what may be in front of the first segment */
#define STORM_HEADERS_USUAL 54 /* ... and is in front of each */
#define STORM_FRAMES_MOST   1024

STAGE __u32 storm_frames(const struct frame *f)
{
	__u32 frames;

	if (!f->gso_size || f->len <= STORM_HEADERS_MOST)
		return 1;
	frames = (f->len - STORM_HEADERS_MOST + f->gso_size - 1) / f->gso_size;
	return frames < STORM_FRAMES_MOST ? frames : STORM_FRAMES_MOST;
}

STAGE __u32 storm_octets(const struct frame *f, __u32 frames)
{
	return f->len + (frames - 1) * STORM_HEADERS_USUAL;
}

STAGE enum xbr_storm_kind storm_kind(const struct frame *f)
{
	if (f->dst == MAC_BROADCAST)
		return XBR_STORM_BROADCAST;
	return f->dst & MAC_GROUP_BIT ? XBR_STORM_MULTICAST : XBR_STORM_UNKNOWN;
}

STAGE enum xbr_reason storm_reason(enum xbr_storm_kind kind)
{
	switch (kind) {
	case XBR_STORM_BROADCAST:
		return XBR_REASON_storm_broadcast;
	case XBR_STORM_MULTICAST:
		return XBR_REASON_storm_multicast;
	default:
		return XBR_REASON_storm_unknown;
	}
}

STAGE void storm_judge(struct frame *f)
{
	const struct xbr_guard *guard = guard_get(f->in);
	enum xbr_storm_kind kind = storm_kind(f);
	__u32 frames = storm_frames(f);

	if (!guard)
		return;
	if (!meter_admits(f->in, kind, guard->storm_octets >> kind & 1 ? storm_octets(f, frames) : frames))
		frame_drop(f, storm_reason(kind));
}

/* The last word on a FLOOD. */
STAGE void storm(struct frame *f, const struct xbr_port *port)
{
	if (feature_on(XBR_FEATURE_guard) && port->guard & XBR_GUARD_STORM && f->verdict == XBR_VERDICT_FLOOD)
		storm_judge(f);
}

#endif
