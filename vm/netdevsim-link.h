/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What netdevsim lacks of a NIC with a cable: a link of 1000 Mb/s. vm/netdevsim puts this into the simulator
 * that it builds. */
#include <linux/ethtool.h>

static int xbr_link(struct net_device *dev, struct ethtool_link_ksettings *settings)
{
	settings->base.speed = SPEED_1000;
	settings->base.duplex = DUPLEX_FULL;
	return 0;
}
