/*
 * A table's cells; see grid.h. How they are laid out is in grid_print.c.
 */
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "grid.h"

void grid_open(struct grid *g, const struct terminal *t,
	       const struct grid_column *column, size_t columns)
{
	*g = (struct grid){ .terminal = t, .column = column,
			    .columns = columns };
}

static struct grid_cell *cell_add(struct grid *g)
{
	size_t capacity = g->capacity ? 2 * g->capacity : 64;
	struct grid_cell *more;

	if (g->cells == g->capacity) {
		more = realloc(g->cell, capacity * sizeof(*more));
		if (!more) {
			g->failed = true;
			return NULL;
		}
		g->cell = more;
		g->capacity = capacity;
	}
	g->cell[g->cells] = (struct grid_cell){ .low = NAN, .mid = NAN,
						.high = NAN };
	return &g->cell[g->cells++];
}

static void text_cell(struct grid *g, enum paint p, int kind, const char *fmt,
		      va_list args)
{
	struct grid_cell *cell = cell_add(g);
	struct text t = { 0 };
	char *raw = NULL;

	if (!cell)
		return;
	if (vasprintf(&raw, fmt, args) < 0) {
		g->failed = true;
		return;
	}
	text_visible(&t, raw);
	free(raw);
	g->failed |= t.failed;
	cell->text = t.data;
	cell->paint = p;
	cell->kind = kind;
}

void grid_put(struct grid *g, enum paint p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_cell(g, p, CELL_TEXT, fmt, args);
	va_end(args);
}

void grid_rest(struct grid *g, enum paint p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_cell(g, p, CELL_REST, fmt, args);
	va_end(args);
}

void grid_line(struct grid *g, enum paint p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_cell(g, p, CELL_LINE, fmt, args);
	va_end(args);
}

void grid_dot(struct grid *g, enum paint p, double low, double mid,
	       double high)
{
	struct grid_cell *cell = cell_add(g);

	if (!cell)
		return;
	cell->kind = CELL_PLOT;
	cell->paint = p;
	cell->low = low;
	cell->mid = mid;
	cell->high = high;
}

void grid_close(struct grid *g)
{
	for (size_t i = 0; i < g->cells; i++)
		free(g->cell[i].text);
	free(g->cell);
	*g = (struct grid){ 0 };
}
