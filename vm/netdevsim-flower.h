/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What netdevsim lacks of a NIC with a switch: a table of flower filters that it takes by itself. Each device
 * has ROOM rows, as real ones have an end; a filter drops, or redirects to one device. No frame passes: a
 * filter counts one frame of 64 octets each time that it is asked. vm/netdevsim puts this into the simulator
 * that it builds.
 */
/* The loops are the kernel's. */
/* clang-format off */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/pkt_cls.h>

#define XBR_FLOWER_ROOM 4

struct xbr_flower {
	struct list_head list;
	const struct netdevsim *ns;
	unsigned long cookie;
};

static LIST_HEAD(xbr_flowers);
static DEFINE_MUTEX(xbr_flowers_lock);

static struct xbr_flower *xbr_flower_find(const struct netdevsim *ns, unsigned long cookie)
{
	struct xbr_flower *row;

	list_for_each_entry(row, &xbr_flowers, list)
		if (row->ns == ns && row->cookie == cookie)
			return row;
	return NULL;
}

static unsigned int xbr_flower_count(const struct netdevsim *ns)
{
	struct xbr_flower *row;
	unsigned int count = 0;

	list_for_each_entry(row, &xbr_flowers, list)
		count += row->ns == ns;
	return count;
}

static int xbr_flower_add(const struct netdevsim *ns, struct flow_cls_offload *filter)
{
	const struct flow_action_entry *action;
	struct xbr_flower *row;
	int i;

	flow_action_for_each(i, action, &filter->rule->action)
		if (action->id != FLOW_ACTION_DROP && action->id != FLOW_ACTION_REDIRECT)
			return -EOPNOTSUPP;
	if (xbr_flower_count(ns) >= XBR_FLOWER_ROOM)
		return -ENOSPC;
	row = kzalloc(sizeof(*row), GFP_KERNEL);
	if (!row)
		return -ENOMEM;
	row->ns = ns;
	row->cookie = filter->cookie;
	list_add(&row->list, &xbr_flowers);
	return 0;
}

static int xbr_flower_del(const struct netdevsim *ns, struct flow_cls_offload *filter)
{
	struct xbr_flower *row = xbr_flower_find(ns, filter->cookie);

	if (!row)
		return -ENOENT;
	list_del(&row->list);
	kfree(row);
	return 0;
}

static int xbr_flower_ask(const struct netdevsim *ns, struct flow_cls_offload *filter)
{
	if (!xbr_flower_find(ns, filter->cookie))
		return -ENOENT;
	flow_stats_update(&filter->stats, 64, 1, 0, jiffies, FLOW_ACTION_HW_STATS_IMMEDIATE);
	return 0;
}

static int xbr_flower(struct netdevsim *ns, struct flow_cls_offload *filter)
{
	int err;

	if (!tc_cls_can_offload_and_chain0(ns->netdev, &filter->common))
		return -EOPNOTSUPP;
	mutex_lock(&xbr_flowers_lock);
	switch (filter->command) {
	case FLOW_CLS_REPLACE:
		err = xbr_flower_add(ns, filter);
		break;
	case FLOW_CLS_DESTROY:
		err = xbr_flower_del(ns, filter);
		break;
	case FLOW_CLS_STATS:
		err = xbr_flower_ask(ns, filter);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	mutex_unlock(&xbr_flowers_lock);
	return err;
}
