/*
 * The walk matrix as a table: what a load costs by page size of guest and
 * host, and the most references that a walk may take.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/memory_notes.h"
#include "reports/memory_section.h"
#include "reports/number.h"

static void write_cell(struct page *p, struct notes *notes,
		       const struct run *run, const struct walk_cell *c)
{
	struct text bound = { 0 };

	if (!isnan(c->refs))
		text_format(&bound, "at most %s references",
			    number_tidy(c->refs).s);
	else if (c->item)
		text_add(&bound, "bound not known");
	notes_cell(p, notes, &(struct noted){
		.run = run, .item = c->item, .meaning = c->meaning,
		.value = c->value, .low = c->low, .high = c->high,
		.ratio = &c->ratio, .more = text_string(&bound) });
	text_free(&bound);
}

/* Whose bound is which, in words: it is the paging that decides. */
static void write_bounds(struct page *p, const struct memory *mem)
{
	bool process = false, nested = false, shadow = false;
	struct text t = { 0 };

	for (size_t i = 0; i < mem->walks; i++) {
		const struct memory_source *s = &mem->source[mem->walk[i].source];
		const char *tdp = field_text(s->run->env, "backend.tdp");

		process |= s->process;
		nested |= !s->process && tdp &&
			  (!strcmp(tdp, "ept") || !strcmp(tdp, "npt"));
		shadow |= !s->process && tdp && !strcmp(tdp, "none");
	}
	text_add(&t, "Each cell is one dependent load to a random page of 64\u00a0MiB, "
		 "so that most loads miss the TLB where pages are of 4\u00a0KiB. The "
		 "bound is the most memory references that one walk may take.");
	if (nested)
		text_add(&t, " With nested paging, a guest\u2019s table of g levels "
			 "over a host\u2019s of h takes (g\u00a0+\u00a01)(h\u00a0+\u00a01)"
			 "\u00a0\u2212\u00a01 of them: 24 for 4\u00a0KiB on 4\u00a0KiB "
			 "with four levels each.");
	if (shadow)
		text_add(&t, " With shadow paging, one table leads from the guest\u2019s "
			 "addresses to the host\u2019s memory, by pages of the smaller "
			 "size: the bound is the native one, and not the (g\u00a0+\u00a01)"
			 "(h\u00a0+\u00a01)\u00a0\u2212\u00a01 of nested paging.");
	if (process)
		text_add(&t, " A process has one table, with the pages of the host.");
	p->ops->paragraph(p, text_string(&t));
	text_free(&t);
}

static bool any_ratio(const struct memory *mem)
{
	for (size_t i = 0; i < mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			for (int h = 0; h < WALK_COLUMNS; h++)
				if (!isnan(mem->walk[i].cell[g][h].ratio.value))
					return true;
	return false;
}

void section_memory_walk(struct page *p, const struct memory *mem,
			 const struct plots *plots)
{
	struct column heads[1 + WALK_COLUMNS] = { { "Guest page", false } };
	char titles[WALK_COLUMNS][40];
	struct notes notes = { .n = 0 };
	struct text t = { 0 };

	p->ops->heading(p, "Page sizes: what a TLB miss costs");
	write_bounds(p, mem);
	p->ops->figure(p, &plots->walk);
	for (size_t h = 0; h < WALK_COLUMNS; h++) {
		snprintf(titles[h], sizeof(titles[h]), "Host %s",
			 memory_column(h));
		heads[1 + h].title = titles[h];
	}
	text_format(&t, "A load by page size of guest and host, ring 3: median "
		    "%s, its interval%s, and the most references of a walk",
		    mem->walk_unit, any_ratio(mem) ?
		    ", the ratio to a process on the same pages of the host" : "");
	p->ops->table_begin(p, text_string(&t), heads, 1 + WALK_COLUMNS);
	for (size_t i = 0; i < mem->walks; i++) {
		const struct memory_source *s = &mem->source[mem->walk[i].source];

		if (mem->sources > 1)
			p->ops->group(p, s->label);
		for (int g = 0; g < MEMORY_PAGES; g++) {
			p->ops->row(p, false);
			p->ops->cell(p, CELL_TEXT, memory_page((enum pages)g));
			for (int h = 0; h < WALK_COLUMNS; h++)
				write_cell(p, &notes, s->run,
					   &mem->walk[i].cell[g][h]);
		}
	}
	p->ops->table_end(p);
	notes_write(p, &notes);
	text_free(&t);
}
