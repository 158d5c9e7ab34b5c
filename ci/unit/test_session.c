/*
 * Selecting, scheduling, resuming: each chosen item runs as often as it
 * should, in an order that the seed decides, nothing of another run is taken
 * in, and what comes out is a document that readers accept.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "result/doc.h"
#include "session_fixture.h"

#define PROBES_ID	"fidelity/control"

/* --- selecting -------------------------------------------------------- */

static struct registry registry;

static int select_all(unsigned int kinds, const char *a, const char *b,
		      struct error *e)
{
	const char *const globs[] = { a, b, NULL };

	e->text[0] = '\0';
	return registry_select(&registry, kinds, a ? globs : NULL, e);
}

static size_t selected_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < registry.count; i++)
		n += registry.item[i].selected;
	return n;
}

/* How many items of a kind begin with a text; the test's own idea of it. */
static size_t beginning_with(unsigned int kinds, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < registry.count; i++) {
		const struct item *item = &registry.item[i];

		n += (kinds & (item->bench ? REGISTRY_BENCHES
					   : REGISTRY_PROBES)) &&
		     !strncmp(item->name, text, strlen(text));
	}
	return n;
}

static void names_are_sorted_and_unique(void **state)
{
	(void)state;
	assert_true(registry.count > 40);
	for (size_t i = 1; i < registry.count; i++)
		assert_true(strcmp(registry.item[i - 1].name,
				   registry.item[i].name) < 0);
}

#define BOTH	(REGISTRY_BENCHES | REGISTRY_PROBES)

static void globs_select(void **state)
{
	static const struct {
		unsigned int kinds;
		const char *glob;
		const char *begin;	/* what must have been selected */
	} row[] = {
		{ BOTH, NULL, "" }, { REGISTRY_BENCHES, NULL, "" },
		{ REGISTRY_PROBES, NULL, "" }, { BOTH, "*", "" },
		{ REGISTRY_PROBES, "*", "" }, { BOTH, "exit", "exit/" },
		{ BOTH, "exit/", "exit/" }, { BOTH, "exit//", "exit/" },
		{ BOTH, "exit/*", "exit/" }, { BOTH, "ex?t/*", "exit/" },
		{ BOTH, "fidelity", "fidelity/" },
		{ BOTH, "fidelity/control", "fidelity/control/" },
		{ BOTH, "[f]idelity/control/*", "fidelity/control/" },
		{ BOTH, "exit/pio_*", "exit/pio_" },
		{ REGISTRY_BENCHES, "pio_*", "exit/pio_" },
		{ BOTH, "exit/cpuid_xsave", "exit/cpuid_xsave" },
		{ BOTH, "cpuid_xsave", "exit/cpuid_xsave" },
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t want = beginning_with(row[i].kinds, row[i].begin);

		assert_int_equal(0, select_all(row[i].kinds, row[i].glob, NULL,
					       &e));
		assert_true(want > 0);
		if (selected_count() != want)
			fail_msg("'%s' selects %zu items, not %zu", row[i].glob,
				 selected_count(), want);
		for (size_t k = 0; k < registry.count; k++)
			if (registry.item[k].selected)
				assert_int_equal(0, strncmp(row[i].begin,
					registry.item[k].name,
					strlen(row[i].begin)));
	}
}

/* The last part alone, and no other item whose name only begins so. */
static void a_name_is_a_whole_name(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(0, select_all(BOTH, "exit/cpuid", NULL, &e));
	assert_int_equal(1, selected_count());
	assert_int_equal(0, select_all(REGISTRY_BENCHES, "cpuid", NULL, &e));
	assert_int_equal(1, selected_count());
}

static void globs_add_up(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(0, select_all(BOTH, "exit/cpuid",
				       "fidelity/control", &e));
	assert_int_equal(1 + beginning_with(BOTH, "fidelity/control/"),
			 selected_count());
	assert_int_equal(0, select_all(BOTH, "exit/cpuid", "exit/*", &e));
	assert_int_equal(beginning_with(BOTH, "exit/"), selected_count());
}

