/*
 * What a virtio network of several queues stands on, without a guest: flows
 * that are the same there and back, lanes of a hub and of a TAP that frames
 * come by, and several used buffers that a driver sees at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/virtio/net.h"
#include "kvm/virtio/net_flow.h"
#include "virtio_driver.h"

/* UDP over IPv4 between two ends; `turned`: the other way. */
static void udp4(uint8_t *f, uint8_t host, uint8_t port, bool turned)
{
	unsigned int a = turned, b = !turned;

	memset(f, 0, NET_FLOW_BYTES);
	f[6 * a] = 2, f[6 * a + 5] = 1;
	f[6 * b] = 2, f[6 * b + 5] = 2;
	f[12] = 8;
	f[14] = 0x45;
	f[17] = 46;			/* bytes */
	f[22] = 64;
	f[23] = 17;
	f[26 + 4 * a] = f[26 + 4 * b] = 10;
	f[26 + 4 * a + 3] = 1;
	f[26 + 4 * b + 3] = host;
	f[34 + 2 * a + 1] = 9;
	f[34 + 2 * b + 1] = port;
	f[39] = 26;
}

static void a_flow_is_the_same_both_ways(void **state)
{
	uint8_t there[NET_FLOW_BYTES], back[NET_FLOW_BYTES];
	unsigned int alike = 0;
	uint32_t flow;

	(void)state;
	udp4(there, 5, 7, false);
	udp4(back, 5, 7, true);
	flow = net_flow(there, sizeof(there));
	assert_int_equal(flow, net_flow(back, sizeof(back)));
	for (unsigned int i = 0; i < 100; i++) {
		udp4(back, (uint8_t)(6 + i), 7, true);
		alike += net_flow(back, sizeof(back)) == flow;
		udp4(back, 5, (uint8_t)(8 + i), true);
		alike += net_flow(back, sizeof(back)) == flow;
	}
	assert_int_equal(alike, 0);
	/* Of a fragment, what follows the header is no port. */
	udp4(there, 5, 7, false);
	udp4(back, 5, 9, false);
	there[20] = back[20] = 0x20;
	assert_int_equal(net_flow(there, sizeof(there)),
			 net_flow(back, sizeof(back)));
	/* Nothing is read behind the end: valgrind and ASan see to it. */
	for (size_t n = 0; n <= sizeof(there); n++) {
		uint8_t *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, there, n);
		net_flow(copy, n);
		free(copy);
	}
}

static uint8_t frame[64];

static int give(struct net_port *p, unsigned int lane, uint8_t flow)
{
	const struct iovec one = { frame, sizeof(frame) };

	memset(frame, 0, sizeof(frame));
	frame[5] = flow;
	frame[20] = flow;
	return p->send(p, lane, &one, 1, sizeof(frame));
}

/* The flow of the next frame there, or -1. */
static int take(struct net_port *p, unsigned int lane)
{
	uint8_t got[64];
	const struct iovec one = { got, sizeof(got) };
	ssize_t waits = p->waiting(p, lane);
	ssize_t n = p->receive(p, lane, &one, 1);

	assert_int_equal(n, waits);
	if (n == -EAGAIN)
		return -1;
	assert_int_equal(n, sizeof(got));
	return got[20];
}

static void lanes_of_a_hub(void **state)
{
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(true, &e);
	struct net_port *p;

	(void)state;
	assert_null(net_hub_port(hub, 0, &e));
	assert_null(net_hub_port(hub, NET_LANES_MAX + 1, &e));
	assert_non_null(strstr(e.text, "1 to 4"));
	p = net_hub_port(hub, 4, &e);
	assert_non_null(p);
	assert_int_equal(p->lanes_use(p, 0), -EINVAL);
	assert_int_equal(p->lanes_use(p, 5), -EINVAL);
	/* One is used at first, whichever sends. */
	for (uint8_t i = 0; i < 16; i++) {
		assert_int_equal(give(p, i % 4, i), 0);
		assert_int_equal(take(p, 0), i);
	}
	assert_int_equal(p->lanes_use(p, 4), 0);
	for (uint8_t i = 0; i < 64; i++) {
		assert_int_equal(give(p, (i / 3) % 4, i / 4), 0);
		assert_int_equal(take(p, (i / 3) % 4), i / 4);
	}
	/* What waits behind goes to the first, and nothing is left there. */
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(give(p, i % 4, i), 0);
	assert_int_equal(p->lanes_use(p, 2), 0);
	for (unsigned int i = 2; i < 4; i++)
		assert_int_equal(take(p, i), -1);
	for (unsigned int i = 0, n = 0; i < 2; i++) {
		while (take(p, i) >= 0)
			n++;
		assert_int_equal(n, i ? 16 : 12);
	}
	assert_int_equal(net_hub_dropped(hub), 0);
	/* A first that is full loses what is moved there. */
	assert_int_equal(p->lanes_use(p, 4), 0);
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(give(p, 0, 1), 0);
	assert_int_equal(give(p, 0, 1), -ENOBUFS);
	assert_int_equal(give(p, 3, 2), 0);
	assert_int_equal(p->lanes_use(p, 1), 0);
	assert_int_equal(net_hub_dropped(hub), 2);
	p->close(p);
	net_hub_put(hub);
}

