/*
 * How a table is laid out: which columns fit, and where the dots go.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

#define GAP		2
#define PLOT_LEAST	10
#define PLOT_MOST	40
#define LAST_ENOUGH	24	/* the last column wraps beyond it */
#define LINE_INDENT	4
#define COLUMNS_MOST	16
#define CENTRED_MOST	0.7	/* of a centred axis: what is beyond is at its end */

struct layout {
	unsigned int width[COLUMNS_MOST];
	bool shown[COLUMNS_MOST];
	double low, high;	/* the axis */
};

/* Where a row's cell stands: lines have no column, a rest ends its row. */
static size_t column_next(const struct grid *g, size_t column,
			  const struct grid_cell *cell)
{
	if (cell->kind == CELL_LINE)
		return column;
	return cell->kind == CELL_REST ? 0 : (column + 1) % g->columns;
}

static void axis_find(const struct grid *g, struct layout *l)
{
	l->low = INFINITY;
	l->high = -INFINITY;
	for (size_t i = 0; i < g->cells; i++) {
		const struct grid_cell *c = &g->cell[i];

		if (c->kind != CELL_PLOT || !isfinite(c->mid))
			continue;
		l->low = fmin(l->low, isfinite(c->low) ? c->low : c->mid);
		l->high = fmax(l->high, isfinite(c->high) ? c->high : c->mid);
	}
	if (g->centred) {
		l->high = fmin(fmax(fabs(l->low), fabs(l->high)), CENTRED_MOST);
		l->low = -l->high;
	}
}

static void widths_find(const struct grid *g, struct layout *l)
{
	size_t column = 0;

	for (size_t i = 0; i < g->columns; i++)
		l->width[i] = text_columns(g->column[i].head);
	for (size_t i = 0; i < g->cells; i++) {
		const struct grid_cell *c = &g->cell[i];

		bool last = column + 1 == g->columns;

		if (c->text && (c->kind == CELL_TEXT ||
				(c->kind == CELL_REST && last))) {
			unsigned int n = text_columns(c->text);

			if (last && n > LAST_ENOUGH)
				n = LAST_ENOUGH;
			if (n > l->width[column])
				l->width[column] = n;
		} else if (c->kind == CELL_PLOT) {
			l->width[column] = PLOT_LEAST;
		}
		column = column_next(g, column, c);
	}
}

static unsigned int total(const struct grid *g, const struct layout *l)
{
	unsigned int n = 0;

	for (size_t i = 0; i < g->columns; i++)
		n += l->shown[i] ? l->width[i] + (n ? GAP : 0) : 0;
	return n;
}

static void stand_ins_show(const struct grid *g, struct layout *l)
{
	for (size_t i = 0; i < g->columns; i++)
		if (g->column[i].instead)
			l->shown[i] = !l->shown[g->column[i].instead - 1];
}

static void columns_fit(const struct grid *g, struct layout *l)
{
	unsigned int spare;

	for (size_t i = 0; i < g->columns; i++)
		l->shown[i] = !g->column[i].plot ||
			      (g->terminal->glyphs && l->high >= l->low);
	for (;;) {
		size_t least = 0;

		stand_ins_show(g, l);
		if (total(g, l) <= g->terminal->width)
			break;
		for (size_t i = 1; i < g->columns; i++)
			if (l->shown[i] && !g->column[i].instead &&
			    g->column[i].leave > (l->shown[least] ?
						  g->column[least].leave : 0))
				least = i;
		if (!g->column[least].leave || !l->shown[least])
			break;
		l->shown[least] = false;
	}
	spare = total(g, l) < g->terminal->width ?
		g->terminal->width - total(g, l) : 0;
	for (size_t i = 0; i < g->columns; i++)
		if (l->shown[i] && g->column[i].plot)
			l->width[i] = PLOT_LEAST + spare > PLOT_MOST ?
				      PLOT_MOST : PLOT_LEAST + spare;
}

static void blanks(struct text *to, unsigned int n)
{
	while (n--)
		text_add(to, " ");
}

static long axis_place(const struct layout *l, double v, unsigned int width)
{
	double span = l->high - l->low;
	double at = span > 0 ? (v - l->low) / span : 0.5;

	return lround(fmin(fmax(at, 0), 1) * (width - 1));
}

