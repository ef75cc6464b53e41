/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket as its clients meet it: a real server on a real event loop and real sockets in a folder
 * of its own. Server and clients run in this process; whatever waits for the other side turns the loop
 * meanwhile. Clients of other users are child processes.
 */
#include "control/server.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/bytes.h"
#include "control/client.h"
#include "test.h"

#define PATIENCE_S 180 /* a test that waits longer for anything has failed */
#define NOBODY     65534
#define GROUP_A    61001 /* a group of nobody else */

/* ---- the server -------------------------------------------------------------------------------- */

static struct {
	sd_event *event;
	struct server *server;
	char folder[64];
	char path[80];
	unsigned int notes;
} world;

static void method_echo(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	(void)user, (void)client;
	reply->result = json_deep_copy(params);
}

static void method_note(void *user, struct server_client *client, const json_t *params,
			struct server_reply *reply)
{
	(void)user, (void)client, (void)params;
	reply->result = json_integer(++world.notes);
}

/* A string of 1 MiB. */
static void method_big(void *user, struct server_client *client, const json_t *params,
		       struct server_reply *reply)
{
	static char text[1 << 20];

	(void)user, (void)client, (void)params;
	memset(text, 'x', sizeof(text));
	reply->result = json_stringn(text, sizeof(text));
}

static void method_monitor(void *user, struct server_client *client, const json_t *params,
			   struct server_reply *reply)
{
	(void)user, (void)reply;
	server_client_subscribe(client, (unsigned int)json_integer_value(json_object_get(params, "topics")));
}

static const struct server_method methods[] = {
	{"echo", method_echo},       {"note", method_note}, {"big", method_big},
	{"monitor", method_monitor}, {NULL, NULL},
};

static int world_serve(const char *path, struct server **ret_server, struct xbr_error *error)
{
	return server_open(ret_server, world.event, path, NULL, methods, NULL, error);
}

static void world_open(void)
{
	struct xbr_error error = {};

	world.notes = 0;
	strcpy(world.folder, "/tmp/xbr-test-server-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(world.folder));
	CU_ASSERT_EQUAL_FATAL(chmod(world.folder, 0755), 0);
	snprintf(world.path, sizeof(world.path), "%s/sock", world.folder);
	CU_ASSERT_TRUE_FATAL(sd_event_new(&world.event) >= 0);
	CU_ASSERT_EQUAL_FATAL(world_serve(world.path, &world.server, &error), 0);
}

static void world_close(void)
{
	server_close(world.server);
	world.server = NULL;
	world.event = sd_event_unref(world.event);
	CU_ASSERT_EQUAL(rmdir(world.folder), 0); /* the socket file is gone */
}

/* Lets the server do what it has to do, waiting at most 1 ms for that. */
static void world_turn(void)
{
	CU_ASSERT_TRUE_FATAL(sd_event_run(world.event, 1000) >= 0);
}

/* Lets the server do all it can do now. */
static void world_settle(void)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (sd_event_run(world.event, 0) > 0)
		CU_ASSERT_TRUE_FATAL(time(NULL) < end);
}

/* ---- clients ----------------------------------------------------------------------------------- */

struct peer {
	int fd;
	struct bytes in;
	bool ended;
	char *line; /* what peer_line() gave last */
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct peer peer_open(void)
{
	struct peer peer = {.fd = connect_to(world.path)};

	CU_ASSERT_TRUE_FATAL(peer.fd >= 0);
	return peer;
}

static void peer_close(struct peer *peer)
{
	close(peer->fd);
	bytes_free(&peer->in);
	free(peer->line);
}

/* Sends all; false when the server has hung up. */
static bool peer_send_octets(struct peer *peer, const char *data, size_t length)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (length > 0) {
		ssize_t sent = send(peer->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			data += sent;
			length -= (size_t)sent;
		}
		world_turn();
		CU_ASSERT_TRUE_FATAL(time(NULL) < end);
	}
	return true;
}

static void peer_send(struct peer *peer, const char *text)
{
	CU_ASSERT_TRUE(peer_send_octets(peer, text, strlen(text)));
}

