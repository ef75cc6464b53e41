#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/demo/demo.sh          (root; `make demo` asks sudo)
#
# A working bridge, shown: three guests (network namespaces) on an xbr bridge with an address of its own, real traffic between them,
# the kernel's bridge beside it, and what becomes of all that when the agent is killed. The bridge is in a namespace too, so that
# nothing of this machine's network is touched. Every claim is checked: one that does not hold ends the demo with a sentence and
# status 1. $XBR_BUILD names the folder of xbr and xbrd; default: build/ of this tree.
set -eEuo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
BUILD=${XBR_BUILD:-$(cd "$(dirname "$0")/../.." && pwd)/build}
PREFIX=xbr-demo-$$
ROUNDS=3         # of throughput, each bridge
ROUND_SECONDS=2  # of each round
ECHOES=6000      # sent while the agent is killed and started again, one a millisecond
FDB_SIZE=4096    # addresses: a small table, for it is dumped whole below

folder=  # of the pins, the socket, and what is measured
agent=   # pid
server=  # pid of iperf3
stream=  # pid of ping
namespaces=()

if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
	bold='' green='' dim='' plain=''
fi

# ---- telling -----------------------------------------------------------------------------------------------------

fail() {
	trap - ERR
	echo "demo.sh: $*" >&2
	exit 1
}

# What nobody expected to fail. Over 128 is a signal, whose sender knows; part of a pipe leaves the telling to the whole. The pause lets
# an interrupt that ended a command be told as such.
on_error() {
	local status=$?

	if [ "$status" -gt 128 ] || [ "$BASH_SUBSHELL" -gt 0 ]; then
		exit "$status"
	fi
	sleep 0.1
	fail "line $1: \"$2\" failed"
}

heading() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

note() {
	printf '%s  => %s%s\n' "$green" "$*" "$plain"
}

prompt() {
	printf '%s%7s#%s %s\n' "$dim" "$1" "$plain" "$2"
}

# The output of a command, less empty lines and what ping says before it says something.
indent() {
	sed -E '/^$|^PING|^---/d; s/^/         /'
}

# ---- doing -------------------------------------------------------------------------------------------------------

# in_place PLACE COMMAND...: runs it in the namespace of a guest, of `host` or of `kernel`. (`ip netns exec` would hide bpffs.)
in_place() {
	nsenter --net="/run/netns/$PREFIX-$1" "${@:2}"
}

# show PLACE COMMAND...: the command, then its output.
show() {
	prompt "$1" "${*:2}"
	in_place "$@" 2>&1 | indent || fail "\"${*:2}\" failed in $1"
}

xbr() {
	"$BUILD/xbr" "$@"
}

# xbr's own commands go to the agent's socket, whatever the namespace.
show_xbr() {
	prompt host "xbr $*"
	xbr "$@" 2>&1 | indent || fail "\"xbr $*\" failed"
}

# wait_for WHAT COMMAND...: polls until the command succeeds.
wait_for() {
	local tries

	for ((tries = 0; tries < 200; tries++)); do
		"${@:2}" >/dev/null 2>&1 && return
		sleep 0.05
	done
	fail "waited ten seconds for $1 in vain"
}

# ---- guests ------------------------------------------------------------------------------------------------------

namespace_add() {
	ip netns add "$PREFIX-$1"
	namespaces+=("$PREFIX-$1")
	in_place "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$PREFIX-$1" link set lo up
}

# link_add PLACE NUMBER DEVICE NETWORK: a veth pair from a bridge's place (vNUMBER) to a guest (DEVICE, with an address).
link_add() {
	local host=$PREFIX-$1 guest=$PREFIX-guest$2

	ip -n "$host" link add "v$2" type veth peer name "$3" netns "$guest" address "02:00:00:00:0$4:0$2"
	ip -n "$guest" addr add "10.0.$4.$2/24" dev "$3"
	ip -n "$guest" link set "$3" up
	ip -n "$host" link set "v$2" up
}

# The same guests, on the kernel's own bridge with their second device.
kernel_bridge_add() {
	local number

	ip -n "$PREFIX-kernel" link add br0 up type bridge
	for number in 1 2 3; do
		link_add kernel "$number" eth1 1
		ip -n "$PREFIX-kernel" link set "v$number" master br0
	done
}

