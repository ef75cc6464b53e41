// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define CONFIG_USUAL "/etc/xbr/xbr.conf"
#define EXIT_USAGE   2

static const struct option long_options[] = {
	{"pin-dir", required_argument, NULL, 'p'},
	{"socket", required_argument, NULL, 's'},
	{"group", required_argument, NULL, 'g'},
	{"config", required_argument, NULL, 'c'},
	{"fdb-size", required_argument, NULL, 'f'},
	{"max-ports", required_argument, NULL, 'm'},
	{"tag-quarantine", required_argument, NULL, 'q'},
	{"tc", required_argument, NULL, 't'},
	{"log-level", required_argument, NULL, 'l'},
	{"detach", no_argument, NULL, 'd'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: xbrd [OPTION]...\n"
	"The agent of the xbr edge virtual bridge; see xbrd(8).\n"
	"\n"
	"  --pin-dir DIR     where maps and links are pinned (default /sys/fs/bpf/xbr)\n"
	"  --socket PATH     control socket (default /run/xbr/xbrd.sock)\n"
	"  --group NAME      group that may use the socket (default xbr)\n"
	"  --config FILE     configuration made true at the start (default " CONFIG_USUAL
	", if it is there)\n"
	"  --fdb-size N      addresses to have room for, 64 to 16777216 (default 131072)\n"
	"  --max-ports N     port numbers, 2 to 16384 (default 1024)\n"
	"  --tag-quarantine SECONDS   a channel's tag that was given back is not handed out for so long,\n"
	"                    0 to 86400 (default 300)\n"
	"  --tc auto|tcx|clsact   how TC programs are attached (default auto: tcx if the kernel has it)\n"
	"  --log-level L     err, warning, info or debug (default info)\n"
	"  --detach          take everything off all devices, remove the pins, and exit\n"
	"  --version, --help\n";

static int bad_value(const char *option, const char *value, const char *right)
{
	fprintf(stderr, "xbrd: --%s takes %s, not \"%s\"\n", option, right, value);
	return EXIT_USAGE;
}

static int parse_number(const char *option, const char *text, uint32_t min, uint32_t max,
			uint32_t *ret_number)
{
	char *end, right[64];
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!errno && *text >= '0' && *text <= '9' && !*end && number >= min && number <= max) {
		*ret_number = (uint32_t)number;
		return -1;
	}
	snprintf(right, sizeof(right), "a number from %u to %u", min, max);
	return bad_value(option, text, right);
}

/* words ends with NULL; *ret_index gets which one text is. */
static int parse_word(const char *option, const char *text, const char *const words[], const char *right,
		      int *ret_index)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], text))
			continue;
		*ret_index = i;
		return -1;
	}
	return bad_value(option, text, right);
}

static int parse_tc(const char *text, enum tc_attach *ret_tc)
{
	static const char *const words[] = {"auto", "tcx", "clsact", NULL};
	int index = 0, status = parse_word("tc", text, words, "auto, tcx or clsact", &index);

	*ret_tc = (enum tc_attach)index;
	return status;
}

static int parse_level(const char *text, int *ret_level)
{
	static const char *const words[] = {"err", "warning", "info", "debug", NULL};
	static const int levels[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	int index = 0, status = parse_word("log-level", text, words, "err, warning, info or debug", &index);

	*ret_level = levels[index];
	return status;
}

static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'p':
		options->datapath.pin_dir = optarg;
		return -1;
	case 's':
		options->socket = optarg;
		return -1;
	case 'g':
		options->group = optarg;
		return -1;
	case 'c':
		options->config = optarg;
		return -1;
	case 'f':
		return parse_number("fdb-size", optarg, 64, 1u << 24, &options->datapath.fdb_size);
	case 'm':
		return parse_number("max-ports", optarg, 2, XBR_PORT_LIMIT, &options->datapath.max_ports);
	case 'q':
		return parse_number("tag-quarantine", optarg, 0, 86400, &options->tag_quarantine_s);
	case 't':
		return parse_tc(optarg, &options->datapath.tc);
	case 'l':
		return parse_level(optarg, &options->log_level);
	case 'd':
		options->detach = true;
		return -1;
	case 'V':
		puts("xbrd " XBR_VERSION);
		return 0;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default:
		fputs("xbrd: see xbrd --help\n", stderr);
		return EXIT_USAGE;
	}
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	int option, status = -1;

	*ret_options = (struct options){
		.datapath = {.pin_dir = "/sys/fs/bpf/xbr", .fdb_size = 131072, .max_ports = 1024},
		.socket = "/run/xbr/xbrd.sock",
		.group = "xbr",
		.tag_quarantine_s = 300,
		.log_level = LOG_INFO,
	};
	while (status < 0 && (option = getopt_long(argc, argv, "hV", long_options, NULL)) >= 0)
		status = take_option(option, ret_options);
	if (status < 0 && optind < argc) {
		fprintf(stderr, "xbrd: there is no argument \"%s\"; see xbrd --help\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (!ret_options->config && access(CONFIG_USUAL, F_OK) == 0)
		ret_options->config = CONFIG_USUAL;
	return status;
}
