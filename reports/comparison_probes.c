/*
 * How the probes of a target ended, in words: counts, and the subjects in
 * which something went wrong, since those are what a reader must look up.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison_words.h"

static void add_counts(const size_t counts[VERDICT_COUNT], struct text *out)
{
	static const char *const words[VERDICT_COUNT] = {
		"passed", "told that there is a VM", NULL, "failed", "hung",
		"crashed", "ended in an error of vmgauge",
	};
	const char *comma = " ";

	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!counts[v] || !words[v])
			continue;
		text_format(out, "%s%zu %s", comma, counts[v], words[v]);
		comma = ", ";
	}
}

/* Probes are sorted by subject: neighbours are counted together. */
static void add_subjects(const struct comparison *c, size_t side,
			 struct text *out)
{
	const char *before = " It went wrong in ", *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i <= c->probe_count; i++) {
		const struct item *it = i < c->probe_count ?
					c->probes[i].items[side] : NULL;
		const char *subject = it && it->subject ? it->subject :
				      "(no subject)";
		bool wrong = it && it->verdict >= VERDICT_FAIL;

		if (n && (i == c->probe_count || (wrong && strcmp(last, subject)))) {
			text_format(out, "%s%s (%zu)", before, last, n);
			before = ", ";
			n = 0;
		}
		if (wrong) {
			last = subject;
			n++;
		}
	}
	text_add(out, *before == ',' ? "." : "");
}

void comparison_probes(const struct comparison *c, size_t side,
		       struct text *out)
{
	const struct side *s = &c->sides[side];
	size_t counts[VERDICT_COUNT] = { 0 }, ran = 0, known = 0, wrong = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct item *it = s->items[i];

		if (it->is_bench)
			continue;
		counts[it->verdict]++;
		ran += it->verdict != VERDICT_SKIP;
		if (it->verdict < VERDICT_FAIL)
			continue;
		wrong++;
		known += field_text(it->json, "expected_failure") != NULL;
	}
	if (!ran) {
		text_add(out, " No probe ran.");
		return;
	}
	text_format(out, " Of %zu probes that ran", ran);
	add_counts(counts, out);
	text_add(out, ".");
	add_subjects(c, side, out);
	if (known)
		text_format(out, " %zu of the %zu are known, with a cause.", known,
			    wrong);
}
