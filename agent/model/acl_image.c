// SPDX-License-Identifier: Apache-2.0
#include "model/acl_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl_mask.h"
#include "model/acl_tables.h"

#define CHAIN_SHORT                                                                                          \
	4 /* rules of a chain to which one more may come though a more specific table could be made */
#define CHAIN_COUNTED   64 /* rules of a chain that are looked at: longer ones are alike */
#define SLOTS_LEAST     XBR_ACL_CELL_SLOTS
#define SLOTS_FULL      2  /* rules a slot, on average, from which a table takes no more */
#define SLOTS_GROW      8  /* a further table of the same mask is so much larger */
#define ORDER_CELLS     4  /* of a level, written by turns */
#define ORDERS_A_CHANGE 2  /* that a rule more or less writes of a level, at most */
#define TABLES_PLANNED  48 /* tables that are made before the first rule is placed */
#define CELLS_MAX       (1u << 24)

/* ---- cells ---- */

static void *cell(const struct acl_image *image, uint32_t number)
{
	return (char *)image->cells + (size_t)number * XBR_ACL_CELL;
}

struct xbr_acl_header *acl_image_header(const struct acl_image *image)
{
	return cell(image, 0);
}

static void *rest(const struct acl_image *image, uint32_t number)
{
	return cell(image, acl_image_header(image)->rest + number);
}

struct xbr_acl_rule *acl_image_rule(const struct acl_image *image, uint32_t number)
{
	return cell(image, number);
}

/* Cells of `rest`, in a row; UINT32_MAX: there are none. */
static uint32_t rest_take(struct acl_image *image, uint32_t count)
{
	struct xbr_acl_header *header = acl_image_header(image);
	uint32_t first = header->rest_used;

	if (count > image->count - header->rest - first)
		return UINT32_MAX;
	header->rest_used += count;
	memset(rest(image, first), 0, (size_t)count * XBR_ACL_CELL);
	return first;
}

static void store_word(void *to, const void *from)
{
	uint64_t word;

	memcpy(&word, from, sizeof(word));
	__atomic_store_n((uint64_t *)to, word, __ATOMIC_RELEASE);
}

static void store_place(struct xbr_acl_place *to, uint32_t first, uint32_t size)
{
	struct xbr_acl_place place = {first, size};

	store_word(to, &place);
}

static void store_slot(struct xbr_acl_slot *to, uint32_t rule, uint32_t tag)
{
	struct xbr_acl_slot slot = {rule, tag};

	store_word(to, &slot);
}

static void wait_for_programs(struct acl_image *image)
{
	if (image->wait)
		image->wait(image->wait_user);
	memset(image->orders_written, 0, sizeof(image->orders_written));
}

/* Every bit that the rule reads. */
static void add_reads(__u64 reads[XBR_FLOW_WORDS], const struct xbr_acl_rule *rule)
{
	static const struct {
		uint32_t flag, set;
		uint32_t first, last;
		uint64_t bits;
	} others[] = {
		{0, XBR_ACL_SET_SRC_IP, 3, 4, ~0ull},
		{0, XBR_ACL_SET_DST_IP, 5, 6, ~0ull},
		{XBR_ACL_ASKS_SRC_PORT, XBR_ACL_SET_SRC_PORT, 7, 7, 0xffff},
		{XBR_ACL_ASKS_DST_PORT, XBR_ACL_SET_DST_PORT, 7, 7, 0xffff0000},
	};

	for (uint32_t i = 0; i < XBR_FLOW_WORDS; i++)
		__atomic_fetch_or(&reads[i], rule->mask[i], __ATOMIC_RELEASE);
	for (size_t n = 0; n < sizeof(others) / sizeof(others[0]); n++)
		if (rule->flags & others[n].flag || rule->set[others[n].set])
			for (uint32_t i = others[n].first; i <= others[n].last; i++)
				__atomic_fetch_or(&reads[i], others[n].bits, __ATOMIC_RELEASE);
}

/* ---- tables ---- */

static const struct xbr_acl_order *order_of(const struct acl_image *image, uint32_t level,
					    uint32_t *ret_tables)
{
	const struct xbr_acl_header *header = acl_image_header(image);

	*ret_tables = header->order[level].size;
	return rest(image, header->order[level].cell);
}

