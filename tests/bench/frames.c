// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of the benchmark: makes them, sends them, counts them, takes the time. It reads commands from
 * stdin, a line each, and answers each with a line of JSON: {} or a result, {"error": sentence} if it failed.
 * It runs in the namespace of the bridge under test and stays for as long as its sinks are wanted.
 *
 *     sink NETNS DEV xdp|clock|tc          drops and counts every frame that arrives there
 *     times                                when the first and the last one came to a sink `clock` since the
 *                                          question before: of flow 0, and of the others
 *     out SLOT NETNS DEV                   a device for `next out` and `next flood`
 *     next pass|out|flood|PIN              what a generated frame meets: the stack, a device, all devices, or
 *                                          the program of a pinned link
 *     flows NUMBER RULES PORT              so many flows of UDP from now on (pattern.h); RULES 0: no IP
 *     tags NUMBER                          an S-tag of so many VIDs in each frame from now on; 0: none
 *     run DEV FRAMES LENGTH ORDER SRC NUMBER DST NUMBER    generates frames that come in by DEV
 *     send NETNS DEV FRAMES LENGTH SRC DST                 sends frames by a packet socket
 *     cost PIN DEV LENGTH SRC DST RUNS     one program on one frame, again and again
 *     hold PIN DEV LENGTH GSO SRC DST START END   the same with a program of TC, from START to END (ns of
 *                                          CLOCK_MONOTONIC) without a pause: how often, and the longest pause
 *                                          that was made for us. GSO: payload of a super-frame's segments, or
 * 0
 *
 * NETNS is a name of ip-netns(8) or "." for our own; ORDER random or sequential; SRC and DST the second octet
 * of stations (pattern.h), NUMBER how many.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pattern.h"

#include "bench/frames.skel.h" /* its variables are of the type above */

#define ATTACH_TYPE_TCX_INGRESS 46 /* linux/bpf.h since 6.6 */

#define WORDS_MAX 12
#define CPUS_MAX  256
#define FRAME_MAX 2048
#define BATCH     64          /* frames at a time, as a NIC's poll */
#define PATIENCE  20000000ull /* ns without a new frame until the rest is given up for lost */
#define ETHERTYPE 0x88b5      /* local experimental (802, 9.2.3) */
#define NICE      -20

struct harness {
	struct frames_bpf *bpf;
	int home; /* our own namespace */
};

struct result {
	__u64 frames;
	__u64 delivered;
	__u64 ns; /* from the first frame made to the last delivered */
};

static int fail(const char *what, int err)
{
	printf("{\"error\": \"%s: %s\"}\n", what, strerror(-err));
	return err;
}

static int done(void)
{
	puts("{}");
	return 0;
}

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000 + (__u64)t.tv_nsec;
}

static unsigned long number_of(const char *word)
{
	return strtoul(word, NULL, 0);
}

/* ---- places ---- */

static int enter(const struct harness *h, const char *netns)
{
	char path[128];
	int fd, err;

	if (!strcmp(netns, "."))
		return setns(h->home, CLONE_NEWNET) ? -errno : 0;
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return err;
}

static void leave(const struct harness *h)
{
	setns(h->home, CLONE_NEWNET);
}

static int index_of(const char *dev)
{
	unsigned int index = if_nametoindex(dev);

	return index ? (int)index : -errno;
}

/* A descriptor of the program that a pinned link keeps, or -errno. */
static int program_of(const char *pin)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int link = bpf_obj_get(pin), err;

	if (link < 0)
		return -errno;
	err = bpf_obj_get_info_by_fd(link, &info, &size) ? -errno : 0;
	close(link);
	if (err)
		return err;
	err = bpf_prog_get_fd_by_id(info.prog_id);
	return err < 0 ? -errno : err;
}

/* ---- set-up ---- */

static int attach(const struct harness *h, const char *dev, const char *kind)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	bool xdp = strcmp(kind, "tc") != 0, clock = !strcmp(kind, "clock");
	int type = xdp ? BPF_XDP : ATTACH_TYPE_TCX_INGRESS;
	int program = bpf_program__fd(clock ? h->bpf->progs.sink_clock
				      : xdp ? h->bpf->progs.sink_xdp
					    : h->bpf->progs.sink_tc);
	int index = index_of(dev);

	if (index < 0)
		return index;
	opts.flags = xdp ? XDP_FLAGS_DRV_MODE : 0;
	/* the link lives as long as this process: its descriptor is not closed */
	return bpf_link_create(program, index, (enum bpf_attach_type)type, &opts) < 0 ? -errno : 0;
}

