/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the suites of test_suites[] (tests/unit/test.h) and ends with the line `N passed, N failed, N
 * skipped`. With names of suites as arguments it runs those alone. Exit status: 0 all well, 1 a test failed,
 * 2 wrong usage or nothing to run.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

static struct {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
} total;

static const char *skipped_why; /* of the running test; NULL: not skipped */

int test_suite_add(const char *name, const struct test_case *cases)
{
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);

	if (!suite)
		return -1;
	for (; cases->name; cases++)
		if (!CU_add_test(suite, cases->name, cases->run))
			return -1;
	return 0;
}

void test_skip(const char *why)
{
	skipped_why = why;
}

static void print_failures(const char *suite, const char *test, const CU_FailureRecord *failure)
{
	printf("FAIL %s/%s\n", suite, test);
	for (; failure; failure = failure->pNext)
		printf("     %s:%u: %s\n", failure->strFileName, failure->uiLineNumber,
		       failure->strCondition);
}

static void test_started(const CU_pTest test, const CU_pSuite suite)
{
	(void)test;
	(void)suite;
	skipped_why = NULL;
}

static void test_completed(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	if (failure) {
		print_failures(suite->pName, test->pName, failure);
		total.failed++;
	} else if (skipped_why) {
		printf("SKIP %s/%s: %s\n", suite->pName, test->pName, skipped_why);
		total.skipped++;
	} else {
		total.passed++;
	}
	fflush(stdout);
}

static bool is_wanted(const char *name, int count, char *const names[])
{
	if (count == 0)
		return true;
	for (int i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_known(const char *name)
{
	for (const struct test_suite *suite = test_suites; suite->name; suite++)
		if (strcmp(name, suite->name) == 0)
			return true;
	return false;
}

/* Registers the suites named, or all of them. 0 or -1, with a sentence on stderr. */
static int add_suites(int count, char *const names[])
{
	for (int i = 0; i < count; i++) {
		if (!is_known(names[i])) {
			fprintf(stderr, "no suite is called \"%s\"\n", names[i]);
			return -1;
		}
	}
	for (const struct test_suite *suite = test_suites; suite->name; suite++) {
		if (is_wanted(suite->name, count, names) && suite->add() != 0) {
			fprintf(stderr, "suite %s: %s\n", suite->name, CU_get_error_msg());
			return -1;
		}
	}
	return 0;
}

static int run_suites(void)
{
	CU_set_test_start_handler(test_started);
	CU_set_test_complete_handler(test_completed);
	if (CU_run_all_tests() != CUE_SUCCESS) {
		fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
		return 2;
	}
	printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed, total.skipped);
	if (total.failed > 0)
		return 1;
	return total.passed + total.skipped > 0 ? 0 : 2;
}

int main(int argc, char *argv[])
{
	int status = 2;

	if (CU_initialize_registry() != CUE_SUCCESS) {
		fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
		return 2;
	}
	if (add_suites(argc - 1, argv + 1) == 0)
		status = run_suites();
	CU_cleanup_registry();
	return status;
}
