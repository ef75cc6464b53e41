/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar: what a command line becomes, what is refused and where, and that help knows every command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complete.h"
#include "test.h"
#include "xbr/commands.h"
#include "xbr/grammar.h"

static char told[512]; /* what the last line became */

/* "METHOD PARAMS" of a line, or "COLUMN: MESSAGE". */
static const char *parsed(const char *line)
{
	struct grammar_error error;
	json_t *request = NULL;
	int err = grammar_parse_line(line, 1, &request, &error);

	if (err) {
		CU_ASSERT_EQUAL(error.line, 1);
		snprintf(told, sizeof(told), "%u: %s", error.column, error.message);
	} else if (!request) {
		snprintf(told, sizeof(told), "nothing");
	} else {
		char *params = json_dumps(json_object_get(request, "params"), JSON_COMPACT | JSON_SORT_KEYS);

		snprintf(told, sizeof(told), "%s %s", json_string_value(json_object_get(request, "method")),
			 params);
		free(params);
	}
	json_decref(request);
	return told;
}

/* Each row: a line, and what it becomes. */
struct row {
	const char *line;
	const char *becomes;
};

static void check_rows(const struct row *row)
{
	for (; row->line; row++) {
		CU_ASSERT_STRING_EQUAL(parsed(row->line), row->becomes);
		if (strcmp(told, row->becomes) != 0)
			printf("  %s\n    is %s\n    not %s\n", row->line, told, row->becomes);
	}
}

static void test_commands_become_requests(void)
{
	check_rows((const struct row[]){
		{"bridge add br0", "bridge.add {\"bridge\":\"br0\"}"},
		{"bridge add name br0", "bridge.add {\"bridge\":\"br0\"}"},
		{"bridge add dev br0 address 02-0A-0b-00-00-1",
		 "bridge.add {\"address\":\"02:0a:0b:00:00:01\",\"bridge\":\"br0\"}"},
		{"bridge set br0 fdb_max_learned 4294967295 group_fwd_mask 0xFFF8",
		 "bridge.set {\"bridge\":\"br0\",\"fdb_max_learned\":4294967295,\"group_fwd_mask\":65528}"},
		{"bridge del br0", "bridge.del {\"bridge\":\"br0\"}"},
		{"bridge show", "bridge.show {}"},
		{"bridge", "bridge.show {}"},
		{"link add c1 type schannel dev eth0 svid 100 master br0",
		 "link.add "
		 "{\"dev\":\"eth0\",\"master\":\"br0\",\"name\":\"c1\",\"svid\":100,\"type\":\"schannel\"}"},
		{"link add name c1 type etag dev eth0 ecid auto master br0",
		 "link.add "
		 "{\"dev\":\"eth0\",\"ecid\":\"auto\",\"master\":\"br0\",\"name\":\"c1\",\"type\":\"etag\"}"},
		{"link add v1 master br0 learning off xdp native",
		 "link.add {\"dev\":\"v1\",\"learning\":false,\"master\":\"br0\",\"xdp\":\"native\"}"},
		{"link set dev v1 hairpin on", "link.set {\"dev\":\"v1\",\"hairpin\":true}"},
		{"link del v1", "link.del {\"dev\":\"v1\"}"},
		{"link show master br0", "link.show {\"master\":\"br0\"}"},
		{"link show v1", "link.show {\"dev\":\"v1\"}"},
		{"stats show dev v1", "stats.show {\"dev\":\"v1\"}"},
		{"reasons", "reasons {}"},
		{"version", "version {}"},
		{"save", "save {}"},
		{"save /etc/x", "save {\"file\":\"/etc/x\"}"},
		{"confirm", "confirm {}"},
		{"apply - dry-run", "apply {\"dry_run\":true,\"file\":\"-\"}"},
		{"apply --confirm 60 x", "apply {\"confirm\":60,\"file\":\"x\"}"},
		{"apply x confirm 2m", "apply {\"confirm\":120,\"file\":\"x\"}"},
		{0}});
}