uint32_t acl_image_tables(const struct acl_image *image, uint32_t level)
{
	return acl_image_header(image)->order[level].size;
}

static struct xbr_acl_table *table_at(const struct acl_image *image, uint32_t level, uint32_t n)
{
	uint32_t tables;

	return rest(image, order_of(image, level, &tables)->table[n]);
}

static struct xbr_acl_slot *slot_at(const struct acl_image *image, const struct xbr_acl_table *table,
				    uint32_t n)
{
	struct xbr_acl_slots *slots = rest(image, table->slots.cell + n / XBR_ACL_CELL_SLOTS);

	return &slots->slot[n % XBR_ACL_CELL_SLOTS];
}

static uint64_t hash_in(const struct acl_image *image, const struct xbr_acl_table *table,
			const struct xbr_acl_rule *rule)
{
	return xbr_acl_hash(rule->value, table->mask, acl_image_header(image)->seed);
}

static struct xbr_acl_slot *slot_of(const struct acl_image *image, const struct xbr_acl_table *table,
				    const struct xbr_acl_rule *rule)
{
	return slot_at(image, table, (uint32_t)hash_in(image, table, rule) & table->slots.size);
}

static uint32_t chain_length(const struct acl_image *image, const struct xbr_acl_slot *slot, uint32_t level,
			     uint32_t enough)
{
	uint32_t length = 0;

	for (uint32_t n = slot->rule; n && length < enough; n = acl_image_rule(image, n)->next[level])
		length++;
	return length;
}

uint32_t acl_image_longest(const struct acl_image *image, uint32_t level)
{
	uint32_t longest = 0;

	for (uint32_t t = 0; t < acl_image_tables(image, level); t++) {
		const struct xbr_acl_table *table = table_at(image, level, t);

		for (uint32_t s = 0; s <= table->slots.size; s++) {
			uint32_t length = chain_length(image, slot_at(image, table, s), level, UINT32_MAX);

			if (length > longest)
				longest = length;
		}
	}
	return longest;
}

static int by_first(const void *a, const void *b, void *user)
{
	const struct acl_image *image = user;
	const struct xbr_acl_table *x = rest(image, *(const uint32_t *)a),
				   *y = rest(image, *(const uint32_t *)b);

	return (x->first > y->first) - (x->first < y->first);
}

/* Writes the order of a level anew, into a cell that no program reads; tables: cells from rest. */
static void order_write(struct acl_image *image, uint32_t level, const uint32_t *tables, uint32_t count)
{
	struct xbr_acl_header *header = acl_image_header(image);
	uint32_t now = header->order[level].cell, first = level * ORDER_CELLS;
	uint32_t next = first + (now - first + 1) % ORDER_CELLS;
	struct xbr_acl_order *order = rest(image, next);

	if (image->orders_written[level] == ORDER_CELLS - 1)
		wait_for_programs(image);
	image->orders_written[level]++;
	memcpy(order->table, tables, count * sizeof(*tables));
	qsort_r(order->table, count, sizeof(*order->table), by_first, image);
	store_place(&header->order[level], next, count);
}

static void order_again(struct acl_image *image, uint32_t level)
{
	uint32_t count, tables[XBR_ACL_TABLES_MAX];
	const struct xbr_acl_order *order = order_of(image, level, &count);

	memcpy(tables, order->table, sizeof(tables));
	order_write(image, level, tables, count);
}

/* A new, empty table at the end of the order. slots: a power of two. NULL: no room. */
static struct xbr_acl_table *table_make(struct acl_image *image, uint32_t level, const struct acl_mask *mask,
					uint32_t slots)
{
	uint32_t count, tables[XBR_ACL_TABLES_MAX], cells = 1 + slots / XBR_ACL_CELL_SLOTS, at;
	const struct xbr_acl_order *order = order_of(image, level, &count);
	struct xbr_acl_table *table;

	if (count == XBR_ACL_TABLES_MAX)
		return NULL;
	at = rest_take(image, cells);
	if (at == UINT32_MAX)
		return NULL;
	memcpy(tables, order->table, sizeof(tables));
	table = rest(image, at);
	table->first = UINT32_MAX;
	memcpy(table->mask, mask->word, sizeof(table->mask));
	store_place(&table->slots, at + 1, slots - 1);
	tables[count] = at;
	order_write(image, level, tables, count + 1);
	return table;
}

