/* SPDX-License-Identifier: Apache-2.0 */
/* log: sentences to standard error, with the journal's level prefix where the journal reads it. Only those
 * who give something up call it. */
#ifndef XBR_LOG_H
#define XBR_LOG_H

#include <syslog.h>

/* Levels above this are not told (LOG_ERR ... LOG_DEBUG of syslog(3)). */
void log_set_level(int level);

__attribute__((format(printf, 2, 3))) void log_sentence(int level, const char *format, ...);

#endif
