// SPDX-License-Identifier: Apache-2.0
#include "model/acl_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE     256
#define CANDIDATES 2048 /* a power of two */
#define PROBE      2    /* comparisons that a table has to save on average */
#define NO_TABLE   UINT32_MAX

/* Counts by hash, open addressing. */
#define TALLY (2 * SAMPLE)

struct tally {
	uint64_t hash[TALLY];
	uint32_t count[TALLY];
};

struct choosing {
	const struct xbr_acl_rule *rule[SAMPLE];
	struct acl_mask exact[SAMPLE], fine[SAMPLE];
	uint32_t samples;
	float scale; /* rules of the list for each of the sample */

	struct acl_mask candidate[CANDIDATES];
	uint32_t place[2 * CANDIDATES]; /* hash of them: number + 1 */
	uint32_t candidates;
	float chain[CANDIDATES][SAMPLE]; /* that a rule of the sample would be in; 0: it cannot be there */

	float now[SAMPLE]; /* by the tables taken so far */
	uint32_t table[SAMPLE];
	struct tally tally;
};

/* ---- the sample ---- */

/* A rule that says at this level what the one before it says is not in a table of its own. */
static bool counts(const struct xbr_acl_rule *rules, uint32_t i, uint32_t level)
{
	return acl_rule_belongs(&rules[i], level) &&
	       !(level && i && acl_rule_same_at(&rules[i], &rules[i - 1], level));
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One of each SAMPLEth part of those that count. */
static void draw_sample(struct choosing *c, const struct xbr_acl_rule *rules, uint32_t count, uint32_t level)
{
	uint32_t all = 0, seen = 0, wanted, random = 0x9e3779b9;
	uint64_t part;

	for (uint32_t i = 0; i < count; i++)
		all += counts(rules, i, level);
	c->scale = all > SAMPLE ? (float)all / SAMPLE : 1;
	part = (all + SAMPLE - 1) / SAMPLE;
	wanted = part > 1 ? next_random(&random) % (uint32_t)part : 0;
	for (uint32_t i = 0; i < count && c->samples < SAMPLE; i++) {
		if (!counts(rules, i, level) || seen++ != wanted)
			continue;
		c->rule[c->samples] = &rules[i];
		c->exact[c->samples] = acl_mask_exact(&rules[i], level);
		c->fine[c->samples] = acl_mask_fine(&c->exact[c->samples]);
		c->samples++;
		wanted = (uint32_t)(c->samples * part + (part > 1 ? next_random(&random) % part : 0));
	}
	if (c->samples)
		c->scale = (float)all / (float)c->samples;
}

/* ---- candidates ---- */

static void candidate_add(struct choosing *c, struct acl_mask mask)
{
	static const __u64 all_ones[XBR_FLOW_WORDS] = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull,
						       ~0ull, ~0ull, ~0ull, ~0ull, ~0ull};
	uint32_t at = (uint32_t)xbr_acl_hash(mask.word, all_ones, 1);

	for (;; at++) {
		uint32_t *place = &c->place[at % (2 * CANDIDATES)];

		if (*place && memcmp(&c->candidate[*place - 1], &mask, sizeof(mask)) != 0)
			continue;
		if (!*place && c->candidates < CANDIDATES) {
			c->candidate[c->candidates] = mask;
			*place = ++c->candidates;
		}
		return;
	}
}

#define WORD(n)   (1u << (n))
#define MACS      (WORD(0) | WORD(1))
#define TYPES     WORD(2)
#define SRC       (WORD(3) | WORD(4))
#define DST       (WORD(5) | WORD(6))
#define UPPER     WORD(7)
#define ADDRESSES (SRC | DST)
#define TARGET    (WORD(8) | WORD(9))

/* What the sample's rules have, the most specific first for all of them, then parts, then what neighbours
 * share. */
