/*
 * What a soak has shown: trends, and whether anything went wrong.
 *
 * Judged are this process's own memory, files and threads, what became of
 * the items, and the kernel's word. Latency and rate are told: whoever else
 * is on the host moves them, and compare is the gate for those.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "result/doc.h"
#include "soak/slope.h"
#include "soak/soak.h"

static double end_median(const struct slope_point *p, size_t n, bool last)
{
	size_t some = n < 10 ? 1 : n / 10;
	double *v = malloc(some * sizeof(*v)), median = NAN;

	for (size_t i = 0; v && i < some; i++)
		v[i] = p[last ? n - some + i : i].value;
	if (v && stats_median(v, some, &median))
		median = NAN;
	free(v);
	return median;
}

static void trend_judge(const struct soak *k, enum vital what, double span_h,
			struct soak_trend *t)
{
	const struct vital_kind *kind = &vital_kinds[what];

	t->added = fmax(t->ci.low, 0) * span_h;
	if (!kind->slack)
		t->note = "told, not judged: whoever else is here moves it";
	else if (what == VITAL_KERNEL && k->vitals.kernel_shared)
		t->note = "told, not judged: its memory cgroup has other "
			  "processes in it";
	else
		t->grows = t->ci.low > 0 && t->per_hour * span_h > kind->slack;
}

struct soak_trend soak_trend(const struct soak *k, enum vital what)
{
	struct soak_trend t = {
		.first = NAN, .last = NAN, .per_hour = NAN,
		.ci = { NAN, NAN, NAN }, .added = NAN,
	};
	struct slope_point *p = calloc(k->beats + 1, sizeof(*p));
	size_t n = 0, told = 0;
	int rc;

	for (size_t i = 0; p && i < k->beats; i++) {
		told += isfinite(k->beat[i].value[what]);
		if (!k->beat[i].warm && isfinite(k->beat[i].value[what]))
			p[n++] = (struct slope_point){
				k->beat[i].t_s / 3600, k->beat[i].value[what],
				k->beat[i].part,
			};
	}
	if (!n) {
		t.note = !p ? "out of memory" : told ? "warm-up took all of "
			 "it: soak for longer" : "this host does not tell";
		goto out;
	}
	t.first = end_median(p, n, false);
	t.last = end_median(p, n, true);
	rc = slope_estimate(p, n, SOAK_LEVEL, &t.per_hour, &t.ci);
	if (rc)
		t.note = rc == -ERANGE ? "too few beats after warm-up for a "
			 "slope: soak for longer" : "no slope";
	else
		trend_judge(k, what, p[n - 1].at - p[0].at, &t);
out:
	free(p);
	return t;
}

__attribute__((format(printf, 3, 4)))
static void add(char *to, size_t bytes, const char *fmt, ...)
{
	size_t n = strlen(to);
	va_list ap;

	if (n)
		n += (size_t)snprintf(to + n, bytes - n, "; ");
	if (n >= bytes)
		return;
	va_start(ap, fmt);
	vsnprintf(to + n, bytes - n, fmt, ap);
	va_end(ap);
}

const char *soak_wrong(const struct soak *k, char *to, size_t bytes)
{
	const uint64_t errors = k->verdicts[SOAK_VERDICTS - 1];

	to[0] = '\0';
	for (int i = 0; i < VITALS; i++) {
		struct soak_trend t = soak_trend(k, i);

		if (t.grows)
			add(to, bytes, "%s grows by %.3g %s an hour [%.3g, "
			    "%.3g]", vital_kinds[i].title, t.per_hour,
			    vital_kinds[i].unit, t.ci.low, t.ci.high);
		else if (vital_kinds[i].slack && isnan(t.per_hour) &&
			 i != VITAL_KERNEL)
			add(to, bytes, "of %s nothing is known: %s",
			    vital_kinds[i].title, t.note);
	}
	if (k->worse)
		add(to, bytes, "%u times an item went wrong that had been "
		    "right", k->worse);
	if (errors)
		add(to, bytes, "%llu runs ended in an error of ours",
		    (unsigned long long)errors);
	if (k->alarms)
		add(to, bytes, "the kernel's log has %u alarms", k->alarms);
	if (k->tainted)
		add(to, bytes, "the kernel tainted itself");
	return to[0] ? to : NULL;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *trend_json(const struct soak *k, enum vital what)
{
	struct soak_trend t = soak_trend(k, what);

	return json_pack("{s:s, s:o, s:o, s:o, s:[o, o], s:f, s:o, s:b, s:s?}",
			 "unit", vital_kinds[what].unit, "first",
			 number(t.first), "last", number(t.last), "per_hour",
			 number(t.per_hour), "ci", number(t.ci.low),
			 number(t.ci.high), "level", SOAK_LEVEL, "added",
			 number(t.added), "grows", t.grows, "note", t.note);
}

static json_t *columns_json(const struct soak *k)
{
	json_t *all = json_object(), *t = json_array(), *part = json_array();
	json_t *warm = json_array();

	for (size_t i = 0; i < k->beats; i++) {
		json_array_append_new(t, json_real(k->beat[i].t_s));
		json_array_append_new(part, json_integer(k->beat[i].part));
		json_array_append_new(warm, json_boolean(k->beat[i].warm));
	}
	json_object_set_new(all, "t_s", t);
	json_object_set_new(all, "part", part);
	json_object_set_new(all, "warm", warm);
	for (int v = 0; v < VITALS; v++) {
		json_t *a = json_array();

		for (size_t i = 0; i < k->beats; i++)
			json_array_append_new(a, number(k->beat[i].value[v]));
		json_object_set_new(all, vital_kinds[v].name, a);
	}
	return all;
}

static json_t *kernel_json(const struct soak *k)
{
	json_t *lines = json_array();

	for (unsigned int i = 0; i < k->vitals.lines; i++)
		json_array_append_new(lines, json_string(k->vitals.line[i]));
	return json_pack("{s:i, s:i, s:b, s:o, s:s?}", "warnings", k->warnings,
			 "alarms", k->alarms, "tainted", k->tainted, "lines",
			 lines, "note", k->vitals.kmsg_note[0] ?
			 k->vitals.kmsg_note : NULL);
}

json_t *soak_document(const struct soak *k)
{
	const struct session *s = k->session;
	json_t *trends = json_object(), *verdicts = json_object();
	char why[1024];
	const char *wrong = soak_wrong(k, why, sizeof(why));

	for (int i = 0; i < VITALS; i++)
		json_object_set_new(trends, vital_kinds[i].name,
				    trend_json(k, i));
	for (int i = 0; i < SOAK_VERDICTS; i++)
		json_object_set_new(verdicts, doc_verdict_name(i),
				    json_integer((json_int_t)k->verdicts[i]));
	return json_pack("{s:s, s:{s:s, s:s%}, s:O, s:O, s:s, s:s?, s:f, s:f, "
			 "s:i, s:I, s:i, s:i, s:o, s:O, s:o, s:o, s:o}",
			 "schema", "vmgauge-soak/1", "vmgauge", "version",
			 VERSION, "image_sha256", image_sha256,
			 (size_t)IMAGE_SHA256_CHARS, "run", s->run, "env",
			 s->env, "verdict", wrong ? "fail" : "pass", "reason",
			 wrong, "duration_s", k->duration_s, "soaked_s",
			 k->beats ? k->beat[k->beats - 1].t_s : 0.0, "parts",
			 k->part, "runs", (json_int_t)k->runs, "late",
			 k->late, "items",
			 s->series_count, "verdicts", verdicts, "changes",
			 k->changes, "trends", trends, "kernel_log",
			 kernel_json(k), "beats", columns_json(k));
}

void soak_print(FILE *out, const struct soak *k)
{
	char why[1024];
	const char *wrong = soak_wrong(k, why, sizeof(why));

	fprintf(out, "%-18s %10s %10s  %-8s %s\n", "", "first", "last", "unit",
		"an hour, with its 99 % interval");
	for (int i = 0; i < VITALS; i++) {
		struct soak_trend t = soak_trend(k, i);

		fprintf(out, "%-18s %10.6g %10.6g  %-8s ",
			vital_kinds[i].title, t.first, t.last,
			vital_kinds[i].unit);
		if (isfinite(t.per_hour))
			fprintf(out, "%+.3g [%+.3g, %+.3g]%s", t.per_hour,
				t.ci.low, t.ci.high, t.grows ? " GROWS" : "");
		fprintf(out, "%s%s\n", t.note && isfinite(t.per_hour) ? ": " :
			"", t.note ? t.note : "");
	}
	fprintf(out, "%llu runs of %u rows in %u part%s:",
		(unsigned long long)k->runs, k->session->series_count, k->part,
		k->part == 1 ? "" : "s");
	for (int i = 0; i < SOAK_VERDICTS; i++)
		if (k->verdicts[i])
			fprintf(out, " %llu %s",
				(unsigned long long)k->verdicts[i],
				doc_verdict_name(i));
	if (k->late)
		fprintf(out, "; %u late", k->late);
	fprintf(out, "\nkernel's log: %u warnings, of these %u alarms%s%s\n",
		k->warnings, k->alarms, k->vitals.kmsg_note[0] ? "; " : "",
		k->vitals.kmsg_note);
	fprintf(out, "verdict: %s%s%s\n", wrong ? "fail" : "pass",
		wrong ? ": " : "", wrong ? wrong : "");
}
