/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file of CUnit tests and its runner (tests/unit/main.c) agree on. A file test_NAME.c, in tests/unit
 * or in tests/bpf, defines `int test_NAME_suite(void)`, which calls test_suite_add() and returns what that
 * returns; the Makefile finds it by its name. A test is a `void (void)` function named by the behaviour it
 * shows, and speaks CUnit's CU_ASSERT_*.
 */
#ifndef XBR_TEST_H
#define XBR_TEST_H

#include <CUnit/CUnit.h>

/* One test. Arrays of it end with a NULL name. */
struct test_case {
	const char *name;
	void (*run)(void);
};

/* A row of an array of tests whose name is that of its function. */
#define TEST(function)                                                                                       \
	{                                                                                                    \
#function, function                                                                          \
	}

/* Makes a suite of the tests in `cases` (borrowed until the program ends). 0, or -1: CUnit refused. */
int test_suite_add(const char *name, const struct test_case *cases);

/* Counts the running test as skipped, and tells why. The test must return after it; an assertion that failed
 * before still counts. */
void test_skip(const char *why);

/* One row of the table of suites that the Makefile writes from the file names; it ends with a NULL name. */
struct test_suite {
	const char *name;
	int (*add)(void);
};
extern const struct test_suite test_suites[];

#endif
