/*
 * Which result is which cell of a grid.
 */
#include "reports/memory_grid.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/memory_parts.h"

static const struct item *item_find(const struct memory *mem,
				    const struct model *m, size_t source,
				    const char *id, int ring)
{
	static const char family[] = "memory/";

	for (size_t i = 0; i < source_count(mem, m, source); i++) {
		const struct item *it = source_item(mem, m, source, i);

		if (it->is_bench && it->id && it->ring == ring &&
		    !strncmp(it->id, family, strlen(family)) &&
		    !strcmp(it->id + strlen(family), id))
			return it;
	}
	return NULL;
}

static void cell_fill(struct grid *g, const struct model *m, size_t source,
		      size_t r, size_t c)
{
	struct grid_cell *cell = &g->cell[source][r][c];
	const char *id = g->of->row[r].cell[c].id;

	*cell = (struct grid_cell){ .meaning = MEANS_ABSENT, .value = NAN,
				    .low = NAN, .high = NAN };
	cell->item = id ? item_find(g->mem, m, source, id,
				    g->of->row[r].ring) : NULL;
	if (!cell->item)
		return;
	cell->meaning = meaning_of(g->mem->source[source].run, cell->item);
	if (!memory_valued(cell->meaning))
		return;
	g->valued++;
	g->unproven += cell->meaning != MEANS_NUMBER;
	if (!item_has_ns(cell->item))
		g->unit = "cycles";
}

static void cell_scale(struct grid *g, struct grid_cell *cell, double divide)
{
	bool in_ns = g->unit[0] == 'n';
	const struct item *it = cell->item;

	if (!it || !memory_valued(cell->meaning))
		return;
	divide = divide > 0 ? divide : 1;
	cell->value = item_scaled(it, it->median, in_ns) / divide;
	cell->low = item_scaled(it, it->low, in_ns) / divide;
	cell->high = item_scaled(it, it->high, in_ns) / divide;
}

int grid_read(struct grid *g, const struct grid_of *of,
	      const struct memory *mem, const struct model *m)
{
	*g = (struct grid){ .of = of, .mem = mem, .unit = "ns" };
	g->cell = calloc(mem->sources + 1, sizeof(*g->cell));
	if (!g->cell)
		return -ENOMEM;
	for (size_t s = 0; s < mem->sources; s++)
		for (size_t r = 0; r < of->rows; r++)
			for (size_t c = 0; c < of->columns; c++)
				cell_fill(g, m, s, r, c);
	for (size_t s = 0; s < mem->sources; s++)
		for (size_t r = 0; r < of->rows; r++)
			for (size_t c = 0; c < of->columns; c++)
				cell_scale(g, &g->cell[s][r][c],
					   of->row[r].cell[c].divide);
	return 0;
}

void grid_free(struct grid *g)
{
	free(g->cell);
	g->cell = NULL;
}

bool grid_row_any(const struct grid *g, size_t source, size_t row)
{
	for (size_t c = 0; c < g->of->columns; c++) {
		const struct grid_cell *cell = &g->cell[source][row][c];

		if (cell->item && (g->mem->sources == 1 ||
				   memory_valued(cell->meaning)))
			return true;
	}
	return false;
}