static void peer_receive(struct peer *peer)
{
	static char data[1 << 16];
	ssize_t length = recv(peer->fd, data, sizeof(data), MSG_DONTWAIT);

	if (length == 0 || (length < 0 && errno != EAGAIN))
		peer->ended = true;
	if (length > 0)
		CU_ASSERT_EQUAL_FATAL(bytes_append(&peer->in, data, (size_t)length), 0);
}

/* Takes a line off what was received; NULL when there is none. */
static const char *peer_take_line(struct peer *peer)
{
	size_t held = bytes_length(&peer->in);
	const char *front = bytes_front(&peer->in);
	const char *newline = held ? memchr(front, '\n', held) : NULL;

	if (!newline)
		return NULL;
	free(peer->line);
	peer->line = strndup(front, (size_t)(newline - front));
	bytes_consume(&peer->in, (size_t)(newline - front) + 1);
	return peer->line;
}

/* The next line without its newline, valid until the next call; NULL when the server has hung up first. */
static const char *peer_line(struct peer *peer)
{
	time_t end = time(NULL) + PATIENCE_S;
	const char *line;

	while (!(line = peer_take_line(peer)) && !peer->ended) {
		world_turn();
		peer_receive(peer);
		CU_ASSERT_TRUE_FATAL(time(NULL) < end);
	}
	return line;
}

static void peer_expect(struct peer *peer, const char *line)
{
	const char *came = peer_line(peer);

	CU_ASSERT_PTR_NOT_NULL_FATAL(came);
	CU_ASSERT_STRING_EQUAL(came, line);
	if (strcmp(came, line) != 0)
		printf("came: %s\nnot:  %s\n", came, line);
}

static void peer_expect_end(struct peer *peer)
{
	CU_ASSERT_PTR_NULL(peer_line(peer));
}

/* The code of the error that the next line is, or 0. */
static int peer_error_code(struct peer *peer)
{
	const char *line = peer_line(peer);
	json_t *answer = line ? json_loads(line, 0, NULL) : NULL;
	int code = (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));

	json_decref(answer);
	return code;
}

#define REQUEST(method, id) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"id\":" #id "}\n"
#define NOTE                "{\"jsonrpc\":\"2.0\",\"method\":\"note\"}\n"
#define MONITOR(topics)                                                                                      \
	"{\"jsonrpc\":\"2.0\",\"method\":\"monitor\",\"params\":{\"topics\":" #topics "},\"id\":0}\n"
#define EMPTY(id) "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":" #id "}"

/* text, times over; to be freed. */
static char *repeat(const char *text, size_t times)
{
	size_t length = strlen(text);
	char *all = malloc(length * times + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * length, text, length);
	all[length * times] = '\0';
	return all;
}

/* ---- conversations ----------------------------------------------------------------------------- */

static void pipelined_requests_are_answered_in_order(void)
{
	char *requests = repeat(REQUEST("note", 1), 5000), line[80];
	struct peer peer;

	world_open();
	peer = peer_open();
	peer_send(&peer, requests);
	for (int i = 1; i <= 5000; i++) {
		snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"result\":%d,\"id\":1}", i);
		peer_expect(&peer, line);
	}
	peer_close(&peer);
	free(requests);
	world_close();
}

static void garbage_is_answered_and_the_connection_goes_on(void)
{
	static const char garbage[] = "\0\xff\x80{]\n";
	struct peer peer;

	world_open();
	peer = peer_open();
	CU_ASSERT_TRUE(peer_send_octets(&peer, garbage, sizeof(garbage) - 1));
	CU_ASSERT_EQUAL(peer_error_code(&peer), SERVER_PARSE_ERROR);
	peer_send(&peer, REQUEST("echo", 2));
	peer_expect(&peer, EMPTY(2));
	peer_close(&peer);
	world_close();
}