static void test_named_options_are_objects(void)
{
	check_rows((const struct row[]){
		{"link set v1 guard mac on guard dhcp-server off secure on",
		 "link.set {\"dev\":\"v1\",\"guard\":{\"dhcp_server\":false,\"mac\":true,\"secure\":true}}"},
		{"link set v1 snoop nd guard on",
		 "link.set {\"bpdu_guard\":true,\"dev\":\"v1\",\"guard\":{\"snoop\":\"nd\"}}"},
		{"link set v1 storm_control unknown 5mbit storm_control broadcast off action drop",
		 "link.set {\"dev\":\"v1\",\"fdb_max_learned_action\":\"drop\","
		 "\"storm_control\":{\"broadcast\":\"off\",\"unknown\":\"5mbit\"}}"},
		{"link set dev v1 type bridge_slave learning off master",
		 "link.set {\"dev\":\"v1\",\"learning\":false}"},
		{"link set v1 guard", "18: 'guard' needs a value: mac|ip|arp|nd|dhcp-server|ra|secure"},
		{"link set v1 guard mac", "22: 'mac' needs a value: on|off"},
		{"link set v1 guard mac on guard mac off", "36: 'mac' is given twice"},
		{"link set v1 guard secure on secure off", "36: 'secure' is given twice"},
		{"link set v1 guard on bpdu_guard on", "22: 'bpdu_guard' is given twice"},
		{"link set v1 storm_control arp 5",
		 "27: 'arp' is no value of storm_control; known: broadcast, multicast, unknown"},
		{0}});
}

static void test_macaddr_takes_addresses(void)
{
	check_rows((const struct row[]){
		{"link set v1 macaddr add 02:00:00:00:00:01 2:0:0:0:0:2 nodst on",
		 "link.set {\"dev\":\"v1\",\"macaddr\":\"add\",\"macaddr_list\":[\"02:00:00:00:00:01\","
		 "\"02:00:00:00:00:02\"],\"nodst\":true}"},
		{"link set v1 macaddr flush mode source",
		 "link.set {\"dev\":\"v1\",\"macaddr\":\"flush\",\"macaddr_list\":[],\"mode\":\"source\"}"},
		{"link set v1 macaddr set 02:00:00:00:00:01",
		 "link.set {\"dev\":\"v1\",\"macaddr\":\"set\",\"macaddr_list\":[\"02:00:00:00:00:01\"]}"},
		{NULL, NULL},
	});
}

static void test_fdb_speaks_as_bridge8(void)
{
	check_rows((const struct row[]){
		{"fdb add 02:00:00:00:00:01 dev v1",
		 "fdb.add {\"dev\":\"v1\",\"lladdr\":\"02:00:00:00:00:01\"}"},
		{"fdb add 02:00:00:00:00:01 dev v1 master static",
		 "fdb.add {\"dev\":\"v1\",\"lladdr\":\"02:00:00:00:00:01\",\"state\":\"static\"}"},
		{"fdb add dev v1 master 02:00:00:00:00:01 sticky static",
		 "fdb.add {\"dev\":\"v1\",\"lladdr\":\"02:00:00:00:00:01\",\"state\":\"sticky\"}"},
		{"fdb replace 02:00:00:00:00:01 dev br0 local",
		 "fdb.replace {\"dev\":\"br0\",\"lladdr\":\"02:00:00:00:00:01\",\"state\":\"permanent\"}"},
		{"fdb delete 02:00:00:00:00:01 dev v1 master",
		 "fdb.del {\"dev\":\"v1\",\"lladdr\":\"02:00:00:00:00:01\"}"},
		{"fdb get to 02:00:00:00:00:01 br br0",
		 "fdb.get {\"lladdr\":\"02:00:00:00:00:01\",\"master\":\"br0\"}"},
		{"fdb list br br0 brport v1 state static",
		 "fdb.show {\"dev\":\"v1\",\"master\":\"br0\",\"state\":\"static\"}"},
		{"fdb show dynamic", "fdb.show {\"state\":\"dynamic\"}"},
		{"fdb flush dev br0", "fdb.flush {\"dev\":\"br0\"}"},
		{"fdb flush br br0", "fdb.flush {\"master\":\"br0\"}"},
		{"fdb flush dev br0 brport v1", "fdb.flush {\"dev\":\"v1\",\"master\":\"br0\"}"},
		{"fdb flush brport v1 older_than 10s", "fdb.flush {\"dev\":\"v1\",\"older_than\":1000}"},
		{"fdb add 02:00:00:00:00:01 dev v1 self", "34: self concerns the device's own filter, not "
							  "the bridge: use bridge(8) for it, or leave the "
							  "word out"},
		{"fdb add 02:00:00:00:00:01 dev v1 static dynamic",
		 "41: an entry cannot be both static and dynamic"},
		{"fdb add 02:00:00:00:00:01 dev v1 static static", "41: 'static' is given twice"},
		{"fdb flush dev br0 br br1 brport v1", "35: dev, br and brport together name two bridges"},
		{"fdb flush static", "17: fdb flush needs dev DEV or br BR"},
		{0}});
}

