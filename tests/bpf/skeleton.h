/* SPDX-License-Identifier: Apache-2.0 */
/* build/xbr.skel.h is generated code: bpftool's, and not held to the warnings of the house. */
#ifndef XBR_TEST_SKELETON_H
#define XBR_TEST_SKELETON_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include "xbr.skel.h"
#pragma GCC diagnostic pop

#endif
