/*
 * The reader of virtqueues believes nothing: each way in which a ring can be
 * wrong ends in a broken queue with its reason, and never in an access beside
 * guest memory. What is right is read as the standard has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "virtio_fixture.h"

#define ALL	(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)

static struct virtio_memory map;
static struct virtq q;
static struct virtq_chain chain;

static void begin(uint64_t features)
{
	memset(memory, 0, sizeof(memory));
	map = (struct virtio_memory){
		.part = { { MEMORY_GPA, MEMORY_BYTES, memory } }, .parts = 1,
	};
	assert_int_equal(virtq_start(&q, &map, &layout_good, features, NULL), 0);
}

/* One descriptor that is right, for others to be wrong behind it. */
static void good(unsigned int i, uint16_t flags, uint16_t next)
{
	desc_set(desc(i), DATA_GPA + 4096ull * i, 512, flags, next);
}

static void loop_of_two(void)
{
	good(0, VIRTQ_NEXT, 1);
	good(1, VIRTQ_NEXT, 0);
}

static void loop_on_itself(void)
{
	good(0, VIRTQ_NEXT, 0);
}

static void next_outside(void)
{
	good(0, VIRTQ_NEXT, SIZE);
}

static void next_far_outside(void)
{
	good(0, VIRTQ_NEXT, 0xffff);
}

static void address_below(void)
{
	desc_set(desc(0), MEMORY_GPA - 1, 2, 0, 0);
}

static void address_beyond(void)
{
	desc_set(desc(0), MEMORY_GPA + MEMORY_BYTES, 1, 0, 0);
}

static void address_across_the_end(void)
{
	desc_set(desc(0), MEMORY_GPA + MEMORY_BYTES - 511, 512, 0, 0);
}

static void address_wraps(void)
{
	desc_set(desc(0), UINT64_MAX - 15, 512, 0, 0);
}

static void length_wraps(void)
{
	desc_set(desc(0), MEMORY_GPA + 4096, UINT32_MAX, VIRTQ_WRITE, 0);
}

static void readable_behind_writable(void)
{
	good(0, VIRTQ_WRITE | VIRTQ_NEXT, 1);
	good(1, 0, 0);
}

static void indirect_bytes(void)
{
	desc_set(desc(0), TABLE_GPA, 17, VIRTQ_INDIRECT, 0);
}

static void indirect_empty(void)
{
	desc_set(desc(0), TABLE_GPA, 0, VIRTQ_INDIRECT, 0);
}

static void indirect_beyond(void)
{
	desc_set(desc(0), MEMORY_GPA + MEMORY_BYTES - 16, 32, VIRTQ_INDIRECT, 0);
}

static void indirect_with_next(void)
{
	desc_set(desc(0), TABLE_GPA, 16, VIRTQ_INDIRECT | VIRTQ_NEXT, 1);
	desc_set(inner(0), DATA_GPA, 512, 0, 0);
	good(1, 0, 0);
}

static void indirect_in_indirect(void)
{
	desc_set(desc(0), TABLE_GPA, 32, VIRTQ_INDIRECT, 0);
	desc_set(inner(0), TABLE_GPA + 16, 16, VIRTQ_INDIRECT, 0);
	desc_set(inner(1), DATA_GPA, 512, 0, 0);
}

static void indirect_loops(void)
{
	desc_set(desc(0), TABLE_GPA, 32, VIRTQ_INDIRECT, 0);
	desc_set(inner(0), DATA_GPA, 512, VIRTQ_NEXT, 1);
	desc_set(inner(1), DATA_GPA, 512, VIRTQ_NEXT, 0);
}

static void indirect_next_outside(void)
{
	desc_set(desc(0), TABLE_GPA, 32, VIRTQ_INDIRECT, 0);
	desc_set(inner(0), DATA_GPA, 512, VIRTQ_NEXT, 2);
}