static void test_times_take_units(void)
{
	check_rows((const struct row[]){
		{"bridge set br0 ageing_time 30000", "bridge.set {\"ageing_time\":30000,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 300s", "bridge.set {\"ageing_time\":30000,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 250ms", "bridge.set {\"ageing_time\":25,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 5m", "bridge.set {\"ageing_time\":30000,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 1h", "bridge.set {\"ageing_time\":360000,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 0", "bridge.set {\"ageing_time\":0,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 1000000s",
		 "bridge.set {\"ageing_time\":100000000,\"bridge\":\"br0\"}"},
		{"bridge set br0 ageing_time 5ms", "28: '5ms' is no whole number of hundredths of a second"},
		{"bridge set br0 ageing_time 5d",
		 "28: '5d' has no known unit; ageing_time takes ms, s, m, h or none"},
		{"bridge set br0 ageing_time soon",
		 "28: 'soon' is no time; ageing_time takes a number, or one such as 300s or 5m"},
		{"bridge set br0 ageing_time -1",
		 "28: '-1' is no time; ageing_time takes a number, or one such as 300s or 5m"},
		{0}});
}

#define NO_AGEING(word)                                                                                      \
	"28: '" word "' is out of range; ageing_time takes 0 to 100000000 hundredths of a second"

static void test_values_out_of_range_are_refused(void)
{
	check_rows((const struct row[]){
		{"bridge set br0 ageing_time 100000001", NO_AGEING("100000001")},
		{"bridge set br0 ageing_time 1000001s", NO_AGEING("1000001s")},
		{"bridge set br0 ageing_time 99999999999999999999999h",
		 NO_AGEING("99999999999999999999999h")},
		{"bridge set br0 fdb_max_learned 4294967296",
		 "32: '4294967296' is out of range; fdb_max_learned takes 0 to 4294967295"},
		{"bridge set br0 group_fwd_mask 4",
		 "31: '4' is out of range; group_fwd_mask takes bits of 0xfff8 only (0 to 65528)"},
		{"link set v1 group_fwd_mask 0x2",
		 "28: '0x2' is out of range; group_fwd_mask takes bits of 0xfffd only (0 to 65533)"},
		{"link set v1 group_fwd_mask 0x10000",
		 "28: '0x10000' is out of range; group_fwd_mask takes bits of 0xfffd only (0 to 65533)"},
		{"bridge set br0 address 01:00:00:00:00:01", "24: '01:00:00:00:00:01' is no address of one "
							     "station; address must be unicast and not zero"},
		{"bridge set br0 address 0:0:0:0:0:0",
		 "24: '0:0:0:0:0:0' is no address of one station; address must be unicast and not zero"},
		{"apply x confirm 0", "17: '0' is out of range; confirm takes 1 to 86400 seconds"},
		{0}});
}