static void find_candidates(struct choosing *c)
{
	static const uint32_t parts[] = {ADDRESSES | UPPER,
					 ADDRESSES,
					 SRC | UPPER,
					 DST | UPPER,
					 SRC,
					 DST,
					 UPPER,
					 MACS,
					 WORD(0),
					 WORD(1),
					 TARGET,
					 TYPES,
					 MACS | TYPES,
					 MACS | ADDRESSES,
					 ADDRESSES | UPPER | TYPES};

	for (uint32_t s = 0; s < c->samples; s++)
		candidate_add(c, acl_mask_rounded(&c->exact[s]));
	for (uint32_t s = 0; s < c->samples; s++)
		candidate_add(c, c->fine[s]);
	for (uint32_t s = 0; s < c->samples; s++) {
		const struct acl_mask *next = &c->exact[(s + 1) % c->samples];
		struct acl_mask common = acl_mask_common(&c->exact[s], next);

		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++)
			candidate_add(c, acl_mask_of_words(&c->fine[s], parts[p]));
		candidate_add(c, acl_mask_common(&c->fine[s], &c->fine[(s + 1) % c->samples]));
		candidate_add(c, common);
		next = &c->exact[(s + 2) % c->samples];
		common = acl_mask_common(&common, next);
		candidate_add(c, common);
		next = &c->exact[(s + 3) % c->samples];
		candidate_add(c, acl_mask_common(&common, next));
	}
}

/* ---- what each is worth ---- */

static uint32_t *tally_of(struct tally *tally, uint64_t hash)
{
	uint32_t at = (uint32_t)hash;

	while (tally->count[at % TALLY] && tally->hash[at % TALLY] != hash)
		at++;
	tally->hash[at % TALLY] = hash;
	return &tally->count[at % TALLY];
}

static void judge(struct choosing *c, uint32_t number)
{
	const struct acl_mask *mask = &c->candidate[number];
	uint64_t hash[SAMPLE];

	memset(c->tally.count, 0, sizeof(c->tally.count));
	for (uint32_t s = 0; s < c->samples; s++) {
		c->chain[number][s] = 0;
		if (!acl_mask_asks_no_more(mask->word, &c->exact[s]))
			continue;
		hash[s] = xbr_acl_hash(c->rule[s]->value, mask->word, 1);
		(*tally_of(&c->tally, hash[s]))++;
		c->chain[number][s] = 1;
	}
	for (uint32_t s = 0; s < c->samples; s++)
		if (c->chain[number][s] > 0)
			c->chain[number][s] += (float)(*tally_of(&c->tally, hash[s]) - 1) * c->scale;
}

static float gain_of(const struct choosing *c, uint32_t number)
{
	float gain = 0;

	for (uint32_t s = 0; s < c->samples; s++)
		if (c->chain[number][s] > 0 && c->chain[number][s] < c->now[s])
			gain += c->now[s] - c->chain[number][s];
	return gain;
}

/* The candidate that saves most; NO_TABLE: none saves enough. */
static uint32_t best_of(const struct choosing *c)
{
	float most = PROBE * (float)c->samples;
	uint32_t best = NO_TABLE;

	for (uint32_t n = 0; n < c->candidates; n++) {
		float gain = gain_of(c, n);

		if (gain > most) {
			most = gain;
			best = n;
		}
	}
	return best;
}

static void take(struct choosing *c, uint32_t number, uint32_t table)
{
	for (uint32_t s = 0; s < c->samples; s++)
		if (c->chain[number][s] > 0 && c->chain[number][s] < c->now[s]) {
			c->now[s] = c->chain[number][s];
			c->table[s] = table;
		}
}

static uint32_t choose(struct choosing *c, struct acl_tables_choice *choices, uint32_t most)
{
	uint32_t taken = 0, best;

	for (uint32_t n = 0; n < c->candidates; n++)
		judge(c, n);
	for (uint32_t s = 0; s < c->samples; s++) {
		c->now[s] = (float)c->samples * c->scale;
		c->table[s] = NO_TABLE;
	}
	while (taken < most && (best = best_of(c)) != NO_TABLE) {
		take(c, best, taken);
		choices[taken++] = (struct acl_tables_choice){.mask = c->candidate[best]};
	}
	for (uint32_t s = 0; s < c->samples; s++)
		if (c->table[s] != NO_TABLE)
			choices[c->table[s]].rules += (uint32_t)c->scale + 1;
	return taken;
}

int acl_tables_choose(const struct xbr_acl_rule *rules, uint32_t count, uint32_t level,
		      struct acl_tables_choice *choices, uint32_t most)
{
	struct choosing *c = calloc(1, sizeof(*c));
	uint32_t taken = 0;

	if (!c)
		return -ENOMEM;
	draw_sample(c, rules, count, level);
	if (c->samples) {
		find_candidates(c);
		taken = choose(c, choices, most);
	}
	free(c);
	return (int)taken;
}