/* As many as the table holds, and more than the queue does. */
static void indirect_overlong(void)
{
	desc_set(desc(0), TABLE_GPA, 16 * (SIZE + 1), VIRTQ_INDIRECT, 0);
	for (uint16_t i = 0; i <= SIZE; i++)
		desc_set(inner(i), DATA_GPA, 16, i < SIZE ? VIRTQ_NEXT : 0,
			 (uint16_t)(i + 1));
}

static const struct {
	const char *name;
	void (*spoil)(void);
	const char *rule;
} wrong[] = {
	{ "a loop of two", loop_of_two, "a loop" },
	{ "a loop on itself", loop_on_itself, "a loop" },
	{ "next outside", next_outside, "outside of its table" },
	{ "next far outside", next_far_outside, "outside of its table" },
	{ "address below", address_below, "not in guest memory" },
	{ "address beyond", address_beyond, "not in guest memory" },
	{ "across the end", address_across_the_end, "not in guest memory" },
	{ "address wraps", address_wraps, "not in guest memory" },
	{ "length wraps", length_wraps, "not in guest memory" },
	{ "order", readable_behind_writable, "behind a writable" },
	{ "indirect bytes", indirect_bytes, "no whole descriptors" },
	{ "indirect empty", indirect_empty, "no whole descriptors" },
	{ "indirect beyond", indirect_beyond, "not in guest memory" },
	{ "indirect with next", indirect_with_next, "with a next" },
	{ "indirect in indirect", indirect_in_indirect, "in an indirect" },
	{ "indirect loops", indirect_loops, "that loops" },
	{ "indirect next", indirect_next_outside, "outside of its table" },
	{ "indirect overlong", indirect_overlong, "longer than the queue" },
};

static void wrong_rings_break_the_queue(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin(ALL);
		wrong[i].spoil();
		offer(0);
		assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
		if (!q.broken || !strstr(q.broken, wrong[i].rule))
			fail_msg("%s: %s", wrong[i].name, q.broken);
		/* Nothing mends it but a new start. */
		good(0, 0, 0);
		assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	}
}

static void indices_out_of_range(void **state)
{
	(void)state;
	begin(ALL);
	good(0, 0, 0);
	offer(SIZE);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_non_null(strstr(q.broken, "head outside"));

	begin(ALL);
	avail()->idx = SIZE + 1;
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_non_null(strstr(q.broken, "more requests"));

	begin(ALL);
	avail()->idx = 0xffff;
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);

	begin(0);
	desc_set(desc(0), TABLE_GPA, 16, VIRTQ_INDIRECT, 0);
	offer(0);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_non_null(strstr(q.broken, "not negotiated"));
}

