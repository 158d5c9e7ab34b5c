/*
 * A session that goes on from the records of another: only what is missing is
 * run, nothing counts twice, and what is foreign is refused. And its document,
 * saved and read again.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session_spy.h"

/* --- resuming --------------------------------------------------------- */

/* What a journal would hold of a finished session, up to a round. */
static json_t *records_of(const struct session *s, int rounds)
{
	json_t *all = json_array(), *record;
	size_t k;

	for (unsigned int i = 0; i < s->series_count; i++) {
		const struct series *series = &s->series[i];

		json_array_foreach(series->instances, k, record)
			if (DIG_NUMBER(record, "round") < rounds)
				json_array_append_new(all, json_pack("{s:O}",
						      "instance", record));
		if (series->verdict)
			json_array_append_new(all, json_pack("{s:O}",
				"instance", series->verdict));
		if (series->decomposition && rounds > 5)
			json_array_append_new(all, json_pack("{s:O}",
				"instance", series->decomposition));
	}
	return all;
}

static void resume(struct bed *b, const json_t *records)
{
	struct error e = { "" };

	if (session_resume(&b->s, records, &e))
		fail_msg("%s", e.text);
}

static void resumed_runs_only_what_is_missing(void **state)
{
	static const struct { int kept; unsigned int again; } row[] = {
		{ 2, 3 }, { 5, 0 }, { 6, 0 },
	};
	const struct session_options o = mixed_options(3);

	(void)state;
	for (int k = 0; k < 3; k++) {
		json_t *records, *text;
		struct bed b;
		char *line;

		spy_open(&b, &o, mixed);
		bed_run(&b);
		records = records_of(&b.s, row[k].kept);
		bed_close(&b);
		/* By the journal they go through text. */
		line = json_dumps(records, DOC_JSON_FLAGS);
		text = json_loads(line, 0, NULL);
		free(line);
		json_decref(records);

		spy_open(&b, &o, mixed);
		resume(&b, text);
		bed_run(&b);
		json_decref(text);
		assert_int_equal(b.s.total, spy.count);
		for (unsigned int i = 0; i < b.s.series_count; i++) {
			const struct series *s = &b.s.series[i];

			assert_non_null(s->result);
			assert_int_equal(s->item->probe ? 0 : row[k].again,
					 runs_of(s, false));
			if (s->item->probe)
				continue;
			assert_int_equal(5, json_array_size(s->instances));
			assert_int_equal(s->item->bench->decompose &&
					 row[k].kept < 6, runs_of(s, true));
		}
		document_is_good(&b.s);
		bed_close(&b);
	}
}

static void foreign_records_are_refused(void **state)
{
	static const char *const row[] = {
		"[{}]", "[null]", "[[]]", "[{\"instance\": null}]",
		"[{\"instance\": {}}]",
		"[{\"result\": {\"id\": \"exit/cpuid\", \"ring\": 0, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/none\", \"ring\": 0, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": 7, \"ring\": 0, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": 1, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/wbinvd\", \"ring\": 3, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": 4294967296, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": \"0\", \"vcpus\": 1, \"verdict\": \"pass\"}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": 0, \"vcpus\": 1}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": 0, \"vcpus\": 1, \"verdict\": 1}}]",
		"[{\"instance\": {\"id\": \"exit/cpuid\", \"ring\": 0, \"vcpus\": 1, \"verdict\": \"banana\"}}]",
		/* of the second session's registry, but not selected */
		"[{\"instance\": {\"id\": \"exit/rdtsc\", \"ring\": 0, \"vcpus\": 1, \"verdict\": \"pass\"}}]",
	};
	const struct session_options o = mixed_options(3);
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		json_t *records = json_loads(row[i], 0, NULL);
		struct bed b;

		assert_non_null(records);
		spy_open(&b, &o, mixed);
		e.text[0] = '\0';
		if (session_resume(&b.s, records, &e) != -EBADMSG)
			fail_msg("%s was taken", row[i]);
		assert_non_null(strstr(e.text, "journal record 1 "));
		json_decref(records);
		bed_close(&b);
	}
}

/* The same round twice is one round: it was run once. */
static void records_that_come_twice_count_once(void **state)
{
	const struct session_options o = mixed_options(3);
	json_t *records, *copy;
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	bed_run(&b);
	records = records_of(&b.s, 6);
	copy = json_deep_copy(records);
	json_array_extend(records, copy);
	json_decref(copy);
	bed_close(&b);

	spy_open(&b, &o, mixed);
	resume(&b, records);
	bed_run(&b);
	json_decref(records);
	for (unsigned int i = 0; i < b.s.series_count; i++)
		if (b.s.series[i].item->bench)
			assert_int_equal(5, json_array_size(
					 b.s.series[i].instances));
	document_is_good(&b.s);
	bed_close(&b);
}

/* A record that says "pass" and measured nothing makes no number. */
static void hollow_records_make_no_number(void **state)
{
	static const char *const globs[] = { "exit/cpuid", NULL };
	struct session_options o = bed_options("null");
	json_t *records = json_loads("[{\"instance\": {\"id\": \"exit/cpuid\", "
		"\"ring\": 0, \"vcpus\": 1, \"round\": 2, \"verdict\": \"pass\"}}]", 0, NULL);
	struct bed b;

	(void)state;
	spy_open(&b, &o, globs);
	resume(&b, records);
	json_decref(records);
	bed_run(&b);
	assert_int_equal(SESSION_INSTANCES - 1, spy.count);
	assert_string_equal("error", DIG_TEXT(b.s.series[0].result, "verdict"));
	assert_null(DIG(b.s.series[0].result, "median"));
	document_is_good(&b.s);
	bed_close(&b);
}

/* --- documents -------------------------------------------------------- */

static void a_saved_document_is_read_again(void **state)
{
	char path[] = "/tmp/vmgauge-test-session-XXXXXX";
	const struct session_options o = mixed_options(3);
	struct error e = { "" };
	json_t *doc, *again;
	int fd = mkstemp(path);
	struct bed b;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	spy_open(&b, &o, mixed);
	bed_run(&b);
	doc = session_document(&b.s);
	if (doc_save(doc, path, &e))
		fail_msg("%s", e.text);
	again = doc_load(path, &e);
	unlink(path);
	if (!again)
		fail_msg("%s", e.text);
	assert_int_equal(b.s.series_count, json_array_size(DIG(again, "results")));
	assert_string_equal("run", json_string_value(json_array_get(
			    DIG(again, "run", "command"), 1)));
	assert_true(json_is_true(DIG(again, "run", "complete")));
	assert_int_equal(3, (int)DIG_NUMBER(again, "run", "seed"));
	json_decref(again);
	json_decref(doc);
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumed_runs_only_what_is_missing),
		cmocka_unit_test(foreign_records_are_refused),
		cmocka_unit_test(records_that_come_twice_count_once),
		cmocka_unit_test(hollow_records_make_no_number),
		cmocka_unit_test(a_saved_document_is_read_again),
	};

	unsetenv("HARNESS_ACTIVE");	/* it changes what a skip's code is */
	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, names_open, names_close);
}
