// SPDX-License-Identifier: Apache-2.0
#include "model/features.h"

#include "datapath/features.h"
#include "model/acl.h"
#include "model/guard.h"
#include "model/qos.h"
#include "xbr/features.h"

#define SURPLUS_SWEEPS 15 /* so many, a second apart, between two looks */

uint32_t bridge_features(const struct bridge_settings *settings)
{
	bool trees = settings->stp.state && settings->stp.version == STP_WORD_MSTP;

	if (!settings->vlan_filtering)
		return 0;
	return XBR_FEATURE_vlan | (trees ? XBR_FEATURE_stp : 0u);
}

uint32_t port_features(const struct port_settings *settings)
{
	uint32_t features = 0;

	if (settings->flags & XBR_PORT_ISOLATED || settings->mode || settings->role == XBR_ROLE_UPLINK ||
	    settings->edge_options)
		features |= XBR_FEATURE_edge;
	if (settings->community)
		features |= XBR_FEATURE_edge;
	if (guard_features_of(settings))
		features |= XBR_FEATURE_guard;
	if (qos_is_used(settings))
		features |= XBR_FEATURE_qos;
	return features;
}

uint32_t encap_features(const struct port_encap *encap)
{
	return encap->kind ? XBR_FEATURE_encap : 0;
}

uint32_t want_features(const struct want *want)
{
	struct want_bridge *bridge, *next_bridge;
	struct want_port *port, *next_port;
	uint32_t features = 0;

	HASH_ITER (hh, want->bridges, bridge, next_bridge)
		features |= bridge_features(&bridge->settings);
	HASH_ITER (hh, want->ports, port, next_port)
		features |= port_features(&port->settings) | encap_features(&port->encap);
	return features;
}

/* Protocols ask when they run, whatever the settings. */
static uint32_t punt_feature(uint32_t asked)
{
	return asked ? XBR_FEATURE_punt : 0;
}

uint32_t model_features(const struct model *model)
{
	struct bridge *bridge, *next_bridge;
	struct port *port, *next_port;
	uint32_t features = 0;

	bridge_foreach (model, bridge, next_bridge)
		features |= bridge_features(&bridge->settings) | punt_feature(punt_asked_of_bridge(bridge));
	port_foreach (model, port, next_port)
		features |= port_features(&port->settings) | encap_features(&port->encap) |
			    punt_feature(punt_asked_of_port(port));
	return features | acl_features(model);
}

/* One walk over all ports in so many sweeps: the surplus must have been there at two of them. */
void model_drop_surplus(struct model *model)
{
	struct xbr_error error;
	uint32_t features;

	if (++model->surplus_sweeps < SURPLUS_SWEEPS)
		return;
	model->surplus_sweeps = 0;
	features = model_features(model);
	if (features == datapath_features(model->dp)) {
		model->had_surplus = false;
	} else if (!model->had_surplus) {
		model->had_surplus = true;
	} else if (datapath_need_only(model->dp, features, &error)) {
		model_log(model, "the programs keep features that nobody needs: %s", error.message);
	}
}
