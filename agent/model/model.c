// SPDX-License-Identifier: Apache-2.0
#include "model/model.h"
#include "model/snoop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/acl.h"
#include "model/meter.h"
#include "model/offer.h"
#include "model/offload.h"

int model_open(struct model **ret_model, struct datapath *dp, struct rtnl *rtnl, struct xbr_error *error)
{
	struct model *model = calloc(1, sizeof(*model));
	int err;

	if (!model)
		return xbr_refuse(error, -ENOMEM, "out of memory");
	model->dp = dp;
	model->stp_timer = -1;
	model->rtnl = rtnl;
	model->by_index = calloc(XBR_BRIDGE_LIMIT, sizeof(*model->by_index));
	model->by_number = calloc(dp->max_ports, sizeof(*model->by_number));
	model->meter_by_number = calloc(XBR_METER_LIMIT, sizeof(*model->meter_by_number));
	model->seen_empty = calloc((size_t)dp->fdb.count * XBR_FDB_WAYS / 8 + 1, 1);
	if (!model->by_index || !model->by_number || !model->seen_empty || !model->meter_by_number) {
		model_close(model);
		return xbr_refuse(error, -ENOMEM, "out of memory");
	}
	err = punt_new(&model->punt, model);
	if (err) {
		model_close(model);
		return xbr_refuse(error, err, "cannot make the punt path's descriptors: %s", strerror(-err));
	}
	tags_open(model);
	err = stp_open(model);
	if (err) {
		model_close(model);
		return xbr_refuse(error, err, "cannot make spanning tree's timer: %s", strerror(-err));
	}
	if (offload_open(model) || offer_open(model)) {
		model_close(model);
		return xbr_refuse(error, -ENOMEM, "out of memory");
	}
	dp->on_fdb_event = fdb_on_event;
	dp->on_fdb_event_user = model;
	dp->on_snoop_event = snoop_on_event;
	dp->on_snoop_event_user = model;
	if (acl_open(model, error)) {
		model_close(model);
		return error->code;
	}
	*ret_model = model;
	return 0;
}

/* Frees the process's view only; the datapath goes on. */
void model_close(struct model *model)
{
	if (!model)
		return;
	stp_close(model);
	punt_free(model->punt);
	sources_close(model);
	tags_close(model);
	acl_close(model);
	offload_close(model);
	offer_close(model);
	meter_close(model);
	HASH_CLEAR(hh, model->ports);
	HASH_CLEAR(hh, model->trunks);
	HASH_CLEAR(hc, model->channels);
	HASH_CLEAR(hh, model->bridges);
	for (uint32_t i = 0; model->by_number && i < model->dp->max_ports; i++) {
		if (model->by_number[i]) {
			vlan_set_drop(model->by_number[i]->vlans);
			mst_rows_drop(model->by_number[i]->mst);
			free(model->by_number[i]->instances);
		}
		free(model->by_number[i]);
	}
	for (uint32_t i = 0; model->by_index && i < XBR_BRIDGE_LIMIT; i++) {
		if (model->by_index[i]) {
			vlan_set_drop(model->by_index[i]->fresh);
			mst_config_drop(model->by_index[i]->mst);
		}
		free(model->by_index[i]);
	}
	free(model->seen_empty);
	free(model->by_number);
	free(model->by_index);
	free(model);
}

void model_log(const struct model *model, const char *format, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (model->listener.log)
		model->listener.log(model->listener.user, sentence);
}

struct bridge *model_bridge(const struct model *model, const char *name)
{
	struct bridge *bridge;

	HASH_FIND_STR(model->bridges, name, bridge);
	return bridge;
}

struct port *model_port(const struct model *model, const char *name)
{
	struct port *port;

	HASH_FIND_STR(model->ports, name, port);
	return port;
}

struct port *model_trunk(const struct model *model, const char *name)
{
	struct port *trunk;

	HASH_FIND_STR(model->trunks, name, trunk);
	return trunk;
}

struct port *model_port_by_ifindex(const struct model *model, uint32_t ifindex)
{
	uint32_t number = datapath_port_of(model->dp, ifindex);

	return number < model->dp->max_ports ? model->by_number[number] : NULL;
}

void model_settle(struct model *model)
{
	struct bridge *bridge, *next;

	meter_settle(model);
	vlan_settle(model);
	stp_settle(model);
	bridge_foreach (model, bridge, next) {
		if (!bridge->flood_dirty)
			continue;
		edge_update(model, bridge);
		uplink_update(model, bridge);
		hook_update_targets(model, bridge);
		flood_rebuild(model, bridge);
	}
	offer_settle(model);
}
