/*
 * Both forms of a virtqueue, by the image's driver on one side and the device
 * on the other: no request is lost or answered twice, whatever the order, nor
 * a notification that was asked for. And what a packed ring can have wrong
 * ends in a broken queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "virtio_driver.h"

#define SLOTS_MAX	VIRTQ_SIZE_MAX
#define CHAIN		3u
#define DATA_BYTES	1024u		/* of a slot */

/* What the driver has in that memory. */
struct layout {
	_Alignas(4096) struct virtio_ring_area area;
	struct virtq_desc table[SLOTS_MAX][CHAIN];
	uint8_t data[SLOTS_MAX][DATA_BYTES];
};

static struct layout *const mem = (struct layout *)shared;
static struct virtio_memory map;
static struct virtio_ring ring;
static struct virtq q;

static void begin(uint16_t size, uint16_t stride, uint64_t features,
		  bool interrupts)
{
	struct virtq_layout l;

	map = shared_map();
	virtq_ring_init(&ring, &mem->area, size, stride, features, interrupts);
	l = layout_of(&ring);
	assert_int_equal(virtq_start(&q, &map, &l, features, NULL), 0);
}

/* A request and its answer, as this test wants them. */
struct wanted {
	bool busy, popped;
	uint32_t readable, writable, answer;
	uint16_t head;
};

static struct wanted wanted[SLOTS_MAX];
static uint16_t pending[SLOTS_MAX];	/* slots popped, in no order */
static unsigned int pendings;

static void request_add(uint16_t slot, bool table)
{
	unsigned int n = 1 + dice_throw(CHAIN), writes = dice_throw(n + 1);
	struct virtio_buffer b[CHAIN];
	struct wanted *w = &wanted[slot];

	*w = (struct wanted){ .busy = true };
	for (unsigned int i = 0; i < n; i++) {
		b[i] = (struct virtio_buffer){
			.gpa = (uintptr_t)mem->data[slot] + 256 * i,
			.bytes = 4 + dice_throw(250), .write = i >= n - writes,
		};
		*(b[i].write ? &w->writable : &w->readable) += b[i].bytes;
	}
	/* The first readable buffer says whose it is. */
	memset(mem->data[slot], slot & 0xff, 3 * 256);
	virtq_ring_add(&ring, slot, b, n, table ? mem->table[slot] : NULL);
}

static bool request_pop(void)
{
	struct virtq_chain c;
	struct wanted *w;
	uint8_t *at;
	size_t slot;

	if (virtq_pop(&q, &c) != 1) {
		assert_null(q.broken);
		return false;
	}
	at = c.segment[0].iov_base;
	slot = (size_t)(at - mem->data[0]) / DATA_BYTES;
	assert_true(slot < SLOTS_MAX);
	w = &wanted[slot];
	assert_true(w->busy && !w->popped);
	assert_int_equal(c.readable_bytes, w->readable);
	assert_int_equal(c.writable_bytes, w->writable);
	w->popped = true;
	w->head = c.head;
	pending[pendings++] = (uint16_t)slot;
	return true;
}

static void request_push(void)
{
	unsigned int i = dice_throw(pendings);
	struct wanted *w = &wanted[pending[i]];

	w->answer = w->writable ? 1 + dice_throw(w->writable) : 0;
	virtq_push(&q, w->head, w->answer);
	pending[i] = pending[--pendings];
}

static bool answer_take(void)
{
	struct virtio_done done;
	struct wanted *w;

	if (!virtq_ring_take(&ring, &done))
		return false;
	assert_true(done.slot < SLOTS_MAX);
	w = &wanted[done.slot];
	assert_true(w->busy && w->popped);
	assert_int_equal(done.len, w->answer);
	w->busy = false;
	return true;
}

/* Either side asked, found nothing, and sleeps: it has to be told. */
static void traffic(uint16_t slots, bool table)
{
	bool device_sleeps = false, driver_sleeps = false;
	unsigned int answers = 0, rounds = 0;

	memset(wanted, 0, sizeof(wanted));
	pendings = 0;
	while (answers < 70000) {
		uint16_t slot = (uint16_t)dice_throw(slots);
		bool did;

		if (rounds++ > 2000000)
			fail_msg("%u answers, and no more come", answers);
		for (unsigned int i = dice_throw(4); i && !wanted[slot].busy;
		     i--, slot = (uint16_t)((slot + 1) % slots)) {
			request_add(slot, table);
			did = virtq_ring_kick_due(&ring);
			assert_true(did || !device_sleeps);
			device_sleeps = device_sleeps && !did;
		}
		for (did = false; !device_sleeps && dice_throw(3) &&
		     request_pop();)
			did = true;
		if (!did && !device_sleeps)
			device_sleeps = !virtq_notify_ask(&q);
		for (; pendings && dice_throw(4);) {
			request_push();
			did = virtq_signal_due(&q);
			assert_true(did || !driver_sleeps);
			driver_sleeps = driver_sleeps && !did;
		}
		for (did = false; !driver_sleeps && answer_take(); answers++)
			did = true;
		if (!did && !driver_sleeps)
			driver_sleeps = !virtq_ring_arm(&ring);
		if (!device_sleeps && dice_throw(2))
			virtq_notify_stop(&q);
	}
	assert_int_equal(q.in_flight, pendings);
}