static void no_match_suggests(void **state)
{
	static const struct {
		unsigned int kinds;
		const char *a, *b, *near;
	} row[] = {
		{ BOTH, "exit/cpiud", NULL, "exit/cpuid" },
		{ BOTH, "cpuidd", NULL, "exit/cpuid" },
		{ BOTH, "exit/cpuid", "exit/wbinwd", "exit/wbinvd" },
		{ REGISTRY_PROBES, "cr4_reserved_bit_fault", NULL,
		  "fidelity/control/cr4_reserved_bit_faults" },
		{ BOTH, "exi", NULL, "exit/" }, { BOTH, "", NULL, "exit/" },
		{ BOTH, "/", NULL, "" }, { BOTH, "[", NULL, "" },
		{ BOTH, "fidelity/control/c", NULL, "" },
		{ BOTH, "EXIT", NULL, "exit/" },
		{ REGISTRY_PROBES, "exit", NULL, "containment/" },
		{ REGISTRY_BENCHES, "fidelity", NULL, "exit/" },
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *bad = row[i].b ? row[i].b : row[i].a;
		char quoted[80];

		assert_int_equal(-ENOENT, select_all(row[i].kinds, row[i].a,
						     row[i].b, &e));
		snprintf(quoted, sizeof(quoted), "'%s'", bad);
		if (!strstr(e.text, quoted) || !strstr(e.text, row[i].near) ||
		    strchr(e.text, '\n'))
			fail_msg("'%s': %s", bad, e.text);
	}
	/* Suggested is what was asked for: no bench to who wants probes. */
	assert_int_equal(-ENOENT, select_all(REGISTRY_PROBES, "cpuidd", NULL,
					     &e));
	assert_null(strstr(e.text, "exit/"));
}

static void an_absurd_glob_is_survived(void **state)
{
	struct error e;
	char *glob = malloc(5000);

	(void)state;
	assert_non_null(glob);
	memset(glob, 'a', 4999);
	glob[4999] = '\0';
	assert_int_equal(-ENOENT, select_all(BOTH, glob, NULL, &e));
	assert_non_null(strstr(e.text, "nothing matches"));
	free(glob);
}

/* --- a target that takes notes ---------------------------------------- */

#define NOTES_MAX	4096

struct note {
	char item[ABI_NAME_MAX];
	unsigned int ring, stamps;
	uint64_t seed;
};

static struct {
	struct note note[NOTES_MAX];
	unsigned int count;
	int rc;			/* what create() returns */
	unsigned int rc_from;	/* from this run on */
	bool no_trips;
	unsigned int sleep_ms;
	volatile sig_atomic_t *interrupt;
	unsigned int interrupt_at;
} spy;

static int spy_create(struct target_context *ctx, const struct run_request *r,
		      void **vm, struct error *e)
{
	assert_in_range(spy.count, 0, NOTES_MAX - 1);
	spy.note[spy.count] = (struct note){ "", r->ring, r->stamps, r->seed };
	strcpy(spy.note[spy.count++].item, r->item);
	if (spy.interrupt && spy.count == spy.interrupt_at)
		*spy.interrupt = 1;
	if (spy.rc && spy.count > spy.rc_from)
		return error_set(e, spy.rc, "the spy will not");
	usleep(spy.sleep_ms * 1000);
	return target_null.create(ctx, r, vm, e);
}

static int spy_run(void *vm, const struct run_request *r,
		   struct observation *seen, struct error *e)
{
	int rc = target_null.run(vm, r, seen, e);

	if (spy.no_trips) {
		seen->trips = 0;
		seen->trips_traced = false;
		strcpy(seen->trips_note, "no common base");
	}
	return rc;
}

static struct target spy_target;

static void spy_open(struct bed *b, const struct session_options *o,
		     const char *const *globs)
{
	memset(&spy, 0, sizeof(spy));
	bed_open(b, o, globs);
	spy_target = target_null;
	spy_target.create = spy_create;
	spy_target.run = spy_run;
	b->s.target = &spy_target;
}

static const char *const mixed[] = {
	"exit/cpuid", "exit/pio_userspace", "exit/empty", "exit/wbinvd",
	PROBES_ID, NULL,
};

static struct session_options mixed_options(uint64_t seed)
{
	struct session_options o = bed_options("null");

	o.rings = RING0 | RING3;
	o.instances = 5;
	o.seed = seed;
	return o;
}

static unsigned int runs_of(const struct series *series, bool stamped)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spy.count; i++)
		n += !strcmp(spy.note[i].item, series->item->name) &&
		     spy.note[i].ring == series->ring &&
		     !!spy.note[i].stamps == stamped;
	return n;
}

static void document_is_good(struct session *s)
{
	struct error e = { "" };
	json_t *doc = session_document(s);

	assert_non_null(doc);
	if (doc_check(doc, "document", &e))
		fail_msg("%s", e.text);
	assert_int_equal(s->series_count,
			 json_array_size(DIG(doc, "results")));
	json_decref(doc);
}

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

static int names_open(void **state)
{
	(void)state;
	return registry_open(&registry, NULL);
}

static int names_close(void **state)
{
	(void)state;
	registry_close(&registry);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_and_unique),
		cmocka_unit_test(globs_select),
		cmocka_unit_test(a_name_is_a_whole_name),
		cmocka_unit_test(globs_add_up),
		cmocka_unit_test(no_match_suggests),
		cmocka_unit_test(an_absurd_glob_is_survived),
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
