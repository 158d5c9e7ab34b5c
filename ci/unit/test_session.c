/*
 * A session: what is run, how often and in which order, and what becomes of
 * what goes wrong on the way.
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

static void every_round_of_every_series_once(void **state)
{
	const struct session_options o = mixed_options(3);
	unsigned int total = 0;
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	bed_run(&b);
	for (unsigned int i = 0; i < b.s.series_count; i++) {
		const struct series *s = &b.s.series[i];
		unsigned int rounds = 0;
		json_t *record;
		size_t k;

		assert_non_null(s->result);
		assert_string_equal("pass", DIG_TEXT(s->result, "verdict"));
		if (s->item->probe) {
			assert_int_equal(1, runs_of(s, false));
			assert_int_equal(0, runs_of(s, true));
			total++;
			continue;
		}
		assert_int_equal(5, runs_of(s, false));
		assert_int_equal(s->item->bench->decompose, runs_of(s, true));
		total += 5 + s->item->bench->decompose;
		json_array_foreach(s->instances, k, record)
			rounds |= 1u << (int)DIG_NUMBER(record, "round");
		assert_int_equal(0x1f, rounds);
		assert_int_equal(5, json_array_size(s->instances));
	}
	assert_int_equal(total, spy.count);
	assert_int_equal(total, b.s.total);
	document_is_good(&b.s);
	bed_close(&b);
}

static bool same_series(const struct note *a, const struct note *b)
{
	return a->ring == b->ring && !strcmp(a->item, b->item);
}

/* A host that drifts must drift through all: no series has a stretch. */
static void rounds_are_interleaved(void **state)
{
	static const char *const globs[] = { "exit", NULL };
	const struct session_options o = mixed_options(3);
	unsigned int n, same = 0;
	struct bed b;

	(void)state;
	spy_open(&b, &o, globs);
	bed_run(&b);
	n = b.s.series_count;
	assert_true(n > 20);
	for (unsigned int round = 0; round < 5; round++) {
		const struct note *first = &spy.note[round * n];

		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(0, first[i].stamps);
			for (unsigned int k = 0; k < i; k++)
				assert_false(same_series(&first[i], &first[k]));
			same += round && same_series(&first[i], &spy.note[i]);
		}
	}
	/* ... and each round in an order of its own. */
	assert_true(same < n);
	for (unsigned int i = 5 * n; i < spy.count; i++)
		assert_int_equal(SESSION_STAMPS, spy.note[i].stamps);
	bed_close(&b);
}

static void the_seed_decides_the_order(void **state)
{
	static struct note kept[NOTES_MAX];
	static const uint64_t seed[] = { 3, 3, 4 };
	unsigned int count = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct session_options o = mixed_options(seed[i]);
		unsigned int moved = 0, reseeded = 0;
		struct bed b;

		spy_open(&b, &o, mixed);
		bed_run(&b);
		for (unsigned int k = 0; i && k < spy.count; k++) {
			moved += !same_series(&kept[k], &spy.note[k]);
			reseeded += kept[k].seed != spy.note[k].seed;
		}
		if (i)
			assert_int_equal(count, spy.count);
		if (i == 1) {
			assert_int_equal(0, moved);
			assert_int_equal(0, reseeded);
		} else if (i == 2) {
			assert_true(moved > 0);
			assert_true(reseeded > spy.count / 2);
		}
		count = spy.count;
		memcpy(kept, spy.note, sizeof(kept));
		bed_close(&b);
	}
}

static unsigned int watched;

static void watch(struct session *s, const struct series *series)
{
	(void)s;
	assert_non_null(series->result);
	watched++;
}

static void each_series_is_watched_once(void **state)
{
	const struct session_options o = mixed_options(3);
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	watched = 0;
	b.s.watch = watch;
	bed_run(&b);
	assert_int_equal(b.s.series_count, watched);
	bed_close(&b);
}

static void rings_are_what_was_asked_for(void **state)
{
	static const char *const globs[] = { "exit/empty", "exit/wbinvd", NULL };
	static const struct { unsigned int rings, series; } row[] = {
		{ RING0, 2 }, { RING3, 1 }, { RING0 | RING3, 3 }, { 0, 3 },
	};
	struct session_options o = bed_options("null");
	struct error e = { "" };
	struct bed b;

	(void)state;
	for (int i = 0; i < 4; i++) {
		o.rings = row[i].rings;
		bed_open(&b, &o, globs);
		assert_int_equal(row[i].series, b.s.series_count);
		bed_close(&b);
	}
	o.rings = RING3;
	memset(&b, 0, sizeof(b));
	assert_int_equal(0, registry_open(&b.registry, &e));
	assert_int_equal(0, registry_select(&b.registry, BOTH,
			 (const char *[]){ "exit/wbinvd", NULL }, &e));
	assert_int_equal(0, session_open(&b.s, &o, &e));
	assert_int_equal(-EINVAL, session_plan(&b.s, &b.registry, &e));
	assert_non_null(strstr(e.text, "--ring"));
	bed_close(&b);
}

/* --- what goes wrong on the way --------------------------------------- */