static void a_half_closed_client_gets_all_answers(void)
{
	char *requests = repeat(REQUEST("big", 1), 20);
	struct peer peer;

	world_open();
	peer = peer_open();
	peer_send(&peer, requests);
	CU_ASSERT_EQUAL(shutdown(peer.fd, SHUT_WR), 0);
	for (int i = 0; i < 20; i++) {
		const char *line = peer_line(&peer);

		CU_ASSERT_PTR_NOT_NULL_FATAL(line);
		CU_ASSERT_TRUE(strlen(line) > 1 << 20);
	}
	peer_expect_end(&peer);
	peer_close(&peer);
	free(requests);
	world_close();
}

static void what_a_client_sent_before_it_went_is_carried_out(void)
{
	char *requests = repeat(REQUEST("note", 1) NOTE, 500);
	struct peer peer;

	world_open();
	peer = peer_open();
	CU_ASSERT_EQUAL_FATAL(send(peer.fd, requests, strlen(requests), 0), (ssize_t)strlen(requests));
	peer_close(&peer); /* SIGPIPE would end this process now */
	world_settle();
	CU_ASSERT_EQUAL(world.notes, 1000);
	free(requests);
	world_close();
}

static void a_line_of_8_mib_is_handled_and_a_longer_one_refused(void)
{
	char *blanks = repeat("        ", SERVER_LINE_MAX / 8);
	struct peer peer;

	world_open();
	peer = peer_open();
	CU_ASSERT_TRUE(
		peer_send_octets(&peer, blanks, SERVER_LINE_MAX - (sizeof(REQUEST("echo", 1)) - 1 - 1)));
	peer_send(&peer, REQUEST("echo", 1));
	peer_expect(&peer, EMPTY(1));
	CU_ASSERT_TRUE(peer_send_octets(&peer, blanks, SERVER_LINE_MAX));
	CU_ASSERT_TRUE(peer_send_octets(&peer, " ", 1));
	CU_ASSERT_EQUAL(peer_error_code(&peer), SERVER_INVALID_REQUEST);
	peer_expect_end(&peer);
	peer_close(&peer);
	free(blanks);
	world_close();
}

static void clients_come_and_go_without_a_trace(void)
{
	world_open();
	for (int i = 0; i < 600; i++) {
		struct peer peer = peer_open();

		peer_send(&peer, REQUEST("echo", 1));
		peer_expect(&peer, EMPTY(1));
		peer_close(&peer);
	}
	world_close();
}

/* ---- one among many ---------------------------------------------------------------------------- */

/* How many notes were made before a second client's one, sent after the first sent requests. */
static json_int_t notes_before_mine(const char *requests, size_t length)
{
	struct peer busy = peer_open(), other = peer_open();
	json_t *answer;
	json_int_t mine;
	ssize_t sent;

	world_settle();
	sent = send(busy.fd, requests, length, MSG_DONTWAIT);
	CU_ASSERT_EQUAL_FATAL(sent, (ssize_t)length);
	CU_ASSERT_TRUE(send(other.fd, REQUEST("note", 1), sizeof(REQUEST("note", 1)) - 1, 0) > 0);
	answer = json_loads(peer_line(&other), 0, NULL);
	mine = json_integer_value(json_object_get(answer, "result"));
	json_decref(answer);
	world_settle();
	peer_close(&busy);
	peer_close(&other);
	return mine;
}

static void a_busy_client_does_not_hold_up_others(void)
{
	char *requests = repeat(NOTE, 2000);
	json_int_t mine;

	world_open();
	mine = notes_before_mine(requests, strlen(requests));
	CU_ASSERT_TRUE(mine >= 1 && mine <= 3 * CLIENT_REQUESTS_PER_TURN);
	CU_ASSERT_EQUAL(world.notes, 2001);
	free(requests);
	world_close();
}

