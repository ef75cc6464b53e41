// SPDX-License-Identifier: Apache-2.0
#include "model/offload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MOST 3  /* times that a setting is done again ... */
#define ROUNDS_IN_S 60 /* ... within this, before whoever changes it is let */

int offload_open(struct model *model)
{
	model->offload = calloc(1, sizeof(*model->offload));
	return model->offload ? 0 : -ENOMEM;
}

void offload_close(struct model *model)
{
	struct offload_entry *entry, *next;

	if (!model->offload)
		return;
	HASH_ITER (hh, model->offload->entries, entry, next) {
		HASH_DEL(model->offload->entries, entry);
		free(entry);
	}
	features_close(model->offload->ethtool);
	devlink_close(model->offload->devlink);
	free(model->offload);
}

void offload_key_of(const char *dev, uint16_t vf, uint16_t attribute, struct xbr_offload_key *ret_key)
{
	*ret_key = (struct xbr_offload_key){.vf = vf, .attribute = attribute};
	memcpy(ret_key->dev, dev, strnlen(dev, sizeof(ret_key->dev) - 1));
}

bool offload_is_first(const struct xbr_offload_key *key)
{
	return key->attribute == OFFLOAD_ESWITCH;
}

struct offload_entry *offload_find(const struct model *model, const struct xbr_offload_key *key)
{
	struct offload_entry *entry;

	HASH_FIND(hh, model->offload->entries, key, sizeof(*key), entry);
	return entry;
}

static struct offload_entry *entry_add(struct model *model, const struct xbr_offload_key *key)
{
	struct offload_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->key = *key;
	HASH_ADD(hh, model->offload->entries, key, sizeof(entry->key), entry);
	return entry;
}

static void entry_drop(struct model *model, struct offload_entry *entry)
{
	datapath_offload_set(model->dp, &entry->key, NULL);
	HASH_DEL(model->offload->entries, entry);
	free(entry);
}

/* The journal. */
static int entry_write(struct model *model, const struct offload_entry *entry, struct xbr_error *error)
{
	const struct xbr_offload_saved saved = {
		.wanted = entry->wanted, .before = entry->before, .made = entry->made};
	int err = datapath_offload_set(model->dp, &entry->key, &saved);

	return err ? xbr_refuse(error, err, "cannot note what %s of %s was: %s",
				offload_word(entry->key.attribute), entry->key.dev, strerror(-err))
		   : 0;
}

/* ---- doing ---- */

/* The device has the value after this, or an error is told. */
static int do_it(struct model *model, const struct offload_target *target, uint64_t value,
		 struct xbr_error *error)
{
	char text[OFFLOAD_TEXT];
	uint64_t now = 0, memory;
	int err = offload_attribute_write(model, target, value, error);

	if (!err)
		err = offload_attribute_read(model, target, &now, &memory, error);
	if (err || now == value)
		return err;
	offload_text(target->attribute, value, text);
	return xbr_refuse(error, -EIO, "%s took %s and does not do it", target->dev, text);
}

int offload_check(struct model *model, const struct xbr_offload_key *key, uint64_t value,
		  struct xbr_error *error)
{
	struct offload_target target;
	int err = offload_target(model, key, &target, error);

	return err ? err : offload_attribute_check(model, &target, value, error);
}

/* What was there is noted the first time that the device is. */
static int remember(struct model *model, const struct offload_target *target, struct offload_entry *entry,
		    struct xbr_error *error)
{
	uint64_t now, memory = 0;
	int err = entry->made ? 0 : offload_attribute_read(model, target, &now, &memory, error);

	if (err)
		return err;
	if (!entry->made)
		entry->before = memory;
	entry->made = true;
	return entry_write(model, entry, error);
}

/* Checks, notes, does; what did not succeed is taken back. */
static int make(struct model *model, struct offload_entry *entry, struct xbr_error *error)
{
	struct offload_target target;
	struct xbr_error ignored;
	int err = offload_target(model, &entry->key, &target, error);

	if (!err)
		err = offload_attribute_check(model, &target, entry->wanted, error);
	if (!err)
		err = remember(model, &target, entry, error);
	if (err)
		return err;
	err = do_it(model, &target, entry->wanted, error);
	if (err)
		offload_attribute_restore(model, &target, entry->before, &ignored);
	entry->state = err ? OFFLOAD_DIFFERS : OFFLOAD_HOLDS;
	return err;
}

