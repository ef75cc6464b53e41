// SPDX-License-Identifier: Apache-2.0
#include "control/load.h"

#include <errno.h>
#include <string.h>

#include "model/want.h"

#define ADDRESS_DIGITS 12
#define AHEAD          16

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Of digits that were checked. */
static uint64_t address_at(const char *digits)
{
	uint8_t octets[6];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(digit_of(digits[2 * i]) << 4 | digit_of(digits[2 * i + 1]));
	return fdb_mac_of(octets);
}

static int check_digits(const char *digits, size_t length, struct xbr_error *error)
{
	if (length % ADDRESS_DIGITS)
		return xbr_refuse(error, -EINVAL, "lladdrs must have twelve digits for each address");
	for (size_t i = 0; i < length; i++)
		if (digit_of(digits[i]) < 0)
			return xbr_refuse(error, -EINVAL, "lladdrs must be hexadecimal digits only");
	return 0;
}

/* The misses of so many addresses overlap. */
static void expect(const struct model *model, uint32_t fid, const char *digits, size_t i, size_t count)
{
	if (i + AHEAD < count)
		fdb_table_expect(&model->dp->fdb,
				 fdb_key(address_at(digits + (i + AHEAD) * ADDRESS_DIGITS), fid));
}

static void note_refused(json_t *refused, size_t at, const struct xbr_error *error)
{
	if (json_array_size(refused) < LOAD_REFUSED_MAX)
		json_array_append_new(refused,
				      json_pack("{sI ss}", "at", (json_int_t)at, "error", error->message));
}

int load_addresses(struct model *model, struct port *port, uint16_t vlan, uint8_t kind, const char *digits,
		   uint32_t *ret_added, json_t **ret_refused, struct xbr_error *error)
{
	size_t count = strlen(digits) / ADDRESS_DIGITS;
	int err = check_digits(digits, strlen(digits), error);
	uint32_t fid = vlan_fid_of(model, port->bridge, vlan);
	struct xbr_error why;
	json_t *refused;
	uint32_t added = 0;

	if (err)
		return err;
	refused = json_array();
	for (size_t i = 0; i < count; i++) {
		uint64_t mac = address_at(digits + i * ADDRESS_DIGITS);

		expect(model, fid, digits, i, count);
		err = want_address_check(mac, port->name, port->local, kind, &why);
		if (!err)
			err = fdb_put(model, port, mac, vlan, kind, false, &why);
		if (err)
			note_refused(refused, i, &why);
		else
			added++;
	}
	*ret_added = added;
	*ret_refused = refused;
	return 0;
}
