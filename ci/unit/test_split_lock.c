/*
 * What is said about split locks on machines that are directories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/split_lock.h"

static char root[] = "/tmp/vmgauge-test-split-lock-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
}

static int tree_make(void **state)
{
	static const char *const dir[] = { "", "/proc", "/proc/sys",
					   "/proc/sys/kernel" };
	char full[256];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 1; i < sizeof(dir) / sizeof(*dir); i++) {
		snprintf(full, sizeof(full), "%s%s", root, dir[i]);
		if (mkdir(full, 0700))
			return -1;
	}
	return 0;
}

static int tree_remove(void **state)
{
	static const char *const all[] = {
		"/proc/sys/kernel/split_lock_mitigate", "/proc/cpuinfo",
		"/proc/cmdline", "/proc/sys/kernel", "/proc/sys", "/proc", "",
	};
	char full[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(full, sizeof(full), "%s%s", root, all[i]);
		remove(full);
	}
	return 0;
}

static void said(const char *want)
{
	const char *got = split_lock_mitigation(root);

	assert_non_null(got);
	if (!strstr(got, want))
		fail_msg("'%s' is not in '%s'", want, got);
}

static void a_cpu_that_does_not_detect_them(void **state)
{
	(void)state;
	assert_null(split_lock_mitigation(root));
	assert_false(split_lock_is_fatal(root));
	put("/proc/cpuinfo", "processor : 0\nflags : fpu vme split_lock\n");
	put("/proc/cmdline", "quiet split_lock_detect=fatal\n");
	said("does not detect");
	assert_false(split_lock_is_fatal(root));
}

static void the_command_line_says_what_is_done(void **state)
{
	(void)state;
	put("/proc/cpuinfo", "flags : fpu split_lock_detect\n");
	put("/proc/cmdline", "quiet split_lock_detect=fatal\n");
	said("SIGBUS");
	assert_true(split_lock_is_fatal(root));
	put("/proc/cmdline", "split_lock_detect=off quiet\n");
	said("off");
	assert_false(split_lock_is_fatal(root));
	put("/proc/cpuinfo", "flags : fpu bus_lock_detect\n");
	put("/proc/cmdline", "split_lock_detect=ratelimit:100\n");
	said("limited");
}

static void without_a_word_it_warns(void **state)
{
	(void)state;
	put("/proc/cpuinfo", "flags : split_lock_detect fpu\n");
	put("/proc/cmdline", "quiet\n");
	said("warning");
	assert_null(strstr(split_lock_mitigation(root), "slowed"));
	put("/proc/sys/kernel/split_lock_mitigate", "1\n");
	said("slowed down");
	put("/proc/sys/kernel/split_lock_mitigate", "0\n");
	assert_null(strstr(split_lock_mitigation(root), "slowed"));
	assert_false(split_lock_is_fatal(root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_that_does_not_detect_them),
		cmocka_unit_test(the_command_line_says_what_is_done),
		cmocka_unit_test(without_a_word_it_warns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("split_lock", tests, tree_make,
					   tree_remove);
}