static int make_or_wait(struct model *model, struct offload_entry *entry, bool may_wait,
			struct xbr_error *error)
{
	int err = make(model, entry, error);

	if (!may_wait || (err != -ENODEV && err != -ENOENT))
		return err;
	entry->state = OFFLOAD_WAITS;
	return entry_write(model, entry, error);
}

int offload_set(struct model *model, const struct xbr_offload_key *key, uint64_t value, bool may_wait,
		struct xbr_error *error)
{
	struct offload_entry *entry = offload_find(model, key), former;
	struct xbr_error ignored;
	bool is_new = !entry;
	int err;

	if (is_new)
		entry = entry_add(model, key);
	if (!entry)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	former = *entry;
	entry->wanted = value;
	entry->rounds = 0;
	err = make_or_wait(model, entry, may_wait, error);
	if (!err)
		return 0;
	if (is_new) {
		entry_drop(model, entry);
		return err;
	}
	entry->wanted = former.wanted;
	if (make_or_wait(model, entry, true, &ignored))
		model_log(model, "%s of %s is not as it was: %s", offload_word(key->attribute), key->dev,
			  ignored.message);
	return err;
}

static int give_back(struct model *model, const struct offload_entry *entry, struct xbr_error *error)
{
	struct offload_target target;
	int err;

	if (!entry->made || entry->state == OFFLOAD_WAITS)
		return 0;
	err = offload_target(model, &entry->key, &target, error);
	return err ? err : offload_attribute_restore(model, &target, entry->before, error);
}

/* first: of a switch's mode. last: what fails is told, not left for another try. */
static void leave(struct model *model, bool first, bool last)
{
	struct offload_entry *entry, *next;
	struct xbr_error error;

	HASH_ITER (hh, model->offload->entries, entry, next) {
		int err;

		if (!entry->leaves || offload_is_first(&entry->key) != first)
			continue;
		err = give_back(model, entry, &error);
		if (err && !last)
			continue;
		if (err)
			model_log(model, "%s of %s cannot be given back: %s",
				  offload_word(entry->key.attribute), entry->key.dev, error.message);
		entry_drop(model, entry);
	}
}

/* The mode of a switch goes back after what was set in it, but some drivers take that in the former mode
 * only. */
void offload_leave(struct model *model)
{
	leave(model, false, false);
	leave(model, true, true);
	leave(model, false, true);
}

void offload_restore_all(struct model *model)
{
	struct offload_entry *entry, *next;

	HASH_ITER (hh, model->offload->entries, entry, next)
		entry->leaves = true;
	offload_leave(model);
}

/* ---- holding against the devices ---- */

static uint64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* May a setting be done again, or does somebody insist? */
static bool has_rounds(struct offload_entry *entry)
{
	uint64_t now = now_s();

	if (!entry->rounds || now - entry->first_round_s > ROUNDS_IN_S) {
		entry->rounds = 0;
		entry->first_round_s = now;
	}
	return entry->rounds++ < ROUNDS_MOST;
}

static void tell(struct model *model, const struct offload_entry *entry, uint64_t now, const char *outcome)
{
	const struct offload_event event = {entry, now, outcome};
	char wanted[OFFLOAD_TEXT], reported[OFFLOAD_TEXT], vf[16] = "";

	offload_text(entry->key.attribute, entry->wanted, wanted);
	offload_text(entry->key.attribute, now, reported);
	if (entry->key.vf != XBR_OFFLOAD_NO_VF)
		snprintf(vf, sizeof(vf), " VF %u", entry->key.vf);
	model_log(model, "%s%s: configured %s, the device says %s: %s", entry->key.dev, vf, wanted, reported,
		  outcome);
	if (model->listener.offload)
		model->listener.offload(model->listener.user, &event);
}

