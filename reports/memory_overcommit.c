/*
 * What is left of a guest as its memory outgrows what the host lets it have:
 * the overcommit curve.
 */
#include <math.h>

#include "reports/memory_grid.h"
#include "reports/memory_section.h"
#include "reports/number.h"

const struct grid_of grid_overcommit = {
	.what = "What the guest does",
	.caption = "A random page written, by guest memory over its limit",
	.axis = " pages in a second, by guest memory over its limit",
	.joined = true,
	.per_second = true,
	.columns = 4,
	.rows = 1,
	.column = {
		{ "0.5 \u00d7 the limit", "0.5", 0, 0 },
		{ "1 \u00d7", "1", 1, 0 }, { "1.5 \u00d7", "1.5", 2, 0 },
		{ "2 \u00d7", "2", 3, 0 },
	},
	.row = {
		{ "A random page written", "pages written", 3, true,
		  { { "overcommit_50", 0 }, { "overcommit_100", 0 },
		    { "overcommit_150", 0 }, { "overcommit_200", 0 } } },
	},
};

/* The ways in which a host takes memory from a guest, page by page. */
static const struct grid_of grid_ways = {
	.what = "What the guest does",
	.caption = "A page that the host took, written again",
	.columns = 5,
	.rows = 1,
	.column = {
		{ "Given back, one by one", "", 0, 0 },
		{ "Given back, 64 at once", "", 1, 0 },
		{ "Merged by KSM", "", 2, 0 }, { "Swapped out to zram", "", 3, 0 },
		{ "Never there", "", 4, 0 },
	},
	.row = {
		{ "Written again", NULL, 3, false,
		  { { "balloon_page", 0 }, { "balloon_batch", 0 },
		    { "ksm_break", 0 }, { "swap_in", 0 },
		    { "fault_write_4k", 0 } } },
	},
};

static void write_shares(struct page *p, const struct grid *g)
{
	struct text t = { 0 };

	p->ops->list_begin(p);
	for (size_t s = 0; s < g->mem->sources; s++) {
		const struct grid_cell *cell = g->cell[s][0];
		size_t last = g->of->columns - 1;

		if (!(cell[0].value > 0) || !(cell[last].value > 0))
			continue;
		text_clear(&t);
		if (g->mem->sources > 1)
			text_format(&t, "%s: ", g->mem->source[s].label);
		text_format(&t, "with twice the memory that it may have, the guest "
			    "writes %s of the pages that it writes with half of it.",
			    number_percent(cell[0].value / cell[last].value).s);
		p->ops->list_item(p, text_string(&t));
	}
	p->ops->list_end(p);
	text_free(&t);
}

bool section_memory_overcommit(struct page *p, const struct model *m,
			       const struct memory *mem,
			       const struct plots *plots)
{
	struct grid curve = { 0 }, ways = { 0 };
	bool any = false;

	if (grid_read(&curve, &grid_overcommit, mem, m) ||
	    grid_read(&ways, &grid_ways, mem, m))
		p->out.failed = true;
	else
		any = curve.valued || ways.valued > 1;
	if (any)
		p->ops->heading(p, "Overcommit: when guests have more memory than there is");
	if (any && curve.valued) {
		p->ops->paragraph(p, "The guest writes pages in random order while a cgroup "
				  "limits what it may have; what does not fit is swapped "
				  "to compressed memory, so that no disk is measured.");
		p->ops->figure(p, &plots->memory_overcommit);
		write_shares(p, &curve);
		grid_write(p, &curve);
	}
	if (any && ways.valued)
		grid_write(p, &ways);
	grid_free(&curve);
	grid_free(&ways);
	return any;
}

bool plot_memory_overcommit(const struct model *m, struct figure *f,
			    struct text *script, struct text *data)
{
	if (!grid_plot(&grid_overcommit, m, f, script, data))
		return false;
	text_add(&f->caption, "Up to 1 all of it fits; beyond, swap is written and "
		 "read. ");
	return true;
}