static int on_sink(struct harness *h, char **words)
{
	int err = enter(h, words[1]);

	if (!err)
		err = attach(h, words[2], words[3]);
	leave(h);
	return err ? fail("sink", err) : done();
}

static int on_out(struct harness *h, char **words)
{
	__u32 slot = (__u32)number_of(words[1]);
	int err = enter(h, words[2]), index = err ? err : index_of(words[3]);

	if (index >= 0)
		err = bpf_map_update_elem(bpf_map__fd(h->bpf->maps.out), &slot, &index, BPF_ANY);
	else
		err = index;
	leave(h);
	return err ? fail("out", err) : done();
}

static int set_next(const struct harness *h, int program)
{
	return bpf_map_update_elem(bpf_map__fd(h->bpf->maps.next), &(__u32){0}, &program, BPF_ANY);
}

static int on_next(struct harness *h, char **words)
{
	int program, err;

	if (!strcmp(words[1], "pass")) {
		err = bpf_map_delete_elem(bpf_map__fd(h->bpf->maps.next), &(__u32){0});
		return err && err != -ENOENT ? fail("next", err) : done();
	}
	if (!strcmp(words[1], "out"))
		err = set_next(h, bpf_program__fd(h->bpf->progs.forward));
	else if (!strcmp(words[1], "flood"))
		err = set_next(h, bpf_program__fd(h->bpf->progs.flood));
	else {
		program = program_of(words[1]);
		err = program < 0 ? program : set_next(h, program);
		if (program >= 0)
			close(program);
	}
	return err ? fail("next", err) : done();
}

/* ---- counting ---- */

/* Of all processors. */
static struct tally count(const struct harness *h)
{
	static struct tally per_cpu[CPUS_MAX];
	int cpus = libbpf_num_possible_cpus();
	struct tally sum = {0};

	bpf_map_lookup_elem(bpf_map__fd(h->bpf->maps.delivered), &(__u32){0}, per_cpu);
	for (int cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
		sum.frames += per_cpu[cpu].frames;
		if (per_cpu[cpu].at_ns > sum.at_ns)
			sum.at_ns = per_cpu[cpu].at_ns;
	}
	return sum;
}

/*
 * Until every frame is there, or none has come for a while. The time is that of the last one the sinks noted,
 * at most TALLY_EVERY before the last of all.
 */
static void settle(const struct harness *h, __u64 before, __u64 start, struct result *result)
{
	__u64 last = now_ns();
	struct tally tally = count(h);

	result->delivered = tally.frames - before;
	while (result->delivered < result->frames && now_ns() - last < PATIENCE) {
		tally = count(h);
		if (tally.frames - before != result->delivered)
			last = now_ns();
		result->delivered = tally.frames - before;
	}
	result->ns = (tally.at_ns > start ? tally.at_ns : last) - start;
}

static int tell(const struct result *result)
{
	printf("{\"frames\": %llu, \"delivered\": %llu, \"ns\": %llu}\n", result->frames, result->delivered,
	       result->ns);
	return 0;
}

static int on_times(struct harness *h, char **words)
{
	struct pattern_times *times = h->bpf->bss->times;

	(void)words;
	printf("{\"first\": [%llu, %llu], \"last\": [%llu, %llu]}\n", times[0].first_ns, times[1].first_ns,
	       times[0].last_ns, times[1].last_ns);
	memset(times, 0, sizeof(h->bpf->bss->times));
	return 0;
}

/* ---- frames ---- */

static void write_frame(__u8 frame[FRAME_MAX], struct pattern_set src, struct pattern_set dst)
{
	__u64 from = pattern_mac(src, 0), to = pattern_mac(dst, 0);

	memset(frame, 0, FRAME_MAX);
	memcpy(frame, &to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, &from, ETH_ALEN);
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
}