static bool is_full(const struct xbr_acl_table *table)
{
	return table->count >= SLOTS_FULL * (table->slots.size + 1);
}

/* What table_find() sees of a level. */
struct found {
	struct xbr_acl_table *best; /* the most specific one whose chain for the rule is short */
	struct xbr_acl_table *any;  /* of those where it is not, the one whose chain is shortest */
	uint32_t own_slots;         /* of the largest table of the rule's own rounded mask; 0: none */
	uint32_t best_bits, any_chain, any_load;
};

/* Rules that a chain of the table has, about: where chains are longer than is looked at. */
static uint32_t table_load(const struct xbr_acl_table *table, uint32_t bits)
{
	uint32_t slots = (uint32_t)__builtin_popcount(table->slots.size);

	return table->count >> (bits < slots ? bits : slots);
}

static void table_consider(const struct acl_image *image, uint32_t level, const struct xbr_acl_rule *rule,
			   const struct acl_mask *own, struct xbr_acl_table *table, struct found *found)
{
	uint32_t bits = acl_mask_bits(table->mask), load = table_load(table, bits), chain;

	if (!memcmp(table->mask, own->word, sizeof(table->mask)) && table->slots.size + 1 > found->own_slots)
		found->own_slots = table->slots.size + 1;
	if (found->best && bits < found->best_bits)
		return;
	chain = chain_length(image, slot_of(image, table, rule), level, CHAIN_COUNTED);
	if (chain < CHAIN_SHORT && !is_full(table)) {
		found->best = table;
		found->best_bits = bits + 1;
	} else if (!found->any || chain < found->any_chain ||
		   (chain == found->any_chain && load < found->any_load)) {
		found->any = table;
		found->any_chain = chain;
		found->any_load = load;
	}
}

/* The table that a rule is to go into; makes one where that is better. NULL: there is no room for it. */
static struct xbr_acl_table *table_find(struct acl_image *image, uint32_t level,
					const struct xbr_acl_rule *rule)
{
	struct acl_mask exact = acl_mask_exact(rule, level), own = acl_mask_rounded(&exact), none = {{0}};
	uint32_t tables = acl_image_tables(image, level), slots;
	struct found found = {0};
	struct xbr_acl_table *made;

	for (uint32_t t = 0; t < tables; t++)
		if (acl_mask_asks_no_more(table_at(image, level, t)->mask, &exact))
			table_consider(image, level, rule, &own, table_at(image, level, t), &found);
	if (found.best)
		return found.best;
	/* the last table asks nothing: there every rule has its place */
	if (tables >= XBR_ACL_TABLES_MAX - 1)
		return found.any ? found.any : table_make(image, level, &none, SLOTS_LEAST);
	/* a long chain in the rule's own table is one of rules that ask the same there: another table is no
	 * better */
	if (found.own_slots && found.any && !is_full(found.any))
		return found.any;
	slots = found.own_slots ? found.own_slots * SLOTS_GROW : SLOTS_LEAST;
	made = table_make(image, level, &own, slots);
	return made ? made : found.any;
}

/* ---- chains ---- */

static uint32_t *tail_of(const struct acl_image *image, const struct xbr_acl_slot *slot)
{
	return image->tails ? &image->tails[slot - (const struct xbr_acl_slot *)rest(image, 0)] : NULL;
}

/* The rule of the chain behind which seq belongs; 0: at its head. Built in the order of the list, it is the
 * last one. */
static uint32_t chain_before(const struct acl_image *image, const struct xbr_acl_slot *slot, uint32_t level,
			     uint32_t seq)
{
	const uint32_t *tail = tail_of(image, slot);
	uint32_t before = 0;

	if (tail && *tail && acl_image_rule(image, *tail)->seq < seq)
		return *tail;
	for (uint32_t n = slot->rule; n && acl_image_rule(image, n)->seq < seq;
	     n = acl_image_rule(image, n)->next[level])
		before = n;
	return before;
}

