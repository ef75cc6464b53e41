// SPDX-License-Identifier: Apache-2.0
/*
 * build/stp-sim: see tests/sim/README.md.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "net.h"
#include "random.h"
#include "script.h"

static int usage(void)
{
	fprintf(stderr, "usage: stp-sim FILE...\n"
			"       stp-sim --random NETWORKS [--bridges MOST] [--failures EACH] [--seed N]\n");
	return 2;
}

static int run_random(const struct random_plan *plan)
{
	struct random_result result;

	if (plan->bridges < 2 || plan->bridges > SIM_BRIDGES)
		return usage();
	random_run(plan, &result);
	return result.loops || result.no_trees || result.overruns;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"random", required_argument, NULL, 'r'},
						{"bridges", required_argument, NULL, 'b'},
						{"failures", required_argument, NULL, 'f'},
						{"seed", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	struct random_plan plan = {.bridges = 100, .failures = 8, .seed = 1, .talk = true};
	int failed = 0;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		if (option == 'r')
			plan.networks = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'b')
			plan.bridges = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 'f')
			plan.failures = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option == 's')
			plan.seed = strtoull(optarg, NULL, 10);
		else
			return usage();
	}
	if (plan.networks)
		return run_random(&plan);
	if (optind == argc)
		return usage();
	for (int i = optind; i < argc; i++)
		failed |= script_run(argv[i]) != 0;
	return failed;
}
