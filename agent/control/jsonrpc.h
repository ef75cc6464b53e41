/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON-RPC 2.0 over lines, without a socket: octets in, answers out. One `struct jsonrpc` is one
 * conversation. Its owner feeds what it receives, then calls jsonrpc_step() as often as it likes: a step
 * handles one request, or one element of a batch, so that a client with much to ask can be made to wait for
 * others at any point. agent/control/client.c is the owner in the agent, tests/fuzz/fuzz_jsonrpc.c in the
 * fuzzer.
 *
 * Memory is bounded: a line by line_max (its owner feeds only while no step is left to do), nesting by
 * jansson's own limit, an answer by JSONRPC_ANSWER_MAX (a longer one becomes an error), a batch's answers
 * together by the same (a batch with more ends the conversation).
 */
#ifndef XBR_CONTROL_JSONRPC_H
#define XBR_CONTROL_JSONRPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/bytes.h"
#include "control/server.h"

#define JSONRPC_ANSWER_MAX (64u << 20)

struct jsonrpc {
	/* set by the owner */
	const struct server_method *methods; /* ended by a NULL name */
	void *user;                          /* handed to methods, as is client */
	struct server_client *client;
	size_t line_max; /* octets of a line, its newline not counted */
	/* kept by jsonrpc.c */
	struct bytes in;           /* received, not yet handled */
	size_t scanned;            /* octets at the front of `in` that hold no newline */
	bool ended;                /* jsonrpc_end() was called */
	bool broken;               /* a line was too long: what follows is not listened to */
	json_t *batch;             /* being handled, or NULL */
	size_t batch_next;         /* its element to be handled next */
	struct bytes batch_answer; /* to its elements so far */
};

/* Takes what was received. 0 or -ENOMEM. */
int jsonrpc_feed(struct jsonrpc *rpc, const void *data, size_t length);

/* Says that nothing more will be fed: a last line without a newline is an error. */
void jsonrpc_end(struct jsonrpc *rpc);

/*
 * Handles one request and adds its answer, if it gets one, to out. Returns 1 when it did something, 0 when
 * there is nothing to do before more is fed, or a negative errno (-ENOMEM, -EMSGSIZE) after which the
 * conversation cannot go on.
 */
int jsonrpc_step(struct jsonrpc *rpc, struct bytes *out);

/* True when nothing that may still be fed would be listened to. */
static inline bool jsonrpc_is_closed(const struct jsonrpc *rpc)
{
	return rpc->ended || rpc->broken;
}

/* Adds an error that answers no request in particular (its id is null). 0 or -ENOMEM. */
int jsonrpc_write_error(struct bytes *out, int code, const char *message);

/* Gives memory back. */
void jsonrpc_free(struct jsonrpc *rpc);

#endif
