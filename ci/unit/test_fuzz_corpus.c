/*
 * What the fuzzers begin with, and what they once found, goes through again:
 * ci/fuzz/corpus/. Needs no fuzzer and no clang.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../fuzz/device.h"
#include "../fuzz/json.h"
#include "../fuzz/mailbox.h"
#include "../fuzz/serial.h"
#include "result/doc.h"

/* Every file of a corpus to `one`; returns how many there were. */
static unsigned int replay(const char *dir,
			   void (*one)(void *opaque, const char *name,
				       const uint8_t *data, size_t n),
			   void *opaque)
{
	DIR *d = opendir(dir);
	unsigned int files = 0;
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[512], *data;
		size_t n;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		assert_int_equal(doc_read_file(path, &data, &n, NULL), 0);
		one(opaque, entry->d_name, (const uint8_t *)data, n);
		free(data);
		files++;
	}
	closedir(d);
	return files;
}

static void json_one(void *opaque, const char *name, const uint8_t *data,
		     size_t n)
{
	struct json_fuzz *f = opaque;
	unsigned int before = f->added;

	json_fuzz_one(f, data, n);
	/* those that are right must get through, or nothing is tested */
	if (!strcmp(name, "bench") || !strcmp(name, "probes"))
		assert_int_equal(f->added, before + 1);
}

static void documents(void **state)
{
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "");
	struct json_fuzz f = { 0 };

	(void)state;
	setenv("PATH", "/nowhere", 1);	/* no gnuplot */
	assert_true(replay("ci/fuzz/corpus/json", json_one, &f) >= 5);
	setenv("PATH", path, 1);
	json_fuzz_close(&f);
	free(path);
}

static void serial_one(void *opaque, const char *name, const uint8_t *data,
		       size_t n)
{
	(void)opaque;
	assert_int_equal(serial_fuzz_one(data, n), !strcmp(name, "answer"));
}

static void serial_logs(void **state)
{
	(void)state;
	assert_true(replay("ci/fuzz/corpus/serial", serial_one, NULL) >= 3);
}

static void device_one(void *opaque, const char *name, const uint8_t *data,
		       size_t n)
{
	(void)opaque;
	if (!device_fuzz_one(data, n))
		fail_msg("%s: the device did not come back", name);
}

static void devices(void **state)
{
	(void)state;
	assert_true(replay("ci/fuzz/corpus/device", device_one, NULL) >= 8);
}

static void mailbox_one(void *opaque, const char *name, const uint8_t *data,
			size_t n)
{
	(void)opaque;
	if (mailbox_fuzz_one(data, n) != 2)
		fail_msg("%s: no record came of it", name);
}

static void mailboxes(void **state)
{
	(void)state;
	assert_true(replay("ci/fuzz/corpus/mailbox", mailbox_one, NULL) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(serial_logs),
		cmocka_unit_test(devices),
		cmocka_unit_test(mailboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