topology_add() {
	local place number

	for place in host kernel guest1 guest2 guest3; do
		namespace_add "$place"
	done
	for number in 1 2 3; do
		link_add host "$number" eth0 0
	done
	kernel_bridge_add
}

# ---- agent -------------------------------------------------------------------------------------------------------

# nsenter becomes the agent: the pid is the agent's.
agent_start() {
	prompt host "xbrd --pin-dir $folder/pins --fdb-size $FDB_SIZE &"
	nsenter --net="/run/netns/$PREFIX-host" "$BUILD/xbrd" --pin-dir "$folder/pins" --socket "$XBR_SOCKET" \
		--config /dev/null --fdb-size "$FDB_SIZE" </dev/null >"$folder/log" 2>&1 &
	agent=$!
	wait_for 'the agent' agent_answers_or_ended
	kill -0 "$agent" 2>/dev/null || fail "the agent gave up: $(cat "$folder/log")"
	indent <"$folder/log"
}

agent_answers_or_ended() {
	! kill -0 "$agent" || xbr version
}

agent_kill() {
	prompt host "kill -9 $agent    # xbrd"
	kill -9 "$agent"
	wait "$agent" 2>/dev/null || true
	agent=
}

ports_forward() {
	[ "$(xbr -j link show | jq '[.[] | select(.state == "forwarding")] | length')" -eq 3 ] &&
		xbr bridge show dev br0 | grep -q '[<,]UP'
}

# ---- traffic -----------------------------------------------------------------------------------------------------

echo_ok() {
	show "$1" ping -q -c 5 -i 0.1 -W 1 "$2" | tee "$folder/ping" || exit 1
	grep -q ' 0% packet loss' "$folder/ping" || fail "$1 does not reach $2"
}

# One round of TCP from guest1 to an address of guest2, in Mb/s.
tcp_round() {
	in_place guest1 iperf3 -J -c "$1" -t "$ROUND_SECONDS" | jq '.end.sum_received.bits_per_second / 1e6 | floor'
}

median() {
	sort -n | sed -n "$(((ROUNDS + 1) / 2))p"
}

throughput() {
	local round ours kernels

	for ((round = 1; round <= ROUNDS; round++)); do
		tcp_round 10.0.0.2 >>"$folder/ours"
		tcp_round 10.0.1.2 >>"$folder/kernels"
	done
	ours=$(median <"$folder/ours") kernels=$(median <"$folder/kernels")
	prompt guest1 "iperf3 -t $ROUND_SECONDS -c guest2    # through each bridge by turns, $ROUNDS rounds, medians"
	printf '         %-15s %6d Mb/s\n' 'xbr' "$ours" "kernel's bridge" "$kernels"
	note "xbr carries $(jq -n "$ours / $kernels * 100 | round / 100") times what the kernel's bridge does"
}

knows() {
	xbr fdb get "02:00:00:00:00:0$1" br br0 >/dev/null 2>&1
}

frames_in() {
	xbr -j stats show dev v1 | jq '.[0].rx.packets'
}

# ---- life and death ----------------------------------------------------------------------------------------------

stream_start() {
	prompt guest1 "ping -q -c $ECHOES -i 0.001 10.0.0.2 &"
	nsenter --net="/run/netns/$PREFIX-guest1" ping -q -c "$ECHOES" -i 0.001 -W 2 10.0.0.2 </dev/null >"$folder/stream" 2>&1 &
	stream=$!
	sleep 1
}

stream_runs() {
	kill -0 "$stream" 2>/dev/null || fail "the stream was over $1: $(tail -n 2 "$folder/stream")"
}

stream_end() {
	wait "$stream" || fail "the stream failed: $(tail -n 2 "$folder/stream")"
	stream=
	prompt guest1 'fg    # ping'
	indent <"$folder/stream"
	grep -q " $ECHOES received, 0% packet loss" "$folder/stream" || fail 'echoes were lost, or came twice'
}

