// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* setns, close_range */
#include "net/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/ethtool.h"
#include "net/netns.h"

#define CHILD_TIMEOUT_MS 2000

/* What is to be done at the far end, wherever that is. */
struct turn {
	const struct rtnl_link *link; /* the near end */
	uint32_t mask;
	uint32_t values;
};

/* How it went; a child writes it into its pipe. */
struct outcome {
	int code;
	uint32_t changed;
	struct xbr_error error;
};

/* Acts in the namespace of `rtnl`, which is the calling process's. */
static int turn_here(struct rtnl *rtnl, const struct turn *turn, uint32_t *ret_changed,
		     struct xbr_error *error)
{
	const struct rtnl_link *link = turn->link;
	struct rtnl_link peer;
	int err = rtnl_link_by_index(rtnl, link->link, &peer);

	if (!err && (strcmp(peer.kind, "veth") || peer.link != link->ifindex))
		err = -ENODEV; /* the peer has gone and another device has its number */
	if (err)
		return xbr_refuse(error, err, "the peer of %s cannot be found: %s", link->name,
				  strerror(-err));
	err = ethtool_features_set(peer.name, turn->mask, turn->values, ret_changed);
	if (err)
		return xbr_refuse(error, err, "the features of %s, the peer of %s, cannot be turned: %s",
				  peer.name, link->name, strerror(-err));
	return 0;
}

/* ---- the child ------------------------------------------------------------------------------------- */

static int turn_there(int netns, const struct turn *turn, uint32_t *ret_changed, struct xbr_error *error)
{
	struct rtnl *rtnl;
	int err = setns(netns, CLONE_NEWNET) ? -errno : rtnl_open(&rtnl);

	if (err)
		return xbr_refuse(error, err, "cannot enter the namespace of the peer of %s: %s",
				  turn->link->name, strerror(-err));
	err = turn_here(rtnl, turn, ret_changed, error);
	rtnl_close(rtnl);
	return err;
}

/* Closes all but two descriptors and stdio: the agent's lock and sockets must not live on in a child. */
static void keep_only(int a, int b)
{
	const unsigned int low = (unsigned int)(a < b ? a : b);
	const unsigned int high = (unsigned int)(a < b ? b : a);

	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

static _Noreturn void child_run(int netns, int answer, const struct turn *turn)
{
	struct outcome outcome = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keep_only(netns, answer);
	outcome.code = turn_there(netns, turn, &outcome.changed, &outcome.error);
	_exit(write(answer, &outcome, sizeof(outcome)) != sizeof(outcome));
}

/* ---- the parent ------------------------------------------------------------------------------------ */

static int child_answer(int answer, struct outcome *ret_outcome)
{
	struct pollfd ready = {.fd = answer, .events = POLLIN};
	int count;

	do
		count = poll(&ready, 1, CHILD_TIMEOUT_MS);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	if (!count)
		return -ETIMEDOUT;
	return read(answer, ret_outcome, sizeof(*ret_outcome)) == sizeof(*ret_outcome) ? 0 : -EIO;
}

/* Takes the child's answer and its end; a child that does not answer is killed. */
static int child_await(pid_t pid, int answer, struct outcome *ret_outcome)
{
	int err = child_answer(answer, ret_outcome);

	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err;
}

static int child_ask(int netns, const struct turn *turn, struct outcome *ret_outcome)
{
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		child_run(netns, ends[1], turn);
	err = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (!err)
		err = child_await(pid, ends[0], ret_outcome);
	close(ends[0]);
	return err;
}

static int refuse_namespace(const struct rtnl_link *link, int code, struct xbr_error *error)
{
	const char *why = strerror(-code);

	if (code == -ENOENT)
		why = "it has no name and no process";
	else if (code == -EPERM)
		why = "not all may be looked at";
	return xbr_refuse(error, code, "cannot find the namespace of the peer of %s (netnsid %d): %s",
			  link->name, link->link_netnsid, why);
}

static int turn_elsewhere(struct rtnl *rtnl, const struct turn *turn, uint32_t *ret_changed,
			  struct xbr_error *error)
{
	struct outcome outcome;
	int netns, err;

	err = netns_find(rtnl, turn->link->link_netnsid, &netns);
	if (err)
		return refuse_namespace(turn->link, err, error);
	err = child_ask(netns, turn, &outcome);
	close(netns);
	if (err)
		return xbr_refuse(error, err, "no answer from the namespace of the peer of %s: %s",
				  turn->link->name, strerror(-err));
	if (outcome.code)
		*error = outcome.error;
	else
		*ret_changed = outcome.changed;
	return outcome.code;
}

int peer_features_set(struct rtnl *rtnl, const struct rtnl_link *link, uint32_t mask, uint32_t values,
		      uint32_t *ret_changed, uint32_t *ret_before, struct xbr_error *error)
{
	const struct turn turn = {.link = link, .mask = mask, .values = values};
	uint32_t changed;
	int err;

	if (strcmp(link->kind, "veth") || !link->link)
		return xbr_refuse(error, -EOPNOTSUPP, "%s is no veth: it has no peer", link->name);
	if (link->link_elsewhere)
		err = turn_elsewhere(rtnl, &turn, &changed, error);
	else
		err = turn_here(rtnl, &turn, &changed, error);
	if (err)
		return err;
	*ret_changed = changed;
	*ret_before = changed & ~values;
	return 0;
}
