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

enum { SUBJECTS_NAMED = 6 };

static bool went_wrong(const struct match *x, size_t side)
{
	return x->items[side] && x->items[side]->verdict >= VERDICT_FAIL;
}

static const char *subject_of(const struct match *x)
{
	return x->any->subject ? x->any->subject : "(no subject)";
}

/*
 * The next subject in which more than nothing and fewer than `below` went
 * wrong, or as many as `below` and after `after`: the largest first. Probes
 * are sorted by subject: neighbours are counted together. 0 after the last.
 */
static size_t next_subject(const struct comparison *c, size_t side,
			   size_t below, size_t *after)
{
	size_t best = 0, at = 0, end;

	for (size_t i = 0; i < c->probe_count; i = end) {
		size_t n = 0;

		for (end = i; end < c->probe_count && !strcmp(subject_of(
		     &c->probes[i]), subject_of(&c->probes[end])); end++)
			n += went_wrong(&c->probes[end], side);
		if (n > best && (n < below || (n == below && i > *after))) {
			best = n;
			at = i;
		}
	}
	*after = at;
	return best;
}

static void add_subjects(const struct comparison *c, size_t side,
			 struct text *out)
{
	size_t below = c->probe_count + 1, after = 0, n, named = 0, more = 0;

	while ((n = next_subject(c, side, below, &after))) {
		below = n;
		if (named == SUBJECTS_NAMED) {
			more++;
			continue;
		}
		text_format(out, "%s%s (%zu)", named++ ? ", " :
			    " It went wrong in ", subject_of(&c->probes[after]), n);
	}
	if (more)
		text_format(out, " and %zu more subjects", more);
	text_add(out, named ? "." : NULL);
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
