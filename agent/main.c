// SPDX-License-Identifier: Apache-2.0
/*
 * xbrd: wires the parts. The order of a start: read the configuration, open the datapath (load, or adopt),
 * rebuild the model, swap the programs in, make the configuration true, serve, say READY. A stop leaves
 * everything in place.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "control/agent.h"
#include "control/api.h"
#include "control/config.h"
#include "control/events.h"
#include "datapath/features.h"
#include "log.h"
#include "model/conn.h"
#include "model/features.h"
#include "model/guard.h"
#include "model/offload.h"
#include "options.h"

#define SWEEP_PERIOD_USEC 1000000
#define SWEEP_SLACK_USEC  50000

/* ---- what happens ---- */

static void on_model_log(void *user, const char *sentence)
{
	(void)user;
	log_sentence(LOG_NOTICE, "%s", sentence);
}

static void on_libbpf_log(const char *sentence)
{
	log_sentence(LOG_DEBUG, "%s", sentence);
}

static int on_link_event(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct agent *agent = user;
	const struct rtnl_events handlers = {adopt_on_link, adopt_on_lost, agent->model};
	int err = rtnl_monitor_dispatch(agent->rtnl, &handlers);

	(void)source;
	(void)fd;
	(void)events;
	if (err)
		log_sentence(LOG_ERR, "cannot read link events: %s", strerror(-err));
	model_settle(agent->model);
	offload_verify(agent->model);
	return 0;
}

static int on_fdb_event(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct agent *agent = user;

	(void)source;
	(void)fd;
	(void)events;
	datapath_events_dispatch(agent->dp);
	return 0;
}

static int on_punt(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct agent *agent = user;

	(void)source;
	(void)fd;
	(void)events;
	punt_dispatch(agent->model);
	model_settle(agent->model);
	return 0;
}

static int on_stp_timer(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct agent *agent = user;

	(void)source;
	(void)fd;
	(void)events;
	stp_dispatch(agent->model);
	model_settle(agent->model);
	return 0;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *user)
{
	struct agent *agent = user;

	(void)usec;
	fdb_tick(agent->model);
	uplink_sync(agent->model);
	guard_sweep(agent->model);
	conn_sweep(agent->model);
	watch_sweep(agent->model);
	offload_sweep(agent->model);
	model_settle(agent->model);
	model_drop_surplus(agent->model);
	stp_alive(agent->model);
	events_update(agent);
	sd_event_source_set_time_relative(source, SWEEP_PERIOD_USEC);
	return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
	struct agent *agent = user;

	(void)source;
	(void)info;
	sd_notify(0, "STOPPING=1");
	return sd_event_exit(agent->event, 0);
}

/* ---- wiring ---- */

static int add_signals(struct agent *agent)
{
	sigset_t mask;
	int err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	err = sd_event_add_signal(agent->event, NULL, SIGTERM, on_stop, agent);
	return err < 0 ? err : sd_event_add_signal(agent->event, NULL, SIGINT, on_stop, agent);
}

/* After the punt path: frames that wait have arrived in time. */
static int add_stp_timer(struct agent *agent)
{
	sd_event_source *timer;
	int err = sd_event_add_io(agent->event, &timer, stp_fd(agent->model), EPOLLIN, on_stp_timer, agent);

	if (err >= 0)
		err = sd_event_source_set_priority(timer, SD_EVENT_PRIORITY_NORMAL + 1);
	if (err >= 0)
		err = sd_event_source_set_floating(timer, 1);
	if (err >= 0)
		sd_event_source_unref(timer);
	return err;
}

static int add_sources(struct agent *agent)
{
	sd_event_source *sweep;
	int err = add_signals(agent);

	if (err >= 0)
		err = sd_event_add_io(agent->event, NULL, rtnl_monitor_fd(agent->rtnl), EPOLLIN,
				      on_link_event, agent);
	if (err >= 0)
		err = sd_event_add_io(agent->event, NULL, datapath_events_fd(agent->dp), EPOLLIN,
				      on_fdb_event, agent);
	if (err >= 0)
		err = sd_event_add_io(agent->event, NULL, punt_fd(agent->model), EPOLLIN, on_punt, agent);
	if (err >= 0)
		err = add_stp_timer(agent);
	if (err >= 0)
		err = sd_event_add_time_relative(agent->event, &sweep, CLOCK_MONOTONIC, SWEEP_PERIOD_USEC,
						 SWEEP_SLACK_USEC, on_sweep, agent);
	if (err >= 0)
		err = sd_event_source_set_enabled(sweep, SD_EVENT_ON);
	if (err >= 0)
		err = sd_event_source_set_floating(sweep, 1);
	if (err >= 0)
		sd_event_source_unref(sweep);
	if (err >= 0)
		err = sd_event_set_watchdog(agent->event, 1);
	return err < 0 ? err : 0;
}