static void nothing_is_lost_in_either_form(void **state)
{
	static const uint16_t sizes[] = { 4, 8, 64, 256 };
	static const uint16_t odd[] = { 3, 7, 100, 255 };

	(void)state;
	for (unsigned int f = 0; f < 16; f++) {
		uint64_t features =
			(f & 1 ? VIRTIO_F_RING_PACKED : 0) |
			(f & 2 ? VIRTIO_F_EVENT_IDX : 0) |
			(f & 4 ? VIRTIO_F_INDIRECT_DESC : 0);

		for (unsigned int i = 0; i < 4; i++) {
			uint16_t size = f & 8 && f & 1 ? odd[i] : sizes[i];
			uint16_t stride = f & 4 ? 1 : CHAIN;

			begin(size, stride, features, true);
			traffic(size / stride, f & 4);
		}
	}
}

static struct virtq_packed_desc *packed(unsigned int i)
{
	return (struct virtq_packed_desc *)mem->area.desc + i;
}

#define AVAIL	VIRTQ_PACKED_AVAIL
#define DATA	((uintptr_t)mem->data)
#define TABLE	((uintptr_t)mem->table)

static void put(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags)
{
	*packed(i) = (struct virtq_packed_desc){
		.addr = addr, .len = len, .id = (uint16_t)i,
		.flags = (uint16_t)(flags | AVAIL),
	};
}

static void table_put(unsigned int i, uint64_t addr, uint32_t len,
		      uint16_t flags)
{
	((struct virtq_packed_desc *)mem->table)[i] =
		(struct virtq_packed_desc){ addr, len, 0, flags };
}

static void no_end(void)
{
	for (unsigned int i = 0; i < 8; i++)
		put(i, DATA, 16, VIRTQ_NEXT);
}

static void nowhere(void)
{
	put(0, 16, 16, 0);
}

static void across_the_end(void)
{
	put(0, (uintptr_t)shared + SHARED_BYTES - 15, 16, VIRTQ_WRITE);
}

static void wraps(void)
{
	put(0, UINT64_MAX - 7, 16, 0);
}

static void order(void)
{
	put(1, DATA, 16, 0);
	put(0, DATA, 16, VIRTQ_WRITE | VIRTQ_NEXT);
}

static void table_in_a_chain(void)
{
	table_put(0, DATA, 16, 0);
	put(1, TABLE, 16, VIRTQ_INDIRECT);
	put(0, DATA, 16, VIRTQ_NEXT);
}

static void table_with_a_next(void)
{
	table_put(0, DATA, 16, 0);
	put(0, TABLE, 16, VIRTQ_INDIRECT | VIRTQ_NEXT);
}

static void table_in_a_table(void)
{
	table_put(0, TABLE, 16, VIRTQ_INDIRECT);
	put(0, TABLE, 16, VIRTQ_INDIRECT);
}

static void table_of_parts(void)
{
	put(0, TABLE, 24, VIRTQ_INDIRECT);
}

static void table_too_long(void)
{
	for (unsigned int i = 0; i < 9; i++)
		table_put(i, DATA, 0, 0);
	put(0, TABLE, 9 * 16, VIRTQ_INDIRECT);
}

static void table_nowhere(void)
{
	put(0, 4096, 16, VIRTQ_INDIRECT);
}

static const struct {
	void (*spoil)(void);
	const char *rule;
} wrong[] = {
	{ no_end, "longer than the queue|in flight" },
	{ nowhere, "not in guest memory" },
	{ across_the_end, "not in guest memory" },
	{ wraps, "not in guest memory" },
	{ order, "behind a writable" },
	{ table_in_a_chain, "in a chain" },
	{ table_with_a_next, "with a next" },
	{ table_in_a_table, "in an indirect one" },
	{ table_of_parts, "no whole descriptors" },
	{ table_too_long, "longer than the queue" },
	{ table_nowhere, "not in guest memory" },
};