static void a_great_batch_does_not_hold_up_others(void)
{
	char *elements = repeat("{\"jsonrpc\":\"2.0\",\"method\":\"note\"},", 2000), *batch;
	json_int_t mine;

	world_open();
	CU_ASSERT_TRUE_FATAL(asprintf(&batch, "[%s1]\n", elements) > 0);
	mine = notes_before_mine(batch, strlen(batch));
	CU_ASSERT_TRUE(mine >= 1 && mine <= 3 * CLIENT_REQUESTS_PER_TURN);
	CU_ASSERT_EQUAL(world.notes, 2001);
	free(batch);
	free(elements);
	world_close();
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void a_client_too_many_is_told_and_room_is_used_again(void)
{
	struct peer peers[SERVER_CLIENTS_MAX + 1];

	raise_descriptor_limit();
	world_open();
	for (size_t i = 0; i <= SERVER_CLIENTS_MAX; i++)
		peers[i] = peer_open();
	CU_ASSERT_EQUAL(peer_error_code(&peers[SERVER_CLIENTS_MAX]), SERVER_REFUSED);
	peer_expect_end(&peers[SERVER_CLIENTS_MAX]);
	peer_close(&peers[SERVER_CLIENTS_MAX]);
	peer_close(&peers[7]);
	world_settle();
	peers[7] = peer_open();
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		peer_send(&peers[i], REQUEST("echo", 1));
		peer_expect(&peers[i], EMPTY(1));
		peer_close(&peers[i]);
	}
	world_close();
}

static void a_thousand_idle_connections_block_nothing(void)
{
	static struct peer peers[1000];
	unsigned int refused = 0;

	raise_descriptor_limit();
	world_open();
	for (size_t i = 0; i < 1000; i++) {
		peers[i] = peer_open();
		if (i % 100 == 99)
			world_settle();
	}
	peer_send(&peers[0], REQUEST("echo", 1));
	peer_expect(&peers[0], EMPTY(1));
	for (size_t i = SERVER_CLIENTS_MAX; i < 1000; i++)
		refused += peer_error_code(&peers[i]) == SERVER_REFUSED;
	CU_ASSERT_EQUAL(refused, 1000 - SERVER_CLIENTS_MAX);
	for (size_t i = 0; i < 1000; i++)
		peer_close(&peers[i]);
	world_close();
}

static void want_of_descriptors_makes_clients_wait(void)
{
	struct rlimit limit, little;
	struct peer first, second;

	world_open();
	first = peer_open();
	peer_send(&first, REQUEST("echo", 1));
	peer_expect(&first, EMPTY(1));
	second = peer_open();
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
	little = (struct rlimit){.rlim_cur = (rlim_t)second.fd + 1, .rlim_max = limit.rlim_max};
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &little), 0);
	for (int i = 0; i < 500; i++)
		world_turn();
	peer_send(&first, REQUEST("echo", 2));
	peer_expect(&first, EMPTY(2));
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
	peer_send(&second, REQUEST("echo", 3));
	peer_expect(&second, EMPTY(3));
	peer_close(&first);
	peer_close(&second);
	world_close();
}

/* ---- notifications ----------------------------------------------------------------------------- */

static void notify(unsigned int topics, const char *text)
{
	json_t *params = json_loads(text, 0, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(params);
	server_notify(world.server, topics, params);
	json_decref(params);
}

static json_t *peer_event(struct peer *peer)
{
	const char *line = peer_line(peer);
	json_t *event = line ? json_loads(line, 0, NULL) : NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(event);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(event, "jsonrpc")), "2.0");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(event, "method")), "event");
	CU_ASSERT_PTR_NULL(json_object_get(event, "id"));
	return event;
}

/* Checks seq, time and one key of the next event. */
static void peer_expect_event(struct peer *peer, json_int_t seq, const char *object)
{
	json_t *event = peer_event(peer), *params = json_object_get(event, "params");
	const char *stamp = json_string_value(json_object_get(params, "time"));
	struct tm utc = {};
	int microseconds = -1, end = 0;

	CU_ASSERT_EQUAL(json_integer_value(json_object_get(params, "seq")), seq);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(params, "object")), object);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stamp);
	stamp = strptime(stamp, "%Y-%m-%dT%H:%M:%S.", &utc);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stamp);
	CU_ASSERT_TRUE(labs(timegm(&utc) - time(NULL)) <= 2);
	CU_ASSERT_TRUE(sscanf(stamp, "%6dZ%n", &microseconds, &end) == 1 && end == 7 && microseconds >= 0);
	json_decref(event);
}

