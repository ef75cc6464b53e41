/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: the programs under the links have those features (xbr/features.h) that the configuration needs,
 * and where it needs one more, programs that have it are loaded over the same maps and put under every link
 * (bpf_link_update, or a filter's replacement: each is atomic, no frame meets a device without a program).
 *
 * A feature must be there before anything in the maps asks for it. Settings of bridges and ports say what
 * they need in agent/model/features.c, and a transaction asks for it in time: their authors call nothing
 * here. What needs a feature without being such a setting calls datapath_need() before it writes, and is to
 * be found by model_features(), too, else the feature is taken out some time later.
 *
 * What is needed is noted in pinned memory (xbr_agent_saved.features) before it is, so that an agent that
 * comes back loads it at once. Programs with more than is needed do what they are to do; they are replaced by
 * smaller ones when that was so for a while.
 */
#ifndef XBR_DATAPATH_FEATURES_H
#define XBR_DATAPATH_FEATURES_H

#include "datapath/datapath.h"

/* What the loaded programs have: bits of enum xbr_feature. */
uint32_t datapath_features(const struct datapath *dp);

/* From now on features are in the programs, whatever else is. 0, or -errno with a sentence and nothing
 * changed. */
int datapath_need(struct datapath *dp, uint32_t features, struct xbr_error *error);

/* From now on features are in the programs, and nothing else. The same. */
int datapath_need_only(struct datapath *dp, uint32_t features, struct xbr_error *error);

#endif