static void chain_put(struct acl_image *image, struct xbr_acl_table *table, uint32_t level, uint32_t number)
{
	struct xbr_acl_rule *rule = acl_image_rule(image, number);
	uint64_t hash = hash_in(image, table, rule);
	struct xbr_acl_slot *slot = slot_at(image, table, (uint32_t)hash & table->slots.size);
	uint32_t before = chain_before(image, slot, level, rule->seq);
	uint32_t tag = !slot->rule || slot->tag == xbr_acl_tag(hash) ? xbr_acl_tag(hash) : 0;

	if (before) {
		rule->next[level] = acl_image_rule(image, before)->next[level];
		if (tag != slot->tag)
			store_slot(slot, slot->rule, tag);
		__atomic_store_n(&acl_image_rule(image, before)->next[level], number, __ATOMIC_RELEASE);
	} else {
		rule->next[level] = slot->rule;
		store_slot(slot, number, tag);
	}
	if (image->tails && !rule->next[level])
		*tail_of(image, slot) = number;
	table->count++;
}

/* Takes number out of the chain of slot; false: it is not in it. What it points at stays. */
static bool chain_cut(struct acl_image *image, struct xbr_acl_slot *slot, uint32_t level, uint32_t number)
{
	uint32_t next = acl_image_rule(image, number)->next[level], before = 0, n;

	for (n = slot->rule; n && n != number; n = acl_image_rule(image, n)->next[level])
		before = n;
	if (!n)
		return false;
	if (before)
		__atomic_store_n(&acl_image_rule(image, before)->next[level], next, __ATOMIC_RELEASE);
	else
		store_slot(slot, next, slot->tag);
	return true;
}

/* Is there an earlier rule that says the same where this level knows less? Such a one is in each table that
 * the rule could be in. One that is not found costs a comparison, no more. */
static bool is_covered(const struct acl_image *image, uint32_t level, const struct xbr_acl_rule *rule)
{
	struct acl_mask exact = acl_mask_exact(rule, level);
	uint32_t looked_at;

	for (uint32_t t = 0; level && t < acl_image_tables(image, level); t++) {
		const struct xbr_acl_table *table = table_at(image, level, t);

		if (!acl_mask_asks_no_more(table->mask, &exact))
			continue;
		looked_at = 0;
		for (uint32_t n = slot_of(image, table, rule)->rule; n && looked_at < CHAIN_COUNTED / 4;
		     n = acl_image_rule(image, n)->next[level], looked_at++)
			if (acl_image_rule(image, n)->seq < rule->seq &&
			    acl_rule_same_at(acl_image_rule(image, n), rule, level))
				return true;
	}
	return false;
}

static int link_at(struct acl_image *image, uint32_t level, uint32_t number)
{
	struct xbr_acl_rule *rule = acl_image_rule(image, number);
	struct xbr_acl_table *table = table_find(image, level, rule);
	bool is_first;

	if (!table)
		return -ENOSPC;
	is_first = rule->seq < table->first;
	if (is_first)
		__atomic_store_n(&table->first, rule->seq, __ATOMIC_RELEASE);
	chain_put(image, table, level, number);
	if (is_first && acl_image_tables(image, level) > 1)
		order_again(image, level);
	return 0;
}

static void unlink_at(struct acl_image *image, uint32_t level, uint32_t number)
{
	struct xbr_acl_rule *rule = acl_image_rule(image, number);
	struct acl_mask exact = acl_mask_exact(rule, level);

	if (rule->next[level] == XBR_ACL_UNLINKED)
		return;
	for (uint32_t t = 0; t < acl_image_tables(image, level); t++) {
		struct xbr_acl_table *table = table_at(image, level, t);

		if (!acl_mask_asks_no_more(table->mask, &exact) ||
		    !chain_cut(image, slot_of(image, table, rule), level, number))
			continue;
		table->count--;
		return;
	}
}

/* In the tables of all levels; on failure in none. */
static int link_rule(struct acl_image *image, uint32_t number)
{
	struct xbr_acl_rule *rule = acl_image_rule(image, number);
	int err = 0;

	for (uint32_t level = 0; level < XBR_FLOW_LEVELS && !err; level++) {
		rule->next[level] = XBR_ACL_UNLINKED;
		if (acl_rule_belongs(rule, level) && !is_covered(image, level, rule))
			err = link_at(image, level, number);
	}
	for (uint32_t level = 0; err && level < XBR_FLOW_LEVELS; level++)
		unlink_at(image, level, number);
	return err;
}

