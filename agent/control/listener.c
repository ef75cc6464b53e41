/* SPDX-License-Identifier: Apache-2.0 */
#include "control/listener.h"

#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* ---- the file ---------------------------------------------------------------------------------- */

static int refuse_errno(struct xbr_error *error, const char *what, const char *path)
{
	int code = -errno;

	return xbr_refuse(error, code, "cannot %s %s: %s", what, path, strerror(-code));
}

static int address_fill(struct sockaddr_un *ret_address, const char *path, struct xbr_error *error)
{
	size_t length = strlen(path);

	if (!length)
		return xbr_refuse(error, -EINVAL, "the path of the control socket is empty");
	if (length >= sizeof(ret_address->sun_path))
		return xbr_refuse(error, -ENAMETOOLONG,
				  "%.128s...: the path of a socket has at most %zu octets, this one has %zu",
				  path, sizeof(ret_address->sun_path) - 1, length);
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret_address->sun_path, path, length);
	return 0;
}

/* Makes the folder that path lies in, whatever the umask. */
static int folder_make(const char *path, struct xbr_error *error)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (mkdir(folder, 0755) < 0)
		return errno == EEXIST ? 0 : refuse_errno(error, "make the folder", folder);
	return chmod(folder, 0755) < 0 ? refuse_errno(error, "set the mode of", folder) : 0;
}

/* 0 if nobody listens at address, though there is a socket file. */
static int address_probe(const struct sockaddr_un *address, struct xbr_error *error)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int code;

	if (fd < 0)
		return refuse_errno(error, "make a socket for", address->sun_path);
	code = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	if (code == ECONNREFUSED || code == ENOENT)
		return 0;
	if (code && code != EAGAIN) /* EAGAIN: it listens, and many are waiting */
		return xbr_refuse(error, -EADDRINUSE, "%s is in use: %s", address->sun_path, strerror(code));
	return xbr_refuse(error, -EADDRINUSE, "%s is in use: another agent answers there", address->sun_path);
}

/* Removes a socket file that a dead agent left. */
static int stale_remove(const struct sockaddr_un *address, struct xbr_error *error)
{
	const char *path = address->sun_path;
	struct stat file;
	int r;

	if (lstat(path, &file) < 0)
		return errno == ENOENT ? 0 : refuse_errno(error, "look at", path);
	if (!S_ISSOCK(file.st_mode))
		return xbr_refuse(error, -EEXIST, "%s exists and is not a socket", path);
	r = address_probe(address, error);
	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? refuse_errno(error, "remove the stale", path) : 0;
}

/* Mode and group; nobody can connect before listen(). */
static int file_set_access(const char *path, const char *group, struct xbr_error *error)
{
	const struct group *entry = group ? getgrnam(group) : NULL;

	if (entry && chown(path, (uid_t)-1, entry->gr_gid) < 0)
		return refuse_errno(error, "set the group of", path);
	return chmod(path, 0660) < 0 ? refuse_errno(error, "set the mode of", path) : 0;
}

/* Makes the file and listens at it. On failure after bind() the caller's listener_close() cleans up. */
static int listener_bind(struct listener *listener, const struct sockaddr_un *address, const char *group,
			 struct xbr_error *error)
{
	const char *path = address->sun_path;
	struct stat file;
	int r;

	if (bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return refuse_errno(error, "bind", path);
	if (lstat(path, &file) < 0)
		return refuse_errno(error, "look at", path);
	listener->ours = true;
	listener->device = file.st_dev;
	listener->inode = file.st_ino;
	r = file_set_access(path, group, error);
	if (r < 0)
		return r;
	return listen(listener->fd, SOMAXCONN) < 0 ? refuse_errno(error, "listen at", path) : 0;
}

static int listener_make(struct listener *listener, const char *path, const char *group,
			 struct xbr_error *error)
{
	struct sockaddr_un address;
	int r = address_fill(&address, path, error);

	if (r == 0)
		r = folder_make(path, error);
	if (r == 0)
		r = stale_remove(&address, error);
	if (r < 0)
		return r;
	memcpy(listener->path, address.sun_path, sizeof(listener->path));
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return refuse_errno(error, "make a socket for", path);
	return listener_bind(listener, &address, group, error);
}

/* ---- a socket passed by systemd ---------------------------------------------------------------- */

/* A descriptor that was passed and listens as we need it; -1: none. */
static int passed_find(void)
{
	int count = sd_listen_fds(0);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++)
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
			return fd;
	return -1;
}

static int listener_adopt(struct listener *listener, int fd, struct xbr_error *error)
{
	struct sockaddr_un address = {};
	socklen_t length = sizeof(address);
	int flags = fcntl(fd, F_GETFL);

	listener->fd = fd;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return refuse_errno(error, "use", "the socket that systemd passed");
	memcpy(listener->path, address.sun_path, sizeof(listener->path));
	listener->path[sizeof(listener->path) - 1] = '\0';
	return 0;
}

/* ---- who may speak ----------------------------------------------------------------------------- */

/* The supplementary groups of the process that connected: an array to be freed, or NULL with errno. */
static gid_t *peer_groups(int fd, size_t *ret_count)
{
	socklen_t size = 64 * sizeof(gid_t);
	gid_t *groups = NULL, *grown;

	for (;;) {
		grown = realloc(groups, size);
		if (!grown)
			break;
		groups = grown;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			*ret_count = size / sizeof(gid_t);
			return groups;
		}
		if (errno != ERANGE) /* else size is now what is needed */
			break;
	}
	free(groups);
	return NULL;
}

/* 1: the process that connected is in group; 0: it is not; -errno. */
static int peer_in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t *groups;
	size_t count;
	bool found = peer->gid == group;

	if (found)
		return 1;
	groups = peer_groups(fd, &count);
	if (!groups)
		return -errno;
	for (size_t i = 0; i < count; i++)
		found |= groups[i] == group;
	free(groups);
	return found;
}

int listener_check_peer(const struct listener *listener, int fd, struct xbr_error *error)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct stat file;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return xbr_refuse(error, -EACCES, "cannot find out who connects: %s", strerror(errno));
	if (peer.uid == 0 || peer.uid == geteuid())
		return 0;
	if (!listener->path[0] || lstat(listener->path, &file) < 0)
		return xbr_refuse(error, -EACCES,
				  "uid %u is neither root nor the agent's user, and the socket has no file "
				  "whose group counts",
				  peer.uid);
	r = peer_in_group(fd, &peer, file.st_gid);
	if (r < 0)
		return xbr_refuse(error, -EACCES, "cannot find out the groups of uid %u: %s", peer.uid,
				  strerror(-r));
	if (r == 0)
		return xbr_refuse(
			error, -EACCES,
			"uid %u is neither root, nor the agent's user, nor in the group of %s (gid %u)",
			peer.uid, listener->path, file.st_gid);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

int listener_open(struct listener *ret_listener, const char *path, const char *group, struct xbr_error *error)
{
	struct listener listener = {.fd = -1};
	int passed = passed_find();
	int r;

	if (passed >= 0)
		r = listener_adopt(&listener, passed, error);
	else
		r = listener_make(&listener, path, group, error);
	if (r < 0)
		listener_close(&listener);
	else
		*ret_listener = listener;
	return r;
}

void listener_close(struct listener *listener)
{
	struct stat file;

	if (listener->ours && lstat(listener->path, &file) == 0 && file.st_dev == listener->device &&
	    file.st_ino == listener->inode)
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
}
