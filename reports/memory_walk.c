/*
 * The walk matrix: which result is which cell, and what it is to a process on
 * the same pages of the host.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/memory_parts.h"

static bool has_end(const char *s, const char *end)
{
	size_t length = strlen(s), tail = strlen(end);

	return length >= tail && !strcmp(s + length - tail, end);
}

static struct walk_cell *cell_of(struct walk *w, const struct item *it)
{
	static const size_t column[MEMORY_PAGES] = { WALK_4K, WALK_2M_THP, WALK_1G };
	enum pages guest, host;

	if (!memory_pages_of(it, "memory/walk_", &guest, &host))
		return NULL;
	return &w->cell[guest][host == MEMORY_2M && has_end(it->id, "_hugetlb") ?
			       WALK_2M_HUGETLB : column[host]];
}

static bool walk_fill(struct walk *w, const struct memory *mem,
		      const struct model *m)
{
	const struct run *run = mem->source[w->source].run;
	size_t n = source_count(mem, m, w->source);
	bool any = false;

	for (int g = 0; g < MEMORY_PAGES; g++)
		for (int h = 0; h < WALK_COLUMNS; h++)
			w->cell[g][h] = (struct walk_cell){
				.meaning = MEANS_ABSENT, .value = NAN, .low = NAN,
				.high = NAN, .refs = NAN,
				.ratio = { NAN, NAN, NAN, NAN } };
	for (size_t i = 0; i < n; i++) {
		const struct item *it = source_item(mem, m, w->source, i);
		struct walk_cell *cell = cell_of(w, it);

		if (!cell || cell->item)
			continue;
		any = true;
		cell->item = it;
		cell->meaning = meaning_of(run, it);
		cell->refs = field_double(it->json, "walk_refs");
	}
	return any;
}

static void walk_scale(struct walk *w, bool in_ns)
{
	for (int g = 0; g < MEMORY_PAGES; g++)
		for (int h = 0; h < WALK_COLUMNS; h++) {
			struct walk_cell *cell = &w->cell[g][h];
			const struct item *it = cell->item;

			if (!memory_valued(cell->meaning))
				continue;
			cell->value = item_scaled(it, it->median, in_ns);
			cell->low = item_scaled(it, it->low, in_ns);
			cell->high = item_scaled(it, it->high, in_ns);
		}
}

static const struct walk *walk_of_side(const struct memory *mem, size_t side)
{
	for (size_t i = 0; i < mem->walks; i++)
		if (mem->source[mem->walk[i].source].side == side)
			return &mem->walk[i];
	return NULL;
}

/* Bounds that hold whatever lies in the two intervals, as in a comparison. */
static struct ratio cells_ratio(const struct walk_cell *x,
				const struct walk_cell *base)
{
	struct ratio r = { NAN, NAN, NAN, NAN };

	if (!meaning_shown(x->meaning) || !meaning_shown(base->meaning) ||
	    !(base->value > 0) || base->low <= 0)
		return r;
	r.value = x->value / base->value;
	r.low = x->low / base->high;
	r.high = x->high / base->low;
	r.level = x->item->level + base->item->level - 1;
	if (isnan(r.low) || isnan(r.high) || isnan(r.level))
		r.low = r.high = r.level = NAN;
	return r;
}

/* A process has one level of pages: those of the host, whatever a guest has. */
static void walk_divide(struct walk *w, const struct memory *mem,
			const struct comparison *c)
{
	static const enum pages same[WALK_COLUMNS] = {
		MEMORY_4K, MEMORY_2M, MEMORY_2M, MEMORY_1G,
	};
	size_t side = mem->source[w->source].side;
	size_t native = c->sides[side].native;
	const struct walk *base = native == NO_SIDE || native == side ? NULL :
				  walk_of_side(mem, native);

	for (int h = 0; base && h < WALK_COLUMNS; h++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			w->cell[g][h].ratio = cells_ratio(&w->cell[g][h],
				&base->cell[same[h]][h]);
}

static bool walk_valued(const struct walk *w)
{
	for (int g = 0; g < MEMORY_PAGES; g++)
		for (int h = 0; h < WALK_COLUMNS; h++)
			if (memory_valued(w->cell[g][h].meaning))
				return true;
	return false;
}

static void walks_count(struct memory *mem, bool *in_ns)
{
	*in_ns = true;
	for (size_t i = 0; i < mem->walks; i++)
		for (int g = 0; g < MEMORY_PAGES; g++)
			for (int h = 0; h < WALK_COLUMNS; h++) {
				const struct walk_cell *cell =
					&mem->walk[i].cell[g][h];

				if (!memory_valued(cell->meaning))
					continue;
				mem->cells_valued++;
				*in_ns &= item_has_ns(cell->item);
			}
}

int walks_read(struct memory *mem, const struct model *m)
{
	bool in_ns;

	mem->walk = calloc(mem->sources + 1, sizeof(*mem->walk));
	if (!mem->walk)
		return -ENOMEM;
	for (size_t s = 0; s < mem->sources; s++) {
		struct walk *w = &mem->walk[mem->walks];

		w->source = s;
		/* Of several, those without any number would fill the page. */
		if (walk_fill(w, mem, m) &&
		    (mem->sources == 1 || walk_valued(w)))
			mem->walks++;
	}
	walks_count(mem, &in_ns);
	mem->walk_unit = in_ns ? "ns" : "cycles";
	for (size_t i = 0; i < mem->walks; i++)
		walk_scale(&mem->walk[i], in_ns);
	for (size_t i = 0; i < mem->walks && m->comparison; i++)
		walk_divide(&mem->walk[i], mem, m->comparison);
	return 0;
}