/* What `generate_flows` does not write itself. */
static void write_ip(__u8 *frame, __u32 length)
{
	struct iphdr *ip = (struct iphdr *)(frame + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	frame[12] = ETH_P_IP >> 8;
	frame[13] = ETH_P_IP & 0xff;
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons((__u16)(length - ETH_HLEN));
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	udp->len = htons((__u16)(length - ETH_HLEN - sizeof(*ip)));
}

/* What `generate_tags` does not write itself. */
static void write_tag(__u8 *frame)
{
	memmove(frame + ETH_HLEN + 2, frame + ETH_HLEN - 2, 2);
	frame[12] = ETH_P_8021AD >> 8;
	frame[13] = ETH_P_8021AD & 0xff;
}

static int generate(const struct harness *h, const char *dev, __u64 frames, __u32 length)
{
	static __u8 frame[FRAME_MAX];
	struct xdp_md context = {.data_end = length};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)frames, .batch_size = BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int index = strcmp(dev, "-") ? index_of(dev) : 0;

	if (index < 0)
		return index;
	context.ingress_ifindex = (__u32)index;
	write_frame(frame, h->bpf->bss->pattern.src, h->bpf->bss->pattern.dst);
	if (h->bpf->bss->pattern.tags) {
		write_tag(frame);
		return bpf_prog_test_run_opts(bpf_program__fd(h->bpf->progs.generate_tags), &opts);
	}
	if (!h->bpf->bss->pattern.rules)
		return bpf_prog_test_run_opts(bpf_program__fd(h->bpf->progs.generate), &opts);
	write_ip(frame, length);
	return bpf_prog_test_run_opts(bpf_program__fd(h->bpf->progs.generate_flows), &opts);
}

static int on_flows(struct harness *h, char **words)
{
	struct pattern *pattern = &h->bpf->bss->pattern;

	pattern->flow_mask = (__u32)(number_of(words[1]) - 1);
	pattern->rules = (__u32)number_of(words[2]);
	pattern->port = (__u32)number_of(words[3]);
	return done();
}

static int on_tags(struct harness *h, char **words)
{
	h->bpf->bss->pattern.tags = (__u32)number_of(words[1]);
	return done();
}

static int on_run(struct harness *h, char **words)
{
	struct pattern *pattern = &h->bpf->bss->pattern;
	struct result result = {.frames = number_of(words[2])};
	__u64 before = count(h).frames;
	int err;

	pattern->random = !strcmp(words[4], "random");
	pattern->src.set = (__u32)number_of(words[5]);
	pattern->src.mask = (__u32)number_of(words[6]) - 1;
	pattern->dst.set = (__u32)number_of(words[7]);
	pattern->dst.mask = (__u32)number_of(words[8]) - 1;
	h->bpf->bss->number = 0;
	err = generate(h, words[1], result.frames, (__u32)number_of(words[3]));
	if (err)
		return fail("run", err);
	/* not from the call on: before and after the frames the kernel patches its XDP dispatcher for 24 ms
	 */
	settle(h, before, h->bpf->bss->start_ns, &result);
	return tell(&result);
}

/* ---- sockets ---- */

static int open_socket(const struct harness *h, const char *netns, const char *dev)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int err = enter(h, netns), sock = err ? -1 : socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (sock < 0) {
		err = err ? err : -errno;
	} else {
		address.sll_ifindex = index_of(dev);
		err = bind(sock, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	}
	leave(h);
	if (!err)
		return sock;
	if (sock >= 0)
		close(sock);
	return err;
}

static int send_frames(int sock, __u8 *frame, size_t length, __u64 frames)
{
	struct iovec octets = {frame, length};
	struct mmsghdr messages[BATCH] = {};

	for (int i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &octets, .msg_iovlen = 1};
	while (frames) {
		int sent = sendmmsg(sock, messages, frames < BATCH ? (unsigned int)frames : BATCH, 0);

		if (sent < 0)
			return -errno;
		frames -= (unsigned int)sent;
	}
	return 0;
}

static int on_send(struct harness *h, char **words)
{
	static __u8 frame[FRAME_MAX];
	struct result result = {.frames = number_of(words[3])};
	struct pattern_set src = {.set = (__u32)number_of(words[5])},
			   dst = {.set = (__u32)number_of(words[6])};
	int sock = open_socket(h, words[1], words[2]), err;
	__u64 before = count(h).frames, start = now_ns();

	if (sock < 0)
		return fail("send", sock);
	write_frame(frame, src, dst);
	err = send_frames(sock, frame, number_of(words[4]), result.frames);
	close(sock);
	if (err)
		return fail("send", err);
	settle(h, before, start, &result);
	return tell(&result);
}

/* ---- one program ---- */

