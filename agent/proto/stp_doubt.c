// SPDX-License-Identifier: Apache-2.0
/*
 * Doubt: what keeps the network from counting to infinity.
 *
 * When a bridge loses its way to the root, a neighbour's word of another way may be an echo of its own: the
 * standard believes it, and the echo goes round until its message age ends, seconds later; while it does,
 * agreements are given on words that are no longer true, and loops come and go. Here a bridge remembers the
 * best word it ever gave of that root
 * (`doubt.best`). A word better than that cannot be its own echo, for costs only grow on the way: it is
 * believed at once, and that is what an alternate port has. Any other is held back for DOUBT_MS from the loss
 * on, in which time the bad news gets everywhere, and echoes die. What is still said after that is true.
 *
 * This is the feasibility condition of diffusing computations (Garcia-Luna-Aceves, 1993), with a pause
 * instead of a query, which no other bridge would understand.
 */
#include "proto/stp_machine.h"

#define DOUBT_MS  200u
#define FORGET_MS 6000u

static uint64_t root_of(const struct stp_vector *v, unsigned int t)
{
	return t ? v->regional : v->root;
}

/* What this bridge would say on a port with the number 0. */
static struct stp_vector own_word(const struct stp_bridge *b, unsigned int t)
{
	struct stp_vector own = b->trees[t].root_priority;

	own.bridge = b->trees[t].bridge_id;
	own.port = 0;
	return own;
}

bool stp_doubt_excludes(const struct stp_bridge *b, unsigned int t, const struct stp_vector *word)
{
	const struct tree *tree = &b->trees[t];

	return timer_runs(b, tree->doubt.until) && root_of(word, t) == root_of(&tree->doubt.best, t) &&
	       stp_vector_compare(word, &tree->doubt.best) >= 0;
}

/* A while after the last loss the present word is as good as any. */
void stp_doubt_begin(struct stp_bridge *b, unsigned int t)
{
	if (!timer_runs(b, b->trees[t].doubt.forget))
		b->trees[t].doubt.best = own_word(b, t);
}

static void lost(struct stp_bridge *b, unsigned int t)
{
	b->trees[t].doubt.until = timer_start(b, DOUBT_MS);
	b->trees[t].doubt.forget = timer_start(b, FORGET_MS);
}

bool stp_doubt_accepts(struct stp_bridge *b, unsigned int t, const struct stp_vector *word)
{
	struct tree *tree = &b->trees[t];
	struct stp_vector own = own_word(b, t);
	bool better = stp_vector_compare(&own, &tree->doubt.best) < 0;

	if (better) {
		tree->doubt.best = own;
		return true;
	}
	if (!stp_vector_compare(&own, &tree->doubt.best) || timer_runs(b, tree->doubt.until))
		return true;
	if (word && root_of(word, t) == root_of(&tree->doubt.best, t) && timer_runs(b, tree->doubt.forget) &&
	    stp_vector_compare(word, &tree->doubt.best) >= 0) {
		tree->doubt.best = own;
		return true;
	}
	if (timer_runs(b, tree->doubt.forget) && root_of(&own, t) != root_of(&tree->doubt.best, t))
		return true;
	lost(b, t);
	return !word || !stp_doubt_excludes(b, t, word);
}

bool stp_doubt_tick(struct stp_bridge *b, unsigned int t)
{
	struct tree *tree = &b->trees[t];

	if (!tree->doubt.until || timer_runs(b, tree->doubt.until))
		return false;
	tree->doubt.until = 0;
	stp_ports_foreach (b, i)
		stp_reselect(b->ports[i], t);
	stp_all_dirty(b);
	return true;
}
