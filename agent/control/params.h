/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a request, checked against a table and stored in a struct, so that a handler of the API
 * starts with values and says nothing about types. A table is an array of `struct param`, ended by a NULL
 * name; where a row stores is
 * `.offset = offsetof(struct ..., member)`, the member being of the C type named beside each type below.
 */
#ifndef XBR_CONTROL_PARAMS_H
#define XBR_CONTROL_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum param_type {
	PARAM_BOOL,   /* bool */
	PARAM_U32,    /* uint32_t: a whole number from min to max */
	PARAM_STRING, /* const char *, borrowed from the JSON: min to max octets */
	PARAM_MAC,    /* uint8_t[6]: "aa:bb:cc:dd:ee:ff", either case */
	PARAM_ENUM,   /* uint32_t: the index of one of words */
	PARAM_ARRAY,  /* const json_t *, borrowed */
	PARAM_OBJECT, /* const json_t *, borrowed */
	PARAM_TAG,    /* uint32_t: as PARAM_U32, or "auto", which is 0 */
	PARAM_VIDS, /* uint64_t[64], a bit for each VLAN ID: a number, or text as grammar_parse_vids() has it
		     */
};

struct param {
	const char *name;
	enum param_type type;
	bool required;
	uint32_t min;
	uint32_t max;             /* 0: no upper bound */
	const char *const *words; /* of an ENUM; ended by NULL */
	size_t offset;
	uint64_t given; /* this bit is set in *ret_given when the parameter is there */
};

/* Reads "aa:bb:cc:dd:ee:ff"; false for anything else. */
bool params_mac(const json_t *json, uint8_t ret_mac[6]);

/*
 * Stores the parameters that are there in ret_struct and their bits in *ret_given; members of absent ones are
 * left alone. Or refuses with -EINVAL and a sentence (an unknown, missing or wrong parameter) and changes
 * nothing.
 */
int params_read(const json_t *params, const struct param *table, void *ret_struct, uint64_t *ret_given,
		struct xbr_error *error);

#endif
