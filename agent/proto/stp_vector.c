// SPDX-License-Identifier: Apache-2.0
#include "proto/stp_vector.h"

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int stp_vector_compare(const struct stp_vector *a, const struct stp_vector *b)
{
	int order = compare(a->root, b->root);

	if (!order)
		order = compare(a->external, b->external);
	if (!order)
		order = compare(a->regional, b->regional);
	if (!order)
		order = compare(a->internal, b->internal);
	if (!order)
		order = compare(a->bridge, b->bridge);
	return order ? order : compare(a->port, b->port);
}

static bool same_sender(const struct stp_vector *a, const struct stp_vector *b)
{
	return !((a->bridge ^ b->bridge) & STP_ADDRESS_MASK) && !((a->port ^ b->port) & STP_PORT_NUMBER_MASK);
}

bool stp_vector_superior(const struct stp_vector *message, const struct stp_vector *port)
{
	int order = stp_vector_compare(message, port);

	return order < 0 || (order > 0 && same_sender(message, port));
}

bool stp_times_equal(const struct stp_times *a, const struct stp_times *b)
{
	return a->message_age == b->message_age && a->max_age == b->max_age &&
	       a->hello_time == b->hello_time && a->forward_delay == b->forward_delay &&
	       a->remaining_hops == b->remaining_hops;
}
