// SPDX-License-Identifier: Apache-2.0
/*
 * Meters in a time of their own: the host build's clock goes by what frames take of a wire, so that rates are
 * compared with what was set to a part in a thousand, whatever else this machine does. Every frame offered is
 * also given to an exact model of a token bucket (tokens in 128 bits, no rounding of costs), which says how
 * far the one word of bpf/meter.h may be from it. Storm control has the same word: it is held to its rates
 * likewise, and two threads take of one word at once.
 */
#include <pthread.h>
#include <string.h>

#include "agent/model/meter.h"
#include "host.h"
#include "meter.h"
#include "rows_words.h"
#include "test.h"

#define GOLD   1
#define TENANT 2
#define SECOND 1000000000ull

static struct datapath dp;
static __u8 octets[65536] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x0a, 0x08, 0x00, 0x45};

/* Ports 1 and 3 flood to port 2. */
static void make_world(void)
{
	const __u32 members[] = {P2};

	CU_ASSERT_FATAL(datapath_open(&dp, HOOK_HOST, 16) == 0);
	datapath_clear(&dp);
	host.bridges[ROW_BRIDGE] = (struct xbr_bridge){.fid = ROW_FID, .epoch_shift = 40, .ifindex = 1};
	for (__u32 n = P1; n <= P3; n++) {
		host.ports[n] = (struct xbr_port){.ifindex = n,
						  .bridge = ROW_BRIDGE,
						  .state = XBR_STATE_FORWARDING,
						  .flags = XBR_PORT_DEFAULT_FLAGS};
		host.port_of[n] = n;
	}
	CU_ASSERT_FATAL(datapath_set_flood(&dp, ROW_FID, members, 1) == 0);
}

static void set_meter(__u32 number, const struct meter_settings *wanted, __u64 share, __u32 share_size)
{
	meter_compile("gold", wanted, share, share_size, &host_police.meters[number]);
	host_police.live[number] = (struct xbr_meter_live){};
}

static void hold(__u32 port, __u32 number)
{
	host.ports[port].qos = XBR_QOS_METER_IN;
	host_police.ports[port].meter[XBR_WAY_IN] = (__u16)number;
}

static bool passes(__u32 port, __u32 length, __u32 gso_size)
{
	struct host_outcome outcome;

	host_frame(octets, length, port, gso_size, &outcome);
	return outcome.receivers;
}

static struct meter_settings one_rate(__u64 bits, __u32 size)
{
	struct meter_settings wanted = meter_settings_default;

	wanted.rate[0] = bits;
	wanted.size[0] = size;
	return wanted;
}

/* ---- rates ---- */

/* How much of the rate passes in ten seconds of twice the rate, in thousandths; the burst is not counted. */
static __u64 thousandths(__u64 bits, __u32 size, __u32 length, __u32 gso_size, __u64 counted)
{
	struct meter_settings wanted = one_rate(bits, size);
	__u64 spacing = counted * 8 * SECOND / bits / 2, passed = 0, start = host.clock_ns;

	set_meter(GOLD, &wanted, 0, 0);
	for (; host.clock_ns - start < 10 * SECOND; host.clock_ns += spacing)
		passed += passes(P1, length, gso_size) ? counted : 0;
	return (passed - size) * 8 * 1000 / (bits * 10);
}

static void check_rate(__u64 bits, __u32 length, __u32 gso_size, __u64 counted)
{
	__u64 found = thousandths(bits, 100000, length, gso_size, counted);

	CU_ASSERT(found >= 995 && found <= 1005);
}

static void rates_hold_at_every_length(void)
{
	static const __u64 rates[] = {1000000, 10000000, 100000000};

	make_world();
	hold(P1, GOLD);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		check_rate(rates[i], 64, 0, 64);
		check_rate(rates[i], 512, 0, 512);
		check_rate(rates[i], 1500, 0, 1500);
	}
}

/* IPv4, TCP with 12 octets of options: 66 octets in front of each segment. */
static void segments_of_super_frames_count(void)
{
	const __u32 payload = 44 * 1448;

	make_world();
	hold(P1, GOLD);
	octets[23] = 6;
	octets[46] = 0x80;
	check_rate(100000000, 66 + payload, 1448, 44 * (66 + 1448));
	octets[23] = octets[46] = 0;
}

