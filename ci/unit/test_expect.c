/*
 * The --expect file: a line is understood whole or refused by its number.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "result/expect.h"

static char path[] = "/tmp/vmgauge-test-expect-XXXXXX";

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(n, fwrite(text, 1, n, f));
	assert_int_equal(0, fclose(f));
}

static void load(struct expect *x, const char *text)
{
	struct error e = { "" };

	put(text, strlen(text));
	if (expect_load(x, path, &e))
		fail_msg("%s", e.text);
}

/* "LINE: what" and the mend must both be in the message. */
static void refused_bytes(const char *text, size_t n, const char *what,
			  const char *mend)
{
	struct error e = { "" };
	struct expect x;

	put(text, n);
	assert_int_equal(-EINVAL, expect_load(&x, path, &e));
	if (!strstr(e.text, path) || !strstr(e.text, what) ||
	    !strstr(e.text, mend))
		fail_msg("no '%s' and '%s' in '%s'", what, mend, e.text);
	assert_int_equal(0, x.n);
	assert_null(x.list);
	assert_null(x.text);
	expect_free(&x);
}

static void refused(const char *text, const char *what, const char *mend)
{
	refused_bytes(text, strlen(text), what, mend);
}

static void expectations_are_found(void **state)
{
	const struct expectation *one;
	struct expect x;

	(void)state;
	load(&x, "# known on shadow paging\n\n"
	     "kvm\texit/vmcall\thang\tVMCALL never returns\n"
	     "#kvm\texit/pio\tfail\tnot this one\n"
	     "kvm\tfidelity/a b\tfail\tthe cause: # and \"quotes\"\n"
	     "qemu\texit/vmcall\tcrash\tanother cause");
	assert_int_equal(3, x.n);
	one = expect_lookup(&x, "kvm", "exit/vmcall");
	assert_non_null(one);
	assert_string_equal("hang", one->verdict);
	assert_string_equal("VMCALL never returns", one->cause);
	assert_int_equal(3, one->line);
	one = expect_lookup(&x, "kvm", "fidelity/a b");
	assert_non_null(one);
	assert_string_equal("the cause: # and \"quotes\"", one->cause);
	one = expect_lookup(&x, "qemu", "exit/vmcall");
	assert_non_null(one);
	assert_string_equal("another cause", one->cause);
	assert_null(expect_lookup(&x, "kvm", "exit/pio"));
	assert_null(expect_lookup(&x, "null", "exit/vmcall"));
	assert_null(expect_lookup(&x, "kvm", "exit/vmcal"));
	assert_null(expect_lookup(&x, "", ""));
	expect_free(&x);
	assert_null(expect_lookup(&x, "kvm", "exit/vmcall"));
}

static void empty_expects_nothing(void **state)
{
	struct expect x;

	(void)state;
	load(&x, "");
	assert_int_equal(0, x.n);
	expect_free(&x);
	load(&x, "\n\n# nothing");
	assert_null(expect_lookup(&x, "kvm", "exit/vmcall"));
	expect_free(&x);
}

static void many_are_found(void **state)
{
	struct expect x;
	char item[32];
	FILE *f;

	(void)state;
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "kvm\titem/%d\tfail\tcause %d\n", i * 7919 % 1000, i);
	assert_int_equal(0, fclose(f));
	assert_int_equal(0, expect_load(&x, path, NULL));
	assert_int_equal(1000, x.n);
	for (int i = 0; i < 1000; i++) {
		snprintf(item, sizeof(item), "item/%d", i);
		assert_non_null(expect_lookup(&x, "kvm", item));
	}
	expect_free(&x);
}

static void several_verdicts_may_be_expected(void **state)
{
	const struct expectation *one;
	struct expect x;

	(void)state;
	load(&x, "xen\ta\thang|crash\tit dies first, or not\n"
	     "xen\tb\tfail\tone\n");
	one = expect_lookup(&x, "xen", "a");
	assert_non_null(one);
	assert_true(expect_allows(one, "hang"));
	assert_true(expect_allows(one, "crash"));
	assert_false(expect_allows(one, "fail"));
	assert_false(expect_allows(one, "han"));
	assert_false(expect_allows(one, ""));
	one = expect_lookup(&x, "xen", "b");
	assert_true(expect_allows(one, "fail"));
	assert_false(expect_allows(one, "hang"));
	expect_free(&x);
	refused("kvm\ta\thang|\tx\n", ":1: unknown verdict 'hang|'", "pass");
	refused("kvm\ta\t|hang\tx\n", ":1: unknown verdict '|hang'", "pass");
	refused("kvm\ta\thang|dead\tx\n", ":1: unknown verdict 'hang|dead'",
		"pass");
}

static void half_lines_are_refused(void **state)
{
	(void)state;
	refused("kvm\n", ":1: no item", "one tab between");
	refused("kvm\ta\n", ":1: no verdict", "one tab between");
	refused("# x\n\nkvm\ta\tfail\n", ":3: no cause", "one tab between");
	refused("kvm\ta\tfail\t\n", ":1: no cause", "one tab between");
	refused("kvm\ta\tfail\t   \n", ":1: an empty cause", "say why a fails");
	refused("\ta\tfail\tx\n", ":1: no target", "one tab between");
	refused("kvm\t\tfail\tx\n", ":1: no item", "one tab between");
	refused("kvm a fail why\n", ":1: no item", "one tab between");
	refused("kvm\ta\tfailed\tx\n", ":1: unknown verdict 'failed'",
		"pass, tell, skip, fail, hang, crash, error");
	refused("kvm\ta\tfail\tx\ty\n", ":1: a tab inside the cause",
		"use spaces");
	refused("kvm\ta\tfail\tx\r\n", ":1: a carriage return",
		"Unix line ends");
	refused("kvm\ta\tfail\tx\nkvm\tb\tfail\ty\nkvm\ta\thang\tz\n",
		":3: a on kvm was line 1 already", "remove one");
}

static void binary_is_refused(void **state)
{
	static const char nul[] = "kvm\ta\tfail\tx\0y\n";
	char *line = test_malloc(5000);

	(void)state;
	refused_bytes(nul, sizeof(nul) - 1, ":1: a NUL byte", "save it as");
	refused_bytes("\0", 1, ":1: a NUL byte", "save it as");
	memset(line, 'x', 5000);
	refused_bytes(line, 5000, ":1: a line of 5000 bytes: 4096",
		      "shorten the cause");
	test_free(line);
}

static void missing_file_is_named(void **state)
{
	struct error e = { "" };
	struct expect x;

	(void)state;
	assert_int_equal(-ENOENT, expect_load(&x, "/nonexistent", &e));
	assert_non_null(strstr(e.text, "cannot read /nonexistent"));
	assert_int_equal(-EISDIR, expect_load(&x, "/tmp", &e));
	assert_null(expect_lookup(&x, "kvm", "a"));
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expectations_are_found),
		cmocka_unit_test(empty_expects_nothing),
		cmocka_unit_test(many_are_found),
		cmocka_unit_test(several_verdicts_may_be_expected),
		cmocka_unit_test(half_lines_are_refused),
		cmocka_unit_test(binary_is_refused),
		cmocka_unit_test(missing_file_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
