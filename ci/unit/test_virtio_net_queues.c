/*
 * What a virtio network of several queues stands on, without a guest: flows
 * that are the same there and back, lanes of a hub and of a TAP that frames
 * come by, several used buffers that a driver sees at once, and threads that
 * are where they were put.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kvm/virtio/mmio.h"
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

/* Each queue's in turn; the control's is the first one's again. */
static void threads_are_where_they_should(void **state)
{
	static struct vm vm;
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(true, &e);
	struct virtio_device *d;
	unsigned int pu[2], n = 0;
	cpu_set_t set;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (unsigned int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			pu[n++] = i;
	d = virtio_net_create(net_hub_port(hub, 2, &e), &e);
	assert_non_null(d);
	if (virtio_mmio_attach(d, &vm, 0xd0000000, &(struct virtio_plug){
			.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
			.queue_pu = pu, .queue_pus = n }, &e))
		fail_msg("%s", e.text);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(pthread_getaffinity_np(d->queue[i].thread,
							sizeof(set), &set), 0);
		assert_int_equal(CPU_COUNT(&set), 1);
		assert_true(CPU_ISSET(pu[i % n], &set));
	}
	vm.attached->destroy(vm.attached);
	net_hub_put(hub);
}

#define QUEUES		9u

static struct virtio_ring ring[QUEUES];

static void gpa_set(struct virtio_device *d, uint64_t at, const void *area)
{
	virtio_mmio_write(d, at, (uint32_t)(uintptr_t)area);
	virtio_mmio_write(d, at + 4, (uint32_t)((uintptr_t)area >> 32));
}

/* All of its queues, none of which has a buffer. */
static void driver_begin(struct virtio_device *d, uint64_t features)
{
	struct virtio_ring_area *area = (struct virtio_ring_area *)shared;

	virtio_mmio_write(d, VIRTIO_MMIO_STATUS, 3);
	for (uint32_t i = 0; i < 2; i++) {
		virtio_mmio_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		virtio_mmio_write(d, VIRTIO_MMIO_DRIVER_FEATURES,
				  (uint32_t)(features >> 32 * i));
	}
	virtio_mmio_write(d, VIRTIO_MMIO_STATUS, 11);
	for (uint32_t i = 0; i < QUEUES; i++) {
		virtq_ring_init(&ring[i], area + i, 8, 2, features, false);
		virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_SEL, i);
		virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_NUM, 8);
		gpa_set(d, VIRTIO_MMIO_QUEUE_DESC, ring[i].area->desc);
		gpa_set(d, VIRTIO_MMIO_QUEUE_DRIVER, ring[i].area->avail);
		gpa_set(d, VIRTIO_MMIO_QUEUE_DEVICE, ring[i].area->used);
		virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	}
	virtio_mmio_write(d, VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(virtio_mmio_read(d, VIRTIO_MMIO_STATUS), 15);
}

/* The answer, or -1: the device broke down. */
static int command(struct virtio_device *d, uint16_t pairs, uint32_t room)
{
	const struct timespec little = { .tv_nsec = 100000 };
	struct virtio_net_command *c = (void *)(shared + SHARED_BYTES / 2);
	uint8_t *answer = (uint8_t *)(c + 1);
	const struct virtio_buffer part[2] = {
		{ (uintptr_t)c, sizeof(*c), false },
		{ (uintptr_t)answer, room, true },
	};
	struct virtio_done done;

	*c = (struct virtio_net_command){ VIRTIO_NET_CTRL_MQ, 0, pairs };
	virtq_ring_add(&ring[QUEUES - 1], 0, part, room ? 2 : 1, NULL);
	virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, QUEUES - 1);
	while (!virtq_ring_take(&ring[QUEUES - 1], &done)) {
		if (virtio_mmio_read(d, VIRTIO_MMIO_STATUS) &
		    VIRTIO_NEEDS_RESET)
			return -1;
		nanosleep(&little, NULL);
	}
	assert_int_equal(done.len, room);
	return *answer;
}

static void commands_are_taken(struct net_port *p)
{
	const struct virtio_plug plug = {
		.notify = VIRTIO_NOTIFY_EXIT, .pu = -1,
	};
	static struct vm vm;
	struct error e = { "" };
	struct virtio_device *d = virtio_net_create(p, &e);

	memset(&vm, 0, sizeof(vm));
	vm.slot[0].gpa = (uintptr_t)shared;
	vm.slot[0].bytes = SHARED_BYTES;
	vm.slot[0].hva = shared;
	assert_non_null(d);
	if (virtio_mmio_attach(d, &vm, 0xd0000000, &plug, &e))
		fail_msg("%s", e.text);
	driver_begin(d, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MQ |
		     VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MRG_RXBUF);
	assert_int_equal(command(d, 4, 1), VIRTIO_NET_OK);
	assert_int_equal(command(d, 5, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(d, 2, 1), VIRTIO_NET_OK);
	/* Without room for an answer there is nobody to tell but so. */
	assert_int_equal(command(d, 1, 0), -1);
	virtio_mmio_write(d, VIRTIO_MMIO_STATUS, 0);
	while (virtio_mmio_read(d, VIRTIO_MMIO_STATUS))
		sched_yield();
	/* Of more pairs than it was given queues for, none are used. */
	driver_begin(d, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MQ |
		     VIRTIO_NET_F_CTRL_VQ | VIRTIO_F_RING_RESET);
	virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_SEL, 6);
	virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_RESET, 1);
	while (virtio_mmio_read(d, VIRTIO_MMIO_QUEUE_RESET))
		sched_yield();
	assert_int_equal(command(d, 4, 1), VIRTIO_NET_ERR);
	assert_int_equal(command(d, 3, 1), VIRTIO_NET_OK);
	vm.attached->destroy(vm.attached);
}

static void a_device_takes_commands(void **state)
{
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(true, &e);

	(void)state;
	commands_are_taken(net_hub_port(hub, 4, &e));
	net_hub_put(hub);
}

static void a_tap_takes_commands(void **state)
{
	struct error e = { "" };
	struct net_port *p;
	char name[16];

	(void)state;
	snprintf(name, sizeof(name), "vmgc%d", (int)getpid() % 100000);
	p = net_tap_open(name, 4, &e);
	if (p)
		commands_are_taken(p);
	else
		print_message("# not judged: %s\n", e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_the_same_both_ways),
		cmocka_unit_test(lanes_of_a_hub),
		cmocka_unit_test(lanes_of_a_tap),
		cmocka_unit_test(used_buffers_are_seen_together),
		cmocka_unit_test(threads_are_where_they_should),
		cmocka_unit_test(a_device_takes_commands),
		cmocka_unit_test(a_tap_takes_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
