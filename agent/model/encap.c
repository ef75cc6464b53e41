// SPDX-License-Identifier: Apache-2.0
#include "model/encap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * S-VID 1 is the default S-channel's (802.1Qbg), which travels untagged: nobody gets it by chance. E-CID 1 of
 * 802.1BR is left to a port extender's own control traffic.
 */
const struct encap_kind encap_kinds[ENCAP_KINDS] = {
	[XBR_ENCAP_NONE] = {"", "", "", 0, 0, 0, 0},
	[XBR_ENCAP_SCHANNEL] = {"schannel", "svid", "S-channels", 1, 4094, 2, 4},
	[XBR_ENCAP_ETAG] = {"etag", "ecid", "E-TAG channels", 1, 0xfffff, 2, 8},
	[XBR_ENCAP_VNTAG] = {"vntag", "vif", "VN-Tag channels", 1, 0xfff, 1, 6},
};

const char *const encap_type_words[] = {"schannel", "etag", "vntag", NULL};

uint32_t encap_overhead(const struct port_encap *encap)
{
	if (encap->kind == XBR_ENCAP_SCHANNEL && encap->channel == XBR_SVID_DEFAULT)
		return 0;
	return encap_kind_of(encap)->octets;
}

bool encap_equal(const struct port_encap *a, const struct port_encap *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->channel == b->channel &&
	       !strcmp(a->dev, b->dev);
}

void encap_tag_text(const struct port_encap *encap, char ret_text[ENCAP_TEXT])
{
	const char *word = encap_kind_of(encap)->tag;

	if (encap->channel == CHANNEL_AUTO)
		snprintf(ret_text, ENCAP_TEXT, "%s auto", word);
	else if (encap->kind == XBR_ENCAP_SCHANNEL)
		snprintf(ret_text, ENCAP_TEXT, "%s %u", word, encap->channel);
	else if (encap->kind == XBR_ENCAP_VNTAG && encap_is_group(encap))
		snprintf(ret_text, ENCAP_TEXT, "list %u", encap->channel & ~XBR_CHANNEL_GROUP);
	else
		snprintf(ret_text, ENCAP_TEXT, "%s 0x%x", word, encap->channel);
}

/* GRP and a base and extension that are both 0 name nothing. */
static bool group_is_one(const struct port_encap *encap)
{
	uint32_t number = encap->channel & ~XBR_CHANNEL_GROUP;

	if (encap->kind == XBR_ENCAP_ETAG)
		return number && encap->channel <= (XBR_CHANNEL_GROUP | 0xfffff);
	return encap->kind == XBR_ENCAP_VNTAG && number && number <= 0x3fff;
}

int encap_check(const struct port_encap *encap, struct xbr_error *error)
{
	const struct encap_kind *kind = encap_kind_of(encap);

	if (encap->channel == CHANNEL_AUTO ||
	    (encap->channel >= kind->first && encap->channel <= kind->last) ||
	    (encap_is_group(encap) && group_is_one(encap)))
		return 0;
	if (encap->kind == XBR_ENCAP_ETAG)
		return xbr_refuse(error, -ERANGE,
				  "ecid 0x%x is out of range: 1 to 0xfffff for a port, and 0x100001 to "
				  "0x3fffff for a replication group (GRP in bits 20 and 21)",
				  encap->channel);
	return xbr_refuse(error, -ERANGE, "%s %u is out of range: %u to %u", kind->tag, encap->channel,
			  kind->first, kind->last);
}