/* ---- places in the list ---- */

/* The first place whose seq is not lower. */
static uint32_t place_search(const struct acl_image *image, uint32_t seq)
{
	uint32_t low = 0, high = acl_image_header(image)->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image->places[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t acl_image_find(const struct acl_image *image, uint32_t seq)
{
	uint32_t at = place_search(image, seq);

	return at < acl_image_header(image)->count && image->places[at].seq == seq ? image->places[at].rule
										   : 0;
}

static void place_put(struct acl_image *image, uint32_t seq, uint32_t number)
{
	struct xbr_acl_header *header = acl_image_header(image);
	uint32_t at = place_search(image, seq);

	memmove(image->places + at + 1, image->places + at, (header->count - at) * sizeof(*image->places));
	image->places[at] = (struct acl_place){seq, number};
	header->count++;
}

static void place_remove(struct acl_image *image, uint32_t seq)
{
	struct xbr_acl_header *header = acl_image_header(image);
	uint32_t at = place_search(image, seq);

	header->count--;
	memmove(image->places + at, image->places + at + 1, (header->count - at) * sizeof(*image->places));
}

/* ---- the bookkeeping ---- */

void acl_image_close(struct acl_image *image)
{
	free(image->places);
	free(image->free);
	free(image->gone);
	image->places = NULL;
	image->free = image->gone = NULL;
}

void acl_image_move(struct acl_image *image, void *cells)
{
	image->cells = cells;
	memset(image->orders_written, 0, sizeof(image->orders_written)); /* no program has seen it yet */
}

static int compare_places(const void *a, const void *b)
{
	const struct acl_place *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static bool is_image(const struct acl_image *image)
{
	const struct xbr_acl_header *header = acl_image_header(image);

	return image->count && header->layout == XBR_ACL_LAYOUT && header->cells == image->count &&
	       header->rules < image->count && header->rest <= image->count &&
	       header->rest_used <= image->count - header->rest && header->count <= header->rules;
}

/* Rules that have a seq are the list's: one that was being taken out when an agent died is taken out again.
 */
int acl_image_open(struct acl_image *image, void *cells, uint32_t count)
{
	struct xbr_acl_header *header = cells;
	uint32_t found = 0;

	*image = (struct acl_image){.cells = cells, .count = count};
	if (!is_image(image))
		return -EINVAL;
	image->place_room = header->rules;
	image->places = calloc(header->rules + 1ul, sizeof(*image->places));
	image->free = calloc(header->rules + 1ul, sizeof(*image->free));
	image->gone = calloc(header->rules + 1ul, sizeof(*image->gone));
	if (!image->places || !image->free || !image->gone) {
		acl_image_close(image);
		return -ENOMEM;
	}
	for (uint32_t n = header->rules; n; n--) {
		if (acl_image_rule(image, n)->seq)
			image->places[found++] = (struct acl_place){acl_image_rule(image, n)->seq, n};
		else
			image->free[image->free_count++] = n;
	}
	header->count = found;
	qsort(image->places, found, sizeof(*image->places), compare_places);
	return 0;
}

/* ---- adding and taking out ---- */

/* A free number; 0: none. */
static uint32_t number_take(struct acl_image *image)
{
	if (!image->free_count && image->gone_count) {
		uint32_t *empty = image->free;

		wait_for_programs(image);
		image->free = image->gone;
		image->free_count = image->gone_count;
		image->gone = empty;
		image->gone_count = 0;
	}
	return image->free_count ? image->free[--image->free_count] : 0;
}

/* A number that is used anew begins to count at nothing: what its former rule counted is taken off by the
 * agent's region. */
static void count_reset(struct acl_image *image, uint32_t number)
{
	struct xbr_acl_count sum = acl_image_counted(image, number);
	struct xbr_acl_count minus = {-sum.frames, -sum.octets};

	acl_image_count_add(image, number, &minus);
}

static int put_rule(struct acl_image *image, uint32_t number, const struct xbr_acl_rule *rule)
{
	struct xbr_acl_rule *to = acl_image_rule(image, number);
	int err;

	*to = *rule;
	to->seq = rule->seq;
	err = link_rule(image, number);
	if (err)
		to->seq = 0;
	else
		place_put(image, rule->seq, number);
	return err;
}

/* A change writes an order twice at most. What the next one would have to wait for is waited for now, behind
 * this one, so that a change is felt at once. */
static void make_ready(struct acl_image *image)
{
	uint32_t most = 0;

	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++)
		if (image->orders_written[level] > most)
			most = image->orders_written[level];
	if (most > ORDER_CELLS - 1 - ORDERS_A_CHANGE)
		wait_for_programs(image);
}

int acl_image_add(struct acl_image *image, const struct xbr_acl_rule *rule)
{
	struct xbr_acl_header *header = acl_image_header(image);
	uint32_t number = number_take(image);
	int err;

	if (!number)
		return -ENOSPC;
	count_reset(image, number);
	add_reads(header->reads, rule);
	err = put_rule(image, number, rule);
	if (err)
		image->gone[image->gone_count++] = number;
	acl_image_void(image);
	make_ready(image);
	return err;
}

/* The rule that stands in at a level for one that goes: the first one that it kept out. */
static void link_covered(struct acl_image *image, uint32_t number)
{
	const struct xbr_acl_rule *goes = acl_image_rule(image, number);
	uint32_t count = acl_image_header(image)->count;

	for (uint32_t level = 1; level < XBR_FLOW_LEVELS; level++) {
		if (goes->next[level] == XBR_ACL_UNLINKED)
			continue;
		for (uint32_t i = place_search(image, goes->seq) + 1; i < count; i++) {
			struct xbr_acl_rule *rule = acl_image_rule(image, image->places[i].rule);

			if (rule->next[level] != XBR_ACL_UNLINKED || !acl_rule_belongs(rule, level) ||
			    !acl_rule_same_at(goes, rule, level))
				continue;
			link_at(image, level, image->places[i].rule);
			break;
		}
	}
}

void acl_image_del(struct acl_image *image, uint32_t number)
{
	struct xbr_acl_rule *rule = acl_image_rule(image, number);

	link_covered(image, number);
	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++)
		unlink_at(image, level, number);
	place_remove(image, rule->seq);
	__atomic_store_n(&rule->seq, 0, __ATOMIC_RELEASE);
	image->gone[image->gone_count++] = number;
	acl_image_void(image);
	make_ready(image);
}

void acl_image_void(struct acl_image *image)
{
	__atomic_fetch_add(&acl_image_header(image)->epoch, 1, __ATOMIC_SEQ_CST);
}

/* ---- counters ---- */

static struct xbr_acl_count *count_at(const struct acl_image *image, uint32_t region, uint32_t number)
{
	const struct xbr_acl_header *header = acl_image_header(image);
	struct xbr_acl_counts *counts =
		cell(image, header->counters + region * header->counters_one + number / XBR_ACL_CELL_COUNTS);

	return &counts->count[number % XBR_ACL_CELL_COUNTS];
}

struct xbr_acl_count acl_image_counted(const struct acl_image *image, uint32_t number)
{
	struct xbr_acl_count sum = {0};

	for (uint32_t region = 0; region < acl_image_header(image)->regions; region++) {
		const struct xbr_acl_count *count = count_at(image, region, number);

		sum.frames += __atomic_load_n(&count->frames, __ATOMIC_RELAXED);
		sum.octets += __atomic_load_n(&count->octets, __ATOMIC_RELAXED);
	}
	return sum;
}

void acl_image_count_add(struct acl_image *image, uint32_t number, const struct xbr_acl_count *count)
{
	struct xbr_acl_count *own = count_at(image, acl_image_header(image)->regions - 1, number);

	own->frames += count->frames;
	own->octets += count->octets;
}

/* ---- building ---- */

/* The tables that are made before the first rule is placed, by level. */
struct plan {
	struct acl_tables_choice table[XBR_FLOW_LEVELS][TABLES_PLANNED];
	uint32_t count[XBR_FLOW_LEVELS];
};

static int plan_make(struct plan *plan, const struct xbr_acl_rule *rules, uint32_t count)
{
	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++) {
		int found = acl_tables_choose(rules, count, level, plan->table[level], TABLES_PLANNED);

		if (found < 0)
			return found;
		plan->count[level] = (uint32_t)found;
	}
	return 0;
}