static int64_t tap_take(struct net_port *p, unsigned int lane)
{
	static uint8_t got[2048];
	const struct iovec one = { got, sizeof(got) };
	ssize_t waits = p->waiting(p, lane);
	ssize_t n = p->receive(p, lane, &one, 1);

	if (waits > 0)
		assert_int_equal(n, waits);
	return n;
}

/* Which host takes what is written there is the kernel's affair. */
static void lanes_of_a_tap(void **state)
{
	const struct iovec one = { frame, sizeof(frame) };
	struct error e = { "" };
	struct net_port *p;
	char name[16];

	(void)state;
	assert_null(net_tap_open("x", 0, &e));
	assert_null(net_tap_open("x", NET_LANES_MAX + 1, &e));
	assert_non_null(strstr(e.text, "1 to 4"));
	snprintf(name, sizeof(name), "vmgq%d", (int)getpid() % 100000);
	p = net_tap_open(name, 4, &e);
	if (!p) {
		print_message("# not judged: %s\n", e.text);
		return;
	}
	assert_int_equal(p->lanes_use(p, 0), -EINVAL);
	assert_int_equal(p->lanes_use(p, 5), -EINVAL);
	for (unsigned int n = 4; n; n--) {
		assert_int_equal(p->lanes_use(p, n), 0);
		memset(frame, 0xff, sizeof(frame));
		frame[6] = 2;
		assert_int_equal(p->send(p, n - 1, &one, 1, sizeof(frame)), 0);
		while (tap_take(p, n - 1) >= 0)
			;
	}
	p->close(p);
}

#define BUFFERS	5u

/* Between two of them the driver sees nothing; then all. */
static void used_buffers_are_seen_together(void **state)
{
	struct virtio_ring_area *area = (struct virtio_ring_area *)shared;
	const struct virtio_memory map = shared_map();

	(void)state;
	for (unsigned int f = 0; f < 2; f++) {
		uint64_t features = f ? VIRTIO_F_RING_PACKED : 0;
		struct virtq_filled filled[BUFFERS];
		struct virtq_chain c;
		struct virtq_layout layout;
		struct virtio_ring r;
		struct virtio_done done;
		struct virtq q;

		virtq_ring_init(&r, area, 8, 1, features, false);
		layout = layout_of(&r);
		assert_int_equal(virtq_start(&q, &map, &layout, features,
					     NULL), 0);
		for (unsigned int lap = 0; lap < 20; lap++) {
			for (uint16_t i = 0; i < BUFFERS; i++) {
				const struct virtio_buffer b = {
					(uintptr_t)shared + 0x10000, 8, true,
				};

				virtq_ring_add(&r, i, &b, 1, NULL);
				assert_int_equal(virtq_pop(&q, &c), 1);
				filled[i].head = c.head;
				filled[i].bytes = 1u + i;
			}
			q.together = true;
			for (unsigned int i = 0; i < BUFFERS; i++) {
				virtq_push(&q, filled[i].head,
					   filled[i].bytes);
				assert_false(virtq_ring_take(&r, &done));
			}
			q.together = false;
			virtq_push_all(&q, NULL, 0);
			for (unsigned int i = 0; i < BUFFERS; i++) {
				assert_true(virtq_ring_take(&r, &done));
				assert_int_equal(done.slot, i);
				assert_int_equal(done.len, 1 + i);
			}
			assert_false(virtq_ring_take(&r, &done));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_the_same_both_ways),
		cmocka_unit_test(lanes_of_a_hub),
		cmocka_unit_test(lanes_of_a_tap),
		cmocka_unit_test(used_buffers_are_seen_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