# guest3's entry, read by somebody who knows nothing of xbr.
dump_pinned() {
	local fdb

	fdb=$(echo "$folder"/pins/v*/fdb)
	prompt host "bpftool -j map dump pinned $fdb | jq ...    # guest3's entry"
	bpftool -j map dump pinned "$fdb" | jq -c '.[].formatted.value | [.key, .data] | transpose[] | add |
		select(.mac == [2, 0, 0, 0, 0, 3])' | indent | tee "$folder/entry"
	[ -s "$folder/entry" ] || fail 'guest3 was not learned while the agent was dead'
}

while_dead() {
	stream_runs 'before the agent was killed'
	agent_kill
	sleep 0.5
	echo_ok guest3 10.0.0.2
	dump_pinned
	note 'no agent, and guest3, silent until now, was flooded for, answered and learned'
}

come_back() {
	agent_start
	stream_runs 'before the agent was back'
	knows 3 || fail 'the agent that came back does not know guest3'
	show_xbr -s fdb show br br0 dynamic
	stream_end
	note "not one of $ECHOES echoes lost or doubled, through death and return"
}

# ---- the way out -------------------------------------------------------------------------------------------------

cleanup() {
	local pid namespace

	trap - ERR
	trap '' INT TERM
	for pid in $stream $server $agent; do
		kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for namespace in "${namespaces[@]}"; do
		ip netns del "$namespace"
	done
	if mountpoint -q "$folder/pins"; then
		umount "$folder/pins"
	fi
	rm -rf "$folder"
}

check_needs() {
	local program

	[ "$(id -u)" -eq 0 ] || fail 'network namespaces and BPF are for root: try "make demo", or sudo'
	for program in "$BUILD/xbr" "$BUILD/xbrd" ip nsenter ping iperf3 jq bpftool; do
		command -v "$program" >/dev/null || fail "there is no $program: \"make demo\" builds and installs what is missing"
	done
}

# ---- the demo ----------------------------------------------------------------------------------------------------

check_needs
trap 'on_error "$LINENO" "$BASH_COMMAND"' ERR
trap 'set +e; cleanup' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
folder=$(mktemp -d "/tmp/$PREFIX.XXXX")
export XBR_SOCKET=$folder/xbrd.sock

echo "${bold}xbr: an edge virtual bridge, shown on three guests${plain}"
echo 'Guests and bridge are network namespaces; what stands before # is where a command runs.'

heading '1. A bridge with an address, and three guests on it'
topology_add
agent_start
show_xbr bridge add br0
show host ip addr add 10.0.0.254/24 dev br0
show host ip link set br0 up
for number in 1 2 3; do
	show_xbr link add "v$number" master br0
done
wait_for 'the ports to forward' ports_forward

heading '2. Which hook each port got, and why'
show_xbr link show

heading '3. Traffic: guest to guest, guest to host'
echo_ok guest1 10.0.0.2
echo_ok guest2 10.0.0.254

heading '4. What the bridge learned (guest3 has not said a word yet), and counted'
show_xbr fdb show br br0 dynamic
if ! knows 1 || ! knows 2 || knows 3; then
	fail 'the table should hold guest1 and guest2, and not guest3'
fi
show_xbr stats show dev v1

heading "5. TCP throughput, beside the kernel's bridge with the same guests"
nsenter --net="/run/netns/$PREFIX-guest2" iperf3 -s </dev/null >/dev/null 2>&1 &
server=$!
wait_for 'iperf3' in_place guest1 bash -c ': </dev/tcp/10.0.0.2/5201'
throughput

heading '6. The agent dies in the middle of a stream'
before=$(frames_in)
stream_start
while_dead

heading '7. The agent comes back'
come_back
after=$(frames_in)
show_xbr stats show dev v1
[ "$after" -ge $((before + ECHOES)) ] || fail "counters were lost: $before frames before the stream, $after after it"
note "counters went on: $before frames of guest1 before the stream, $after after it (64 KB super-frames count once)"

heading '8. All of it is taken away again'
show_xbr bridge del br0
show host ip -brief link show
[ -z "$(ls "$folder/pins/links")" ] || fail "programs were left on devices: $(ls "$folder/pins/links")"
note 'the bridge device is gone, no program is left on any device, the guests have their cables back'