static void test_malformed_values_are_refused(void)
{
	check_rows((const struct row[]){
		{"link set v1 flood maybe", "19: 'maybe' is no value of flood; known: on, off"},
		{"link set v1 xdp generik", "17: 'generik' is no value of xdp; did you mean generic"},
		{"bridge set br0 fdb_max_learned 0x", "32: '0x' is no number; expected fdb_max_learned"},
		{"bridge set br0 fdb_max_learned 12q", "32: '12q' is no number; expected fdb_max_learned"},
		{"link del abcdefghijklmnop",
		 "10: 'abcdefghijklmnop' is no name of a device: longer than 15 characters"},
		{"link del abcdefghijklmno", "link.del {\"dev\":\"abcdefghijklmno\"}"},
		{"link del a/b", "10: 'a/b' is no name of a device"},
		{"link del 'a b'", "10: 'a b' is no name of a device"},
		{"link del ..", "10: '..' is no name of a device"},
		{"link del ''", "10: '' is empty"},
		{"link del \xff\x1b", "10: '\\xff\\x1b' is no valid UTF-8"},
		{"fdb del 02:00:00:00:00 dev v1",
		 "9: '02:00:00:00:00' is no Ethernet address such as 02:00:00:00:00:01"},
		{"fdb del 02:00:00:00:00:01:02 dev v1",
		 "9: '02:00:00:00:00:01:02' is no Ethernet address such as 02:00:00:00:00:01"},
		{"fdb del 02-00:00:00:00:01 dev v1",
		 "9: '02-00:00:00:00:01' is no Ethernet address such as 02:00:00:00:00:01"},
		{"fdb del 02:00:00:00:00:0g dev v1",
		 "9: '02:00:00:00:00:0g' is no Ethernet address such as 02:00:00:00:00:01"},
		{0}});
}

static void test_unknown_words_are_named_and_mended(void)
{
	check_rows((const struct row[]){
		{"brigde show", "1: 'brigde' is no object; did you mean bridge"},
		{"link sett v1", "6: 'sett' is no verb of link; did you mean set"},
		{"link frobnicate v1",
		 "6: 'frobnicate' is no verb of link; known: add, set, del, recover, show"},
		{"link set v1 flod on", "13: 'flod' is no option of link set; did you mean flood"},
		{"bridge del br0 now", "16: 'now' is no option of bridge del; known: dev, name"},
		{"fdb show -j",
		 "10: '-j' is no option of fdb show; options of xbr itself stand in front of the "
		 "object"},
		{0}});
}

static void test_words_are_shortened_where_unique(void)
{
	check_rows((const struct row[]){
		{"b s", "3: 's' is short for more than one verb of bridge: set, show"},
		{"b sh", "bridge.show {}"},
		{"f s br br0", "fdb.show {\"master\":\"br0\"}"},
		{"l se v1 hai on", "link.set {\"dev\":\"v1\",\"hairpin\":true}"},
		{"l se v1 isolate of", "link.set {\"dev\":\"v1\",\"isolated\":false}"},
		{"s", "1: 's' is short for more than one object: storm_control, stats, stp, save"},
		{"co", "1: 'co' is short for more than one object: conn, confirm, completion"},
		{"l set v1 f on", "10: 'f' is short for more than one option of link set: flood, "
				  "fdb_max_learned, fdb_max_learned_action, fdb_move_rate"},
		{"fdb add 02:00:00:00:00:01 dev v1 st",
		 "34: 'st' is short for more than one value of state: static, sticky"},
		{"fdb show dyn", "fdb.show {\"state\":\"dynamic\"}"},
		{0}});
}

