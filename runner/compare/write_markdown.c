/*
 * A comparison as a comment of a pull request. A comment has 65,536 characters
 * at most: what is worse is shown whole, all else as far as it fits.
 */
#include <errno.h>
#include <stdlib.h>

#include "compare/write.h"

#define COMMENT_MOST	60000	/* what follows the rows takes less than the rest */
#define REASON_MOST	300

static void reason_put(struct text *t, const char *reason)
{
	char some[REASON_MOST + 1];
	size_t n = 0;

	for (; n < REASON_MOST && reason[n]; n++)
		some[n] = reason[n];
	some[n] = '\0';
	text_markdown(t, some);
}

static void row_put(struct text *t, const struct compare_row *r)
{
	const struct gate_row *g = r->gate;

	text_add(t, "| ");
	text_markdown_code(t, r->name);
	text_add(t, " | ");
	if (g) {
		text_figure(t, r->base.median);
		text_add(t, " | ");
		text_figure(t, r->fresh.median);
		text_add(t, " | ");
		text_change(t, g->shift.ratio);
		text_add(t, " | ");
		text_interval(t, &g->shift.ci);
		text_add(t, " | ");
		text_floor(t, g);
		text_format(t, " | %s%s", gate_verdict_name(g->verdict),
			    g->reason[0] ? ": " : "");
	} else {
		text_format(t, "%s | %s | | | | %s%s%s", row_verdict(&r->base),
			    row_verdict(&r->fresh), row_change(r),
			    r->expected ? " (expected)" : "",
			    row_reason(r)[0] ? ": " : "");
	}
	reason_put(t, row_reason(r));
	if (g && r->note && !g->excluded)
		text_format(t, " (%s)", r->note);
	text_add(t, " |\n");
}

static void heading(struct text *t)
{
	text_add(t, "\n| Item | Base | New | Change | 95 % interval | Floor | "
		 "Verdict |\n|---|--:|--:|--:|---|--:|---|\n");
}

/* Rows of these ranks, as far as they fit; returns how many did not. */
static size_t rows_put(struct text *t, const struct compare *c,
		       const size_t *order, enum shown from, enum shown to)
{
	size_t left = 0, shown = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct compare_row *r = &c->row[order[i]];
		enum shown as = row_shown(r);

		if (as < from || as > to)
			continue;
		if (t->length > COMMENT_MOST) {
			left++;
			continue;
		}
		if (!shown++)
			heading(t);
		row_put(t, r);
	}
	return left;
}

static void lines(struct text *t, const char *what, const json_t *list)
{
	json_t *line;
	size_t i;

	json_array_foreach((json_t *)list, i, line) {
		if (t->length > COMMENT_MOST)
			return;
		text_format(t, "- %s: ", what);
		text_markdown(t, json_string_value(line));
		text_add(t, "\n");
	}
}

static size_t count(const struct compare *c, enum shown from, enum shown to)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += row_shown(&c->row[i]) >= from && row_shown(&c->row[i]) <= to;
	return n;
}

int compare_markdown(const struct compare *c, struct text *t)
{
	size_t *order = rows_order(c), left, more;

	if (!order)
		return -ENOMEM;
	text_format(t, "### vmgauge compare: %s\n\n", compare_worse(c) ?
		    "something is worse" : "nothing is worse");
	text_summary(t, c);
	text_add(t, "\n");
	left = rows_put(t, c, order, SHOWN_WORSE, SHOWN_IMPROVED);
	more = count(c, SHOWN_UNCLEAR, SHOWN_SAME);
	if (more) {
		text_format(t, "\n<details><summary>%zu rows that are the same "
			    "or unclear</summary>\n", more);
		left += rows_put(t, c, order, SHOWN_UNCLEAR, SHOWN_SAME);
		text_add(t, "\n</details>\n");
	}
	if (left)
		text_format(t, "\n%zu more rows did not fit here: --json has "
			    "them.\n", left);
	text_add(t, "\n");
	lines(t, "claim", c->claims);
	lines(t, "note", c->notes);
	text_format(t, "- a false alarm over all rows: at most %g %%\n",
		    100 * c->options.alpha);
	free(order);
	return t->failed ? -ENOMEM : 0;
}
