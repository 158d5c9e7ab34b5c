/*
 * What all writers share: the order of rows and how a number is written.
 */
#include <math.h>
#include <stdlib.h>

#include "compare/write.h"

enum shown row_shown(const struct compare_row *r)
{
	if (row_worse(r))
		return SHOWN_WORSE;
	if (r->change == CHANGE_WORSE)
		return SHOWN_KNOWN;
	if (r->change)
		return SHOWN_CHANGED;
	if (!r->gate)
		return SHOWN_QUIET;
	switch (r->gate->verdict) {
	case GATE_IMPROVED:
		return SHOWN_IMPROVED;
	case GATE_SAME:
		return SHOWN_SAME;
	default:
		return SHOWN_UNCLEAR;
	}
}

size_t *rows_order(const struct compare *c)
{
	size_t *order = calloc(c->count + 1, sizeof(*order)), n = 0;

	for (int shown = SHOWN_WORSE; order && shown <= SHOWN_QUIET; shown++)
		for (size_t i = 0; i < c->count; i++)
			if (row_shown(&c->row[i]) == (enum shown)shown)
				order[n++] = i;
	return order;
}

void text_figure(struct text *t, double v)
{
	double size = fabs(v);

	if (isfinite(v))
		text_format(t, "%.*f", size < 1 ? 3 : size < 10 ? 2 :
			    size < 100 ? 1 : 0, v);
	else
		text_add(t, "-");
}

static void percent(struct text *t, double ratio)
{
	double v = 100 * (ratio - 1);

	if (isnan(v))
		text_add(t, "-");
	else if (isinf(v))
		text_add(t, "any");
	else
		text_format(t, "%+.*f", fabs(v) < 100 ? 1 : 0, v);
}

void text_change(struct text *t, double ratio)
{
	percent(t, ratio);
	if (isfinite(ratio))
		text_add(t, " %");
}

void text_interval(struct text *t, const struct interval *ci)
{
	if (!(ci->level > 0) || !isfinite(ci->high)) {
		text_add(t, "none");
		return;
	}
	text_add(t, "[");
	percent(t, ci->low);
	text_add(t, ", ");
	percent(t, ci->high);
	text_add(t, "]");
}

void text_floor(struct text *t, const struct gate_row *g)
{
	double v = 100 * expm1(g->floor);

	text_format(t, "%.*f %%", v < 100 ? 1 : 0, fmin(v, 9999));
}

static void part(struct text *t, unsigned int n, const char *what)
{
	if (n)
		text_format(t, "%s%u %s", t->length ? ", " : "", n, what);
}

void text_summary(struct text *t, const struct compare *c)
{
	struct text s = { 0 };

	part(&s, c->tally[GATE_REGRESSED], "regressed");
	part(&s, c->changes[CHANGE_WORSE] - c->known, "newly wrong");
	part(&s, c->known, "newly wrong as expected");
	part(&s, c->tally[GATE_IMPROVED], "improved");
	part(&s, c->changes[CHANGE_NEWLY_PASSING], "newly passing");
	part(&s, c->changes[CHANGE_LESS_SEVERE], "still wrong, otherwise");
	part(&s, c->changes[CHANGE_NEWLY_SKIPPED], "newly skipped");
	part(&s, c->changes[CHANGE_NEWLY_RUN], "newly run");
	part(&s, c->changes[CHANGE_NEWLY_TELLING], "newly telling");
	part(&s, c->changes[CHANGE_TELLS_NO_MORE], "telling no more");
	part(&s, c->tally[GATE_SAME], "same");
	part(&s, c->tally[GATE_UNCLEAR], "unclear");
	part(&s, c->changes[CHANGE_NONE] - (unsigned int)c->gate_count,
	     "verdicts without change");
	part(&s, (unsigned int)json_array_size(c->only_base), "only in BASE");
	part(&s, (unsigned int)json_array_size(c->only_fresh), "only in NEW");
	text_add(t, text_string(&s));
	t->failed |= s.failed;
	text_free(&s);
}