static void events_go_to_subscribers_numbered_for_each(void)
{
	struct peer one, two, none;

	world_open();
	one = peer_open(), two = peer_open(), none = peer_open();
	CU_ASSERT_FALSE(server_has_subscribers(world.server, 7));
	peer_send(&one, MONITOR(1));
	peer_expect(&one, EMPTY(0));
	peer_send(&two, MONITOR(3));
	peer_expect(&two, EMPTY(0));
	CU_ASSERT_TRUE(server_has_subscribers(world.server, 2));
	CU_ASSERT_FALSE(server_has_subscribers(world.server, 4));
	notify(2, "{\"object\":\"link\"}");
	notify(1, "{\"object\":\"fdb\",\"event\":\"add\"}");
	peer_send(&none, REQUEST("echo", 1));
	peer_expect(&none, EMPTY(1)); /* and nothing before it */
	peer_expect_event(&one, 1, "fdb");
	peer_expect_event(&two, 1, "link");
	peer_expect_event(&two, 2, "fdb");
	peer_close(&two);
	world_settle();
	CU_ASSERT_FALSE(server_has_subscribers(world.server, 2));
	peer_close(&one);
	peer_close(&none);
	world_close();
}

static void an_event_may_have_no_keys_of_its_own(void)
{
	struct peer peer;
	json_t *event;

	world_open();
	peer = peer_open();
	peer_send(&peer, MONITOR(1));
	peer_expect(&peer, EMPTY(0));
	notify(1, "{}");
	event = peer_event(&peer);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(event, "params")), 2);
	json_decref(event);
	peer_close(&peer);
	world_close();
}

/* Reads events until total were told of or counted as lost; returns the lost ones. */
static json_int_t count_lost(struct peer *peer, json_int_t total)
{
	json_int_t lost = 0;

	for (json_int_t seq = 1, told = 0; told + lost < total; seq++) {
		json_t *event = peer_event(peer), *params = json_object_get(event, "params");

		CU_ASSERT_EQUAL(json_integer_value(json_object_get(params, "seq")), seq);
		if (strcmp(json_string_value(json_object_get(params, "event")), "lost") == 0) {
			CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(params, "object")), "any");
			lost += json_integer_value(json_object_get(params, "count"));
		} else {
			told++;
		}
		json_decref(event);
	}
	return lost;
}

