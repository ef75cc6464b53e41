// SPDX-License-Identifier: Apache-2.0
#include "model/vlan_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

struct vlan_set *vlan_set_new(uint16_t pvid)
{
	struct vlan_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->references = 1;
	set->pvid = pvid;
	if (pvid)
		set->vlans.word[pvid / 64].member = set->vlans.word[pvid / 64].untagged = 1ull << pvid % 64;
	return set;
}

struct vlan_set *vlan_set_of(const struct xbr_port_vlans *vlans, uint16_t pvid)
{
	struct vlan_set *set = vlan_set_new(0);

	if (!set)
		return NULL;
	set->vlans = *vlans;
	set->pvid = pvid;
	return set;
}

struct vlan_set *vlan_set_share(struct vlan_set *set)
{
	if (set)
		set->references++;
	return set;
}

void vlan_set_drop(struct vlan_set *set)
{
	if (!set || --set->references)
		return;
	free(set->mappings);
	free(set);
}

static int copy_mappings(struct vlan_set *to, const struct vlan_set *from)
{
	if (!from->mapping_count)
		return 0;
	to->mappings = calloc(from->mapping_count, sizeof(*to->mappings));
	if (!to->mappings)
		return -ENOMEM;
	memcpy(to->mappings, from->mappings, from->mapping_count * sizeof(*to->mappings));
	to->mapping_count = from->mapping_count;
	return 0;
}

int vlan_set_own(struct vlan_set **set)
{
	struct vlan_set *own;

	if ((*set)->references == 1)
		return 0;
	own = vlan_set_of(&(*set)->vlans, (*set)->pvid);
	if (!own || copy_mappings(own, *set)) {
		vlan_set_drop(own);
		return -ENOMEM;
	}
	vlan_set_drop(*set);
	*set = own;
	return 0;
}

/* ---- questions ---- */

static bool mappings_equal(const struct vlan_set *a, const struct vlan_set *b)
{
	if (a->mapping_count != b->mapping_count)
		return false;
	for (unsigned int i = 0; i < a->mapping_count; i++)
		if (a->mappings[i].from != b->mappings[i].from || a->mappings[i].to != b->mappings[i].to ||
		    a->mappings[i].priority != b->mappings[i].priority)
			return false;
	return true;
}

bool vlan_set_equal(const struct vlan_set *a, const struct vlan_set *b)
{
	return a == b || (a->pvid == b->pvid && !memcmp(&a->vlans, &b->vlans, sizeof(a->vlans)) &&
			  mappings_equal(a, b));
}

static bool bit(uint64_t word, uint16_t vid)
{
	return word >> vid % 64 & 1;
}

bool vlan_set_has(const struct vlan_set *set, uint16_t vid)
{
	return bit(set->vlans.word[vid / 64].member, vid);
}

bool vlan_set_is_untagged(const struct vlan_set *set, uint16_t vid)
{
	return bit(set->vlans.word[vid / 64].untagged, vid);
}

bool vlan_set_is_hairpin(const struct vlan_set *set, uint16_t vid)
{
	return bit(set->vlans.word[vid / 64].hairpin, vid);
}

static struct vlan_run run_of(const struct vlan_set *set, uint16_t vid)
{
	return (struct vlan_run){.first = vid,
				 .last = vid,
				 .pvid = set->pvid == vid,
				 .untagged = vlan_set_is_untagged(set, vid),
				 .hairpin = vlan_set_is_hairpin(set, vid)};
}

bool vlan_set_next_run(const struct vlan_set *set, struct vlan_run *run)
{
	uint16_t vid = (uint16_t)(run->last + 1);

	while (vid <= XBR_VID_MAX && !vlan_set_has(set, vid))
		vid++;
	if (vid > XBR_VID_MAX)
		return false;
	*run = run_of(set, vid);
	while (!run->pvid && run->last < XBR_VID_MAX && vlan_set_has(set, (uint16_t)(run->last + 1))) {
		struct vlan_run next = run_of(set, (uint16_t)(run->last + 1));

		if (next.pvid || next.untagged != run->untagged || next.hairpin != run->hairpin)
			break;
		run->last++;
	}
	return true;
}

/* ---- changes ---- */

void vlan_set_add(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], bool pvid, bool untagged)
{
	for (uint16_t w = 0; w < VLAN_WORDS; w++) {
		struct xbr_vlan_word *word = &set->vlans.word[w];

		word->member |= vids[w];
		word->untagged = untagged ? word->untagged | vids[w] : word->untagged & ~vids[w];
		if (!vids[w])
			continue;
		if (pvid)
			set->pvid = (uint16_t)(w * 64 + __builtin_ctzll(vids[w]));
		else if (set->pvid / 64 == w && bit(vids[w], set->pvid))
			set->pvid = 0;
	}
}

void vlan_set_hairpin(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], bool on)
{
	for (uint16_t w = 0; w < VLAN_WORDS; w++) {
		__u64 *word = &set->vlans.word[w].hairpin;

		*word = on ? *word | vids[w] : *word & ~vids[w];
	}
}

void vlan_set_del(struct vlan_set *set, const uint64_t vids[VLAN_WORDS])
{
	for (uint16_t w = 0; w < VLAN_WORDS; w++) {
		set->vlans.word[w].member &= ~vids[w];
		set->vlans.word[w].untagged &= ~vids[w];
		set->vlans.word[w].hairpin &= ~vids[w];
		if (set->pvid / 64 == w && bit(vids[w], set->pvid))
			set->pvid = 0;
	}
}

static int compare_mappings(const void *a, const void *b)
{
	return (int)((const struct vlan_mapping *)a)->from - (int)((const struct vlan_mapping *)b)->from;
}

const struct vlan_mapping *vlan_set_mapping(const struct vlan_set *set, uint16_t from)
{
	struct vlan_mapping key = {.from = from};

	if (!set->mapping_count)
		return NULL;
	return bsearch(&key, set->mappings, set->mapping_count, sizeof(key), compare_mappings);
}

static unsigned int count_bits(const uint64_t vids[VLAN_WORDS])
{
	unsigned int count = 0;

	for (unsigned int w = 0; w < VLAN_WORDS; w++)
		count += (unsigned int)__builtin_popcountll(vids[w]);
	return count;
}

int vlan_set_map(struct vlan_set *set, const uint64_t vids[VLAN_WORDS], uint16_t to, uint8_t priority)
{
	struct vlan_mapping *grown;

	vlan_set_unmap(set, vids);
	grown = realloc(set->mappings, (set->mapping_count + count_bits(vids)) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	set->mappings = grown;
	for (uint16_t vid = 1; vid <= XBR_VID_MAX; vid++)
		if (bit(vids[vid / 64], vid))
			grown[set->mapping_count++] =
				(struct vlan_mapping){.from = vid, .to = to, .priority = priority};
	qsort(grown, set->mapping_count, sizeof(*grown), compare_mappings);
	return 0;
}

void vlan_set_unmap(struct vlan_set *set, const uint64_t vids[VLAN_WORDS])
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < set->mapping_count; i++)
		if (!bit(vids[set->mappings[i].from / 64], set->mappings[i].from))
			set->mappings[kept++] = set->mappings[i];
	set->mapping_count = kept;
}
