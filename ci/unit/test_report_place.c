/*
 * A report goes to disks that fill up and into places that are taken: the one
 * that was there stays whole, or the new one is whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "report_fixture.h"

static int count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	while (d && (entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

static void an_unwritable_place_is_named(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	int ret;

	(void)state;
	assert_int_equal(close(creat(path_in("file"), 0644)), 0);
	ret = report_one(doc, "file/report", &e);
	assert_int_equal(ret, -ENOTDIR);
	assert_in(e.text, "file/report");
	assert_in(e.text, strerror(ENOTDIR));
	ret = report_one(doc, "file", &e);
	assert_int_equal(ret, -ENOTDIR);
	/* What stands in the way of a file is not swept aside. */
	mkdir(path_in("taken"), 0755);
	mkdir(path_in("taken/index.html"), 0755);
	ret = report_one(doc, "taken", &e);
	assert_int_equal(ret, -EISDIR);
	assert_in(e.text, "taken/index.html");
	if (geteuid() != 0) {
		mkdir(path_in("closed"), 0555);
		assert_int_equal(report_one(doc, "closed", &e), -EACCES);
		assert_in(e.text, "closed");
	}
	json_decref(doc);
}

static void a_file_limit_leaves_the_old_report(void **state)
{
	struct rlimit before, tight = { 20000, RLIM_INFINITY };
	json_t *doc = document("gauge-1", true);
	char *old, *now;
	struct error e;
	int ret, files;

	(void)state;
	assert_int_equal(report_one(doc, "full", &e), 0);
	old = site_read("full");
	files = count_files(path_in("full"));
	json_array_append_new(json_object_get(doc, "results"),
			      bench("exit/new", 0, 50, true));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tight);
	ret = report_one(doc, "full", &e);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(ret, -EFBIG);
	assert_in(e.text, "full/");
	assert_in(e.text, ": cannot write: ");
	assert_null(strchr(e.text, '\n'));
	now = site_read("full");
	assert_string_equal(old, now);
	assert_int_equal(count_files(path_in("full")), files);
	free(old);
	free(now);
	json_decref(doc);
}

static void a_full_disk_leaves_nothing_half_written(void **state)
{
	json_t *doc = document("gauge-1", true);
	struct error e;
	int ret;

	(void)state;
	mkdir(path_in("small"), 0755);
	if (mount("none", path_in("small"), "tmpfs", 0, "size=64k") < 0) {
		json_decref(doc);
		skip();
	}
	ret = report_one(doc, "small", &e);
	if (ret == -ENOSPC) {
		assert_in(e.text, "cannot write: ");
		assert_in(e.text, strerror(ENOSPC));
	}
	assert_int_equal(count_files(path_in("small")), 0);
	umount(path_in("small"));
	assert_int_equal(ret, -ENOSPC);
	json_decref(doc);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	static const char *const files[] = {
		"index.html", "report.md", "plots/exits.svg",
		"plots/exits.gp", "plots/exits.dat", "plots/decomposition.svg",
		"plots/exits-narrow.svg",
	};
	json_t *doc = document("gauge-1", true);
	struct error e;

	(void)state;
	assert_int_equal(report_one(doc, "one", &e), 0);
	assert_int_equal(report_one(doc, "two", &e), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char a[300], b[300], *one, *two;

		snprintf(a, sizeof(a), "%s/one/%s", base, files[i]);
		snprintf(b, sizeof(b), "%s/two/%s", base, files[i]);
		one = file_read(a);
		two = file_read(b);
		assert_memory_equal(one, two, 4 << 20);
		if (have_gnuplot())
			assert_true(one[0] != '\0');
		free(one);
		free(two);
	}
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unwritable_place_is_named),
		cmocka_unit_test(a_file_limit_leaves_the_old_report),
		cmocka_unit_test(a_full_disk_leaves_nothing_half_written),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
