/*
 * A store in a terminal that can show more than text: the columns that fit,
 * and each series as a line of blocks with a bar where it changed.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/write.h"
#include "grid.h"
#include "history/list.h"

#define SPARK_MOST	100

void documents_terminal(const struct history *h, struct text *t,
			const struct terminal *terminal)
{
	static const struct grid_column column[] = {
		{ .head = "started" },
		{ .head = "run" },
		{ .head = "host", .leave = 2 },
		{ .head = "results", .right = true, .leave = 3 },
		{ .head = "vmgauge", .leave = 1 },
	};
	struct grid g;

	grid_open(&g, terminal, column, sizeof(column) / sizeof(column[0]));
	for (size_t i = 0; i < h->documents; i++) {
		const struct history_document *d = h->in_order[i];

		grid_put(&g, PAINT_NONE, "%s", d->started);
		grid_put(&g, d->complete ? PAINT_NONE : PAINT_ODD, "%s%s",
			 d->run, d->complete ? "" : " (not finished)");
		grid_put(&g, PAINT_DIM, "%s", d->host->fingerprint);
		grid_put(&g, PAINT_NONE, "%zu", d->results);
		grid_put(&g, PAINT_DIM, "%s", d->version);
	}
	t->failed |= grid_print(&g, t) != 0;
	grid_close(&g);
}

/* From its lowest median to its highest: what the numbers beside it say. */
static void range_put(struct text *t, const double *value, size_t count)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < count; i++) {
		if (!isfinite(value[i]))
			continue;
		low = fmin(low, value[i]);
		high = fmax(high, value[i]);
	}
	text_add(t, "  ");
	text_figure(t, low);
	text_add(t, " to ");
	text_figure(t, high);
}

static void spark_line(struct text *t, const struct terminal *terminal,
		       const struct trend *s, const struct stretch *stretch,
		       size_t count)
{
	double *value = calloc(s->count + 1, sizeof(*value));
	bool *cut = calloc(s->count + 1, sizeof(*cut));
	unsigned int room = terminal->width > 2 * count + 40 ?
			    terminal->width - 2 * (unsigned int)count - 30 : 10;

	if (!terminal->glyphs)
		goto out;
	if (!value || !cut) {
		t->failed = true;
		goto out;
	}
	for (size_t i = 0; i < s->count; i++)
		value[i] = s->point[i].median;
	for (size_t i = 1; i < count; i++)
		cut[stretch[i].from] = true;
	text_add(t, "  ");
	spark_put(t, value, cut, (unsigned int)s->count,
		  room > SPARK_MOST ? SPARK_MOST : room);
	range_put(t, value, s->count);
	text_add(t, "\n");
out:
	free(value);
	free(cut);
}

static enum paint stretch_paint(const struct trend *s, const struct stretch *x)
{
	if (!x->from)
		return PAINT_NONE;
	if (!isfinite(x->ratio))
		return PAINT_ODD;
	return stretch_worse(s, x) ? PAINT_BAD :
	       x->ratio == 1 ? PAINT_ODD : PAINT_GOOD;
}

static void stretches_put(struct text *t, const struct terminal *terminal,
			  const struct trend *s, const struct stretch *stretch,
			  size_t count)
{
	static const struct grid_column column[] = {
		{ .head = "  since" },
		{ .head = "run", .leave = 1 },
		{ .head = "results", .right = true, .leave = 2 },
		{ .head = "median", .right = true },
		{ .head = "change" },
	};
	struct text cell = { 0 };
	struct grid g;

	grid_open(&g, terminal, column, sizeof(column) / sizeof(column[0]));
	for (size_t i = 0; i < count; i++) {
		const struct stretch *x = &stretch[i];
		const struct history_document *d = s->point[x->from].document;

		grid_put(&g, PAINT_NONE, "  %s", d->started);
		grid_put(&g, PAINT_NONE, "%s", d->run);
		grid_put(&g, PAINT_NONE, "%zu", x->to - x->from);
		text_figure(&cell, x->median);
		grid_put(&g, PAINT_NONE, "%s", text_string(&cell));
		text_clear(&cell);
		stretch_change(&cell, s, x);
		grid_put(&g, stretch_paint(s, x), "%s", text_string(&cell));
		text_clear(&cell);
	}
	t->failed |= cell.failed || grid_print(&g, t) != 0;
	grid_close(&g);
	text_free(&cell);
}

void series_terminal(struct text *t, const struct terminal *terminal,
		     const struct trend *s, const struct stretch *stretch,
		     size_t count)
{
	struct text heading = { 0 };

	series_heading(&heading, s, count - 1);
	paint_begin(t, terminal, PAINT_HEAD);
	text_wrap(t, text_string(&heading), 2, terminal->width - 2);
	paint_end(t, terminal, PAINT_HEAD);
	text_add(t, "\n");
	t->failed |= heading.failed;
	text_free(&heading);
	if (s->count > 1)
		spark_line(t, terminal, s, stretch, count);
	stretches_put(t, terminal, s, stretch, count);
}
