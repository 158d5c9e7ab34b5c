/*
 * Change points and the store: what is found, what is not, and that a store
 * survives what happens to it.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare/compare.h"
#include "history/energy.h"
#include "history/gate.h"
#include "history/history.h"
#include "measure/rng.h"
#include "result/doc.h"

/* By the definition, in O(n^3): the oracle of the fast scan. */
static double slow_statistic(const double *v, size_t n, size_t at)
{
	double between = 0, left = 0, right = 0;
	double a = (double)at, b = (double)(n - at);

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++) {
			double d = fabs(v[i] - v[k]);

			if (k < at)
				left += d;
			else if (i >= at)
				right += d;
			else
				between += d;
		}
	return a * b / (a + b) * (2 * between / (a * b) -
				  2 * left / (a * (a - 1)) -
				  2 * right / (b * (b - 1)));
}

static void scan_is_the_definition(void **state)
{
	double v[40];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int round = 0; round < 50; round++) {
		size_t n = 6 + rng_below(&rng, 34), at, best_at = 0;
		double best = 0, got;

		/* few values: many of them are equal */
		for (size_t i = 0; i < n; i++)
			v[i] = round % 2 ? (double)rng_below(&rng, 4)
					 : 1e9 + rng_normal(&rng);
		for (size_t i = ENERGY_SEGMENT_LEAST;
		     i + ENERGY_SEGMENT_LEAST <= n; i++)
			if (slow_statistic(v, n, i) > best) {
				best = slow_statistic(v, n, i);
				best_at = i;
			}
		assert_int_equal(energy_best(v, n, &at, &got), 0);
		assert_true(fabs(got - best) <= 1e-6 * (1 + best));
		if (best > 1e-6)
			assert_true(at == best_at || fabs(slow_statistic(v, n,
				    at) - best) < 1e-6);
	}
}

static size_t splits(const double *v, size_t n, uint64_t seed, size_t *at)
{
	struct split *split;
	size_t count;

	assert_int_equal(energy_splits(v, n, ENERGY_ALPHA, seed, &split,
				       &count), 0);
	for (size_t i = 0; i < count; i++) {
		assert_true(split[i].p > 0 && split[i].p <= ENERGY_ALPHA);
		if (at)
			at[i] = split[i].at;
	}
	free(split);
	return count;
}

static void noise(struct rng *rng, double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = 1000 + 10 * rng_normal(rng);
}

static void steps_are_found(void **state)
{
	struct rng rng;
	double v[300];
	size_t at[300];

	(void)state;
	rng_seed(&rng, 11);
	for (int round = 0; round < 10; round++) {
		noise(&rng, v, 300);
		for (size_t i = 100; i < 200; i++)
			v[i] += 30;
		assert_int_equal(splits(v, 300, 1, at), 2);
		assert_in_range(at[0], 98, 102);
		assert_in_range(at[1], 198, 202);
	}
}

/* Ten points of 300: the whole does not show them, a window does. */
static void episodes_are_found(void **state)
{
	struct rng rng;
	double v[300];
	size_t at[300];

	(void)state;
	rng_seed(&rng, 12);
	noise(&rng, v, 300);
	for (size_t i = 150; i < 160; i++)
		v[i] += 40;
	assert_int_equal(splits(v, 300, 1, at), 2);
	assert_in_range(at[0], 148, 152);
	assert_in_range(at[1], 158, 162);
}

static void a_wider_spread_is_a_change(void **state)
{
	struct rng rng;
	double v[200];
	size_t at[200];

	(void)state;
	rng_seed(&rng, 13);
	for (size_t i = 0; i < 200; i++)
		v[i] = 1000 + (i < 100 ? 1 : 20) * rng_normal(&rng);
	assert_int_equal(splits(v, 200, 1, at), 1);
	assert_in_range(at[0], 90, 110);
}

static void chance_is_no_change(void **state)
{
	struct rng rng;
	double v[500];
	size_t false_ones = 0;

	(void)state;
	rng_seed(&rng, 14);
	for (int round = 0; round < 40; round++) {
		noise(&rng, v, 500);
		if (round % 2)	/* one run in 50 met a neighbour */
			for (size_t i = 25; i < 500; i += 50)
				v[i] *= 3;
		false_ones += splits(v, 500, (uint64_t)round, NULL);
	}
	assert_in_range(false_ones, 0, 6);
}

