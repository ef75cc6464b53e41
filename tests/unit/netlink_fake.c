// SPDX-License-Identifier: Apache-2.0
#include "netlink_fake.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#define DATAGRAM_MAX 32768

static size_t from_hex(const char *text, uint8_t *ret_octets)
{
	size_t count = 0;

	for (; *text; text++) {
		unsigned int octet;

		if (*text == ' ' || *text == '\n')
			continue;
		sscanf(text++, "%2x", &octet);
		ret_octets[count++] = (uint8_t)octet;
	}
	return count;
}

/* Its type and what follows the header: flags, sequence and port are the transport's. */
static bool is_expected(struct fake *fake, const uint8_t *asked, size_t length)
{
	static _Thread_local uint8_t expected[DATAGRAM_MAX];
	const struct nlmsghdr *header = (const void *)asked;
	size_t count = from_hex(fake->rounds[fake->done].question, expected), used = 0;

	if (count == length - 16 + 2 && !memcmp(expected, &header->nlmsg_type, 2) &&
	    !memcmp(expected + 2, asked + 16, length - 16))
		return true;
	if (fake->wrong[0])
		return false;
	used += (size_t)snprintf(fake->wrong, sizeof(fake->wrong), "round %u was asked %02x%02x ", fake->done,
				 asked[4], asked[5]);
	for (size_t i = 16; i < length && used + 4 < sizeof(fake->wrong); i++)
		used += (size_t)snprintf(fake->wrong + used, sizeof(fake->wrong) - used, "%02x", asked[i]);
	return false;
}

static size_t put_end(uint8_t *datagram, const struct nlmsghdr *question, int code, bool is_dump)
{
	struct nlmsghdr *header = (void *)datagram;

	*header = (struct nlmsghdr){.nlmsg_len = is_dump ? 20 : 36,
				    .nlmsg_type = is_dump ? NLMSG_DONE : NLMSG_ERROR,
				    .nlmsg_seq = question->nlmsg_seq};
	memset(datagram + 16, 0, 20);
	memcpy(datagram + 16, &code, sizeof(code));
	return header->nlmsg_len;
}

static size_t put_answer(uint8_t *datagram, const struct nlmsghdr *question, const char *answer)
{
	size_t count = from_hex(answer, datagram);

	for (struct nlmsghdr *header = (void *)datagram; (uint8_t *)header < datagram + count;
	     header = (void *)((uint8_t *)header + NLMSG_ALIGN(header->nlmsg_len)))
		header->nlmsg_seq = question->nlmsg_seq;
	return count;
}

static void *play(void *user)
{
	struct fake *fake = user;
	_Alignas(8) uint8_t asked[NETLINK_REQUEST_MAX];
	static _Thread_local _Alignas(8) uint8_t datagram[DATAGRAM_MAX];
	ssize_t length;

	while ((length = recv(fake->far, asked, sizeof(asked), 0)) >= 16) {
		const struct nlmsghdr *question = (const void *)asked;
		const struct fake_round *round = &fake->rounds[fake->done];
		bool known = fake->done < fake->count && is_expected(fake, asked, (size_t)length);

		if (known && round->answer)
			send(fake->far, datagram, put_answer(datagram, question, round->answer), 0);
		send(fake->far, datagram,
		     put_end(datagram, question, known ? round->code : -EBADMSG, known && round->is_dump), 0);
		fake->done += known;
	}
	return NULL;
}

bool fake_open(struct fake *ret_fake, const struct fake_round *rounds, unsigned int count)
{
	/* as long as a struct sockaddr_nl */
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0xbr-fake"};
	static unsigned int number;
	int ends[2];

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%04x%05u", (unsigned int)getpid() & 0xffff,
		 number++);
	*ret_fake = (struct fake){.rounds = rounds, .count = count};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ||
	    bind(ends[1], (void *)&name, (socklen_t)sizeof(struct sockaddr_nl)))
		return false;
	ret_fake->far = ends[1];
	ret_fake->netlink.socket = mnl_socket_fdopen(ends[0]);
	ret_fake->netlink.answer = malloc(NETLINK_ANSWER_MAX);
	return ret_fake->netlink.socket && !pthread_create(&ret_fake->thread, NULL, play, ret_fake);
}

void fake_close(struct fake *fake)
{
	netlink_close(&fake->netlink);
	pthread_join(fake->thread, NULL);
	close(fake->far);
	if (fake->wrong[0])
		printf("     %s\n", fake->wrong);
	CU_ASSERT_EQUAL(fake->wrong[0], '\0');
	CU_ASSERT_EQUAL(fake->done, fake->count);
}
