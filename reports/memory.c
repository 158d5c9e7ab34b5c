/*
 * The rows of memory, found by what they say of themselves, so that a foreign
 * or an older document adds nothing wrong: it adds nothing.
 */
#include "reports/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/memory_parts.h"
#include "reports/svg.h"

static const char *const page_text[MEMORY_PAGES] = { "4 KiB", "2 MiB", "1 GiB" };

static const char *const column_text[WALK_COLUMNS] = {
	"4 KiB", "2 MiB (THP)", "2 MiB (hugetlb)", "1 GiB (hugetlb)",
};

const char *memory_page(enum pages p)
{
	return page_text[p];
}

const char *memory_column(size_t column)
{
	return column_text[column];
}

void memory_pages(const struct curve *c, struct text *out)
{
	text_add(out, page_text[c->guest]);
	if (c->guest != c->host)
		text_format(out, " on %s", page_text[c->host]);
}

bool memory_valued(enum meaning m)
{
	return meaning_shown(m) || m == MEANS_REFUTED;
}

bool memory_joined(const struct curve_point *p)
{
	return meaning_shown(p->meaning) && p->value > 0;
}

static bool page_parse(const char *s, enum pages *page)
{
	static const char *const names[MEMORY_PAGES] = { "4K", "2M", "1G" };

	for (int i = 0; s && i < MEMORY_PAGES; i++)
		if (!strcmp(s, names[i])) {
			*page = (enum pages)i;
			return true;
		}
	return false;
}

/* False for what is no row of that kind. */
bool memory_pages_of(const struct item *it, const char *prefix,
		     enum pages *guest, enum pages *host)
{
	return it->is_bench && it->ring == 3 && it->id &&
	       !strncmp(it->id, prefix, strlen(prefix)) &&
	       page_parse(field_text(it->json, "params.guest_page"), guest) &&
	       page_parse(field_text(it->json, "params.host_page"), host);
}

size_t source_count(const struct memory *mem, const struct model *m, size_t s)
{
	const struct memory_source *source = &mem->source[s];

	return source->side == NO_SIDE ? source->run->n :
	       m->comparison->sides[source->side].n;
}

const struct item *source_item(const struct memory *mem, const struct model *m,
			       size_t s, size_t i)
{
	const struct memory_source *source = &mem->source[s];

	return source->side == NO_SIDE ? &source->run->items[i] :
	       m->comparison->sides[source->side].items[i];
}

static int sources_make(struct memory *mem, const struct model *m)
{
	const struct comparison *c = m->comparison;

	mem->sources = c ? c->n : m->n;
	mem->source = calloc(mem->sources + 1, sizeof(*mem->source));
	if (!mem->source)
		return -ENOMEM;
	for (size_t i = 0; i < mem->sources; i++) {
		const char *target = c ? c->sides[i].target :
			m->runs[i].n ? m->runs[i].items[0].target : NULL;
		const struct kind *kind = kind_of(target);

		mem->source[i] = (struct memory_source){
			.run = c ? c->sides[i].run : &m->runs[i],
			.label = c ? c->sides[i].label : m->runs[i].label,
			.side = c ? i : NO_SIDE,
			.colour = c ? kind->colour :
				  COLOUR_RUN_0 + i % COLOUR_RUNS,
			.shape = kind_shape(kind, c ? c->sides[i].twin : i),
			.process = kind->process,
		};
	}
	return 0;
}

double item_scaled(const struct item *it, double cycles, bool in_ns)
{
	if (!in_ns || isnan(cycles))
		return cycles;
	return item_ns(it, cycles);
}

/* Time where all have one; cycles of different hosts are at least marked so. */
bool item_has_ns(const struct item *it)
{
	return it->in_cycles && !isnan(it->ns);
}

int memory_read(struct memory *mem, const struct model *m)
{
	*mem = (struct memory){ .walk_unit = "ns", .curve_unit = "ns" };
	if (sources_make(mem, m) || walks_read(mem, m) || curves_read(mem, m))
		return -ENOMEM;
	return 0;
}

void memory_free(struct memory *mem)
{
	free(mem->source);
	free(mem->walk);
	free(mem->curve);
	*mem = (struct memory){ 0 };
}
