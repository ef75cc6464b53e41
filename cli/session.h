/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of `xbr`: where the agent is, the connection once there is one, and how to print. A command is run
 * by session_run(): it asks the agent for what the request says and prints the answer by the view of its
 * kind. Objects whose commands are more than one question (fdb show, stats show, apply, save, monitor) have a
 * runner in the file of their name.
 */
#ifndef XBR_CLI_SESSION_H
#define XBR_CLI_SESSION_H

#include "client.h"
#include "error.h"
#include "output.h"

struct session {
	const char *socket_path;
	struct client *client; /* NULL until the first question */
	struct output output;
};

/* Connects unless that was done. */
int session_connect(struct session *session, struct cli_error *error);
void session_close(struct session *session);

/* One question, one answer; params (borrowed) may be NULL. *ret_result is owned by the caller. */
int session_call(struct session *session, const char *method, const json_t *params, json_t **ret_result,
		 struct cli_error *error);

/* Asks for a list, and prints it: in JSON as it came, else each item by `print`. */
int session_show_each(struct session *session, const char *method, const json_t *params,
		      void (*print)(struct output *output, const json_t *item), struct cli_error *error);

/* Runs a request of the grammar ({"method", "params"}, borrowed) and prints its answer. */
int session_run(struct session *session, const json_t *request, struct cli_error *error);

/* True when the answer of the method is empty: it may be pipelined. */
bool session_is_silent(const char *method);

/* Runners. params is that of the request, borrowed. */
int fdb_run_show(struct session *session, const json_t *params, struct cli_error *error);
int fdb_run_get(struct session *session, const json_t *params, struct cli_error *error);
int fdb_run_load(struct session *session, const json_t *params, struct cli_error *error);
int stats_run_show(struct session *session, const json_t *params, struct cli_error *error);
int meter_run_show(struct session *session, const json_t *params, struct cli_error *error);
int acl_run_show(struct session *session, const json_t *params, struct cli_error *error);
int acl_run_replace(struct session *session, const json_t *params, struct cli_error *error);
int config_run_apply(struct session *session, const json_t *params, struct cli_error *error);
int config_run_save(struct session *session, const json_t *params, struct cli_error *error);
int offload_run_show(struct session *session, const json_t *params, struct cli_error *error);
int vf_run_show(struct session *session, const json_t *params, struct cli_error *error);
int stp_run_show(struct session *session, const json_t *params, struct cli_error *error);
int mst_run_show(struct session *session, const json_t *params, struct cli_error *error);
int punt_run_show(struct session *session, const json_t *params, struct cli_error *error);
int punt_run_tap(struct session *session, const json_t *params, struct cli_error *error);
int vlan_run_show(struct session *session, const json_t *params, struct cli_error *error);
int monitor_run(struct session *session, const json_t *params, struct cli_error *error);

/* Views. */
extern const struct output_field acl_event_fields[];
extern const struct output_field acl_lint_fields[];
extern const struct output_field aclset_fields[];
extern const struct output_field conn_fields[];
extern const struct output_field bridge_fields[];
extern const struct output_field link_fields[];
extern const struct output_field fdb_fields[];
extern const struct output_field fdb_flush_fields[];
extern const struct output_field fdb_load_fields[];
extern const struct output_field guard_fields[];
extern const struct output_field offload_event_fields[];
extern const struct output_field vlan_fields[];
extern const struct output_field vlanmap_fields[];
extern const struct output_field stats_fields[];
extern const struct output_field reasons_fields[];
extern const struct output_field config_apply_fields[];
extern const struct output_field version_fields[];

#endif
