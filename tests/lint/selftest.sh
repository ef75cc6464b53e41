#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Proves that each check of tests/lint passes on a small tree without fault, and fails once the fault it is there to
# find is put into it.
# shellcheck disable=SC2016
set -eu

lint=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$lint/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
status=0

c='/* SPDX-License-Identifier: Apache-2.0 */'

write_good_tree() {
	rm -rf agent bpf cli include
	mkdir -p agent/net agent/model agent/systemd bpf cli include/xbr
	cp "$top/.clang-format" .
	cp "$top/agent/systemd/xbrd.service" agent/systemd/
	printf '/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */\n' | tee bpf/fdb.h >include/xbr/abi.h
	printf '%s\nint rtnl_open(void);\n' "$c" >agent/net/rtnl.h
	printf '%s\n#include "net/rtnl.h"\n#include "xbr/abi.h"\n\nint main(void)\n{\n\treturn rtnl_open();\n}\n' "$c" \
		>agent/main.c
	printf '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\necho "$1"\n' >run.sh
}

# expect WANTED CHECK WHAT: the check passes (0) or fails (1) on the tree as it is.
expect() {
	result=0
	"$lint/check-$2" >output 2>&1 || result=1
	if [ "$result" -ne "$1" ]; then
		echo "tests/lint/check-$2: $3: expected $1, got $result:"
		cat output
		status=1
	fi
	rm -f output
}

# fault CHECK WHAT FILE LINES: the check fails when these lines are added to the file.
fault() {
	write_good_tree
	printf '%b' "$4" >>"$3"
	expect 1 "$1" "$2"
}

write_good_tree
for check in "$lint"/check-*; do
	expect 0 "${check##*/check-}" 'a tree without fault'
done

fault format 'spaces for a tab' agent/main.c 'int\n  x  =1;\n'
fault shell 'an unquoted variable' run.sh 'rm $1\n'
fault spdx 'a file without the line' cli/main.c 'int main(void);\n'
fault spdx 'a header of include/ without the GPL' include/xbr/wire.h "$c\n"
fault functions 'a function of 81 lines' cli/main.c "void f(void)\n{\n$(yes '\tf();\n' | head -n 81 | tr -d '\n')}\n"
fault systemd 'a service with all capabilities' agent/systemd/xbrd.service \
	'[Service]\nCapabilityBoundingSet=~\nSystemCallFilter=\nNoNewPrivileges=no\nUser=root\n'
fault cppcheck 'a null pointer followed' agent/main.c 'int f(void)\n{\n\tint *p = 0;\n\n\treturn *p;\n}\n'
fault includes 'net includes model' agent/net/rtnl.h '#include "model/port.h"\n'
fault includes 'the command includes the agent' cli/main.c '#include "net/rtnl.h"\n'
fault includes 'libbpf outside agent/datapath' agent/main.c '#include <bpf/libbpf.h>\n'
fault includes 'libmnl outside agent/net' agent/model/port.c '#include <libmnl/libmnl.h>\n'
fault includes 'the skeleton outside agent/datapath' agent/main.c '#include "xbr.skel.h"\n'

# An upward include is found also where the header is there.
write_good_tree
printf '%s\n' "$c" >agent/model/port.h
printf '#include "model/port.h"\n' >>agent/net/rtnl.h
expect 1 includes 'net includes a header of model that exists'

# The page is held against the real code.
write_good_tree
mkdir -p docs
printf 'no picture\n' >docs/tour.md
expect 1 tour 'a tour without the picture'
rm -rf docs agent bpf cli include tests
for part in README.md docs agent bpf cli include tests vm; do
	cp -r "$top/$part" .
done
expect 0 tour 'the tour as it is'
sed -i s/XBR_REASON_pause/XBR_REASON_runt/ bpf/ingress.h
expect 1 tour 'a picture that is out of date'

exit $status