static void test_names_that_are_words_need_their_option(void)
{
	check_rows((const struct row[]){
		{"link set dev flood flood on", "link.set {\"dev\":\"flood\",\"flood\":true}"},
		{"link set dev dev flood on", "link.set {\"dev\":\"dev\",\"flood\":true}"},
		{"link set d flood on", "link.set {\"dev\":\"d\",\"flood\":true}"},
		{"link set flood flood on", "16: 'flood' is no value of flood; known: on, off"},
		{0}});
}

static void test_missing_and_repeated_options_are_refused(void)
{
	check_rows((const struct row[]){
		{"link set v1 flood on flood off", "22: 'flood' is given twice"},
		{"link show dev v1 dev v2", "18: 'dev' is given twice"},
		{"fdb show dev v1 brport v2", "17: 'brport' is given twice"},
		{"link set v1 flood", "18: 'flood' needs a value: on|off"},
		{"link add v1", "12: link add needs master BR"},
		{"link add c1 dev v1 dev v2", "20: 'dev' is given twice"},
		{"link add c1 type schannel svid 4095", "32: '4095' is out of range; svid takes 1 to 4094"},
		{"bridge add", "11: bridge add needs BR"},
		{"link set v1", "12: nothing to set; xbr link set help lists the options"},
		{"fdb add dev v1", "15: fdb add needs LLADDR"},
		{"monitor fdb fdb", "13: 'fdb' is given twice"},
		{"monitor fdb all", "13: 'all' stands alone"},
		{"apply", "6: apply needs FILE"},
		{0}});
}

static void test_monitor_collects_objects(void)
{
	check_rows((const struct row[]){
		{"monitor", "monitor {}"},
		{"monitor fdb link", "monitor {\"objects\":[\"fdb\",\"link\"]}"},
		{"monitor all", "monitor {\"objects\":[\"bridge\",\"link\",\"fdb\",\"acl\",\"offload\"]}"},
		{"monitor mdb", "9: 'mdb' is no option of monitor; did you mean fdb"},
		{0}});
}

static void test_lines_have_quotes_and_comments(void)
{
	check_rows((const struct row[]){
		{"", "nothing"},
		{"  \t ", "nothing"},
		{"# bridge add br0", "nothing"},
		{"xbr", "nothing"},
		{"  xbr  bridge\tadd br0 # the first", "bridge.add {\"bridge\":\"br0\"}"},
		{"bridge add br#0", "bridge.add {\"bridge\":\"br#0\"}"},
		{"bridge add '#0'", "bridge.add {\"bridge\":\"#0\"}"},
		{"bridge add \"it's\"", "bridge.add {\"bridge\":\"it's\"}"},
		{"bridge add b'r'\"0\"", "bridge.add {\"bridge\":\"br0\"}"},
		{"bridge add a\\b", "bridge.add {\"bridge\":\"a\\\\b\"}"},
		{"bridge add 'br0", "12: a quote that does not end in its line"},
		{"bridge add \xc3\xa9 now",
		 "14: 'now' is no option of bridge add; known: dev, name, ageing_time, "
		 "fdb_max_learned, group_fwd_mask, address, vlan_filtering, vlan_protocol, "
		 "vlan_default_pvid, "
		 "vlan_stats_enabled, vlan_stats_per_port, stp_state, stp_version, priority, "
		 "hello_time"}, /* a sentence has room for so many */
		{0}});
}

static void test_line_is_one_line(void)
{
	struct grammar_error error;
	json_t *request = NULL;

	CU_ASSERT_EQUAL(grammar_parse_line("bridge show\nlink show", 7, &request, &error), -EINVAL);
	CU_ASSERT_PTR_NULL(request);
	CU_ASSERT_EQUAL(error.line, 8);
	CU_ASSERT_STRING_EQUAL(error.message, "more than one line");
}

static json_t *parsed_text(const char *text, size_t length, struct grammar_error *error)
{
	json_t *commands = NULL;

	return grammar_parse_text("x.conf", text, length, &commands, error) == 0 ? commands : NULL;
}