static void a_seed_repeats(void **state)
{
	struct rng rng;
	double v[200];
	size_t a[200], b[200], n;

	(void)state;
	rng_seed(&rng, 15);
	noise(&rng, v, 200);
	for (size_t i = 120; i < 200; i++)
		v[i] += 8;
	n = splits(v, 200, 7, a);
	assert_int_equal(splits(v, 200, 7, b), n);
	assert_memory_equal(a, b, n * sizeof(*a));
}

static void the_edges_hold(void **state)
{
	double v[64] = { 0 }, bad[8] = { 1, 2, 3, NAN, 5, 6, 7, 8 };
	struct split *split;
	size_t count;

	(void)state;
	for (size_t n = 0; n < 64; n++)
		assert_int_equal(splits(v, n, 1, NULL), 0);
	for (size_t i = 0; i < 64; i++)
		v[i] = 0.1 + 0.2;
	assert_int_equal(splits(v, 64, 1, NULL), 0);
	for (size_t i = 0; i < 64; i++)
		v[i] = i < 32 ? -1e30 : 1e30;
	assert_int_equal(splits(v, 64, 1, NULL), 1);
	assert_int_equal(energy_splits(bad, 8, 0.01, 1, &split, &count),
			 -EINVAL);
	assert_int_equal(energy_splits(v, 8, 0, 1, &split, &count), -EINVAL);
}

/* A document of one bench and one probe. */
static json_t *document(const char *run, const char *started, double scale,
			const char *verdict)
{
	json_t *instances = json_array(), *samples = json_array();
	json_t *bench, *probe, *doc;

	for (int i = 0; i < 11; i++) {
		double v = scale * (1000 + i);

		json_array_append_new(instances, json_real(v));
		json_array_append_new(samples, json_pack("[f]", v));
	}
	bench = json_pack("{s:s, s:s, s:s, s:{s:i}, s:s, s:s, s:n, s:[], s:s, "
			  "s:s, s:s, s:o, s:[i, i], s:o, s:f, s:n}",
			  "id", "exit/cpuid", "kind", "bench", "target", "kvm",
			  "params", "ring", 0, "summary", "s",
			  "verdict", "pass", "reason", "cite", "repeat", "r",
			  "unit", "cycles", "better", "lower",
			  "samples", samples, "n", 1, 11,
			  "instances", instances, "median", scale * 1005, "ci");
	probe = json_pack("{s:s, s:s, s:s, s:{}, s:s, s:s, s:s, s:[], s:s, "
			  "s:s, s:s}",
			  "id", "fidelity/msr/x", "kind", "probe", "target",
			  "kvm", "params", "summary", "s", "verdict", verdict,
			  "reason", "because", "cite", "repeat", "r",
			  "rule", "r", "subject", "fidelity/msr");
	doc = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:n, s:[], s:i, s:b, "
			"s:n, s:n, s:i, s:i, s:b}, s:{s:{s:s}, s:s, s:{s:s}, "
			"s:{}, s:{s:s}, s:{s:s}}, s:[o, o]}",
			"schema", DOC_SCHEMA, "vmgauge", "version", "1",
			"image_sha256", "abc", "run", "id", run, "started",
			started, "finished", "command", "seed", 1, "quick", 0,
			"budget_s", "deadline_ms", "instances", 11, "resumed",
			0, "complete", 1, "env", "host", "name", "h",
			"fingerprint", "f00d", "backend", "kind", "vmx",
			"virtualised", "cpu", "model", "CPU", "kernel",
			"release", "6.1", "results", bench, probe);
	assert_non_null(doc);
	return doc;
}

struct place {
	char dir[64], path[96];
	struct store store;
};

static int place_open(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct error e = { "" };

	strcpy(p->dir, "/tmp/vmgauge-unit-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/h", p->dir);
	if (store_open(&p->store, p->path, true, 1, &e))
		fail_msg("%s", e.text);
	*state = p;
	return 0;
}

