/*
 * A sequence that fails is made as small as it goes, by few tries, and never
 * to one that does not fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/stability/shrink.h"

#define ITEMS	64u

/* Fails while all of `needed` are there, in this order. */
struct fault {
	unsigned char needed[4];
	unsigned int count, tries;
};

static bool fails(void *opaque, const void *item, unsigned int n)
{
	const unsigned char *at = item;
	struct fault *f = opaque;
	unsigned int found = 0;

	f->tries++;
	for (unsigned int i = 0; i < n && found < f->count; i++)
		found += at[i] == f->needed[found];
	return found == f->count;
}

static unsigned int shrunk(struct fault *f, unsigned char *item,
			   unsigned int tries)
{
	unsigned int n = ITEMS, used;

	for (unsigned int i = 0; i < ITEMS; i++)
		item[i] = (unsigned char)i;
	used = shrink(item, &n, 1, tries, fails, f);
	assert_int_equal(used, f->tries);
	assert_true(used <= tries);
	assert_true(fails(f, item, n));
	return n;
}

static void one_is_found(void **state)
{
	(void)state;
	for (unsigned char i = 0; i < ITEMS; i++) {
		struct fault f = { { i }, 1, 0 };
		unsigned char item[ITEMS];

		assert_int_equal(shrunk(&f, item, 1000), 1);
		assert_int_equal(item[0], i);
		assert_true(f.tries < 40);
	}
}

static void those_that_need_each_other_stay(void **state)
{
	struct fault f = { { 3, 17, 18, 63 }, 4, 0 };
	unsigned char item[ITEMS];

	(void)state;
	assert_int_equal(shrunk(&f, item, 1000), 4);
	assert_memory_equal(item, f.needed, 4);
}

static void few_tries_leave_more_that_fails(void **state)
{
	struct fault f = { { 3, 17, 18, 63 }, 4, 0 };
	unsigned char item[ITEMS];

	(void)state;
	assert_true(shrunk(&f, item, 5) > 4);
}

/* None can go, and a sequence of one is not made none. */
static void what_needs_all_stays_whole(void **state)
{
	unsigned char item[4] = { 1, 2, 3, 4 };
	struct fault f = { { 1, 2, 3, 4 }, 4, 0 };
	unsigned int n = 4;

	(void)state;
	shrink(item, &n, 1, 1000, fails, &f);
	assert_int_equal(n, 4);
	n = 1;
	assert_int_equal(shrink(item, &n, 1, 1000, fails, &f), 0);
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_found),
		cmocka_unit_test(those_that_need_each_other_stay),
		cmocka_unit_test(few_tries_leave_more_that_fails),
		cmocka_unit_test(what_needs_all_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