static void overlapping_chains(void **state)
{
	(void)state;
	begin(ALL);
	good(0, VIRTQ_NEXT, 2);
	good(1, VIRTQ_NEXT, 2);
	good(2, VIRTQ_WRITE, 0);
	offer(0);
	offer(1);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	assert_non_null(strstr(q.broken, "in flight"));

	/* The same one after the other is right. */
	begin(ALL);
	good(0, VIRTQ_NEXT, 2);
	good(1, VIRTQ_NEXT, 2);
	good(2, VIRTQ_WRITE, 0);
	offer(0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	virtq_push(&q, chain.head, 512);
	offer(1);
	assert_int_equal(virtq_pop(&q, &chain), 1);

	/* A head twice, while it is in flight. */
	begin(ALL);
	good(0, 0, 0);
	offer(0);
	offer(0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
}

static void layouts_are_checked(void **state)
{
	static const struct virtq_layout bad[] = {
		{ 0, DESC_GPA, DRIVER_GPA, DEVICE_GPA },
		{ 3, DESC_GPA, DRIVER_GPA, DEVICE_GPA },
		{ 512, DESC_GPA, DRIVER_GPA, DEVICE_GPA },
		{ 0x80000000, DESC_GPA, DRIVER_GPA, DEVICE_GPA },
		{ 8, DESC_GPA + 8, DRIVER_GPA, DEVICE_GPA },
		{ 8, DESC_GPA, DRIVER_GPA + 1, DEVICE_GPA },
		{ 8, DESC_GPA, DRIVER_GPA, DEVICE_GPA + 2 },
		{ 8, 0, DRIVER_GPA, DEVICE_GPA },
		{ 8, MEMORY_GPA + MEMORY_BYTES - 112, DRIVER_GPA, DEVICE_GPA },
		{ 8, DESC_GPA, UINT64_MAX - 1, DEVICE_GPA },
		{ 8, DESC_GPA, DRIVER_GPA, MEMORY_GPA + MEMORY_BYTES - 68 },
	};
	struct error e;

	(void)state;
	begin(ALL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(virtq_start(&q, &map, &bad[i], 0, &e), -EINVAL);
		assert_int_equal(virtq_pop(&q, &chain), -EPROTO);
	}
}

/* What was checked is what is used, whatever the guest writes afterwards. */
static void changes_after_the_check_change_nothing(void **state)
{
	(void)state;
	begin(ALL);
	good(0, VIRTQ_NEXT, 1);
	good(1, VIRTQ_WRITE, 0);
	offer(0);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	desc_set(desc(0), 0, UINT32_MAX, VIRTQ_NEXT, 0);
	desc_set(desc(1), UINT64_MAX, 1, VIRTQ_NEXT, 0xffff);
	avail()->ring[0] = 0xffff;
	assert_int_equal(chain.head, 0);
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 1);
	assert_ptr_equal(chain.segment[0].iov_base, at_gpa(DATA_GPA));
	assert_int_equal(chain.segment[1].iov_len, 512);
	virtq_push(&q, chain.head, 512);
	assert_int_equal(used()->ring[0].id, 0);
	assert_int_equal(q.in_flight, 0);
	for (unsigned int i = 0; i < SIZE; i++)
		assert_int_equal(q.owner[i], 0);
}

static atomic_bool stop;

static void *flipper(void *opaque)
{
	(void)opaque;
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		volatile struct virtq_desc *d = desc(0);

		d->addr = i & 1 ? UINT64_MAX - 4 : DATA_GPA;
		d->len = i & 2 ? UINT32_MAX : 512;
		d->next = i & 4 ? 0xffff : 1;
	}
	return NULL;
}

/* A guest's other CPU writes all the while: right, or broken, never beside. */
static void racing_descriptors_stay_inside(void **state)
{
	unsigned int right = 0, broken = 0;
	pthread_t thread;

	(void)state;
	begin(ALL);
	good(1, VIRTQ_WRITE, 0);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, flipper, NULL), 0);
	for (int i = 0; i < 20000 || ((!right || !broken) && i < 20000000); i++) {
		const uint8_t *base;

		virtq_start(&q, &map, &layout_good, ALL, NULL);
		desc(0)->flags = VIRTQ_NEXT;
		avail()->idx = 1;
		if (virtq_pop(&q, &chain) != 1) {
			broken++;
			continue;
		}
		right++;
		base = chain.segment[0].iov_base;
		assert_true(base >= memory && chain.segment[0].iov_len <=
			    (size_t)(memory + MEMORY_BYTES - base));
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_true(right && broken);
}