static int place_close(void **state)
{
	struct place *p = *state;
	char name[128];

	store_close(&p->store);
	unlink(p->path);
	snprintf(name, sizeof(name), "%s-wal", p->path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", p->path);
	unlink(name);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static enum added add(struct place *p, json_t *doc)
{
	struct error e = { "" };
	enum added added = ADDED_NEW;

	assert_int_equal(doc_check(doc, "it", &e), 0);
	if (store_add(&p->store, "it.json", doc, &added, &e))
		fail_msg("%s", e.text);
	json_decref(doc);
	return added;
}

static int number(struct place *p, const char *sql)
{
	struct error e = { "" };
	sqlite3_stmt *q = NULL;
	int n;

	if (store_prepare(&p->store, sql, &q, &e))
		fail_msg("%s", e.text);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return n;
}

static void adding_twice_is_once(void **state)
{
	struct place *p = *state;
	json_t *doc = document("a", "2026-01-01T00:00:00Z", 1, "pass");
	json_t *other = document("a", "2026-01-01T00:00:00Z", 1.5, "pass");

	assert_int_equal(add(p, json_incref(doc)), ADDED_NEW);
	assert_int_equal(add(p, doc), ADDED_KNOWN);
	assert_int_equal(number(p, "SELECT count(*) FROM point"), 2);
	/* one name, other numbers: two runs in one second */
	assert_int_equal(add(p, other), ADDED_NEW);
	assert_int_equal(number(p, "SELECT count(*) FROM document"), 2);
}

static void a_resumed_run_replaces_its_part(void **state)
{
	struct place *p = *state;
	json_t *doc = document("a", "2026-01-01T00:00:00Z", 1, "pass");
	json_t *part = json_deep_copy(doc);

	json_object_set_new(json_object_get(part, "run"), "complete",
			    json_false());
	json_array_remove(json_object_get(part, "results"), 1);
	assert_int_equal(add(p, part), ADDED_NEW);
	assert_int_equal(add(p, doc), ADDED_REPLACED);
	assert_int_equal(number(p, "SELECT count(*) FROM document"), 1);
	assert_int_equal(number(p, "SELECT count(*) FROM point"), 2);
}

static void a_refused_document_leaves_nothing(void **state)
{
	struct place *p = *state;
	json_t *doc = document("a", "2026-01-01T00:00:00Z", 1, "pass");
	json_t *results = json_object_get(doc, "results");
	struct error e = { "" };
	enum added added;

	json_array_append(results, json_array_get(results, 0));
	assert_int_equal(store_add(&p->store, "it.json", doc, &added, &e),
			 -EBADMSG);
	assert_non_null(strstr(e.text, "twice"));
	json_object_set_new(json_object_get(doc, "run"), "started",
			    json_string("yesterday"));
	assert_int_equal(store_add(&p->store, "it.json", doc, &added, &e),
			 -EBADMSG);
	assert_non_null(strstr(e.text, "run.started"));
	json_decref(doc);
	assert_int_equal(number(p, "SELECT count(*) FROM document"), 0);
	assert_int_equal(number(p, "SELECT count(*) FROM point"), 0);
	assert_int_equal(number(p, "SELECT count(*) FROM host"), 0);
}

/* Eight processes, each its own documents and all of one. */
static void many_may_add(void **state)
{
	struct place *p = *state;
	pid_t pid[8];

	for (int i = 0; i < 8; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (int k = 0; k < 12; k++) {
			struct store s;
			struct error e = { "" };
			enum added added;
			char run[32];
			json_t *doc;

			snprintf(run, sizeof(run), "%d-%d", k ? i : 0, k);
			doc = document(run, "2026-01-01T00:00:00Z",
				       1 + k + (k ? i : 0) * 100, "pass");
			if (store_open(&s, p->path, true, 30, &e) ||
			    store_add(&s, "x", doc, &added, &e)) {
				fprintf(stderr, "# %s\n", e.text);
				_exit(1);
			}
			store_close(&s);
			json_decref(doc);
		}
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(number(p, "SELECT count(*) FROM document"), 89);
	assert_int_equal(number(p, "SELECT count(*) FROM point"), 178);
	assert_int_equal(number(p, "SELECT count(*) FROM series"), 2);
}

static void runs_add(struct place *p, int n, double last, const char *verdict)
{
	for (int i = 0; i < n; i++) {
		char run[16], started[32];
		double scale = i == n - 1 ? last : 1 + 0.002 * (i % 5);

		snprintf(run, sizeof(run), "r%d", i);
		snprintf(started, sizeof(started), "2026-01-01T00:%02d:00Z",
			 i);
		add(p, document(run, started, scale,
				i == n - 1 ? verdict : "pass"));
	}
}

static bool gate_worse(struct place *p, const char *run)
{
	struct history_gate g = {
		.compare.options = { .alpha = GATE_ALPHA,
				     .threshold = GATE_THRESHOLD },
	};
	struct history h;
	struct error e = { "" };
	bool worse;

	if (history_open(&h, &p->store, 0, &e) ||
	    history_gate_open(&g, &h, run, NULL, 1, &e))
		fail_msg("%s", e.text);
	worse = compare_worse(&g.compare);
	history_gate_close(&g);
	history_close(&h);
	return worse;
}

static void the_gate_knows_its_past(void **state)
{
	struct place *p = *state;

	runs_add(p, 12, 1.1, "pass");
	assert_true(gate_worse(p, NULL));
	assert_false(gate_worse(p, "r10"));
}

static void the_gate_hears_of_a_failure(void **state)
{
	struct place *p = *state;

	runs_add(p, 4, 1, "hang");
	assert_true(gate_worse(p, NULL));
	assert_false(gate_worse(p, "r2"));
}

struct seen {
	size_t series, points;
};

static int count(void *opaque, const struct trend *s, struct error *e)
{
	struct seen *seen = opaque;

	(void)e;
	seen->series++;
	seen->points += s->count;
	for (size_t i = 1; i < s->count; i++)
		assert_true(s->point[i - 1].document->order <
			    s->point[i].document->order);
	return 0;
}

static struct seen walk(struct place *p, unsigned int across,
			const char *glob, int wanted)
{
	struct selection want = { &glob, glob ? 1 : 0, NULL };
	struct seen seen = { 0 };
	struct history h;
	struct error e = { "" };

	assert_int_equal(history_open(&h, &p->store, across, &e), 0);
	assert_int_equal(history_walk(&h, &want, count, &seen, &e), wanted);
	history_close(&h);
	return seen;
}

static void a_host_is_a_series(void **state)
{
	struct place *p = *state;
	json_t *doc = document("other", "2025-01-01T00:00:00Z", 1, "pass");
	json_t *env = json_object_get(doc, "env");

	json_object_set_new(env, "fingerprint", json_string("beef"));
	json_object_set_new(json_object_get(env, "cpu"), "microcode",
			    json_string(""));
	runs_add(p, 5, 1, "pass");
	add(p, doc);
	assert_int_equal(walk(p, 0, NULL, 0).series, 2);
	assert_int_equal(walk(p, ACROSS_KERNELS, NULL, 0).series, 1);
	assert_int_equal(walk(p, 0, NULL, 0).points, 6);
	assert_int_equal(walk(p, 0, "exit", 0).series, 2);
	assert_int_equal(walk(p, 0, "mem*", -ENOENT).series, 0);
}

#define stored(f) cmocka_unit_test_setup_teardown(f, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_is_the_definition),
		cmocka_unit_test(steps_are_found),
		cmocka_unit_test(episodes_are_found),
		cmocka_unit_test(a_wider_spread_is_a_change),
		cmocka_unit_test(chance_is_no_change),
		cmocka_unit_test(a_seed_repeats),
		cmocka_unit_test(the_edges_hold),
		stored(adding_twice_is_once),
		stored(a_resumed_run_replaces_its_part),
		stored(a_refused_document_leaves_nothing),
		stored(many_may_add),
		stored(the_gate_knows_its_past),
		stored(the_gate_hears_of_a_failure),
		stored(a_host_is_a_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
