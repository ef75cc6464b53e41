#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/summary.sh SUITE...
# Runs `make SUITE` for each, all of them whatever fails, and ends with one line that sums up the last line with
# counts of each ("3 passed, 1 failed", as CUnit's runner, pytest and tests/fuzz/run.sh print). A suite that fails
# without saying what failed counts as one failure. Exit status: 0 if nothing failed.
set -u

MAKE=${MAKE:-make}
log=$(mktemp) && status_file=$(mktemp) || exit 1
trap 'rm -f "$log" "$status_file"' EXIT

# count WORD: the number before WORD in the last line of counts, or 0.
count() {
	number=$(grep -E '(^|[ =])[0-9]+ (passed|failed|skipped|errors?)\b' "$log" | tail -n 1 |
		sed -nE "s/(^|.*[^0-9])([0-9]+) ($1)([^a-z].*|$)/\2/p")
	echo "${number:-0}"
}

passed=0 failed=0 skipped=0
for suite; do
	printf -- '--- %s\n' "$suite"
	{
		# MAKE holds options too.
		# shellcheck disable=SC2086
		$MAKE "$suite" 2>&1
		echo $? >"$status_file"
	} | tee "$log"
	bad=$(($(count failed) + $(count 'errors?')))
	if [ "$(cat "$status_file")" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	fi
	passed=$((passed + $(count passed)))
	failed=$((failed + bad))
	skipped=$((skipped + $(count 'skipped')))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
