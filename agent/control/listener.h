/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket file of the agent: making it, or taking the one that systemd passed; finding out whether an
 * agent answers at it already; and the rule of who may speak there. Used by server.c alone.
 */
#ifndef XBR_CONTROL_LISTENER_H
#define XBR_CONTROL_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "error.h"

struct listener {
	int fd;                                                    /* non-blocking, listening */
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* "": no file (an abstract name) */
	bool ours;                                                 /* we made the file, and remove it */
	dev_t device;                                              /* of the file we made, to know it again */
	ino_t inode;
};

/*
 * Listens at path: makes its folder (0755, one level) if absent, replaces a socket file that nobody listens
 * at, and gives the new one mode 0660 and, where there is such a group, the group `group` (may be NULL). A
 * listening Unix stream socket passed by systemd is used instead, as it is. Refused, with a sentence:
 * -EADDRINUSE (somebody listens there), -EEXIST (a file that is no socket), -ENAMETOOLONG, -EINVAL (empty
 * path), and what the system refuses.
 */
int listener_open(struct listener *ret_listener, const char *path, const char *group,
		  struct xbr_error *error);

/* Stops listening; removes the file if it is still the one that listener_open() made. */
void listener_close(struct listener *listener);

/*
 * May the process that connected with fd speak? Yes for root, our own user, and a process with the socket
 * file's group as its group or among its supplementary ones, as the kernel says (SO_PEERCRED, SO_PEERGROUPS).
 * Else -EACCES with a sentence.
 */
int listener_check_peer(const struct listener *listener, int fd, struct xbr_error *error);

#endif