static uint32_t power_of_two(uint32_t least)
{
	uint32_t power = 1;

	while (power < least)
		power *= 2;
	return power;
}

static uint32_t table_slots(const struct acl_tables_choice *choice)
{
	uint32_t slots = power_of_two(2 * choice->rules);

	return slots < SLOTS_LEAST ? SLOTS_LEAST : slots;
}

/* Cells that tables and slots may come to take. */
static uint64_t rest_room(const struct plan *plan, uint32_t rules)
{
	uint64_t cells = XBR_FLOW_LEVELS * ORDER_CELLS;

	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++) {
		uint32_t later = XBR_ACL_TABLES_MAX - plan->count[level];

		cells += (later < rules ? later : rules) * (1 + SLOTS_LEAST / XBR_ACL_CELL_SLOTS);
		for (uint32_t i = 0; i < plan->count[level]; i++)
			cells += 1 + table_slots(&plan->table[level][i]) / XBR_ACL_CELL_SLOTS;
	}
	return cells + cells / 2 + 24 + rules / 16;
}

static int lay_out(struct acl_image *image, const struct acl_image_options *options, const struct plan *plan,
		   uint32_t count)
{
	uint32_t rules = count > options->room ? count : options->room,
		 counters_one = rules / XBR_ACL_CELL_COUNTS + 1;
	uint32_t regions = options->processors + 1;
	uint64_t first = 1ull + rules, last = first + (uint64_t)counters_one * regions;
	uint64_t cells = last + rest_room(plan, rules);
	struct xbr_acl_header *header;

	if (cells > CELLS_MAX)
		return -E2BIG;
	image->count = (uint32_t)cells;
	image->cells = calloc(cells, XBR_ACL_CELL);
	if (!image->cells)
		return -ENOMEM;
	header = acl_image_header(image);
	*header = (struct xbr_acl_header){.seed = options->seed,
					  .epoch = options->epoch,
					  .layout = XBR_ACL_LAYOUT,
					  .cells = image->count,
					  .rules = rules,
					  .counters = (uint32_t)first,
					  .counters_one = counters_one,
					  .regions = regions,
					  .rest = (uint32_t)last,
					  .rest_used = XBR_FLOW_LEVELS * ORDER_CELLS};
	snprintf(header->name, sizeof(header->name), "%s", options->name);
	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++)
		header->order[level].cell = level * ORDER_CELLS;
	return 0;
}

