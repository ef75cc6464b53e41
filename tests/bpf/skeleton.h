/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's objects, for tests that load programs themselves. */
#ifndef XBR_TEST_SKELETON_H
#define XBR_TEST_SKELETON_H

#include "agent/datapath/skeleton.h"

#endif