static void plot_put(struct text *to, const struct grid *g,
		     const struct layout *l, const struct grid_cell *c,
		     unsigned int width)
{
	long zero = g->centred ? axis_place(l, 0, width) : -1;
	long mid, low, high;

	if (!isfinite(c->mid)) {
		blanks(to, width);
		return;
	}
	mid = axis_place(l, c->mid, width);
	low = isfinite(c->low) ? axis_place(l, c->low, width) : mid;
	high = isfinite(c->high) ? axis_place(l, c->high, width) : mid;
	for (long i = 0; i < (long)width; i++)
		text_add(to, i == mid ? "●" : i >= low && i <= high ?
			 (i == zero ? "┼" : "─") : i == zero ? "│" : " ");
}

void text_wrap(struct text *to, const char *s, unsigned int indent,
	       unsigned int width)
{
	unsigned int used = 0;

	while (*s) {
		size_t bytes = strcspn(s, " ");
		struct text word = { 0 };
		unsigned int n;

		text_bytes(&word, s, bytes);
		n = text_columns(text_string(&word));
		if (used && used + 1 + n > width) {
			text_add(to, "\n");
			blanks(to, indent);
			used = 0;
		} else if (used) {
			text_add(to, " ");
			used++;
		}
		text_add(to, text_string(&word));
		to->failed |= word.failed;
		text_free(&word);
		used += n;
		s += bytes;
		s += strspn(s, " ");
	}
}

/* What flows: to the end of the line, or below it where that is too near. */
static void flow_put(struct text *to, const struct grid *g, const char *s,
		     unsigned int at)
{
	unsigned int left = g->terminal->width > at ?
			    g->terminal->width - at : 0;

	if (left < LAST_ENOUGH && text_columns(s) > left) {
		text_add(to, "\n");
		blanks(to, LINE_INDENT);
		at = LINE_INDENT;
		left = g->terminal->width - at;
	}
	text_wrap(to, s, at, left);
}

static bool is_last(const struct grid *g, const struct layout *l, size_t column)
{
	for (size_t i = column + 1; i < g->columns; i++)
		if (l->shown[i])
			return false;
	return true;
}

static void cell_put(struct text *to, const struct grid *g,
		     const struct layout *l, const struct grid_cell *c,
		     size_t column, unsigned int *at)
{
	const char *s = c->text ? c->text : "";
	unsigned int n = text_columns(s), width = l->width[column];
	bool flows = c->kind == CELL_REST || is_last(g, l, column);

	if (*at) {
		blanks(to, GAP);
		*at += GAP;
	}
	if (!flows && g->column[column].right && n < width)
		blanks(to, width - n);
	paint_begin(to, g->terminal, c->paint);
	if (c->kind == CELL_PLOT)
		plot_put(to, g, l, c, width);
	else if (flows)
		flow_put(to, g, s, *at);
	else
		text_add(to, s);
	paint_end(to, g->terminal, c->paint);
	if (c->kind == CELL_TEXT && !flows && !g->column[column].right &&
	    n < width)
		blanks(to, width - n);
	*at += width;
}

static void heading_put(struct text *to, const struct grid *g,
			const struct layout *l)
{
	unsigned int at = 0;

	for (size_t i = 0; i < g->columns; i++) {
		struct grid_cell head = { .text = (char *)g->column[i].head,
					  .paint = PAINT_HEAD };

		if (l->shown[i])
			cell_put(to, g, l, &head, i, &at);
	}
	text_add(to, "\n");
}

int grid_print(const struct grid *g, struct text *to)
{
	struct layout l = { 0 };
	unsigned int at = 0;
	size_t column = 0;

	if (!g->columns || g->columns > COLUMNS_MOST)
		return -EINVAL;
	axis_find(g, &l);
	widths_find(g, &l);
	columns_fit(g, &l);
	heading_put(to, g, &l);
	for (size_t i = 0; i < g->cells; i++) {
		const struct grid_cell *c = &g->cell[i];

		if (c->kind == CELL_LINE) {
			blanks(to, LINE_INDENT);
			paint_begin(to, g->terminal, c->paint);
			text_wrap(to, c->text ? c->text : "", LINE_INDENT + 2,
				  g->terminal->width - LINE_INDENT - 2);
			paint_end(to, g->terminal, c->paint);
			text_add(to, "\n");
			continue;
		}
		if (l.shown[column] || c->kind == CELL_REST)
			cell_put(to, g, &l, c, column, &at);
		column = column_next(g, column, c);
		if (!column) {
			text_add(to, "\n");
			at = 0;
		}
	}
	return g->failed || to->failed ? -ENOMEM : 0;
}