static const char *place_of(const json_t *commands, size_t index)
{
	return json_string_value(json_object_get(json_array_get(commands, index), "at"));
}

static void test_text_tells_places(void)
{
	const char text[] = "# made by hand\r\n"
			    "bridge add br0 \\\r\n"
			    "\tageing_time 5m\r\n"
			    "\n"
			    "  xbr link add v1 \\\n"
			    "   master br0";
	struct grammar_error error;
	json_t *commands = parsed_text(text, sizeof(text) - 1, &error);

	CU_ASSERT_EQUAL_FATAL(json_array_size(commands), 2);
	CU_ASSERT_STRING_EQUAL(place_of(commands, 0), "x.conf:2:1");
	CU_ASSERT_STRING_EQUAL(place_of(commands, 1), "x.conf:5:3");
	json_decref(commands);
}

/* The first error of a text, as line:column: message. */
static void check_text_error(const char *text, size_t length, const char *expected)
{
	struct grammar_error error;
	char place[512];

	CU_ASSERT_PTR_NULL(parsed_text(text, length, &error));
	snprintf(place, sizeof(place), "%u:%u: %s", error.line, error.column, error.message);
	CU_ASSERT_STRING_EQUAL(place, expected);
	if (strcmp(place, expected) != 0)
		printf("  is %s\n", place);
}

#define CHECK_TEXT_ERROR(text, expected) check_text_error(text, sizeof(text) - 1, expected)

static void test_text_errors_have_line_and_column(void)
{
	CHECK_TEXT_ERROR("bridge add br0\nlink add v1 \\\n  master br0 \\\n  flod on\n",
			 "4:3: 'flod' is no option of link add; did you mean flood");
	CHECK_TEXT_ERROR("bridge add br0\nlink add v1 \\\n\n", "3:1: link add needs master BR");
	CHECK_TEXT_ERROR("bridge add br0\nmonitor\n", "2:1: this command has no place in a file");
	CHECK_TEXT_ERROR("bridge add br0\nbridge add b\0r\n", "2:13: a zero octet; this is no text");
	CHECK_TEXT_ERROR("bridge add \"br0\nbridge add br1\n", "1:12: a quote that does not end in its line");
}

static void test_text_without_commands_is_an_empty_list(void)
{
	const char *const texts[] = {"", "\n", "\r\n\r\n", "# only a comment", "\\\n\\\n", "\\", "xbr\n"};
	struct grammar_error error;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *commands = parsed_text(texts[i], strlen(texts[i]), &error);

		CU_ASSERT_PTR_NOT_NULL(commands);
		CU_ASSERT_EQUAL(json_array_size(commands), 0);
		json_decref(commands);
	}
}

static void test_too_many_words_are_refused(void)
{
	char text[400];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ' ' : 'w';
	check_text_error(text, sizeof(text), "1:257: too many words");
}

static void test_words_count_from_one(void)
{
	const char *const words[] = {"link", "set", "v1", "flod", "on"};
	struct grammar_error error;
	json_t *request = NULL;

	CU_ASSERT_EQUAL(grammar_parse_words(5, words, &request, &error), -EINVAL);
	CU_ASSERT_PTR_NULL(request);
	CU_ASSERT_EQUAL(error.line, 0);
	CU_ASSERT_EQUAL(error.column, 4);
	CU_ASSERT_EQUAL(grammar_parse_words(0, words, &request, &error), -EINVAL);
	CU_ASSERT_EQUAL(error.column, 1);
}

/* The usage text, for free(); NULL when there is none. */
static char *usage(const char *object, const char *verb)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	int err = grammar_print_usage(stream, object, verb);

	fclose(stream);
	if (err == 0)
		return text;
	CU_ASSERT_EQUAL(err, -ENOENT);
	free(text);
	return NULL;
}

