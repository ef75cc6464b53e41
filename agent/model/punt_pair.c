// SPDX-License-Identifier: Apache-2.0
#include "model/punt_pair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "datapath/attach.h"
#include "model/model.h"

#define PAIR_MTU  16000u /* room for jumbo frames, tags and the header: nothing is refused on the pair */
#define PAIRS_MAX 1000u  /* xbr0-punt to xbr999-punt, of all agents of the namespace */

static struct xbr_agent_saved *memory(const struct punt_pair *pair)
{
	return pair->model->dp->agent;
}

/* Drawn once for the life of the maps. */
static int address_draw(struct punt_pair *pair)
{
	static const uint8_t none[6];
	uint8_t address[6];

	if (memcmp(memory(pair)->punt_address, none, sizeof(none)))
		return 0;
	if (getrandom(address, sizeof(address), 0) != sizeof(address))
		return -errno;
	address[0] = (uint8_t)((address[0] & 0xfc) | 0x02); /* local, of one station */
	memcpy(memory(pair)->punt_address, address, sizeof(address));
	return 0;
}

/* ---- finding ---- */

static int link_consider(const struct rtnl_link *link, void *user)
{
	struct punt_pair *pair = user;

	if (strcmp(link->kind, "veth") || link->link_elsewhere || !link->link ||
	    memcmp(link->address, memory(pair)->punt_address, sizeof(link->address)))
		return 0;
	memory(pair)->punt_ifindex = (uint32_t)link->ifindex;
	memory(pair)->punt_agent_ifindex = (uint32_t)link->link;
	memcpy(pair->device, link->name, sizeof(pair->device));
	return 1;
}

/* Where it was, else anywhere. True: the devices are noted. */
static bool pair_find(struct punt_pair *pair)
{
	struct rtnl *rtnl = pair->model->rtnl;
	struct rtnl_link link;
	bool found = memory(pair)->punt_ifindex &&
		     !rtnl_link_by_index(rtnl, (int)memory(pair)->punt_ifindex, &link) &&
		     link_consider(&link, pair);

	if (!found)
		found = rtnl_link_each(rtnl, link_consider, pair) > 0;
	if (!found || rtnl_link_by_index(rtnl, (int)memory(pair)->punt_agent_ifindex, &link))
		return false;
	memcpy(pair->agent_device, link.name, sizeof(pair->agent_device));
	return true;
}

static void pair_forget(struct punt_pair *pair)
{
	__atomic_store_n(&pair->model->dp->switches->punt_ifindex, 0, __ATOMIC_SEQ_CST);
	memory(pair)->punt_ifindex = memory(pair)->punt_agent_ifindex = 0;
	pair->device[0] = pair->agent_device[0] = '\0';
}

/* ---- making ---- */

/* The first free number of the namespace: other agents may live here, too. */
static int pair_create(struct punt_pair *pair)
{
	char device[XBR_IFNAME_LEN], agent_device[XBR_IFNAME_LEN];
	int err = -EEXIST;

	for (unsigned int n = 0; err == -EEXIST && n < PAIRS_MAX; n++) {
		snprintf(device, sizeof(device), "xbr%u-punt", n);
		snprintf(agent_device, sizeof(agent_device), "xbr%u-agent", n);
		err = rtnl_veth_create(pair->model->rtnl, device, agent_device, memory(pair)->punt_address,
				       PAIR_MTU);
	}
	if (!err && !pair_find(pair))
		err = -ENODEV;
	return err;
}

static int end_take(struct punt_pair *pair, uint32_t ifindex, const char *what)
{
	char alias[256];

	snprintf(alias, sizeof(alias), "xbrd, pins under %.128s: %s", pair->model->dp->pins.dir, what);
	return rtnl_link_take(pair->model->rtnl, (int)ifindex, alias);
}

static int end_attach(struct punt_pair *pair, uint32_t ifindex, enum attach_hook hook)
{
	int err = attach_on(pair->model->dp, ATTACH_PUNT_PAIR, ifindex, hook);

	return err == -EEXIST ? 0 : err;
}

/* Whatever of it is there already is fine. */
static int pair_furnish(struct punt_pair *pair)
{
	uint32_t datapath_end = memory(pair)->punt_ifindex, agent_end = memory(pair)->punt_agent_ifindex;
	int err = end_attach(pair, datapath_end, ATTACH_XDP_INJECT);

	if (!err)
		err = end_attach(pair, datapath_end, ATTACH_TC_PORT);
	if (!err)
		err = end_attach(pair, agent_end, ATTACH_XDP_PUNT);
	if (!err)
		err = end_take(pair, datapath_end, "control frames to and from the ports");
	if (!err)
		err = end_take(pair, agent_end, "control frames to and from the agent");
	return err;
}

int punt_pair_open(struct punt_pair *pair)
{
	int err = address_draw(pair);

	if (!err && !pair_find(pair)) {
		pair_forget(pair);
		err = pair_create(pair);
	}
	if (!err)
		err = pair_furnish(pair);
	if (!err)
		__atomic_store_n(&pair->model->dp->switches->punt_ifindex, memory(pair)->punt_ifindex,
				 __ATOMIC_SEQ_CST);
	return err;
}

void punt_pair_remove(struct punt_pair *pair)
{
	static const uint8_t none[6];
	struct datapath *dp = pair->model->dp;
	uint32_t datapath_end;

	if (!memcmp(memory(pair)->punt_address, none, sizeof(none)))
		return;
	if (!pair_find(pair))
		pair_forget(pair);
	datapath_end = memory(pair)->punt_ifindex;
	attach_off(dp, ATTACH_PUNT_PAIR, datapath_end, ATTACH_XDP_INJECT);
	attach_off(dp, ATTACH_PUNT_PAIR, datapath_end, ATTACH_TC_PORT);
	attach_off(dp, ATTACH_PUNT_PAIR, memory(pair)->punt_agent_ifindex, ATTACH_XDP_PUNT);
	if (datapath_end)
		rtnl_link_delete(pair->model->rtnl, (int)datapath_end);
	pair_forget(pair);
}

/* ---- telling ---- */

uint32_t punt_pair_agent_end(const struct punt_pair *pair)
{
	return memory(pair)->punt_agent_ifindex;
}

bool punt_pair_owns(const struct punt_pair *pair, uint32_t ifindex)
{
	return ifindex && (ifindex == memory(pair)->punt_ifindex || ifindex == punt_pair_agent_end(pair));
}
