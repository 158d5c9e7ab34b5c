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
	bool valued = memory_valued(cell->meaning);
	struct text word = { 0 }, why = { 0 }, interval = { 0 };

	if (!g->of->row[r].cell[c].id) {
		p->ops->cell(p, CELL_TEXT, NULL);
		return;
	}
	notes_word(notes, g->mem->source[source].run, cell->meaning,
		   cell->item, &word, &why);
	if (valued && pages > 1)
		text_format(&word, "%s%s for 4\u00a0KiB", word.length ? "; " : "",
			    number(cell->value / pages).s);
	if (valued && !isnan(cell->low) && !isnan(cell->high))
		text_add(&interval, number_range(cell->low, cell->high).s);
	else if (valued)
		text_add(&interval, "no interval");
	p->ops->cell_measure(p, &(struct measure){
		.value = valued ? number(cell->value).s : NULL,
		.interval = text_string(&interval),
		.word = text_string(&word), .note = text_string(&why),
		.faint = cell->meaning != MEANS_NUMBER });
	text_free(&word);
	text_free(&why);
	text_free(&interval);
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
		if (g->mem->sources > 1)
			p->ops->group(p, g->mem->source[s].label);
		for (size_t r = 0; r < g->of->rows; r++) {
			if (!grid_row_any(g, s, r))
				continue;
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
