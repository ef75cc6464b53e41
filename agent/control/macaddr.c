// SPDX-License-Identifier: Apache-2.0
#include "control/macaddr.h"

#include <errno.h>
#include <stdlib.h>

#include "control/params.h"
#include "model/model.h"

static int read_macs(const json_t *list, uint64_t *macs, struct xbr_error *error)
{
	const json_t *item;
	uint8_t mac[6];
	size_t i;

	json_array_foreach (list, i, item) {
		if (!params_mac(item, mac))
			return xbr_refuse(error, -EINVAL,
					  "macaddr_list must hold addresses like \"aa:bb:cc:dd:ee:ff\"");
		macs[i] = fdb_mac_of(mac);
		if (mac[0] & 1 || !macs[i])
			return xbr_refuse(error, -EINVAL,
					  "only a unicast address, not zero, can be on a source list");
	}
	return 0;
}

static int check_shape(uint32_t verb, size_t count, struct xbr_error *error)
{
	if (verb == SOURCE_VERB_COUNT)
		return xbr_refuse(error, -EINVAL, "macaddr_list needs macaddr");
	if (verb == SOURCE_FLUSH && count)
		return xbr_refuse(error, -EINVAL, "macaddr flush takes no address");
	if (verb != SOURCE_FLUSH && !count)
		return xbr_refuse(error, -EINVAL, "macaddr %s needs an address", source_verb_words[verb]);
	return 0;
}

int macaddr_to_want(const char *dev, uint32_t verb, const json_t *list, struct want *want,
		    struct xbr_error *error)
{
	size_t count = json_array_size(list);
	uint64_t *macs = calloc(count + 1, sizeof(*macs));
	struct source_change change = {.verb = verb, .macs = macs, .count = (uint32_t)count};
	int err = macs ? check_shape(verb, count, error) : xbr_refuse(error, -ENOMEM, "out of memory");

	if (!err)
		err = read_macs(list, macs, error);
	if (!err)
		err = want_link_sources(want, dev, &change, error);
	free(macs);
	return err;
}
