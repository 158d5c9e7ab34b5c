/*
 * Pass after pass; see soak.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "extend.h"
#include "instance.h"
#include "oracle/oracle.h"
#include "result/doc.h"
#include "soak/soak.h"

#define BLOCK_NS	50000
#define BLOCKS		3
#define PATIENCE	5
#define BEAT_MIN_S	0.1
#define CHANGES_MOST	64
#define SKIPPED		2	/* by severity: more went wrong */
#define FAILED		3
#define HUNG		4

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int soak_open(struct soak *k, struct session *session, double duration_s,
	      struct error *e)
{
	unsigned int n = session->series_count;
	struct registry all;

	memset(k, 0, sizeof(*k));
	k->session = session;
	k->duration_s = duration_s;
	k->part = 1;
	k->last = malloc(n ? n : 1);
	k->changes = json_array();
	if (!k->last || !k->changes) {
		soak_close(k);
		return error_set(e, -ENOMEM, "out of memory for a soak");
	}
	memset(k->last, -1, n);
	/* It need not be among the items that were asked for. */
	if (!registry_open(&all, NULL))
		for (size_t i = 0; i < all.count; i++)
			if (!strcmp(all.item[i].name, "exit/pio_userspace"))
				k->reference = all.item[i].bench;
	registry_close(&all);
	session->block_ns = BLOCK_NS;
	session->began_s = now_s();
	vitals_open(&k->vitals);
	return 0;
}

void soak_close(struct soak *k)
{
	if (!k->session)
		return;
	vitals_close(&k->vitals);
	free(k->beat);
	free(k->last);
	json_decref(k->changes);
	memset(k, 0, sizeof(*k));
}

/* An item's verdict, first or other than before. */
static int seen_keep(struct soak *k, const struct series *series,
		     const json_t *record, int was, int severity,
		     struct error *e)
{
	json_t *o = json_pack("{s:s, s:i, s:i, s:s, s:s?, s:O?}", "id",
			      series->item->name, "ring", series->ring, "vcpus",
			      series->vcpus, "verdict",
			      doc_verdict_name(severity), "was",
			      doc_verdict_name(was), "reason",
			      json_object_get(record, "reason"));
	int rc;

	if (!o)
		return error_set(e, -ENOMEM, "out of memory for a record");
	rc = record_keep(k->session, "seen", o, e);
	if (was >= 0) {
		k->worse += was <= SKIPPED && severity > SKIPPED;
		if (json_array_size(k->changes) < CHANGES_MOST)
			json_array_append(k->changes, o);
	}
	json_decref(o);
	return rc;
}

/* Once; *record is what came of it, and the caller's. */
static int once(struct soak *k, unsigned int index, struct observation *seen,
		json_t **record, struct error *e)
{
	struct session *s = k->session;
	struct series *series = &s->series[index];
	const struct job job = { .series = index, .blocks = BLOCKS };
	struct journal *journal = s->journal;
	int rc, severity;

	s->journal = NULL;	/* beats are the record here */
	rc = job_run(s, &job, seen, e);
	s->journal = journal;
	if (rc)
		return rc;
	*record = json_incref(series->verdict ? series->verdict :
			      json_array_get(series->instances, 0));
	json_decref(series->verdict);
	series->verdict = NULL;
	json_array_clear(series->instances);
	severity = doc_verdict_severity(json_string_value(
		json_object_get(*record, "verdict")));
	return severity >= 0 ? severity :
	       error_set(e, -EPROTO, "%s ended without a verdict",
			 series->item->name);
}

/* All that failed are checks of how long something took. */
static bool only_late(const json_t *record)
{
	const json_t *checks = json_object_get(record, "checks"), *check;
	bool late = false;
	size_t i;

	json_array_foreach(checks, i, check) {
		const char *expr = json_string_value(json_object_get(check,
								     "expr"));

		if (json_is_true(json_object_get(check, "ok")))
			continue;
		if (!expr || (strcmp(expr, ORACLE_KICKS_LATE) &&
			      strcmp(expr, ORACLE_NEIGHBOUR_LATE)))
			return false;
		late = true;
	}
	return late;
}

/* What a busy host, and nothing else, may do to what was right before. */
static bool look_again(const struct soak *k, unsigned int index, int severity,
		       const json_t *record)
{
	if (k->last[index] < 0 || k->last[index] > SKIPPED)
		return false;
	return severity == HUNG || (severity == FAILED && only_late(record));
}

/* Runs it; nothing of it stays but its verdict. */
static int series_run(struct soak *k, unsigned int index,
		      struct observation *seen, struct error *e)
{
	struct session *s = k->session;
	const unsigned int deadline_ms = s->options.deadline_ms;
	json_t *record = NULL;
	int rc = once(k, index, seen, &record, e);