static int open_model(struct agent *agent, const struct options *options, struct xbr_error *error)
{
	int err = rtnl_open(&agent->rtnl);

	if (err)
		return xbr_refuse(error, err, "cannot open a netlink socket: %s", strerror(-err));
	err = datapath_open(&agent->dp, &options->datapath, error);
	if (!err)
		err = model_open(&agent->model, agent->dp, agent->rtnl, error);
	if (err)
		return err;
	agent->model->tag_quarantine_s = options->tag_quarantine_s;
	agent->model->listener.log = on_model_log;
	err = adopt_all(agent->model, error);
	if (!err)
		err = datapath_need(agent->dp, model_features(agent->model) | agent->dp->agent->features,
				    error);
	if (err)
		return err;
	err = datapath_commit(agent->dp);
	return err ? xbr_refuse(error, err, "cannot swap the programs: %s", strerror(-err)) : 0;
}

/* What runs goes on running with a configuration that cannot be made true; an agent that starts from nothing
 * gives up. */
static int make_true(struct agent *agent, const struct config *config, struct xbr_error *error)
{
	int err = config->commands ? config_apply(agent, config, error) : 0;

	if (err && agent->model->bridges) {
		log_sentence(LOG_ERR, "%s; what an earlier agent left goes on", error->message);
		return 0;
	}
	return err;
}

static int serve(struct agent *agent, const struct options *options, struct xbr_error *error)
{
	int err = sd_event_default(&agent->event);

	if (err >= 0)
		err = add_sources(agent);
	if (err < 0)
		return xbr_refuse(error, err, "cannot make the event loop: %s", strerror(-err));
	err = server_open(&agent->server, agent->event, options->socket, options->group, api_methods, agent,
			  error);
	if (err)
		return err;
	events_listen(agent);
	log_sentence(LOG_INFO, "ready on %s, pinned under %s, %s", options->socket, agent->pin_dir,
		     agent->dp->adopted ? "adopted what was there" : "starting afresh");
	sd_notify(0, "READY=1");
	return sd_event_loop(agent->event);
}

/* ---- lives ---- */

static void detach_all(struct agent *agent)
{
	struct bridge *bridge, *next;

	bridge_foreach (agent->model, bridge, next)
		bridge_del(agent->model, bridge);
	offload_restore_all(agent->model);
	punt_remove(agent->model);
	datapath_remove(agent->dp);
}

static int run(struct agent *agent, const struct options *options, struct xbr_error *error)
{
	struct config config = {0};
	int err = options->config && !options->detach ? config_read(options->config, &config, error) : 0;

	if (!err)
		err = open_model(agent, options, error);
	if (!err && options->detach)
		detach_all(agent);
	if (!err && !options->detach)
		err = make_true(agent, &config, error);
	config_free(&config);
	if (err || options->detach)
		return err;
	return serve(agent, options, error);
}

static void close_all(struct agent *agent)
{
	server_close(agent->server);
	want_free(agent->unconfirmed);
	sd_event_source_unref(agent->confirm_timer);
	sd_event_unref(agent->event);
	model_close(agent->model);
	datapath_close(agent->dp);
	rtnl_close(agent->rtnl);
}

/* Kernels before 5.11 charge maps to this limit; where it cannot be raised, newer ones do not care. */
static void raise_memlock(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		log_sentence(LOG_DEBUG, "cannot raise the limit of locked memory: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct agent agent = {0};
	struct xbr_error error = {0};
	struct options options;
	int status = options_parse(argc, argv, &options), err;

	if (status >= 0)
		return status;
	log_set_level(options.log_level);
	agent.pin_dir = options.datapath.pin_dir;
	agent.config_path = options.config;
	raise_memlock();
	datapath_set_log(on_libbpf_log);
	err = run(&agent, &options, &error);
	if (err)
		log_sentence(LOG_ERR, "%s", error.message[0] ? error.message : strerror(-err));
	close_all(&agent);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
