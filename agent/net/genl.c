// SPDX-License-Identifier: Apache-2.0
#include "net/genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>

static int read_family(const struct nlattr *attribute, void *user)
{
	if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID)
		*(int *)user = mnl_attr_get_u16(attribute);
	return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *message, void *user)
{
	return genl_parse(message, read_family, user);
}

static int find_family(struct genl *genl, const char *family)
{
	struct nlmsghdr *question;
	int found = 0, err;

	genl->family = GENL_ID_CTRL;
	genl->version = 1;
	question = genl_question(genl, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(question, CTRL_ATTR_FAMILY_NAME, family);
	err = netlink_ask(&genl->netlink, question, take_family, &found);
	genl->family = found;
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

int genl_open(struct genl **ret_genl, const char *family, uint8_t version)
{
	struct genl *genl = calloc(1, sizeof(*genl));
	int err;

	if (!genl)
		return -ENOMEM;
	err = netlink_open(&genl->netlink, NETLINK_GENERIC);
	if (!err)
		err = find_family(genl, family);
	if (err) {
		genl_close(genl);
		return err;
	}
	genl->version = version;
	*ret_genl = genl;
	return 0;
}

void genl_close(struct genl *genl)
{
	if (!genl)
		return;
	netlink_close(&genl->netlink);
	free(genl);
}

struct nlmsghdr *genl_question(struct genl *genl, uint8_t command, int flags)
{
	struct nlmsghdr *question = netlink_question(&genl->netlink, genl->family, flags);
	struct genlmsghdr *header = mnl_nlmsg_put_extra_header(question, sizeof(*header));

	header->cmd = command;
	header->version = genl->version;
	return question;
}

int genl_parse(const struct nlmsghdr *message, int (*read)(const struct nlattr *attribute, void *user),
	       void *user)
{
	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
		return -EPROTO;
	return mnl_attr_parse(message, sizeof(struct genlmsghdr), read, user) < 0 ? -EPROTO : 0;
}
