/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script: the language of tests/sim/README.md. A file is read line by line and done as it is read.
 */
#ifndef XBR_SIM_SCRIPT_H
#define XBR_SIM_SCRIPT_H

/* 0: all as expected. Else a sentence with FILE:LINE was printed to stderr. */
int script_run(const char *path);

#endif