/* ---- against an exact model ---- */

struct model {
	unsigned __int128 tokens; /* octets times 8 times SECOND */
	__u64 rate, size, at_ns;
};

static bool model_passes(struct model *m, __u64 now, __u32 length)
{
	unsigned __int128 full = (unsigned __int128)m->size * 8 * SECOND,
			  need = (unsigned __int128)length * 8 * SECOND;

	m->tokens += (unsigned __int128)(now - m->at_ns) * m->rate;
	m->tokens = m->tokens < full ? m->tokens : full;
	m->at_ns = now;
	if (m->tokens < need)
		return false;
	m->tokens -= need;
	return true;
}

static __u64 next(__u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Frames and pauses at random: what passed so far is never a frame of the longest more or less. */
static void a_bucket_is_that_of_an_exact_model(void)
{
	__u64 state = 1, ours = 0, exact = 0, most = 0;

	make_world();
	hold(P1, GOLD);
	for (int run = 0; run < 50; run++) {
		struct meter_settings wanted =
			one_rate(1000 + next(&state) % 1000000000, 1514 + (__u32)(next(&state) % 100000));
		struct model m = {.rate = wanted.rate[0], .size = wanted.size[0], .at_ns = host.clock_ns};

		m.tokens = (unsigned __int128)m.size * 8 * SECOND;
		set_meter(GOLD, &wanted, 0, 0);
		ours = exact = 0;
		for (int i = 0; i < 2000; i++) {
			__u32 length = 60 + (__u32)(next(&state) % 1455);

			host.clock_ns += next(&state) % (24 * 1000 * SECOND / wanted.rate[0] + 1);
			ours += passes(P1, length, 0) ? length : 0;
			exact += model_passes(&m, host.clock_ns, length) ? length : 0;
			most = ours > exact && ours - exact > most ? ours - exact : most;
			most = exact > ours && exact - ours > most ? exact - ours : most;
		}
	}
	CU_ASSERT(most <= 1514);
}

/* ---- siblings ---- */

/* Two meters of the same rate under one of that rate: one is sent a frame ten times as often as the other. */
static void siblings_share_their_parent_evenly(void)
{
	struct meter_settings child = one_rate(10000000, 20000), parent = one_rate(10000000, 100000);
	double got[2] = {0, 0}, jain;
	__u64 start;

	make_world();
	child.parent = TENANT;
	set_meter(TENANT, &parent, 0, 0);
	set_meter(GOLD, &child, 5000000, 25000);
	set_meter(TENANT + 1, &child, 5000000, 25000);
	hold(P1, GOLD);
	hold(P3, TENANT + 1);
	start = host.clock_ns;
	for (int i = 0; host.clock_ns - start < 10 * SECOND; i++, host.clock_ns += 100000) {
		got[0] += passes(P1, 1500, 0) ? 1500 : 0;
		if (i % 10 == 0)
			got[1] += passes(P3, 1500, 0) ? 1500 : 0;
	}
	jain = (got[0] + got[1]) * (got[0] + got[1]) / (2 * (got[0] * got[0] + got[1] * got[1]));
	CU_ASSERT(jain >= 0.98);
	CU_ASSERT((got[0] + got[1]) * 8 / 10 <= 1.02 * 10000000 + 100000 * 8 / 10);
	CU_ASSERT((got[0] + got[1]) * 8 / 10 >= 0.98 * 10000000);
}

/* ---- storm control ---- */

#define STORM_TRIES 20000

static void set_storm(__u64 rate, bool packets)
{
	host.ports[P1].guard = XBR_GUARD_STORM;
	host.guards[P1].cost[XBR_STORM_BROADCAST] = meter_cost(rate, packets);
	host.guards[P1].storm_octets = packets ? 0 : 1 << XBR_STORM_BROADCAST;
	host.guard_live[P1] = (struct xbr_guard_live){};
}

/* What came at once is let in first; then, of twice the rate, half. In thousandths of it. */
static __u64 storm_thousandths(__u32 length, __u32 gso_size, __u64 spacing_ns)
{
	__u64 passed = 0;

	while (passes(P1, length, gso_size))
		;
	for (int i = 0; i < STORM_TRIES; i++) {
		host.clock_ns += spacing_ns;
		passed += passes(P1, length, gso_size);
	}
	return passed * 1000 / (STORM_TRIES / 2);
}

/* frames, octets: of which one frame stands. */
static void check_storm(__u64 rate, bool packets, __u32 length, __u32 gso_size, __u64 frames, __u64 octets_of)
{
	__u64 found;

	set_storm(rate, packets);
	found = storm_thousandths(length, gso_size, (packets ? frames : octets_of * 8) * SECOND / rate / 2);
	CU_ASSERT(found >= 990 && found <= 1010);
}

static void check_storm_lengths(__u64 rate, bool packets)
{
	check_storm(rate, packets, 64, 0, 1, 64);
	check_storm(rate, packets, 512, 0, 1, 512);
	check_storm(rate, packets, 1500, 0, 1, 1500);
	/* 44 segments behind headers of Ethernet, IPv4 and TCP, as storm.h takes them to be */
	check_storm(rate, packets, 54 + 44 * 1448, 1448, 44, 44 * (54 + 1448));
}

static void storms_are_held_to_their_rates(void)
{
	static const __u64 frames[] = {100, 10000, 100000},
			   bits[] = {1000000, 10000000, 100000000, 1000000000};

	make_world();
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		check_storm_lengths(frames[i], true);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		check_storm_lengths(bits[i], false);
}

/* ---- two processors ---- */

#define TAKES      200000
#define TAKE_COST  (1000ull << XBR_METER_SHIFT) /* 1000 ns: a million a second */
#define TAKE_BURST (50000ull << XBR_METER_SHIFT)

static __u64 shared_until, shared_clock;

/* Each try is a fourth of a cost later than the one before, whichever thread's that was. */
static void *take_until_done(void *ret_taken)
{
	__u64 *taken = ret_taken;

	for (int i = 0; i < TAKES; i++) {
		__u64 now = __sync_add_and_fetch(&shared_clock, TAKE_COST / 4);

		*taken += meter_take(&shared_until, TAKE_COST, 0, TAKE_BURST, now) != 0;
	}
	return NULL;
}

/*
 * Nothing that was let in is unpaid, and nothing was paid twice: the bucket, never full in between, is as far
 * on as was taken. So it is as far ahead of the clock as it may be, a frame of each thread more or less.
 */
static void two_processors_take_no_more_than_one(void)
{
	__u64 taken[2] = {0, 0}, start = SECOND << XBR_METER_SHIFT;
	pthread_t other;

	shared_clock = start;
	shared_until = start;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&other, NULL, take_until_done, &taken[1]), 0);
	take_until_done(&taken[0]);
	pthread_join(other, NULL);
	CU_ASSERT_EQUAL(shared_clock, start + 2 * TAKES * (TAKE_COST / 4));
	/* the first try found the bucket full since a fourth of a cost */
	CU_ASSERT(shared_until - start - (taken[0] + taken[1]) * TAKE_COST <= TAKE_COST / 2);
	CU_ASSERT(shared_until <= shared_clock + TAKE_BURST + 3 * TAKE_COST);
	CU_ASSERT(shared_until >= shared_clock + TAKE_BURST - 3 * TAKE_COST);
}

int test_meter_suite(void)
{
	static const struct test_case cases[] = {
		{"rates_hold_at_every_length", rates_hold_at_every_length},
		{"segments_of_super_frames_count", segments_of_super_frames_count},
		{"a_bucket_is_that_of_an_exact_model", a_bucket_is_that_of_an_exact_model},
		{"siblings_share_their_parent_evenly", siblings_share_their_parent_evenly},
		{"storms_are_held_to_their_rates", storms_are_held_to_their_rates},
		{"two_processors_take_no_more_than_one", two_processors_take_no_more_than_one},
		{NULL, NULL},
	};

	return test_suite_add("meter", cases);
}
