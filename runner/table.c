/*
 * Results for people in a terminal: one row a bench, and what needs a word.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "result/doc.h"
#include "table.h"
#include "verb.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static double number(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *table_figure(char *to, size_t bytes, double v)
{
	char plain[48];
	size_t n, out = 0, whole;

	if (!isfinite(v)) {
		snprintf(to, bytes, "-");
		return to;
	}
	snprintf(plain, sizeof(plain), "%.*f", fabs(v) < 1 ? 3 : fabs(v) < 10 ?
		 2 : fabs(v) < 100 ? 1 : 0, v);
	n = strlen(plain);
	whole = strcspn(plain, ".");
	for (size_t i = 0; i < n && out + 2 < bytes; i++) {
		if (i && i < whole && (whole - i) % 3 == 0 &&
		    plain[i - 1] != '-')
			to[out++] = ',';
		to[out++] = plain[i];
	}
	to[out] = '\0';
	return to;
}

static bool flagged(const json_t *r, const char *flag)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(r, "flags"), i, v)
		if (!strcmp(json_string_value(v), flag))
			return true;
	return false;
}

/* A name is never cut: it is what a person types next. */
static int name_width(const struct session *s)
{
	size_t width = 29;

	for (unsigned int i = 0; i < s->series_count; i++) {
		size_t n = strlen(s->series[i].item->name);

		if (s->series[i].vcpus > 1)
			n += strlen(" x4096");
		if (s->series[i].item->bench && n > width)
			width = n;
	}
	return (int)width;
}

void table_id(char *to, size_t bytes, const json_t *r)
{
	json_int_t vcpus = json_integer_value(json_object_get(
		json_object_get(r, "params"), "vcpus"));

	snprintf(to, bytes, vcpus ? "%s x%d" : "%s", text(r, "id"), (int)vcpus);
}

const char *table_attested(const json_t *r)
{
	const json_t *attest = json_object_get(r, "attest");

	return !json_is_object(attest) ? "none to attest" :
	       json_is_true(json_object_get(attest, "attested")) ? "attested" :
	       "not attested";
}

const char *table_flag(const json_t *r)
{
	return flagged(r, "injected_slowdown") ? ", slowed by --inject" :
	       flagged(r, "cpus_taken_away") ? ", CPUs taken away" :
	       flagged(r, "under_10x_overhead") ? ", under 10x overhead" :
	       flagged(r, "two_humps") ? ", two humps" : "";
}

/* Less than nothing is no cost: the empty loop varies by more than it. */
static bool lost_in_empty(const json_t *r)
{
	return !strcmp(text(r, "unit"), "cycles") && number(r, "median") <= 0;
}

const char *table_median(char *to, size_t bytes, const json_t *r)
{
	return lost_in_empty(r) ? "< empty" :
	       table_figure(to, bytes, number(r, "median"));
}

const char *table_ns(char *to, size_t bytes, const json_t *r)
{
	if (strcmp(text(r, "unit"), "cycles"))
		return text(r, "unit");
	return lost_in_empty(r) ? "-" :
	       table_figure(to, bytes, number(r, "ns"));
}

static void bench_row(FILE *out, const json_t *r, int width)
{
	const json_t *ci = json_object_get(r, "ci");
	char median[32], low[32], high[32], ns[32], interval[72];
	const json_t *params = json_object_get(r, "params");
	char id[TABLE_ID_MAX];

	table_id(id, sizeof(id), r);
	fprintf(out, "%-*s %4d ", width, id,
		(int)json_integer_value(json_object_get(params, "ring")));
	if (strcmp(text(r, "verdict"), "pass")) {
		fprintf(out, "%12s  %s\n", text(r, "verdict"),
			text(r, "reason"));
		return;
	}
	snprintf(interval, sizeof(interval), "[%s, %s]",
		 table_figure(low, sizeof(low), number(ci, "low")),
		 table_figure(high, sizeof(high), number(ci, "high")));
	fprintf(out, "%12s  %-22s %9s  %s%s\n",
		table_median(median, sizeof(median), r),
		json_is_object(ci) ? interval : "no interval",
		table_ns(ns, sizeof(ns), r),
		table_attested(r), table_flag(r));
}

void table_evidence(FILE *out, const json_t *r)
{
	const json_t *attest = json_object_get(r, "attest");
	const json_t *observed = json_object_get(attest, "observed");
	const json_t *expected = json_object_get(attest, "expected");
	const json_t *dirt = json_object_get(r, "contamination");
	const json_t *legs = json_object_get(r, "decomposition");
	json_t *parts = json_object_get(legs, "parts"), *v;
	const json_t *dead = json_object_get(r, "postmortem");
	const char *key;
	char cycles[32];

	if (json_is_object(attest))
		fprintf(out, "    exits of an operation: %.4g kernel, %.4g "
			"user; declared %g, %g%s%s\n",
			number(observed, "kernel"), number(observed, "user"),
			number(expected, "kernel"), number(expected, "user"),
			*text(attest, "reason") ? ": " : "",
			text(attest, "reason"));
	if (json_is_object(dirt))
		fprintf(out, "    contaminated: %g of %g blocks; empty "
			"operation: %.4g cycles\n",
			number(dirt, "contaminated"), number(dirt, "blocks"),
			number(json_object_get(r, "overhead"), "median"));
	if (json_is_object(parts)) {
		fprintf(out, "    round trip:");
		json_object_foreach(parts, key, v)
			fprintf(out, " %s %s", key,
				table_figure(cycles, sizeof(cycles),
				       json_number_value(v)));
		fprintf(out, "%s\n", json_is_true(json_object_get(legs,
			"adds_up")) ? "" : "; does not add up");
	}
	if (json_is_object(dead))
		fprintf(out, "    post-mortem: %s at rip %s, bytes %s\n",
			text(dead, "exit_reason"),
			text(json_object_get(dead, "registers"), "rip"),
			text(dead, "instruction_bytes"));
}

void table_print(FILE *out, const struct session *s)
{
	int width = name_width(s);
	struct terminal terminal;
	unsigned int rows = 0;

	terminal_look(&terminal, fileno(out));
	if (terminal.rich) {
		table_terminal(out, s, &terminal);
		return;
	}
	for (unsigned int i = 0; i < s->series_count; i++) {
		if (!s->series[i].item->bench || !s->series[i].result)
			continue;
		if (!rows++)
			fprintf(out, "%-*s %4s %12s  %-22s %9s  %s\n", width,
				"bench", "ring", "cycles", "interval", "ns",
				"exits");
		bench_row(out, s->series[i].result, width);
		if (s->options.verbose)
			table_evidence(out, s->series[i].result);
	}
	if (rows)
		fprintf(out, "cycles of the TSC for one operation, the empty "
			"loop subtracted; median over VM instances\nwith its "
			"exact order-statistic interval (vmgauge explain ITEM "
			"tells how to read a row)\n");
}

void table_verdicts(FILE *out, const struct session *s)
{
	unsigned int count[7] = { 0 };
	const char *gap = "";

	for (unsigned int i = 0; i < s->series_count; i++) {
		int severity = doc_verdict_severity(text(s->series[i].result,
							 "verdict"));

		if (severity >= 0)
			count[severity]++;
	}
	for (int v = 0; v < 7; v++) {
		if (!count[v])
			continue;
		fprintf(out, "%s%u %s", gap, count[v], doc_verdict_name(v));
		gap = ", ";
	}
	fprintf(out, "\n");
}
