/*
 * TAP as written: every verdict has its line, and no text can break out of
 * its place.
 *
 * "test_tap --write" puts a stream with every kind of line and the worst
 * texts on standard output, for a parser that was written elsewhere.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap.h"

/* A writer into memory. */
struct page {
	struct tap tap;
	FILE *out;
	char *text;
	size_t n;
};

static void page_open(struct page *p)
{
	p->text = NULL;
	p->out = open_memstream(&p->text, &p->n);
	assert_non_null(p->out);
	tap_begin(&p->tap, p->out);
}

/* The text must be the version line and then exactly this. */
static void page_is(struct page *p, const char *want)
{
	char *whole = test_malloc(strlen(want) + 20);

	assert_int_equal(0, fflush(p->out));
	sprintf(whole, "TAP version 14\n%s", want);
	assert_string_equal(whole, p->text);
	test_free(whole);
	fclose(p->out);
	free(p->text);
}

static json_t *result_new(const char *verdict, const char *reason,
			  const char *cause)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s, s:s}",
			 "id", "fidelity/x", "rule", "x is y",
			 "verdict", verdict, "reason", reason,
			 "expected_failure", cause,
			 "repeat", "vmgauge conform fidelity/x",
			 "kind", "probe");
}

static void result_point(struct tap *t, const char *verdict, const char *reason,
			 const char *cause)
{
	json_t *result = result_new(verdict, reason, cause);

	assert_non_null(result);
	tap_result(t, NULL, result);
	json_decref(result);
}

static void lines_are_plain(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	tap_plan(&p.tap, 4, NULL);
	tap_point(&p.tap, true, "a", NULL, TAP_NONE, NULL, NULL);
	tap_point(&p.tap, false, "b", "does b", TAP_NONE, "ignored", NULL);
	tap_point(&p.tap, true, "c", "", TAP_SKIP, "no c", NULL);
	tap_point(&p.tap, false, "d", NULL, TAP_TODO, NULL, NULL);
	tap_comment(&p.tap, "two\nlines\n");
	assert_int_equal(4, p.tap.points);
	assert_int_equal(1, p.tap.failed);
	assert_int_equal(0, tap_end(&p.tap));
	page_is(&p, "1..4\nok 1 - a\nnot ok 2 - b: does b\n"
		"ok 3 - c # SKIP no c\nnot ok 4 - d # TODO\n# two\n# lines\n");
}

static void text_cannot_break_out(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	tap_point(&p.tap, false, "a#b", "x # TODO y\nok 2\\", TAP_NONE, NULL,
		  NULL);
	tap_point(&p.tap, true, "c", "block {", TAP_SKIP, "e # f\r\n\033[1m",
		  NULL);
	tap_comment(&p.tap, "a\rb\033\n\nc");
	tap_bail_out(&p.tap, "no\nmore");
	assert_int_equal(0, tap_end(&p.tap));
	page_is(&p, "not ok 1 - a\\#b: x \\# TODO y ok 2\\\\\n"
		"ok 2 - c: block {. # SKIP e \\# f   [1m\n# a b \n# \n# c\n"
		"Bail out! no more\n");
}

static void verdicts_have_their_lines(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	tap_plan(&p.tap, 3, NULL);
	result_point(&p.tap, "pass", NULL, NULL);
	result_point(&p.tap, "tell", "hypervisor bit", NULL);
	result_point(&p.tap, "skip", "no x", "a cause");
	assert_int_equal(0, p.tap.failed);
	assert_int_equal(0, tap_end(&p.tap));
	page_is(&p, "1..3\n"
		"ok 1 - fidelity/x: x is y\n"
		"  ---\n  verdict: pass\n  rule: \"x is y\"\n  ...\n"
		"ok 2 - fidelity/x: x is y\n"
		"  ---\n  verdict: tell\n  reason: \"hypervisor bit\"\n"
		"  rule: \"x is y\"\n  ...\n"
		"ok 3 - fidelity/x: x is y # SKIP no x\n"
		"  ---\n  verdict: skip\n  reason: \"no x\"\n"
		"  rule: \"x is y\"\n  ...\n");
}

static void failures_have_their_severity(void **state)
{
	static const char *const bad[] = { "fail", "hang", "crash", "error" };
	char want[400];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct page p;

		page_open(&p);
		tap_plan(&p.tap, 2, NULL);
		result_point(&p.tap, bad[i], "why", NULL);
		result_point(&p.tap, bad[i], "why", "known: #7");
		assert_int_equal(1, p.tap.failed);
		snprintf(want, sizeof(want), "1..2\n"
			 "not ok 1 - fidelity/x: x is y\n"
			 "  ---\n  severity: %s\n  reason: why\n"
			 "  rule: \"x is y\"\n"
			 "  repeat: \"vmgauge conform fidelity/x\"\n  ...\n"
			 "not ok 2 - fidelity/x: x is y # TODO known: \\#7\n"
			 "  ---\n  severity: %s\n  reason: why\n"
			 "  rule: \"x is y\"\n"
			 "  repeat: \"vmgauge conform fidelity/x\"\n  ...\n",
			 bad[i], bad[i]);
		page_is(&p, want);
	}
}

static void silence_is_an_error(void **state)
{
	json_t *empty = json_object(), *odd = json_pack("{s:s, s:s}", "id", "x",
							"verdict", "fine");
	struct page p;

	(void)state;
	page_open(&p);
	tap_result(&p.tap, NULL, empty);
	tap_result(&p.tap, "name", odd);
	tap_result(&p.tap, NULL, NULL);
	assert_int_equal(3, p.tap.failed);
	page_is(&p, "not ok 1 - unnamed\n  ---\n  severity: error\n  ...\n"
		"not ok 2 - name\n  ---\n  severity: error\n  ...\n"
		"not ok 3 - unnamed\n  ---\n  severity: error\n  ...\n");
	json_decref(empty);
	json_decref(odd);
}