/* It is not as it should be. */
static void mend(struct model *model, struct offload_entry *entry, const struct offload_target *target,
		 uint64_t now)
{
	bool was_given_up = entry->state == OFFLOAD_DIFFERS;
	struct xbr_error error;

	if (!has_rounds(entry)) {
		entry->state = OFFLOAD_DIFFERS;
		if (!was_given_up)
			tell(model, entry, now, "somebody insists, it is let be");
		return;
	}
	if (!do_it(model, target, entry->wanted, &error)) {
		entry->state = OFFLOAD_HOLDS;
		tell(model, entry, now, "done again");
		return;
	}
	entry->state = OFFLOAD_DIFFERS;
	if (!was_given_up)
		tell(model, entry, now, error.message);
}

/* The device, or the VF, has come. */
static void arrive(struct model *model, struct offload_entry *entry)
{
	struct xbr_error error;
	char text[OFFLOAD_TEXT];

	offload_text(entry->key.attribute, entry->wanted, text);
	if (!make(model, entry, &error))
		model_log(model, "%s is there: %s is done", entry->key.dev, text);
	else if (error.code != -ENODEV && error.code != -ENOENT)
		model_log(model, "%s is there, but: %s", entry->key.dev, error.message);
	else
		entry->state = OFFLOAD_WAITS;
}

static void verify(struct model *model, struct offload_entry *entry)
{
	struct offload_target target;
	struct xbr_error error;
	uint64_t now, memory;
	int err;

	if (entry->state == OFFLOAD_WAITS) {
		arrive(model, entry);
		return;
	}
	err = offload_target(model, &entry->key, &target, &error);
	if (!err)
		err = offload_attribute_read(model, &target, &now, &memory, &error);
	if (err == -ENODEV || err == -ENOENT)
		entry->state = OFFLOAD_WAITS;
	else if (!err && now != entry->wanted)
		mend(model, entry, &target, now);
	else if (!err)
		entry->state = OFFLOAD_HOLDS;
}

static void mark(struct model *model, const char *dev)
{
	struct offload_entry *entry, *next;

	HASH_ITER (hh, model->offload->entries, entry, next) {
		if (strcmp(entry->key.dev, dev))
			continue;
		entry->told = entry->swept = true;
		model->offload->told = true;
	}
}

void offload_on_link(struct model *model, const struct rtnl_link *link)
{
	mark(model, link->name);
}

static void verify_in_order(struct model *model, bool first)
{
	struct offload_entry *entry, *next;

	HASH_ITER (hh, model->offload->entries, entry, next) {
		if (!entry->told || offload_is_first(&entry->key) != first)
			continue;
		entry->told = false;
		verify(model, entry);
	}
}

void offload_verify(struct model *model)
{
	if (!model->offload->told)
		return;
	model->offload->told = false;
	verify_in_order(model, true);
	verify_in_order(model, false);
}

/* Not all that changes is told by a link's event: queues are not, nor VFs that are made. */
void offload_sweep(struct model *model)
{
	struct offload_entry *entry, *next, *one = NULL;

	HASH_ITER (hh, model->offload->entries, entry, next)
		if (!one && !entry->swept)
			one = entry;
	if (one)
		mark(model, one->key.dev);
	else
		HASH_ITER (hh, model->offload->entries, entry, next)
			entry->swept = false;
	offload_verify(model);
}

/* ---- coming back ---- */

static int restore_entry(const struct xbr_offload_key *key, const struct xbr_offload_saved *saved, void *user)
{
	struct offload_entry *entry = offload_word(key->attribute) ? entry_add(user, key) : NULL;

	if (!entry)
		return 0; /* of a later agent that knew more */
	entry->wanted = saved->wanted;
	entry->before = saved->before;
	entry->made = saved->made;
	entry->state = saved->made ? OFFLOAD_HOLDS : OFFLOAD_WAITS;
	entry->told = true;
	return 0;
}

void offload_adopt(struct model *model)
{
	datapath_offload_each(model->dp, restore_entry, model);
	model->offload->told = true;
	offload_verify(model);
}
