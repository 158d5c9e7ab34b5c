/*
 * A grid as a table: every number with its interval, by source; a page larger
 * than 4 KiB also as what 4 KiB of it cost.
 */
#include <math.h>
#include <stdio.h>

#include "reports/memory_grid.h"
#include "reports/memory_notes.h"
#include "reports/number.h"

static void write_cell(struct page *p, const struct grid *g, size_t source,
		       size_t r, size_t c, struct notes *notes)
{
	const struct grid_cell *cell = &g->cell[source][r][c];
	double pages = g->of->column[c].pages;
	struct text each = { 0 };

	if (!g->of->row[r].cell[c].id) {
		p->ops->cell(p, CELL_TEXT, NULL);
		return;
	}
	if (memory_valued(cell->meaning) && pages > 1)
		text_format(&each, "%s for 4\u00a0KiB",
			    number(cell->value / pages).s);
	notes_cell(p, notes, &(struct noted){
		.run = g->mem->source[source].run, .item = cell->item,
		.meaning = cell->meaning, .value = cell->value,
		.low = cell->low, .high = cell->high,
		.more = text_string(&each) });
	text_free(&each);
}

void grid_write(struct page *p, const struct grid *g)
{
	struct column heads[1 + GRID_COLUMNS] = { { g->of->what, false } };
	struct notes notes = { .n = 0 };
	struct text caption = { 0 };

	for (size_t c = 0; c < g->of->columns; c++)
		heads[1 + c].title = g->of->column[c].title;
	text_format(&caption, "%s: median %s and its interval", g->of->caption,
		    g->unit);
	p->ops->table_begin(p, text_string(&caption), heads,
			    1 + g->of->columns);
	for (size_t s = 0; s < g->mem->sources; s++) {
		bool named = g->mem->sources == 1;

		for (size_t r = 0; r < g->of->rows; r++) {
			if (!grid_row_any(g, s, r))
				continue;
			if (!named)
				p->ops->group(p, g->mem->source[s].label);
			named = true;
			p->ops->row(p, false);
			p->ops->cell(p, CELL_TEXT, g->of->row[r].title);
			for (size_t c = 0; c < g->of->columns; c++)
				write_cell(p, g, s, r, c, &notes);
		}
	}
	p->ops->table_end(p);
	notes_write(p, &notes);
	text_free(&caption);
}