static void expected_failure_that_passes_shows(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	result_point(&p.tap, "pass", NULL, "cause");
	page_is(&p, "ok 1 - fidelity/x: x is y # TODO cause\n"
		"  ---\n  verdict: pass\n  rule: \"x is y\"\n  ...\n");
}

static void yaml_is_block_style(void **state)
{
	json_t *yaml = json_pack(
		"{s:s, s:s, s:s, s:f, s:I, s:n, s:b, s:[], s:{},"
		" s:[i, s, [i, [s]], {s:s, s:{s:i}}], s:{s:s}}",
		"plain", "a_word", "no", "no", "text", "a: \"b\"\\\n\t\033\177",
		"real", 1e22, "int", (json_int_t)-7, "null", "true", 1,
		"list", "map", "all", 1, "two", 2, "x", "k", "v", "m", "n", 3,
		"deep key", "a", "0x10");
	struct page p;

	(void)state;
	assert_non_null(yaml);
	page_open(&p);
	tap_point(&p.tap, true, "y", NULL, TAP_NONE, NULL, yaml);
	page_is(&p, "ok 1 - y\n  ---\n  plain: a_word\n  \"no\": \"no\"\n"
		"  text: \"a: \\\"b\\\"\\\\\\n\\t\\x1b\\x7f\"\n  real: 1e22\n"
		"  int: -7\n  \"null\": null\n  \"true\": true\n  list: []\n"
		"  map: {}\n  all:\n    - 1\n    - two\n    - - 2\n      - - x\n"
		"    - k: v\n      m:\n        \"n\": 3\n"
		"  \"deep key\":\n    a: \"0x10\"\n  ...\n");
	json_decref(yaml);
}

static void unicode_stays(void **state)
{
	json_t *yaml = json_pack("{s:s}", "u", "\u00b5s \u4e2d \U0001f600"
				 "\302\205\u2028\ufeff\U0001ffff");
	struct page p;

	(void)state;
	page_open(&p);
	tap_point(&p.tap, true, "\u00b5", NULL, TAP_NONE, NULL, yaml);
	page_is(&p, "ok 1 - \u00b5\n  ---\n  u: \"\u00b5s \u4e2d \U0001f600"
		"\\x85\\u2028\\ufeff\\U0001ffff\"\n  ...\n");
	json_decref(yaml);
}

static void plan_must_balance(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	assert_int_equal(-EPROTO, tap_end(&p.tap));
	tap_plan(&p.tap, 2, NULL);
	tap_point(&p.tap, true, "a", NULL, TAP_NONE, NULL, NULL);
	assert_int_equal(-EPROTO, tap_end(&p.tap));
	tap_point(&p.tap, true, "b", NULL, TAP_NONE, NULL, NULL);
	assert_int_equal(0, tap_end(&p.tap));
	page_is(&p, "1..2\nok 1 - a\nok 2 - b\n");
	page_open(&p);
	tap_plan(&p.tap, 0, "no /dev/kvm");
	assert_int_equal(0, tap_end(&p.tap));
	page_is(&p, "1..0 # SKIP no /dev/kvm\n");
}

static void full_disk_is_reported(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct tap t;

	(void)state;
	assert_non_null(full);
	tap_begin(&t, full);
	tap_plan(&t, 1, NULL);
	tap_point(&t, true, "a", NULL, TAP_NONE, NULL, NULL);
	assert_int_equal(-ENOSPC, tap_end(&t));
	fclose(full);
}

/* What a foreign parser must take: eight points, of which one failed. */
static int write_sample(void)
{
	json_t *worst = json_pack("{s:s, s:[{s:s, s:s, s:i, s:b}], s:{s:s}, s:[]}",
				  "reason", "...\n---\nok 9 - \033[31m \\ # TODO",
				  "checks", "expr", "a[\"x\"]: {", "want", "- 1",
				  "line", 42, "ok", 0,
				  "registers", "rip", "0x8", "cite");
	struct tap t;

	tap_begin(&t, stdout);
	tap_comment(&t, "not ok in a comment\n1..99");
	tap_plan(&t, 8, NULL);
	result_point(&t, "pass", NULL, NULL);
	result_point(&t, "tell", "a tell # SKIP not", NULL);
	result_point(&t, "skip", "needs # and \\", NULL);
	result_point(&t, "hang", "no answer", "known: #7");
	result_point(&t, "pass", NULL, "was known");
	tap_point(&t, true, "esc", "a # TODO b \\# c\nok 7 {", TAP_NONE, NULL,
		  NULL);
	tap_point(&t, false, "worst", "yaml", TAP_NONE, NULL, worst);
	tap_point(&t, true, "\u00b5", "time=1 # time=2", TAP_NONE, NULL, NULL);
	tap_comment(&t, "end");
	json_decref(worst);
	return tap_end(&t) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_plain),
		cmocka_unit_test(text_cannot_break_out),
		cmocka_unit_test(verdicts_have_their_lines),
		cmocka_unit_test(failures_have_their_severity),
		cmocka_unit_test(silence_is_an_error),
		cmocka_unit_test(expected_failure_that_passes_shows),
		cmocka_unit_test(yaml_is_block_style),
		cmocka_unit_test(unicode_stays),
		cmocka_unit_test(plan_must_balance),
		cmocka_unit_test(full_disk_is_reported),
	};

	if (argc == 2 && !strcmp(argv[1], "--write"))
		return write_sample();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