static bool one_of(const char *text, const char *rules)
{
	char copy[100], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", rules);
	for (char *r = strtok_r(copy, "|", &save); r;
	     r = strtok_r(NULL, "|", &save))
		if (strstr(text, r))
			return true;
	return false;
}

static void wrong_packed_rings_break_the_queue(void **state)
{
	struct virtq_chain c;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(8, 1, VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC,
		      false);
		wrong[i].spoil();
		assert_int_equal(virtq_pop(&q, &c), -EPROTO);
		if (!q.broken || !one_of(q.broken, wrong[i].rule))
			fail_msg("%zu (%s): %s", i, wrong[i].rule, q.broken);
		put(0, DATA, 16, 0);
		assert_int_equal(virtq_pop(&q, &c), -EPROTO);
	}
	begin(8, 1, VIRTIO_F_RING_PACKED, false);
	put(0, TABLE, 16, VIRTQ_INDIRECT);
	assert_int_equal(virtq_pop(&q, &c), -EPROTO);
	assert_non_null(strstr(q.broken, "not negotiated"));
}

/* A chain over descriptors that were not given back yet. */
static void overrun_is_seen(void **state)
{
	struct virtq_chain c;

	(void)state;
	begin(8, 1, VIRTIO_F_RING_PACKED, false);
	for (unsigned int i = 0; i < 8; i++)
		put(i, DATA, 16, 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(virtq_pop(&q, &c), 1);
	assert_int_equal(virtq_pop(&q, &c), 0);
	packed(0)->flags = VIRTQ_PACKED_USED;	/* available in this lap */
	assert_int_equal(virtq_pop(&q, &c), -EPROTO);
	assert_non_null(strstr(q.broken, "in flight"));
}

static void packed_layouts_are_checked(void **state)
{
	static const struct { uint32_t size; int desc, driver, device; } bad[] = {
		{ 0, 0, 0, 0 }, { 257, 0, 0, 0 }, { 8, 8, 0, 0 },
		{ 8, 0, 2, 0 }, { 8, 0, 0, 2 },
	};

	(void)state;
	begin(8, 1, VIRTIO_F_RING_PACKED, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct virtq_layout l = layout_of(&ring);
		struct virtq_chain c;

		l.size = bad[i].size;
		l.desc_gpa += (uint64_t)bad[i].desc;
		l.driver_gpa += (uint64_t)bad[i].driver;
		l.device_gpa += (uint64_t)bad[i].device;
		assert_int_equal(virtq_start(&q, &map, &l, VIRTIO_F_RING_PACKED,
					     NULL), -EINVAL);
		assert_int_equal(virtq_pop(&q, &c), -EPROTO);
	}
}

static atomic_bool stop;

static void *flipper(void *opaque)
{
	(void)opaque;
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		volatile struct virtq_packed_desc *d = packed(0);

		d->addr = i & 1 ? UINT64_MAX - 4 : DATA;
		d->len = i & 2 ? UINT32_MAX : 512;
		d->flags = (uint16_t)(AVAIL | (i & 4 ? VIRTQ_NEXT : 0));
	}
	return NULL;
}

/* A guest's other CPU writes all the while: right, or broken, never beside. */
static void racing_descriptors_stay_inside(void **state)
{
	unsigned int right = 0, broken = 0;
	struct virtq_layout l;
	pthread_t thread;

	(void)state;
	begin(8, 1, VIRTIO_F_RING_PACKED, false);
	l = layout_of(&ring);
	put(1, DATA, 16, VIRTQ_WRITE);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, flipper, NULL), 0);
	for (int i = 0; i < 20000 || ((!right || !broken) && i < 20000000); i++) {
		struct virtq_chain c;
		const uint8_t *base;

		virtq_start(&q, &map, &l, VIRTIO_F_RING_PACKED, NULL);
		if (virtq_pop(&q, &c) != 1) {
			broken++;
			continue;
		}
		right++;
		base = c.segment[0].iov_base;
		assert_true(base >= shared && c.segment[0].iov_len <=
			    (size_t)(shared + SHARED_BYTES - base));
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_true(right && broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_in_either_form),
		cmocka_unit_test(wrong_packed_rings_break_the_queue),
		cmocka_unit_test(overrun_is_seen),
		cmocka_unit_test(packed_layouts_are_checked),
		cmocka_unit_test(racing_descriptors_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
