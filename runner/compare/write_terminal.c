/*
 * A comparison in a terminal that can show more than text: what is worse
 * stands first and in color, changes are dots with their intervals on one
 * axis with no change in its middle. Elsewhere it is the plain table.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/write.h"
#include "grid.h"

enum { NAME, BASE, NEW, CHANGE, INTERVAL, FLOOR, DELTA, PLOT, VERDICT };

static const struct grid_column column[] = {
	[NAME]	   = { .head = "bench" },
	[BASE]	   = { .head = "base", .right = true, .leave = 2 },
	[NEW]	   = { .head = "new", .right = true, .leave = 1 },
	[CHANGE]   = { .head = "change", .right = true },
	[INTERVAL] = { .head = "interval" },
	[FLOOR]	   = { .head = "floor", .right = true, .leave = 4 },
	[DELTA]	   = { .head = "delta", .right = true, .leave = 5 },
	[PLOT]	   = { .head = "better <- | -> worse", .plot = true,
		       .leave = 3 },
	[VERDICT]  = { .head = "verdict" },
};

static enum paint shown_paint(enum shown shown)
{
	switch (shown) {
	case SHOWN_WORSE:
		return PAINT_BAD;
	case SHOWN_KNOWN:
	case SHOWN_CHANGED:
		return PAINT_ODD;
	case SHOWN_IMPROVED:
		return PAINT_GOOD;
	case SHOWN_UNCLEAR:
		return PAINT_DIM;
	default:
		return PAINT_NONE;
	}
}

/* A cell by one of the text_...() that the plain table has, too. */
static void cell_take(struct grid *g, struct text *cell)
{
	grid_put(g, PAINT_NONE, "%s", text_string(cell));
	g->failed |= cell->failed;
	text_clear(cell);
}

/* To the right is worse, whichever way the unit goes. */
static void change_plot(struct grid *g, const struct gate_row *row,
			enum paint p)
{
	const struct shift *s = &row->shift;
	double sign = row->higher_better ? -1 : 1;
	double low = log(s->ci.low), high = log(s->ci.high);

	if (row->excluded || !(s->ratio > 0) || !isfinite(s->ratio) ||
	    !(s->ci.level > 0)) {
		grid_dot(g, PAINT_NONE, NAN, NAN, NAN);
		return;
	}
	grid_dot(g, p, sign > 0 ? low : -high, sign * log(s->ratio),
		  sign > 0 ? high : -low);
}

static void numbers_row(struct grid *g, const struct compare_row *r)
{
	enum paint p = shown_paint(row_shown(r));
	const struct gate_row *gate = r->gate;
	struct text cell = { 0 };

	grid_put(g, PAINT_NONE, "%s", r->name);
	text_figure(&cell, r->base.median);
	cell_take(g, &cell);
	text_figure(&cell, r->fresh.median);
	cell_take(g, &cell);
	text_change(&cell, gate->shift.ratio);
	cell_take(g, &cell);
	if (gate->excluded)
		text_add(&cell, "-");
	else
		text_interval(&cell, &gate->shift.ci);
	cell_take(g, &cell);
	text_floor(&cell, gate);
	cell_take(g, &cell);
	if (gate->excluded)
		grid_put(g, PAINT_NONE, "-");
	else
		grid_put(g, PAINT_NONE, "%+.2f", gate->shift.delta);
	change_plot(g, gate, p);
	text_add(&cell, gate_verdict_name(gate->verdict));
	if (gate->reason[0])
		text_format(&cell, ": %s", gate->reason);
	if (r->note && !gate->excluded)
		text_format(&cell, " (%s)", r->note);
	grid_rest(g, p, "%s", text_string(&cell));
	g->failed |= cell.failed;
	text_free(&cell);
}

static void change_row(struct grid *g, const struct compare_row *r)
{
	const char *cause = document_text(r->fresh.result, "expected_failure");
	const char *reason = row_reason(r);
	const char *why = r->expected ? cause : reason;

	grid_put(g, PAINT_NONE, "%s", r->name);
	grid_rest(g, shown_paint(row_shown(r)), "%s -> %s: %s%s%s%s",
		  row_verdict(&r->base), row_verdict(&r->fresh), row_change(r),
		  r->expected ? ", as expected" : "", *why ? ": " : "", why);
}

/* Each line, wrapped; the plain table has line ends of its own. */
static void lines_put(struct text *t, const struct terminal *terminal,
		      enum paint p, const struct text *plain)
{
	char *line = plain->data, *next;

	for (; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		paint_begin(t, terminal, p);
		text_wrap(t, line, 2, terminal->width - 2);
		paint_end(t, terminal, p);
		text_add(t, "\n");
	}
	t->failed |= plain->failed;
}

static void legend_put(struct text *t, const struct terminal *terminal,
		       const struct compare *c)
{
	struct text plain = { 0 };

	compare_legend(c, &plain);
	for (char *p = plain.data; p && *p; p++)
		if (*p == '\n' && p[1])
			*p = ' ';
	lines_put(t, terminal, PAINT_DIM, &plain);
	text_free(&plain);
}

static int terminal_table(const struct compare *c, struct text *t,
			  const struct terminal *terminal)
{
	size_t *order = rows_order(c);
	struct text foot = { 0 };
	bool numbers = false;
	struct grid g;
	int rc;

	if (!order)
		return -ENOMEM;
	grid_open(&g, terminal, column, sizeof(column) / sizeof(column[0]));
	g.centred = true;
	for (size_t i = 0; i < c->count; i++)
		if (c->row[order[i]].change)
			change_row(&g, &c->row[order[i]]);
	for (size_t i = 0; i < c->count; i++)
		if (c->row[order[i]].gate) {
			numbers_row(&g, &c->row[order[i]]);
			numbers = true;
		}
	rc = g.cells ? grid_print(&g, t) : 0;
	grid_close(&g);
	if (numbers)
		legend_put(t, terminal, c);
	compare_foot(c, &foot);
	lines_put(t, terminal, PAINT_NONE, &foot);
	text_free(&foot);
	free(order);
	return rc ? rc : t->failed ? -ENOMEM : 0;
}

int compare_people(const struct compare *c, struct text *t)
{
	struct terminal terminal;

	terminal_look(&terminal, STDOUT_FILENO);
	return terminal.rich ? terminal_table(c, t, &terminal)
			     : compare_table(c, t);
}
