/*
 * Claimed ranges of ports and addresses: who answers an access, and what may
 * not be claimed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmm_fixture.h"

static void nobody(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	(void)v;
	(void)opaque;
	(void)offset;
	(void)data;
	(void)bytes;
	(void)write;
}

static int claim(struct range_set *set, uint64_t start, uint64_t bytes,
		 struct error *e)
{
	e->text[0] = '\0';
	return range_claim(set, start, bytes, nobody, NULL, e);
}

static void range_refuses_overlap(void **state)
{
	static const struct { uint64_t start, bytes; int rc; } row[] = {
		{ 0x100, 0x10, -EBUSY }, { 0x104, 4, -EBUSY },
		{ 0xf0, 0x40, -EBUSY }, { 0xf0, 0x11, -EBUSY },
		{ 0x10f, 1, -EBUSY }, { 0x10f, 0x100, -EBUSY },
		{ 0xff, 2, -EBUSY }, { 0xf0, 0x10, 0 }, { 0x110, 1, 0 },
	};
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, 0x100, 0x10, &e));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		unsigned int before = set.count;
		char start[24];

		assert_int_equal(row[i].rc,
				 claim(&set, row[i].start, row[i].bytes, &e));
		assert_int_equal(before + !row[i].rc, set.count);
		if (!row[i].rc)
			continue;
		snprintf(start, sizeof(start), "%#llx",
			 (unsigned long long)row[i].start);
		assert_true(one_line(e.text));
		assert_non_null(strstr(e.text, start));
	}
}

static void range_at_the_end_of_addresses(void **state)
{
	const uint64_t last = -16ull;
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, last, 16, &e));
	assert_int_equal(-EBUSY, claim(&set, last, 16, &e));
	assert_int_equal(-EBUSY, claim(&set, -1ull, 1, &e));
	assert_int_equal(-EBUSY, claim(&set, last - 8, 16, &e));
	assert_int_equal(0, claim(&set, last - 16, 16, &e));
	assert_ptr_equal(&set.range[0], range_find(&set, -1ull, 1));
	assert_ptr_equal(&set.range[0], range_find(&set, last, 16));
	assert_ptr_equal(&set.range[0], range_find(&set, last, 15));
	assert_null(range_find(&set, -1ull, 2));
	assert_null(range_find(&set, last, 17));
	assert_null(range_find(&set, 0, 1));
}

static void range_refuses_what_wraps_or_is_empty(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(-EINVAL, claim(&set, -16ull, 17, &e));
	assert_true(one_line(e.text));
	assert_int_equal(-EINVAL, claim(&set, 2, -1ull, &e));
	assert_int_equal(-EINVAL, claim(&set, 0x100, 0, &e));
	assert_int_equal(-EINVAL, claim(&set, 0, 0, &e));
	assert_true(one_line(e.text));
	assert_int_equal(0, set.count);
}

static void range_straddling_access_is_unclaimed(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	assert_int_equal(0, claim(&set, 0x100, 4, &e));
	assert_int_equal(0, claim(&set, 0x104, 4, &e));
	assert_ptr_equal(&set.range[0], range_find(&set, 0x100, 4));
	assert_ptr_equal(&set.range[0], range_find(&set, 0x103, 1));
	assert_ptr_equal(&set.range[1], range_find(&set, 0x104, 4));
	assert_null(range_find(&set, 0xff, 2));
	assert_null(range_find(&set, 0x102, 4));
	assert_null(range_find(&set, 0x107, 2));
	assert_null(range_find(&set, 0x108, 1));
}

static void range_set_gets_full(void **state)
{
	struct range_set set = { .count = 0 };
	struct error e;

	(void)state;
	for (uint64_t i = 0; i < VM_RANGES_MAX; i++)
		assert_int_equal(0, claim(&set, i * 16, 16, &e));
	assert_int_equal(-ENOSPC, claim(&set, 0x10000, 1, &e));
	assert_true(one_line(e.text));
	assert_int_equal(VM_RANGES_MAX, set.count);
	assert_ptr_equal(&set.range[15], range_find(&set, 0xff, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_refuses_overlap),
		cmocka_unit_test(range_at_the_end_of_addresses),
		cmocka_unit_test(range_refuses_what_wraps_or_is_empty),
		cmocka_unit_test(range_straddling_access_is_unclaimed),
		cmocka_unit_test(range_set_gets_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