static void a_target_that_cannot_create_is_an_error(void **state)
{
	const struct session_options o = mixed_options(3);
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	spy.rc = -ENOMEM;
	bed_run(&b);
	assert_int_equal(b.s.series_count, spy.count);
	for (unsigned int i = 0; i < b.s.series_count; i++) {
		const json_t *r = b.s.series[i].result;

		assert_string_equal("error", DIG_TEXT(r, "verdict"));
		assert_string_equal("the spy will not", DIG_TEXT(r, "reason"));
	}
	assert_int_equal(EXIT_WRONG, verb_exit_code(&b.s));
	document_is_good(&b.s);
	bed_close(&b);
}

static void a_stuck_vcpu_ends_the_session(void **state)
{
	const struct session_options o = mixed_options(3);
	struct error e = { "" };
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	spy.rc = -EIO;
	spy.rc_from = 4;
	assert_int_equal(-EIO, session_run(&b.s, &e));
	assert_string_equal("the spy will not", e.text);
	assert_int_equal(5, spy.count);
	bed_close(&b);
}

static void an_unavailable_target_skips_all(void **state)
{
	const struct session_options o = mixed_options(3);
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	strcpy(b.s.unavailable, "/dev/kvm: not there: load it");
	bed_run(&b);
	assert_int_equal(0, spy.count);
	for (unsigned int i = 0; i < b.s.series_count; i++) {
		const json_t *r = b.s.series[i].result;

		assert_string_equal("skip", DIG_TEXT(r, "verdict"));
		assert_string_equal("/dev/kvm: not there: load it",
				    DIG_TEXT(r, "reason"));
	}
	assert_int_equal(EXIT_SKIPPED, verb_exit_code(&b.s));
	/* A harness hears of skips in TAP, and takes other codes for failures. */
	setenv("HARNESS_ACTIVE", "1", 1);
	assert_int_equal(EXIT_OK, verb_exit_code(&b.s));
	unsetenv("HARNESS_ACTIVE");
	document_is_good(&b.s);
	bed_close(&b);
}

static void interrupted_keeps_what_was_finished(void **state)
{
	const struct session_options o = mixed_options(3);
	volatile sig_atomic_t interrupted = 0;
	unsigned int finished = 0;
	struct error e = { "" };
	struct bed b;

	(void)state;
	spy_open(&b, &o, mixed);
	b.s.interrupted = &interrupted;
	spy.interrupt = &interrupted;
	spy.interrupt_at = 14;
	assert_int_equal(-EINTR, session_run(&b.s, &e));
	assert_int_equal(14, spy.count);
	for (unsigned int i = 0; i < b.s.series_count; i++) {
		finished += b.s.series[i].result != NULL;
		if (b.s.series[i].result)
			assert_non_null(b.s.series[i].item->probe);
	}
	assert_int_equal(beginning_with(BOTH, PROBES_ID "/"), finished);
	bed_close(&b);
}

/* Out of time, each bench still has a number, and says what it lacks. */
static void a_spent_budget_leaves_flags(void **state)
{
	static const char *const globs[] = { "exit/cpuid", "exit/empty", NULL };
	struct session_options o = mixed_options(3);
	struct bed b;

	(void)state;
	o.budget_s = 1e-6;
	spy_open(&b, &o, globs);
	spy.sleep_ms = 2;
	bed_run(&b);
	for (unsigned int i = 0; i < b.s.series_count; i++) {
		const json_t *r = b.s.series[i].result;
		char *flags = json_dumps(DIG(r, "flags"), 0);

		assert_int_equal(1, json_array_size(DIG(r, "instances")));
		assert_string_equal("pass", DIG_TEXT(r, "verdict"));
		assert_true(json_is_null(DIG(r, "ci")));
		assert_non_null(strstr(flags, "\"budget_ended\""));
		assert_non_null(strstr(flags, "\"no_interval\""));
		free(flags);
	}
	document_is_good(&b.s);
	bed_close(&b);
}

static void without_stamps_the_document_still_holds(void **state)
{
	static const char *const globs[] = { "exit/pio_userspace", NULL };
	const struct session_options o = mixed_options(3);
	struct bed b;

	(void)state;
	spy_open(&b, &o, globs);
	spy.no_trips = true;
	bed_run(&b);
	assert_string_equal("no common base", DIG_TEXT(b.s.series[0].result,
			    "decomposition", "note"));
	document_is_good(&b.s);
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_round_of_every_series_once),
		cmocka_unit_test(rounds_are_interleaved),
		cmocka_unit_test(the_seed_decides_the_order),
		cmocka_unit_test(each_series_is_watched_once),
		cmocka_unit_test(rings_are_what_was_asked_for),
		cmocka_unit_test(a_target_that_cannot_create_is_an_error),
		cmocka_unit_test(a_stuck_vcpu_ends_the_session),
		cmocka_unit_test(an_unavailable_target_skips_all),
		cmocka_unit_test(interrupted_keeps_what_was_finished),
		cmocka_unit_test(a_spent_budget_leaves_flags),
		cmocka_unit_test(without_stamps_the_document_still_holds),
	};

	unsetenv("HARNESS_ACTIVE");	/* it changes what a skip's code is */
	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, names_open, names_close);
}