static void chains_are_read_as_they_are(void **state)
{
	uint8_t got[8] = { 0 };

	(void)state;
	begin(ALL);
	desc_set(desc(3), DATA_GPA, 3, VIRTQ_NEXT, 5);
	desc_set(desc(5), TABLE_GPA + 1, 48, VIRTQ_INDIRECT, 0);
	/* The table may lie anywhere; what is in it comes behind the rest. */
	desc_set(inner(8), DATA_GPA + 100, 5, VIRTQ_NEXT, 2);
	desc_set(inner(9), 0, 0, 0, 0);
	desc_set(inner(10), DATA_GPA + 200, 9, VIRTQ_WRITE, 0);
	memcpy(at_gpa(TABLE_GPA + 1), inner(8), 48);
	memcpy(at_gpa(DATA_GPA), "abc", 3);
	memcpy(at_gpa(DATA_GPA + 100), "defgh", 5);
	offer(3);
	assert_int_equal(virtq_pop(&q, &chain), 1);
	assert_int_equal(chain.readable_bytes, 8);
	assert_int_equal(chain.writable_bytes, 9);
	assert_int_equal(virtq_read(&chain, 2, got, 8), 6);
	assert_memory_equal(got, "cdefgh", 6);
	assert_int_equal(virtq_write(&chain, 8, "xy", 2), 1);
	assert_int_equal(*(uint8_t *)at_gpa(DATA_GPA + 208), 'x');
	assert_int_equal(*(uint8_t *)at_gpa(DATA_GPA + 209), 0);
	assert_int_equal(virtq_pop(&q, &chain), 0);
}

/* 2^16 and a little more, out of order: indices wrap, nothing is lost. */
static void rings_wrap(void **state)
{
	(void)state;
	begin(ALL);
	for (uint16_t i = 0; i < SIZE; i++)
		good(i, VIRTQ_WRITE, 0);
	for (uint32_t i = 0; i < 70000; i += 2) {
		uint16_t first, second, at = (uint16_t)i;

		first = (uint16_t)(i % SIZE);
		second = (uint16_t)((i + 3) % SIZE);
		offer(first);
		offer(second);
		assert_int_equal(virtq_pop(&q, &chain), 1);
		assert_int_equal(chain.head, first);
		assert_int_equal(virtq_pop(&q, &chain), 1);
		assert_int_equal(chain.head, second);
		virtq_push(&q, second, i);
		virtq_push(&q, first, i + 1);
		assert_int_equal(used()->idx, (uint16_t)(i + 2));
		assert_int_equal(used()->ring[at % SIZE].id, second);
		assert_int_equal(used()->ring[(at + 1) % SIZE].len, i + 1);
	}
}

/* The event is due when its index is passed, and once. */
static void event_index_suppresses(void **state)
{
	uint16_t *used_event, *avail_event;

	(void)state;
	begin(ALL);
	used_event = &avail()->ring[SIZE];
	avail_event = (uint16_t *)&used()->ring[SIZE];
	for (uint16_t i = 0; i < SIZE; i++)
		good(i, VIRTQ_WRITE, 0);
	*used_event = 1;
	for (uint16_t i = 0; i < 4; i++) {
		offer(i);
		assert_int_equal(virtq_pop(&q, &chain), 1);
		virtq_push(&q, i, 0);
		assert_int_equal(virtq_signal_due(&q), i == 1);
	}
	assert_false(virtq_notify_ask(&q));
	assert_int_equal(*avail_event, 4);
	offer(4);
	assert_true(virtq_notify_ask(&q));

	begin(0);			/* by flags */
	good(0, VIRTQ_WRITE, 0);
	virtq_notify_stop(&q);
	assert_int_equal(used()->flags, VIRTQ_NO_NOTIFY);
	assert_false(virtq_notify_ask(&q));
	assert_int_equal(used()->flags, 0);
	avail()->flags = VIRTQ_NO_INTERRUPT;
	assert_false(virtq_signal_due(&q));
	avail()->flags = 0;
	assert_true(virtq_signal_due(&q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_rings_break_the_queue),
		cmocka_unit_test(indices_out_of_range),
		cmocka_unit_test(overlapping_chains),
		cmocka_unit_test(layouts_are_checked),
		cmocka_unit_test(changes_after_the_check_change_nothing),
		cmocka_unit_test(racing_descriptors_stay_inside),
		cmocka_unit_test(chains_are_read_as_they_are),
		cmocka_unit_test(rings_wrap),
		cmocka_unit_test(event_index_suppresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