static void check_usage(const char *object, const char *verb, const char *help)
{
	char *all = usage(NULL, NULL);
	char *one = usage(object, *verb ? verb : NULL);
	char synopsis[64];

	snprintf(synopsis, sizeof(synopsis), " xbr %s%s%s", object, *verb ? " " : "", verb);
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	CU_ASSERT_PTR_NOT_NULL(strstr(all, synopsis));
	CU_ASSERT_PTR_NOT_NULL(strstr(one, synopsis));
	CU_ASSERT_PTR_NOT_NULL(strstr(one, help));
	free(one);
	free(all);
}

static void test_usage_knows_every_command(void)
{
#define CHECK(object, verb, method, flags, help) check_usage(#object, #verb, help);
	XBR_COMMANDS(CHECK)
#undef CHECK
	CU_ASSERT_PTR_NULL(usage("nonsense", NULL));
	CU_ASSERT_PTR_NULL(usage("fdb", "nonsense"));
	CU_ASSERT_PTR_NULL(usage("save", "nonsense"));
}

/* What the last word of a line (of up to eight words, "" for an empty one) may become. */
static void check_completion(const char *const words[], const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	int count = 0;

	while (words[count])
		count++;
	complete_words(stream, count, words);
	fclose(stream);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

#define CHECK_COMPLETION(expected, ...) check_completion((const char *const[]){__VA_ARGS__, NULL}, expected)

static void test_completion_offers_what_may_stand_there(void)
{
	CHECK_COMPLETION("bridge\n", "br");
	CHECK_COMPLETION("add\nload\nreplace\ndel\nget\nshow\nflush\nhelp\n", "fdb", "");
	CHECK_COMPLETION("on\noff\n", "link", "set", "v1", "hairpin", "");
	CHECK_COMPLETION("hairpin\n", "-j", "--socket", "/x", "link", "set", "v1", "ha");
	CHECK_COMPLETION("", "link", "set", "v1", "hairpin", "on", "ha");
	CHECK_COMPLETION("mac\n", "link", "set", "v1", "guard", "m");
	CHECK_COMPLETION("on\noff\n", "link", "set", "v1", "guard", "mac", "");
	CHECK_COMPLETION("guard\n", "link", "set", "v1", "guard", "mac", "on", "gua");
	CHECK_COMPLETION("", "link", "set", "v1", "storm_control", "unknown", "");
	CHECK_COMPLETION("native\n", "link", "set", "v1", "xdp", "n");
	CHECK_COMPLETION("static\nsticky\n", "fdb", "add", "02:00:00:00:00:01", "dev", "v1", "st");
	CHECK_COMPLETION("--statistics\n--socket\n", "--s");
	CHECK_COMPLETION("", "nonsense", "x");
	CHECK_COMPLETION("", "save", "");
}

int test_grammar_suite(void)
{
	static const struct test_case cases[] = {
		TEST(test_commands_become_requests),
		TEST(test_named_options_are_objects),
		TEST(test_macaddr_takes_addresses),
		TEST(test_fdb_speaks_as_bridge8),
		TEST(test_times_take_units),
		TEST(test_values_out_of_range_are_refused),
		TEST(test_malformed_values_are_refused),
		TEST(test_unknown_words_are_named_and_mended),
		TEST(test_words_are_shortened_where_unique),
		TEST(test_names_that_are_words_need_their_option),
		TEST(test_missing_and_repeated_options_are_refused),
		TEST(test_monitor_collects_objects),
		TEST(test_lines_have_quotes_and_comments),
		TEST(test_line_is_one_line),
		TEST(test_text_tells_places),
		TEST(test_text_errors_have_line_and_column),
		TEST(test_text_without_commands_is_an_empty_list),
		TEST(test_too_many_words_are_refused),
		TEST(test_words_count_from_one),
		TEST(test_usage_knows_every_command),
		TEST(test_completion_offers_what_may_stand_there),
		{0},
	};

	return test_suite_add("grammar", cases);
}
