#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/fuzz/run.sh SECONDS TARGET...
# Runs libFuzzer targets side by side, each for SECONDS; fuzz_NAME begins with the corpus in tests/fuzz/corpus/NAME.
# What is new goes to build/fuzz/corpus; an input that breaks a target is left in build/fuzz, and its report printed.
set -u

if [ $# -lt 2 ]; then
	echo 'usage: tests/fuzz/run.sh SECONDS TARGET... (no targets: nothing was fuzzed)' >&2
	exit 2
fi
seconds=$1
shift

# start TARGET: libFuzzer writes what is new to the first folder, and only reads the second.
start() {
	name=$(basename "$1")
	found=build/fuzz/corpus/$name kept=tests/fuzz/corpus/${name#fuzz_}
	mkdir -p "$found"
	[ -d "$kept" ] || kept=
	exec "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$name-" "$found" ${kept:+"$kept"} >"build/fuzz/$name.log" 2>&1
}

jobs=
for target; do
	start "$target" &
	jobs="$jobs $!:$target"
done

passed=0 failed=0
for job in $jobs; do
	name=$(basename "${job#*:}")
	if wait "${job%%:*}"; then
		passed=$((passed + 1))
		sed -n "s/^stat::number_of_executed_units: */$name: inputs tried: /p" "build/fuzz/$name.log"
	else
		failed=$((failed + 1))
		echo "FAIL $name (build/fuzz/$name.log):"
		tail -n 40 "build/fuzz/$name.log"
	fi
done

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