static int on_cost(struct harness *h, char **words)
{
	static __u8 frame[FRAME_MAX];
	struct xdp_md context = {.data_end = (__u32)number_of(words[3])};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = context.data_end,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = (int)number_of(words[6]));
	struct pattern_set src = {.set = (__u32)number_of(words[4])},
			   dst = {.set = (__u32)number_of(words[5])};
	int own = !strcmp(words[1], "-"), index = index_of(words[2]);
	int program = own ? bpf_program__fd(h->bpf->progs.forward) : program_of(words[1]), err;

	if (program < 0 || index < 0)
		return fail("cost", program < 0 ? program : index);
	context.ingress_ifindex = (__u32)index;
	write_frame(frame, src, dst);
	if (h->bpf->bss->pattern.rules)
		write_ip(frame, context.data_end);
	err = bpf_prog_test_run_opts(program, &opts);
	if (!own)
		close(program);
	if (err)
		return fail("cost", err);
	printf("{\"ns\": %u, \"verdict\": %u}\n", opts.duration, opts.retval);
	return 0;
}

#define HOLD_BATCH 32 /* so many at a time: the end is met to a few microseconds */

static void hold(int program, struct bpf_test_run_opts *opts, __u64 start, __u64 end)
{
	__u64 at = now_ns(), frames = 0, pause = 0, last;
	int err = 0;

	while (at < start)
		at = now_ns();
	for (last = at; at < end && !err; last = at) {
		opts->data_size_out = opts->ctx_size_out = 0; /* it set them, and would heed them */
		err = bpf_prog_test_run_opts(program, opts);
		frames += HOLD_BATCH;
		at = now_ns();
		pause = at - last > pause ? at - last : pause;
	}
	if (err)
		fail("hold", err);
	else
		printf("{\"frames\": %llu, \"pause_ns\": %llu}\n", frames, pause);
}

static int on_hold(struct harness *h, char **words)
{
	static __u8 frame[FRAME_MAX];
	__u32 length = (__u32)number_of(words[3]);
	struct pattern_set src = {.set = (__u32)number_of(words[5])},
			   dst = {.set = (__u32)number_of(words[6])};
	int program = program_of(words[1]), index = index_of(words[2]);
	struct __sk_buff skb = {.ifindex = (__u32)index, .gso_size = (__u32)number_of(words[4])};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length, .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .repeat = HOLD_BATCH);

	(void)h;
	if (program < 0 || index < 0 || length > FRAME_MAX)
		return fail("hold", program < 0 ? program : index < 0 ? index : -EINVAL);
	write_frame(frame, src, dst);
	hold(program, &opts, number_of(words[7]), number_of(words[8]));
	close(program);
	return 0;
}

/* ---- commands ---- */

static const struct command {
	const char *name;
	int words;
	int (*run)(struct harness *h, char **words);
} commands[] = {
	{"sink", 4, on_sink}, {"out", 4, on_out},   {"next", 2, on_next}, {"flows", 4, on_flows},
	{"run", 9, on_run},   {"send", 7, on_send}, {"cost", 7, on_cost}, {"times", 1, on_times},
	{"tags", 2, on_tags}, {"hold", 9, on_hold},
};

static int split(char *line, char *words[WORDS_MAX])
{
	int count = 0;

	for (char *word = strtok(line, " \n"); word && count < WORDS_MAX; word = strtok(NULL, " \n"))
		words[count++] = word;
	return count;
}

static int obey(struct harness *h, char *line)
{
	char *words[WORDS_MAX];
	int count = split(line, words);

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (count == commands[i].words && !strcmp(words[0], commands[i].name))
			return commands[i].run(h, words);
	return fail("what", -EINVAL);
}

/* devices: how many `out` has room for. */
static int open_harness(struct harness *h, __u32 devices)
{
	int err;

	h->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	h->bpf = frames_bpf__open();
	if (h->home < 0 || !h->bpf)
		return -errno;
	err = bpf_map__set_max_entries(h->bpf->maps.out, devices);
	return err ? err : frames_bpf__load(h->bpf);
}

static int stay_on_cpu(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || setpriority(PRIO_PROCESS, 0, NICE))
		return -errno;
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct harness harness = {0};
	char line[1024];
	int err;

	if (argc != 3) {
		fputs("usage: frames CPU DEVICES\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* kernels before 5.11 charge maps to it */
	err = stay_on_cpu((unsigned int)number_of(argv[1]));
	if (!err)
		err = open_harness(&harness, (__u32)number_of(argv[2]));
	if (err) {
		fprintf(stderr, "frames: %s\n", strerror(-err));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin))
		obey(&harness, line);
	frames_bpf__destroy(harness.bpf);
	return 0;
}