	if (look_again(k, index, rc, record)) {
		json_decref(record);
		record = NULL;
		s->options.deadline_ms *= PATIENCE;
		rc = once(k, index, seen, &record, e);
		s->options.deadline_ms = deadline_ms;
		k->late += rc >= 0 && rc <= SKIPPED;
	}
	if (rc >= 0) {
		int severity = rc;

		k->runs++;
		k->verdicts[severity]++;
		rc = k->last[index] == severity ? 0 :
		     seen_keep(k, &s->series[index], record, k->last[index],
			       severity, e);
		k->last[index] = (signed char)severity;
	}
	json_decref(record);
	return rc;
}

static void progress(const struct soak *k)
{
	double done = k->done_s + now_s() - k->began_s;

	if (k->session->quiet || !isatty(2))
		return;
	fprintf(stderr, "\r\033[K%.0f of %.0f s, %llu runs, %zu beats", done,
		k->duration_s, (unsigned long long)k->runs, k->beats);
}

/* Every item that is not skipped, once, until the time is up. */
static int pass(struct soak *k, unsigned int *order, double beat_s,
		struct observation *seen, struct error *e)
{
	struct session *s = k->session;
	int rc = 0;

	rng_shuffle(&s->rng, order, s->series_count, sizeof(*order));
	for (unsigned int i = 0; i < s->series_count && !rc; i++) {
		double now = now_s();

		if (s->interrupted && *s->interrupted)
			return error_set(e, -EINTR, "interrupted");
		if (k->done_s + now - k->began_s >= k->duration_s)
			return 0;
		if (now - k->beat_s >= beat_s) {
			progress(k);
			rc = soak_beat(k, e);
		}
		if (!rc && k->last[order[i]] != SKIPPED)
			rc = series_run(k, order[i], seen, e);
	}
	k->passed_once |= !rc;
	return rc;
}

static bool all_skipped(const struct soak *k)
{
	for (unsigned int i = 0; i < k->session->series_count; i++)
		if (k->last[i] != SKIPPED)
			return false;
	return true;
}

int soak_run(struct soak *k, struct error *e)
{
	struct session *s = k->session;
	struct observation *seen = calloc(1, sizeof(*seen));
	unsigned int *order = calloc(s->series_count + 1, sizeof(*order));
	double beat_s = fmax(k->duration_s / SOAK_BEATS, BEAT_MIN_S);
	int rc = 0;

	if (!seen || !order) {
		rc = error_set(e, -ENOMEM, "out of memory for a soak");
		goto out;
	}
	for (unsigned int i = 0; i < s->series_count; i++)
		order[i] = i;
	k->began_s = k->beat_s = now_s();
	while (!rc && !all_skipped(k) &&
	       k->done_s + now_s() - k->began_s < k->duration_s)
		rc = pass(k, order, beat_s, seen, e);
	if (!rc && all_skipped(k))
		k->beats = 0;	/* on a slow host there may be some, of nothing */
	else if (!rc)
		rc = soak_beat(k, e);
	if (!s->quiet && isatty(2))
		fprintf(stderr, "\r\033[K");
out:
	free(order);
	free(seen);
	return rc;
}

static void seen_take(struct soak *k, json_t *o)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	unsigned int ring = (unsigned int)json_integer_value(
				json_object_get(o, "ring"));
	unsigned int vcpus = (unsigned int)json_integer_value(
				json_object_get(o, "vcpus"));
	int severity = doc_verdict_severity(json_string_value(
				json_object_get(o, "verdict")));
	int was = doc_verdict_severity(json_string_value(
				json_object_get(o, "was")));

	for (unsigned int i = 0; id && i < k->session->series_count; i++) {
		const struct series *series = &k->session->series[i];

		if (series->ring == ring && series->vcpus == vcpus &&
		    !strcmp(series->item->name, id))
			k->last[i] = (signed char)severity;
	}
	if (was < 0)
		return;
	k->worse += was <= SKIPPED && severity > SKIPPED;
	if (json_array_size(k->changes) < CHANGES_MOST)
		json_array_append(k->changes, o);
}

int soak_resume(struct soak *k, const json_t *records, struct error *e)
{
	json_t *record, *part;
	size_t i;
	int rc = 0;

	json_array_foreach(records, i, record) {
		json_t *seen = json_object_get(record, "seen");
		json_t *beat = json_object_get(record, "beat");

		if (seen)
			seen_take(k, seen);
		else if (beat)
			rc = soak_beat_take(k, beat, e);
		else if (!json_object_get(record, "part"))
			rc = error_set(e, -EBADMSG, "the journal has a record "
				       "that is no soak's");
		else
			k->part = (unsigned int)json_integer_value(
				json_object_get(record, "part"));
		if (rc)
			return rc;
	}
	k->part++;
	k->part_warnings = k->warnings;
	k->part_alarms = k->alarms;
	part = json_integer(k->part);
	rc = part ? record_keep(k->session, "part", part, e) :
	     error_set(e, -ENOMEM, "out of memory for a record");
	json_decref(part);
	return rc;
}
