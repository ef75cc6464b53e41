/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skeleton: the programs, as objects in memory to be loaded. There are two of the same source: one has every
 * feature, and the verifier removes what settings.features leaves out; the plain one was compiled without
 * any, so that the compiler, too, keeps nothing ready for them. Both have the same maps and programs, so one
 * structure serves for both. Generated code of bpftool's, not held to the warnings of the house.
 */
#ifndef XBR_DATAPATH_SKELETON_H
#define XBR_DATAPATH_SKELETON_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "xbr.skel.h"
#include "xbr_plain.skel.h"
#pragma GCC diagnostic pop

/* The object that serves for these features (enum xbr_feature), not loaded yet; NULL with errno set. */
static inline struct xbr_bpf *skeleton_open(uint32_t features)
{
	struct xbr_bpf *bpf = calloc(1, sizeof(*bpf));
	int err = bpf ? xbr_bpf__create_skeleton(bpf) : -ENOMEM;

	if (!err && !features)
		bpf->skeleton->data = (void *)(uintptr_t)xbr_plain__elf_bytes(&bpf->skeleton->data_sz);
	if (!err)
		err = bpf_object__open_skeleton(bpf->skeleton, NULL);
	if (!err)
		return bpf;
	xbr_bpf__destroy(bpf);
	errno = -err;
	return NULL;
}

#endif
