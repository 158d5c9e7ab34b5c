/*
 * What backs a guest's memory, where the kernel refuses it: each refusal is
 * said in words that name the memory and the mend, and leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backing_faults.h"

static void refusals_name_the_memory(void **state)
{
	static const struct {
		enum call call;
		enum backing backing;
		int err;
		const char *what;
	} row[] = {
		{ CALL_MMAP, BACKING_ANON, ENOMEM, "anonymous memory" },
		{ CALL_MMAP, BACKING_THP, ENOMEM, "transparent huge" },
		{ CALL_MMAP, BACKING_MEMFD, EAGAIN, "memfd" },
		{ CALL_MMAP, BACKING_HUGETLB_2M, ENOMEM, "vm.nr_hugepages" },
		{ CALL_MMAP, BACKING_HUGETLB_1G, ENOMEM, "1048576kB" },
		{ CALL_MEMFD, BACKING_MEMFD, EMFILE, "memfd_create" },
		{ CALL_FTRUNCATE, BACKING_MEMFD, ENOSPC, "memfd of" },
	};
	unsigned int fds = fd_count();
	uint8_t *at = room(BYTES);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct error e = { "" };

		arm(row[i].call, 0, 1, 1, row[i].err);
		assert_int_equal(-row[i].err, backing_map(at, BYTES,
							  row[i].backing, &e));
		fault.armed = false;
		says(&e, row[i].what, row[i].err);
		assert_int_equal(fds, fd_count());
	}
	munmap(at, BYTES);
}

static void population_fails_or_falls_back(void **state)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);

	(void)state;
	assert_int_equal(0, backing_map(at, BYTES, BACKING_ANON, &e));
	arm(CALL_MADVISE, 0, 1, 1, ENOMEM);
	assert_int_equal(-ENOMEM, backing_populate(at, BYTES, &e));
	says(&e, "populated", ENOMEM);
	arm(CALL_MADVISE, 0, 1, 1, EINVAL);	/* a kernel before 5.14 */
	assert_int_equal(0, backing_populate(at, BYTES, &e));
	assert_int_equal(1, atomic_load(&fault.hits));
	fault.armed = false;
	munmap(at, BYTES);
}

/* What was there is gone, and a refusal leaves nothing accessible. */
static void renewed_memory_is_new(void **state)
{
	struct error e = { "" };
	uint8_t *at = room(BYTES);
	unsigned char vec[PAGES];

	(void)state;
	assert_int_equal(0, backing_map(at, BYTES, BACKING_ANON, &e));
	memset(at, 7, BYTES);
	assert_int_equal(0, backing_renew(at, BYTES, BACKING_ANON, &e));
	assert_int_equal(0, at[4096]);
	for (int nth = 1; nth <= 2; nth++) {
		arm(CALL_MMAP, 0, nth, 1, ENOMEM);
		assert_int_equal(-ENOMEM, backing_renew(at, BYTES,
							BACKING_ANON, &e));
		fault.armed = false;
		says(&e, "anonymous memory", ENOMEM);
	}
	assert_int_equal(0, mincore(at, BYTES, vec));	/* still ours */
	munmap(at, BYTES);
}

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define THP "/sys/kernel/mm/transparent_hugepage/enabled"

static void shortages_are_skips_with_a_mend(void **state)
{
	static const char *const empty[] = { POOL, "0\n", NULL };
	static const char *const few[] = { POOL, "3\n", NULL };
	static const char *const enough[] = { POOL, "16\n", NULL };
	static const char *const never[] = { THP, "always [never]\n", NULL };
	const uint64_t bytes = 32 << 20;
	char why[200];
	const char *text;

	(void)state;
	fake.file = empty;
	text = backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why, 200);
	assert_non_null(strstr(text, "needs 16 free"));
	assert_non_null(strstr(text, "0 are there"));
	assert_non_null(strstr(text, "nr_hugepages"));
	fake.file = few;
	text = backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why, 200);
	assert_non_null(strstr(text, "3 are there"));
	fake.file = enough;
	assert_null(backing_unavailable(BACKING_HUGETLB_2M, bytes, 0, why,
					200));
	fake.file = never;
	text = backing_unavailable(BACKING_THP, bytes, bytes, why, 200);
	assert_non_null(strstr(text, "transparent huge pages are off"));
	text = backing_unavailable(BACKING_ANON, bytes, bytes - 1, why, 200);
	assert_non_null(strstr(text, "needs 32 MiB"));
	assert_non_null(strstr(text, "--memory"));
	fake.file = NULL;
}

/* The narrowest of all the groups that this process lies in. */
static void a_cgroups_limit_is_obeyed(void **state)
{
#define MEMINFO "/proc/meminfo", "MemTotal: 9\nMemAvailable:   4096 kB\n"
#define GROUP "/proc/self/cgroup", "0::/outer/inner\n"
#define OUTER "/sys/fs/cgroup/outer/memory."
#define INNER "/sys/fs/cgroup/outer/inner/memory."
	static const struct {
		uint64_t left;
		const char *file[14];
	} row[] = {
		{ 4 << 20, { MEMINFO, GROUP, NULL } },
		{ 4 << 20, { MEMINFO, GROUP, INNER "max", "max\n", NULL } },
		{ 1 << 20, { MEMINFO, GROUP, INNER "max", "3145728\n",
			     INNER "current", "2097152\n", NULL } },
		{ 1 << 20, { MEMINFO, GROUP, INNER "max", "max\n",
			     OUTER "max", "3145728\n",
			     OUTER "current", "2097152\n", NULL } },
		{ 0, { MEMINFO, GROUP, INNER "max", "4096\n",
		       INNER "current", "8192\n", NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fake.file = row[i].file;
		if (backing_memory_left() != row[i].left)
			fail_msg("row %zu: %llu are left", i,
				 (unsigned long long)backing_memory_left());
	}
	fake.file = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_name_the_memory),
		cmocka_unit_test(population_fails_or_falls_back),
		cmocka_unit_test(renewed_memory_is_new),
		cmocka_unit_test(shortages_are_skips_with_a_mend),
		cmocka_unit_test(a_cgroups_limit_is_obeyed),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
