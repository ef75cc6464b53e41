// SPDX-License-Identifier: Apache-2.0
/* Commands and attributes are those of linux/devlink.h. */
#include "net/devlink.h"

#include <errno.h>
#include <linux/devlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/genl.h"

int devlink_open(struct genl **ret_devlink)
{
	return genl_open(ret_devlink, DEVLINK_GENL_NAME, DEVLINK_GENL_VERSION);
}

void devlink_close(struct genl *devlink)
{
	genl_close(devlink);
}

static struct nlmsghdr *switch_question(struct genl *devlink, uint8_t command, const struct vf_parent *parent)
{
	struct nlmsghdr *question = genl_question(devlink, command, 0);

	mnl_attr_put_strz(question, DEVLINK_ATTR_BUS_NAME, parent->bus);
	mnl_attr_put_strz(question, DEVLINK_ATTR_DEV_NAME, parent->name);
	return question;
}

static int read_mode(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == DEVLINK_ATTR_ESWITCH_MODE)
		*(int *)user = mnl_attr_get_u16(attribute);
	return MNL_CB_OK;
}

static int take_mode(const struct nlmsghdr *message, void *user)
{
	return genl_parse(message, read_mode, user);
}

int devlink_eswitch_get(struct genl *devlink, const struct vf_parent *parent, uint16_t *ret_mode)
{
	int mode = -1, err;

	err = netlink_ask(&devlink->netlink, switch_question(devlink, DEVLINK_CMD_ESWITCH_GET, parent),
			  take_mode, &mode);
	if (err)
		return err;
	if (mode < 0)
		return -EOPNOTSUPP;
	*ret_mode = (uint16_t)mode;
	return 0;
}

int devlink_eswitch_set(struct genl *devlink, const struct vf_parent *parent, uint16_t mode)
{
	struct nlmsghdr *question = switch_question(devlink, DEVLINK_CMD_ESWITCH_SET, parent);

	mnl_attr_put_u16(question, DEVLINK_ATTR_ESWITCH_MODE, mode);
	return netlink_ask(&devlink->netlink, question, NULL, NULL);
}

/* ---- ports ---- */

struct switch_port {
	char bus[32], name[64];
	int flavour, vf, ifindex;
};

static int read_port(const struct nlattr *attribute, void *user)
{
	struct switch_port *port = user;

	switch (mnl_attr_get_type(attribute)) {
	case DEVLINK_ATTR_BUS_NAME:
		netlink_copy_string(attribute, port->bus, sizeof(port->bus));
		break;
	case DEVLINK_ATTR_DEV_NAME:
		netlink_copy_string(attribute, port->name, sizeof(port->name));
		break;
	case DEVLINK_ATTR_PORT_FLAVOUR:
		port->flavour = mnl_attr_get_u16(attribute);
		break;
	case DEVLINK_ATTR_PORT_PCI_VF_NUMBER:
		port->vf = mnl_attr_get_u16(attribute);
		break;
	case DEVLINK_ATTR_PORT_NETDEV_IFINDEX:
		port->ifindex = (int)mnl_attr_get_u32(attribute);
		break;
	}
	return MNL_CB_OK;
}

static bool port_parse(const struct nlmsghdr *message, void *ret_item)
{
	struct switch_port port = {.flavour = -1, .vf = -1};

	if (genl_parse(message, read_port, &port) || port.flavour != DEVLINK_PORT_FLAVOUR_PCI_VF)
		return false;
	*(struct switch_port *)ret_item = port;
	return true;
}

int devlink_representor(struct genl *devlink, const struct vf_parent *parent, uint32_t vf, int *ret_ifindex)
{
	struct nlmsghdr *question = genl_question(devlink, DEVLINK_CMD_PORT_GET, NLM_F_DUMP);
	struct netlink_items found;
	const struct switch_port *ports;
	int err;

	err = netlink_dump(&devlink->netlink, question, sizeof(*ports), port_parse, &found);
	if (err)
		return err;
	ports = found.items;
	err = -ENOENT;
	for (size_t i = 0; i < found.count; i++)
		if (ports[i].vf == (int)vf && ports[i].ifindex && !strcmp(ports[i].bus, parent->bus) &&
		    !strcmp(ports[i].name, parent->name)) {
			*ret_ifindex = ports[i].ifindex;
			err = 0;
		}
	free(found.items);
	return err;
}
