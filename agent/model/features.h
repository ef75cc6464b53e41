/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: which features of the datapath (xbr/features.h) a configuration needs. Who adds a setting that
 * stages ask about behind feature_on() adds it to bridge_features() or port_features(), and that is all: a
 * transaction has the features of what is wanted loaded before its first step, an agent that adopts has those
 * of what it found. What needs features otherwise (see datapath/features.h) is added to model_features().
 */
#ifndef XBR_MODEL_FEATURES_H
#define XBR_MODEL_FEATURES_H

#include "model/model.h"
#include "model/settings.h"
#include "model/want.h"

/* Bits of enum xbr_feature. */
uint32_t bridge_features(const struct bridge_settings *settings);
uint32_t port_features(const struct port_settings *settings);
uint32_t encap_features(const struct port_encap *encap);
uint32_t want_features(const struct want *want);
uint32_t model_features(const struct model *model);

/* Called with every sweep: has programs without what was not needed for a while put in place. */
void model_drop_surplus(struct model *model);

#endif