static void make_tables(struct acl_image *image, const struct plan *plan)
{
	for (uint32_t level = 0; level < XBR_FLOW_LEVELS; level++)
		for (uint32_t i = 0; i < plan->count[level]; i++)
			table_make(image, level, &plan->table[level][i].mask,
				   table_slots(&plan->table[level][i]));
}

static int put_all(struct acl_image *image, const struct xbr_acl_rule *rules, uint32_t count)
{
	uint32_t cells = image->count - acl_image_header(image)->rest;
	int err = 0;

	image->tails = calloc((size_t)cells * XBR_ACL_CELL_SLOTS, sizeof(*image->tails));
	if (!image->tails)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && !err; i++) {
		uint32_t number = number_take(image);

		add_reads(acl_image_header(image)->reads, &rules[i]);
		err = number ? put_rule(image, number, &rules[i]) : -ENOSPC;
	}
	free(image->tails);
	image->tails = NULL;
	return err;
}

static int build(struct acl_image *image, const struct acl_image_options *options, struct plan *plan,
		 const struct xbr_acl_rule *rules, uint32_t count)
{
	void *cells;
	int err = plan_make(plan, rules, count);

	if (!err)
		err = lay_out(image, options, plan, count);
	if (err)
		return err;
	cells = image->cells;
	err = acl_image_open(image, cells, image->count);
	if (!err)
		make_tables(image, plan);
	if (!err)
		err = put_all(image, rules, count);
	if (err) {
		acl_image_close(image);
		free(cells);
	}
	return err;
}

int acl_image_build(struct acl_image *image, const struct acl_image_options *options,
		    const struct xbr_acl_rule *rules, uint32_t count)
{
	struct plan *plan;
	int err;

	*image = (struct acl_image){0};
	if (count > XBR_ACL_RULES_MAX)
		return -E2BIG;
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	err = build(image, options, plan, rules, count);
	free(plan);
	return err;
}