static void a_slow_reader_loses_events_and_is_told_how_many(void)
{
	struct peer peer;
	json_int_t lost;

	world_open();
	peer = peer_open();
	peer_send(&peer, MONITOR(1));
	peer_expect(&peer, EMPTY(0));
	for (int i = 0; i < 30000; i++) {
		notify(1, "{\"object\":\"fdb\",\"event\":\"add\",\"mac\":\"02:00:00:00:00:01\"}");
		if (i % 100 == 0)
			world_settle();
	}
	lost = count_lost(&peer, 30000);
	CU_ASSERT_TRUE(lost > 15000 && lost < 29000); /* 1 MiB and a socket's buffer is what it keeps */
	notify(1, "{\"object\":\"fdb\",\"event\":\"del\"}");
	peer_line(&peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(peer.line);
	CU_ASSERT_PTR_NOT_NULL(strstr(peer.line, "\"del\""));
	peer_close(&peer);
	world_close();
}

static void a_subscriber_that_is_gone_does_no_harm(void)
{
	struct peer peer;

	world_open();
	peer = peer_open();
	peer_send(&peer, MONITOR(1));
	peer_expect(&peer, EMPTY(0));
	peer_close(&peer);
	for (int i = 0; i < 3; i++) {
		notify(1, "{\"object\":\"fdb\",\"event\":\"add\"}");
		world_settle();
	}
	CU_ASSERT_FALSE(server_has_subscribers(world.server, 1));
	world_close();
}

/* ---- answers that are not read ----------------------------------------------------------------- */

static void a_reader_may_ask_for_more_than_is_kept_for_it(void)
{
	char *requests = repeat(REQUEST("big", 1), 150);
	struct peer peer;

	world_open();
	peer = peer_open();
	peer_send(&peer, requests);
	for (int i = 0; i < 150; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(peer_line(&peer));
	peer_close(&peer);
	free(requests);
	world_close();
}

static void a_client_that_never_reads_is_disconnected(void)
{
	char *requests = repeat(REQUEST("big", 1), 150);
	struct peer peer, other;
	time_t end = time(NULL) + PATIENCE_S;

	world_open();
	peer = peer_open(), other = peer_open();
	peer_send(&peer, requests);
	while (send(peer.fd, "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || errno == EAGAIN) {
		world_turn();
		CU_ASSERT_TRUE_FATAL(time(NULL) < end);
	}
	CU_ASSERT_EQUAL(errno, EPIPE);
	peer_send(&other, REQUEST("echo", 1));
	peer_expect(&other, EMPTY(1));
	peer_close(&peer);
	peer_close(&other);
	free(requests);
	world_close();
}

/* ---- who may speak ----------------------------------------------------------------------------- */

enum outcome { ANSWERED = 10, NOT_ALLOWED, NOT_CONNECTED, ELSE };

/* In a child process: becomes somebody, asks, and tells how that went. */
static enum outcome ask_as(uid_t uid, gid_t gid, gid_t supplementary)
{
	char answer[1024] = "";
	ssize_t length;
	int fd;

	if (setgroups(supplementary ? 1 : 0, &supplementary) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return ELSE;
	fd = connect_to(world.path);
	if (fd < 0)
		return errno == EACCES ? NOT_CONNECTED : ELSE;
	send(fd, REQUEST("echo", 1), sizeof(REQUEST("echo", 1)) - 1, MSG_NOSIGNAL);
	length = recv(fd, answer, sizeof(answer) - 1, 0);
	if (length > 0 && strcmp(answer, EMPTY(1) "\n") == 0)
		return ANSWERED;
	if (length > 0 && strstr(answer, "\"code\":2,") && strstr(answer, "uid 65534 is neither root") &&
	    recv(fd, answer, sizeof(answer), 0) <= 0)
		return NOT_ALLOWED;
	return ELSE;
}

/* Waits for a child while serving; its exit status. */
static int await_child(pid_t child)
{
	time_t end = time(NULL) + PATIENCE_S;
	int status;

	CU_ASSERT_TRUE_FATAL(child > 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		world_turn();
		CU_ASSERT_TRUE_FATAL(time(NULL) < end);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int outcome_as(uid_t uid, gid_t gid, gid_t supplementary)
{
	pid_t child = fork();

	if (child == 0)
		_exit(ask_as(uid, gid, supplementary));
	return await_child(child);
}

static void root_and_the_group_of_the_file_may_speak(void)
{
	if (geteuid() != 0) {
		test_skip("becoming other users takes root");
		return;
	}
	world_open();
	CU_ASSERT_EQUAL_FATAL(chown(world.path, 0, GROUP_A), 0);
	CU_ASSERT_EQUAL(outcome_as(0, 0, 0), ANSWERED);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, GROUP_A, 0), ANSWERED);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, NOBODY, GROUP_A), ANSWERED);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, NOBODY, 0), NOT_CONNECTED);
	world_close();
}

static void others_are_told_even_where_the_mode_lets_them_connect(void)
{
	if (geteuid() != 0) {
		test_skip("becoming other users takes root");
		return;
	}
	world_open();
	CU_ASSERT_EQUAL_FATAL(chown(world.path, 0, GROUP_A), 0);
	CU_ASSERT_EQUAL_FATAL(chmod(world.path, 0666), 0);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, NOBODY, 0), NOT_ALLOWED);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, NOBODY, GROUP_A + 1), NOT_ALLOWED);
	CU_ASSERT_EQUAL(outcome_as(NOBODY, GROUP_A, 0), ANSWERED);
	world_close();
}

