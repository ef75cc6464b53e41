// SPDX-License-Identifier: Apache-2.0
/* Settings of a meter: what cannot be, and what the map has of them. Pure. */
#include <errno.h>
#include <string.h>

#include "model/meter.h"

const struct meter_settings meter_settings_default = {
	.action = {[XBR_GREEN] = XBR_METER_PASS, [XBR_YELLOW] = XBR_METER_PASS, [XBR_RED] = XBR_METER_DROP}};

/* ---- settings ---- */

static bool has_two(const struct meter_settings *settings)
{
	return settings->flags & (XBR_METER_SR_TCM | XBR_METER_TR_TCM);
}

static int check_rate(const char *name, uint64_t rate, bool packets, struct xbr_error *error)
{
	uint64_t least = packets ? 1 : METER_BITS_MIN, most = packets ? METER_PACKETS_MAX : METER_BITS_MAX;

	if (rate >= least && rate <= most)
		return 0;
	return xbr_refuse(error, -ERANGE, "a rate of meter %s is out of range: %llu to %llu %s a second",
			  name, (unsigned long long)least, (unsigned long long)most,
			  packets ? "packets" : "bits");
}

static int check_size(const char *name, uint32_t size, const struct meter_settings *settings,
		      struct xbr_error *error)
{
	uint32_t frame = METER_FRAME + settings->overhead;

	if (settings->flags & XBR_METER_PACKETS)
		return size ? 0 : xbr_refuse(error, -ERANGE, "a bucket of meter %s holds no packet", name);
	if (size >= frame)
		return 0;
	return xbr_refuse(error, -ERANGE,
			  "a bucket of meter %s holds %u octets: it must hold one frame of %u at the least",
			  name, size, frame);
}

int meter_settings_check(const char *name, const struct meter_settings *settings, struct xbr_error *error)
{
	bool packets = settings->flags & XBR_METER_PACKETS;
	int err = check_rate(name, settings->rate[0], packets, error);

	if (!err && settings->flags & XBR_METER_TR_TCM)
		err = check_rate(name, settings->rate[1], packets, error);
	if (!err)
		err = check_size(name, settings->size[0], settings, error);
	if (!err && has_two(settings))
		err = check_size(name, settings->size[1], settings, error);
	if (!err && settings->flags & XBR_METER_TR_TCM && settings->rate[1] < settings->rate[0])
		err = xbr_refuse(error, -EINVAL, "the pir of meter %s is less than its cir", name);
	if (!err && settings->overhead > METER_OVERHEAD_MAX)
		err = xbr_refuse(error, -ERANGE, "overhead of meter %s is out of range: 0 to %d octets", name,
				 METER_OVERHEAD_MAX);
	return err;
}

bool meter_settings_equal(const struct meter_settings *a, const struct meter_settings *b)
{
	return !memcmp(a->rate, b->rate, sizeof(a->rate)) && !memcmp(a->size, b->size, sizeof(a->size)) &&
	       a->flags == b->flags && a->parent == b->parent && a->overhead == b->overhead &&
	       !memcmp(a->action, b->action, sizeof(a->action));
}

/* ---- in the map ---- */

uint64_t meter_cost(uint64_t rate, bool packets)
{
	unsigned __int128 second = (unsigned __int128)1000000000u << (XBR_METER_SHIFT + XBR_COST_SHIFT);

	if (!rate)
		return 0;
	return (uint64_t)((second * (packets ? 1 : 8) + rate / 2) / rate);
}

static uint64_t burst_of(uint32_t size, uint64_t cost)
{
	return (uint64_t)((unsigned __int128)size * cost >> XBR_COST_SHIFT);
}

void meter_compile(const char *name, const struct meter_settings *settings, uint64_t share, uint32_t size,
		   struct xbr_meter_config *ret_config)
{
	bool packets = settings->flags & XBR_METER_PACKETS;
	uint64_t rate = settings->rate[0];

	memset(ret_config, 0, sizeof(*ret_config));
	ret_config->flags = settings->flags;
	ret_config->parent = settings->parent;
	ret_config->overhead = settings->overhead;
	memcpy(ret_config->action, settings->action, sizeof(ret_config->action));
	memcpy(ret_config->name, name, strnlen(name, sizeof(ret_config->name) - 1));
	memcpy(ret_config->rate, settings->rate, sizeof(ret_config->rate));
	memcpy(ret_config->size, settings->size, sizeof(ret_config->size));
	for (int i = 0; i < 2; i++) {
		if (i && !has_two(settings))
			break;
		if (settings->flags & XBR_METER_TR_TCM)
			rate = settings->rate[i];
		ret_config->cost[i] = meter_cost(rate, packets);
		ret_config->burst[i] = burst_of(settings->size[i], ret_config->cost[i]);
	}
	if (!share)
		return;
	ret_config->flags |= XBR_METER_HAS_SHARE;
	ret_config->cost[XBR_BUCKET_SHARE] = meter_cost(share, packets);
	ret_config->burst[XBR_BUCKET_SHARE] = burst_of(size, ret_config->cost[XBR_BUCKET_SHARE]);
}
