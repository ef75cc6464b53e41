// SPDX-License-Identifier: Apache-2.0
/*
 * Tags handed out (`svid auto`). A tag that was given back is not handed out again for a while: the far side
 * may still know addresses behind it, and would send one guest's frames to another. What was given back is
 * remembered in the pinned maps, so that a restarted agent knows it, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/model.h"
#include "model/want.h"

struct freed_tag {
	struct freed_key {
		char dev[XBR_IFNAME_LEN];
		uint32_t channel; /* with its kind */
	} key;
	uint32_t place; /* in the ring */
	UT_hash_handle hh;
};

static uint64_t now_s(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

static void key_of(struct freed_key *key, const char *dev, uint32_t word)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->dev, dev, strnlen(dev, sizeof(key->dev) - 1));
	key->channel = word;
}

static struct freed_tag *find(const struct model *model, const char *dev, uint32_t word)
{
	struct freed_tag *tag;
	struct freed_key key;

	key_of(&key, dev, word);
	HASH_FIND(hh, model->freed, &key, sizeof(key), tag);
	return tag;
}

static void index_place(struct model *model, uint32_t place)
{
	const struct xbr_channel_freed *record = &model->dp->channels_freed[place];
	struct freed_tag *tag = calloc(1, sizeof(*tag));

	if (!tag)
		return; /* it may be handed out early: no reason to refuse anything */
	key_of(&tag->key, record->dev, record->channel);
	tag->place = place;
	HASH_ADD(hh, model->freed, key, sizeof(tag->key), tag);
}

static void forget(struct model *model, struct freed_tag *tag)
{
	HASH_DEL(model->freed, tag);
	free(tag);
}

void tags_open(struct model *model)
{
	uint64_t oldest = UINT64_MAX;

	for (uint32_t i = 0; i < XBR_CHANNELS_FREED; i++) {
		const struct xbr_channel_freed *record = &model->dp->channels_freed[i];

		if (record->channel && !find(model, record->dev, record->channel))
			index_place(model, i);
		if (record->freed_at_s < oldest) {
			oldest = record->freed_at_s;
			model->freed_next = i;
		}
	}
}

void tags_close(struct model *model)
{
	struct freed_tag *tag, *next;

	HASH_ITER (hh, model->freed, tag, next)
		forget(model, tag);
}

/* The place of the oldest record, emptied. */
static struct xbr_channel_freed *next_place(struct model *model, uint32_t *ret_place)
{
	struct xbr_channel_freed *record = &model->dp->channels_freed[model->freed_next];
	struct freed_tag *former = record->channel ? find(model, record->dev, record->channel) : NULL;

	*ret_place = model->freed_next;
	if (former && former->place == *ret_place)
		forget(model, former);
	model->freed_next = (model->freed_next + 1) % XBR_CHANNELS_FREED;
	memset(record, 0, sizeof(*record));
	return record;
}

void tags_release(struct model *model, const struct port_encap *encap)
{
	struct freed_tag *former = find(model, encap->dev, encap_word(encap));
	struct xbr_channel_freed *record;
	uint32_t place;

	if (former) {
		memset(&model->dp->channels_freed[former->place], 0, sizeof(*record));
		forget(model, former);
	}
	record = next_place(model, &place);
	memcpy(record->dev, encap->dev, sizeof(record->dev));
	record->freed_at_s = now_s();
	record->channel = encap_word(encap);
	index_place(model, place);
}

static bool is_resting(const struct model *model, const struct port_encap *encap, uint64_t now)
{
	const struct freed_tag *tag = find(model, encap->dev, encap_word(encap));

	return tag && now - model->dp->channels_freed[tag->place].freed_at_s < model->tag_quarantine_s;
}

/* Neither wanted, nor had by a port that runs, nor resting. */
static bool is_free(const struct model *model, const struct want *want, const struct port_encap *encap,
		    uint64_t now)
{
	return !want_tag_holder(want, encap->dev, encap->channel) && !channel_find(model, encap) &&
	       !is_resting(model, encap, now);
}

/* From behind the last one that was handed out, around: so tags come back as late as they can. */
static uint32_t pick(struct model *model, const struct want *want, const struct want_port *port,
		     uint32_t *last, uint64_t now)
{
	const struct encap_kind *kind = encap_kind_of(&port->encap);
	uint32_t room = kind->last - kind->first_auto + 1;
	struct port_encap encap = port->encap;

	for (uint32_t tried = 0; tried < room; tried++) {
		*last = *last >= kind->first_auto && *last < kind->last ? *last + 1 : kind->first_auto;
		encap.channel = *last;
		if (is_free(model, want, &encap, now))
			return *last;
	}
	return CHANNEL_AUTO;
}

/* The port of that name keeps what it has. */
static uint32_t keep(const struct model *model, const struct want *want, const struct want_port *port)
{
	const struct port *there = model_port(model, port->name);

	if (!there || there->encap.kind != port->encap.kind || strcmp(there->encap.dev, port->encap.dev) ||
	    want_tag_holder(want, port->encap.dev, there->encap.channel))
		return CHANNEL_AUTO;
	return there->encap.channel;
}

static int assign(struct model *model, struct want *want, struct want_port *port, uint64_t now,
		  struct xbr_error *error)
{
	const struct encap_kind *kind = encap_kind_of(&port->encap);
	uint32_t channel = keep(model, want, port);

	if (channel == CHANNEL_AUTO)
		channel = pick(model, want, port, &model->tag_last[port->encap.kind], now);
	if (channel == CHANNEL_AUTO)
		return xbr_refuse(error, -ENOSPC,
				  "no %s of %s is free: all are taken, or were given back less than %u s ago",
				  kind->tag, port->encap.dev, model->tag_quarantine_s);
	return want_tag_assign(want, port, channel, error);
}

int tags_assign(struct model *model, struct want *want, const char **ret_at, struct xbr_error *error)
{
	struct want_port *port, *next;
	uint64_t now = now_s();
	int err;

	HASH_ITER (hh, want->ports, port, next) {
		if (!port->encap.kind || port->encap.channel != CHANNEL_AUTO)
			continue;
		err = assign(model, want, port, now, error);
		if (err) {
			*ret_at = port->at;
			return err;
		}
	}
	return 0;
}