/* ---- the socket file --------------------------------------------------------------------------- */

static void the_file_has_mode_0660_and_the_group_asked_for(void)
{
	const struct group *group = getgrnam("daemon");
	struct server *server;
	struct xbr_error error;
	struct stat file;
	char path[100];

	if (geteuid() != 0 || !group) {
		test_skip("giving a file another group takes root, and a group \"daemon\"");
		return;
	}
	world_open();
	snprintf(path, sizeof(path), "%s/other", world.folder);
	CU_ASSERT_EQUAL_FATAL(server_open(&server, world.event, path, "daemon", methods, NULL, &error), 0);
	CU_ASSERT_EQUAL(stat(path, &file), 0);
	CU_ASSERT_EQUAL(file.st_mode, S_IFSOCK | 0660);
	CU_ASSERT_EQUAL(file.st_gid, group->gr_gid);
	server_close(server);
	CU_ASSERT_EQUAL_FATAL(server_open(&server, world.event, path, "no such group", methods, NULL, &error),
			      0);
	CU_ASSERT_EQUAL(stat(path, &file), 0);
	CU_ASSERT_EQUAL(file.st_mode, S_IFSOCK | 0660);
	CU_ASSERT_EQUAL(file.st_gid, getegid());
	server_close(server);
	world_close();
}

/* Leaves a socket file at path that nobody listens at. */
static void make_stale(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void a_stale_file_is_replaced(void)
{
	struct xbr_error error = {};
	struct peer peer;

	world_open();
	server_close(world.server);
	make_stale(world.path);
	CU_ASSERT_EQUAL_FATAL(world_serve(world.path, &world.server, &error), 0);
	peer = peer_open();
	peer_send(&peer, REQUEST("echo", 1));
	peer_expect(&peer, EMPTY(1));
	peer_close(&peer);
	world_close();
}

/* server_open(path) must be refused with code and a sentence that holds words. */
static void expect_refused(const char *path, int code, const char *words)
{
	struct server *server = NULL;
	struct xbr_error error = {};

	CU_ASSERT_EQUAL(world_serve(path, &server, &error), code);
	CU_ASSERT_PTR_NULL(server);
	CU_ASSERT_EQUAL(error.code, code);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.message, words));
	if (!strstr(error.message, words))
		printf("came: %s\n", error.message);
}

static void a_second_agent_is_refused_and_the_first_goes_on(void)
{
	struct peer peer;

	world_open();
	expect_refused(world.path, -EADDRINUSE, "another agent answers there");
	peer = peer_open();
	peer_send(&peer, REQUEST("echo", 1));
	peer_expect(&peer, EMPTY(1));
	peer_close(&peer);
	world_close();
}

static void a_file_that_is_no_socket_is_left_alone(void)
{
	char path[100];
	int fd;

	world_open();
	snprintf(path, sizeof(path), "%s/file", world.folder);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	expect_refused(path, -EEXIST, "exists and is not a socket");
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(symlink("sock", path), 0);
	expect_refused(path, -EEXIST, "exists and is not a socket");
	CU_ASSERT_EQUAL(unlink(path), 0);
	world_close();
}

static void paths_that_cannot_be_are_refused(void)
{
	char path[200];

	world_open();
	memset(path, 'x', sizeof(path));
	memcpy(path, "/tmp/", 5);
	path[108] = '\0';
	expect_refused(path, -ENAMETOOLONG, "at most 107 octets, this one has 108");
	expect_refused("", -EINVAL, "is empty");
	snprintf(path, sizeof(path), "%s/one/two/sock", world.folder);
	expect_refused(path, -ENOENT, "cannot make the folder");
	snprintf(path, sizeof(path), "%s/sock/sock", world.folder);
	expect_refused(path, -ENOTDIR, "cannot look at");
	world_close();
}

