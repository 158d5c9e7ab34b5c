/*
 * A comparison for people in a terminal: what is worse stands first.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/write.h"

/* Fills up with blanks to a column; left or right of what `cell` holds. */
static void cell_put(struct text *t, struct text *cell, int width)
{
	text_format(t, "%*s  ", width, text_string(cell));
	t->failed |= cell->failed;
	text_clear(cell);
}

static void numbers_row(struct text *t, const struct compare_row *r)
{
	const struct gate_row *g = r->gate;
	struct text cell = { 0 };

	text_format(t, "%-36s  ", r->name);
	text_figure(&cell, r->base.median);
	cell_put(t, &cell, 9);
	text_figure(&cell, r->fresh.median);
	cell_put(t, &cell, 9);
	text_change(&cell, g->shift.ratio);
	cell_put(t, &cell, 8);
	if (g->excluded)
		text_add(&cell, "-");
	else
		text_interval(&cell, &g->shift.ci);
	cell_put(t, &cell, -18);
	text_floor(&cell, g);
	cell_put(t, &cell, 7);
	if (g->excluded)
		text_add(&cell, "-");
	else
		text_format(&cell, "%+.2f", g->shift.delta);
	cell_put(t, &cell, 6);
	text_add(t, gate_verdict_name(g->verdict));
	if (g->reason[0])
		text_format(t, ": %s", g->reason);
	if (r->note && !g->excluded)
		text_format(t, " (%s)", r->note);
	text_add(t, "\n");
	text_free(&cell);
}

static void change_row(struct text *t, const struct compare_row *r)
{
	const char *cause = document_text(r->fresh.result, "expected_failure");
	const char *reason = row_reason(r);

	text_format(t, "%-36s  %s -> %s: %s%s", r->name, row_verdict(&r->base),
		    row_verdict(&r->fresh), row_change(r),
		    r->expected ? ", as expected" : "");
	if (r->expected || *reason) {
		text_add(t, ": ");
		text_visible(t, r->expected ? cause : reason);
	}
	text_add(t, "\n");
}

static void lines(struct text *t, const char *what, const json_t *list)
{
	json_t *line;
	size_t i;

	json_array_foreach((json_t *)list, i, line) {
		text_format(t, "%s: ", what);
		text_visible(t, json_string_value(line));
		text_add(t, "\n");
	}
}

static void names(struct text *t, const char *what, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!n)
		return;
	text_format(t, "%s:", what);
	for (size_t i = 0; i < n && i < 8; i++)
		text_format(t, "%s %s", i ? "," : "",
			    json_string_value(json_array_get(list, i)));
	if (n > 8)
		text_format(t, " and %zu more", n - 8);
	text_add(t, "\n");
}

void compare_legend(const struct compare *c, struct text *t)
{
	if (c->live) {
		text_format(t, "medians over slices of their lower deciles; "
			    "the change of their ratio inside rounds\nwith "
			    "its interval (95 %% over all looks); floor: the "
			    "threshold; delta: Cliff's. A false alarm\nover "
			    "all rows and looks: at most %g %%\n",
			    100 * c->options.alpha);
		return;
	}
	text_format(t, "medians over VM instances; the change of their ratio "
		    "with its 95 %% interval (rank test, exact);\nfloor: what "
		    "runs of this host differ by anyway; delta: Cliff's. A "
		    "false alarm over all rows: at most %g %%\n",
		    100 * c->options.alpha);
}

void compare_foot(const struct compare *c, struct text *t)
{
	names(t, "only in BASE", c->only_base);
	names(t, "only in NEW", c->only_fresh);
	lines(t, "claim", c->claims);
	lines(t, "note", c->notes);
	text_summary(t, c);
	text_add(t, "\n");
}

int compare_table(const struct compare *c, struct text *t)
{
	size_t *order = rows_order(c);
	bool heading = false;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		if (c->row[order[i]].change)
			change_row(t, &c->row[order[i]]);
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_row *r = &c->row[order[i]];

		if (!r->gate)
			continue;
		if (!heading)
			text_format(t, "%-36s  %9s  %9s  %8s  %-18s  %7s  %6s  "
				    "%s\n", "bench", "base", "new", "change",
				    "interval", "floor", "delta", "verdict");
		heading = true;
		numbers_row(t, r);
	}
	if (heading)
		compare_legend(c, t);
	compare_foot(c, t);
	free(order);
	return t->failed ? -ENOMEM : 0;
}