static void an_absent_folder_is_made_whatever_the_umask(void)
{
	char folder[100], path[120];
	struct server *server;
	struct xbr_error error;
	struct stat file;
	mode_t mask;

	world_open();
	snprintf(folder, sizeof(folder), "%s/run", world.folder);
	snprintf(path, sizeof(path), "%s/sock", folder);
	mask = umask(0077);
	CU_ASSERT_EQUAL_FATAL(world_serve(path, &server, &error), 0);
	umask(mask);
	CU_ASSERT_EQUAL(stat(folder, &file), 0);
	CU_ASSERT_EQUAL(file.st_mode, S_IFDIR | 0755);
	CU_ASSERT_EQUAL(stat(path, &file), 0);
	CU_ASSERT_EQUAL(file.st_mode, S_IFSOCK | 0660);
	server_close(server);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	world_close();
}

static void a_file_that_another_put_there_outlives_the_server(void)
{
	world_open();
	CU_ASSERT_EQUAL(unlink(world.path), 0);
	make_stale(world.path);
	server_close(world.server);
	world.server = NULL;
	CU_ASSERT_EQUAL(unlink(world.path), 0);
	world_close();
}

/* In a child process: serves at a socket as systemd passes it. 0 when it answers and its file is left. */
static int serve_passed_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct xbr_error error = {};
	char pid[16];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct peer peer;

	snprintf(world.path, sizeof(world.path), "%s/passed", world.folder);
	strcpy(address.sun_path, world.path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0 ||
	    dup2(fd, 3) < 0)
		return 1;
	if (fd != 3)
		close(fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (sd_event_new(&world.event) < 0 || world_serve("/proc/nowhere/sock", &world.server, &error) < 0)
		return 2;
	peer = peer_open();
	peer_send(&peer, REQUEST("echo", 1));
	if (strcmp(peer_line(&peer), EMPTY(1)) != 0)
		return 3;
	server_close(world.server);
	return unlink(world.path) == 0 ? 0 : 4;
}

static void a_socket_passed_by_systemd_is_used(void)
{
	pid_t child;

	world_open();
	child = fork();
	if (child == 0)
		_exit(serve_passed_socket());
	CU_ASSERT_EQUAL(await_child(child), 0);
	world_close();
}

static const struct test_case cases[] = {
	TEST(pipelined_requests_are_answered_in_order),
	TEST(garbage_is_answered_and_the_connection_goes_on),
	TEST(a_half_closed_client_gets_all_answers),
	TEST(what_a_client_sent_before_it_went_is_carried_out),
	TEST(a_line_of_8_mib_is_handled_and_a_longer_one_refused),
	TEST(clients_come_and_go_without_a_trace),
	TEST(a_busy_client_does_not_hold_up_others),
	TEST(a_great_batch_does_not_hold_up_others),
	TEST(a_client_too_many_is_told_and_room_is_used_again),
	TEST(a_thousand_idle_connections_block_nothing),
	TEST(want_of_descriptors_makes_clients_wait),
	TEST(events_go_to_subscribers_numbered_for_each),
	TEST(an_event_may_have_no_keys_of_its_own),
	TEST(a_slow_reader_loses_events_and_is_told_how_many),
	TEST(a_subscriber_that_is_gone_does_no_harm),
	TEST(a_reader_may_ask_for_more_than_is_kept_for_it),
	TEST(a_client_that_never_reads_is_disconnected),
	TEST(root_and_the_group_of_the_file_may_speak),
	TEST(others_are_told_even_where_the_mode_lets_them_connect),
	TEST(the_file_has_mode_0660_and_the_group_asked_for),
	TEST(a_stale_file_is_replaced),
	TEST(a_second_agent_is_refused_and_the_first_goes_on),
	TEST(a_file_that_is_no_socket_is_left_alone),
	TEST(paths_that_cannot_be_are_refused),
	TEST(an_absent_folder_is_made_whatever_the_umask),
	TEST(a_file_that_another_put_there_outlives_the_server),
	TEST(a_socket_passed_by_systemd_is_used),
	{NULL, NULL},
};

int test_server_suite(void);
int test_server_suite(void)
{
	return test_suite_add("server", cases);
}
